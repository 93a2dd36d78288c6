"""Read files of a folder, wherever it lies, and write records as files of their own.

A file has no change stamp: every read lists it whole. A listing ends ``complete`` only when every row could be read: the key
of an unreadable row is not known, and its record must not be taken for deleted. A drop folder lists nothing: its files are
taken one by one, and moved away once the engine says that their records are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Writer, wire
from connectors.sdk.entries import chosen
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME
from connectors.vendors.file.drop import DropFolder
from connectors.vendors.file.export import FileWriter
from connectors.vendors.file.place import Entry, Place
from connectors.vendors.file.reach import open_place
from connectors.vendors.file.records import pages
from connectors.vendors.file.rows import read_rows
from connectors.vendors.file.streams import FileStream, FileWrite, parse_streams, parse_writes
from tongmai.core.errors import ConfigurationError


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a folder."""
    name = str(settings[CONNECTION_NAME])
    streams = parse_streams(name, settings["streams"])
    writes = parse_writes(name, settings["writes"], streams)
    return FileConnector(name, open_place(name, settings), streams, writes, settings)


class FileConnector:
    """A folder of files, each a stream."""

    def __init__(
        self,
        name: str,
        place: Place,
        streams: Mapping[str, FileStream],
        writes: Mapping[str, FileWrite],
        settings: Mapping[str, Any],
    ) -> None:
        self._where = f"connection `{name}`"
        self._place = place
        self._streams = streams
        self._writes = writes
        self._page_size = max(1, settings["page_size"])
        self._most = int(settings["max_unpacked_bytes"])
        self._drops = {
            key: DropFolder(place, stream, self._page_size, self._most)
            for key, stream in streams.items()
            if stream.archive
        }

    def check(self) -> CheckResult:
        """The folder is there; every named file is there too, and its header holds the key."""
        for name, stream in self._streams.items():
            if name in self._drops:
                self._drops[name].waiting()
                continue
            for entry in self._files(name):
                with self._place.fetched(entry) as file:
                    next(iter(read_rows(file, self._place.full(entry.name), stream, self._most)), None)
        for name in self._writes:
            self.writer(name)
        return CheckResult(True, f"{self._place.root}: {len(self._streams)} stream(s)")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        stream = chosen(self._where, "stream", request.stream, self._streams)
        if request.stream in self._drops:
            yield from self._drops[request.stream].read(frozenset(request.keys))
            return
        wanted = frozenset(request.keys)
        seen: dict[str, str] = {}
        last = Page(())
        complete = not wanted
        for entry in self._files(request.stream):
            path = self._place.full(entry.name)
            with self._place.fetched(entry) as file:
                rows = read_rows(file, path, stream, self._most)
                label = f"{entry.name} " if stream.many else ""
                for page, whole in pages(rows, stream, self._page_size, seen, wanted, label):
                    complete = complete and whole
                    if last.records:
                        yield last
                    last = page
        yield Page(last.records, complete=complete)

    def stored(self, checkpoint: str) -> None:
        """Move the file away whose records are stored up to here."""
        for drop in self._drops.values():
            drop.stored(checkpoint)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        write = chosen(self._where, "write", target, self._writes)
        return FileWriter(f"{self._where}: write `{target}`", self._place, write, self._streams[write.stream])

    def close(self) -> None:
        self._place.close()

    def _files(self, name: str) -> list[Entry]:
        """The files of a stream; a named one has to be there, of a pattern there may be none in a folder that is there."""
        stream = chosen(self._where, "stream", name, self._streams)
        if stream.many:
            found = self._place.list(stream.file)
            written = any(write.stream == name for write in self._writes.values())
            if found is not None or written:  # the first write makes the folder
                return found or []
        elif (entry := self._place.entry(stream.file)) is not None:
            return [entry]
        have = self._place.list()
        why = (
            f"the folder holds: {', '.join(sorted(one.name for one in have)[:20]) or 'nothing'}"
            if have is not None
            else "the folder does not exist"
        )
        raise ConfigurationError(
            f"{self._where}: file {self._place.full(stream.file)}",
            why,
            "put the file there, or correct `path` or `file`",
            code="no-file",
        )

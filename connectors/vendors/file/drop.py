"""A drop folder: whole files only, oldest first, moved away once their records are stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import orjson

from connectors.sdk import Page
from connectors.vendors.file.place import Entry, Place
from connectors.vendors.file.records import pages
from connectors.vendors.file.rows import read_rows
from connectors.vendors.file.streams import FileStream
from tongmai.core import clock
from tongmai.core.codes import explain
from tongmai.core.errors import ConfigurationError
from tongmai.core.failpoint import reach

log = logging.getLogger("tongmai.connectors.file")


class DropFolder:
    """The files of one stream that wait to be taken."""

    def __init__(self, place: Place, stream: FileStream, page_size: int, most: int) -> None:
        self._place = place
        self._stream = stream
        self._page_size = page_size
        self._most = most
        self._done: dict[str, Callable[[], None]] = {}

    def waiting(self) -> list[Entry]:
        """The files that are whole, oldest first."""
        found = self._place.list(self._stream.file)
        if found is None:
            raise ConfigurationError(
                f"drop folder {self._place.full(self._stream.file)}",
                "the folder does not exist",
                "make it, or correct `path`, `folder` or `file`",
                code="no-file",
            )
        ready = self._stream.ready
        names = {one.name for one in found}
        now = clock.now().timestamp()
        whole = []
        for entry in found:
            if ready.marker and (entry.name.endswith(ready.marker) or not self._marked(entry, names)):
                continue
            if ready.temporary and entry.name.endswith(ready.temporary):
                continue
            if ready.quiet and now - entry.modified < ready.quiet:
                log.info("file may still be growing file=%s", self._place.full(entry.name))
                continue
            whole.append(entry)
        return whole

    def read(self, wanted: frozenset[str]) -> Iterator[Page]:
        """The records of every waiting file; the last page of each has its checkpoint. What no file holds is not gone."""
        for entry in self.waiting():
            yield from self._file(entry, wanted)
        yield Page((), ended=not wanted)

    def stored(self, checkpoint: str) -> None:
        """Do with the file what was left to do."""
        act = self._done.pop(checkpoint, None)
        if act is not None:
            reach("file.before-move")
            act()

    def _file(self, entry: Entry, wanted: frozenset[str]) -> Iterator[Page]:
        checkpoint = orjson.dumps({"file": entry.name, "size": entry.size, "modified": entry.modified}).decode()
        last: Page | None = None
        failed = False
        try:
            with self._place.fetched(entry) as file:
                rows = read_rows(file, self._place.full(entry.name), self._stream, self._most)
                for page, _ in pages(rows, self._stream, self._page_size, {}, wanted, f"{entry.name} "):
                    if last is not None:
                        yield last
                    last = page
        except ConfigurationError as error:
            why = error
            log.error("file cannot be read file=%s: %s", self._place.full(entry.name), error)
            self._done[checkpoint] = lambda: self._refuse(entry, why)
            failed = True
        records = last.records if last is not None else ()
        if self._place.entry(entry.name) != entry:
            log.warning("file changed while it was read, it is read again file=%s", self._place.full(entry.name))
            self._done.pop(checkpoint, None)
            yield Page(records)
            return
        if not failed:
            self._done[checkpoint] = lambda: self._move(entry, self._stream.archive, _stamped(entry.name))
        yield Page(records, checkpoint)

    def _refuse(self, entry: Entry, error: ConfigurationError) -> None:
        name = _stamped(entry.name)
        words = explain(error.code)
        lines = [*([words.zh, words.en] if words else []), "", str(error), ""]
        self._place.put(f"{self._within(self._stream.error)}/{name}.error.txt", "\n".join(lines).encode())
        self._move(entry, self._stream.error, name)

    def _move(self, entry: Entry, folder: str, name: str) -> None:
        self._place.move(entry.name, self._within(folder), name)
        if self._stream.ready.marker:
            self._place.remove(self._marker(entry))
            self._place.remove(str(PurePosixPath(entry.name).with_suffix(self._stream.ready.marker)))
        log.info("file moved file=%s to=%s", self._place.full(entry.name), folder)

    def _within(self, folder: str) -> str:
        """Archive and error folders lie beside the files of the pattern."""
        parent = PurePosixPath(self._stream.file).parent
        return (parent / folder).as_posix()

    def _marked(self, entry: Entry, names: set[str]) -> bool:
        other = str(PurePosixPath(entry.name).with_suffix(self._stream.ready.marker))
        return any(one in names or self._place.entry(one) is not None for one in (self._marker(entry), other))

    def _marker(self, entry: Entry) -> str:
        return entry.name + self._stream.ready.marker


def _stamped(name: str) -> str:
    path = PurePosixPath(name)
    return f"{path.stem}.{clock.now():%Y%m%dT%H%M%S%fZ}{path.suffix}"

"""Read CSV and JSONL files of a folder. Every read lists the whole file, since a file has no change stamp.

A read ends ``complete`` only when every row could be read: the key of an unreadable row is not known, and its record must
not be taken for deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Record, Writer, fingerprint, wire
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME
from connectors.vendors.file.rows import Row, read_rows
from connectors.vendors.file.streams import FileStream, parse_streams
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

_JOIN = "|"


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a folder."""
    name = str(settings[CONNECTION_NAME])
    return FileConnector(name, Path(settings["path"]), parse_streams(name, settings["streams"]), settings["page_size"])


class FileConnector:
    """A folder of files, each a stream."""

    def __init__(self, name: str, folder: Path, streams: Mapping[str, FileStream], page_size: int) -> None:
        self._name = name
        self._folder = folder
        self._streams = streams
        self._page_size = max(1, page_size)

    def check(self) -> CheckResult:
        """Every file is there and its header holds the key."""
        for name in self._streams:
            stream, path = self._file(name)
            next(iter(read_rows(path, stream)), None)
        return CheckResult(True, f"{self._folder}: {len(self._streams)} stream(s)")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        stream, path = self._file(request.stream)
        wanted = frozenset(request.keys)
        seen: dict[str, int] = {}
        page: list[Record] = []
        complete = not wanted
        for row in read_rows(path, stream):
            record = _record(row, stream.key, seen)
            complete = complete and row.data is not None
            if wanted and record.key not in wanted:
                continue
            if len(page) >= self._page_size:
                yield Page(page)
                page = []
            page.append(record)
        yield Page(page, complete=complete)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        raise ConfigurationError(
            f"connection `{self._name}`: write `{target}`",
            "files are only read",
            "write to another system",
            code="no-writer",
        )

    def close(self) -> None:
        """Nothing stays open between reads."""

    def _file(self, name: str) -> tuple[FileStream, Path]:
        if name not in self._streams:
            near = nearest(name, self._streams)
            raise ConfigurationError(
                f"connection `{self._name}`: stream `{name}`",
                f"there is no such stream (there are: {', '.join(self._streams) or '-'})",
                f"did you mean `{near}`?" if near else "declare it under `streams`",
                code="unknown-stream",
            )
        stream = self._streams[name]
        path = self._folder / stream.file
        if not path.is_file():
            have = sorted(entry.name for entry in self._folder.iterdir()) if self._folder.is_dir() else None
            why = (
                f"the folder holds: {', '.join(have[:20]) or 'nothing'}"
                if have is not None
                else "the folder does not exist"
            )
            raise ConfigurationError(
                f"connection `{self._name}`: file {path}",
                why,
                "put the file there, or correct `path` or `file`",
                code="no-file",
            )
        return stream, path


def _record(row: Row, key_columns: tuple[str, ...], seen: dict[str, int]) -> Record:
    """The row's record; a row without a usable or with a repeated key is broken and named by its line."""
    data = row.data
    if data is None:
        return _broken(row, row.problem)
    parts: list[str] = []
    for column in key_columns:
        value = data.get(column)
        if value is None or value == "" or isinstance(value, (dict, list)):
            return _broken(row, f"no usable key in `{column}`")
        parts.append(value if isinstance(value, str) else str(value))
    key = parts[0] if len(parts) == 1 else _JOIN.join(parts)
    first = seen.setdefault(key, row.line)
    if first != row.line:
        return _broken(row, f"the key `{key}` stands already on line {first}")
    return Record(key, row.raw, fingerprint(row.raw))


def _broken(row: Row, problem: str) -> Record:
    return Record(f"line {row.line}", row.raw, fingerprint(row.raw), op="broken", problem=problem)

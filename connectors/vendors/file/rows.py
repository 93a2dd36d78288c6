"""Rows of a file, each with the line it starts on; a row that cannot be read says why."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import orjson

from connectors.vendors.file.streams import FileStream
from tongmai.core.errors import ConfigurationError

BOM: Final = b"\xef\xbb\xbf"
_FIELD_LIMIT: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """A row as read: ``data`` when it is one, else ``problem``; ``raw`` are the bytes to keep."""

    line: int
    raw: bytes
    data: dict[str, Any] | None = None
    problem: str = ""


def read_rows(file: BinaryIO, path: str, stream: FileStream, most: int) -> Iterator[Row]:
    """Every row in file order; ``path`` is for messages, ``most`` how many bytes a packed file may hold unpacked.

    Raises ``ConfigurationError`` when the file as a whole cannot be read, as when its header lacks a key column.
    """
    if stream.format == "excel":
        from connectors.vendors.file.excel import read_excel

        return read_excel(file, path, stream, most)
    if stream.format == "parquet":
        from connectors.vendors.file.parquet import read_parquet

        return read_parquet(file, path, stream, most)
    return _csv(file, path, stream) if stream.format == "csv" else _jsonl(file, stream)


def check_columns(path: str, stream: FileStream, columns: list[str]) -> None:
    """The key's columns are there, and no name twice."""
    have = ", ".join(columns) or "none: the file is empty"
    missing = [name for name in stream.key if name not in columns]
    if missing:
        raise bad_file(path, f"no column `{'`, `'.join(missing)}` for the key; its columns: {have}", "correct `key`")
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise bad_file(path, f"column `{'`, `'.join(doubled)}` occurs twice", "give each column its own name")


def bad_file(path: str, why: str, next_step: str) -> ConfigurationError:
    """The file as a whole cannot be read."""
    return ConfigurationError(f"file {path}", why, next_step, code="bad-file")


def _csv(file: BinaryIO, path: str, stream: FileStream) -> Iterator[Row]:
    """CSV rows, texts exactly as in the file.

    The file is split into physical lines before decoding, so that bytes that do not decode spoil their own row only; in
    GB18030 no second byte of a character is a line break or a quote, so splitting the bytes is safe.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    lines = _Lines(file, stream.encoding)
    reader = csv.reader(lines, delimiter=stream.delimiter, strict=True)
    columns = _header(path, stream, reader, lines)
    width = len(columns)
    while True:
        start = lines.number + 1
        lines.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A quote that is never closed swallows what follows: only its first line is given up, the rest read again.
            reader = csv.reader(lines, delimiter=stream.delimiter, strict=True)
            yield Row(start, lines.give_back_all_but_first(), problem=f"not readable as CSV: {error}")
            continue
        if lines.undecodable:
            yield Row(start, b"".join(lines.taken), problem=f"bytes that are not {stream.encoding}")
        elif not cells:
            continue
        elif len(cells) != width:
            problem = f"{len(cells)} columns, the header has {width}"
            yield Row(start, b"".join(lines.taken), problem=problem)
        else:
            data = dict(zip(columns, cells, strict=True))
            yield Row(start, orjson.dumps(data), data)


class _Lines:
    """Decoded lines of a file, remembering the bytes of those taken since the last clear."""

    def __init__(self, file: Any, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self.number = 0
        self.taken: list[bytes] = []
        self.undecodable = False
        self._waiting: deque[bytes] = deque()

    def clear(self) -> None:
        """A new row begins."""
        self.taken.clear()
        self.undecodable = False

    def give_back_all_but_first(self) -> bytes:
        """The first line taken for this row; the others will be read again."""
        first, *rest = self.taken
        self._waiting.extendleft(reversed(rest))
        self.number -= len(rest)
        return first

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line: bytes = self._waiting.popleft() if self._waiting else self._file.readline()
        if not line:
            raise StopIteration
        if self.number == 0 and line.startswith(BOM):
            line = line[len(BOM) :]
        self.number += 1
        self.taken.append(line)
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError:
            self.undecodable = True
            return line.decode(self._encoding, "replace")


def _header(path: str, stream: FileStream, reader: Any, lines: _Lines) -> list[str]:
    try:
        columns: list[str] = next(reader)
    except StopIteration:
        columns = []
    except csv.Error as error:
        raise bad_file(path, f"the header is not readable as CSV: {error}", "correct line 1") from None
    if lines.undecodable and columns:
        raise bad_file(path, f"the header is not {stream.encoding}", "set `encoding` (utf-8 or gb18030)")
    check_columns(path, stream, columns)
    return columns


def _jsonl(file: BinaryIO, stream: FileStream) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        text = line[len(BOM) :] if number == 1 and line.startswith(BOM) else line
        text = text.strip()
        if not text:
            continue
        try:
            utf8 = text if stream.encoding == "utf-8" else text.decode(stream.encoding).encode()
            data = orjson.loads(utf8)
        except UnicodeDecodeError:
            yield Row(number, line, problem=f"bytes that are not {stream.encoding}")
        except orjson.JSONDecodeError as error:
            yield Row(number, line, problem=f"not valid JSON: {error.msg} at column {error.colno}")
        else:
            if isinstance(data, dict):
                yield Row(number, utf8, data)
            else:
                yield Row(number, line, problem=f"a JSON object is expected, got {type(data).__name__}")

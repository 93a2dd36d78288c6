"""Where a piece of an expression stands in its file, inside quoted, plain and block scalars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tongmai.core import unsaved
from tongmai.core.finding import Mark

_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}


@dataclass(frozen=True, slots=True)
class Place:
    """An expression's text and the mark of the YAML scalar that holds it."""

    text: str
    mark: Mark

    def at(self, start: int, end: int) -> Mark:
        """The mark of ``text[start:end]``; the whole scalar's mark when the file cannot be read any more."""
        table = self._table()
        if start >= len(self.text):
            start = max(0, len(self.text) - 1)
        if table is None or start not in table:
            return self.mark
        line, column = table[start]
        last = table.get(max(start, min(end, len(self.text)) - 1), (line, column))
        return Mark(self.mark.file, line, column, max(1, last[1] - column + 1) if last[0] == line else 1)

    def _table(self) -> dict[int, tuple[int, int]] | None:
        try:
            lines = unsaved.read(self.mark.file).split("\n")
        except (OSError, UnicodeDecodeError):
            return None
        if not 0 < self.mark.line <= len(lines):
            return None
        return _align(self.text, list(_raw(lines, self.mark)))


def _raw(lines: list[str], mark: Mark) -> Iterator[tuple[str, int, int]]:
    """The characters of a scalar with their places: quotes and block headers left out, escapes as one character."""
    row, column = mark.line - 1, mark.column - 1
    opening = lines[row][column : column + 1]
    if opening in ("|", ">"):
        row, column, opening = row + 1, 0, ""
    elif opening in ("'", '"'):
        column += 1
    else:
        opening = ""
    while row < len(lines):
        line = lines[row].rstrip("\r")
        while column < len(line):
            char = line[column]
            if opening and char == opening and not (opening == "'" and line[column : column + 2] == "''"):
                return
            if opening == '"' and char == "\\":
                kind = line[column + 1 : column + 2]
                size = _ESCAPE_LENGTH.get(kind, 2)
                known = kind if kind in ('"', "\\", "/") else "\0"
                yield known, row + 1, column + 1
                column += size
                continue
            yield char, row + 1, column + 1
            column += 2 if opening == "'" and char == "'" else 1
        yield "\n", row + 1, len(line) + 1
        row, column = row + 1, 0


def _align(text: str, raw: list[tuple[str, int, int]]) -> dict[int, tuple[int, int]] | None:
    """Offset → (line, column). A run of blanks in the text stands for a run of blanks and line ends in the file."""
    table: dict[int, tuple[int, int]] = {}
    position = 0
    while position < len(raw) and raw[position][0].isspace() and text[:1] and not text[0].isspace():
        position += 1
    for offset, char in enumerate(text):
        if char.isspace():
            if position < len(raw):
                table[offset] = raw[position][1:]
            if position < len(raw) and raw[position][0].isspace():
                position += 1
            following = text[offset + 1 : offset + 2]
            while following and not following.isspace() and position < len(raw) and raw[position][0].isspace():
                position += 1
            continue
        if position >= len(raw) or raw[position][0] not in (char, "\0"):
            return None
        table[offset] = raw[position][1:]
        position += 1
    return table

"""CSV files that people hand over: read strictly, every mistake with its line and with what to do."""

from __future__ import annotations

import csv
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tongmai.core.errors import ConfigurationError

UTF8 = "utf-8"
_DELIMITERS = (",", "\t", ";")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class CsvFile:
    """A file whose first line names the columns. ``encoding`` is told, never guessed: a wrong guess is garbage that looks
    like text."""

    path: Path
    encoding: str = UTF8

    def __post_init__(self) -> None:
        """Refuse an encoding that there is not."""
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ConfigurationError(
                f"--encoding {self.encoding}",
                "there is no such encoding",
                "for example utf-8, gb18030, big5, utf-16",
                code="unknown-encoding",
            ) from None

    def header(self) -> list[str]:
        """The columns' names; raises where there are none, or one stands twice."""
        lines = self._lines()
        names = next(lines, (0, []))[1]
        lines.close()
        if not any(names):
            raise ConfigurationError(
                f"{self.path.name} is empty", "", "the first line names the columns", code="empty-file"
            )
        twice = [name for name in names if name and names.count(name) > 1]
        if twice:
            raise ConfigurationError(
                f"{self.path.name}:1: two columns are named `{twice[0]}`",
                "a value could be of either",
                "give every column a name of its own",
                code="double-column",
            )
        return names

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """(line, row) of every row that is not empty; columns without a name are left out."""
        header = self.header()
        lines = self._lines()
        next(lines)
        for number, cells in lines:
            if len(cells) != len(header):
                cells = self._even(number, cells, header)
            yield number, {name: cell for name, cell in zip(header, cells, strict=True) if name}

    def _even(self, number: int, cells: list[str], header: Sequence[str]) -> list[str]:
        """Tables often end rows early or go on with nothing; a value too many means that a column was missed before it."""
        if any(cells[len(header) :]):
            raise ConfigurationError(
                f"{self.path.name}:{number}: the row has {len(cells)} values",
                f"the first line names {len(header)} columns",
                'put a value that holds the separator between quotes: "Smith, Jones"',
                code="ragged-row",
            )
        return [*cells[: len(header)], *[""] * (len(header) - len(cells))]

    def _lines(self) -> Generator[tuple[int, list[str]], None, None]:
        """(line that it begins on, cells) of every row that is not empty."""
        begun = 1
        try:
            with self.path.open(encoding=_named(self.encoding), newline="") as stream:
                delimiter = _delimiter(stream.readline())
                stream.seek(0)
                reader = csv.reader(stream, delimiter=delimiter, skipinitialspace=True, strict=True)
                for cells in reader:
                    if cells:
                        yield begun, cells
                    begun = reader.line_num + 1
        except UnicodeError:
            raise self._unreadable() from None
        except csv.Error as error:
            raise ConfigurationError(
                f"{self.path.name}:{begun}",
                f"the row that begins here cannot be read as CSV: {error}",
                "mend it (a quotation mark inside a value is written twice), or save the table anew as CSV",
                code="bad-csv",
            ) from None

    def _unreadable(self) -> ConfigurationError:
        """Where the first bytes stand that are not of the encoding, and which one would fit."""
        line = _first_bad_line(self.path, self.encoding)
        fits = next((each for each in _others(self.path, self.encoding) if _first_bad_line(self.path, each) == 0), "")
        return ConfigurationError(
            f"{self.path.name}:{line}: the line is not {self.encoding}",
            f"all of the file reads as {fits}" if fits else "some bytes are broken: no usual encoding fits",
            (f"give --encoding {fits} where the command has it, or " if fits else "mend the line, or ")
            + "save the file as UTF-8 (Excel: CSV UTF-8)",
            code="wrong-encoding",
        )


def _named(encoding: str) -> str:
    return "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding


def _others(path: Path, encoding: str) -> Iterator[str]:
    with path.open("rb") as stream:
        beginning = stream.read(2)
    if beginning in (b"\xff\xfe", b"\xfe\xff"):
        yield "utf-16"
    yield from (each for each in (UTF8, "gb18030", "big5") if each != encoding)


def _first_bad_line(path: Path, encoding: str) -> int:
    """The line that cannot be decoded; 0 where there is none."""
    number = 0
    try:
        with path.open(encoding=_named(encoding), newline="") as stream:
            while stream.readline():
                number += 1
    except UnicodeError:
        return _exact(path, encoding) or number + 1
    return 0


def _exact(path: Path, encoding: str) -> int:
    """A stream decodes in blocks; of an encoding in which a line ends with one byte the line is found exactly."""
    if encoding.lower().startswith(("utf-16", "utf-32")):
        return 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number
    return 0


def _delimiter(line: str) -> str:
    """The separator of the first line: a comma, else the tab or semicolon that spreadsheets of some countries write."""
    return max(_DELIMITERS, key=lambda each: (line.count(each), each == ","))

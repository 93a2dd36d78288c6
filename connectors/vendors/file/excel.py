"""Rows of a sheet of an Excel file (.xlsx, .xls), every cell in its own type and nothing lost."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from connectors.sdk import wire
from connectors.sdk.plain import UnreadableError, plain
from connectors.vendors.file.rows import Row, bad_file, check_columns
from connectors.vendors.file.streams import FileStream
from tongmai.core.finding import nearest

_WHOLE: Final = 2**53
_CELLS: Final = 20_000_000
_PLACE: Final = re.compile(rb"""\sr=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_BLOCK: Final = 1024 * 1024


def read_excel(file: BinaryIO, path: str, stream: FileStream, most: int) -> Iterator[Row]:
    """Every row below the header. A merged cell's value counts for each of its rows; rows of blanks are left out."""
    from python_calamine import CalamineError, load_workbook

    _bounded(file, path, most)
    try:
        book = load_workbook(file)
        sheet = book.get_sheet_by_name(_sheet(path, stream, book.sheet_names))
        table = sheet.to_python(skip_empty_area=False)
        merged = sheet.merged_cell_ranges or []
    except (CalamineError, ValueError, OSError) as error:
        raise bad_file(path, f"not readable as Excel: {error}", "save it as .xlsx again") from None
    header = stream.header_row - 1
    if len(table) <= header:
        raise bad_file(path, f"there is no row {stream.header_row} for the header", "correct `header_row`")
    columns = [str(plain(_value(cell))).strip() if cell not in ("", None) else "" for cell in table[header]]
    check_columns(path, stream, [name for name in columns if name])
    for (top, left), (bottom, right) in merged:
        for row in range(max(top, header + 1), min(bottom, len(table) - 1) + 1):
            for column in range(left, min(right, len(table[row]) - 1) + 1):
                table[row][column] = table[top][left]
    for number in range(header + 1, len(table)):
        cells = table[number]
        if any(cell not in ("", None) for cell in cells):
            yield _row(number + 1, columns, cells)


def _row(line: int, columns: list[str], cells: list[Any]) -> Row:
    homeless = [n for n, cell in enumerate(cells) if cell not in ("", None) and (n >= len(columns) or not columns[n])]
    try:
        values = [plain(_value(cell)) for cell in cells]
    except UnreadableError as error:
        raw = wire.canonical({"row": [str(cell) for cell in cells]})
        return Row(line, raw, problem=str(error))
    if homeless:
        raw = wire.canonical({"row": values})
        return Row(line, raw, problem=f"column {homeless[0] + 1} has a value and no header")
    data = {name: value for name, value in zip(columns, values, strict=False) if name}
    return Row(line, wire.canonical(data), data)


def _value(cell: Any) -> Any:
    """Excel keeps every number as a double: a whole one is shown and meant without a point."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE:
        return int(cell)
    return cell


def _sheet(path: str, stream: FileStream, names: list[str]) -> str:
    wanted = stream.sheet
    if isinstance(wanted, int):
        if 1 <= wanted <= len(names):
            return names[wanted - 1]
    elif wanted in names:
        return wanted
    near = nearest(str(wanted), names)
    raise bad_file(
        path,
        f"there is no sheet `{wanted}` (there are: {', '.join(names)})",
        f"did you mean `{near}`?" if near else "correct `sheet`: a name, or a number from 1 on",
    )


def _bounded(file: BinaryIO, path: str, most: int) -> None:
    """An .xlsx is a packed archive, and one far cell makes a huge table: both are measured before anything is unpacked."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(one.file_size for one in archive.infolist())
            if size > most:
                raise bad_file(
                    path, f"{size} bytes unpacked, allowed are {most}", "split it, or raise `max_unpacked_bytes`"
                )
            for one in archive.infolist():
                if one.filename.startswith("xl/worksheets/") and one.filename.endswith(".xml"):
                    with archive.open(one) as sheet:
                        _small(sheet, path)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError) as error:
        raise bad_file(path, f"not readable as Excel: {error}", "save it as .xlsx again, without a password") from None
    file.seek(0)


def _small(sheet: Any, path: str) -> None:
    rows = columns = 0
    rest = b""
    while block := sheet.read(_BLOCK):
        text = rest + block
        for letters, digits in _PLACE.findall(text):
            rows = max(rows, int(digits))
            columns = max(columns, _column(letters))
        rest = text[-32:]
        if rows * columns > _CELLS:
            raise bad_file(
                path, f"a sheet of {rows} rows and {columns} columns", f"remove far cells; allowed are {_CELLS} cells"
            )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

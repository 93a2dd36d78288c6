"""Records of rows: keys, repeated keys, broken rows, in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors.sdk import Page, Record, fingerprint
from connectors.sdk.key import joined
from connectors.vendors.file.rows import Row
from connectors.vendors.file.streams import FileStream


def pages(
    rows: Iterable[Row], stream: FileStream, size: int, seen: dict[str, str], wanted: frozenset[str], label: str = ""
) -> Iterator[tuple[Page, bool]]:
    """Pages of the rows' records, each with whether every row up to its end could be read; at least one page.

    ``seen`` has the keys met so far with their places; ``label`` goes before a broken row's line.
    """
    page: list[Record] = []
    whole = True
    for row in rows:
        record = _record(row, stream.key, seen, label)
        whole = whole and row.data is not None
        if wanted and record.key not in wanted:
            continue
        if len(page) >= size:
            yield Page(page), whole
            page = []
        page.append(record)
    yield Page(page), whole


def _record(row: Row, key_columns: tuple[str, ...], seen: dict[str, str], label: str) -> Record:
    """The row's record; a row without a usable or with a repeated key is broken and named by its line."""
    data = row.data
    if data is None:
        return _broken(row, row.problem, label)
    parts: list[str] = []
    for column in key_columns:
        value = data.get(column)
        if value is None or value == "" or isinstance(value, (dict, list)):
            return _broken(row, f"no usable key in `{column}`", label)
        parts.append(value if isinstance(value, str) else str(value))
    key = joined(parts)
    here = f"{label}line {row.line}"
    first = seen.setdefault(key, here)
    if first != here:
        return _broken(row, f"the key `{key}` stands already on {first}", label)
    return Record(key, row.raw, fingerprint(row.raw))


def _broken(row: Row, problem: str, label: str) -> Record:
    return Record(f"{label}line {row.line}", row.raw, fingerprint(row.raw), op="broken", problem=problem)

"""Records as a table (CSV) that a bulk job takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sdk.functions import as_text


@dataclass(frozen=True)
class Table:
    """A whole table. ``places``: the value in the column ``match`` → where the record stands among all."""

    text: str
    match: str
    places: Mapping[str, int]


class Tables:
    """Takes records one by one and gives tables that hold at most ``rows`` records and about ``size`` bytes.

    ``nothing`` is how a value that is to be cleared is written; a field that a record does not name stays empty, which
    leaves it as it is.
    """

    def __init__(self, match: str, nothing: str, rows: int, size: int) -> None:
        self._match = match
        self._nothing = nothing
        self._most = (rows, size)
        self._seen: set[str] = set()
        self._start()

    def _start(self) -> None:
        self._rows: list[dict[str, str]] = []
        self._places: dict[str, int] = {}
        self._columns: dict[str, None] = {self._match: None}
        self._size = 0

    def add(self, at: int, payload: Mapping[str, Any], key: str) -> Table | None:
        """Take a record; a table that became full before it. Raises ``ValueError`` for what no table can hold."""
        if not key:
            raise ValueError("the record has no key")
        if key in self._seen:
            raise ValueError(f"the key {key} comes twice")
        cells = {**dict(self._cells(payload)), self._match: key}
        size = sum(len(cell.encode()) + 3 for cell in cells.values())
        full = (
            self.end()
            if self._rows and (len(self._rows) >= self._most[0] or self._size + size > self._most[1])
            else None
        )
        self._seen.add(key)
        self._places[key] = at
        self._rows.append(cells)
        self._columns.update(dict.fromkeys(cells))
        self._size += size
        return full

    def end(self) -> Table | None:
        """What was taken since the last table; None for nothing."""
        if not self._rows:
            return None
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, list(self._columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        made = Table(file.getvalue(), self._match, self._places)
        self._start()
        return made

    def _cells(self, payload: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for name, value in payload.items():
            if isinstance(value, Mapping):
                found += self._cells(value, f"{before}{name}.")
            else:
                found.append((before + name, self._cell(name, value)))
        return found

    def _cell(self, name: str, value: Any) -> str:
        if isinstance(value, (list, tuple)):
            raise ValueError(f"`{name}` holds a list, which no table takes")
        text = as_text(value)
        if text and text == self._nothing:
            raise ValueError(f"`{name}` is `{text}`, which in a table means that it is to be cleared")
        return text or self._nothing

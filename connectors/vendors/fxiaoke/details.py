"""The lines of a record: rows of a detail object, which the vendor keeps and pages as records of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.sdk.manifest import Stream
from connectors.vendors.fxiaoke.api import Json
from connectors.vendors.fxiaoke.names import Names
from connectors.vendors.fxiaoke.rows import TIME, Rows, condition
from tongmai.core.errors import ConfigurationError

MASTER = "master_detail"
"""The source type of the field of a line that names the record it belongs to."""
_OF_OTHERS = ("__r", "__l", "__relation_ids")


class Details:
    """The detail objects of one stream that the tenant has."""

    def __init__(self, rows: Rows, names: Names, stream: Stream | None) -> None:
        self._rows = rows
        self._names = names
        lists = stream.lines if stream else {}
        self.columns = {name: _master(name, lines.fields) for name, lines in lists.items() if names.object(name)}

    def attach(self, masters: Sequence[Json]) -> list[Json]:
        """The rows with their lines, in the order of ``_id``, under the name of the detail object. Lines that were
        invalidated are left out."""
        if not self.columns or not masters:
            return list(masters)
        full = {str(row["_id"]): {**row, **{name: [] for name in self.columns}} for row in masters}
        for name, column in self.columns.items():
            for line in self._rows.by_values(name, column, list(full)):
                if line.get("life_status") == "invalid" or line.get("is_deleted") is True:
                    continue
                owner = full.get(self._owner(name, column, line))
                if owner is None:
                    raise self._rows.shape(name, f"line {line['_id']} belongs to a record that was not asked for")
                owner[name].append(line)
        return list(full.values())

    def newest(self) -> dict[str, int]:
        """The newest change of each detail object that has rows."""
        found = {name: self._rows.newest(name) for name in self.columns}
        return {name: at for name, at in found.items() if at is not None}

    def changed(self, name: str, low: int, high: int) -> Iterator[list[str]]:
        """The masters of the lines that changed within the window, a page at a time."""
        column = self.columns[name]
        window = [condition(TIME, "GTE", str(low)), condition(TIME, "LTE", str(high))]
        for lines, _ in self._rows.pages(name, window, ["_id", column, TIME]):
            yield list(dict.fromkeys(self._owner(name, column, line) for line in lines))

    def steady(self, row: Mapping[str, Any]) -> Json:
        """The row whose lines lack what the vendor takes from other records, as a product's name."""
        kept = {name: [_own(line) for line in row[name]] for name in self.columns if name in row}
        return {**row, **kept}

    def _owner(self, name: str, column: str, line: Json) -> str:
        owner = line.get(self._names.field(name, column))
        if not owner:
            raise self._rows.shape(name, f"line {line['_id']} has no {column}")
        return str(owner)


def _own(line: Mapping[str, Any]) -> Json:
    return {name: value for name, value in line.items() if not name.endswith(_OF_OTHERS)}


def _master(name: str, fields: Mapping[str, str]) -> str:
    column = next((field for field, kind in fields.items() if kind == MASTER), "")
    if not column:
        raise ConfigurationError(
            f"connector.yaml: lines `{name}`",
            f"no field has the type {MASTER}",
            f"give the field that names the record a line belongs to the type {MASTER}",
            code="bad-manifest",
        )
    return column

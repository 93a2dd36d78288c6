"""Queries of one form: rows, and documents with their lines put together again.

A query for a line's field gives one row for each line and repeats the head in it, and the page limit counts rows. So
pages follow the id, and the last document of a full page is left to the next one: it may go on there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.vendors.kingdee.api import Json, KingdeeApi
from connectors.vendors.kingdee.fields import ENTRY_KEY, SEQUENCE, Fields, nested
from tongmai.core.errors import ConfigurationError, ProtocolError

_Pair = tuple[Json, Json]


class Form:
    """One form (``BD_Customer``) as it can be queried. ``key`` is its id field."""

    def __init__(self, api: KingdeeApi, fields: Fields, settings: Mapping[str, Any]) -> None:
        self.api = api
        self.fields = fields
        self.form = fields.form
        self.key = fields.key
        self._service = str(settings["query"])

    def query(self, where: str, order: str, limit: int, names: Sequence[str] = ()) -> list[Json]:
        """Heads as nested dictionaries: ``FCreateOrgId.FNumber`` becomes ``{"FCreateOrgId": {"FNumber": …}}``."""
        return [head for head, _ in self._pairs(where, order, limit, list(names) or self.fields.head, [])]

    def pages(
        self, where: str, size: int, names: Sequence[str] = (), lines: Sequence[str] | None = None
    ) -> Iterator[tuple[list[Json], bool]]:
        """Whole records by id, page by page, and whether the page is the last one.

        ``names`` and ``lines`` ask for other fields than all; no line at all when ``lines`` is empty.
        """
        head = list(names) or self.fields.head
        inner = list(self.fields.lines if lines is None else lines) if self.fields.entry else []
        key = self.fields.name(self.key)
        order = f"{key} ASC" + (f",{self.fields.line_name(ENTRY_KEY)} ASC" if inner else "")
        after: int | None = None
        while True:
            parts = [part for part in (where, f"{key} > {after}" if after is not None else "") if part]
            pairs = self._pairs(" and ".join(parts), order, size, head, inner)
            last = len(pairs) < size
            groups = self._grouped(pairs, after)
            if not last and inner:
                if len(groups) > 1:
                    groups.pop(next(reversed(groups)))
                else:
                    self._rest(next(iter(groups.values())), order, size, head, inner)
            after = next(reversed(groups), after)
            yield [self._document(group, bool(inner)) for group in groups.values()], last
            if last:
                return

    def _grouped(self, pairs: list[_Pair], after: int | None) -> dict[int, list[_Pair]]:
        """Rows by id, which must rise."""
        groups: dict[int, list[_Pair]] = {}
        for pair in pairs:
            try:
                number = int(pair[0][self.key])
            except (TypeError, ValueError):
                raise self._shape(f"{self.key} is not a number", "check the form's id field") from None
            if number not in groups:
                if after is not None and number <= after:
                    raise self._shape(f"{self.key} does not rise ({number} after {after})", "check the form's id field")
                groups[number], after = [], number
            groups[number].append(pair)
        return groups

    def _rest(self, group: list[_Pair], order: str, size: int, head: list[str], inner: list[str]) -> None:
        """Add the further lines of a document that alone is larger than a page."""
        key, entry_key = self.fields.name(self.key), self.fields.line_name(ENTRY_KEY)
        while not _no_line(group[-1][1]):
            last = group[-1][1][ENTRY_KEY]
            where = f"{key} = {group[0][0][self.key]} and {entry_key} > {last}"
            more = self._pairs(where, order, size, head, inner)
            if more and (_no_line(more[0][1]) or int(more[0][1][ENTRY_KEY]) <= int(last)):
                raise self._shape(f"{ENTRY_KEY} does not rise (after {last})", "check the lines' id field")
            group += more
            if len(more) < size:
                return

    def _document(self, group: list[_Pair], with_lines: bool) -> Json:
        """One record of the rows of one id."""
        record = group[0][0]
        for head, _ in group[1:]:
            if head != record:
                record = _together(record, head)
        if not with_lines:
            if len(group) > 1:
                hint = "take fields of lines out of extra_fields and field_names of this form"
                raise self._shape(f"{self.key} {record[self.key]} has {len(group)} rows", hint)
            return record
        lines = {str(line[ENTRY_KEY]): line for _, line in group if not _no_line(line)}
        return {**record, self.fields.entry: sorted(lines.values(), key=_place)}

    def _pairs(self, where: str, order: str, limit: int, head: list[str], inner: list[str]) -> list[_Pair]:
        asked = [*(self.fields.name(name) for name in head), *(self.fields.line_name(name) for name in inner)]
        data = {
            "FormId": self.form,
            "FieldKeys": ",".join(asked),
            "FilterString": where,
            "OrderString": order,
            "TopRowCount": 0,
            "StartRow": 0,
            "Limit": limit,
            "SubSystemId": "",
        }
        answer = self.api.call(self._service, {"data": data})
        if not isinstance(answer, list):
            raise self._shape(f"a list of rows is expected, got {type(answer).__name__}")
        return [self._pair(asked, head, inner, row) for row in answer]

    def _pair(self, asked: Sequence[str], head: list[str], inner: list[str], row: Any) -> _Pair:
        """Head and line of one row, under their declared names."""
        if isinstance(row, dict) and all(name in row for name in asked):
            values = [row[name] for name in asked]
        elif isinstance(row, list) and len(row) == len(asked):
            values = row
        else:
            raise self._shape(f"a row does not have the {len(asked)} fields asked for")
        record = nested(zip(head, values, strict=False))
        if record.get(self.key) in (None, ""):
            raise self._shape(f"a row has no {self.key}")
        return record, nested(zip(inner, values[len(head) :], strict=True))

    def _shape(self, why: str, hint: str = "check the setting `query`") -> ProtocolError:
        return ProtocolError(f"{self.api.client.name}: query {self.form}", why, hint, code="kingdee-shape")


def _together(one: Json, other: Json) -> Json:
    """Two rows of one document whose heads differ, since a field stands in the lines here: both values, never one of them."""
    merged = dict(one)
    for name, value in other.items():
        known = one.get(name)
        if isinstance(value, dict) and isinstance(known, dict):
            merged[name] = _together(known, value)
        elif known in (None, ""):
            merged[name] = value
        elif value not in (None, "", known) and str(value) not in str(known).split(","):
            merged[name] = f"{known},{value}"
    return merged


def _no_line(line: Json) -> bool:
    """A document without lines gives one row whose line is empty."""
    return line.get(ENTRY_KEY) in (None, "", 0, "0")


def _place(line: Json) -> tuple[int, int]:
    return int(line.get(SEQUENCE) or 0), int(line[ENTRY_KEY])


def quoted(value: str) -> str:
    """A text in a FilterString."""
    return "'" + value.replace("'", "''") + "'"


def zone(settings: Mapping[str, Any]) -> ZoneInfo:
    """The server's time zone: its times carry none."""
    try:
        return ZoneInfo(str(settings["time_zone"]))
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            "setting time_zone",
            f"`{settings['time_zone']}` is not a time zone",
            "write it as Asia/Shanghai",
            code="bad-time-zone",
        ) from None


def parse_time(text: Any) -> datetime | None:
    """A server time without zone; None when empty. Raises ``ProtocolError`` for anything else."""
    if text in (None, ""):
        return None
    try:
        return datetime.fromisoformat(str(text).strip().replace(" ", "T", 1)).replace(tzinfo=None)
    except ValueError:
        raise ProtocolError(
            "server time", f"`{text}` is not a date and time", "check the field's type", code="kingdee-time"
        ) from None


def filter_time(moment: datetime) -> str:
    """A time in a FilterString, to the second."""
    return quoted(moment.strftime("%Y-%m-%d %H:%M:%S"))

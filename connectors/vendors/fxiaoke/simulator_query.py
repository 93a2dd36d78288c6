"""The query language of the simulated Fxiaoke tenant: filters, orders, paging, and how rows are shown."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import orjson

from connectors.testing.table import Table
from connectors.vendors.fxiaoke.simulator_data import PEOPLE, open_user_id
from connectors.vendors.fxiaoke.simulator_objects import MASTER_OF, OBJECTS, Row

SYSTEM = (
    "_id",
    "owner",
    "created_by",
    "create_time",
    "last_modified_by",
    "last_modified_time",
    "life_status",
    "lock_status",
    "is_deleted",
    "version",
    "record_type",
    "owner_department",
    "data_own_department",
)
_PEOPLE_FIELDS = ("owner", "created_by", "last_modified_by")
_REFERENCES = ("object_reference", "master_detail")
Test = Callable[[Row], bool]


class Refused(Exception):
    """A call the tenant answers with an error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Query:
    """Runs queries on the tables. Rows of a time window are kept sorted by id until the table changes."""

    def __init__(self, tables: dict[str, Table[Any]]) -> None:
        self._tables = tables
        self._windows: dict[str, tuple[tuple[int | None, int | None, int], list[str], list[Row]]] = {}
        self._shown: dict[tuple[str, str, bool, bool], tuple[Row, bytes]] = {}

    def run(self, obj: str, info: dict[str, Any], visible: Test, *, count: bool) -> tuple[list[Row], int]:
        """The rows of one page, and the total when it is to be counted (else 0)."""
        limit, offset = int(info.get("limit", 10)), int(info.get("offset", 0))
        if not 1 <= limit <= 100:
            raise Refused(32000, "limit out of range 1..100")
        if offset > 10000:
            raise Refused(10013, "offset out of range 10000")
        if offset % limit:
            raise Refused(32000, "offset must be a multiple of limit")
        filters = info.get("filters") or []
        tests = [_test(obj, item) for item in filters] + [visible]
        orders = info.get("orders") or [{"fieldName": "_id", "isAsc": True}]
        rows = (row for row in self._candidates(obj, filters) if all(test(row) for test in tests))
        if [(o.get("fieldName"), bool(o.get("isAsc", True))) for o in orders] == [("_id", True)]:
            if not count:
                return list(islice(rows, offset, offset + limit)), 0
        elif (
            orders[0].get("fieldName") == "last_modified_time"
            and not orders[0].get("isAsc")
            and not filters
            and not count
        ):
            rows = (row for row in self._tables[obj].latest() if visible(row))
            return list(islice(rows, offset, offset + limit)), 0
        found = list(rows)
        for order in reversed(orders):
            name = str(order.get("fieldName"))
            _known(obj, name)
            found.sort(key=lambda row: _sort_key(row.get(name)), reverse=not order.get("isAsc", True))
        return found[offset : offset + limit], len(found) if count else 0

    def show(self, obj: str, row: Row, *, open_ids: bool, nulls: bool) -> bytes:
        """A row as the tenant answers it, with labels and expanded people beside the values."""
        place = (obj, row["_id"], open_ids, nulls)
        kept = self._shown.get(place)
        if kept is not None and kept[0] is row:
            return kept[1]
        shown = orjson.dumps(self.present(obj, row, open_ids=open_ids, nulls=nulls))
        if not any(field.type in _REFERENCES for field in OBJECTS[obj].values()):
            self._shown[place] = (row, shown)
        return shown

    def present(self, obj: str, row: Row, *, open_ids: bool, nulls: bool) -> Row:
        """As ``show``, as a dictionary."""
        out = {name: value for name, value in row.items() if nulls or value is not None}
        if nulls:
            out = {**dict.fromkeys(OBJECTS[obj]), **out}
        for name in _PEOPLE_FIELDS:
            users = row.get(name) or []
            out[name] = [open_user_id(user) if open_ids else user for user in users]
            people = [{"id": user, "name": PEOPLE.get(user, "")} for user in users]
            out[name + "__r"] = people[0] if people else None
            out[name + "__l"] = people
        for name, field in OBJECTS[obj].items():
            value = row.get(name)
            if value in (None, ""):
                continue
            if field.type in _REFERENCES:
                target = self._tables[field.to].rows.get(str(value))
                out[name + "__r"] = target["name"] if target else ""
            elif field.type == "select_one":
                out[name + "__r"] = dict(field.options).get(str(value), str(value))
        return out

    def _candidates(self, obj: str, filters: list[dict[str, Any]]) -> Iterable[Row]:
        """Rows by id that can match: by the given ids or masters, by a time window if it is small, else from the last id
        on."""
        table = self._tables[obj]
        after: str | None = None
        low = high = None
        for item in filters:
            name, operator, values = item.get("field_name"), item.get("operator"), item.get("field_values") or []
            if name == "_id" and operator in ("EQ", "IN"):
                return [table.rows[key] for key in sorted(set(values)) if key in table.rows]
            if obj in MASTER_OF and name == MASTER_OF[obj][1] and operator in ("EQ", "IN"):
                rows = [row for master in set(map(str, values)) for row in table.numbered(master)]
                return sorted(rows, key=lambda row: str(row["_id"]))
            if name == "_id" and operator == "GT" and values:
                after = str(values[0])
            elif name == "last_modified_time" and values:
                if operator in ("GTE", "GT", "BETWEEN"):
                    low = int(values[0])
                if operator in ("LTE", "LT", "BETWEEN"):
                    high = int(values[-1])
        if (low is None and high is None) or table.count_changed(low, high) * 4 > len(table.rows) * 3:
            return table.after(after)
        window = (low, high, table.version)
        kept = self._windows.get(obj)
        if kept is None or kept[0] != window:
            rows = sorted(table.changed(low, high), key=lambda row: str(row["_id"]))
            kept = self._windows[obj] = (window, [str(row["_id"]) for row in rows], rows)
        start = 0 if after is None else bisect_right(kept[1], after)
        return islice(kept[2], start, None)


def _known(obj: str, name: str) -> None:
    if name not in OBJECTS[obj] and name not in SYSTEM:
        raise Refused(32000, f"the field {name} does not exist")


def _test(obj: str, item: dict[str, Any]) -> Test:
    name, operator, values = str(item.get("field_name")), item.get("operator"), item.get("field_values")
    _known(obj, name)
    if not isinstance(values, list):
        raise Refused(32000, "field_values must be a list")
    make = _OPERATORS.get(str(operator))
    if make is None:
        raise Refused(32000, f"operator {operator} is not supported")
    if not values and operator not in ("IS", "ISN"):
        raise Refused(32000, "field_values is empty")
    test = make([value for value in values])
    return lambda row: test(row.get(name))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(map(str, value))
    return "" if value is None else str(value)


def _ordered(value: Any, other: Any) -> tuple[Any, Any] | None:
    """Both as numbers when the stored one is a number or numeric text, else both as text; None for an empty one."""
    if value in (None, ""):
        return None
    try:
        return float(value), float(other)
    except (TypeError, ValueError):
        return _text(value), str(other)


def _compare(how: Callable[[Any, Any], bool]) -> Callable[[list[Any]], Callable[[Any], bool]]:
    def make(values: list[Any]) -> Callable[[Any], bool]:
        def test(value: Any) -> bool:
            # Ids are hexadecimal text: never compared as numbers.
            if isinstance(value, str) and len(value) >= 24:
                return how(value, str(values[0]))
            pair = _ordered(value, values[0])
            return pair is not None and how(*pair)

        return test

    return make


def _between(values: list[Any]) -> Callable[[Any], bool]:
    if len(values) != 2:
        raise Refused(32000, "BETWEEN needs two values")
    low, high = _compare(lambda a, b: a >= b)(values[:1]), _compare(lambda a, b: a <= b)(values[1:])
    return lambda value: low(value) and high(value)


def _among(values: list[Any]) -> Callable[[Any], bool]:
    wanted = {_text(value) for value in values}
    return lambda value: bool(wanted & set(map(str, value))) if isinstance(value, list) else _text(value) in wanted


def _not(make: Callable[[list[Any]], Callable[[Any], bool]]) -> Callable[[list[Any]], Callable[[Any], bool]]:
    def negated(values: list[Any]) -> Callable[[Any], bool]:
        test = make(values)
        return lambda value: not test(value)

    return negated


def _like(values: list[Any]) -> Callable[[Any], bool]:
    return lambda value: str(values[0]) in _text(value)


def _empty(_values: list[Any]) -> Callable[[Any], bool]:
    return lambda value: value in (None, "", [])


_OPERATORS: dict[str, Callable[[list[Any]], Callable[[Any], bool]]] = {
    "EQ": _among,
    "N": _not(_among),
    "GT": _compare(lambda a, b: bool(a > b)),
    "GTE": _compare(lambda a, b: bool(a >= b)),
    "LT": _compare(lambda a, b: bool(a < b)),
    "LTE": _compare(lambda a, b: bool(a <= b)),
    "LIKE": _like,
    "NLIKE": _not(_like),
    "IS": _empty,
    "ISN": _not(_empty),
    "IN": _among,
    "NIN": _not(_among),
    "BETWEEN": _between,
    "NBETWEEN": _not(_between),
    "STARTWITH": lambda values: lambda value: _text(value).startswith(str(values[0])),
    "ENDWITH": lambda values: lambda value: _text(value).endswith(str(values[0])),
    "HASANYOF": _among,
    "NHASANYOF": _not(_among),
    "CONTAINS": _like,
}


def _sort_key(value: Any) -> tuple[int, Any]:
    if value in (None, "", []):
        return (0, "")
    if isinstance(value, (int, float)):
        return (1, value)
    return (2, _text(value))

"""The query language of the simulated K3Cloud: FilterString, OrderString, FieldKeys, StartRow, Limit, TopRowCount."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.testing.table import Table
from connectors.vendors.kingdee.simulator_data import BASE_DATA, CHINA, ENTRY, FIELDS, FORM, Field, Row, local_time

LARGEST_PAGE = 2000
_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(>=|<=|<>|!=|=|>|<|\(|\)|,)|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?))")
_TIME = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?$")
Test = Callable[[Row, Row], bool]


class Refused(Exception):
    """A call that the system answers with ``IsSuccess`` false."""

    def __init__(self, code: int, message: str, field: str = "", index: int = 0) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.field = field
        self.index = index


class Column:
    """A name in FieldKeys, FilterString or OrderString: ``FName``, ``FCreateOrgId.FNumber``, ``<entry>_FEntryID``."""

    def __init__(self, name: str) -> None:
        self.name = name
        bare = name[len(ENTRY) + 1 :] if name.upper().startswith(ENTRY + "_") else name
        head, _, self.part = bare.partition(".")
        field = FIELDS.get(head.upper())
        if field is None or (
            self.part and (field.type != "reference" or self.part.upper() not in ("FNUMBER", "FNAME"))
        ):
            raise Refused(9, f"元数据中标识为{name}的字段不存在")
        self.field: Field = field

    def value(self, row: Row, line: Row) -> Any:
        """The stored value, made comparable: references by their part, times in milliseconds."""
        stored = (line if self.field.entry else row).get(self.field.name)
        if self.field.type != "reference":
            return stored
        known = BASE_DATA[self.field.to].get(str(stored))
        if self.part.upper() == "FNUMBER":
            return stored
        if self.part:
            return known[1] if known else ""
        return known[0] if known else 0

    def shown(self, row: Row, line: Row) -> Any:
        """The value as the answer shows it."""
        value = self.value(row, line)
        if self.field.type == "time":
            return local_time(value) if value is not None else None
        return Decimal(value) if self.field.type == "number" else value


def run(table: Table[int], query: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Column names and rows of one ExecuteBillQuery or BillQuery."""
    if str(query.get("FormId", "")).upper() != FORM.upper():
        raise Refused(4, "业务对象不存在")
    names = [name.strip() for name in str(query.get("FieldKeys", "")).split(",") if name.strip()]
    if not names:
        raise Refused(8, "FieldKeys 不能为空")
    columns = [Column(name) for name in names]
    test, low, window = _Filter(str(query.get("FilterString") or "")).parse()
    rows: Iterable[Row] = table.after(low) if window is None else table.changed(*window)
    lines = _lines(rows, columns)
    start = int(query.get("StartRow") or 0)
    size = min(int(query.get("Limit") or LARGEST_PAGE), LARGEST_PAGE)
    top = int(query.get("TopRowCount") or 0)
    end = min(start + size, top) if top else start + size
    order = str(query.get("OrderString") or "").strip()
    if order.upper() in ("FCUSTID", "FCUSTID ASC") and window is None:
        found: list[tuple[Row, Row]] = []
        for pair in lines:
            if test(*pair):
                found.append(pair)
                if len(found) >= end:
                    break
    else:
        found = _sorted([pair for pair in lines if test(*pair)], order)
    return names, [[column.shown(*pair) for column in columns] for pair in found[start:end]]


def _lines(rows: Iterable[Row], columns: list[Column]) -> Iterable[tuple[Row, Row]]:
    """One pair of head and line; a query for a line's field gives a row for each line."""
    if any(column.field.entry for column in columns):
        return ((row, line) for row in rows for line in row["entries"] or [{}])
    return ((row, {}) for row in rows)


def _sorted(found: list[tuple[Row, Row]], order: str) -> list[tuple[Row, Row]]:
    if not order:
        # Without a sort the server promises no order, and it does differ between pages.
        random.shuffle(found)
        return found
    for part in reversed(order.split(",")):
        name, _, way = part.strip().partition(" ")
        column = Column(name)
        found.sort(key=lambda pair: _sortable(column.value(*pair)), reverse=way.strip().upper() == "DESC")
    return found


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value) if isinstance(value, int) else (2, str(value))


class _Filter:
    """A recursive-descent parser of FilterString."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        text = text.rstrip()
        while place < len(text):
            match = _TOKEN.match(text, place)
            if match is None:
                raise Refused(8, f"过滤条件语法错误：{text[place : place + 20]}")
            place = match.end()
            kind = ("text", "sign", "word", "number")[(match.lastindex or 1) - 1]
            self._tokens.append((kind, match[match.lastindex or 1]))
        self._place = 0
        self._low: int | None = None
        self._window: list[int | None] = [None, None]

    def parse(self) -> tuple[Test, int | None, tuple[int | None, int | None] | None]:
        """The test; the id after which rows can match; the time window (milliseconds) in which they must lie."""
        if not self._tokens:
            return (lambda row, line: True), None, None
        test = self._any(top=True)
        if self._place < len(self._tokens):
            raise Refused(8, f"过滤条件语法错误：{self._tokens[self._place][1]}")
        window = (self._window[0], self._window[1]) if self._window != [None, None] else None
        return test, self._low, window

    def _any(self, top: bool) -> Test:
        before = (self._low, list(self._window))
        tests = [self._all(top)]
        while self._word("or"):
            tests.append(self._all(False))
        if len(tests) == 1:
            return tests[0]
        self._low, self._window = before
        return lambda row, line: any(test(row, line) for test in tests)

    def _all(self, top: bool) -> Test:
        tests = [self._one(top)]
        while self._word("and"):
            tests.append(self._one(top))
        return tests[0] if len(tests) == 1 else lambda row, line: all(test(row, line) for test in tests)

    def _one(self, top: bool) -> Test:
        if self._sign("("):
            test = self._any(top)
            self._need(")")
            return test
        kind, name = self._next()
        if kind == "number":
            self._need("=")
            same = self._next()[1] == name
            return lambda row, line: same
        if kind != "word":
            raise Refused(8, f"过滤条件语法错误：{name}")
        column = Column(name)
        negated = self._word("not")
        if self._word("in"):
            self._need("(")
            values = [self._literal(column)]
            while self._sign(","):
                values.append(self._literal(column))
            self._need(")")
            wanted = {_folded(value) for value in values}
            return lambda row, line: (_folded(column.value(row, line)) in wanted) != negated
        if self._word("like"):
            pattern = re.escape(str(self._literal(column))).replace("%", ".*").replace("_", ".")
            like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
            return lambda row, line: (like.fullmatch(str(column.value(row, line) or "")) is not None) != negated
        return self._comparison(column, top)

    def _comparison(self, column: Column, top: bool) -> Test:
        sign = self._next()[1]
        value = self._literal(column)
        how = _SIGNS.get(sign)
        if how is None:
            raise Refused(8, f"过滤条件语法错误：{sign}")
        if top and column.field.name == "FCUSTID" and sign == ">":
            self._low = int(value)
        if top and column.field.name == "FModifyDate" and sign in (">=", "<"):
            self._window[0 if sign == ">=" else 1] = value

        def test(row: Row, line: Row) -> bool:
            stored = column.value(row, line)
            if stored is None:
                return False
            return how(_folded(stored), _folded(value)) if isinstance(value, str) else how(_as_number(stored), value)

        return test

    def _literal(self, column: Column) -> Any:
        kind, text = self._next()
        if kind not in ("text", "number"):
            raise Refused(8, f"过滤条件语法错误：{text}")
        text = text.replace("''", "'")
        if column.field.type == "time":
            return _milliseconds(text)
        if column.field.type in ("integer", "number") or (column.field.type == "reference" and not column.part):
            return _as_number(text)
        return text

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise Refused(8, "过滤条件不完整")
        self._place += 1
        return self._tokens[self._place - 1]

    def _word(self, word: str) -> bool:
        return self._take("word", word)

    def _sign(self, sign: str) -> bool:
        return self._take("sign", sign)

    def _take(self, kind: str, text: str) -> bool:
        if self._place < len(self._tokens):
            got = self._tokens[self._place]
            if got[0] == kind and got[1].lower() == text:
                self._place += 1
                return True
        return False

    def _need(self, sign: str) -> None:
        if not self._sign(sign):
            raise Refused(8, f"过滤条件缺少 {sign}")


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
}


def _folded(value: Any) -> str:
    """Text as the server's collation compares it: without regard to case and trailing spaces."""
    return str("" if value is None else value).rstrip().casefold()


def _as_number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise Refused(6, f"从数据类型 varchar 转换为 numeric 时出错：{value}") from None


def _milliseconds(text: str) -> int:
    match = _TIME.match(text)
    if match is None:
        raise Refused(6, "从字符串转换日期和/或时间时，转换失败")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
    return int(moment.timestamp()) * 1000 + int((match[7] or "0").ljust(3, "0")[:3])

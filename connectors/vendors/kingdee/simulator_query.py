"""The query language of the simulated K3Cloud: FilterString, OrderString, FieldKeys, StartRow, Limit, TopRowCount."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from connectors.testing.simulator import State
from connectors.testing.table import Table
from connectors.vendors.kingdee.simulator_data import BASE_DATA, CHINA, folded, local_time
from connectors.vendors.kingdee.simulator_forms import FORMS, Form, Refused, Row, find

LARGEST_PAGE = 2000
_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(>=|<=|<>|!=|=|>|<|\(|\)|,)|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?))")
_TIME = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?$")
_PARTS = ("FNUMBER", "FNAME")
Test = Callable[[Row, Row], bool]


@dataclass(frozen=True)
class Source:
    """One form's rows, and what names and references in a query mean."""

    form: Form
    tables: Mapping[str, Table[Any]]
    renamed: Mapping[str, str]

    @classmethod
    def of(cls, state: State, form: Form) -> Source:
        """The form in an account set."""
        return cls(form, state.tables, state.switches["renamed"])

    @property
    def table(self) -> Table[Any]:
        """The form's rows."""
        return self.tables[self.form.name]


class Column:
    """A name in FieldKeys, FilterString or OrderString: ``FName``, ``FCreateOrgId.FNumber``, ``<entry>_FEntryID``."""

    def __init__(self, name: str, source: Source) -> None:
        head, _, part = name.partition(".")
        self.part = part.upper()
        self._tables = source.tables
        self.field, self.of_line = source.form.column(head, source.renamed)
        if self.part and (self.field.type != "reference" or self.part not in _PARTS):
            raise Refused(9, f"元数据中标识为{name}的字段不存在")

    def value(self, row: Row, line: Row) -> Any:
        """The stored value, made comparable: references by their part, times in milliseconds."""
        stored = (line if self.of_line else row).get(self.field.name)
        if self.field.type != "reference" or self.part == "FNUMBER":
            return stored
        known = self._referred(str(stored or ""))
        if self.part:
            return known[1] if known else ""
        return known[0] if known else 0

    def _referred(self, code: str) -> tuple[int, str] | None:
        """Id and name of what a reference points to."""
        other = FORMS.get(self.field.to.upper())
        if other is None:
            return BASE_DATA[self.field.to].get(code)
        rows = self._tables[other.name].numbered(folded(code)) if code else []
        return (rows[0][other.key], rows[0]["FName"]) if rows else None

    def shown(self, row: Row, line: Row) -> Any:
        """The value as the answer shows it."""
        value = self.value(row, line)
        if self.field.type == "time":
            return local_time(value) if value is not None else None
        if self.field.type == "number":
            return Decimal(value or 0)
        return value


def run(state: State, query: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Column names and rows of one ExecuteBillQuery or BillQuery."""
    source = Source.of(state, find(query.get("FormId")))
    names = [name.strip() for name in str(query.get("FieldKeys", "")).split(",") if name.strip()]
    if not names:
        raise Refused(8, "FieldKeys 不能为空")
    columns = [Column(name, source) for name in names]
    order = _order(str(query.get("OrderString") or ""), source)
    test, hints = _Filter(str(query.get("FilterString") or ""), source).parse()
    start = int(query.get("StartRow") or 0)
    size = min(int(query.get("Limit") or LARGEST_PAGE), LARGEST_PAGE)
    top = int(query.get("TopRowCount") or 0)
    end = min(start + size, top) if top else start + size
    by_line = any(column.of_line for column in columns) or any(column.of_line for column, _ in order)
    found = _found(source, hints, test, order, by_line)
    return names, [[column.shown(*pair) for column in columns] for pair in islice(found, start, max(start, end))]


def _found(
    source: Source, hints: Hints, test: Test, order: list[tuple[Column, bool]], by_line: bool
) -> Iterator[tuple[Row, Row]]:
    """Matching pairs of head and line, in order; lazily where the order is by id first."""
    key = source.form.key
    by_id = bool(order) and order[0][0].field.name == key and not order[0][1]
    rows = hints.rows(source)
    if by_id and not hints.in_id_order:
        rows = sorted(rows, key=lambda row: int(row[key]))
    if by_id:
        for row in rows:
            yield from _sorted([pair for pair in _pairs(row, by_line) if test(*pair)], order[1:])
        return
    found = [pair for row in rows for pair in _pairs(row, by_line) if test(*pair)]
    if not order:
        # Without a sort the server promises no order, and it does differ between pages.
        random.shuffle(found)
    yield from _sorted(found, order)


def _pairs(row: Row, by_line: bool) -> Iterable[tuple[Row, Row]]:
    """One pair of head and line; a query for a line's field gives a row for each line."""
    return [(row, line) for line in row["entries"] or [{}]] if by_line else [(row, {})]


def _order(text: str, source: Source) -> list[tuple[Column, bool]]:
    """Columns to sort by, and whether downwards."""
    order = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, way = part.partition(" ")
        order.append((Column(name, source), way.strip().upper() == "DESC"))
    return order


def _sorted(found: list[tuple[Row, Row]], order: list[tuple[Column, bool]]) -> list[tuple[Row, Row]]:
    for column, down in reversed(order):
        found.sort(key=lambda pair: _sortable(column.value(*pair)), reverse=down)
    return found


def _sortable(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value) if isinstance(value, int) else (2, str(value))


@dataclass
class Hints:
    """What a filter says of all rows it can match, so that not every row is looked at."""

    after: int | None = None
    since: int | None = None
    before: int | None = None
    ids: list[int] | None = None
    numbers: list[str] | None = None

    @property
    def in_id_order(self) -> bool:
        """Whether ``rows`` come by id."""
        return self.ids is None and self.numbers is None and self.since is None and self.before is None

    def rows(self, source: Source) -> Iterable[Row]:
        """All rows that can match, and some that do not."""
        table = source.table
        if self.ids is not None:
            return [table.rows[key] for key in self.ids if key in table.rows]
        if self.numbers is not None:
            return [row for number in self.numbers for row in table.numbered(number)]
        if self.since is not None or self.before is not None:
            return table.changed(self.since, self.before)
        return table.after(self.after)


class _Filter:
    """A recursive-descent parser of FilterString."""

    def __init__(self, text: str, source: Source) -> None:
        self._source = source
        self._hints = Hints()
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

    def parse(self) -> tuple[Test, Hints]:
        """The test, and what is known of all rows that pass it."""
        if not self._tokens:
            return (lambda row, line: True), self._hints
        test = self._any(top=True)
        if self._place < len(self._tokens):
            raise Refused(8, f"过滤条件语法错误：{self._tokens[self._place][1]}")
        return test, self._hints

    def _any(self, top: bool) -> Test:
        before = replace(self._hints)
        tests = [self._all(top)]
        while self._word("or"):
            tests.append(self._all(False))
        if len(tests) == 1:
            return tests[0]
        self._hints = before
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
        column = Column(name, self._source)
        negated = self._word("not")
        if self._word("in"):
            self._need("(")
            values = [self._literal(column)]
            while self._sign(","):
                values.append(self._literal(column))
            self._need(")")
            if top and not negated:
                self._hint(column, values)
            wanted = {folded(value) for value in values}
            return lambda row, line: (folded(column.value(row, line)) in wanted) != negated
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
        if top:
            self._hint(column, [value], sign)

        def test(row: Row, line: Row) -> bool:
            stored = column.value(row, line)
            if stored is None:
                return False
            return how(folded(stored), folded(value)) if isinstance(value, str) else how(_as_number(stored), value)

        return test

    def _hint(self, column: Column, values: list[Any], sign: str = "=") -> None:
        name, hints = column.field.name, self._hints
        if column.of_line:
            return
        if name == self._source.form.key and sign == "=":
            hints.ids = sorted({int(value) for value in values})
        elif name == self._source.form.key and sign == ">":
            hints.after = int(values[0])
        elif name == self._source.form.number and sign == "=":
            hints.numbers = list(dict.fromkeys(folded(value) for value in values))
        elif name == "FModifyDate" and sign == ">=":
            hints.since = values[0]
        elif name == "FModifyDate" and sign == "<":
            hints.before = values[0]

    def _literal(self, column: Column) -> Any:
        kind, text = self._next()
        if kind not in ("text", "number"):
            raise Refused(8, f"过滤条件语法错误：{text}")
        text = text.replace("''", "'")
        if column.field.type == "time":
            return milliseconds(text)
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


def _as_number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise Refused(6, f"从数据类型 varchar 转换为 numeric 时出错：{value}") from None


def milliseconds(text: str) -> int:
    """A time as callers write it, in milliseconds since 1970."""
    match = _TIME.match(text)
    if match is None:
        raise Refused(6, "从字符串转换日期和/或时间时，转换失败")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second, tzinfo=CHINA)
    return int(moment.timestamp()) * 1000 + int((match[7] or "0").ljust(3, "0")[:3])

"""Every function of the language as something to call with any values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mappings.language.dates import date_reader, datetime_reader
from mappings.language.functions import ALL
from mappings.language.functions.calendars import WorkCalendar, add_working_days, is_working_day, working_days_until
from mappings.language.functions.lookup import looked_up
from mappings.language.functions.money import exchanged
from mappings.language.functions.patterns import compiled_pattern
from mappings.language.functions.registry import Function, Parameter
from mappings.language.pieces import alias, ref, ref_by, remote_key, term, term_out
from mappings.language.workdays import load_calendars

CALENDARS, _, _ = load_calendars([Path(__file__).resolve().parents[2] / "mappings" / "calendars"])


def work_calendar(name: str) -> WorkCalendar:
    """A calendar of the product, made as a generated mapping makes it."""
    made: WorkCalendar = eval(CALENDARS[name].code(name), {"WorkCalendar": WorkCalendar})
    return made


_CHINA, _WEEKENDS = work_calendar("china"), work_calendar("weekends")
SPECIAL: dict[str, Callable[..., Any]] = {
    "date": date_reader("YYYY-MM-DD", "M/D/YY"),
    "datetime": datetime_reader(),
    "term": lambda value: term(value, {"A": "a"}, "list"),
    "term_out": lambda value: term_out(value, {"a": "A"}, "list"),
    "alias": lambda value: alias(value, {"a": "b"}),
    "lookup": lambda value: looked_up(value, {"a": {"b": "c"}}, "table"),
    "ref": lambda value: (ref(value, "thing", "", True), ref_by(value, "thing", "no", False)),
    "remote_key": lambda value: remote_key(value, "things", None, True, []),
    "exchange": lambda value, one, two: exchanged(value, one, two, {"USD": "7.1", "CNY": "1"}, "rates"),
    "is_working_day": lambda value: (is_working_day(value, _WEEKENDS), is_working_day(value, _CHINA)),
    "add_working_days": lambda value, size: add_working_days(value, size, _WEEKENDS),
    "working_days_until": lambda value, other: working_days_until(value, other, _WEEKENDS),
}
PATTERNS = [
    compiled_pattern(each) for each in ("(a+)+$", "[0-9]{3,}", "(?:x|y|.)*?z", "", "(\\w*)(\\w*)\\d", "(.?){100}a{100}")
]

numbers = st.one_of(
    st.integers(-20, 20),
    st.integers(),
    st.just(10**4200),
    st.floats(),
    st.decimals().filter(lambda each: not each.is_snan()),  # no source has a signalling NaN
    st.sampled_from([Decimal("1E+999999"), Decimal("1E-999999"), Decimal("-0")]),
)
spelt = st.sampled_from(
    [
        "2026-01-31", "0001-01-01", "9999-12-31", "2026-01-01T16:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
        "¥1,234.50", "壹佰亿元整", "十", "(5)", "1.2万", "12%", "/Date(9)/", "138 0013 8000", "欧阳修", "Smith, John", "a@b.cd",
        "11010519491231002X", "江苏省南京市玄武区", "臺灣乾隆", "{\"a\":[1.5]}", "[[[", "6YCa", "%E9%80", "\ud800", "\0", " ", "USD", "A",
        "1e5", "-", ".", "1E+59", "00000000", "20261301", "二〇二六年一月二日", "99999999999999999999",
    ]
)  # fmt: skip
single = st.one_of(st.none(), st.booleans(), numbers, spelt, st.text(max_size=30), st.binary(max_size=5))
anything = st.recursive(
    single,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(["a", "b", "a.b", "code", "value"]), inner, max_size=3),
        st.lists(st.fixed_dictionaries({"a": inner, "b": inner}), max_size=4),
    ),
    max_leaves=12,
)
fields = st.sampled_from(["a", "b", "a.b", "code"])


@dataclass(frozen=True)
class Callable_:
    """A function with a strategy of what it may be given after its value."""

    function: Function

    @property
    def call(self) -> Callable[..., Any]:
        return self.function.call or SPECIAL[self.function.name]

    def arguments(
        self, values: st.SearchStrategy[Any] = anything
    ) -> st.SearchStrategy[tuple[list[Any], dict[str, Any]]]:
        positional = [each for each in self.function.parameters if not each.keyword and each.kind != "flag"]
        named = [each for each in self.function.parameters if each.keyword or each.kind == "flag"]
        if self.function.call is None:
            positional, named = [each for each in positional if each.kind == "value"], []
        lists = st.tuples(*(_given(each, values) for each in positional)).map(_until_gap)
        words = st.fixed_dictionaries({}, optional={each.name: _one(each, values) for each in named})
        notes: dict[str, Any] = {"notes": []} if self.function.notes and self.function.call is not None else {}
        return st.tuples(lists, words.map(lambda found: {**found, **notes}))


def _given(parameter: Parameter, values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any] | None]:
    one = _one(parameter, values)
    some = (
        st.lists(one, min_size=int(parameter.required), max_size=3) if parameter.many else one.map(lambda each: [each])
    )
    return some if parameter.required else st.one_of(st.none(), some)


def _until_gap(given: tuple[list[Any] | None, ...]) -> list[Any]:
    """Optional arguments are left out from the right only."""
    found: list[Any] = []
    for each in given:
        if each is None:
            break
        found += each
    return found


def _one(parameter: Parameter, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if parameter.kind == "value":
        return values
    if parameter.kind == "flag":
        return st.just(True)
    if parameter.kind == "pattern":
        return st.sampled_from(PATTERNS)
    if parameter.choices:
        return st.sampled_from(parameter.choices)
    if parameter.name == "zone":
        return st.sampled_from(["Asia/Shanghai", "America/New_York", "UTC"])
    if parameter.kind == "word":
        return fields
    if parameter.name == "format":
        return st.sampled_from(["YYYY-MM-DD", "D.M.YY hh:mm:ss", "年M"])
    return st.one_of(st.text(max_size=3), st.sampled_from(["{}", "-", "/", "a"]))


EVERY = [Callable_(each) for each in ALL]

"""What the functions give for awkward values: the edges that an example does not show."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from function_calls import work_calendar
from hypothesis import given
from hypothesis import strategies as st

from mappings.language.functions import FUNCTIONS
from mappings.language.functions.calendars import add_working_days, is_working_day, working_days_until
from mappings.language.functions.money import exchanged
from mappings.language.functions.patterns import PatternError, compiled_pattern
from mappings.language.functions.people import id_check
from mappings.language.values import BadValueError
from masterdata.normal.places import levels

REFUSED = "refused"


def call(name: str, *arguments: Any, **named: Any) -> Any:
    """A function's value, or the code of its refusal after ``refused``."""
    function = FUNCTIONS[name].call
    assert function is not None
    try:
        return function(*arguments, **named)
    except BadValueError as error:
        return f"{REFUSED} {error.code}"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("replace", ("a.b.c", ".", ""), "abc"),
        ("replace", ("abc", "", "x"), "abc"),
        ("replace", ("a" * 2000, "a", "b" * 1000), "refused text-too-long"),
        ("left", ("张三丰", 1), "张"),
        ("left", ("abc", -1), "refused bad-argument"),
        ("left", ("abc", None), "refused bad-argument"),
        ("right", ("abc", 0), ""),
        ("right", ("abc", "2"), "bc"),
        ("substring", ("abc", 1), "bc"),
        ("substring", ("abc", 7, 2), ""),
        ("before", ("a-b-c", "-"), "a"),
        ("after", ("a-b-c", "-"), "b-c"),
        ("after", ("abc", "-"), None),
        ("pad", (7, 3), "007"),
        ("pad", ("1234", 3), "1234"),
        ("pad", ("ab", 4, "*", "right"), "ab**"),
        ("pad", ("", 3), ""),
        ("pad", ("a", 3, "xy"), "refused bad-argument"),
        ("pad", ("a", 10**9), "refused bad-argument"),
        ("title", ("ÉCOLE de l'art",), "École De L'art"),
        ("concat", (None, "-", "", "a", ["b", None], 3), "a-b-3"),
        ("concat", (None, "-", ""), None),
        ("template", ("a", "{}/{}", "b"), "a/b"),
        ("template", ("a", "{}/{}", " "), None),
        ("template", ("a", "{}/{}"), "refused bad-argument"),
        ("coalesce", ([], {}, " ", 0, 1), 0),
        ("empty_if", (0, "0"), None),
        ("empty_if", ("无 ", "无"), None),
        ("empty_if", ("有", "无"), "有"),
        ("half_width", ("ＡＢ　￥",), "AB ￥"),
        ("simplified", ("乾隆年間的乾燥劑",), "乾隆年间的干燥剂"),
        ("simplified", ("一目瞭然",), "一目了然"),
        ("pinyin", ("重庆银行", "words"), "chong qing yin hang"),
        ("pinyin", ("ABC公司", "joined"), "ABCgongsi"),
        ("family_name", ("诸葛亮",), "诸葛"),
        ("given_name", ("诸葛亮",), "亮"),
        ("family_name", ("王经理",), "王"),
        ("given_name", ("王经理",), None),
        ("family_name", ("买买提·艾力",), None),
        ("family_name", ("Smith, John",), "Smith"),
        ("family_name", ("Ludwig van Beethoven",), "van Beethoven"),
        ("given_name", ("Pelé",), "Pelé"),
        ("mask", ("+86 138 0013 8000", "phone"), "+86138****8000"),
        ("mask", ("110", "phone"), "***"),
        ("mask", ("欧阳修", "name"), "欧阳*"),
        ("mask", ("李", "name"), "李*"),
        ("mask", ("John Smith", "name"), "J*** S****"),
        ("mask", ("no mail", "mail"), "***"),
        ("mask", ("11010519491231002X", "id"), "110105********002X"),
        ("mask", ("1101051949", "id"), "**********"),
        ("mask", ("6222 0000 1111 2222", "bank"), "************2222"),
        ("mask", ("", "phone"), None),
        ("hash", ("",), None),
        ("hash", ("a", "md5"), "0cc175b9c0f1b6a831c399e269772661"),
        ("round", ("2.5",), Decimal(3)),
        ("round", ("-2.5",), Decimal(-3)),
        ("round", ("2.5", 0, "half_even"), Decimal(2)),
        ("round", ("1250", -2), Decimal(1300)),
        ("round", ("2.345", None), "refused bad-argument"),
        ("floor", ("1.29", 1), Decimal("1.2")),
        ("ceil", ("-1.21", 1), Decimal("-1.2")),
        ("mod", ("-7", 3), Decimal(-1)),
        ("mod", (1, 0), "refused division-by-zero"),
        ("min", ([3, "1", None], 2), Decimal(1)),
        ("max", (None,), None),
        ("sum", ([],), None),
        ("sum", (["0.1"] * 10,), Decimal("1.0")),
        ("sum", ([{"a": {"b": 1}}, {"a": {"b": "2.5"}}, {"a": None}], "a.b"), Decimal("3.5")),
        ("sum", ("12",), "refused not-a-list"),
        ("sum", (["12元"],), "refused not-a-number"),
        ("avg", ([1, 2, None],), Decimal("1.5")),
        ("unit", ("3", "吨", "斤"), Decimal(6000)),
        ("unit", ("15", "亩", "公顷"), Decimal(1)),
        ("unit", ("0.1", "万元", "元"), Decimal(1000)),
        ("fixed", ("-0.001", 2), "0.00"),
        ("fixed", ("1234567.005", 2, "grouped"), "1,234,567.01"),
        ("written_number", ("1.234.567,89", ",", "."), Decimal("1234567.89")),
        ("written_number", ("1.23,4", ",", "."), "refused not-a-number"),
        ("written_number", ("1,2,3", ","), "refused not-a-number"),
        ("money", ("三万五",), "refused not-a-number"),
        ("money", ("12,34",), "refused not-a-number"),
        ("money", ("1.2 万元",), Decimal(12000)),
        ("money", ("(1,500.00)",), Decimal(-1500)),
        ("money", ("(-5)",), "refused not-a-number"),
        ("money", ("一亿二千万",), Decimal(120000000)),
        ("money", ("贰元零伍分",), Decimal("2.05")),
        ("money_capitals", ("1002003004.50",), "壹拾亿零贰佰万叁仟零肆元伍角整"),
        ("money_capitals", ("0",), "零元整"),
        ("money_capitals", ("0.05",), "伍分"),
        ("money_capitals", ("1.005",), "refused not-a-number"),
        ("percent", ("１２．５％",), Decimal("0.125")),
        ("percent", ("12.5",), "refused not-a-number"),
        ("to_percent", ("0.5",), "50%"),
        ("currency", ("￥",), "CNY"),
        ("currency", ("usd",), "USD"),
        ("currency", ("金币",), "refused unknown-currency"),
        ("epoch", ("1.5", "s"), "1970-01-01T00:00:01.500000Z"),
        ("epoch", (10**17, "s"), "refused bad-date"),
        ("to_epoch", ("1969-12-31T23:59:59.999Z", "s"), -1),
        ("day_in", ("2026-01-01T16:00:00Z", "UTC"), "2026-01-01"),
        ("date_text", ("2026-01-02", "D.M.YY"), "2.1.26"),
        ("date_text", ("2026-01-02", "hh:mm"), "refused bad-date"),
        ("date_text", ("0987-01-02", "{YYYY}M"), "{0987}1"),
        ("chinese_date", ("2026年1月2日",), "2026-01-02"),
        ("chinese_date", ("二〇二六年十月三十一日",), "2026-10-31"),
        ("chinese_date", ("2026年2月30日",), "refused bad-date"),
        ("excel_date", (1,), "1900-01-01"),
        ("excel_date", (59,), "1900-02-28"),
        ("excel_date", (60,), "refused bad-date"),
        ("excel_date", (61,), "1900-03-01"),
        ("sap_date", ("00000000",), None),
        ("sap_date", ("20260230",), "refused bad-date"),
        ("odata_time", ("/Date(-1)/",), "1969-12-31T23:59:59.999000Z"),
        ("add", ("2024-02-29", 1, "years"), "2025-02-28"),
        ("add", ("2026-01-01", 5, "hours"), "refused bad-date"),
        ("add", ("2026-01-01T00:00:00Z", -1, "minutes"), "2025-12-31T23:59:00.000000Z"),
        ("add", ("9999-12-31", 1, "days"), "refused bad-date"),
        ("start_of", ("2026-11-22", "week"), "2026-11-16"),
        ("end_of", ("2026-11-22", "year"), "2026-12-31"),
        ("end_of", ("9999-12-31", "month"), "refused bad-date"),
        ("until", ("2026-01-31", "2026-02-28", "months"), Decimal(1)),
        ("until", ("2026-01-31", "2026-02-27", "months"), Decimal(0)),
        ("until", ("2026-03-01", "2026-01-31", "days"), Decimal(-29)),
        ("until", ("2026-01-01T00:00:00Z", "2026-01-01T01:30:00Z", "hours"), Decimal("1.5")),
        ("until", ("2026-01-01", "2026-01-01T01:30:00Z", "hours"), "refused bad-date"),
        ("date_part", ("2026-01-01T16:00:00Z", "day"), 2),
        ("date_part", ("2026-11-22", "weekday"), 7),
        ("latest", ("2026-01-01", "", None, "2025-01-01"), "2026-01-01"),
        ("at", (["a", "b"], -3), None),
        ("slice", (["a", "b", "c"], -2), ["b", "c"]),
        ("sort", ([None, "b", 10, "9", "a"],), ["9", 10, "a", "b", None]),
        ("sort", ([{"n": 1}, {"n": 2}, {}], "n"), [{"n": 1}, {"n": 2}, {}]),
        ("sort", ([[1], [2]],), "refused wrong-shape"),
        ("unique", ([1, "1", {"a": [1]}, {"a": [1]}],), [1, {"a": [1]}]),
        ("filter", ([{"a": ""}, {"a": 1}], "a", None), [{"a": ""}]),
        ("filter", ([{"a": 1}, {"a": "1"}, {"a": 2}], "a", "1"), [{"a": 1}, {"a": "1"}]),
        ("find", ([{"a": 1}], "a", 2), None),
        ("find", (["x"], "a", 2), "refused wrong-shape"),
        ("count", (["a", "", False, True],), 2),
        ("all", ([],), True),
        ("any", (None,), None),
        ("merge", ([{"k": 1}], None, "k"), [{"k": 1}]),
        ("merge", ([{"k": 1, "a": 1}, {"a": 2}], [{"k": "1", "b": 3}, {"b": 4}], "k"), [{"k": 1, "a": 1, "b": 3}, {"a": 2}, {"b": 4}]),
        ("by_key", ([{"c": 1, "v": 2}, {"c": "1", "v": 3}], "c", "v"), "refused doubled-key"),
        ("by_key", ([{"v": 2}], "c", "v"), "refused bad-key"),
        ("from_pairs", ([["a"]],), "refused wrong-shape"),
        ("zip", (["a"], [1, 2]), "refused wrong-shape"),
        ("get", ({"1": "x"}, 1), "x"),
        ("parse_json", ('{"a": 1.10}',), {"a": Decimal("1.10")}),
        ("parse_json", ("{'a': 1}",), "refused not-json"),
        ("parse_json", ("NaN",), "refused not-json"),
        ("parse_json", ("[" * 100 + "]" * 100,), "refused not-json"),
        ("parse_json", ("[" * 100_000,), "refused not-json"),
        ("to_json", ({"a": Decimal("1.10"), "b": None, "c": True},), '{"a":1.1,"b":null,"c":true}'),
        ("from_base64", ("6YCa6ISJ\n",), "通脉"),
        ("from_base64", ("gIGC",), "refused bad-text"),
        ("url_decode", ("%ff",), "refused bad-text"),
        ("split", ("a b", ""), ["a b"]),
    ],
)  # fmt: skip
def test_awkward_values(name: str, arguments: tuple[Any, ...], expected: Any) -> None:
    assert call(name, *arguments) == expected


def test_descending_keeps_empty_items_last() -> None:
    assert call("sort", [1, None, 3, 2], descending=True) == [3, 2, 1, None]


@pytest.mark.parametrize("name", ["id_card", "id_birthday", "id_sex"])
def test_identity_numbers(name: str) -> None:
    right = {"id_card": "440524188001010014", "id_birthday": "1880-01-01", "id_sex": "male"}
    notes: list[tuple[str, str, str]] = []
    assert call(name, "440524188001010014", notes=notes) == right[name]
    assert not notes
    for wrong, code in (
        ("440524188001010015", "bad-check-digit"),
        ("440524188002300018", "bad-id-number"),
        ("12", "bad-id-number"),
    ):
        notes.clear()
        assert call(name, wrong, notes=notes) is None
        assert [each[0] for each in notes] == [code]
        assert wrong not in "".join(map(str, notes[0])), "an identity number is never said"
    assert call(name, " ", notes=notes) is None


def test_an_old_identity_number_is_extended() -> None:
    assert call("id_card", "110105491231002", notes=[]) == "11010519491231002" + id_check("11010519491231002")


@given(st.decimals(min_value=0, max_value=Decimal("9999999999999999.99"), places=2, allow_nan=False))
def test_capitals_are_read_back(amount: Decimal) -> None:
    assert call("money", call("money_capitals", amount)) == amount


@given(st.dates(), st.integers(-2000, 2000))
def test_days_added_are_days_until(day: date, size: int) -> None:
    later = call("add", day.isoformat(), size, "days")
    if not str(later).startswith(REFUSED):
        assert call("until", day.isoformat(), later, "days") == size


@given(st.dates(min_value=date(1901, 1, 1)), st.integers(0, 500))
def test_working_days_added_are_counted_back(day: date, size: int) -> None:
    weekends = work_calendar("weekends")
    try:
        later = add_working_days(day.isoformat(), size, weekends)
    except BadValueError:
        assert day > date.max - timedelta(days=1000)
        return
    assert is_working_day(later, weekends)
    if size:
        assert working_days_until(day.isoformat(), later, weekends) == size


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2024-02-04", True), ("2024-02-10", False), ("2024-02-17", False), ("2024-02-19", True), ("2024-10-12", True),
        ("2025-01-26", True), ("2025-10-08", False), ("2025-10-09", True), ("2025-10-11", True), ("2025-10-12", False),
        ("2026-01-02", False), ("2026-01-04", True), ("2026-02-14", True), ("2026-02-15", False), ("2026-02-23", False),
        ("2026-02-24", True), ("2026-09-20", True), ("2026-09-25", False), ("2026-10-07", False), ("2026-10-08", True),
    ],
)  # fmt: skip
def test_the_calendar_of_china(day: str, working: bool) -> None:
    assert is_working_day(day, work_calendar("china")) is working


@pytest.mark.parametrize(("year", "working"), [(2024, 251), (2025, 248), (2026, 248)])
def test_working_days_of_a_year(year: int, working: int) -> None:
    first = date(year, 1, 1)
    days = [first + timedelta(days=each) for each in range((date(year + 1, 1, 1) - first).days)]
    assert sum(bool(is_working_day(day.isoformat(), work_calendar("china"))) for day in days) == working


def test_a_year_that_the_calendar_does_not_know_is_never_guessed() -> None:
    with pytest.raises(BadValueError, match=r"says nothing of 2031 \(it knows: 2024, 2025, 2026\)"):
        is_working_day("2031-01-01", work_calendar("china"))
    with pytest.raises(BadValueError, match="says nothing of 2027"):
        add_working_days("2026-12-31", 1, work_calendar("china"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("江苏省南京市玄武区北京东路1号", ("江苏省", "南京市", "玄武区", "北京东路1号")),
        ("上海浦东新区张江", ("上海市", "上海市", "浦东新区", "张江")),
        ("深圳南山区科技园", ("广东省", "深圳市", "南山区", "科技园")),
        ("江苏省昆山市花桥镇", ("江苏省", "苏州市", "昆山市", "花桥镇")),
        ("广东省东莞市长安镇", ("广东省", "东莞市", "", "长安镇")),
        ("重庆渝北区", ("重庆市", "重庆市", "渝北区", "")),
        ("海南省琼海市", ("海南省", "", "琼海市", "")),
        ("中国新疆乌鲁木齐天山区", ("新疆维吾尔自治区", "乌鲁木齐市", "天山区", "")),
        ("吉林省吉林市船营区", ("吉林省", "吉林市", "船营区", "")),
        ("香港中环", ("香港特别行政区", "", "", "中环")),
        ("人民路1号", ("", "", "", "人民路1号")),
    ],
)
def test_addresses(text: str, expected: tuple[str, ...]) -> None:
    assert levels(text) == expected
    assert "".join(levels("".join(expected))) == "".join(expected), "what is put in order stays so"


def test_exchange() -> None:
    rates = {"CNY": "1", "USD": "7.125"}
    assert exchanged("100", "USD", "人民币", rates, "r") == Decimal("712.5")
    assert exchanged("712.5", "CNY", "usd", rates, "r") == 100
    assert exchanged(None, "CNY", "USD", rates, "r") is None
    with pytest.raises(BadValueError, match="no rate of EUR"):
        exchanged(1, "EUR", "CNY", rates, "r")


@pytest.mark.parametrize("pattern", ["(a)\\1", "(?=a)b", "(?<!a)b", "[", "a{2000}", "((a{1,100}){1,100}){1,100}"])
def test_patterns_that_cannot_be_bounded_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled_pattern(pattern)

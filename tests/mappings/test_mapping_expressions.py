"""What expressions give."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mapping_world import Evaluate, World

from mappings.language import Reference
from mappings.language.values import add, div, mul, number, plain, sub, to_decimal


@pytest.mark.parametrize(
    ("expression", "record", "expected"),
    [
        ("a", {"a": " x "}, "x"),
        ("a", {}, None),
        ("a.b.c", {"a": {"b": {"c": "deep"}}}, "deep"),
        ("a.b.c", {"a": None}, None),
        ('a["b c"]', {"a": {"b c": "x"}}, "x"),
        ("a[0]", {"a": ["first", "second"]}, "first"),
        ("a[-1]", {"a": ["first", "second"]}, "second"),
        ("a[3]", {"a": ["first"]}, None),
        ('field("any name $x")', {"any name $x": "v"}, "v"),
        ("客户名称 | trim", {"客户名称": " 某公司 "}, "某公司"),
        ('a + "-" + b', {"a": "x", "b": "y"}, "x-y"),
        ('a + "-" + b', {"a": "x"}, None),
        ('"A" + 5', {}, "A5"),
        ('a if b == "1" else "no"', {"a": "yes", "b": "1"}, "yes"),
        ('a or b or "none"', {"b": "B"}, "B"),
        ('"in" if a in ["x", "y"] else "out"', {"a": "y"}, "in"),
        ('"in" if a not in ["x", "y"] else "out"', {"a": "y"}, "out"),
        ('"in" if a in [1, 2] else "out"', {"a": "2"}, "in"),
        ('"big" if a > 100 else "small"', {"a": "1100.04"}, "big"),
        ('"big" if a > 100 else "small"', {"a": None}, "small"),
        ('"same" if a == 5 else "other"', {"a": "5.0"}, "same"),
        ('"same" if a == 5 else "other"', {"a": "five"}, "other"),
        ('"empty" if a == None else "full"', {"a": "  "}, "empty"),
        ('"full" if a != none else "empty"', {"a": 0}, "full"),
        ('"late" if a >= "2026-01-01" else "early"', {"a": "2026-02-01"}, "late"),
        ('a | split("/") | first | upper', {"a": " x/y "}, "X"),
        ('a | join("、")', {"a": ["x", "", None, "y"]}, "x、y"),
        ('"yes" if a | contains("银行") else "no"', {"a": "某银行"}, "yes"),
        ('"yes" if not (a | starts_with("A")) else "no"', {"a": "BA"}, "yes"),
        ("upper(a)", {"a": "x"}, "X"),
        ("a | default(b) | upper", {"a": "", "b": "x"}, "X"),
        ("a", {"a": 12}, "12"),
        ("a", {"a": 0.1}, "0.1"),
        ("a", {"a": True}, "true"),
        ("a | alias(spelling)", {"a": "colour"}, "color"),
        ("a | alias(spelling)", {"a": "flavour"}, "flavour"),
        ("-a + 3 | text", {"a": "1"}, "2"),
    ],
)
def test_gives(give: Evaluate, expression: str, record: dict[str, object], expected: object) -> None:
    assert give(expression, record) == expected


@pytest.mark.parametrize(
    ("field", "expression", "record", "expected"),
    [
        ("price", "a * 10000", {"a": "1100.04"}, "11000400"),
        ("price", "a * 10000", {"a": ""}, None),
        ("price", "a", {"a": "007.500"}, "7.5"),
        ("price", "a", {"a": 0.1}, "0.1"),
        ("price", "a", {"a": "1e3"}, "1000"),
        ("price", "a", {"a": "-0.00"}, "0"),
        ("price", "a / 3", {"a": 1}, "0." + "3" * 34),
        ("price", "(a | decimal) + b", {"a": "0.1", "b": "0.2"}, "0.3"),
        ("price", "a - b", {"a": "1", "b": None}, None),
        ("count", "a", {"a": "12"}, 12),
        ("count", "a | length", {"a": "abc"}, 3),
        ("day", "a", {"a": "2026-02-28"}, "2026-02-28"),
        ("day", 'a | date("M/D/YYYY", "D-M-YY")', {"a": "2/3/2026"}, "2026-02-03"),
        ("day", 'a | date("M/D/YYYY", "D-M-YY")', {"a": "2-3-26"}, "2026-03-02"),
        ("day", 'a | date("YYYY年M月D日")', {"a": "2026年2月3日"}, "2026-02-03"),
        ("day", 'a | date("YYYYMMDD")', {"a": 20260203}, "2026-02-03"),
        ("day", "a | date_ms", {"a": 1767283199999}, "2026-01-01"),
        ("day", "a | date_ms", {"a": "1767196800000"}, "2026-01-01"),
        ("at", "a | epoch_ms", {"a": 1767225600123}, "2026-01-01T00:00:00.123000Z"),
        ("at", 'a | datetime("YYYY-MM-DD hh:mm:ss")', {"a": "2026-01-01 08:00:00"}, "2026-01-01T00:00:00.000000Z"),
        ("at", 'a | datetime(zone="UTC")', {"a": "2026-01-01 08:00"}, "2026-01-01T08:00:00.000000Z"),
        ("at", "a", {"a": "2026-01-01T08:00:00+08:00"}, "2026-01-01T00:00:00.000000Z"),
        ("good", "a | boolean", {"a": "是"}, True),
        ("good", 'a == "x"', {"a": "y"}, False),
        ("state", "a | term(state)", {"a": "O"}, "open"),
        ("state", "a | term(state)", {"a": 0}, "shut"),
        ("state", "a", {"a": "gone"}, "gone"),
        ("phones", "a", {"a": ["13800138000", "138 0013 8000", ""]}, ["+8613800138000"]),
        ("site", "a", {"a": "https://acme.example/x"}, "https://acme.example/x"),
        ("parent", "a | ref(thing, Things, optional)", {"a": 7}, Reference("thing", "7", "Things", True)),
        ("parent", "a | ref(thing)", {"a": " "}, None),
    ],
)
def test_gives_canonical(
    give: Evaluate, field: str, expression: str, record: dict[str, object], expected: object
) -> None:
    assert give(expression, record, field) == expected


@pytest.mark.parametrize(
    ("field", "expression", "value", "code"),
    [
        ("price", "a * 2", "12元", "not-a-number"),
        ("price", "a", "1,000", "not-a-number"),
        ("price", "a", "NaN", "not-a-number"),
        ("price", "a", "１２", "not-a-number"),
        ("price", "a", True, "not-a-number"),
        ("price", "a", "1e999", "number-too-long"),
        ("price", "1 / a", "0", "division-by-zero"),
        ("count", "a", "1.5", "not-an-integer"),
        ("count", "a", "9223372036854775808", "number-too-long"),
        ("day", 'a | date("M/D/YYYY")', "2/30/2026", "bad-date"),
        ("day", 'a | date("M/D/YYYY")', "2026-02-03", "bad-date"),
        ("day", "a", "2026-2-3", "bad-date"),
        ("day", "a | date_ms", "99999999999999999", "bad-date"),
        ("at", "a", "2026-01-01T08:00:00", "bad-date"),
        ("good", "a | boolean", "maybe", "not-a-boolean"),
        ("state", "a | term(state)", "X", "unknown-term"),
        ("state", "a", "O", "unknown-term"),
        ("site", "a", "javascript:x", "bad-url"),
        ("note", "a.b", "text", "wrong-shape"),
        ("note", "a[0]", "text", "wrong-shape"),
        ("note", "a", ["x"], "not-text"),
        ("note", "a", "x\0y", "bad-text"),
        ("note", "a", "\ud800", "bad-text"),
        ("phones", "a", "13800138000", "not-a-list"),
        ("parent", "a | ref(thing)", 1.5, "bad-key"),
        ("note", "a | contains(b)", "x", ""),
    ],
)
def test_bad_values_name_field_place_and_value(
    world: World, field: str, expression: str, value: object, code: str
) -> None:
    mapped = world.map(f"  {field}: '{expression}'", {"a": value})
    if not code:
        assert not mapped.errors
        return
    assert [(issue.field, issue.code) for issue in mapped.errors] == [(field, code)]
    assert mapped.errors[0].place == "mappings/definitions/acme/things.yaml:6"
    assert field not in mapped.fields
    assert mapped.fields["name"] == "n"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("code", "91330106MA2B0C1D30", "bad-check-digit"),
        ("code", "913301", "bad-uscc"),
        ("phones", ["12"], "bad-phone"),
        ("mail", "nobody", "bad-email"),
    ],
)
def test_what_cannot_be_trusted_is_a_finding_and_stays_empty(
    world: World, field: str, value: object, code: str
) -> None:
    mapped = world.map(f"  {field}: a", {"a": value})
    assert not mapped.errors
    assert mapped.fields[field] is None
    assert [(issue.field, issue.code) for issue in mapped.findings] == [(field, code)]
    strict = world.map(f"  {field}: a", {"a": value}, head=f"bad_value: {{{field}: quarantine}}\n")
    assert [issue.code for issue in strict.errors] == [code]


def test_a_code_typed_with_a_letter_that_no_code_has_is_read_right(world: World) -> None:
    mapped = world.map("  code: a", {"a": "911101O8MA01ABCD5T"})
    assert mapped.fields["code"] == "91110108MA01ABCD5T"
    assert [issue.code for issue in mapped.findings] == ["uscc-misread"]


def test_a_slip_in_a_code_is_told_with_what_may_have_been_meant(world: World) -> None:
    mapped = world.map("  code: a", {"a": "91110180MA01ABCD5T"})
    assert mapped.fields["code"] is None
    assert [issue.code for issue in mapped.findings] == ["bad-check-digit"]
    assert "`91110108MA01ABCD5T`" in mapped.findings[0].message


def test_a_function_after_a_bad_value_still_runs(world: World) -> None:
    mapped = world.map('  note: a | phone | default("none")', {"a": "12"})
    assert mapped.fields["note"] == "none"
    assert [issue.code for issue in mapped.findings] == ["bad-phone"]


def test_one_bad_item_leaves_its_neighbours(world: World) -> None:
    mapped = world.map("  phones: [a | phone, b | phone]", {"a": "12", "b": "13800138000"})
    assert mapped.fields["phones"] == ["+8613800138000"]
    assert [issue.code for issue in mapped.findings] == ["bad-phone"]


def test_policies(world: World) -> None:
    left_out = world.map("  count: a", {"a": "x"}, head="bad_value: {count: finding}\n")
    assert "count" not in left_out.fields
    assert [issue.code for issue in left_out.findings] == ["not-a-number"]
    assert not left_out.errors
    emptied = world.map("  count: a", {"a": "x"}, head="bad_value: {default: empty}\n")
    assert emptied.fields["count"] is None
    assert [issue.code for issue in emptied.findings] == ["not-a-number"]


def test_required_expected_and_only_if(world: World) -> None:
    compiled = world.compiled("  name: n\n  note: m", head='only_if: kind == "x"\n')
    no_name, filtered, fine = compiled.run(
        [{"kind": "x", "n": " "}, {"kind": "y"}, {"kind": "x", "n": "a", "m": "b"}], None
    )
    assert [(i.field, i.code) for i in no_name.errors] == [("name", "required-empty")]
    assert [(i.field, i.code) for i in no_name.findings] == [("note", "expected-empty")]
    assert filtered.filtered
    assert not filtered.fields
    assert fine.fields == {"name": "a", "note": "b"}


def test_rules_hold_where_a_side_is_empty(world: World) -> None:
    fields = "  day: d\n  until: u\n  state: s\n  price: p"
    late = world.map(fields, {"d": "2026-01-02", "u": "2026-01-01"})
    assert [(i.field, i.code) for i in late.errors] == [("day", "ends-before-it-begins")]
    assert not world.map(fields, {"d": "2026-01-02"}).errors
    assert [i.code for i in world.map(fields, {"s": "open", "p": "0"}).findings if i.field != "note"] == [
        "open-and-free"
    ]
    assert not [i for i in world.map(fields, {"s": "open"}).findings if i.code == "open-and-free"]
    assert not [i for i in world.map(fields, {"s": "shut", "p": "0"}).findings if i.code == "open-and-free"]


def test_choices_and_constants(world: World) -> None:
    fields = '  state: {if: a == "1", then: open, else: {if: a == "2", then: shut, else: {from: b | term(state)}}}\n'
    fields += "  price: {const: 1.50}\n  day: {const: 2026-01-01}"
    assert world.map(fields, {"a": 1}).fields["state"] != "open"
    assert world.map(fields, {"a": "1"}).fields == {
        "name": "n", "state": "open", "price": "1.5", "day": "2026-01-01",
    }  # fmt: skip
    assert world.map(fields, {"a": "2"}).fields["state"] == "shut"
    assert world.map(fields, {"b": "S"}).fields["state"] == "shut"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
EVERY_FIELD = """
  name: a | company_name
  note: a.b[0] | trim
  count: a | integer
  price: a * b + 1
  day: a | date("M/D/YYYY", "D-M-YY")
  until: b | date_ms
  at: a | datetime("YYYY-MM-DD hh:mm:ss")
  good: a == b or a in ["x"] or b > 3
  code: a | uscc
  phones: [a | phone, b | phone]
  mail: a | email
  site: b
  state: c | term(state)
  parent: c | ref(thing, optional)
"""


def test_any_json_gives_a_result_and_never_raises(world: World) -> None:
    compiled = world.compiled(EVERY_FIELD, head="only_if: not (c == 1)\n")

    @settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3))
    def holds(record: dict[str, Any]) -> None:
        (mapped,) = compiled.run([record], None)
        again = compiled.run([{}, record], None)[1]
        assert mapped == again
        for name, value in mapped.fields.items():
            assert not isinstance(value, (float, Decimal)), name
        if record.get("a") is None and record.get("b") is None and record.get("c") is None:
            assert [i.code for i in mapped.errors] == ["required-empty"]

    holds()


NUMBERS = st.decimals(min_value=-(10**20), max_value=10**20, places=6, allow_nan=False)


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_arithmetic_is_exact(a: Decimal, b: Decimal) -> None:
    from fractions import Fraction

    left, right = format(a, "f"), format(b, "f")
    for ours, exact in (
        (add, Fraction(a) + Fraction(b)),
        (sub, Fraction(a) - Fraction(b)),
        (mul, Fraction(a) * Fraction(b)),
    ):
        result = ours(left, right)
        assert result is not None
        assert Fraction(result) == exact
    if b:
        quotient = div(left, right)
        assert quotient is not None
        assert abs(Fraction(quotient) - Fraction(a) / Fraction(b)) <= abs(Fraction(quotient)) / 10**33


@settings(deadline=None)
@given(NUMBERS)
def test_canonical_decimal_text_is_stable(value: Decimal) -> None:
    text = to_decimal(format(value, "E"))
    assert text is not None
    assert to_decimal(text) == text
    assert Decimal(text) == value
    assert "E" not in text
    assert text == "0" or not text.startswith("-0") or text.startswith("-0.")
    exact = number(text)
    assert exact is not None
    assert plain(exact) == text

"""The registry, its examples and the reference page agree; cleaning functions on awkward values."""

from __future__ import annotations

import builtins
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_world import World

from mappings.language import Reference, cleaning, runtime, values
from mappings.language import reference as reference_page
from mappings.language.cleaning import company_name, email, phone, uscc
from mappings.language.functions import ALL, CALLS, FUNCTIONS, TOPICS, Function
from masterdata.normal.codes import check

ROOT = Path(__file__).resolve().parents[2]
_FIELD = {"date": "day", "datetime": "at", "number": "price", "integer": "count", "boolean": "good"}
_OF_NAME = {"uscc": "code", "term": "state", "ref": "parent"}
_TERMS = """
state:
  label: {zh: 状态, en: State}
  terms:
    signed: {zh: 已签约, en: Signed}
    open: {zh: 开, en: Open}
other_state:
  label: {zh: 另一状态, en: Other state}
  terms:
    one: {zh: 一, en: One}
"""
_VALUES = """
state: {in: {Won: signed, O: open}}
spelling: {alias: {GTXPro: GTX Pro}}
plants: {table: {"1100": {name: 苏州一厂, city: 苏州}}}
group_rates: {rates: {USD: 7.125, EUR: "7.8"}}
"""


@pytest.mark.parametrize("function", ALL, ids=lambda each: each.name)
def test_each_function_does_what_its_example_says(world: World, function: Function) -> None:
    expression = function.example.expression
    for name, local in (("opportunity_stage", "state"), ("product_name", "spelling"), ("customer", "thing")):
        expression = expression.replace(f"({name}", f"({local}")
    world.write(world.entities / "thing" / "terms.yaml", _TERMS)
    world.write(world.folder / "acme" / "terms.yaml", _VALUES)
    calendar = (ROOT / "mappings" / "calendars" / "china.yaml").read_text(encoding="utf-8")
    world.write(world.folder.parent / "calendars" / "china.yaml", calendar)
    quoted = "'" + expression.replace("'", "''") + "'"
    if function.direction == "out" or function.name == "number":
        given = function.example.given
        source = next(iter(given))
        field = {"stage": "state"}.get(source, source)
        compiled = world.compiled_out(f"  X: {quoted.replace(source, field, 1)}")
        mapped = compiled.run([{field: given[source]}], lambda *_: "100021")[0]
        assert mapped.fields["X"] == function.example.gives
        return
    field = _OF_NAME.get(function.name) or _FIELD.get(function.gives, "note")
    mapped = world.map(f"  {field}: {quoted}", function.example.given)
    assert not mapped.errors
    got = mapped.references.get(field) or mapped.fields[field]
    if isinstance(got, Reference):
        wanted = dict(function.example.gives)
        wanted["entity"] = "thing"
        assert got == Reference(**wanted)
    else:
        assert got == function.example.gives
        assert got.__class__ is function.example.gives.__class__


def test_the_reference_page_is_the_registry() -> None:
    written = (ROOT / "docs" / "reference" / "mapping-functions.md").read_text(encoding="utf-8")
    assert written == reference_page.page(), (
        "run: python -m mappings.language.reference > docs/reference/mapping-functions.md"
    )
    for name in FUNCTIONS:
        assert f"`{name}" in written


def test_every_function_speaks_both_languages() -> None:
    for each in ALL:
        assert re.match("[A-Z0-9`]", each.doc.en), each.name
        assert any("\u4e00" <= char <= "\u9fff" for char in each.doc.zh), each.name
        json.dumps(each.example.given)


def test_a_function_has_one_name_and_one_place_in_the_runtime() -> None:
    assert len(FUNCTIONS) == len(ALL) == sum(len(topic.functions) for topic in TOPICS)
    for each in ALL:
        if each.call is not None:
            assert getattr(runtime, each.call.__name__) is each.call, each.name
            assert each.call.__name__ not in vars(builtins), f"{each.name} would hide Python's own in generated code"
    written = set(re.findall(r"^    (\w+),$", Path(runtime.__file__).read_text(encoding="utf-8"), re.MULTILINE))
    for name in written & set(CALLS):
        assert getattr(values, name, None) is CALLS[name] or getattr(cleaning, name, None) is CALLS[name], name


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("上海拓金生物科技（有限公司） 老客户", "上海拓金生物科技有限公司"),
        ("沈阳恒嘉软件有限公司-停用", "沈阳恒嘉软件有限公司"),
        ("沈阳恒嘉软件有限公司（VIP）", "沈阳恒嘉软件有限公司"),
        ("沈阳恒嘉软件有限公司（张经理）", "沈阳恒嘉软件有限公司"),
        ("沈阳恒嘉软件有限公司客户", "沈阳恒嘉软件有限公司"),
        ("沈阳恒嘉软件有限公司 老客户 停用", "沈阳恒嘉软件有限公司"),
        ("阿里巴巴(中国)有限公司", "阿里巴巴（中国）有限公司"),
        ("阿里巴巴【中国】 有限 公司", "阿里巴巴（中国）有限公司"),
        ("某合伙企业(有限合伙)", "某合伙企业（有限合伙）"),
        ("某某股份有限公司北京分公司 停用!", "某某股份有限公司北京分公司"),
        ("大客户有限公司", "大客户有限公司"),
        ("广州客户服务中心", "广州客户服务中心"),
        ("客户", "客户"),
        ("  Acme   (Holdings)  Ltd ", "Acme (Holdings) Ltd"),
        ("Ｍｉｃｒｏｓｏｆｔ（中国）有限公司", "Microsoft（中国）有限公司"),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_company_names(given: str | None, expected: str | None) -> None:
    assert company_name(given) == expected


@given(st.text(alphabet="上海拓金科技有限公司分店（）() 老客户停用VIP-A集团", max_size=30))
def test_a_clean_company_name_stays_as_it_is(text: str) -> None:
    once = company_name(text)
    assert company_name(once) == once


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("138-0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        (13800138000, "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("(0571) 8888-6666", "+8657188886666"),
        ("010-12345678", "+861012345678"),
        ("+86 10 1234 5678", "+861012345678"),
        ("400-800-1234", "+864008001234"),
        ("+1 415 555 2671", "+14155552671"),
        ("12345678", None),
        ("12800138000", None),
        ("0571-888", None),
        ("13800138000/13900139000", None),
        ("无", None),
    ],
)
def test_phones(given: object, expected: str | None) -> None:
    notes: list[tuple[str, str, str]] = []
    assert phone(given, notes) == expected
    assert [code for code, *_ in notes] == ([] if expected else ["bad-phone"])
    if expected:
        assert phone(expected, []) == expected


@given(st.text(alphabet="0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), st.integers(0, 16))
def test_uscc_check_digit_finds_a_changed_character(body: str, at: int) -> None:
    code = body + check(body)
    assert uscc(f" {code.lower()} ", []) == code
    changed = "1" if code[at] != "1" else "2"
    notes: list[tuple[str, str, str]] = []
    assert uscc(code[:at] + changed + code[at + 1 :], notes) is None
    assert [code for code, *_ in notes] == ["bad-check-digit"]


def test_a_real_code() -> None:
    assert uscc("91110000600037341L", []) == "91110000600037341L"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Li.Lei@Acme.Example", "Li.Lei@acme.example"),
        ("a@b", None),
        ("a b@c.de", None),
        ("a..b@c.de", None),
        ("", None),
    ],
)
def test_emails(given: str, expected: str | None) -> None:
    assert email(given, []) == expected

"""The registry, its examples and the reference page agree; cleaning functions on awkward values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_world import World

from mappings.language import Reference
from mappings.language import reference as reference_page
from mappings.language.cleaning import company_name, email, phone, uscc, uscc_check
from mappings.language.functions import ALL, FUNCTIONS, Function

ROOT = Path(__file__).resolve().parents[2]
_FIELD = {
    "date": "day", "date_ms": "day", "datetime": "at", "epoch_ms": "at", "decimal": "price", "integer": "count",
    "boolean": "good", "uscc": "code", "term": "state", "ref": "parent", "contains": "good", "starts_with": "good",
    "length": "count", "to_date_ms": "count",
}  # fmt: skip


@pytest.mark.parametrize("function", ALL, ids=lambda each: each.name)
def test_each_function_does_what_its_example_says(world: World, function: Function) -> None:
    expression = function.example.expression
    for name, local in (("opportunity_stage", "state"), ("product_name", "spelling"), ("customer", "thing")):
        expression = expression.replace(f"({name}", f"({local}")
    world.write(
        world.entities / "thing" / "terms.yaml",
        """
state:
  label: {zh: 状态, en: State}
  terms:
    signed: {zh: 已签约, en: Signed}
    open: {zh: 开, en: Open}
other_state:
  label: {zh: 另一状态, en: Other state}
  terms:
    one: {zh: 一, en: One}
""",
    )
    world.write(
        world.folder / "acme" / "terms.yaml",
        """
state: {in: {Won: signed, O: open}}
spelling: {alias: {GTXPro: GTX Pro}}
""",
    )
    quoted = "'" + expression.replace("'", "''") + "'"
    if function.direction == "out" or function.name == "number":
        given = function.example.given
        source = next(iter(given))
        field = {"stage": "state"}.get(source, source)
        compiled = world.compiled_out(f"  X: {quoted.replace(source, field, 1)}")
        mapped = compiled.run([{field: given[source]}], lambda *_: "100021")[0]
        assert mapped.fields["X"] == function.example.gives
        return
    field = _FIELD.get(function.name, "note")
    mapped = world.map(f"  {field}: {quoted}", function.example.given)
    assert not mapped.errors
    got = mapped.references.get(field) or mapped.fields[field]
    if isinstance(got, Reference):
        wanted = dict(function.example.gives)
        wanted["entity"] = "thing"
        assert got == Reference(**wanted)
    else:
        assert got == function.example.gives


def test_the_reference_page_is_the_registry() -> None:
    written = (ROOT / "docs" / "reference" / "mapping-functions.md").read_text(encoding="utf-8")
    assert written == reference_page.page(), (
        "run: python -m mappings.language.reference > docs/reference/mapping-functions.md"
    )
    for name in FUNCTIONS:
        assert f"`{name}" in written


def test_every_function_speaks_both_languages() -> None:
    for each in ALL:
        assert each.doc.en.isascii() or each.name in ("boolean", "company_name", "number")
        assert any("\u4e00" <= char <= "\u9fff" for char in each.doc.zh), each.name
        json.dumps(each.example.given)


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
    code = body + uscc_check(body)
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

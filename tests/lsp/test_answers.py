"""Completion, hover and definition, by the text and the cursor alone. ``^`` marks the cursor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tongmai.core.settings import product_root
from tongmai.lsp.answers import Mapping, mapping_name
from tongmai.sync.content import Content, load_content

INBOUND = "mapping: fxiaoke/account\nfrom: fxiaoke.AccountObj\nto: customer\nfields:\n"


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content()


def opened(content: Content, text: str, name: str = "fxiaoke/account") -> tuple[Mapping, int, int]:
    before, _, after = text.partition("^")
    line = before.count("\n")
    return Mapping(content, name, before + after), line, len(before) - before.rfind("\n") - 1


def offered(content: Content, text: str, name: str = "fxiaoke/account") -> set[str]:
    mapping, line, column = opened(content, text, name)
    return {one.label for one in mapping.complete(line, column)}


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        (INBOUND + "  leg^", {"legal_name", "level"}, {"name", "trim"}),
        (INBOUND + "  legal_name: na^", {"name", "trim"}, {"legal_name"}),
        (INBOUND + "  legal_name: name | ^", {"trim", "company_name"}, {"name", "term_out"}),
        (INBOUND + "  level: account_level | term(cus^", {"customer_level"}, {"trim"}),
        (INBOUND + "  parent: x | ref(^", {"customer", "product"}, {"trim"}),
        (INBOUND + "  parent: x | ref(customer, ^", {"AccountObj"}, {"customer"}),
        (INBOUND + "  legal_name: name # ^", set(), {"name"}),
        (INBOUND.replace("to: customer", "to: ^"), {"customer", "opportunity"}, {"name"}),
        (INBOUND.replace("from: fxiaoke.AccountObj", "from: ^"), {"fxiaoke.AccountObj"}, set()),
        (INBOUND + "^", {"only_if: ", "bad_value: "}, {"fields: ", "name"}),
        (INBOUND + "  phones: [tel | ^", {"phone"}, set()),
        (INBOUND + "  status: {if: life_^", {"life_status"}, set()),
    ],
)
def test_completion(content: Content, text: str, there: set[str], not_there: set[str]) -> None:
    found = offered(content, text)
    assert there <= found, found
    assert not not_there & found


def test_completion_of_the_other_direction_and_of_lines(content: Content) -> None:
    outbound = "mapping: kingdee/sale_order.out\nfrom: sales_order\nto: kingdee.SAL_SaleOrder\nfields:\n"
    name = "kingdee/sale_order.out"
    assert {"id", "number", "ordered_on"} <= offered(content, outbound + "  FBillNo: ^", name)
    assert "term_out" in offered(content, outbound + "  FBillNo: number | ^", name)
    inbound = "mapping: kingdee/sale_order\nfrom: kingdee.SAL_SaleOrder\nto: sales_order\nfields:\n"
    lines = inbound + "  lines:\n    each: FSaleOrderEntry\n    fields:\n      pr^"
    assert offered(content, lines, "kingdee/sale_order") == {"product", "quantity", "price"}


def test_hover_speaks_the_dictionary_s_words(content: Content) -> None:
    def told(text: str) -> str:
        mapping, line, column = opened(content, text)
        return mapping.hover(line, column)

    level = told(INBOUND + "  le^vel: account_level | term(customer_level)")
    assert "客户等级" in level and "`key_account`" in level and "term(customer_level)" in level
    assert "去掉首尾空白" in told(INBOUND + "  legal_name: name | tr^im")
    assert "重点" in told(INBOUND + "  level: account_level | term(customer_le^vel)")
    assert "account_level" in told(INBOUND + "  level: acc^ount_level | trim")
    assert "only_if" not in told("on^ly_if: x") and "过滤" in told("on^ly_if: x")
    assert told(INBOUND + "  level: nobody_kn^ows") == ""


def test_going_to_what_is_declared(content: Content, site: Path) -> None:
    folder = site / "mappings" / "fxiaoke"
    folder.mkdir(parents=True)
    (folder / "fragments.yaml").write_text("# first\nclean(x): x | trim\n", encoding="utf-8")
    (folder / "own.yaml").write_text("mapping: fxiaoke/own\nextends: fxiaoke/account\nfields: {}\n", encoding="utf-8")
    content = load_content()

    def place(text: str) -> tuple[str, int]:
        mapping, line, column = opened(content, text, "fxiaoke/own")
        found = mapping.definition(line, column)
        assert found is not None
        return Path(found.file).name, found.line

    assert place("mapping: fxiaoke/own\nextends: fxiaoke/acc^ount\n") == ("account.yaml", 0)
    assert place(INBOUND + "  legal_name: name | cle^an") == ("fragments.yaml", 1)
    assert place(INBOUND + "  level: x | term(customer_lev^el)")[0] == "terms.yaml"
    assert place("to: custo^mer\n")[0] == "entity.yaml"


def test_which_files_are_mappings() -> None:
    root = product_root() / "mappings" / "definitions"
    assert mapping_name(root / "fxiaoke" / "account.yaml") == "fxiaoke/account"
    for other in ("fxiaoke/terms.yaml", "fxiaoke/account_test.yaml", "fxiaoke/tables/x.csv"):
        assert mapping_name(root / other) == ""

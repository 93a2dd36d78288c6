"""What a BI tool sees in the schema ``bi``: records with terms in words, lines as rows, trees, and nothing personal."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from masterdata.store import connect
from tests.dictionary.conftest import Golden, made
from tongmai.core.errors import ConfigurationError
from tongmai.stack.postgres import Server
from tongmai.sync.content import activate, load_content


def columns(golden: Golden, view: str) -> dict[str, tuple[str, str | None]]:
    """Name → (type, comment)."""
    return {
        row[0]: row[1:]
        for row in golden.rows(
            "select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) from pg_attribute"
            f" where attrelid = 'bi.{view}'::regclass and attnum > 0"
        )
    }


def test_records_have_their_types_terms_in_words_and_references_through_redirects(golden: Golden) -> None:
    golden.put("customer", "kept", legal_name="甲集团")
    golden.put("customer", "gone", legal_name="甲集团旧")
    golden.put("customer", "child", legal_name="乙公司", level="strategic", parent_id="gone", revenue=Decimal("12.50"))
    golden.connection.execute("update hub.entity set redirect_to = %s where id = %s", (made("kept"), made("gone")))
    assert golden.rows(
        "select legal_name, level, level_zh, level_en, parent_id, revenue, version from bi.customer order by legal_name"
    ) == [
        ("乙公司", "strategic", "战略客户", "Strategic", made("kept"), Decimal("12.50"), 1),
        ("甲集团", None, None, None, None, None, 1),
    ]
    found = columns(golden, "customer")
    assert list(found)[:4] == ["id", "version", "updated_at", "legal_name"]
    assert found["revenue"] == ("numeric", "年营业额 · Annual revenue (decimal)")
    assert found["former_names"][0] == "text[]"


def test_lines_are_rows_with_types(golden: Golden) -> None:
    golden.put("product", "p", name="泵")
    lines = [
        {"product": str(made("p")), "quantity": "2", "price": "10.50"},
        {"product": None, "quantity": "1", "price": "3"},
    ]
    golden.put("sales_order", "o", number="SO1", lines=json.dumps(lines))
    golden.put("sales_order", "empty", number="SO2")
    assert golden.rows(
        "select sales_order_id, line, product_id, quantity * price from bi.sales_order_lines order by line"
    ) == [(made("o"), 1, made("p"), Decimal("21.00")), (made("o"), 2, None, Decimal("3"))]
    golden.put("opportunity", "d", name="x", stage="lost", competitors=json.dumps([{"name": "乙", "threat": 4}]))
    assert golden.rows("select name, threat from bi.opportunity_competitors") == [("乙", 4)]
    assert golden.rows("select stage_zh from bi.opportunity") == [("流失",)]


def test_whoever_reads_only_the_schema_bi_reads_nothing_personal(golden: Golden, postgres: Server) -> None:
    schema = load_content().schema
    for name, entity in schema.entities.items():
        personal = {entity.column(each) for each, spec in entity.fields.items() if spec.personal}
        assert not personal & set(columns(golden, name)), name
    golden.put("contact", "w", name="王丽", mobile="13900001111", title="采购经理")
    ((own,),) = golden.rows("select current_database()")
    with psycopg.connect(postgres.admin_url(own), autocommit=True) as reader:
        reader.execute("create role bi_reader")
        try:
            reader.execute("grant usage on schema bi to bi_reader")
            reader.execute("grant select on all tables in schema bi to bi_reader")
            reader.execute("set role bi_reader")
            assert reader.execute("select title from bi.contact").fetchall() == [("采购经理",)]
            for table in ("golden.contact", "hub.entity_version"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(f"select * from {table}")  # type: ignore[arg-type]
            names = [row[0] for row in reader.execute("select viewname from pg_views where schemaname = 'bi'")]
            said = "".join(str(reader.execute(f'select * from bi."{name}"').fetchall()) for name in names)  # type: ignore[arg-type]
            assert "王丽" not in said and "13900001111" not in said
        finally:
            reader.execute("reset role")
            reader.execute("drop owned by bi_reader")
            reader.execute("drop role bi_reader")


def test_the_organisation_is_one_tree_of_units_and_departments(golden: Golden) -> None:
    golden.put("organization_unit", "group", name="集团", type="group")
    golden.put(
        "organization_unit", "east", name="华东公司", type="company", parent_id="group", valid_to=date(2020, 1, 1)
    )
    golden.put("department", "sales", name="销售部", organization_unit_id="east")
    golden.put("department", "key", name="大客户组", parent_id="sales", organization_unit_id="group")
    golden.put("department", "self", name="自环", parent_id="self", organization_unit_id="east")
    rows = golden.rows("select name, kind, level, path_names, root_id, current, in_ring from bi.organization_tree")
    found = {row[0]: row[1:] for row in rows}
    group = made("group")
    assert found == {
        "集团": ("organization_unit", 0, ["集团"], group, True, False),
        "华东公司": ("organization_unit", 1, ["集团", "华东公司"], group, False, False),
        "销售部": ("department", 2, ["集团", "华东公司", "销售部"], group, True, False),
        "大客户组": ("department", 3, ["集团", "华东公司", "销售部", "大客户组"], group, True, False),
        "自环": ("department", 2, ["集团", "华东公司", "自环"], group, True, False),
    }


def test_every_kind_that_has_a_parent_has_its_tree_without_personal_names(golden: Golden) -> None:
    golden.put("employee", "boss", name="王总", number="1")
    golden.put("employee", "li", name="李工", number="2", superior_id="boss")
    assert golden.rows("select id, superior_id, root_id, level from bi.employee_tree order by level") == [
        (made("boss"), None, made("boss"), 0),
        (made("li"), made("boss"), made("boss"), 1),
    ]
    assert not {"name", "path_names"} & set(columns(golden, "employee_tree"))
    golden.put("supplier", "s", legal_name="供应商")
    assert golden.rows("select legal_name, level from bi.supplier_tree") == [("供应商", 0)]


def test_a_field_that_a_site_adds_is_added_under_what_was_built_upon_the_view(
    hub_url: str, site: Path, golden: Golden
) -> None:
    golden.connection.execute("create view public.mine as select id, legal_name, level_zh from bi.customer")
    folder = site / "masterdata" / "customer"
    folder.mkdir(parents=True)
    (folder / "entity.yaml").write_text(
        "extend: customer\nfields:\n  credit: {type: decimal, label: {zh: 信用额度, en: Credit}}\n"
        "  grade: {type: term(customer_level), label: {zh: 评级, en: Grade}}\n"
    )
    with connect(hub_url) as database:
        activate(database, load_content())
    golden.put("customer", "c", legal_name="甲", credit=Decimal(7), grade="small")
    assert golden.rows("select credit, grade_zh from bi.customer") == [(Decimal(7), "小客户")]
    (folder / "entity.yaml").unlink()


def test_a_view_of_somebody_elses_is_never_replaced_and_one_that_is_not_declared_goes(
    hub_url: str, site: Path, golden: Golden
) -> None:
    folder = site / "masterdata" / "machine"
    folder.mkdir(parents=True)
    (folder / "entity.yaml").write_text(
        "entity: machine\nlabel: {zh: 设备, en: Machine}\nfields:\n  name: {type: text, label: {zh: 名称, en: Name}}\n"
        "  parent: {type: ref(machine), label: {zh: 上级, en: Parent}}\n"
    )
    golden.connection.execute("create view bi.machine as select 1 as mine")
    with connect(hub_url) as database:
        with pytest.raises(ConfigurationError, match="somebody has something else") as caught:
            activate(database, load_content())
        assert caught.value.code == "view-name-taken"
        assert golden.rows("select mine from bi.machine") == [(1,)]
        golden.connection.execute("drop view bi.machine")
        activate(database, load_content())
        assert golden.rows("select name from bi.machine") == golden.rows("select name from bi.machine_tree") == []
        (folder / "entity.yaml").unlink()
        golden.connection.execute("create view bi.own_report as select id from bi.customer")
        activate(database, load_content())
    left = {row[0] for row in golden.rows("select viewname from pg_views where schemaname = 'bi'")}
    assert not {"machine", "machine_tree"} & left and "own_report" in left


def test_an_entity_that_is_called_like_a_view_is_refused(hub_url: str, site: Path) -> None:
    folder = site / "masterdata" / "kpi"
    folder.mkdir(parents=True)
    (folder / "entity.yaml").write_text(
        "entity: kpi\nlabel: {zh: 指标, en: KPI}\nfields:\n  name: {type: text, label: {zh: 名称, en: Name}}\n"
    )
    with connect(hub_url) as database, pytest.raises(ConfigurationError, match=r"bi\.kpi"):
        activate(database, load_content())

"""The YAML in the how-to guides is YAML that the hub takes; both languages show the same."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from connectors.sdk.webhook.model import Webhook
from mappings.language.cases import Case, run_tests
from mappings.language.definition import MappingFile
from masterdata.model.entity import Field
from masterdata.model.matching import MatchingRules
from masterdata.model.quality import QualityRules
from tests.docs.blocks import Block, blocks
from tests.files import lay
from tongmai.core import yamlfile
from tongmai.core.settings import product_root
from tongmai.flows.spec import Flow
from tongmai.quality.compiled import judge
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.guarantee import promise
from tongmai.sync.specs import Connection, Direct, Group, Inbound, Notify, Outbound

FOLDER = product_root() / "docs" / "howto"
ENGLISH = sorted(page.name for page in FOLDER.glob("*.md") if not page.name.endswith(".zh-CN.md"))


def examples(page: str) -> list[Block]:
    return [block for block in blocks(FOLDER / page) if block.kind == "yaml"]


@pytest.mark.parametrize("page", sorted(page.name for page in FOLDER.glob("*.md")))
def test_every_example_is_of_its_model(page: str) -> None:
    for block in examples(page):
        document = yamlfile.loads(
            block.body.replace(", …}", ", label: {zh: 字段, en: Field}}"), f"{page}:{block.line}"
        )[0]
        data = document.data
        assert not document.findings, document.findings
        if isinstance(data, list):
            assert all(yamlfile.check(document, Case, "test", (index,)) for index in range(len(data)))
        elif "matching" in data:
            assert yamlfile.check(document, MatchingRules, "matching"), document.findings
        elif "quality" in data:
            assert yamlfile.check(document, QualityRules, "dataquality"), document.findings
        elif "mapping" in data:
            assert yamlfile.check(document, MappingFile, "mapping")
        elif "sync" in data:
            model = Direct if {"read", "write"} <= set(data) else Inbound if "read" in data else Outbound
            assert yamlfile.check(document, model, "sync"), document.findings
        elif "flow" in data:
            assert yamlfile.check(document, Flow, "flow"), document.findings
        elif "group" in data:
            assert yamlfile.check(document, Group, "sync")
        elif "webhooks" in data:
            for name in data["webhooks"]:
                assert yamlfile.check(document, Webhook, "webhook", ("webhooks", name)), document.findings
        elif "notify" in data:
            assert yamlfile.check(document, Notify, "sync", ("notify",))
        elif "connector" in next(iter(data.values())):
            assert all(yamlfile.check(document, Connection, "connection", (name,)) for name in data)
        else:
            assert all(yamlfile.check(document, Field, "entity", (name,)) for name in data), document.findings


@pytest.mark.parametrize("page", ENGLISH)
def test_both_languages_show_the_same_examples(page: str) -> None:
    shown = [block.body for block in examples(page)]
    translated = [block.body for block in examples(page.replace(".md", ".zh-CN.md"))]
    assert len(shown) == len(translated)
    for one, other in zip(shown, translated, strict=True):
        assert one == other or "case:" in one


def test_the_mapping_of_the_guide_compiles(site: Path) -> None:
    """Under names of its own, beside the product's."""
    inbound, case, outbound = (block.body for block in examples("mapping.md")[:3])
    for system, name, body in (("fxiaoke", "account", inbound), ("kingdee", "customer.out", outbound)):
        folder = site / "mappings" / system
        folder.mkdir(parents=True)
        (folder / f"{name}.yaml").write_text(f"{body}replaces: true\n", encoding="utf-8")
    (site / "mappings" / "fxiaoke" / "account_test.yaml").write_text(case, encoding="utf-8")
    content = load_content()
    ours = [finding for finding in check_content(content) if str(site) in finding.mark.file]
    assert [f.line() for f in ours if f.severity == "error" and f.code != "mapping.no-tests"] == []
    assert {"fxiaoke/account", "kingdee/customer.out"} <= set(content.mappings.by_name)


@pytest.mark.parametrize("page", ["mapping.md", "mapping.zh-CN.md"])
def test_the_lines_of_the_guide_compile_and_do_what_their_case_says(site: Path, page: str) -> None:
    fields, inbound, case, outbound, buyer, buyers = (block.body for block in examples(page)[3:])
    entity = "entity: shop_order\nlabel: {zh: 网店订单, en: Shop order}\nfields:\n"
    entity += "  number: {type: text, required: true, label: {zh: 单号, en: Number}}\n" + indent(fields, "  ")
    files = {
        "masterdata/shop_order/entity.yaml": entity,
        "mappings/web_shop/order.yaml": inbound,
        "mappings/web_shop/order_test.yaml": case,
        "mappings/my_erp/order.out.yaml": outbound,
        "mappings/web_shop/buyer.yaml": buyer,
        "syncs/web_shop_buyers.yaml": buyers,
    }
    lay(site, files)
    content = load_content()
    ours = [finding for finding in check_content(content) if str(site) in finding.mark.file]
    expected = {"mapping.no-tests", "sync.unknown-connection", "sync.part-of-nothing"}  # what the guide does not show
    assert [finding.line() for finding in ours if finding.severity == "error" and finding.code not in expected] == []
    part = content.mappings.by_name["web_shop/buyer"].part
    assert part is not None and (part.parent, part.path) == ("orders", ("buyer",))
    (result,) = run_tests(content.mappings.by_name["web_shop/order"], content.mappings.tests["web_shop/order"])
    assert result.differences == []
    line = {"product": "p", "quantity": "2", "price": "5"}
    out = content.mappings.by_name["my_erp/order.out"].run([{"number": "1", "lines": [line]}], lambda *_: "M-1")
    assert out[0].fields["Entry"] == [{"Material": {"Number": "M-1"}, "Qty": "2", "Price": "5"}]


@pytest.mark.parametrize("page", ["sync.md", "sync.zh-CN.md"])
def test_the_direct_sync_of_the_guide_compiles_and_promises_what_it_says(site: Path, page: str) -> None:
    mapping, sync = (one.body for one in examples(page) if "direct" in one.body or "shop_orders_to_erp" in one.body)
    files = {
        "connections.yaml": "shop:\n  connector: file\n  role: shop\n  settings:\n    path: .\n    streams:\n"
        "      orders: {file: orders.jsonl, key: order_no}\n",
        "masterdata/shop_order/terms.yaml": "order_state:\n  label: {zh: 状态, en: State}\n  terms:\n    paid: {zh: 已付, en: Paid}\n",
        "mappings/shop/terms.yaml": "order_state:\n  in: {P: paid}\n",
        "mappings/kingdee/shop_order.direct.yaml": mapping,
        "mappings/kingdee/shop_order.direct_test.yaml": "- case: an order\n  given: {order_no: A1, state: P, paid_at: 2026-11-22, items: [{sku: x, qty: 2}]}\n"
        "  expect: {FBillNo: A1, FNote: paid, FSaleOrderEntry: [{FMaterialId: {FNumber: x}, FQty: 2}]}\n",
        "syncs/shop_orders_to_erp.yaml": sync,
    }
    lay(site, files)
    content = load_content()
    ours = [finding for finding in check_content(content) if str(site) in finding.mark.file]
    assert [finding.line() for finding in ours] == []
    name = "kingdee/shop_order.direct"
    (result,) = run_tests(content.mappings.by_name[name], content.mappings.tests[name])
    assert result.differences == []
    found = promise(content, "shop_orders_to_erp")
    assert found and found.guarantee == "effectively-once"


def test_the_flow_of_the_guide_compiles_and_promises_what_its_sync_does(site: Path) -> None:
    flow, mapping, group = (block.body for block in examples("flow.md"))
    files = {
        "flows/big_deals.yaml": flow,
        "mappings/hub/framework.yaml": mapping,
        "mappings/hub/framework_test.yaml": "- case: a number\n  given: {framework_number: KJ-2026-0001, customer: c}\n"
        "  expect: {number: KJ-2026-0001}\n",
        "syncs/deals.yaml": group,
    }
    lay(site, files)
    content = load_content()
    ours = [finding for finding in check_content(content) if str(site) in finding.mark.file]
    assert [finding.line() for finding in ours] == []
    (result,) = run_tests(content.mappings.by_name["hub/framework"], content.mappings.tests["hub/framework"])
    assert result.differences == []
    found, weakest = promise(content, "big_deals"), promise(content, "crm_contracts")
    assert found and weakest and found.guarantee == weakest.guarantee


def test_the_rules_of_quality_of_the_guide_are_taken_by_the_product(site: Path) -> None:
    (rules,) = (block.body for block in examples("quality.md"))
    (site / "masterdata" / "customer").mkdir(parents=True)
    (site / "masterdata" / "customer" / "quality.yaml").write_text(rules, encoding="utf-8")
    content = load_content()
    assert [finding.line() for finding in check_content(content)] == []
    names = {rule.name: rule for rule in judge(content.schema, "customer").rules}
    assert "completeness.lifecycle" not in names and "completeness.uscc" in names
    assert names["uniqueness.twins"].weight == 4 and names["timeliness.level_reviewed"].reads == ("level",)

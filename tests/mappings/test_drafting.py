"""Drafts of mappings: what a source's fields could mean, never taken over silently."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mappings.drafting import Proposal, profile, propose
from mappings.drafting.key import part_key
from mappings.drafting.names import likeness, words
from mappings.drafting.profile import kind_of
from masterdata.model import load_schema
from tongmai.core.settings import content_folders, product_root

ORDERS = [
    {
        "orderId": f"SO2026010{n}",
        "下单时间": 1767283200000 + n * 86_400_000,
        "买方": {"客户编码": f"C-{n}", "客户名称": f"第{n}有限公司"},
        "合同号": f"HT-{n}",
        "总金额(万元)": f"{n}.5",
        "goods": [{"货号": f"M-{n}", "数量": n, "含税单价": "5000.00"}],
    }
    for n in range(1, 8)
]


def drafted(records: list[dict[str, Any]], entity: str) -> dict[str, Proposal]:
    schema = load_schema(content_folders("masterdata/entities", "masterdata"))
    return {one.target: one for one in propose(profile(records), schema.entities[entity], schema)}


def test_a_vendor_json_never_seen() -> None:
    found = drafted(ORDERS, "sales_order")
    assert {name: one.expression for name, one in found.items()} == {
        "number": "orderId | trim",
        "customer": "买方.客户编码 | ref(customer, optional)",
        "contract": "合同号 | trim",
        "ordered_on": "下单时间 | date_ms",
        "amount": 'field("总金额(万元)") | unit(万元, 元)',
        "lines": "goods",
        "lines.product": "货号 | ref(product, optional)",
        "lines.quantity": "数量 | integer" if found["lines.quantity"].source.kind == "boolean" else "数量 | decimal",
        "lines.price": "含税单价 | decimal",
    }
    assert all(one.confidence >= 0.6 and one.reasons for one in found.values())


def test_shops_vendors_and_spreadsheets() -> None:
    crm = [
        {"FName": f"第{n}有限公司", "FNumber": f"K{n}", "FSOCIALCRECODE": "", "FTEL": "0571-88886666"} for n in range(9)
    ]
    found = drafted(crm, "customer")
    assert found["legal_name"].expression == "FName | trim"
    assert found["number"].expression == "FNumber | trim"
    assert found["phones"].expression == "[FTEL | phone]"
    pinyin = [{"khmc": f"第{n}有限公司", "lxdh": "13800138000", "khbh": n, "hangye": "medical"} for n in range(9)]
    found = drafted(pinyin, "customer")
    assert found["legal_name"].expression == "khmc | trim"
    assert found["industry"].expression == "hangye | term(industry)"
    assert found["industry"].terms == {"medical": "medical"}


@pytest.mark.parametrize(
    ("values", "kind", "form"),
    [
        (["2026/01/02", "2026/11/30"], "date", "YYYY/MM/DD"),
        (["20260102"], "date", "YYYYMMDD"),
        ([1767283200000], "epoch_ms", ""),
        (["¥1,234.50", "2万元"], "money", ""),
        (["12.5", "3"], "decimal", ""),
        (["007"], "text", ""),
        (["是", "否"], "boolean", ""),
        (["A", "B", "A", "B", "A"], "code", ""),
        (["a@b.example"], "email", ""),
        ([["a"]], "list", ""),
        (["2026-01-02T03:04:05Z"], "datetime", ""),
    ],
)
def test_what_values_look_like(values: list[Any], kind: str, form: str) -> None:
    assert kind_of(values) == (kind, form)


def test_names() -> None:
    assert words("FCustomerName__c") == ("customer", "name")
    assert words("客戶名稱（全稱）") == ("客户名称",)
    assert likeness("kehumingcheng", "", "x", ("客户名称", ""))[0] == 0.9
    assert likeness("zzz", "", "legal_name", ("客户全称", "Legal name"))[0] == 0


def tongmai(*arguments: str, site: Path, lang: str = "en") -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "TONGMAI_PATH": str(site), "TONGMAI_LANG": lang}
    return subprocess.run(
        [sys.executable, "-m", "tongmai", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_writes_a_draft_that_no_sync_runs_until_somebody_has_looked(tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    source = tmp_path / "orders.json"
    source.write_text(json.dumps({"code": 0, "data": {"list": ORDERS}}, ensure_ascii=False), encoding="utf-8")
    done = tongmai("mapping", "new", "trade.orders", "sales_order", "--file", str(source), site=site)
    assert done.returncode == 0, done.stderr
    assert "95 %  number" in done.stdout
    file = site / "mappings" / "trade" / "orders.yaml"
    assert file.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=../../.schemas/mapping.json\n")
    assert tongmai("mapping", "test", "trade/orders", site=site).returncode == 0, (
        "its test shows what it makes of a record"
    )
    checked = tongmai("check", "--json", site=site)
    codes = [each["code"] for each in json.loads(checked.stdout)["findings"] if "trade" in each["file"]]
    assert codes == ["mapping.draft"] and checked.returncode == 1
    file.write_text(file.read_text(encoding="utf-8").replace("draft: true\n", ""), encoding="utf-8")
    assert tongmai("check", site=site).returncode == 0
    again = tongmai("mapping", "new", "trade.orders", "sales_order", "--file", str(source), site=site)
    assert again.returncode != 0 and "is there already" in again.stderr


def test_the_schemas_know_the_content_and_take_what_is_shipped(tmp_path: Path) -> None:
    done = tongmai(
        "schema", "--into", str(tmp_path / "schemas"), site=product_root() / "docs" / "examples" / "acme_crm"
    )
    assert done.returncode == 0, done.stderr

    def check(kind: str, file: Path) -> list[str]:
        schema = json.loads((tmp_path / "schemas" / f"{kind}.json").read_text(encoding="utf-8"))
        data = json.loads(json.dumps(_read(file)))
        return [each.message for each in jsonschema.Draft202012Validator(schema).iter_errors(data)]

    root = product_root()
    for file in sorted((root / "mappings" / "definitions").glob("*/*.yaml")):
        kind = (
            "value_maps" if file.name == "terms.yaml" else "mapping_test" if file.stem.endswith("_test") else "mapping"
        )
        assert check(kind, file) == [], file
    for file in sorted((root / "dags" / "syncs").glob("*.yaml")):
        assert check("sync", file) == [], file
    for file in sorted((root / "masterdata" / "entities").glob("*/entity.yaml")):
        assert check("entity", file) == [], file
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("mapping: a/b\nfrom: a.b\nto: customer\nfields: {legal_nam: x}\n", encoding="utf-8")
    assert any("legal_nam" in each for each in check("mapping", wrong))
    schema = json.loads((tmp_path / "schemas" / "mapping.json").read_text(encoding="utf-8"))
    customer = next(each for each in schema["allOf"] if each["if"]["properties"]["to"]["const"] == "customer")
    hover = customer["then"]["properties"]["fields"]["properties"]["level"]["description"]
    assert "客户等级" in hover and "key_account" in hover


def _read(file: Path) -> Any:
    from tongmai.core import yamlfile

    return yamlfile.load(file)[0].data


def test_a_draft_of_a_part_is_made_of_what_stands_there(tmp_path: Path) -> None:
    site, file = tmp_path / "site", tmp_path / "orders.jsonl"
    (site / "mappings").mkdir(parents=True)
    file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in ORDERS), encoding="utf-8")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, "TONGMAI_PATH": str(site)}
        return subprocess.run(
            [sys.executable, "-m", "tongmai", "mapping", *words], env=variables, capture_output=True, text=True
        )

    done = run("new", "web_shop.orders/买方", "customer", "--file", str(file))
    assert done.returncode == 0, done.stderr
    (draft,) = (site / "mappings" / "web_shop").glob("orders_*[!t].yaml")
    text = draft.read_text(encoding="utf-8")
    assert "from: web_shop.orders/买方\nkey: 客户编码 | text" in text or 'key: field("客户编码") | text' in text
    assert "legal_name: 客户名称 | trim" in " ".join(text.split())
    assert run("validate", f"web_shop/{draft.stem}").returncode == 0
    nowhere = run("new", "web_shop.orders/卖方", "customer", "--file", str(file), "--json")
    assert nowhere.returncode != 0 and "nothing-to-draft" in nowhere.stdout + nowhere.stderr


def test_what_identifies_a_part() -> None:
    assert (
        part_key([{"name": "a", "buyer_id": 1, "paid": 1, "head": {}}, {"name": "b", "buyer_id": 2, "paid": 0}])
        == "buyer_id"
    )
    assert part_key([{"id": 1, "code": "x"}, {"id": "", "code": "y"}]) == "code", "every part has it"
    assert part_key([{"订单 号": "1"}]) == 'field("订单 号")'
    assert part_key([{"name": "a", "paid": 1}]) == ""

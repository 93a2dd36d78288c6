"""One stream feeds several entities: the buyers in a shop's orders are customers, its lines are invoices of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.files import lay
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.run import SyncOptions, run_sync

FILES = {
    "connections.yaml": "shop:\n  connector: file\n  role: shop\n  settings:\n    path: PATH\n    streams:\n"
    "      orders: {file: orders.jsonl, format: jsonl, key: no}\n",
    "mappings/shop/orders.yaml": "mapping: shop/orders\nfrom: shop.orders\nto: sales_order\nfields:\n  number: no\n"
    "  customer: buyer.id | ref(customer, orders/buyer, optional)\n"
    "  lines:\n    each: items\n    fields:\n      product: sku | ref(product, orders/items, optional)\n      quantity: qty\n      price: price\n",
    "mappings/shop/buyer.yaml": "mapping: shop/buyer\nfrom: shop.orders/buyer\nkey: id | text\nto: customer\nfields:\n"
    "  legal_name: name | company_name\n  address: head.city | trim\n",
    "mappings/shop/sku.yaml": "mapping: shop/sku\nfrom: shop.orders/items\nkey: sku\nowned: true\nto: product\n"
    "only_if: sku != 'FREE'\nfields:\n  number: head.no + '-' + sku\n  name: title | default(sku)\n",
    "syncs/shop_orders.yaml": "sync: shop_orders\nread: {connection: shop, stream: orders}\nmap: shop/orders\n",
    "syncs/shop_buyers.yaml": "sync: shop_buyers\nread: {connection: shop, stream: orders/buyer}\nmap: shop/buyer\n",
    "syncs/shop_skus.yaml": "sync: shop_skus\nread: {connection: shop, stream: orders/items}\nmap: shop/sku\n",
    "syncs/shop_all.yaml": "group: shop_all\nsyncs: [shop_orders, shop_buyers, shop_skus]\n",
}


def order(no: str, buyer: dict[str, Any] | None, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"no": no, "buyer": buyer, "items": list(items), "city": "上海", **more}


def item(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "qty": 1, "price": "10", **more}


class Shop:
    def __init__(self, folder: Path, url: str) -> None:
        self.file, self.url = folder / "orders.jsonl", url

    def orders(self, *records: Any) -> None:
        self.file.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records), encoding="utf-8")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()

    def run(self, name: str = "shop_all", **options: Any) -> Any:
        report = run_sync(name, SyncOptions(**options))
        assert report.ok and report.balanced, report.as_json()
        return report


@pytest.fixture
def shop(site: Path, tmp_path: Path, hub_url: str) -> Shop:
    lay(site, FILES, PATH=tmp_path)
    return Shop(tmp_path, hub_url)


def test_one_record_feeds_several_entities(shop: Shop) -> None:
    buyer = {"id": 7, "name": "甲乙有限公司"}
    shop.orders(
        order("A1", buyer, item("X", title="扳手"), item("FREE")), order("A2", buyer, item("Y")), order("A3", None)
    )
    report = shop.run()
    assert report.inbound["read"] == 3 + 1 + 3
    assert report.inbound["filtered"] == 1
    assert shop.query("select legal_name, address from golden.customer") == [("甲乙有限公司", "上海")]
    assert shop.query("select number, name from golden.product order by 1") == [("A1-X", "扳手"), ("A2-Y", "Y")]
    linked = shop.query(
        "select o.number, c.legal_name from golden.sales_order o left join golden.customer c on c.id = o.customer_id order by 1"
    )
    assert linked == [("A1", "甲乙有限公司"), ("A2", "甲乙有限公司"), ("A3", None)], (
        "references that came later are filled"
    )
    again = shop.run()
    assert again.inbound["applied"] == 0


def test_what_changes_in_a_record_changes_its_parts(shop: Shop) -> None:
    buyer = {"id": "7", "name": "甲乙有限公司"}
    shop.orders(order("A1", buyer, item("X"), item("Y")), order("A2", {"id": "8", "name": "丙丁有限公司"}, item("Z")))
    shop.run()
    shop.orders(order("A1", {**buyer, "name": "甲乙集团有限公司"}, item("X")))
    shop.run()
    assert shop.query("select legal_name from golden.customer order by 1") == [("丙丁有限公司",), ("甲乙集团有限公司",)]
    status = shop.query("select number, status from golden.product order by 1")
    assert status == [("A1-X", None), ("A1-Y", "inactive"), ("A2-Z", "inactive")], "an owned part goes with its record"


def test_a_part_that_cannot_be_read_is_in_quarantine_with_its_place(shop: Shop) -> None:
    shop.orders(order("A1", {"name": "没有编号"}, item(""), item("X")), order("A2", {"id": 1, "name": "n", "head": 1}))
    for name in ("shop_orders", "shop_buyers", "shop_skus"):
        report = run_sync(name)
        assert report.balanced, report.as_json()
    rows = shop.query("select source_key, reason from hub.quarantined_record where state = 'open' order by 1")
    told = {key: why for key, why in rows}
    assert "its key is empty" in told["A1/0"]
    assert "`head`" in told["A2/0"]


def test_of_several_records_one_that_the_mapping_takes_speaks_for_a_shared_part(shop: Shop, site: Path) -> None:
    file = site / "mappings" / "shop" / "buyer.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "only_if: head.test != true\n", encoding="utf-8")
    buyer = {"id": 7, "name": "甲乙有限公司"}
    shop.orders(order("A1", buyer), order("A2", {**buyer, "name": "试单"}, test=True))
    shop.run()
    assert shop.query("select legal_name from golden.customer") == [("甲乙有限公司",)]
    shop.orders(order("A1", buyer), order("A2", {**buyer, "name": "又一试单"}, test=True))
    assert shop.run().inbound["quarantined"] == 0
    assert shop.query("select legal_name from golden.customer") == [("甲乙有限公司",)]
    other = {"id": 8, "name": "只有试单"}
    shop.orders(order("A1", buyer), order("A2", other, test=True), order("A3", {"name": "没有编号"}, test=True))
    books = shop.run("shop_orders").inbound, shop.run("shop_buyers").inbound
    assert books[0]["applied"] == 2
    assert (books[1]["read"], books[1]["filtered"]) == (2, 2), "who is in no record that counts is in the books"
    assert shop.query("select legal_name from golden.customer") == [("甲乙有限公司",)]


def test_a_changed_condition_asks_every_record_that_holds_a_shared_part(shop: Shop, site: Path) -> None:
    file = site / "mappings" / "shop" / "buyer.yaml"
    plain = file.read_text(encoding="utf-8")
    one, two = {"id": 7, "name": "甲乙有限公司"}, {"id": 8, "name": "丙丁有限公司"}
    shop.orders(order("A1", one), order("A2", {**one, "name": "试单甲乙"}, test=True), order("A3", two, test=True))
    shop.run()
    assert shop.query("select legal_name, status from golden.customer order by 1") == [
        ("丙丁有限公司", None),
        ("试单甲乙", None),
    ]
    file.write_text(plain + "only_if: head.test != true\n", encoding="utf-8")
    report = shop.run("shop_buyers")
    assert shop.query("select legal_name, status from golden.customer order by 1") == [
        ("丙丁有限公司", "inactive"),
        ("甲乙有限公司", None),
    ], "another record that holds the part speaks now; who is in none is withdrawn"
    assert report.inbound["applied"] + report.inbound["filtered"] + report.again["filtered"] == 2
    file.write_text(plain, encoding="utf-8")
    shop.run("shop_buyers")
    assert shop.query("select legal_name, status from golden.customer order by 1") == [
        ("丙丁有限公司", None),
        ("试单甲乙", None),
    ]


def test_a_shared_part_whose_only_record_leaves_is_withdrawn_by_a_whole_reading(shop: Shop, site: Path) -> None:
    file = site / "mappings" / "shop" / "buyer.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "only_if: head.test != true\n", encoding="utf-8")
    buyer = {"id": 7, "name": "甲乙有限公司"}
    shop.orders(order("A1", buyer), order("A2", {"id": 8, "name": "丙丁有限公司"}))
    shop.run()
    shop.orders(order("A1", buyer, test=True), order("A2", {"id": 8, "name": "丙丁有限公司"}))
    shop.run()
    assert shop.query("select status from golden.customer") == [(None,), (None,)], "another record may hold it"
    report = shop.run("shop_buyers", full=True)
    assert (report.inbound["filtered"], report.inbound["unchanged"]) == (1, 1)
    assert shop.query("select legal_name, status from golden.customer order by 1") == [
        ("丙丁有限公司", None),
        ("甲乙有限公司", "inactive"),
    ]


def test_a_part_s_sync_needs_the_sync_of_its_records(shop: Shop, site: Path) -> None:
    report = run_sync("shop_buyers")
    assert report.error_code == "part-of-nothing"
    (site / "syncs" / "shop_all.yaml").unlink()
    (site / "syncs" / "shop_orders.yaml").unlink()
    assert "sync.part-of-nothing" in {one.code for one in check_content(load_content())}


@pytest.mark.parametrize("point", ["ingest.before-commit", "apply.before-commit"])
def test_a_kill_among_parts_loses_nothing(shop: Shop, tongmai: Any, point: str) -> None:
    shop.orders(*(order(f"A{n}", {"id": n, "name": f"第{n}有限公司"}, item("X")) for n in range(30)))
    shop.run("shop_orders")
    status, _, _ = tongmai("sync", "shop_buyers", TONGMAI_FAILPOINT=point)
    assert status < 0
    shop.run("shop_buyers")
    assert shop.query("select count(*), count(distinct legal_name) from golden.customer") == [(30, 30)]


def found(site: Path) -> dict[str, tuple[str, int, str, str]]:
    """What `check` finds: code → file, line, severity, suggestion."""
    findings = check_content(load_content())
    return {
        f.code: (Path(f.mark.file).name, f.mark.line, f.severity, f.suggestion)
        for f in findings
        if "tests" not in f.code
    }


def test_a_part_without_a_key_is_found_in_the_mapping_itself(shop: Shop, site: Path) -> None:
    file = site / "mappings" / "shop" / "buyer.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("key: id | text\n", ""), encoding="utf-8")
    for name in ("shop_all", "shop_buyers"):
        (site / "syncs" / f"{name}.yaml").unlink()  # also where no sync uses it
    assert found(site)["mapping.part-without-key"] == ("buyer.yaml", 2, "error", "")
    findings = load_content().mappings.findings
    (told,) = [f for f in findings if f.code == "mapping.part-without-key"]
    assert "`buyer` is a place in the records of `orders`" in told.message.en


@pytest.mark.parametrize(
    ("ref", "suggestion", "words"),
    [
        ("customer: buyer.id | ref(customer, orders/buyr", "orders/buyer", "no sync reads `orders/buyr`"),
        ("customer: buyer.id | ref(customer, orders/items", "orders/buyer", "is read into `product`"),
        ("customer: buyer.id | ref(customer", "", "into `customer`"),
    ],
)
def test_a_reference_to_what_no_sync_reads_is_found(
    shop: Shop, site: Path, ref: str, suggestion: str, words: str
) -> None:
    assert "mapping.ref-to-nothing" not in found(site)
    if not suggestion:
        for name in ("shop_all", "shop_buyers"):
            (site / "syncs" / f"{name}.yaml").unlink()
    file = site / "mappings" / "shop" / "orders.yaml"
    text = file.read_text(encoding="utf-8").replace("customer: buyer.id | ref(customer, orders/buyer", ref)
    file.write_text(text, encoding="utf-8")
    findings = [f for f in check_content(load_content()) if f.code == "mapping.ref-to-nothing"]
    assert [(f.mark.line, f.severity, f.suggestion) for f in findings] == [(6, "warning", suggestion)]
    assert words in findings[0].message.en

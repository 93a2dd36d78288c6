"""Orders of customers and products that are merged: the golden order names who survives, and so does the target's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.matching.codes import credit_code
from tests.identity import world as worlds
from tests.identity.arrival import run
from tests.identity.test_targets import firm
from tests.identity.world import World
from tongmai.sync.acts import Verdict, act, undo

CODE = credit_code("91", "330106", "MA2B0C1D")
CLOUD, FIELD = "杭州云帆软件有限公司", "苏州天禾纺织有限公司"
STREAMS = (
    "  goods: {key: key}\n  orders:\n    key: key\n    lines: {items: {fields: {good: text, qty: text, price: text}}}\n"
)
ORDER = (
    "fields:\n  number: number\n  customer: firm | ref(customer, firms)\n  lines:\n    each: items\n    fields:\n"
    "      product: good | ref(product, goods)\n      quantity: qty | decimal\n      price: price | decimal\n"
)
OUT = (
    'fields:\n  ours: id | number("S")\n  number: number\n  firm: customer | remote_key(firms)\n  items:\n    each: lines\n'
    "    fields:\n      good: product | remote_key(goods)\n      qty: quantity\n      price: price\n"
    "search: [ours]\ncreate_only: [ours]\n"
)
READS = ("crm_firms", "erp_firms", "crm_goods", "erp_goods", "crm_sales", "erp_sales")


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """The CRM takes orders and the ERP gets them; both know the firms and the goods. Customers flow into the ERP too."""
    made = world_of("crm", "erp")
    made.target("erp")
    manifest = worlds.MANIFEST.replace("writes:\n", STREAMS + "writes:\n") + (
        "  orders:\n    stream: orders\n    our_key: ours\n    key_enforced: true\n    search: [ours]\n"
        "    lines: {items: {fields: {good: text, qty: text, price: text}}}\n"
    )
    made.write("connectors/shelf/connector.yaml", manifest)
    for one in ("crm", "erp"):
        goods = "fields: {name: name, number: number}"
        made.write(f"mappings/{one}/good.yaml", f"mapping: {one}/good\nfrom: {one}.goods\nto: product\n{goods}\n")
        made.write(f"mappings/{one}/order.yaml", f"mapping: {one}/order\nfrom: {one}.orders\nto: sales_order\n{ORDER}")
        for sync, stream, name in (("goods", "goods", "good"), ("sales", "orders", "order")):
            read = f"sync: {one}_{sync}\nread: {{connection: {one}, stream: {stream}}}\nmap: {one}/{name}\n"
            made.write(f"syncs/{one}_{sync}.yaml", read)
    made.write("mappings/erp/order.out.yaml", f"mapping: erp/order.out\nfrom: sales_order\nto: erp.orders\n{OUT}")
    made.write(
        "syncs/erp_sales_back.yaml",
        "sync: erp_sales_back\nwrite: {connection: erp, object: orders}\nof: sales_order\nmap: erp/order.out\nbaseline: erp_sales\n",
    )
    made.put("crm.firms", [firm("a", CLOUD, uscc=CODE), firm("b", FIELD)])
    made.put("erp.firms", [firm("2", CLOUD, uscc=CODE), firm("1", FIELD)])  # the higher key came first
    made.put("crm.goods", [_good("p", "Pump", "N1"), _good("q", "Valve", "N2")])
    made.put("erp.goods", [_good("P", "Pump", "N1"), _good("Q", "Valve", "N2")])
    items = [{"good": "q", "qty": "2", "price": "5"}, {"good": "p", "qty": "1", "price": "7"}]
    made.put("crm.orders", [{"key": "o", "number": "SO-1", "firm": "b", "items": items}])
    return made


def _good(key: str, name: str, number: str) -> dict[str, Any]:
    return {"key": key, "name": name, "number": number}


def circle(world: World, times: int = 2) -> None:
    for name in (*READS, "erp_back", "erp_sales_back") * times:
        run(name)
    world.check()
    assert world.query("select * from hub.outbox") == []


def held(world: World) -> tuple[str, list[str]]:
    """What the ERP's order names."""
    (order,) = world.rows("erp.orders").values()
    return order["firm"], [line["good"] for line in order["items"]]


def named(world: World) -> tuple[str, list[str]]:
    """What the golden order names."""
    ((customer, lines),) = world.query("select customer_id, lines from golden.sales_order")
    return str(customer), [line["product"] for line in lines]


def test_orders_follow_a_merge_of_customers_and_of_products(world: World) -> None:
    circle(world)
    before = named(world)
    assert held(world) == ("1", ["Q", "P"])
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm").act
    assert named(world)[0] == str(world.entity_of("crm", "a")), "at once, without reading anything"
    circle(world)
    assert held(world)[0] == "2", "the record that is written to, not the one that is put aside"
    goods = act("product", Verdict("merge", ("p", "q")), who="steward", why="one product").act
    pump = str(world.entity_of("crm", "p"))
    assert named(world) == (str(world.entity_of("crm", "a")), [pump, pump])
    circle(world)
    assert held(world) == ("2", ["P", "P"])
    quiet = (world.folder / "erp" / "writes.jsonl").read_text(encoding="utf-8")
    circle(world)
    assert (world.folder / "erp" / "writes.jsonl").read_text(encoding="utf-8") == quiet
    undo("product", goods, who="steward")
    undo("customer", done, who="steward")
    assert named(world) == before
    circle(world)
    assert held(world) == ("1", ["Q", "P"])

"""What `tongmai check` finds in direct syncs, and what people read about a sound one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tongmai.core.errors import ConfigurationError
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.run import run_sync
from tongmai.sync.specs import load_specs

CONNECTIONS = """
shop:
  connector: file
  role: shop
  settings:
    path: .
    streams:
      orders: {file: orders.jsonl, key: no}
      sent: {file: "sent/*.jsonl", key: id}
    writes:
      sent: {stream: sent, file: "sent/{key}.jsonl", our_key: id, search: [id]}
      blind: {stream: sent, file: "sent/{key}.jsonl", our_key: id}
"""
MAPPING = (
    "mapping: kingdee/order\nfrom: shop.orders\nto: kingdee.SAL_SaleOrder\nfields:\n  FBillNo: no\nsearch: [FBillNo]\n"
)
CASES = "- case: a number\n  given: {no: A1}\n  expect: {FBillNo: A1}\n"
SYNC = "sync: orders\nread: {connection: shop, stream: orders}\nwrite: {connection: erp_main, object: SAL_SaleOrder}\nmap: kingdee/order\n"


class Files:
    """A site with one direct sync."""

    def __init__(self, site: Path) -> None:
        self.site = site
        self.write("connections.yaml", CONNECTIONS)
        self.write("mappings/kingdee/order.yaml", MAPPING)
        self.write("mappings/kingdee/order_test.yaml", CASES)
        self.write("syncs/orders.yaml", SYNC)

    def write(self, name: str, text: str) -> None:
        (self.site / name).parent.mkdir(parents=True, exist_ok=True)
        (self.site / name).write_text(text.lstrip("\n"), encoding="utf-8")

    def errors(self) -> list[tuple[str, int, str, str]]:
        """(file, line, code, suggestion) of every mistake in the site's files."""
        found = [one for one in check_content(load_content()) if str(self.site) in one.mark.file]
        return [(Path(one.mark.file).name, one.mark.line, one.code, one.suggestion) for one in found]


@pytest.fixture
def files(site: Path) -> Files:
    return Files(site)


def test_a_sound_one_has_no_findings(files: Files) -> None:
    assert files.errors() == []


@pytest.mark.parametrize(
    ("old", "new", "line", "code", "suggestion"),
    [
        ("stream: orders", "stream: order", 2, "sync.unknown-stream", "orders"),
        ("stream: orders", "stream: sent", 2, "sync.other-stream", "orders"),
        ("connection: shop", "connection: shops", 2, "sync.unknown-connection", "shop"),
        ("connection: shop", "connection: crm_main", 4, "sync.other-system", ""),
        ("connection: erp_main", "connection: erp", 3, "sync.unknown-connection", "erp_main"),
        ("connection: erp_main", "connection: crm_main", 4, "sync.other-system", ""),
        ("object: SAL_SaleOrder", "object: SAL_SalesOrder", 3, "sync.unknown-object", "SAL_SaleOrder"),
        ("object: SAL_SaleOrder", "object: BD_Customer", 3, "sync.other-object", "SAL_SaleOrder"),
        ("map: kingdee/order\n", "map: kingdee/orders\n", 4, "sync.unknown-mapping", "kingdee/order"),
        ("map: kingdee/order\n", "map: kingdee/customer\n", 4, "sync.mapping-direction", ""),
        ("map: kingdee/order\n", "map: kingdee/customer.out\n", 4, "sync.mapping-direction", ""),
        ("map: kingdee/order\n", "map: kingdee/order\nof: customer\n", 5, "sync.unknown-key", "notify"),
        ("map: kingdee/order\n", "map: kingdee/order\ndeletes: erase\n", 5, "sync.bad-value", ""),
        ("map: kingdee/order\n", "map: kingdee/order\ndoubt: resend\n", 5, "sync.doubt", ""),
    ],
)
def test_a_mistake_is_found_at_its_place(
    files: Files, old: str, new: str, line: int, code: str, suggestion: str
) -> None:
    files.write("syncs/orders.yaml", SYNC.replace(old, new))
    assert ("orders.yaml", line, code, suggestion) in files.errors()


def test_creates_that_nothing_looks_up_are_refused(files: Files) -> None:
    files.write("mappings/kingdee/order.yaml", MAPPING.replace("search: [FBillNo]\n", ""))
    assert ("orders.yaml", 4, "sync.direct-without-search", "") in files.errors()


def test_what_comes_back_in_the_stream_it_reads_is_refused(files: Files) -> None:
    files.write(
        "mappings/shop/again.yaml",
        "mapping: shop/again\nfrom: shop.sent\nto: shop.sent\nfields:\n  id: id\nsearch: [id]\n",
    )
    files.write("mappings/shop/again_test.yaml", "- case: a number\n  given: {id: A1}\n  expect: {id: A1}\n")
    files.write(
        "syncs/orders.yaml",
        "sync: orders\nread: {connection: shop, stream: sent}\nwrite: {connection: shop, object: sent}\nmap: shop/again\n",
    )
    assert files.errors() == [("orders.yaml", 3, "sync.direct-loop", "")]


def test_a_blind_target_is_accepted_in_words_only(files: Files) -> None:
    files.write("mappings/shop/out.yaml", "mapping: shop/out\nfrom: shop.orders\nto: shop.blind\nfields:\n  id: no\n")
    files.write("mappings/shop/out_test.yaml", "- case: a number\n  given: {no: A1}\n  expect: {id: A1}\n")
    sync = "sync: orders\nread: {connection: shop, stream: orders}\nwrite: {connection: shop, object: blind}\nmap: shop/out\n"
    files.write("syncs/orders.yaml", sync)
    assert ("orders.yaml", 1, "sync.guarantee", "at-least-once, blind") in files.errors()
    files.write("syncs/orders.yaml", sync + 'guarantee: "at-least-once, blind"\n')
    assert files.errors() == []


def test_one_stream_has_one_reader(files: Files) -> None:
    files.write("syncs/orders2.yaml", SYNC.replace("sync: orders", "sync: orders2"))
    assert ("orders2.yaml", 2, "sync.stream-taken", "") in files.errors()


def test_a_direct_mapping_is_no_mapping_of_an_entity(files: Files) -> None:
    files.write("syncs/orders.yaml", "sync: orders\nread: {connection: shop, stream: orders}\nmap: kingdee/order\n")
    found = files.errors()
    assert ("orders.yaml", 3, "sync.mapping-direction", "") in found
    with pytest.raises(ConfigurationError) as refused:
        run_sync("orders")
    assert refused.value.code == "mapping-direction"


def test_its_page_and_tags_say_what_it_does(files: Files) -> None:
    from tongmai.on_airflow import words
    from tongmai.sync.guarantee import promise

    specs = load_specs()
    spec = specs.syncs["orders"]
    tags = words.tags(spec, specs.connections)
    assert tags == ["direct", "effectively-once", "erp", "erp_main", "shop"]
    page = words.page("orders", spec, specs.files["orders"], promise(load_content(), "orders"))
    for part in (
        "`orders` of connection `shop`",
        "`SAL_SaleOrder` of connection `erp_main`",
        "`kingdee/order`, direct: no golden record",
        "effectively once: nothing lost, nothing doubled; `erp_main.SAL_SaleOrder`",
        "连接 `shop` 的 `orders`",
        "`kingdee/order`，直连：不经过主数据",
    ):
        assert part in page

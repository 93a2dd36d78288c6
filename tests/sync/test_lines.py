"""Orders with lines through the whole road: two systems, references in lines, references by a field, no echo."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.sync.lines_world import build, put, system
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.run import run_sync


class Hub:
    """The site with its systems and the hub between them."""

    def __init__(self, site: Path, url: str) -> None:
        self.site = site
        self.url = url

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def run(self, *names: str) -> None:
        for name in names:
            report = run_sync(name)
            assert report.ok, report.as_json()

    def crm(self, stream: str, key: str, **fields: Any) -> None:
        put(self.site, "pad_crm", stream, key, **fields)

    def erp(self, stream: str, key: str, **fields: Any) -> None:
        put(self.site, "pad_erp", stream, key, **fields)

    def orders(self) -> dict[str, Any]:
        return dict(system(self.site, "pad_erp").get("SaleOrder", {}))

    def writes(self) -> list[Any]:
        return list(system(self.site, "pad_erp").get("writes", []))

    def lines(self) -> list[Any]:
        return [row[0] for row in self.query("select lines from golden.deal order by number")]

    def good(self, name: str) -> str:
        return str(self.query("select id from golden.good where name = %s", name)[0][0])

    def outcomes(self, key: str) -> list[str]:
        sql = "select outcome from hub.ledger l join hub.inbox i on i.id = l.inbox_id where i.source_key = %s order by i.id"
        return [row[0] for row in self.query(sql, key)]

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.query("select code, field from hub.quarantined_record where state = 'open' order by id")


ALL = ("crm_goods", "erp_goods", "crm_deals", "erp_deals", "erp_deals_in")


@pytest.fixture
def hub(site: Path, hub_url: str) -> Iterator[Hub]:
    import connectors.vendors

    before = list(connectors.vendors.__path__)
    build(site)
    yield Hub(site, hub_url)
    connectors.vendors.__path__[:] = before
    for name in [name for name in sys.modules if name.startswith("connectors.vendors.pad")]:
        del sys.modules[name]


@pytest.fixture
def sold(hub: Hub) -> Hub:
    return sell(hub)


def sell(hub: Hub) -> Hub:
    """One order with two lines that count, in the CRM and in the ERP."""
    for key, name in (("p1", "Bolt"), ("p2", "Nut")):
        hub.crm("Product", key, name=name)
        hub.erp("Material", f"m{key}", FName=name, FNumber=f"N-{name}")
    items = [
        {"product": "p1", "qty": "2.50", "price": 10},
        {"product": "p2", "qty": 0},
        {"product": "p2", "qty": 4, "price": "0.10"},
    ]
    hub.crm("Order", "o1", number="SO-1", note="first", items=items)
    hub.run(*ALL)
    return hub


def test_the_content_has_no_mistake(hub: Hub) -> None:
    ours = [f for f in check_content(load_content()) if str(hub.site) in f.mark.file and f.severity == "error"]
    assert [f.line() for f in ours if f.code != "mapping.no-tests"] == []


def test_lines_go_from_one_system_through_the_golden_record_to_the_other(sold: Hub) -> None:
    bolt, nut = sold.good("Bolt"), sold.good("Nut")
    assert sold.lines() == [
        [
            {"good": bolt, "quantity": "2.5", "price": "10", "gift": None},
            {"good": nut, "quantity": "4", "price": "0.1", "gift": None},
        ]
    ]
    assert sold.query(
        "select data_type from information_schema.columns where table_name = 'deal' and column_name = 'lines'"
    ) == [("jsonb",)]
    ((key, payload),) = sold.writes()
    assert key == "S1"
    assert payload["FSaleOrderEntry"] == [
        {"FMaterialId": {"FNumber": "N-Bolt"}, "FQty": 2.5, "FPrice": "10", "FEntryID": 100},
        {"FMaterialId": {"FNumber": "N-Nut"}, "FQty": 4.0, "FPrice": "0.1", "FEntryID": 101},
    ]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("saleorder", "FMaterialId.FNumber | ref(good, by=number)", "FMaterialId.Id | ref(good, Material)"),
        ("saleorder.out", "each: lines", "each: lines\n    only_if: quantity > 3"),
        ("saleorder", "each: FSaleOrderEntry", "each: FSaleOrderEntry\n    only_if: (FQty | decimal) < 3"),
    ],
    ids=["other-key", "less-written", "less-read"],
)
def test_what_comes_back_is_an_echo_however_the_mappings_differ(hub: Hub, file: str, old: str, new: str) -> None:
    path = hub.site / "mappings" / "pad" / f"{file}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    sell(hub)
    assert len(hub.writes()) == 1
    assert hub.outcomes("S1") == ["echo"]
    hub.crm("Order", "o1", note="second")
    hub.run(*ALL, *ALL)
    assert hub.outcomes("S1") == ["echo", "echo"]
    assert [list(payload) for _, payload in hub.writes()][1:] == [["FNote"]]


def test_another_product_in_a_line_travels_where_the_target_reads_its_own_key(hub: Hub) -> None:
    path = hub.site / "mappings" / "pad" / "saleorder.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("FMaterialId.FNumber | ref(good, by=number)", "FMaterialId.Id | ref(good, Material)"),
        encoding="utf-8",
    )
    sell(hub)
    hub.crm(
        "Order",
        "o1",
        items=[{"product": "p2", "qty": "2.50", "price": 10}, {"product": "p2", "qty": 4, "price": "0.10"}],
    )
    hub.run("crm_deals", "erp_deals")
    assert [line["FMaterialId"]["FNumber"] for line in hub.orders()["S1"]["FSaleOrderEntry"]] == ["N-Nut", "N-Nut"]


def test_what_comes_back_is_an_echo_and_nothing_is_written_again(sold: Hub) -> None:
    versions = sold.query("select count(*) from hub.entity_version")
    assert sold.outcomes("S1") == ["echo"]
    for _ in range(2):
        sold.run(*ALL)
    assert len(sold.writes()) == 1
    assert sold.query("select count(*) from hub.entity_version") == versions


@pytest.mark.parametrize(("owner", "price"), [("", "9.9"), ("owner: crm, ", None)])
def test_what_the_target_fills_in_by_itself_is_no_reason_to_write_again(
    hub: Hub, owner: str, price: str | None
) -> None:
    for name, old, new in (
        ("masterdata/deal/entity.yaml", "type: lines\n", f"type: lines\n    {owner.strip(', ')}\n"),
        ("mappings/pad/saleorder.out.yaml", "      FPrice: price\n", ""),
    ):
        text = (hub.site / name).read_text(encoding="utf-8")
        assert old in text
        (hub.site / name).write_text(text.replace(old, new), encoding="utf-8")
    hub.crm("Product", "p1", name="Bolt")
    hub.erp("Material", "m1", FName="Bolt", FNumber="N-1")
    hub.crm("Order", "o1", number="SO-1", items=[{"product": "p1", "qty": 1}])
    for _ in range(3):
        hub.run(*ALL)
    assert len(hub.writes()) == 1
    assert hub.lines()[0][0]["price"] == price
    hub.crm("Order", "o1", items=[{"product": "p1", "qty": 2}])
    for _ in range(3):
        hub.run(*ALL)
    assert [line["FQty"] for line in hub.orders()["S1"]["FSaleOrderEntry"]] == [2.0]
    assert len(hub.writes()) == 2


def test_a_changed_line_travels_and_the_whole_list_is_written(sold: Hub) -> None:
    sold.crm("Order", "o1", items=[{"product": "p2", "qty": 5, "price": 7}])
    sold.run("crm_deals", "erp_deals", "erp_deals_in", "erp_deals")
    assert len(sold.writes()) == 2
    assert list(sold.writes()[1][1]) == ["FSaleOrderEntry"]
    (line,) = sold.orders()["S1"]["FSaleOrderEntry"]
    assert (line["FMaterialId"], line["FQty"], line["FPrice"]) == ({"FNumber": "N-Nut"}, 5.0, "7")


def test_a_line_that_somebody_changes_in_the_target_is_an_edit(sold: Hub) -> None:
    entries = sold.orders()["S1"]["FSaleOrderEntry"]
    entries[0]["FQty"] = 3
    sold.erp("SaleOrder", "S1", FSaleOrderEntry=entries)
    sold.run("erp_deals_in", "erp_deals")
    assert [line["quantity"] for line in sold.lines()[0]] == ["3", "4"]
    assert len(sold.writes()) == 1


def test_no_lines_are_an_empty_list_there_and_nothing_here(sold: Hub) -> None:
    sold.crm("Order", "o1", items=[])
    sold.run("crm_deals")
    # the ERP still says what we wrote, which is no voice of its own
    assert sold.lines() == [None]
    sold.run("erp_deals", "erp_deals_in", "erp_deals")
    assert sold.orders()["S1"]["FSaleOrderEntry"] == []
    assert len(sold.writes()) == 2


def test_a_required_reference_in_a_line_waits_for_its_record(hub: Hub) -> None:
    hub.crm("Product", "p1", name="Bolt")
    hub.crm("Order", "o1", number="SO-1", items=[{"product": "p1", "qty": 1}, {"product": "p9", "qty": 1}])
    hub.run("crm_goods", "crm_deals")
    assert hub.quarantine() == [("unresolved-reference", "lines[1].good")]
    assert hub.lines() == []
    hub.crm("Product", "p9", name="Nut")
    hub.run("crm_goods")
    assert hub.quarantine() == []
    assert [line["good"] for line in hub.lines()[0]] == [hub.good("Bolt"), hub.good("Nut")]
    assert hub.query("select count(*) from hub.reference_wait") == [(0,)]


def test_an_optional_reference_in_a_line_is_filled_in_later(hub: Hub) -> None:
    hub.crm("Product", "p1", name="Bolt")
    hub.crm("Order", "o1", number="SO-1", items=[{"product": "p1", "qty": 1, "gift": "p9"}])
    hub.run("crm_goods", "crm_deals")
    assert hub.lines()[0][0]["gift"] is None
    assert hub.query("select code, field, value from hub.finding") == [("unresolved-reference", "lines[0].gift", "p9")]
    hub.crm("Product", "p9", name="Nut")
    hub.run("crm_goods")
    assert hub.lines()[0][0]["gift"] == hub.good("Nut")
    assert hub.query("select count(*) from hub.finding") == [(0,)]


def test_a_payload_waits_until_the_target_has_the_field_it_names(hub: Hub) -> None:
    hub.crm("Product", "p1", name="Bolt")
    hub.crm("Order", "o1", number="SO-1", items=[{"product": "p1", "qty": 1}])
    hub.run("crm_goods", "crm_deals", "erp_deals")
    assert hub.writes() == []
    ((state, note),) = hub.query("select state, note from hub.outbox")
    assert state == "waiting" and "`number` in `Material`" in note
    hub.erp("Material", "m1", FName="Bolt", FNumber="")  # there, but without a number
    hub.run("erp_goods", "erp_deals")
    assert hub.writes() == []
    hub.erp("Material", "m1", FNumber="N-9")
    hub.run("erp_goods", "erp_deals")
    assert hub.writes()[0][1]["FSaleOrderEntry"][0]["FMaterialId"] == {"FNumber": "N-9"}


def test_a_reference_by_a_field_waits_for_a_record_of_another_connection(hub: Hub) -> None:
    hub.erp("Receipt", "r1", amount="5", order_number="so－1")  # as people write it: full width, small letters
    hub.erp("Receipt", "r2", amount="6", order_number="SO-1", other_number="SO-2")
    hub.run("erp_money")
    assert hub.quarantine() == [("unresolved-reference", "deal")] * 2
    assert hub.query("select distinct connection, stream, entity, source_key from hub.reference_wait order by 4") == [
        ("", "by:number", "deal", "so1"),
        ("", "by:number", "deal", "so2"),
    ]
    hub.crm("Order", "o1", number="SO-1")
    hub.run("crm_deals")
    (first, *_), (second, *_) = hub.query("select deal_id, other_id from golden.money order by amount")
    assert first == second == hub.query("select id from golden.deal")[0][0]
    assert hub.quarantine() == []
    assert hub.query("select code, field from hub.finding") == [("unresolved-reference", "other")]
    hub.crm("Order", "o2", number="SO-2")
    hub.run("crm_deals")
    assert hub.query("select count(*) from golden.money where other_id is not null") == [(1,)]
    assert hub.query("select count(*) from hub.finding") == [(0,)]
    assert hub.query("select count(*) from hub.reference_wait") == [(0,)]


def test_a_reference_by_a_field_that_fits_two_entities_is_not_guessed(hub: Hub) -> None:
    hub.crm("Order", "o1", number="SO-1")
    hub.crm("Order", "o2", number="SO-2")
    hub.run("crm_deals")
    # a later change of the number makes a double: crosswalk first, so the two stay two
    hub.crm("Order", "o2", number="so-1")
    hub.run("crm_deals")
    assert hub.query("select count(*) from golden.deal") == [(2,)]
    hub.erp("Receipt", "r1", amount="5", order_number="SO-1")
    hub.run("erp_money")
    assert hub.quarantine() == [("ambiguous-reference", "deal")]
    hub.crm("Order", "o2", number="SO-3")
    hub.run("crm_deals")
    assert hub.quarantine() == [("ambiguous-reference", "deal")]  # nothing with that number was applied
    hub.crm("Order", "o1", note="seen")
    hub.run("crm_deals")
    assert hub.quarantine() == []
    assert hub.query("select d.number from golden.money m join golden.deal d on d.id = m.deal_id") == [("SO-1",)]


def test_a_reference_by_a_field_follows_a_redirect(hub: Hub) -> None:
    hub.crm("Order", "o1", number="SO-1")
    hub.crm("Order", "o2", number="SO-2")
    hub.run("crm_deals")
    with psycopg.connect(hub.url) as connection:
        ids = [row[0] for row in connection.execute("select id from golden.deal order by number").fetchall()]
        connection.execute("update hub.entity set redirect_to = %s where id = %s", (ids[1], ids[0]))
    hub.erp("Receipt", "r1", amount="5", order_number="SO-1")
    hub.run("erp_money")
    assert hub.query("select deal_id from golden.money") == [(ids[1],)]


@pytest.mark.parametrize(
    ("items", "code", "field"),
    [
        ([{"product": "p1", "qty": 1}, {"product": "p1", "qty": "x"}], "not-a-number", "lines[1]"),
        (
            [{"product": "p1", "qty": 1}, {"product": "p1", "qty": 1, "price": "1,000"}],
            "not-a-number",
            "lines[1].price",
        ),
        ([{"product": "", "qty": 1}], "required-empty", "lines[0].good"),
        ([{"product": "p1", "qty": 1}, "torn"], "not-lines", "lines"),
        ({"product": "p1"}, "not-lines", "lines"),
        ([{"product": "p1", "qty": 1}] * 4, "too-many-lines", "lines"),
    ],
)
def test_a_bad_line_sends_its_record_to_quarantine_and_no_other(hub: Hub, items: Any, code: str, field: str) -> None:
    hub.crm("Product", "p1", name="Bolt")
    hub.crm("Order", "o1", number="SO-1", items=items)
    hub.crm("Order", "o2", number="SO-2", items=[{"product": "p1", "qty": 1}])
    hub.run("crm_goods", "crm_deals")
    assert hub.quarantine() == [(code, field)]
    assert hub.query("select number from golden.deal") == [("SO-2",)]

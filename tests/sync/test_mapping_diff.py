"""``tongmai mapping preview`` and ``diff`` on what the hub has stored: true, unable to write, discreet."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from tests.sync import test_parts
from tests.sync.lines_world import MAPPINGS, build, put, system, write
from tongmai.cli.mapping import mapping as command
from tongmai.core.errors import ConfigurationError, FatalError
from tongmai.sync import recorded
from tongmai.sync.run import run_sync

SECRETIVE = "13800138000"
ORDERS = 12


@dataclass
class Hub:
    """A site whose two systems were synced once."""

    site: Path
    url: str

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def change(self, name: str, old: str, new: str) -> None:
        file = self.site / "mappings" / "pad" / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    def mapping(self, *words: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, words)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout

    def diff(self, name: str, *words: str) -> tuple[int, dict[str, Any]]:
        status, out = self.mapping("diff", name, "--json", *words)
        return status, json.loads(out)


@pytest.fixture
def hub(site: Path, hub_url: str) -> Iterator[Hub]:
    import sys

    build(site)
    deal = site / "masterdata" / "deal" / "entity.yaml"
    deal.write_text(
        deal.read_text(encoding="utf-8").replace("note:   {", "note:   {personal: true, "), encoding="utf-8"
    )
    writing = site / "syncs" / "erp_deals.yaml"  # the pad is one file: one lane at a time
    writing.write_text(
        writing.read_text(encoding="utf-8").replace("SaleOrder}", "SaleOrder, lanes: 1}"), encoding="utf-8"
    )
    for name in ("Nut", "Bolt"):
        put(site, "pad_crm", "Product", name, name=name)
        put(site, "pad_erp", "Material", f"M-{name}", FName=name, FNumber=f"F-{name}")
    for number in range(1, ORDERS + 1):
        items = [{"product": "Nut", "qty": 1, "price": str(number)}, {"product": "Bolt", "qty": number % 2, "price": 5}]
        note = f"call {SECRETIVE}" if number % 3 else ""
        put(site, "pad_crm", "Order", f"O{number}", number=f"SO-{number}", note=note, items=items, unused=SECRETIVE)
    for name in ("crm_goods", "erp_goods", "crm_deals"):
        assert run_sync(name).ok
    yield Hub(site, hub_url)
    for name in [name for name in sys.modules if name.startswith("connectors.vendors.pad")]:
        del sys.modules[name]


def test_an_unchanged_definition_is_answered_without_reading(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "_rows", lambda *_: pytest.fail("records were read"))
    status, line = hub.diff("pad/order")
    assert (status, line["same_definition"], line["changes"]) == (0, True, False)
    hub.change("order", "mapping: pad/order", "# a remark changes nothing\nmapping: pad/order")
    assert hub.diff("pad/order")[0] == 0


def test_what_it_foretells_is_what_happens(hub: Hub) -> None:
    """Of every order, the diff before the run against the contributions after it."""
    hub.change("order", "note: note", "note: note | upper")
    hub.change("order", "price: price", "price: \"price * 2 if price == '3' else price\"")
    hub.change("order", "fields:\n  number", 'only_if: number != "SO-5"\nfields:\n  number')
    sql = "select r.source_key, c.fields from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id where s.stream = 'Order'"
    before = dict(hub.query(sql))
    status, line = hub.diff("pad/order")
    assert status == 1
    run_sync("crm_deals")
    after = dict(hub.query(sql))
    moved = {key for key in before if key != "O5" and before[key] != after[key]}
    assert line["records"] | {"same": 0} == {
        "read": ORDERS, "same": 0, "changed": len(moved), "failing": 0, "accepted": 0, "filtered": 1, "let_in": 0,
        "still_failing": 0, "still_filtered": 0, "unreadable": 0, "passed_by": 0,
    }  # fmt: skip
    counts = {one["field"]: one["records"] for one in line["fields"]}
    assert counts == {"note": sum(before[key]["note"] != after[key]["note"] for key in moved), "lines.price": 1}
    price = next(one for one in line["fields"] if one["field"] == "lines.price")
    assert price["label"] == {"en": "Lines · Price", "zh": "明细 · 单价"}
    assert [(e["key"], e["line"], e["old"], e["new"]) for e in price["examples"]] == [("O3", 1, "3", "6")]


def test_what_would_be_refused_or_accepted_and_how_it_ends(hub: Hub) -> None:
    hub.change("order", "price: price", 'price: "price | decimal | round(0)"\n      gift2: price')
    with pytest.raises(ConfigurationError) as wrong:
        hub.mapping("diff", "pad/order")
    assert wrong.value.code == "bad-mapping"
    hub.change("order", "\n      gift2: price", "")
    hub.change("order", "note: note", "note: note")
    hub.change("order", "quantity: qty | decimal", "quantity: \"qty | decimal if price != '7' else None\"")
    status, line = hub.diff("pad/order")
    (shift,) = [one for one in line["shifts"] if one["kind"] == "failing"]
    assert (status, line["records"]["failing"], shift["field"], shift["code"]) == (
        1,
        1,
        "lines.quantity",
        "required-empty",
    )
    assert [one["key"] for one in shift["examples"]] == ["O7"]
    for word, wanted in (("errors", 1), ("changes", 1), ("never", 0)):
        assert hub.diff("pad/order", "--fail-on", word)[0] == wanted
    run_sync("crm_deals")  # now it is live, and the one that follows takes it back
    write(hub.site / "mappings" / "pad" / "order.yaml", MAPPINGS["order"])
    status, line = hub.diff("pad/order", "--fail-on", "errors")
    assert (status, line["records"]["accepted"], line["records"]["failing"]) == (0, 1, 0)
    assert hub.diff("pad/order", "--against", "1")[1]["same_definition"]
    assert hub.diff("pad/order", "--recorded", "3")[1]["records"]["read"] == 3


def test_nothing_that_is_previewed_or_compared_can_write(hub: Hub) -> None:
    with recorded.read_only(hub.url) as database:
        for sql in (
            "delete from hub.inbox",
            "create table hub.x (a int)",
            "insert into hub.work values (1, 1, 1, 'read')",
        ):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), database.transaction() as cursor:
                cursor.execute(sql)
    opened = recorded.ReadingConnector(object(), "pad_erp")  # type: ignore[arg-type]
    with pytest.raises(FatalError) as refused:
        opened.writer("SaleOrder")
    assert refused.value.code == "read-only-connection"
    assert not hasattr(opened, "stored"), "what is read is not acknowledged"
    count = (
        "select (select count(*) from hub.inbox), (select count(*) from hub.run), (select count(*) from hub.release)"
    )
    before, files = hub.query(count), (hub.site / "pad_crm.json").read_bytes()
    for words in (("--recorded", "5"), ("--connection", "pad_crm", "--limit", "2")):
        assert hub.mapping("preview", "pad/order", *words)[0] == 0
    assert (hub.query(count), (hub.site / "pad_crm.json").read_bytes()) == (before, files)


def test_the_preview_of_stored_records_is_what_the_hub_made_of_them(hub: Hub) -> None:
    status, out = hub.mapping("preview", "pad/order", "--recorded", "100", "--json", "--show-personal")
    lines = {line["key"]: line for line in map(json.loads, out.splitlines())}
    assert status == 0
    sql = "select r.source_key, c.fields from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id where s.stream = 'Order'"
    stored = dict(hub.query(sql))
    assert len(stored) == ORDERS and set(lines) == set(stored)
    for key, line in lines.items():
        assert line["fields"]["note"] == stored[key]["note"]
        assert [row["price"] for row in line["fields"]["lines"]] == [row["price"] for row in stored[key]["lines"]]
        assert line["left_out"] == ["unused"]
        assert line["references"]["lines[0].good"]["key"] == "Nut"


def test_an_outbound_preview_is_what_is_sent(hub: Hub) -> None:
    status, out = hub.mapping("preview", "pad/saleorder.out", "--recorded", "100", "--json", "--show-personal")
    assert status == 0
    foretold = {line["fields"]["FBillNo"]: line["fields"] for line in map(json.loads, out.splitlines())}
    assert run_sync("erp_deals").ok
    sent = {payload["FBillNo"]: payload for _, payload in system(hub.site, "pad_erp")["writes"]}
    assert len(sent) == ORDERS
    for number, payload in sent.items():
        written = [(one["FMaterialId"], one["FQty"], one["FPrice"]) for one in payload["FSaleOrderEntry"]]
        lines = foretold[number]["FSaleOrderEntry"]
        assert written == [(one["FMaterialId"], float(one["FQty"]), one["FPrice"]) for one in lines]
        assert payload["OurKey"] == foretold[number]["OurKey"]
    hub.change("saleorder.out", "FPrice: price", "FPrice: quantity")
    status, line = hub.diff("pad/saleorder.out")
    (price,) = line["fields"]
    assert (status, price["field"], price["records"]) == (1, "FSaleOrderEntry.FPrice", ORDERS)
    assert "单价" in price["label"]["zh"] and "数量" in price["label"]["zh"]


def test_personal_data_stays_out_of_every_form(hub: Hub, tmp_path: Path) -> None:
    page = tmp_path / "diff.html"
    hub.change("order", "note: note", "note: note | upper")
    forms = [
        hub.mapping("preview", "pad/order", "--recorded", "20")[1],
        hub.mapping("preview", "pad/order", "--recorded", "20", "--json")[1],
        hub.mapping("preview", "pad/order", "--connection", "pad_crm")[1],
        hub.mapping("diff", "pad/order", "--html", str(page))[1],
        page.read_text(encoding="utf-8"),
        json.dumps(hub.diff("pad/order")[1]),
        hub.mapping("preview", "pad/saleorder.out", "--recorded", "20")[1],
    ]
    for text in forms:
        assert SECRETIVE not in text
        assert "SO-1" in text or "O1" in text
    assert SECRETIVE in hub.mapping("preview", "pad/order", "--recorded", "20", "--show-personal")[1]
    assert SECRETIVE in json.dumps(hub.diff("pad/order", "--show-personal")[1])


def test_a_mended_record_is_mapped_as_it_was_mended(hub: Hub) -> None:
    put(hub.site, "pad_crm", "Order", "O1", number="")
    run_sync("crm_deals")
    line = json.loads(hub.mapping("preview", "pad/order", "--recorded", "1", "--json")[1])
    assert (line["key"], [one["code"] for one in line["errors"]]) == ("O1", ["required-empty"])
    with psycopg.connect(hub.url) as connection:
        connection.execute(
            "update hub.quarantined_record set overlay = '{\"number\": \"SO-1b\"}' where source_key = 'O1'"
        )
    line = json.loads(hub.mapping("preview", "pad/order", "--recorded", "1", "--json")[1])
    assert (line["fields"]["number"], line["errors"]) == ("SO-1b", [])


shop = test_parts.shop


def test_parts_are_mapped_as_they_are_stored(shop: test_parts.Shop, hub_url: str, site: Path) -> None:
    buyer = {"id": 7, "name": "甲乙有限公司"}
    shop.orders(test_parts.order("A1", buyer, test_parts.item("X", title="扳手"), test_parts.item("FREE")))
    shop.run()
    hub = Hub(site, hub_url)
    lines = [
        json.loads(line) for line in hub.mapping("preview", "shop/sku", "--recorded", "9", "--json")[1].splitlines()
    ]
    assert {line["key"]: line["filtered"] for line in lines} == {"A1/X": False, "A1/FREE": True}
    assert [line["fields"]["number"] for line in lines if not line["filtered"]] == ["A1-X"]
    live = hub.mapping("preview", "shop/sku", "--connection", "shop", "--json")[1].splitlines()
    assert [json.loads(line) for line in live] == [
        {**line, "key": line["given"]["sku"]} for line in sorted(lines, key=lambda line: line["key"], reverse=True)
    ], "cut out of the records as a sync does it"
    file = site / "mappings" / "shop" / "sku.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("!= 'FREE'", "!= 'X'"), encoding="utf-8")
    status, line = hub.diff("shop/sku")
    assert (status, line["records"]["filtered"], line["records"]["let_in"]) == (1, 1, 1)


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True)


def test_against_a_revision_and_a_folder(hub: Hub, tmp_path: Path) -> None:
    import shutil

    old = tmp_path / "old"
    shutil.copytree(hub.site, old)
    git(hub.site, "init", "-q")
    git(hub.site, "add", "-A")
    git(hub.site, "commit", "-qm", "first")
    hub.change("order", "price: price", "price: qty")
    for against in ("git:HEAD", str(old)):
        status, line = hub.diff("pad/order", "--against", against)
        assert (status, [one["field"] for one in line["fields"]]) == (1, ["lines.price"])
    git(hub.site, "commit", "-aqm", "second")
    assert hub.diff("pad/order", "--against", "git:HEAD")[1]["same_definition"]
    assert hub.diff("pad/order", "--against", "git:HEAD~1")[0] == 1
    file = tmp_path / "given.jsonl"
    file.write_text(
        json.dumps({"number": "1", "items": [{"product": "Nut", "qty": 2, "price": "1"}]}), encoding="utf-8"
    )
    status, line = hub.diff("pad/order", "--against", "git:HEAD~1", "--file", str(file))
    assert (line["records"]["read"], line["fields"][0]["examples"][0]["new"]) == (1, "2")


REFUSED = {
    ("pad/order", "--against", "99"): "unknown-version",
    ("pad/order", "--against", "feed"): "unknown-version",
    ("pad/order", "--against", "git:HEAD"): "unknown-version",
    ("pad/order", "--against", "git:--output=x"): "unknown-version",
    ("pad/nothing",): "unknown-mapping",
    ("pad/order", "--connection", "nobody"): "unknown-connection",
    ("pad/receipt", "--against", "1"): "nothing-recorded",
    ("pad/fresh",): "not-in-version",
}


def test_what_cannot_be_compared_says_why(hub: Hub) -> None:
    git(hub.site, "init", "-q")
    hub.change("receipt", "amount: amount", "amount: amount | decimal")
    fresh = "mapping: pad/fresh\nfrom: pad.Product\nto: good\nfields: {name: name}\n"
    write(hub.site / "mappings" / "pad" / "fresh.yaml", fresh)
    said = {}
    for words in REFUSED:
        with pytest.raises(ConfigurationError) as error:
            hub.mapping("diff", *words)
        said[words] = error.value.code
        assert error.value.why and error.value.next_step
    assert said == REFUSED


def test_the_page_is_one_file_and_trusts_nothing(hub: Hub, tmp_path: Path) -> None:
    put(hub.site, "pad_crm", "Order", "O2", number="<script>alert(1)</script>")
    run_sync("crm_deals")
    hub.change("order", "price: price", "price: qty")
    page = tmp_path / "diff.html"
    hub.mapping("diff", "pad/order", "--html", str(page))
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text and "<script" not in text
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\(", text)
    assert "default-src 'none'" in text
    assert text.count('lang="zh-CN">') > 5 and text.count('<span lang="en">') > 5


def test_opened_page_shows_one_language_at_a_time(
    hub: Hub, tmp_path: Path, needs_program: Callable[[str], str]
) -> None:
    from playwright.sync_api import sync_playwright

    hub.change("order", "price: price", "price: qty")
    page_file = tmp_path / "diff.html"
    hub.mapping("diff", "pad/order", "--html", str(page_file))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs_program("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 480, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        for pick, shown, hidden in (
            ("zh", "变化的字段", "Fields that change"),
            ("en", "Fields that change", "变化的字段"),
        ):
            page.click(f"label[for={pick}]")
            assert page.get_by_text(shown).is_visible() and not page.get_by_text(hidden).is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "fits a narrow screen"
        assert asked == [page_file.as_uri()]
        browser.close()


def test_nothing_of_an_archive_lands_outside(tmp_path: Path) -> None:
    import io
    import tarfile

    from tongmai.sync.against import _unpack

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in ("a/b.yaml", "../outside.yaml", "a/code.py"):
            entry = tarfile.TarInfo(name)
            entry.size = 2
            tar.addfile(entry, io.BytesIO(b"{}"))
        link = tarfile.TarInfo("a/link.yaml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    _unpack(packed.getvalue(), tmp_path / "in")
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*.*"))] == ["in/a/b.yaml"]

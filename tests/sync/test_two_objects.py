"""Two objects of one connection hear of each other as two systems do; none is told what it said itself, nothing goes round."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from masterdata.store import connect
from tests.sync.desk_world import BOTH, ONE_WAY, Desk, build
from tongmai.sync import trace
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.run import run_sync


class Hub(Desk):
    """The desk, and the hub behind it."""

    def __init__(self, desk: Desk, url: str) -> None:
        super().__init__(desk.file)
        self.url = url

    def run(self, *names: str) -> None:
        for name in names:
            report = run_sync(name)
            assert report.ok and report.balanced, report.as_json()


@pytest.fixture
def desk(site: Path, hub_url: str) -> Iterator[Hub]:
    import connectors.vendors

    before = list(connectors.vendors.__path__)
    _forget()  # another test's site may have had a system of this name
    yield Hub(build(site), hub_url)
    connectors.vendors.__path__[:] = before
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.startswith("connectors.vendors.desk")]:
        del sys.modules[name]


def test_an_edit_of_one_object_reaches_the_other(desk: Hub) -> None:
    desk.put("Order", "o1", number="1", note="first")
    desk.run(*ONE_WAY)
    assert desk.notes("Confirmation") == {"new0": "first"}
    desk.put("Order", "o1", note="second")
    desk.run(*ONE_WAY)
    assert desk.notes("Confirmation") == {"new0": "second"}
    desk.put("Order", "o1", off=True)
    desk.run(*ONE_WAY)
    assert desk.data()["Confirmation"]["new0"]["off"] is True
    desk.put("Order", "o1", off=False)
    desk.run(*ONE_WAY)
    assert desk.data()["Confirmation"]["new0"]["off"] is False


def test_edits_on_both_sides_travel_once_and_nothing_goes_round(desk: Hub) -> None:
    desk.put("Order", "o1", number="1", note="first")
    desk.run(*BOTH, *BOTH)
    assert len(desk.writes()) == 1
    for number, (stream, key) in enumerate([("Confirmation", "new0"), ("Order", "o1")] * 2):
        before = len(desk.writes())
        desk.put(stream, key, note=f"edit {number}")
        desk.run(*BOTH, *BOTH)
        assert desk.notes("Order") == {"o1": f"edit {number}"}
        assert desk.notes("Confirmation") == {"new0": f"edit {number}"}
        other = {"Order": "Confirmation", "Confirmation": "Order"}[stream]
        assert [(one[0], one[2]) for one in desk.writes()[before:]] == [(other, {"note": f"edit {number}"})]
    before = len(desk.writes())
    desk.run(*BOTH, *BOTH)
    assert len(desk.writes()) == before


def test_an_object_is_not_told_what_another_of_its_records_said(desk: Hub) -> None:
    desk.put("Order", "o1", number="1", note="one")
    desk.put("Order", "o2", number="1", note="two")
    desk.run(*BOTH, *BOTH)
    assert desk.notes("Order") == {"o1": "one", "o2": "two"}
    desk.put("Order", "o2", note="three")
    desk.run(*BOTH, *BOTH)
    assert desk.notes("Order") == {"o1": "one", "o2": "three"}
    assert desk.notes("Confirmation") == {"new0": "three"}


def test_the_trace_says_which_object_had_said_it(desk: Hub) -> None:
    desk.put("Order", "o1", number="1", note="one")
    desk.put("Order", "o2", number="1", note="two")
    desk.run("orders", "orders_back")
    with connect(desk.url) as database, database.transaction() as cursor:
        told = trace.story(cursor, "deal", "o2")["deliveries"]
    assert [(one["target"], one["outcome"]) for one in told] == [("orders_back", "suppressed")]
    assert told[0]["reason"] == "nothing new for Order in desk: it holds these values, or said them itself"


def test_hubs_of_before_look_at_every_entity_once(desk: Hub) -> None:
    """Updates that the rule of earlier versions held back are sent after the upgrade, not at the next edit."""
    desk.put("Order", "o1", number="1", note="first")
    desk.run(*ONE_WAY)
    desk.put("Order", "o1", note="second")
    desk.run("orders")
    with psycopg.connect(desk.url) as connection:  # as it stood then: nothing queued, the digest without the rule
        connection.execute("delete from hub.outbox")
        connection.execute("delete from hub.outbox_book")
        connection.execute("delete from hub.delivery")
        connection.execute("update hub.target set map_digest = '\\x00'")
    desk.run("confirmations_back")
    assert desk.notes("Confirmation") == {"new0": "second"}


def test_a_field_that_goes_round_between_two_objects_is_found(desk: Hub, site: Path) -> None:
    def found() -> list[str]:
        ours = [one for one in check_content(load_content()) if str(site) in one.mark.file]
        assert not [one.line() for one in ours if one.code not in ("sync.writer-cycle", "mapping.no-tests")]
        return [one.message.en for one in ours if one.code == "sync.writer-cycle"]

    assert any("desk: Order.note" in one and "desk: Confirmation.note" in one for one in found())
    entity = site / "masterdata" / "deal" / "entity.yaml"
    text = entity.read_text(encoding="utf-8").replace("{type: text,", "{type: text, owner: crm,")
    entity.write_text(text, encoding="utf-8")
    assert any("`owner: crm` decides nothing" in one for one in found()), "both objects are of that role"
    entity.write_text(text.replace("owner: crm,", "owner: erp,"), encoding="utf-8")
    assert found() == []

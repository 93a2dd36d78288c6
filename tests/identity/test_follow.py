"""What goes along when records go over to another entity, in the very batch or delivery that is under way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.matching.codes import credit_code
from tests.identity.arrival import run
from tests.identity.test_targets import CIRCLE, firm, settle, writes
from tests.identity.world import World
from tongmai.sync import correcting, deliver
from tongmai.sync.acts import Verdict, act, undo
from tongmai.sync.run import SyncOptions, run_sync

CODE, OTHER = credit_code("91", "330106", "MA2B0C1D"), credit_code("91", "320505", "MA1X2Y3W")
CLOUD, FIELD = "杭州云帆软件有限公司", "苏州天禾纺织有限公司"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    made = world_of("crm", "erp")
    made.target("erp")
    made.target("crm")
    return made


def test_a_copy_of_ours_that_is_edited_beside_the_record_that_takes_its_entity(world: World) -> None:
    """One batch: an edit makes the ERP's own record one with the CRM's, and the copy of the latter was edited too."""
    world.put("crm.firms", [])
    world.put("erp.firms", [firm("1", FIELD, phone="0512-66668888")])
    settle(world)
    world.put("crm.firms", [*world.rows("crm.firms").values(), firm("a", CLOUD, uscc=CODE, phone="0571-88886666")])
    settle(world)
    (copy,) = [key for key in world.rows("erp.firms") if key != "1"]
    world.edit("erp.firms", copy, city="杭州市")
    world.edit("erp.firms", "1", name=CLOUD, uscc=CODE, phone="0571-88886666")
    run("erp_firms")
    world.check()
    assert world.entity_of("erp", copy) == world.entity_of("erp", "1") == world.entity_of("crm", "a")
    settle(world)


def test_a_record_that_is_deleted_beside_the_one_that_takes_its_entity(world: World) -> None:
    world.put("crm.firms", [])
    world.put("erp.firms", [firm("1", FIELD, phone="0512-66668888")])
    for name in ("erp_firms", "crm_firms"):
        run(name)
    world.put("crm.firms", [firm("a", CLOUD, uscc=CODE, phone="0571-88886666")])
    run("crm_firms")
    rows = world.rows("erp.firms")
    world.put("erp.firms", [*rows.values(), firm("2", CLOUD, uscc=CODE)])
    run("erp_firms")
    assert world.entity_of("erp", "2") == world.entity_of("crm", "a")
    world.put("erp.firms", [firm("1", CLOUD, uscc=CODE, phone="0571-88886666")])
    report = run_sync("erp_firms", SyncOptions(full=True))
    assert report.ok, report.as_json()
    assert world.query("select deleted from hub.source_record where source_key = '2'") == [(True,)]
    world.check()
    assert world.entity_of("crm", "a") == world.entity_of("erp", "1") == world.entity_of("erp", "2")


def test_what_the_matcher_takes_apart_is_switched_on_again(world: World) -> None:
    """A second record was switched off by approval; then its code turns out to be another company's. The target does not
    follow the status, so nothing else would have it looked at."""
    sync = (world.site / "syncs/erp_back.yaml").read_text(encoding="utf-8")
    world.write("syncs/erp_back.yaml", sync + "deletes: ignore\n")
    world.put("crm.firms", [])
    world.put(
        "erp.firms", [firm("1", CLOUD, uscc=CODE, phone="0571-88886666"), firm("2", CLOUD, phone="0571-88886666")]
    )
    settle(world)
    assert world.entity_of("erp", "1") == world.entity_of("erp", "2")
    correcting.decide("customer", "2", approve=True, who="steward", why="twice")
    settle(world)
    assert world.rows("erp.firms")["2"]["off"] is True
    world.edit("erp.firms", "2", uscc=OTHER)
    settle(world)
    assert world.entity_of("erp", "1") != world.entity_of("erp", "2")
    assert world.rows("erp.firms")["2"]["off"] is False
    (found,) = [one for one in correcting.listed("customer") if one["key"] == "2"]
    assert found["state"] == "void"
    quiet = writes(world, "erp")
    settle(world)
    assert writes(world, "erp") == quiet
    world.put("crm.firms", [*world.rows("crm.firms").values(), firm("b", CLOUD, uscc=OTHER)])
    settle(world)
    assert world.entity_of("crm", "b") == world.entity_of("erp", "2")
    world.edit("erp.firms", "2", off=True)  # by people there, for their own reasons
    run("erp_firms")
    world.edit("crm.firms", "b", phone="0571-12345678")
    settle(world)
    row = world.rows("erp.firms")["2"]
    assert row["phone"].endswith("12345678") and row["off"] is True, "we switch on only what we switched off"


def test_one_again_it_is_asked_about_again(world: World) -> None:
    """What was approved was carried out and taken back: `approved` would promise what nobody does."""
    world.put("crm.firms", [])
    world.put(
        "erp.firms", [firm("1", CLOUD, uscc=CODE, phone="0571-88886666"), firm("2", CLOUD, phone="0571-88886666")]
    )
    settle(world)
    correcting.decide("customer", "2", approve=True, who="steward", why="twice")
    settle(world)
    apart = act("customer", Verdict("unmerge", records=(world.record("erp", "2"),)), who="steward", why="two firms")
    settle(world)
    assert world.rows("erp.firms")["2"]["off"] is False
    undo("customer", apart.act, who="steward")
    settle(world)
    assert [one["state"] for one in correcting.listed("customer") if one["target"] == "erp_back"] == ["open"]
    correcting.decide("customer", "2", approve=True, who="steward", why="twice after all", target="erp_back")
    settle(world)
    assert world.rows("erp.firms")["2"]["off"] is True
    assert [one["state"] for one in correcting.listed("customer") if one["target"] == "erp_back"] == ["done"]


def test_deleted_while_they_were_one_it_is_not_made_again(world: World) -> None:
    """The record that is written to is deleted in its target: the other takes its place; parted, the first is still gone."""
    world.put("crm.firms", [firm("a", CLOUD, uscc=CODE), firm("b", FIELD)])
    world.put("erp.firms", [firm("1", CLOUD, uscc=CODE), firm("2", FIELD)])
    settle(world)
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm")
    settle(world)
    rows = world.rows("erp.firms")
    del rows["1"]
    world.put("erp.firms", rows.values())
    report = run_sync("erp_firms", SyncOptions(full=True))
    assert report.ok, report.as_json()
    world.edit("crm.firms", "a", phone="0571-12345678")
    run("crm_firms")
    run("erp_back")
    assert "12345678" in world.rows("erp.firms")["2"]["phone"], "the other is written to now"
    undo("customer", done.act, who="steward")
    for name in CIRCLE * 2:
        run(name)
    assert set(world.rows("erp.firms")) == {"2"}, "what was deleted there is not made again"
    assert world.rows("erp.firms")["2"]["name"] == FIELD and not world.rows("erp.firms")["2"]["phone"]
    noted = "select remote_key, gone from hub.target_state where target = 'erp_back' order by 1"
    assert world.query(noted) == [("1", True), ("2", False)]


def test_what_was_refused_of_an_entity_is_no_question_once_it_is_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put("crm.firms", [firm("a", CLOUD, uscc=CODE)])
    world.put("erp.firms", [firm("1", CLOUD, uscc=CODE)])
    settle(world)
    monkeypatch.setattr(
        deliver, "LOOK_EVERY", float("inf")
    )  # what others enter in the ERP is not read just before writing
    world.put("crm.firms", [firm("a", CLOUD, uscc=CODE), firm("b", FIELD, uscc=OTHER)])
    twice = [firm("8", FIELD, uscc=OTHER), firm("9", FIELD, uscc=OTHER)]
    world.put("erp.firms", [*world.rows("erp.firms").values(), *twice])
    run("crm_firms")
    run("erp_back")
    refused = "select entity_id, code from hub.quarantined_record where stage = 'deliver' and state = 'open'"
    assert world.query(refused) == [(world.entity_of("crm", "b"), "ambiguous-target")]
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm")
    assert world.query(refused) == []
    undo("customer", done.act, who="steward")
    run("erp_back")
    assert world.query(refused) == [(world.entity_of("crm", "b"), "ambiguous-target")]

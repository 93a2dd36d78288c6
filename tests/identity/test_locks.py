"""Two that move records at the same time never wait for each other: over flows, over references that lead in a circle, over
the work they queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from masterdata.store import connect
from tests.identity import world as worlds
from tests.identity.arrival import run, together
from tests.identity.test_flows import FLOW
from tests.identity.test_targets import firm
from tests.identity.world import World
from tongmai.sync import acts, identify, triggers
from tongmai.sync.acts import Verdict, bulk
from tongmai.sync.content import load_content
from tongmai.sync.referrers import look_again, looped, referrers

NAMES = {
    "a": "苏州天禾纺织有限公司",
    "b": "宁波远洋物流有限公司",
    "c": "成都锦华机械有限公司",
    "d": "青岛海润食品有限公司",
}


def waits(world: World) -> bool:
    return bool(
        world.query(
            """select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' limit 1"""
        )
    )


def until(met: Callable[[], bool]) -> None:
    """Poll; at most ten seconds."""
    end = time.monotonic() + 10
    while not met() and time.monotonic() < end:
        time.sleep(0.02)


def test_two_verdicts_and_another_that_wakes_the_same_flows(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of("crm", "erp")
    world.target("erp")
    world.write("flows/greeting.yaml", FLOW)
    world.put("erp.firms", [])
    world.put("crm.firms", [firm(key, name) for key, name in NAMES.items()])
    run("crm_firms")
    for key in ("b", "d"):
        world.edit("crm.firms", key, name_en="Ltd")
    run("crm_firms")
    run("greeting")
    rows = world.query("select subject from hub.flow_instance where ended_at is null order by id desc")
    late, early = (row[0] for row in rows)
    last, first = ("b", "d") if late == world.entity_of("crm", "b") else ("d", "b")
    other: list[str] = []

    def wake() -> None:
        try:
            with connect(world.url) as database, database.transaction() as cursor:
                triggers.wake(cursor, {late, early})
            other.append("done")
        except psycopg.Error as error:
            other.append(type(error).__name__)

    thread = threading.Thread(target=wake)
    decide, seen = acts._decide, []

    def meet(*given: Any) -> acts.Outcome:
        seen.append(1)
        if len(seen) == 2:  # what the first verdict means for flows has been said
            thread.start()
            until(lambda: bool(other) or waits(world))
        return decide(*given)

    monkeypatch.setattr(acts, "_decide", meet)
    pairs = {"b": "a", "d": "c"}
    verdicts = [Verdict("merge", (pairs[key], key)) for key in (last, first)]
    assert len(bulk("customer", verdicts, who="steward", why="one")) == 2
    thread.join()
    assert other == ["done"]
    assert world.query("select bool_and(due) from hub.flow_instance where ended_at is null") == [(True,)]


@pytest.fixture
def circle(site_folder: Path) -> Iterator[None]:
    """A site in which customers refer to contacts, who refer to customers."""
    file = site_folder / "masterdata/customer/entity.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "extend: customer\nfields:\n  chief: {type: ref(contact), label: {zh: 负责人, en: Chief}}\n", encoding="utf-8"
    )
    worlds.LOADED.clear()
    yield
    file.unlink()
    worlds.LOADED.clear()


@pytest.mark.usefixtures("circle")
def test_entities_that_refer_to_each_other_both_move(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of("crm", "erp")
    code = "91110108MA01ABCD1E"
    person = {"name": "王小明", "mobile": "13800001111"}
    world.put("erp.firms", [firm("E1", "上海远山贸易有限公司")])
    world.put("crm.firms", [firm("C1", "北京星河软件有限公司", uscc=code)])
    world.put("erp.people", [{"key": "Q1", **person}])
    world.put("crm.people", [{"key": "P1", "name": "李大力", "mobile": "13700002222"}])
    for name in ("crm_firms", "crm_people", "erp_firms", "erp_people"):
        run(name)
    world.put("erp.firms", [firm("E1", "北京星河软件有限公司", uscc=code)])
    world.put("crm.people", [{"key": "P1", **person}])
    assert looped(load_content().schema, "customer") and looped(load_content().schema, "contact")
    arrived: list[str] = []

    def meet(cursor: Any, entity: str, fields: Any, lost: Any) -> None:
        if lost and entity not in arrived:
            arrived.append(entity)
            until(lambda: len(arrived) == 2 or waits(world))
        look_again(cursor, entity, fields, lost)

    monkeypatch.setattr(identify, "look_again", meet)
    together(["erp_firms", "crm_people"])
    assert set(arrived) == {"customer", "contact"}, "both moved a record"
    assert world.entity_of("crm", "C1") == world.entity_of("erp", "E1")
    assert world.entity_of("crm", "P1") == world.entity_of("erp", "Q1")


def test_only_references_in_a_circle_lock_from_the_beginning(world_of: Callable[..., World]) -> None:
    world_of("crm")
    schema = load_content().schema
    assert not [one for one in schema.matching if looped(schema, one)]


def test_the_same_records_are_queued_in_one_order(world_of: Callable[..., World]) -> None:
    """A customer that is parent of one firm and employer of people, looked for from two sides: in either order of fields."""
    world = world_of("crm")
    world.put("crm.firms", [firm(key, name) for key, name in NAMES.items()])
    run("crm_firms")
    world.put("crm.people", [{"key": f"p{n}", "name": "王小明", "firm": "a"} for n in range(40)])
    run("crm_people")
    lost, fields = {world.entity_of("crm", "a")}, referrers(load_content().schema, "customer")
    with connect(world.url) as database, database.transaction() as cursor:
        look_again(cursor, "customer", fields, lost)
        cursor.execute("select record_id from hub.work order by ctid")
        queued = [row[0] for row in cursor]
        assert len(queued) == 40 and queued == sorted(queued)

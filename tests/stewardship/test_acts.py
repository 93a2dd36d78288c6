"""Verdicts on identity: golden records, deliveries and targets follow, and go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from masterdata.store import connect
from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.batch.snapshot import take
from tongmai.core.errors import ConfigurationError
from tongmai.sync import overriding
from tongmai.sync.acts import Verdict, act, bulk, undo
from tongmai.sync.content import load_content
from tongmai.sync.trace import NotFoundError


def _two(world: World) -> tuple[str, str]:
    """Two entities that may be one; each has an account."""
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.put("Account", "a2", name=SLIP, city="上海市", phone="021-64321234")
    world.run("accounts")
    return world.entity("a1"), world.entity("a2")


def _says(world: World) -> list[tuple[object, ...]]:
    """All golden customers as they are now, with their records."""
    return world.query(
        """select g.id, to_jsonb(g), (select array_agg(source_key order by source_key) from hub.source_record r where r.entity_id = g.id)
             from golden.customer g order by 1"""
    )


def test_a_merge_and_its_undoing(world: World) -> None:
    one, two = _two(world)
    world.put("Deal", "d1", name="扩产", who="a2", stage="following")
    world.run("deals")
    before = _says(world)
    deal = "select customer_id::text from golden.opportunity"
    assert one != two and world.query(deal) == [(two,)]
    tried = act("customer", Verdict("merge", (one, two)), who="li", why="same phone", dry_run=True)
    assert _says(world) == before and world.query("select count(*) from hub.match_act") == [(0,)]
    done = act("customer", Verdict("merge", (one, two)), who="li", why="same phone")
    assert world.entity("a1") == world.entity("a2") == one and world.query(deal) == [(one,)]
    assert [str(each) for each in done.dead] == [two] and done.dead == tried.dead and done.moves == tried.moves
    changes = {each["id"]: each["fields"] for each in done.effects["golden"]}
    assert changes[one]["phones"][1] == ["+862164321234"] == world.golden("a2")["phones"]
    assert changes == {each["id"]: each["fields"] for each in tried.effects["golden"]}
    assert any(each["entity"] == "opportunity" for each in done.effects["golden"])
    assert world.golden("a1")["uscc"] == CODE and world.query("select count(*) from golden.customer") == [(1,)]
    with pytest.raises(ConfigurationError, match="one entity already"):
        act("customer", Verdict("merge", (one, two)), who="li", why="again")
    world.put("Account", "a2", name=SLIP, city="苏州市")
    world.run("accounts")
    assert world.entity("a2") == one, "an edit does not undo what a steward said"
    world.put("Account", "a2", name=SLIP, city="上海市")
    world.run("accounts")
    undo("customer", done.act, who="wang")
    assert _says(world) == before and world.query(deal) == [(two,)]
    with pytest.raises(NotFoundError, match="undone already"):
        undo("customer", done.act, who="wang")
    assert world.query("select undone_by from hub.match_act where kind = 'merge'") == [("wang",)]


def test_apart_and_unmerge_stand_against_what_records_say(world: World) -> None:
    one, two = _two(world)
    act("customer", Verdict("apart", (one, two)), who="li", why="two companies")
    assert world.query("select count(*) from hub.match_review") == [(0,)]
    for name in (FULL, FULL):  # now they look the same in everything, and stay apart
        world.put("Account", "a2", name=name, city="上海市", code=CODE)
        world.run("accounts")
    assert world.entity("a2") == two
    with connect(world.url) as database:
        take(database, load_content().schema, "customer", lambda *_: None)
    world.put("Account", "a1", person="李建国")
    world.put("Account", "a2", person="李建国")
    world.run("accounts", full=True)
    assert (world.entity("a1"), world.entity("a2")) == (one, two), "other weights change nothing that was said"
    world.put("Account", "a3", name=FULL, city="上海市", code=CODE)
    world.run("accounts")
    assert world.entity("a3") in (one, two)
    home = "a1" if world.entity("a3") == one else "a2"
    done = act("customer", Verdict("unmerge", records=(world.record("a3"),)), who="li", why="a branch")
    assert len({world.entity(key) for key in ("a1", "a2", "a3")}) >= 2 and world.entity("a3") != world.entity(home)
    undo("customer", done.act, who="li")
    with pytest.raises(ConfigurationError, match="every record would be taken out"):
        every = world.query("select id from hub.source_record where entity_id = %s", world.entity("a3"))
        act("customer", Verdict("unmerge", records=tuple(row[0] for row in every)), who="li", why="all")
    with pytest.raises(ConfigurationError, match="does not say why"):
        act("customer", Verdict("apart", (one, two)), who="li", why=" ")


def test_bulk_is_all_or_nothing(world: World) -> None:
    one, two = _two(world)
    world.put("Account", "a3", name="北京腾红正贸易有限公司", city="北京市")
    world.run("accounts")
    before = _says(world)
    good = Verdict("merge", (one, two), why="seen both")
    with pytest.raises(NotFoundError):
        bulk("customer", [good, Verdict("apart", (one, "nobody"), why="x")], who="li", why="")
    assert _says(world) == before and world.query("select count(*) from hub.match_act") == [(0,)]
    bulk("customer", [good, Verdict("apart", (one, world.entity("a3")))], who="li", why="a list")
    assert world.query("select kind, why from hub.match_act order by id") == [
        ("merge", "seen both"),
        ("apart", "a list"),
    ]


def test_a_record_kept_after_an_edit_is_confirmed_by_merging_what_is_one(world: World) -> None:
    world.put("Account", "a1", name=FULL, city="上海市")
    world.put("Account", "a2", name=FULL, city="上海市")
    world.run("accounts")
    world.put("Account", "a2", name="北京腾红正贸易有限公司", city="北京市")
    world.run("accounts")
    one = world.entity("a1")
    assert world.entity("a2") == one and world.query("select kind from hub.match_act") == [("kept",)]
    act("customer", Verdict("merge", (one,)), who="li", why="renamed")
    with pytest.raises(ConfigurationError, match="fewer than two"):
        act("customer", Verdict("merge", (one,)), who="li", why="nothing is open any more")


def test_overrides_follow_a_merge_and_go_back(world: World) -> None:
    one, two = _two(world)
    until = datetime.now(UTC) + timedelta(days=9)

    def put(key: str, field: str, value: str) -> None:
        overriding.override("customer", key, field, value, until=until, why="seen", by="li")

    put(two, "address", "张江路 2 号")
    put(two, "website", "https://two.example/")
    put(one, "website", "https://one.example/")
    done = act("customer", Verdict("merge", (one, two)), who="li", why="one company")
    golden = world.golden("a1")
    assert (golden["address"], golden["website"]) == ("张江路 2 号", "https://one.example/")
    assert world.query("select count(*) from hub.override where entity_id = %s", two) == [(2,)]
    undo("customer", done.act, who="li")
    assert world.golden("a1")["address"] is None and world.golden("a2")["address"] == "张江路 2 号"
    assert world.golden("a2")["website"] == "https://two.example/"
    act("customer", Verdict("merge", (one, two)), who="li", why="one company")
    overriding.release("customer", one, "address", "wang")
    assert world.query("select ended_by from hub.override where field = 'address'") == [("wang",)]

    with psycopg.connect(world.url) as connection:
        connection.execute(
            "update hub.override set until = now() - interval '1 day', set_at = now() - interval '2 days'"
        )
    assert overriding.expire() == {"customer": 1}, "the merged entity's override ends in the survivor"

"""Many merges and unmerges while a sync runs, then every proposed correction delivered: nothing lost, no drift.

In CI a few; ``IDENTITY_MERGES=2000 pytest tests/identity/test_many.py`` for the size that counts (a quarter is taken back).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.matching.chance import Draw
from masterdata.store import connect
from tests.identity.arrival import run
from tests.identity.world import World, draw, loaded
from tongmai.sync import corrections
from tongmai.sync.acts import Verdict, bulk, undo

MERGES = int(os.environ.get("IDENTITY_MERGES", "24"))
UNMERGES = MERGES // 4
LOT = 25
CIRCLE = ("crm_firms", "erp_firms", "erp_back")
Said = dict[tuple[str, str], tuple[Any, ...]]


def said(world: World) -> Said:
    """Contribution and crosswalk of every customer record, by connection and key."""
    return {
        (connection, key): rest
        for connection, key, *rest in world.query(
            """select s.connection, r.source_key, r.entity_id, x.entity_id, c.entity_id, c.fields::text, c.changed::text, c.echo::text,
                      c.deleted, c.own::text
                 from hub.source_record r join hub.stream s on s.id = r.stream_id and s.entity = 'customer'
                 join hub.contribution c on c.record_id = r.id
                 join hub.crosswalk x on x.connection = s.connection and x.stream = s.stream and x.source_key = r.source_key"""
        )
    }  # fmt: skip


def shuffled(items: list[Any], chance: Draw) -> list[Any]:
    return [items[at] for at in sorted(range(len(items)), key=[chance.next() for _ in items].__getitem__)]


def pairs(world: World, wanted: int, chance: Draw) -> list[tuple[str, str]]:
    """Entities, two by two, each of which the ERP holds a record of."""
    found = [
        str(one)
        for (
            one,
        ) in world.query("""select e.id from hub.target_state h join hub.entity e on e.id = h.entity_id and e.redirect_to is null
                 where h.target = 'erp_back' and e.entity = 'customer' order by 1""")
    ]
    found = shuffled(found, chance)
    assert len(found) >= 2 * wanted + 10, len(found)
    return list(zip(found[:wanted], found[wanted : 2 * wanted], strict=True))


def members(world: World, entities: list[str]) -> set[tuple[str, str]]:
    rows = world.query("select connection, source_key from hub.crosswalk where entity_id = any(%s::uuid[])", entities)
    return {(connection, key) for connection, key in rows}


class Reader(threading.Thread):
    """People edit records that are no part of the acts, and every sync runs again and again, until told to stop."""

    def __init__(self, world: World, keys: list[str]) -> None:
        super().__init__()
        self.world, self.keys, self.rounds = world, keys, 0
        self.enough, self.failed = threading.Event(), list[BaseException]()

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                self.rounds += 1
                for at, key in enumerate(self.keys):
                    self.world.edit(
                        "crm.firms", key, contact=f"第{self.rounds}轮{at}", updated_at="2026-06-01T00:00:00+08:00"
                    )
                for name in CIRCLE[:2]:
                    run(name)
        except BaseException as error:
            self.failed.append(error)


def rest(world: World) -> None:
    """Go round until nothing is written any more: what was written has been read back too."""
    written = -1
    for _ in range(8):
        for name in CIRCLE:
            run(name)
        ((now,),) = world.query("select count(*) from hub.delivery")
        if now == written:
            return
        written = now
    raise AssertionError(f"the systems never come to rest: {written} deliveries")


def deliver_corrections(world: World) -> int:
    """Approve everything that is proposed, and let the ERP have it."""
    content = loaded()
    with connect(world.url) as database, database.transaction() as cursor:
        proposed = [one for one in corrections.listed(cursor, content, "customer") if one["state"] == "open"]
        for one in proposed:
            corrections.decide(
                cursor, content, "customer", one["target"], one["key"], approve=True, who="steward", why="a double", run="a-test"
            )  # fmt: skip
    for _ in range(2):
        for name in CIRCLE:
            run(name)
    with connect(world.url) as database, database.transaction() as cursor:
        states = {one["state"] for one in corrections.listed(cursor, content, "customer") if one["verdict"]}
    assert states <= {"done", "void"}, states
    return len(proposed)


def drift(world: World) -> list[str]:
    """Where the ERP's own records are not what the golden records say."""
    rows, found = world.rows("erp.firms"), []
    for key, fields, why in world.query(
        """select h.remote_key, v.fields, e.provenance from hub.target_state h join hub.entity e on e.id = h.entity_id and e.redirect_to is null
             join hub.entity_version v on v.entity_id = e.id and v.version = e.version where h.target = 'erp_back'"""
    ):
        row = rows[key]
        own = {
            name
            for name in ("legal_name", "uscc")
            if (why.get(name, {}).get("connection"), why.get(name, {}).get("stream")) == ("erp", "firms")
        }
        for name, there in (("legal_name", row.get("name")), ("uscc", row.get("uscc"))):
            if name not in own and fields[name] and there != fields[name]:
                found.append(f"{key}.{name}: {there!r}, golden {fields[name]!r}")
        if bool(row.get("off")) != (fields["status"] == "inactive"):
            found.append(f"{key}: off is {row.get('off')}, golden {fields['status']}")
    second = world.query(
        """select r.source_key from hub.source_record r join hub.target t on t.stream_id = r.stream_id and t.name = 'erp_back'
             join hub.target_state h on h.target = t.name and h.entity_id = r.entity_id where h.remote_key <> r.source_key"""
    )
    return found + [f"{key}: a second record that is on" for (key,) in second if not rows[key].get("off")]


def test_merges_and_unmerges_while_a_sync_runs(world_of: Callable[..., World], tmp_path: Path) -> None:
    world, chance = world_of("crm", "erp"), Draw("many")
    world.target("erp")
    streams = draw(max(160, 6 * MERGES), 7, tmp_path, "medium")
    for name in ("crm.firms", "erp.firms"):
        world.put(name, streams[name])
    rest(world)
    chosen = pairs(world, MERGES, chance)
    concerned = members(world, [one for pair in chosen for one in pair])
    others = sorted(row["key"] for row in streams["crm.firms"] if ("crm", row["key"]) not in concerned)[:5]
    before = said(world)

    reader = Reader(world, others)
    reader.start()
    acts: list[tuple[int, tuple[str, str]]] = []
    for at in range(0, MERGES, LOT):
        lot = chosen[at : at + LOT]
        done = bulk("customer", [Verdict("merge", pair) for pair in lot], who="steward", why="a test")
        acts += [(one.act, pair) for one, pair in zip(done, lot, strict=True)]
    acts = shuffled(acts, chance)
    for number, _ in acts[:UNMERGES]:
        undo("customer", number, who="steward")
    reader.enough.set()
    reader.join()
    assert not reader.failed, reader.failed
    world.check()

    after, apart = said(world), members(world, [one for _, pair in acts[:UNMERGES] for one in pair])
    assert apart and {one: after[one] for one in apart} == {one: before[one] for one in apart}
    merged = world.query("select count(*) from hub.entity where redirect_to is not null and entity = 'customer'")[0][0]
    assert merged >= MERGES - UNMERGES
    proposed = deliver_corrections(world)
    assert proposed >= MERGES - UNMERGES and drift(world) == []

    again = acts[UNMERGES : UNMERGES + max(3, UNMERGES // 10)]
    for number, _ in again:
        undo("customer", number, who="steward")
    for name in CIRCLE * 2:
        run(name)
    world.check()
    assert drift(world) == [], "what was switched off as a double is on again"
    back = members(world, [one for _, pair in again for one in pair])
    now = said(world)
    assert {one: now[one][:3] for one in back} == {one: before[one][:3] for one in back}
    print(
        f"{MERGES:,} merges, {UNMERGES:,} unmerges, {reader.rounds} rounds of edits and syncs beside them, {proposed:,} corrections delivered"
    )

"""Merges that are taken back leave no trace: as in a twin of the hub where they never happened, while syncs go on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bench.matching.chance import Draw
from tests.identity.arrival import run
from tests.identity.twin import Pair, alike
from tests.identity.world import Streams, World, draw
from tongmai.stack.postgres import Server
from tongmai.sync.acts import Outcome, Verdict, act, undo

READS = ("crm_firms", "erp_firms", "crm_people", "erp_people")
ROUNDS = 6


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    drawn = draw(70, 5, tmp_path_factory.mktemp("drawn"))
    return {name: rows for name, rows in drawn.items() if name.replace(".", "_") in READS}


def load(world: World, streams: Streams) -> None:
    for name, rows in streams.items():
        world.put(name, rows)
    for name in READS:
        run(name)


def living(world: World, entity: str, chance: Draw, count: int) -> list[str]:
    """Some entities that have records of their own."""
    found = [
        str(one)
        for (one,) in world.query("select distinct entity_id from hub.crosswalk where entity = %s order by 1", entity)
    ]
    return [found.pop(chance.below(len(found))) for _ in range(count)]


def verdict(world: World, entity: str, chance: Draw) -> Verdict:
    """A merge, or some records taken out, or two entities kept apart, at random."""
    kind = chance.one(("merge", "merge", "unmerge", "apart"))
    several = world.query(
        """select array_agg(m.record_id order by m.record_id) from hub.match_record m join hub.source_record r on r.id = m.record_id
            where m.entity = %s group by r.entity_id having count(*) > 1 order by 1""",
        entity,
    )
    if kind == "unmerge" and several:
        (group,) = several[chance.below(len(several))]
        return Verdict(kind, records=tuple(group[: 1 + chance.below(len(group) - 1)]))
    return Verdict("merge" if kind == "unmerge" else kind, tuple(living(world, entity, chance, 2)))


def edit(world: World, chance: Draw, at: int) -> None:
    """People write something else into some records."""
    for stream in ("crm.firms", "erp.firms", "crm.people"):
        rows = world.rows(stream)
        for _ in range(4):
            key = sorted(rows)[chance.below(len(rows))]
            other = rows[sorted(rows)[chance.below(len(rows))]]
            name = chance.one(("name", "phone", "city", "contact", "uscc"))
            row = {**rows[key], "updated_at": f"2026-0{1 + at % 9}-01T00:00:00+08:00"}
            if chance.happens(0.5) and name != "name":
                row.pop(name, None)
            elif other.get(name):
                row[name] = other[name]
            rows[key] = row
        world.put(stream, rows.values())


def read(failed: list[BaseException]) -> None:
    """Read everything; what goes wrong is shown by the test."""
    try:
        for name in READS:
            run(name)
    except BaseException as error:
        failed.append(error)


@pytest.mark.parametrize("seed", [1, 2])
def test_taken_back_it_never_was(
    seed: int, streams: Streams, world_of: Callable[..., World], postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, chance = world_of("crm", "erp"), Draw(f"acts {seed}")
    load(world, streams)
    pair = Pair(world, postgres, monkeypatch)
    done: list[tuple[str, Outcome]] = []
    for at in range(ROUNDS):
        edit(world, chance, at)
        failed: list[BaseException] = []

        reading = threading.Thread(target=read, args=(failed,))
        reading.start()
        for entity in ("customer", "contact", "customer"):
            done.append((entity, act(entity, verdict(world, entity, chance), who="steward", why="a test")))
        reading.join()
        assert not failed, failed
        world.check()
        pair.on_twin(*READS)
    assert any(one.moves for _, one in done) and any(one.dead for _, one in done)
    while done:
        entity, one = done.pop(chance.below(len(done)))
        undo(entity, one.act, who="steward")
    world.check()
    alike(world, pair.twin)
    pair.close()

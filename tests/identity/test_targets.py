"""What merges and unmerges do to the systems that are written to: nothing twice, nothing emptied, all as it was afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.matching.chance import Draw
from bench.matching.codes import credit_code
from tests.identity.arrival import run
from tests.identity.world import Row, World, draw
from tongmai.sync.acts import Verdict, act, undo

CIRCLE = ("crm_firms", "erp_firms", "erp_back", "crm_back")


def firm(key: str, name: str, **more: Any) -> Row:
    return {"key": key, "name": name, "updated_at": "2026-01-01T00:00:00+08:00", **more}


def writes(world: World, system: str) -> list[tuple[str, str]]:
    """(operation, key) of every write a system took."""
    file = world.folder / system / "writes.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [(op, key) for _, op, key, _ in map(json.loads, lines)]


def settle(world: World, times: int = 2) -> None:
    for name in CIRCLE * times:
        run(name)
    assert_soundly_told(world)


def assert_soundly_told(world: World) -> None:
    """Every living entity is in each target; what that did not say itself it holds as the golden record says it."""
    world.check()
    for system in ("crm", "erp"):
        for fields, why, key, there, held in world.query(
            """select v.fields, e.provenance, t.remote_key, c.fields,
                      exists (select 1 from hub.outbox o where o.entity_id = g.id and o.target = %s and o.state = 'waiting')
                        or exists (select 1 from hub.quarantined_record q where q.entity_id = g.id and q.target = %s and q.state = 'open')
                 from golden.customer g
                 join hub.entity e on e.id = g.id join hub.entity_version v on v.entity_id = e.id and v.version = e.version
                 left join hub.target_state t on t.entity_id = g.id and t.target = %s
                 left join hub.target a on a.name = t.target
                 left join hub.source_record r on r.stream_id = a.stream_id and r.source_key = t.remote_key
                 left join hub.contribution c on c.record_id = r.id""",
            *[f"{system}_back"] * 3,
        ):
            assert fields["legal_name"], f"a golden record has no name ({key})"
            if key is None:  # a creation that may be a double waits for a steward, or was refused as one
                assert held, f"{fields['legal_name']} is not in {system}"
                continue
            assert there, f"{key} of {system} was not read"
            for name in ("legal_name", "uscc"):
                if fields[name] and (why[name]["connection"], why[name]["stream"]) != (system, "firms"):
                    assert there[name] == fields[name], f"{system} {key}"
    assert world.query("select * from hub.outbox where state <> 'waiting'") == []


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    made = world_of("crm", "erp")
    made.target("erp")
    made.target("crm")
    return made


CODE = credit_code("91", "330106", "MA2B0C1D")


def test_a_second_record_that_was_there_from_the_start_is_known(world: World) -> None:
    world.put("crm.firms", [])
    world.put(
        "erp.firms",
        [
            firm("1", "杭州云帆软件有限公司", uscc=CODE, phone="0571-88886666"),
            firm("2", "杭州云帆软件有限公司", phone="0571-88886666"),
        ],
    )
    settle(world)
    assert world.entity_of("erp", "1") == world.entity_of("erp", "2")
    done = act("customer", Verdict("unmerge", records=(world.record("erp", "2"),)), who="steward", why="two firms")
    settle(world)
    assert ("create", "W2") not in writes(world, "erp") and len(world.rows("erp.firms")) == 2
    undo("customer", done.act, who="steward")
    settle(world)
    assert len(world.rows("erp.firms")) == 2


def test_a_second_record_that_came_later_is_known(world: World) -> None:
    world.put("crm.firms", [])
    world.put("erp.firms", [firm("1", "杭州云帆软件有限公司", uscc=CODE, phone="0571-88886666")])
    settle(world)
    world.put(
        "erp.firms", [*world.rows("erp.firms").values(), firm("2", "杭州云帆软件有限公司", phone="0571-88886666")]
    )
    settle(world)
    act("customer", Verdict("unmerge", records=(world.record("erp", "2"),)), who="steward", why="two firms")
    settle(world)
    assert [op for op, _ in writes(world, "erp")].count("create") == 0 and len(world.rows("erp.firms")) == 2


def test_two_that_we_created_are_one_and_two_again(world: World) -> None:
    world.put("erp.firms", [])
    world.put(
        "crm.firms",
        [
            firm("a", "杭州云帆软件有限公司", phone="0571-88886666"),
            firm("b", "苏州天禾纺织有限公司", phone="0512-66668888"),
        ],
    )
    settle(world)
    before = world.rows("erp.firms")
    assert len(before) == 2
    known = world.query("select target, entity_id, remote_key, active, gone, known from hub.target_state order by 1, 2")
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm")
    settle(world)
    assert world.partition("customer") == {frozenset({"crm/firms/a", "crm/firms/b", "erp/firms/W0", "erp/firms/W1"})}
    undo("customer", done.act, who="steward")
    settle(world)
    assert world.rows("erp.firms") == before
    assert (
        world.query("select target, entity_id, remote_key, active, gone, known from hub.target_state order by 1, 2")
        == known
    )


def test_what_we_wrote_over_comes_back(world: World) -> None:
    """The name is the ERP's to say and the telephone the CRM's: joined, each is written over in the other system."""
    world.put("crm.firms", [firm("a", "云帆软件有限公司", phone="0571-88886666")])
    world.put("erp.firms", [firm("1", "天禾纺织有限公司", phone="0512-66668888")])
    settle(world)
    assert len(world.golden("customer")) == 2
    done = act("customer", Verdict("merge", ("a", "1")), who="steward", why="one firm")
    settle(world)
    assert world.rows("crm.firms")["a"]["name"] == "天禾纺织有限公司"
    assert world.rows("erp.firms")["1"]["phone"].endswith("88886666")
    undo("customer", done.act, who="steward")
    settle(world)
    assert world.rows("crm.firms")["a"]["name"] == "云帆软件有限公司"
    assert world.rows("erp.firms")["1"]["name"] == "天禾纺织有限公司"
    assert world.rows("erp.firms")["1"]["phone"].endswith("66668888")
    settle(world, 1)
    quiet = [writes(world, one) for one in ("crm", "erp")]
    settle(world, 1)
    assert [writes(world, one) for one in ("crm", "erp")] == quiet


def test_many_acts_with_deliveries_taken_back(world: World, tmp_path: Path) -> None:
    """Deliveries go out between the acts; taken back, every system holds what it held of every living entity."""
    drawn = draw(40, 13, tmp_path, noise="medium")
    for name in ("crm.firms", "erp.firms"):
        world.put(name, drawn[name])
    settle(world)
    chance, before = Draw("acts"), world.partition("customer")
    golden = {key: (fields["legal_name"], fields["uscc"]) for key, fields in world.golden("customer").items()}
    creates = [[one for one in writes(world, system) if one[0] == "create"] for system in ("crm", "erp")]
    done = []
    for _ in range(5):
        found = [str(one) for (one,) in world.query("select id from golden.customer order by id")]
        pair = (found.pop(chance.below(len(found))), found.pop(chance.below(len(found))))
        done.append(act("customer", Verdict("merge", pair), who="steward", why="a test").act)
        for name in CIRCLE:
            run(name)
        world.check()
    while done:
        undo("customer", done.pop(chance.below(len(done))), who="steward")
        for name in CIRCLE:
            run(name)
    settle(world)
    assert world.partition("customer") == before
    assert {key: (fields["legal_name"], fields["uscc"]) for key, fields in world.golden("customer").items()} == golden
    assert [[one for one in writes(world, system) if one[0] == "create"] for system in ("crm", "erp")] == creates

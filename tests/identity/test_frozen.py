"""A delivery was frozen when its entity became part of another one: nothing is doubled, nothing stands in the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.matching.codes import credit_code
from tests.identity.arrival import run
from tests.identity.test_kill import killed
from tests.identity.test_targets import firm, writes
from tests.identity.world import World
from tongmai.sync import deliver
from tongmai.sync.acts import Verdict, act, undo

CODE = credit_code("91", "330106", "MA2B0C1D")
CLOUD, FIELD = "杭州云帆软件有限公司", "苏州天禾纺织有限公司"
BEFORE, AFTER = "deliver.before-remote", "deliver.after-remote"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """The CRM knows two firms, the ERP the first of them."""
    made = world_of("crm", "erp")
    made.target("erp")
    made.put("crm.firms", [firm("a", CLOUD, uscc=CODE, phone="0571-88886666"), firm("b", FIELD, phone="0512-66668888")])
    made.put("erp.firms", [firm("1", CLOUD, uscc=CODE, phone="0571-88886666")])
    return made


def both(world: World) -> None:
    """Read, and write what is to be written."""
    for name in ("crm_firms", "erp_firms", "erp_back") * 2:
        run(name)
    world.check()
    assert world.query("select * from hub.outbox") == []


@pytest.mark.parametrize("failpoint", [BEFORE, AFTER])
def test_a_create_of_an_entity_that_died(world: World, failpoint: str) -> None:
    for name in ("crm_firms", "erp_firms"):
        run(name)
    killed(failpoint, "-m", "tongmai", "sync", "erp_back")
    assert world.query("select operation, state from hub.outbox") == [("create", "frozen")]
    taken = len(world.rows("erp.firms")) == 2
    assert taken == (failpoint == AFTER)
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm")
    both(world)
    assert len(world.rows("erp.firms")) == (2 if taken else 1), "what was not taken is not created any more"
    assert writes(world, "erp").count(("create", "W1")) == (1 if taken else 0)
    if taken:
        assert world.entity_of("erp", "W1") == world.entity_of("crm", "a"), (
            "what was taken is known, as a second record"
        )
    assert len(world.query("select distinct entity_id from hub.crosswalk where entity = 'customer'")) == 1
    undo("customer", done.act, who="steward")
    both(world)
    rows = world.rows("erp.firms")
    assert set(rows) == {"1", "W1"} and rows["W1"]["name"] == FIELD, "created once, whenever that was"
    assert world.entity_of("erp", "W1") == world.entity_of("crm", "b") != world.entity_of("crm", "a")


@pytest.mark.parametrize("point", ["deliver.frozen", BEFORE, AFTER])
def test_a_merge_while_a_create_is_under_way(world: World, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("crm_firms", "erp_firms"):
        run(name)
    done, turn = [], [point]

    def reach(name: str) -> None:
        if name in turn:
            turn.clear()
            done.append(act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm").act)

    monkeypatch.setattr(deliver, "reach", reach)
    run("erp_back")
    assert done
    assert world.query("select entity_id from hub.target_state where entity_id in (select id from hub.entity where entity = 'customer' and redirect_to is not null)") == []  # fmt: skip
    both(world)
    assert set(world.rows("erp.firms")) == {"1", "W1"}
    undo("customer", done[0], who="steward")
    both(world)
    assert set(world.rows("erp.firms")) == {"1", "W1"} and world.entity_of("erp", "W1") == world.entity_of("crm", "b")


def test_a_merge_between_plan_and_freeze(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("crm_firms", "erp_firms"):
        run(name)
    done, plan = [], deliver.plan

    def late(*given: object) -> None:
        plan(*given)  # type: ignore[arg-type]
        if not done:
            done.append(act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm").act)

    monkeypatch.setattr(deliver, "plan", late)
    run("erp_back")
    both(world)
    assert set(world.rows("erp.firms")) == {"1"}, "nothing was sent yet, so nothing is sent"


@pytest.mark.parametrize("failpoint", [BEFORE, AFTER])
def test_an_update_of_what_became_a_second_record(world: World, failpoint: str) -> None:
    world.put("erp.firms", [*world.rows("erp.firms").values(), firm("2", FIELD, phone="0512-66668888")])
    both(world)
    world.edit("crm.firms", "b", phone="0512-11112222")
    run("crm_firms")
    killed(failpoint, "-m", "tongmai", "sync", "erp_back")
    assert world.query("select operation, state from hub.outbox") == [("update", "frozen")]
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one firm")
    both(world)
    assert world.query("select count(*) from hub.correction") == [(0,)]
    undo("customer", done.act, who="steward")
    both(world)
    assert world.rows("erp.firms")["2"]["phone"].endswith("11112222")
    assert set(world.rows("erp.firms")) == {"1", "2"}

"""Records that say nothing new any more, deleted or in quarantine, and stewards' values: what they refer to follows merges all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.identity.arrival import run
from tests.identity.test_kill import killed
from tests.identity.test_targets import firm
from tests.identity.world import World
from tongmai.sync.acts import Verdict, act, undo
from tongmai.sync.overriding import override
from tongmai.sync.run import SyncOptions, run_sync

CLOUD, FIELD, OCEAN = "杭州云帆软件有限公司", "苏州天禾纺织有限公司", "宁波远洋物流有限公司"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    made = world_of("crm", "erp")
    made.put("crm.firms", [firm("a", CLOUD), firm("b", FIELD), firm("c", OCEAN)])
    made.put("crm.people", [{"key": "p", "name": "王小明", "firm": "c"}, {"key": "q", "name": "李大海", "firm": "c"}])
    run("crm_firms")
    run("crm_people")
    return made


def employer(world: World) -> set[str]:
    """Of every golden contact the employer, by its record's key."""
    return {
        key
        for (key,) in world.query(
            "select r.source_key from golden.contact g left join hub.source_record r on r.entity_id = g.customer_id"
        )
    }


def alone(world: World) -> None:
    """The records that refer to it are silenced in their own ways; then it is merged twice, and all is taken back."""
    one = act("customer", Verdict("merge", ("b", "c")), who="steward", why="one").act
    world.check()
    assert employer(world) == {"b", "c"}
    two = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one").act
    world.check()
    assert employer(world) == {"a", "b", "c"}
    undo("customer", two, who="steward")
    world.check()
    assert employer(world) == {"b", "c"}
    undo("customer", one, who="steward")
    world.check()
    assert employer(world) == {"c"}


def test_deleted(world: World) -> None:
    world.put("crm.people", [])
    report = run_sync("crm_people", SyncOptions(full=True))
    assert report.ok, report.as_json()
    assert world.query("select distinct deleted from hub.contribution where fields ? 'customer'") == [(True,)]
    alone(world)


def test_in_quarantine(world: World) -> None:
    """Their newest version cannot be read; what they said before still speaks."""
    for key in ("p", "q"):
        world.edit("crm.people", key, firm="nobody", name="")
    run("crm_people")
    assert world.query("select count(*) from hub.quarantined_record where state = 'open'") == [(2,)]
    alone(world)


def test_on_its_way_into_quarantine(world: World) -> None:
    """The merge comes when a version that cannot be mapped is stored, and not yet looked at."""
    for key in ("p", "q"):
        world.edit("crm.people", key, firm="nobody", name="")
    killed("apply.before-commit", "-m", "tongmai", "sync", "crm_people")
    assert world.query("select distinct reason from hub.work") == [("read",)]
    done = act("customer", Verdict("merge", ("b", "c")), who="steward", why="one").act
    run("crm_people")
    assert world.query("select count(*) from hub.quarantined_record where state = 'open'") == [(2,)]
    world.check()
    assert employer(world) == {"b", "c"}
    undo("customer", done, who="steward")
    world.check()
    assert employer(world) == {"c"}


def test_a_value_that_a_steward_set(world: World) -> None:
    """What a steward says names an entity too, and no source says it."""
    until = datetime.now(UTC) + timedelta(days=9)
    for key in ("p", "q"):
        override("contact", key, "customer", str(world.entity_of("crm", "b")), until=until, why="moved", by="steward")
    done = act("customer", Verdict("merge", ("a", "b")), who="steward", why="one").act
    world.check()
    assert employer(world) == {"a", "b"}
    undo("customer", done, who="steward")
    world.check()
    assert employer(world) == {"b"}

"""A flow whose subject becomes part of another entity goes on with that one, and with its own again when they part."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.identity.arrival import run
from tests.identity.test_targets import firm
from tests.identity.world import World
from tongmai.sync.acts import Verdict, act, undo
from tongmai.sync.trace import story

FLOW = """flow: greeting
label: {zh: 问候, en: Greeting}
trigger: customer becomes english_name == "Ltd"
steps:
  - wait: email == "hello@example.cn"
    within: 3 days
  - write: erp_back
    within: 1 day
"""


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """Of two firms the second, which came later, has a flow under way."""
    made = world_of("crm", "erp")
    made.target("erp")
    made.write("flows/greeting.yaml", FLOW)
    made.put("erp.firms", [])
    made.put("crm.firms", [firm("b", "苏州天禾纺织有限公司")])
    circle()
    made.put("crm.firms", [*made.rows("crm.firms").values(), firm("c", "宁波远洋物流有限公司", name_en="Ltd")])
    circle()
    assert states(made) == [(str(made.entity_of("crm", "c")), "running")]
    return made


def circle() -> None:
    for name in ("crm_firms", "erp_firms", "greeting", "erp_back", "erp_firms", "greeting"):
        run(name)


def states(world: World) -> list[tuple[str, str]]:
    return [(str(one), state) for one, state in world.query("select subject, state from hub.flow_instance")]


def told(world: World, key: str) -> list[str]:
    """How the flows stand that the trace tells of."""
    with psycopg.connect(world.url) as connection:
        return [one["state"] for one in story(connection.cursor(), "customer", key)["flows"]]


def test_it_goes_on_with_the_survivor(world: World) -> None:
    act("customer", Verdict("merge", ("b", "c")), who="steward", why="one")
    circle()
    assert len(states(world)) == 1, "the survivor has one under way: none begins beside it"
    assert told(world, "b") == ["running"]
    world.edit("crm.firms", "b", email="hello@example.cn")
    circle()
    circle()
    assert [state for _, state in states(world)] == ["done"]
    assert told(world, "b") == ["done"]


def test_parted_again_each_has_its_own(world: World) -> None:
    done = act("customer", Verdict("merge", ("b", "c")), who="steward", why="one").act
    circle()
    undo("customer", done, who="steward")
    circle()
    assert (told(world, "b"), told(world, "c")) == ([], ["running"])
    world.edit("crm.firms", "b", email="hello@example.cn")
    circle()
    assert told(world, "c") == ["running"]
    world.edit("crm.firms", "c", email="hello@example.cn")
    circle()
    circle()
    assert told(world, "c") == ["done"]

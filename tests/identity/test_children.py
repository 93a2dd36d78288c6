"""What hangs on a second record in its own system is told to who approves that it be switched off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from bench.matching.codes import credit_code
from tests.identity.arrival import run
from tests.identity.test_targets import firm
from tests.identity.world import World
from tongmai.cli.main import cli
from tongmai.sync import correcting

CODE = credit_code("91", "330106", "MA2B0C1D")
CLOUD, FIELD = "杭州云帆软件有限公司", "苏州天禾纺织有限公司"
CIRCLE = ("crm_firms", "erp_firms", "erp_people", "erp_back")


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    """The ERP holds a firm twice, with a person at each, and one firm more."""
    made = world_of("crm", "erp")
    made.target("erp")
    made.put("crm.firms", [firm("a", CLOUD, uscc=CODE, phone="0571-88886666")])
    made.put(
        "erp.firms",
        [
            firm("1", CLOUD, uscc=CODE, phone="0571-88886666"),
            firm("2", CLOUD, phone="0571-88886666"),
            firm("3", FIELD),
        ],
    )
    people = (("p", "王小明", "1"), ("q", "李大海", "2"), ("r", "张三丰", "3"))
    made.put("erp.people", [{"key": key, "name": name, "firm": at} for key, name, at in people])
    for name in CIRCLE * 2:
        run(name)
    assert made.entity_of("erp", "1") == made.entity_of("erp", "2")
    return made


def hanging(found: dict[str, object]) -> list[tuple[str, str, list[str]]]:
    children = found["children"]
    assert isinstance(children, list)
    return [(one["stream"], one["key"], one["fields"]) for one in children]


def test_who_hangs_on_a_second_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = correcting.listed("customer")
    assert (one["key"], hanging(one)) == ("2", [("people", "q", ["customer"])])
    said = correcting.decide("customer", "2", approve=True, who="steward", why="twice")
    assert hanging(said) == [("people", "q", ["customer"])]
    for name in CIRCLE:
        run(name)
    monkeypatch.setenv("TONGMAI_LANG", "en")
    shown = CliRunner().invoke(cli, ["review", "corrections", "list"])
    assert "people/q (customer)" in shown.output and "in erp" in shown.output, shown.output
    world.edit("erp.people", "q", firm="1")
    for name in CIRCLE:
        run(name)
    (one,) = correcting.listed("customer")
    assert (one["state"], one["children"]) == ("done", [])


def test_it_is_said_when_their_system_cannot_be_opened(world: World) -> None:
    text = (world.site / "connections.yaml").read_text(encoding="utf-8")
    world.write("connections.yaml", text.replace(f"settings: {{path: {world.folder / 'erp'}}}", "settings: {}"))
    (one,) = correcting.listed("customer")
    assert one["children"] is None and "path" in one["children_unknown"]

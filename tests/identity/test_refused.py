"""A value that the golden record refuses stays where it is: nobody said that it is to be empty."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.matching.codes import credit_code
from masterdata.normal.codes import check
from tests.identity.arrival import run
from tests.identity.test_targets import firm, settle, writes
from tests.identity.world import World
from tongmai.sync import deliver

CODE = credit_code("91", "330106", "MA2B0C1D")
WRONG = CODE[:16] + ("0" if CODE[16] != "0" else "1")
WRONG += check(WRONG)
"""Right at the end, and yet no code: the check digit of the organisation in it is wrong."""
UNREADABLE = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
"""The mapping makes nothing of it but a finding."""
CLOUD = "杭州云帆软件有限公司"


@pytest.fixture
def world(world_of: Callable[..., World]) -> World:
    made = world_of("crm", "erp")
    made.target("erp")
    made.target("crm")
    return made


def why(world: World, key: str) -> dict[str, object]:
    ((found,),) = world.query(
        "select provenance->'uscc' from hub.entity where id = %s", str(world.entity_of("erp", key))
    )
    assert isinstance(found, dict)
    return found


def test_a_code_with_a_wrong_check_digit_is_not_emptied_where_it_stands(world: World) -> None:
    world.put("crm.firms", [firm("a", CLOUD, phone="0571-88886666")])
    world.put("erp.firms", [firm("1", CLOUD, uscc=WRONG, phone="0571-88886666")])
    settle(world)
    assert world.entity_of("crm", "a") == world.entity_of("erp", "1")
    assert world.rows("erp.firms")["1"]["uscc"] == WRONG
    ((golden,),) = world.query("select uscc from golden.customer")
    assert golden is None, "it is not believed"
    told = why(world, "1")
    assert (told["rule"], told["connection"], told["said"]) == ("refused", "erp", WRONG), "and it is said why"
    world.edit("crm.firms", "a", phone="0571-11112222")
    settle(world)
    assert world.rows("erp.firms")["1"]["phone"].endswith("11112222"), "what else changes goes there"
    assert world.rows("erp.firms")["1"]["uscc"] == WRONG
    world.edit("erp.firms", "1", uscc=CODE)
    settle(world)
    assert world.rows("crm.firms")["a"]["uscc"] == CODE and world.rows("erp.firms")["1"]["uscc"] == CODE


def test_a_good_code_that_becomes_a_wrong_one_empties_no_other_system(world: World) -> None:
    world.put("crm.firms", [firm("a", CLOUD, phone="0571-88886666")])
    world.put("erp.firms", [firm("1", CLOUD, uscc=CODE, phone="0571-88886666")])
    settle(world)
    assert world.rows("crm.firms")["a"]["uscc"] == CODE
    world.edit("erp.firms", "1", uscc=WRONG)
    settle(world)
    assert world.entity_of("crm", "a") == world.entity_of("erp", "1")
    assert world.rows("erp.firms")["1"]["uscc"] == WRONG and world.rows("crm.firms")["a"]["uscc"] == CODE
    quiet = writes(world, "crm"), writes(world, "erp")
    settle(world)
    assert (writes(world, "crm"), writes(world, "erp")) == quiet
    world.edit("erp.firms", "1", uscc=None)
    settle(world)
    assert not world.rows("crm.firms")["a"]["uscc"], "an emptiness that the owner speaks is news"


def test_what_the_mapping_cannot_read_is_not_emptied_by_another_mapping(world: World) -> None:
    """Another outbound mapping has everything written again; of what stands there the hub only knows that it is no code."""
    world.put("crm.firms", [firm("a", CLOUD, phone="0571-88886666", alias="云帆")])
    world.put("erp.firms", [firm("1", CLOUD, uscc=UNREADABLE, phone="0571-88886666")])
    settle(world)
    world.edit("crm.firms", "a", phone="0571-11112222")
    settle(world)
    file = world.site / "mappings/erp/firm.out.yaml"
    world.write(
        "mappings/erp/firm.out.yaml", file.read_text("utf-8").replace("  uscc:", "  alias: short_name\n  uscc:")
    )
    settle(world)
    row = world.rows("erp.firms")["1"]
    assert row["alias"] == "云帆" and row["uscc"] == UNREADABLE


def test_what_is_found_and_was_never_read_is_not_emptied(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ERP got a record by other ways since it was read: it is found by its code, and linked."""
    world.put("crm.firms", [])
    settle(world)
    monkeypatch.setattr(deliver, "LOOK_EVERY", float("inf"))  # not even just before writing
    world.put("crm.firms", [firm("a", CLOUD, uscc=CODE)])
    world.put("erp.firms", [firm("9", "云帆", uscc=CODE, phone="0571-88886666")])
    run("crm_firms")
    run("erp_back")
    assert writes(world, "erp") == [("update", "9")]
    row = world.rows("erp.firms")["9"]
    assert (row["name"], row["phone"]) == (CLOUD, "0571-88886666")
    settle(world)
    assert world.rows("crm.firms")["a"]["phone"].endswith("88886666")

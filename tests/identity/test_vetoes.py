"""Two companies that look alike, and one of whose records says they are two: nobody is asked, no creation waits."""

from __future__ import annotations

from collections.abc import Callable

from tests.identity.arrival import run
from tests.identity.world import World

NAME = "杭州云帆软件有限公司"
ONE, OTHER = "91330106MA2AAAA132", "91330106MA2BBBB27N"


def asked(world: World) -> int:
    ((found,),) = world.query("select count(*) from hub.match_review where weight >= 2000")
    return int(found)


def test_what_other_records_forbid_is_no_question(world_of: Callable[..., World]) -> None:
    world = world_of("crm", "erp")
    same = {"name": NAME, "city": "杭州", "phone": "0571-66003333", "contact": "王小明"}
    world.put("erp.firms", [{"key": "c", **same}, {"key": "b", **same, "uscc": OTHER}])
    run("erp_firms")
    world.put("crm.firms", [{"key": "a", "name": NAME, "uscc": ONE, "city": "杭州", "phone": "0571-88001111"}])
    run("crm_firms")
    assert world.entity_of("erp", "b") == world.entity_of("erp", "c") != world.entity_of("crm", "a")
    assert world.query(
        "select 1 from hub.match_edge where weight >= 2000 and not veto and other = %s", world.record("crm", "a")
    )
    assert asked(world) == 0
    world.put("erp.firms", [{"key": "c", **same}, {"key": "b", **same, "legal_person": "李四"}])
    run("erp_firms")
    assert world.entity_of("erp", "b") == world.entity_of("crm", "a") or asked(world) > 0

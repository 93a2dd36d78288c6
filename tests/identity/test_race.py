"""A record that refers to another is stored, or a steward sets such a value, just while that one goes over to another entity."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.identity.arrival import run
from tests.identity.test_targets import firm
from tests.identity.world import World
from tongmai.sync import acts, apply, overriding

NAME, CODE = "北京星河软件有限公司", "91110108MA01ABCD1E"


def test_a_reference_follows_whichever_comes_first(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of("crm", "erp")
    world.put("erp.firms", [{"key": "E1", "name": "上海远山贸易有限公司"}])
    run("erp_firms")
    world.put("crm.firms", [{"key": "C1", "name": NAME, "uscc": CODE}])
    run("crm_firms")
    world.put("crm.people", [{"key": "P1", "name": "王伟", "firm": "C1"}])
    world.put("erp.firms", [{"key": "E1", "name": NAME, "uscc": CODE}])
    merge = threading.Thread(target=run, args=("erp_firms",))
    reach = apply.reach

    def meet(place: str) -> None:
        if threading.current_thread() is not merge and not merge.is_alive():
            merge.start()
            for _ in range(600):
                if not merge.is_alive() or _waits(world):
                    break
                time.sleep(0.05)
        reach(place)

    monkeypatch.setattr(apply, "reach", meet)
    run("crm_people")
    merge.join()
    assert world.entity_of("crm", "C1") == world.entity_of("erp", "E1")
    ((customer,),) = world.query("select customer_id from golden.contact")
    assert customer == world.entity_of("crm", "C1")


def _waits(world: World) -> bool:
    return bool(
        world.query(
            """select 1 from pg_locks where not granted
                and database = (select oid from pg_database where datname = current_database())"""
        )
    )


def test_a_stewards_value_follows_whichever_comes_first(
    world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_of("crm")
    world.put("crm.firms", [firm("a", NAME), firm("b", "苏州天禾纺织有限公司"), firm("c", "宁波远洋物流有限公司")])
    world.put("crm.people", [{"key": "p", "name": "王小明", "firm": "a"}])
    run("crm_firms")
    run("crm_people")
    merge = threading.Thread(
        target=acts.act, args=("customer", acts.Verdict("merge", ("b", "c"))), kwargs={"who": "steward", "why": "one"}
    )
    show = overriding.show

    def meet(*given: Any) -> dict[str, Any]:
        merge.start()
        for _ in range(600):
            if not merge.is_alive() or _waits(world):
                break
            time.sleep(0.05)
        return show(*given)

    monkeypatch.setattr(overriding, "show", meet)
    until = datetime.now(UTC) + timedelta(days=9)
    value = str(world.entity_of("crm", "c"))
    overriding.override("contact", "p", "customer", value, until=until, why="moved", by="steward")
    merge.join()
    assert world.entity_of("crm", "b") == world.entity_of("crm", "c")
    ((customer,),) = world.query("select customer_id from golden.contact")
    assert customer == world.entity_of("crm", "c")

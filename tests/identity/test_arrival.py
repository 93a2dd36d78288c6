"""In whatever order records come, by one worker or four: the same entities, golden records and crosswalk as all at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.identity.arrival import all_at_once, feed, lots
from tests.identity.world import Streams, World, draw

SYSTEMS = ("crm", "erp", "shop")
ORDERS = int(os.environ.get("IDENTITY_ORDERS", "24"))
BY_PROCESSES = {int(one) for one in os.environ.get("IDENTITY_PROCESSES", "3").split(",")}
RECORDS = int(os.environ.get("IDENTITY_RECORDS", "60"))


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    drawn = draw(RECORDS, 11, tmp_path_factory.mktemp("drawn"))
    return {name: rows for name, rows in drawn.items() if name.partition(".")[0] in SYSTEMS and name != "shop.people"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the first order came to: the others must come to the same."""
    return {}


@pytest.mark.parametrize("number", range(ORDERS))
def test_every_order_comes_to_the_same(
    number: int, streams: Streams, told: dict[str, Any], world_of: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    world = world_of(*SYSTEMS)
    feed(world, streams, number, 4 if number % 4 == 3 else 1, monkeypatch, processes=number in BY_PROCESSES)
    world.check()
    customers, contacts = all_at_once(world)
    assert len(customers) < sum(map(len, customers)), "nothing was to be merged"
    assert world.partition("customer") == customers
    assert world.partition("contact") == contacts
    for entity in ("customer", "contact"):
        golden = world.golden(entity)
        assert golden == told.setdefault(entity, golden)


def test_the_orders_are_different(streams: Streams) -> None:
    assert len({str(lots(streams, number)) for number in range(ORDERS)}) == ORDERS

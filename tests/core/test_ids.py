"""Ids never meet."""

from __future__ import annotations

from tongmai.core import ids


def test_run_ids_of_one_second_never_meet() -> None:
    assert len({ids.run_id() for _ in range(20_000)}) == 20_000


def test_entity_ids_are_stable_and_their_parts_do_not_run_together() -> None:
    one = ids.entity_id("customer", "crm", "AccountObj", "a1")
    assert one == ids.entity_id("customer", "crm", "AccountObj", "a1")
    assert one != ids.entity_id("customer", "crm", "AccountObja", "1")
    assert one != ids.entity_id("customer", "crm", "AccountObj", "a1", generation=1)

"""Unlucky moments of a delivery: unknown outcomes, kills, edits on both sides at once, runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sync.conftest import Systems
from tests.sync.test_two_way import ROUND, linked, settle
from tongmai.sync import deliver
from tongmai.sync.run import SyncOptions, run_sync


def created_here(systems: Systems) -> tuple[str, str, str]:
    """An entity, its only CRM account, and the ERP customer that we created for it."""
    row = systems.query(
        """select t.entity_id::text, min(r.source_key), t.remote_key from hub.target_state t
             join hub.source_record r on r.entity_id = t.entity_id
             join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj'
             join hub.delivery d on d.remote_key = t.remote_key and d.operation = 'create' and d.target = t.target
            where t.target = 'erp_customers' group by t.entity_id, t.remote_key having count(*) = 1 order by 1 limit 1"""
    )[0]
    return row[0], row[1], row[2]


def die_at(monkeypatch: pytest.MonkeyPatch, place: str, once: Callable[[], None] | None = None) -> None:
    """Let the run break off at a failpoint as if it were killed; ``once`` is done there instead, the first time."""
    done: list[str] = []

    def reach(name: str) -> None:
        if name == place and not done:
            done.append(name)
            if once is None:
                raise KeyboardInterrupt
            once()

    monkeypatch.setattr(deliver, "reach", reach)


def test_an_unknown_create_is_found_by_our_key_whatever_was_edited_since(systems: Systems) -> None:
    settle(times=2)
    for number in range(3):
        fields = {"FName": f"新客户{number}有限公司", "FShortName": f"新{number}"}
        systems.erp.control("records/BD_Customer", {"op": "insert", "fields": fields})
    assert run_sync("erp_customers_in").ok
    before = set(systems.accounts())
    systems.crm.control("faults", [{"kind": "timeout_after", "path": "/create", "times": 1}])
    assert run_sync("crm_customers_back").error
    fresh = sorted(set(systems.accounts()) - before)
    assert fresh
    for number, key in enumerate(fresh):
        systems.edit_account(key, name=f"改名{number}有限公司", uscc_code__c=None)
    assert run_sync("crm_customers_back").ok
    keys = [w["payload"]["tongmai_key__c"] for w in systems.writes(systems.crm) if w["op"] == "create"]
    assert len(keys) == len(set(keys)), "the same customer was created twice"

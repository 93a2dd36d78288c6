"""A target that takes a write after we gave up waiting: nothing is doubled, and nothing hangs."""

from __future__ import annotations

import time

import pytest

from tests.sync.conftest import Systems
from tongmai.sync import deliver
from tongmai.sync.run import run_sync


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_a_create_that_is_taken_while_it_is_repeated_is_known_to_be_ours(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("crm_customers", "erp_customers", "erp_customers_in"):
        assert run_sync(name).ok
    systems.crm.control("records/AccountObj", {"op": "insert", "fields": {"name": "晚到有限公司"}})
    assert run_sync("crm_customers").ok
    before = len(systems.customers())
    systems.erp.control("faults", [{"kind": "late_accept", "path": ".Save", "seconds": 1.5, "times": 1}])
    assert run_sync("erp_customers").error_code
    assert len(systems.customers()) == before

    def reach(name: str) -> None:
        """After the look-up, before the second request: now the first one arrives."""
        if name == "deliver.before-remote":
            deadline = time.monotonic() + 10
            while len(systems.customers()) == before and time.monotonic() < deadline:
                time.sleep(0.05)

    with monkeypatch.context() as patch:
        patch.setattr(deliver, "reach", reach)
        assert run_sync("erp_customers").error_code == "taken-late"
    assert systems.query("select count(*) from hub.quarantined_record") == [(0,)]
    last = run_sync("erp_customers")
    assert last.ok and last.outbound["pending"] == 0
    assert len(systems.customers()) == before + 1
    assert systems.query("select count(*) from hub.outbox") == [(0,)]

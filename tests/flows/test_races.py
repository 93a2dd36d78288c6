"""What happens between a flow's look at the world and its commit, and between the steps of one write."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest

from tests.flows.test_engine import GROUP, Hub, hub
from tests.flows.world import add_deals, rows, set_stage
from tests.flows.world import run as run_well
from tests.sync.conftest import Systems
from tongmai.flows import engine
from tongmai.sync.run import run_sync

__all__ = ["hub"]


def waits_for_a_lock(hub: Hub) -> bool:
    return bool(
        hub.query(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' limit 1"
        )
    )


def meanwhile(hub: Hub, monkeypatch: pytest.MonkeyPatch, act: Any, batch: int = 1) -> threading.Thread:
    """Let ``act`` run in a thread when the flow's ``batch``-th batch has looked: to its end, or until it waits for us."""
    other = threading.Thread(target=act)
    real, seen = engine.Service._look, []

    def look(self: engine.Service, *given: Any) -> Any:
        found = real(self, *given)
        seen.append(1)
        if len(seen) == batch:
            other.start()
            while other.is_alive() and not waits_for_a_lock(hub):
                time.sleep(0.02)
        return found

    monkeypatch.setattr(engine.Service, "_look", look)
    return other


def test_a_change_while_a_flow_looks_is_not_missed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])

    def lose() -> None:
        hub.edit([key], deal_stage="Lost")
        run_sync(GROUP)

    hub.run("probe")
    with psycopg.connect(hub.url) as connection:
        connection.execute("update hub.flow_instance set due = true")  # woken by something that changes nothing here
    other = meanwhile(hub, monkeypatch, lose)
    hub.run("probe")
    other.join(60)
    assert not other.is_alive()
    hub.run("probe")
    assert hub.query("select state from hub.flow_instance where flow = 'probe'") == [("cancelled",)]


def test_wanted_again_while_it_is_called_off(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    hub.edit([key], deal_stage="Lost")
    hub.run(GROUP)

    def win() -> None:
        hub.edit([key], deal_stage="Won", close_date="12-30-26", close_value="1054")
        run_sync(GROUP)

    # The first batch notices the cancellation, the second one ends the instance.
    other = meanwhile(hub, monkeypatch, win, batch=2)
    hub.run("probe")
    other.join(60)
    assert not other.is_alive()
    hub.run("probe")
    assert hub.query("select occurrence, state from hub.flow_instance where flow = 'probe' order by 1") == [
        (1, "cancelled"),
        (2, "running"),
    ]


@pytest.mark.parametrize("systems", [15], indirect=True)
@pytest.mark.parametrize("fault", [{"kind": "timeout_after"}, {"kind": "timeout_before"}])
def test_what_was_saved_and_not_submitted_is_submitted(systems: Systems, fault: dict[str, Any]) -> None:
    systems.erp.control("faults", [{**fault, "path": ".Submit", "times": 1}])
    assert not run_sync("crm_to_erp").ok
    assert systems.erp.control("faults")[0]["fired"] == 1
    run_well("crm_to_erp")
    states = [row["FDocumentStatus"] for row in systems.customers().values()]
    told = systems.query("select outcome, reason from hub.delivery where outcome <> 'delivered'")
    assert len(states) > 1 and set(states) <= {"B", "C"}, told


@pytest.mark.parametrize("systems", [15], indirect=True)
def test_an_order_that_is_not_submitted_is_shown(systems: Systems) -> None:
    deals = add_deals(systems, 2)
    run_well()
    set_stage(systems, deals, "s4")
    body = {"Result": {"ResponseStatus": {"IsSuccess": False, "MsgCode": 11, "Errors": [{"Message": "no workflow"}]}}}
    systems.erp.control(
        "faults", [{"kind": "error_body", "path": ".Submit", "in_body": "SAL_SaleOrder", "times": 0, "body": body}]
    )
    run_sync("lead_to_cash")
    run_sync("lead_to_cash")
    run_sync("lead_to_cash")
    orders = rows(systems, "erp", "SAL_SaleOrder")
    assert {row["FDocumentStatus"] for row in orders.values()} != {"B"}
    assert systems.query("select count(*) from hub.quarantine where stage = 'deliver'") == [(2,)], systems.query(
        "select outcome, reason from hub.delivery where target = 'erp_orders'"
    )

"""A write of several calls that breaks off in between is finished by the next run, not taken for done."""

from __future__ import annotations

import json
import os

import pytest

from tests.flows.world import CHAIN, add_deals, assert_exact, rows, run, set_stage
from tests.sync.conftest import Systems, systems
from tongmai.sync.run import run_sync

__all__ = ["systems"]


@pytest.mark.parametrize("systems", [10], indirect=True)
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize(("kind", "path", "left"), [("timeout_before", ".Submit.", 2), ("timeout_after", ".Save.", 2)])
def test_an_order_that_was_saved_is_submitted_by_the_next_run(
    systems: Systems, kind: str, path: str, left: int, changed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = json.loads(os.environ["AIRFLOW_CONN_ERP_MAIN"])
    settings["extra"] |= {"retries": 0}
    monkeypatch.setenv("AIRFLOW_CONN_ERP_MAIN", json.dumps(settings))
    deals = add_deals(systems, 4)
    run()
    set_stage(systems, deals, "s4")
    if changed:
        run()
        for key, line in rows(systems, "crm", "NewOpportunityLinesObj").items():
            if line["new_opportunity_id"] in deals:
                systems.crm.control(
                    "records/NewOpportunityLinesObj", {"op": "update", "key": key, "fields": {"quantity": "99"}}
                )
    fault = {"kind": kind, "path": path, "in_body": "SAL_SaleOrder", "times": 2, "seconds": 0.01}
    systems.erp.control("faults", [fault])
    assert run_sync(CHAIN).error_code == "outcome-unknown"
    saved = [row["FDocumentStatus"] for row in rows(systems, "erp", "SAL_SaleOrder").values()]
    assert saved.count("A") == left
    run()
    assert {row["FDocumentStatus"] for row in rows(systems, "erp", "SAL_SaleOrder").values()} == {"B"}
    assert_exact(systems, deals)

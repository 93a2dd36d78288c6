"""The ledger of an Airflow run: every sync once, its baseline inside it, nothing counted twice."""

from __future__ import annotations

import pytest

from tests.sync.conftest import Systems
from tongmai.sync.run import SyncOptions, run_sync
from tongmai.sync.runs import load_report

MEMBERS = ("crm_customers", "crm_contacts", "erp_customers", "erp_customers_in", "crm_customers_back")


@pytest.mark.parametrize("systems", [30], indirect=True)
def test_a_group_run_in_airflow_has_each_sync_once_and_every_read(systems: Systems) -> None:
    options = SyncOptions(trigger="airflow", external_id="crm_to_erp/run-1")
    for name in MEMBERS:  # one task each, as the DAG does it
        assert run_sync(name, options).ok
    report = load_report("crm_to_erp/run-1")
    assert report is not None
    assert tuple(member.sync for member in report.members) == MEMBERS
    by_name = {member.sync: member for member in report.members}
    assert by_name["crm_customers"].inbound["applied"] >= 30, (
        "the task's own run, not the later baseline of the way back"
    )
    assert [member.sync for member in by_name["erp_customers"].members] == ["erp_customers_in"]
    ((read,),) = systems.query("select sum(read_count) from hub.run")
    assert report.inbound["read"] == read


@pytest.mark.parametrize("systems", [3], indirect=True)
def test_a_baseline_that_failed_is_the_ledger_of_its_run(systems: Systems) -> None:
    systems.erp.__exit__(None, None, None)
    options = SyncOptions(trigger="airflow", external_id="erp_customers/run-1")
    assert not run_sync("erp_customers", options).ok
    report = load_report("erp_customers/run-1")
    assert report is not None and report.error

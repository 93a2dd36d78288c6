"""A flow as a real DAG run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.world import FLOW, add_deals, run, set_stage
from tests.on_airflow.test_same_result import known
from tests.sync.conftest import Systems, systems

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]
__all__ = ["systems"]


@pytest.mark.parametrize("systems", [10], indirect=True)
def test_a_dag_run_of_a_flow_moves_its_instances_and_leaves_its_report(systems: Systems, postgres: Any) -> None:
    from tongmai.on_airflow.build import build_dags
    from tongmai.sync.runs import load_report

    deals = add_deals(systems, 3)
    run()
    set_stage(systems, deals, "s4")
    run("crm_opportunities")
    assert systems.query("select count(*), min(step) from hub.flow_instance") == [(3, 0)]
    finished = known(build_dags(FLOW)[FLOW]).test()
    assert finished.state == "success"
    assert systems.query("select count(*), min(step) from hub.flow_instance") == [(3, 4)]
    report = load_report(f"{FLOW}/{finished.run_id}")
    assert report is not None and report.ok
    assert report.instances["running"] == 3 and report.inbound["applied"] == 6

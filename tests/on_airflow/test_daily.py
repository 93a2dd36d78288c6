"""The daily DAG in a real Airflow: values that have expired are closed, the data is judged."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.sync.conftest import Systems, systems
from tongmai.core.errors import RetryableError
from tongmai.sync import overriding
from tongmai.sync.run import run_sync

__all__ = ["systems"]
pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]
DAILY = "master_data_daily"


def known() -> Any:
    """The DAG stored as the DAG processor would, so that ``dag.test()`` knows it."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    from tongmai.on_airflow.daily import build_daily

    dag = build_daily()[DAILY]
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(dag_folder=os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    return dag


def states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def test_it_runs_every_night_and_says_what_it_does() -> None:
    from airflow.timetables.base import DataInterval, TimeRestriction

    dag = known()
    assert (dag.max_active_runs, dag.catchup, dag.is_paused_upon_creation) == (1, False, False)
    assert all(not task.upstream_task_ids and not task.downstream_task_ids for task in dag.tasks)
    for word in ("tongmai golden expire", "人工取值", "bi.data_quality", "评估每条记录"):
        assert word in dag.doc_md
    from airflow.timetables.trigger import CronTriggerTimetable

    timetable = CronTriggerTimetable(dag.timetable.expression, timezone=str(dag.timetable.timezone))
    last = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    following = timetable.next_dagrun_info(
        last_automated_data_interval=DataInterval.exact(last), restriction=TimeRestriction(None, None, True)
    )
    assert following is not None and following.run_after == last + timedelta(days=1), "02:30 in China"


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_expired_values_are_closed_and_the_data_is_judged(systems: Systems) -> None:
    assert run_sync("crm_customers").balanced
    key = min(systems.accounts())
    later = datetime.now(UTC) + timedelta(days=30)
    found = overriding.override("customer", key, "short_name", "测试简称", until=later, why="x", by="li")
    with psycopg.connect(systems.url) as connection:
        connection.execute("update hub.override set until = now() - interval '1 second'")
    dag = known()
    run = dag.test()
    assert states(run) == {"expire_overrides": "success", "data_quality": "success"}
    assert systems.query("select short_name from golden.customer where id = %s", found["id"]) != [("测试简称",)]
    assert systems.query("select ended_by from hub.override") == [("",)]
    ((score,),) = systems.query(
        "select score from bi.data_quality where entity = 'customer' and newest and level = 'whole' and source = 'golden'"
    )
    assert 0 < score < 100
    assert states(dag.test(run_conf={"min": 100})) == {"expire_overrides": "success", "data_quality": "failed"}
    assert systems.query("select count(*) from hub.quality_run where entity = 'customer'") == [(2,)], (
        "judged nevertheless"
    )


def test_a_database_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.on_airflow.daily import ExpireOperator
    from tongmai.on_airflow.operator import SyncAway

    def away() -> dict[str, int]:
        raise RetryableError("hub database", "away")

    monkeypatch.setattr(overriding, "expire", away)
    context: Any = {"params": {}}
    with pytest.raises(SyncAway, match="away"):
        ExpireOperator(task_id="expire_overrides").execute(context)

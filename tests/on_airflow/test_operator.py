"""What a task does with a good, a red and a retryable run."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tongmai.core.errors import AuthenticationError, ConfigurationError, RetryableError
from tongmai.sync.report import SyncReport

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]

PARAMS = {"full": False, "since": None, "keys": [], "dry_run": False}


def good() -> SyncReport:
    report = SyncReport("probe_in", "20260101T000000-aaaa")
    report.inbound |= {"read": 3, "unchanged": 1, "quarantined": 1, "applied": 1}
    return report


def red() -> SyncReport:
    report = good()
    report.balanced, report.problems = False, ["3 read, 2 accounted for"]
    return report


def known(dag: Any) -> Any:
    """``dag`` stored as the DAG processor would, so that ``dag.test()`` knows it."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(dag_folder=os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    return dag


def execute(params: dict[str, Any] | None = None) -> dict[str, Any]:
    from tongmai.on_airflow.operator import SyncOperator

    run = SimpleNamespace(dag_id="probe_in", run_id="manual__1")
    task = SyncOperator(task_id="probe_in", sync="probe_in")
    context: Any = {"dag_run": run, "params": {**PARAMS, **(params or {})}}
    return task.execute(context)


def test_a_run_through_airflow(content: Path, engine: Callable[..., list[Any]]) -> None:
    from tongmai.on_airflow.build import build_dags

    calls = engine(good())
    run = known(build_dags("probe_in")["probe_in"]).test(run_conf={"full": True, "keys": ["a1"]})
    assert run.state == "success"
    name, options, secrets = calls[0]
    assert (name, secrets) == ("probe_in", "AirflowSecrets")
    assert (options.full, options.keys, options.since, options.dry_run) == (True, ("a1",), None, False)
    assert (options.trigger, options.external_id) == ("airflow", f"probe_in/{run.run_id}")


def test_a_red_run_through_airflow_is_red_at_once(content: Path, engine: Callable[..., list[Any]]) -> None:
    from tongmai.on_airflow.build import build_dags

    calls = engine(red())
    run = known(build_dags("probe_in")["probe_in"]).test()
    assert run.state == "failed"
    assert len(calls) == 1


def test_xcom_holds_counts_and_words_but_no_record(engine: Callable[..., list[Any]]) -> None:
    engine(good())
    said = execute()
    assert said["run"] == "20260101T000000-aaaa" and said["balanced"] is True
    assert said["in"]["read"] == 3 and said["out"]["queued"] == 0
    assert "The books balance" in said["ledger"]
    assert set(said) == {"sync", "run", "in", "out", "again", "balanced", "ledger"}


def test_books_that_do_not_close_are_never_retried(engine: Callable[..., list[Any]]) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    engine(red())
    with pytest.raises(AirflowFailException, match="NOT BALANCED: 3 read, 2 accounted for") as caught:
        execute()
    assert "账目不平" in caught.value.zh


@pytest.mark.parametrize(
    "error", [ConfigurationError("sync x", "no such mapping"), AuthenticationError("login", "refused")]
)
def test_what_waiting_cannot_mend_is_never_retried(engine: Callable[..., list[Any]], error: Exception) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    engine(error)
    with pytest.raises(AirflowFailException):
        execute()


def test_a_busy_system_is_tried_again_after_the_pause_it_asked_for(engine: Callable[..., list[Any]]) -> None:
    from airflow.sdk.definitions.retry_policy import RetryAction

    from tongmai.on_airflow.operator import ByErrorKind, SyncAway

    busy = good()
    busy.error, busy.retryable, busy.retry_after = "crm_main is busy", True, 90
    engine(busy, RetryableError("hub database", "away"))
    with pytest.raises(SyncAway, match="crm_main is busy") as caught:
        execute()
    decision = ByErrorKind().evaluate(caught.value, 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, timedelta(seconds=90))
    with pytest.raises(SyncAway) as caught:
        execute()
    assert ByErrorKind().evaluate(caught.value, 1, 3).action == RetryAction.DEFAULT
    assert ByErrorKind().evaluate(RuntimeError("bug"), 1, 3).action == RetryAction.FAIL


def test_since_needs_a_time_zone(engine: Callable[..., list[Any]]) -> None:
    calls = engine(good(), good())
    execute({"since": "2026-01-31T08:00:00+08:00"})
    assert calls[0][1].since == datetime(2026, 1, 31, 8, tzinfo=timezone(timedelta(hours=8)))
    execute({"since": "2026-01-31T00:00:00Z"})
    assert calls[1][1].since == datetime(2026, 1, 31, tzinfo=UTC)
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="time zone"):
        execute({"since": "2026-01-31T08:00:00"})


def test_secrets_come_from_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.on_airflow.secrets import AirflowSecrets

    text = '{"conn_type": "http", "host": "https://crm.example", "login": "app", "password": "s3cret", "extra": {"corp": 7}}'
    monkeypatch.setenv("AIRFLOW_CONN_PROBE_CRM", text)
    found = AirflowSecrets().get("probe_crm")
    assert found == {
        "conn_type": "http",
        "host": "https://crm.example",
        "login": "app",
        "password": "s3cret",
        "corp": 7,
    }
    assert AirflowSecrets().get("nobody_knows_it") is None

"""The same syncs from the command line and as a real Airflow DAG run give the same golden tables, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tongmai.core.settings import product_root

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]

SHARED = product_root().parent / "shared" / "data" / "crm_sales_opportunities"
GROUP = "crm_sales_opportunities"
TABLES = ("customer", "opportunity", "product", "employee")


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The public data set where it is at hand, else the sample in the repo."""
    folder = Path(os.environ.get("CRM_SALES_DIR", SHARED))
    folder = folder if (folder / "sales_pipeline.csv").is_file() else product_root() / "docs/examples/crm_sales"
    monkeypatch.setenv("CRM_SALES_DIR", str(folder))
    return folder


def content_hashes(url: str) -> dict[str, tuple[int, str]]:
    """Rows and md5 of every golden table, all columns, in the order of the ids."""
    with psycopg.connect(url) as hub:
        found = {}
        for table in TABLES:
            row = hub.execute(
                f"select count(*), md5(string_agg(t::text, E'\\n' order by t.id)) from golden.{table} t"
            ).fetchone()
            assert row is not None
            found[table] = (row[0], row[1])
    return found


def known(dag: Any) -> Any:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(dag_folder=os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)
    return dag


def test_command_line_and_dag_run_give_the_same(
    data: Path, hub_url: str, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tongmai.on_airflow.build import build_dags
    from tongmai.sync.run import run_sync
    from tongmai.sync.runs import load_report

    other = f"{hub_url}_dag"
    name = other.rsplit("/", 1)[1]
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template tongmai owner tongmai")
    try:
        assert run_sync(GROUP).ok
        monkeypatch.setenv("TONGMAI_DATABASE_URL", other)
        run = known(build_dags(GROUP)[GROUP]).test()
        assert run.state == "success"
        report = load_report(f"{GROUP}/{run.run_id}")
        assert report is not None and report.ok and report.inbound["applied"] == report.inbound["read"]
        assert content_hashes(other) == content_hashes(hub_url)
        again = known(build_dags(GROUP)[GROUP]).test()
        report = load_report(f"{GROUP}/{again.run_id}")
        assert report is not None and report.inbound["unchanged"] == report.inbound["read"]
    finally:
        with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")

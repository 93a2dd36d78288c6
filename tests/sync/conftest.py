"""Two real systems over HTTP: the CRM's and the ERP's simulators, and the hub between them."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator

CUSTOMERS = 120


@dataclass
class Systems:
    """The simulators and the hub database of one test."""

    crm: SimulatorServer
    erp: SimulatorServer
    url: str

    def accounts(self) -> dict[str, dict[str, Any]]:
        """Every CRM account by key."""
        return {row["_id"]: row for row in self.crm.control("records/AccountObj?limit=100000")["records"]}

    def customers(self) -> dict[str, dict[str, Any]]:
        """Every ERP customer by key, text."""
        return {str(row["FCUSTID"]): row for row in self.erp.control("records/BD_Customer?limit=100000")["records"]}

    def edit_account(self, key: str, **fields: Any) -> None:
        """As a seller does it in the CRM's screens."""
        self.crm.control("records/AccountObj", {"op": "update", "key": key, "fields": fields})

    def edit_customer(self, key: str, **fields: Any) -> None:
        """As a clerk does it in the ERP's screens."""
        self.erp.control("records/BD_Customer", {"op": "update", "key": key, "fields": fields})

    def writes(self, server: SimulatorServer) -> list[dict[str, Any]]:
        """The simulator's own ledger of writes it accepted over its API."""
        entries: list[dict[str, Any]] = server.control("ledger")["entries"]
        return entries

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the hub database."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()


def connection_text(server: SimulatorServer) -> str:
    """What AIRFLOW_CONN_<NAME> holds for a simulator."""
    credentials = dict(server.vendor.credentials(server.url))
    return json.dumps({"conn_type": "generic", "host": credentials.pop("base_url"), "extra": credentials})


@pytest.fixture
def systems(hub_url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Systems]:
    """Fresh simulators with the same companies (``@pytest.mark.parametrize('systems', [N], indirect=True)`` for N)."""
    customers = getattr(request, "param", CUSTOMERS)
    with (
        SimulatorServer(simulator("fxiaoke", seed=3, customers=customers, limits=False)) as crm,
        SimulatorServer(simulator("kingdee", seed=3, customers=customers, limits=False)) as erp,
    ):
        monkeypatch.setenv("AIRFLOW_CONN_CRM_MAIN", connection_text(crm))
        monkeypatch.setenv("AIRFLOW_CONN_ERP_MAIN", connection_text(erp))
        yield Systems(crm, erp, hub_url)


@pytest.fixture
def tongmai() -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Run the command line: exit status, last JSON line, stderr. With variables, as a failpoint that kills, in a process of
    its own; else in this one, where it needs not be imported again."""

    def run(*arguments: str, **variables: str) -> tuple[int, dict[str, Any], str]:
        status, output, errors = _process(arguments, variables) if variables else _here(arguments)
        lines = [line for line in output.splitlines() if line.startswith("{")]
        return status, json.loads(lines[-1]) if lines else {}, errors

    return run


def _process(arguments: tuple[str, ...], variables: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tongmai", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


def _here(arguments: tuple[str, ...]) -> tuple[int, str, str]:
    from tongmai.cli.main import main

    output, errors, status = io.StringIO(), io.StringIO(), 0
    with patch.object(sys, "argv", ["tongmai", *arguments]), redirect_stdout(output), redirect_stderr(errors):
        try:
            main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return status, output.getvalue(), errors.getvalue()


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample sales data that a test may spoil, named in CRM_SALES_DIR."""
    import shutil

    from tongmai.core.settings import product_root

    folder = tmp_path / "sales"
    shutil.copytree(product_root() / "docs" / "examples" / "crm_sales", folder)
    monkeypatch.setenv("CRM_SALES_DIR", str(folder))
    return folder

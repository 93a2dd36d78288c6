"""Many records to a target that takes them together: few calls, each record its own outcome, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from tests.sync.conftest import Systems, connection_text
from tongmai.sync.run import SyncOptions, run_sync

SITE = {
    "connections.yaml": "sf_main:\n  connector: salesforce\n  role: partner\n  label: {zh: 伙伴, en: Partner}\n",
    "syncs/sf_accounts_in.yaml": """
sync: sf_accounts_in
label: {zh: 读入, en: In}
read: {connection: sf_main, stream: Account}
map: salesforce/account
deletes: ignore
""",
    "syncs/sf_accounts.yaml": """
sync: sf_accounts
label: {zh: 写出, en: Out}
write: {connection: sf_main, object: Account}
of: customer
map: salesforce/account.out
baseline: sf_accounts_in
create: search-first
deletes: ignore
guarantee: effectively-once
""",
}


@pytest.fixture
def partner(systems: Systems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorServer]:
    for name, text in SITE.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip("\n"), encoding="utf-8")
    monkeypatch.setenv("TONGMAI_PATH", str(tmp_path))
    with SimulatorServer(simulator("salesforce", seed=5, customers=3, limits=False)) as server:
        monkeypatch.setenv("AIRFLOW_CONN_SF_MAIN", connection_text(server))
        yield server


def made(server: SimulatorServer) -> list[dict[str, Any]]:
    entries = server.control("ledger")["entries"]
    return [entry for entry in entries if entry["object"] == "Account" and entry["op"] == "create"]


def test_a_hundred_customers_take_a_few_calls_and_a_second_run_none(systems: Systems, partner: SimulatorServer) -> None:
    assert run_sync("crm_customers", SyncOptions()).ok
    partner.control("reset-counts", {})
    report = run_sync("sf_accounts", SyncOptions())
    assert report.ok, report.in_words("en")
    delivered = report.outbound["delivered"]
    assert delivered > 100 and len(made(partner)) == delivered
    assert len({entry["our_key"] for entry in made(partner)}) == delivered
    calls = partner.control("requests")["by_path"]
    together = sum(count for path, count in calls.items() if "/composite/sobjects" in path)
    alone = sum(count for path, count in calls.items() if "/v66.0/sobjects/Account/Tongmai_Key__c" in path)
    assert together <= 6 and alone == 0, calls
    again = run_sync("sf_accounts", SyncOptions())
    assert again.ok and len(made(partner)) == delivered


def test_a_lost_answer_of_a_batch_doubles_nothing(systems: Systems, partner: SimulatorServer) -> None:
    assert run_sync("crm_customers", SyncOptions()).ok
    partner.control("faults", [{"kind": "reset_body", "path": "/composite/sobjects", "times": 1}])
    first = run_sync("sf_accounts", SyncOptions())
    assert not first.ok and first.retryable and first.balanced
    assert sum(fault["fired"] for fault in partner.control("faults")) == 1
    for _ in range(3):
        report = run_sync("sf_accounts", SyncOptions())
        if report.ok:
            break
    assert report.ok and report.outbound["pending"] == 0
    keys = [entry["our_key"] for entry in made(partner)]
    assert len(keys) == len(set(keys)) > 100

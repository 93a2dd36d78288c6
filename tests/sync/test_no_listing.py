"""Sources that list nothing: what waits is taken, and a run after the first is no reading of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.sdk import Page, ReadRequest
from connectors.sdk.quota import current_priority
from connectors.testing.contract.fixture import Fixture
from connectors.vendors.bus.hooks import BusConnector
from connectors.vendors.bus.stand import create
from connectors.vendors.file.hooks import FileConnector
from tests.connectors.bus.world import RedisWorld
from tongmai.sync.run import SyncOptions, run_sync

MAPPING = "mapping: {0}/clients\nfrom: {0}.clients\nto: customer\nfields:\n  legal_name: name | company_name\n"
CASE = "- {case: x, given: {no: a, name: 甲乙有限公司}, expect: {legal_name: 甲乙有限公司}}\n"
SYNC = "sync: clients_in\nread: {{connection: {0}, stream: clients}}\nmap: {0}/clients\n"


def _site(site: Path, name: str, connection: dict[str, Any]) -> None:
    texts = {
        "connections.yaml": json.dumps({name: connection}),
        f"mappings/{name}/clients.yaml": MAPPING.format(name),
        f"mappings/{name}/clients_test.yaml": CASE,
        "syncs/clients_in.yaml": SYNC.format(name),
    }
    for file, text in texts.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text, encoding="utf-8")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, str]]:
    """How each read was asked for: whole or not, and with which priority."""
    found: list[tuple[bool, str]] = []
    for kind in (BusConnector, FileConnector):
        real: Any = kind.read

        def read(self: Any, request: ReadRequest, real: Any = real) -> Iterator[Page]:
            found.append((request.full, current_priority()))
            return real(self, request)

        monkeypatch.setattr(kind, "read", read)
    return found


@pytest.fixture
def bus() -> Iterator[RedisWorld]:
    system = create(Fixture(connector="bus"))
    system.start()
    yield RedisWorld(system)
    system.stop()


def test_a_bus_is_read_on_from_where_it_was(
    site: Path, hub_url: str, bus: RedisWorld, asked: list[tuple[bool, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = bus.settings()
    monkeypatch.setenv(
        "AIRFLOW_CONN_EVENTS", json.dumps({"conn_type": "generic", "password": given.pop("password", "")})
    )
    stream = {"from": "in", "key": "no", "deletes": "never", "body": "data"}
    _site(site, "events", {"connector": "bus", "role": "shop", "settings": {**given, "streams": {"clients": stream}}})
    for number in range(3):
        bus.put(json.dumps({"no": f"K{number}", "name": f"第{number}有限公司"}, ensure_ascii=False).encode())
        report = run_sync("clients_in")
        assert report.ok and report.inbound["applied"] == 1, report.as_json()
    assert asked == [(True, "backfill"), (False, "normal"), (False, "normal")]
    assert run_sync("clients_in", SyncOptions(full=True)).ok
    assert asked[-1] == (True, "backfill")
    with psycopg.connect(hub_url) as hub:
        rows = hub.execute("select count(*) from golden.customer union all select count(*) from hub.stream where baseline_at is not null").fetchall()  # fmt: skip
    assert rows == [(3,), (1,)], "nothing is taken for gone, and the baseline stands"


def test_a_drop_folder_is_read_on_too(site: Path, hub_url: str, tmp_path: Path, asked: list[tuple[bool, str]]) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    stream = {"file": "*.csv", "key": "no", "archive": "archive", "ready": {}}
    _site(site, "drops", {"connector": "file", "role": "file", "settings": {"path": str(folder), "streams": {"clients": stream}}})  # fmt: skip
    for number in range(3):
        (folder / f"{number}.csv").write_text(f"no,name\nK{number},第{number}有限公司\n", encoding="utf-8")
        report = run_sync("clients_in")
        assert report.ok and report.inbound["applied"] == 1, report.as_json()
    assert asked == [(True, "backfill"), (False, "normal"), (False, "normal")]

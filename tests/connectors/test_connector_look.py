"""``tongmai connector discover`` and ``forecast`` as a user runs them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import quota
from connectors.sdk.forecast import forecast
from connectors.sdk.http_calls import Calls
from connectors.sdk.limits import Limits
from connectors.sdk.quota import ProcessQuota
from tests.files import lay
from tongmai.sync.run import run_sync

CLI = [sys.executable, "-c", "from tongmai.cli.main import main; main()"]
API = """
  base_url: https://api.example
  api:
    check: {get: /me}
    limits: [{calls: 100, per: 1 minute, paths: [/orders*]}]
    streams:
      order: {key: id, read: {get: /orders, rows: body, details: true, one: {get: "/orders/{keys[0]}", row: body}, page: {by: number, size: 50}}}
      free: {key: id, read: {get: /free, rows: body}}
"""


@pytest.fixture
def env(tmp_path: Path, site: Path) -> dict[str, str]:
    database = tmp_path / "shop.db"
    with sqlite3.connect(database) as shop:
        shop.execute("create table client (no varchar(20) primary key, name text, since date)")
        shop.executemany("insert into client values (?, ?, null)", [(f"K{n}", f"第{n}有限公司") for n in range(60)])
        shop.execute("create view named as select no, name from client")
    (site / "connections.yaml").write_text(
        f"shop: {{connector: sql, role: shop, settings: {{url: 'sqlite:///{database}', streams: {{clients: {{table: client, key: no}}}}}}}}\n"
        "files: {connector: file, role: other, settings: {path: ., streams: {c: {file: c.csv, key: [a, b]}}}}\n"
        f"api:\n  connector: rest\n  role: other\n  settings:{API.replace(chr(10), chr(10) + '  ')}\n",
        encoding="utf-8",
    )
    return {**os.environ, "TONGMAI_LANG": "en"}


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CLI, "connector", *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_system_describes_itself(env: dict[str, str]) -> None:
    found = json.loads(run(env, "discover", "shop", "--json").stdout)
    assert found["described_by"] == "system" and [each["stream"] for each in found["streams"]] == ["client", "named"]
    client: dict[str, Any] = found["streams"][0]
    assert client["key"] == ["no"] and client["writable"] is True
    assert client["fields"] == {"no": "text", "name": "text", "since": "date"}
    shown = run(env, "discover", "shop", "client")
    assert "client   key: no   can be written" in shown.stdout and "since  date" in shown.stdout
    assert "named" not in shown.stdout
    missing = run(env, "discover", "shop", "clint", "--json")
    assert missing.returncode == 2 and "did you mean `client`?" in missing.stderr


def test_where_it_does_not_the_manifest_speaks(env: dict[str, str]) -> None:
    done = run(env, "discover", "files", "--json")
    assert json.loads(done.stdout) == {
        "connection": "files", "described_by": "manifest",
        "streams": [{"stream": "c", "label": "", "key": ["a", "b"], "writable": False, "fields": {}}],
    }  # fmt: skip
    assert "does not describe itself" in run(env, "discover", "files").stderr


def test_a_forecast_counts_calls_and_waits(env: dict[str, str]) -> None:
    found = json.loads(run(env, "forecast", "api", "order", "--records", "1000", "--json").stdout)
    assert [(part["path"], part["calls"]) for part in found["parts"]] == [("/orders", 21), ("/orders/{keys[0]}", 1000)]
    # 100 calls a minute, of which a backfill may take half: 1,000 of them take about twenty minutes
    assert found["calls"] == 1021 and 19 * 60 < found["seconds"] < 23 * 60 and found["limited"] is True
    shown = run(env, "forecast", "api", "order", "--records", "1000").stdout
    assert "1,000 records in 1,021 calls" in shown and "as a backfill it takes" in shown
    free = json.loads(run(env, "forecast", "api", "free", "--records", "1000", "--json").stdout)
    assert (free["calls"], free["seconds"], free["limited"]) == (1, 0.0, False)


def test_the_hub_knows_how_many_there_are(env: dict[str, str], site: Path, hub_url: str) -> None:
    env = {**env, "TONGMAI_DATABASE_URL": hub_url}
    texts = {
        "mappings/shop/clients.yaml": "mapping: shop/clients\nfrom: shop.clients\nto: customer\nfields:\n  legal_name: name | company_name\n",
        "mappings/shop/clients_test.yaml": "- {case: x, given: {no: a, name: 甲乙有限公司}, expect: {legal_name: 甲乙有限公司}}\n",
        "syncs/clients_in.yaml": "sync: clients_in\nread: {connection: shop, stream: clients}\nmap: shop/clients\n",
    }
    lay(site, texts)
    before = run(env, "forecast", "shop", "clients", "--json")
    assert before.returncode == 2 and json.loads(before.stdout)["error"]["code"] == "no-records"
    assert run_sync("clients_in").ok
    found = json.loads(run(env, "forecast", "shop", "clients", "--page-size", "20", "--json").stdout)
    assert (found["records"], found["calls"]) == (60, 4), "three full pages, and the one that shows the end"


def test_what_was_used_up_counts() -> None:
    before = quota.use(ProcessQuota(lambda: 1_000_000.0))
    try:
        settings = {"base_url": "https://api.example", "connection_name": "api", "calls_per_20_seconds": 100}
        manifest = registry.manifest("fxiaoke")
        fresh = forecast(manifest, settings, "AccountObj", 5000, 100, "normal")
        assert (fresh.calls, fresh.seconds) == (51, 0.0), "100 calls in 20 s"
        for _ in range(60):
            Limits(manifest, settings, Calls()).wait("")
        assert 20 <= forecast(manifest, settings, "AccountObj", 5000, 100, "normal").seconds <= 25
    finally:
        quota.use(before)

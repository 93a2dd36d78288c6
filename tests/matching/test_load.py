"""Clusters found before: the records come by their sync, what the rules see differently becomes decisions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from bench.matching.codes import credit_code
from tests.files import lay
from tongmai.cli.match import match
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.sync import acts, loading
from tongmai.sync.ledger import recount_all
from tongmai.sync.run import run_sync

CODE = credit_code("91", "310115", "MA1K3ABC")
CLIENTS = (
    "no,name,uscc,phone\n"
    f"A1,苏州明远机械有限公司,{CODE},0512-62345678\n"
    f"A2,苏州明远机械有限公司,{CODE},0512-62345678\n"
    "B1,宁波海川塑料有限公司,,0574-87654321\n"
    "B2,长沙星火教育咨询有限公司,,0731-82345678\n"
    "C1,成都蓉城餐饮有限公司,,028-85551234\n"
)
AS_FOUND = {"A1": "1", "A2": "1", "B1": "2", "B2": "3", "C1": "4"}
OTHERWISE = {"A1": "1", "A2": "2", "B1": "3", "B2": "3", "C1": "4"}


@pytest.fixture
def folder(site: Path, tmp_path: Path, hub_url: str) -> Path:
    texts = {
        "connections.yaml": f"legacy:\n  connector: file\n  role: crm\n  settings:\n    path: {tmp_path}\n    streams:\n"
        "      clients: {file: clients.csv, key: no}\n",
        "mappings/legacy/clients.yaml": "mapping: legacy/clients\nfrom: legacy.clients\nto: customer\n"
        "fields:\n  legal_name: name\n  uscc: uscc\n  phones: [phone]\n",
        "syncs/legacy_clients.yaml": "sync: legacy_clients\nread: {connection: legacy, stream: clients}\nmap: legacy/clients\n",
    }
    lay(site, texts)
    (tmp_path / "clients.csv").write_text(CLIENTS, encoding="utf-8")
    return tmp_path


def load(folder: Path, clusters: dict[str, str], *more: str) -> dict[str, Any]:
    file = folder / "clusters.csv"
    file.write_text("id,cluster_id\n" + "".join(f"{key},{one}\n" for key, one in clusters.items()), encoding="utf-8")
    arguments = ["load", "--connection", "legacy", "--stream", "clients", "--clusters", str(file), "--json", *more]
    result = CliRunner().invoke(match, [*arguments, "--why", "cleaned before", "--by", "ana"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def partition(url: str) -> set[frozenset[str]]:
    """The records' keys by entity; every living entity has its golden record, and the books close."""
    with psycopg.connect(url) as hub:
        rows = hub.execute(
            "select array_agg(source_key), entity_id from hub.source_record group by entity_id"
        ).fetchall()
        golden = {row[0] for row in hub.execute("select id from golden.customer").fetchall()}
        assert golden == {row[1] for row in rows}
        with hub.cursor() as cursor:
            assert not [problem for book in recount_all(cursor) for problem in book["problems"]]
    return {frozenset(row[0]) for row in rows}


def groups(clusters: dict[str, str]) -> set[frozenset[str]]:
    return {frozenset(key for key in clusters if clusters[key] == one) for one in clusters.values()}


def test_what_agrees_is_a_normal_sync_and_decides_nothing(folder: Path, hub_url: str) -> None:
    told = load(folder, AS_FOUND)
    assert (told["records"], told["clusters"], told["agreed"]) == (5, 4, 4) and told["acts"] == []
    assert partition(hub_url) == groups(AS_FOUND)
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select count(*) from hub.match_act").fetchone() == (0,)
    assert run_sync("legacy_clients").inbound["unchanged"] == 5


def test_what_differs_becomes_decisions_that_can_be_undone(folder: Path, hub_url: str) -> None:
    assert run_sync("legacy_clients").ok
    told = load(folder, OTHERWISE, "--dry-run")
    assert (told["joined"], told["parted"]) == (1, 1)
    assert partition(hub_url) == groups(AS_FOUND), "a dry run keeps nothing"
    told = load(folder, OTHERWISE, "--no-read")
    assert (told["joined"], told["parted"], told["agreed"], told["open"]) == (1, 1, 1, 0)
    assert partition(hub_url) == groups(OTHERWISE)
    with psycopg.connect(hub_url) as hub:
        found = hub.execute("select id, kind, who, why from hub.match_act order by id").fetchall()
    assert [row[1:] for row in found] == [("merge", "ana", "cleaned before"), ("apart", "ana", "cleaned before")]
    assert load(folder, OTHERWISE)["acts"] == [], "loading again finds all as given"
    (folder / "clients.csv").write_text(CLIENTS.replace("C1,成都蓉城", "C1,成都锦城"), encoding="utf-8")
    assert run_sync("legacy_clients").ok
    assert partition(hub_url) == groups(OTHERWISE), "decisions stand when the stream is read again"
    for row in found:
        acts.undo("customer", row[0], who="ana")
    assert partition(hub_url) == groups(AS_FOUND)


def test_what_cannot_be_loaded_is_refused(folder: Path, hub_url: str) -> None:
    with pytest.raises(StateError, match="1 of 6 ids") as failed:
        load(folder, {**AS_FOUND, "Z9": "9"})
    assert failed.value.code == "unknown-record"
    file = folder / "wrong.csv"
    base = ["load", "--connection", "legacy", "--stream", "clients", "--why", "x", "--no-read", "--clusters", str(file)]
    for text in ("id,cluster\nA1,1\n", "id,cluster_id\nA1,1\nA1,2\n", "id,cluster_id\nA1,\n"):
        file.write_text(text, encoding="utf-8")
        refused = CliRunner().invoke(match, base).exception
        assert isinstance(refused, ConfigurationError) and refused.code == "bad-clusters", text
    file.write_text("id,cluster_id\nA1,1\n", encoding="utf-8")
    arguments = ["load", "--connection", "legacy", "--stream", "nothing", "--why", "x", "--clusters", str(file)]
    refused = CliRunner().invoke(match, arguments).exception
    assert isinstance(refused, ConfigurationError) and refused.code == "unknown-sync"


def test_more_than_memory_should_hold_is_refused(folder: Path, hub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "APART", 0)
    assert load(folder, AS_FOUND)["joined"] == 0  # nothing to be kept apart
    before = partition(hub_url)
    with pytest.raises(StateError, match=r"1 pairs of records would have to be kept apart.*holds records of 2 clusters"):
        load(folder, OTHERWISE, "--no-read")
    assert partition(hub_url) == before


def test_some_records_at_a_time_end_as_all_at_once(folder: Path, hub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_sync("legacy_clients").ok
    monkeypatch.setattr(acts, "LOT", 1)
    settled: list[int] = []
    settle = acts.settle

    def count(scorer: Any, book: Any, records: Any, least: int) -> list[list[int]]:
        found = settle(scorer, book, records, least)
        settled.extend(one for cluster in found for one in cluster)
        return found

    monkeypatch.setattr(acts, "settle", count)
    told = load(folder, OTHERWISE, "--no-read")
    assert (told["joined"], told["parted"], told["open"]) == (1, 1, 0)
    assert partition(hub_url) == groups(OTHERWISE)
    assert len(settled) == len(set(settled)) == 4, "what hangs together with an earlier record is done with it"
    for one in told["acts"]:
        acts.undo("customer", one["act"], who="ana")
    assert partition(hub_url) == groups(AS_FOUND)


@pytest.mark.parametrize(("failpoint", "kept"), [("act.before-commit", False), ("act.before-woken", True)])
def test_killed_it_has_done_all_or_nothing(folder: Path, hub_url: str, failpoint: str, kept: bool) -> None:
    assert run_sync("legacy_clients").ok
    file = folder / "clusters.csv"
    file.write_text("id,cluster_id\n" + "".join(f"{key},{one}\n" for key, one in OTHERWISE.items()), encoding="utf-8")
    arguments = ["load", "--connection", "legacy", "--stream", "clients", "--clusters", str(file), "--no-read", "--why", "x"]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "tongmai", "match", *arguments],
        env={**os.environ, "TONGMAI_FAILPOINT": failpoint},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    assert partition(hub_url) == groups(OTHERWISE if kept else AS_FOUND)
    told = load(folder, OTHERWISE, "--no-read")
    assert told["joined"] == (0 if kept else 1) and partition(hub_url) == groups(OTHERWISE)

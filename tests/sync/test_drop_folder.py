"""A drop folder through the engine: a file is moved only once its records are stored, whenever the process is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.files import lay
from tongmai.sync.run import SyncOptions, run_sync

FILES = 3
ROWS = 40


@pytest.fixture
def inbox(site: Path, tmp_path: Path, hub_url: str) -> Path:
    """A site that reads customers from a drop folder, with some files in it."""
    folder = tmp_path / "投递"
    folder.mkdir()
    texts = {
        "connections.yaml": f"drops:\n  connector: file\n  role: file\n  settings:\n    path: {folder}\n    streams:\n"
        "      clients: {file: 'clients_*.csv', key: no, archive: archive, ready: {quiet: 5}}\n",
        "mappings/drops/clients.yaml": "mapping: drops/clients\nfrom: drops.clients\nto: customer\n"
        "fields:\n  legal_name: name | company_name\n",
        "mappings/drops/clients_test.yaml": "- {case: x, given: {no: a, name: 甲乙有限公司}, expect: {legal_name: 甲乙有限公司}}\n",
        "syncs/clients_in.yaml": "sync: clients_in\nread: {connection: drops, stream: clients}\nmap: drops/clients\n",
    }
    lay(site, texts)
    for number in range(FILES):
        rows = "".join(f"K{number}-{n},第{number}批{n}号有限公司\n" for n in range(ROWS))
        (folder / f"clients_{number}.csv").write_text(f"no,name\n{rows}", encoding="utf-8")
        os.utime(folder / f"clients_{number}.csv", (1_700_000_000 + number,) * 2)
    return folder


def waiting(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.glob("*.csv"))


def archived(folder: Path) -> int:
    return len(list((folder / "archive").glob("*"))) if (folder / "archive").is_dir() else 0


def customers(hub_url: str) -> int:
    with psycopg.connect(hub_url) as hub:
        return hub.execute("select count(*) from golden.customer").fetchone()[0]  # type: ignore[index]


def test_files_are_moved_when_their_records_are_stored(inbox: Path, hub_url: str) -> None:
    assert run_sync("clients_in", SyncOptions(dry_run=True)).ok
    assert len(waiting(inbox)) == FILES, "a dry run moves nothing"
    report = run_sync("clients_in")
    assert report.ok and report.inbound["applied"] == FILES * ROWS, report.as_json()
    assert waiting(inbox) == [] and archived(inbox) == FILES
    (inbox / "clients_9.csv").write_text("no,name\nK0-0,改名有限公司\n", encoding="utf-8")
    os.utime(inbox / "clients_9.csv", (1_700_000_000,) * 2)
    report = run_sync("clients_in")
    assert report.ok and report.inbound["read"] == report.inbound["applied"] == 1, (
        "what a file does not hold is not gone"
    )
    assert customers(hub_url) == FILES * ROWS and archived(inbox) == FILES + 1


@pytest.mark.parametrize(
    ("failpoint", "moved", "stored"),
    [("ingest.before-commit", 0, False), ("ingest.before-stored", 0, True), ("file.before-move:2", 1, True)],
)
def test_a_kill_loses_no_file_and_doubles_no_record(
    inbox: Path, hub_url: str, tongmai: Callable[..., Any], failpoint: str, moved: int, stored: bool
) -> None:
    status, _, _ = tongmai("sync", "clients_in", TONGMAI_FAILPOINT=failpoint)
    assert status == -signal.SIGKILL, "the failpoint was not reached"
    assert archived(inbox) == moved and len(waiting(inbox)) == FILES - moved
    report = run_sync("clients_in")
    assert report.ok, report.as_json()
    assert report.inbound["read"] == (FILES - moved) * ROWS
    assert report.inbound["unchanged"] == (report.inbound["read"] if stored else 0), json.dumps(report.as_json())
    assert waiting(inbox) == [] and archived(inbox) == FILES and customers(hub_url) == FILES * ROWS

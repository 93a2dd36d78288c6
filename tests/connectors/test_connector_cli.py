"""``tongmai simulate`` and ``tongmai connector`` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CLI = [sys.executable, "-c", "from tongmai.cli.main import main; main()"]


def _run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/c.csv").write_text("id,name\n1,甲\n1,乙\n2,丙\n", encoding="utf-8")
    (tmp_path / "connections.yaml").write_text(
        "test_files: {connector: file, role: other, settings: {path: data, streams: {c: {file: c.csv, key: id}}}}\n"
        "test_crm: {connector: fxiaoke, role: crm}\n",
        encoding="utf-8",
    )
    return {**os.environ, "TONGMAI_PATH": str(tmp_path), "TONGMAI_LANG": "en"}


def test_simulate_connect_and_keep_state(env: dict[str, str], tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    arguments = ["simulate", "fxiaoke", "--customers", "20", "--seed", "4", "--state-file", str(state), "--json"]
    totals: list[int] = []
    for _ in range(2):
        with subprocess.Popen([*CLI, *arguments], env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            line: dict[str, Any] = json.loads(process.stdout.readline())
            here = {**env, "AIRFLOW_CONN_TEST_CRM": line["credentials"]["airflow_conn"]}
            checked = _run("connector", "check", "test_crm", "--json", env=here)
            assert json.loads(checked.stdout)["ok"] is True and checked.returncode == 0
            read = _run("connector", "read", "test_crm", "AccountObj", "--limit", "0", "--json", env=here)
            totals.append(len(read.stdout.splitlines()))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert line["ledger_url"] == f"{line['url']}/__sim/ledger"
    assert totals[0] == totals[1] >= 20 and state.is_file()


def test_list_and_read(env: dict[str, str]) -> None:
    listed = json.loads(_run("connector", "list", "--json", env=env).stdout)
    assert {"file", "fxiaoke", "kingdee"} <= {line["connector"] for line in listed["connectors"]}
    assert {"test_files", "test_crm"} <= {line["connection"] for line in listed["connections"]}
    assert "纷享销客" in _run("connector", "list", env={**env, "TONGMAI_LANG": "zh"}).stdout
    lines = [
        json.loads(line) for line in _run("connector", "read", "test_files", "c", "--json", env=env).stdout.splitlines()
    ]
    assert [(line["key"], line["op"]) for line in lines] == [("1", "upsert"), ("line 3", "broken"), ("2", "upsert")]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["connector", "check", "test_file"], 2, "did you mean `test_files`?"),
        (["connector", "check", "test_crm"], 2, "AIRFLOW_CONN_TEST_CRM"),
        (["connector", "read", "test_files", "cc"], 2, "there is no such stream (there are: c)"),
        (["connector", "read", "test_files", "c", "--since", "gestern"], 1, "not a date and time"),
        (["simulate", "file"], 2, "it has no simulator"),
    ],
)
def test_mistakes_say_what_to_do(env: dict[str, str], arguments: list[str], status: int, words: str) -> None:
    done = _run(*arguments, "--json", env=env)
    assert done.returncode == status and words in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["error"]["code"]


@pytest.mark.parametrize(
    "command", [["simulate"], ["connector"], ["connector", "list"], ["connector", "check"], ["connector", "read"]]
)
def test_help_has_an_example(env: dict[str, str], command: list[str]) -> None:
    assert "Example: tongmai" in _run(*command, "--help", env=env).stdout


def test_a_missing_hub_database_is_said_once_and_only_where_it_matters(
    env: dict[str, str],
) -> None:
    from connectors.sdk import quota, token
    from connectors.sdk.quota import Ask, Bucket
    from tongmai.sync.shared import shared_if_there

    away = {**env, "TONGMAI_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    assert "No hub database" not in _run("connector", "check", "test_files", env=away).stderr
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TONGMAI_DATABASE_URL", away["TONGMAI_DATABASE_URL"])
        before = token.in_use(), quota.in_use()
        with shared_if_there(told.append):
            quota.in_use().take([], "normal")
            assert told == []
            for _ in range(3):
                quota.in_use().take([Ask(Bucket("said/once", 10, 1.0))], "normal")
        assert len(told) == 1 and (token.in_use(), quota.in_use()) == before

"""`tongmai doctor` finds what is wrong, says what to do, and ends with status 1."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tongmai.core.errors import StateError
from tongmai.stack import account, doctor
from tongmai.stack.postgres import Server

DOCTOR = "from tongmai.cli.main import main; import sys; sys.argv = ['tongmai', 'doctor', '--json']; main()"


def examined(**environment: str) -> tuple[int, dict[str, Any]]:
    answer = subprocess.run(
        [sys.executable, "-c", DOCTOR],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        cwd="/",
    )
    checks = {check["check"]: check for check in json.loads(answer.stdout)["checks"]}
    return answer.returncode, checks


def test_a_good_installation_is_well(hub_url: str) -> None:
    status, checks = examined()
    assert [check for check in checks.values() if check["ok"] is False] == []
    assert status == 0
    assert checks["Airflow imports"]["detail"] == "3.3.2"


def test_a_foreign_package_of_our_rooms_name_is_found(hub_url: str, tmp_path: Path) -> None:
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "__init__.py").touch()
    status, checks = examined(PYTHONPATH=str(tmp_path))
    found = checks["All rooms load from one place"]
    assert status == 1 and found["ok"] is False
    assert str(tmp_path) in found["detail"] and "remove it" in found["next"]


def test_what_does_not_answer_is_told_with_its_next_step(tmp_path: Path) -> None:
    status, checks = examined(TONGMAI_HOME=str(tmp_path / "h"), TONGMAI_PATH=str(tmp_path / "nowhere"))
    assert status == 1
    for name in ("PostgreSQL", "Hub database is migrated", "Airflow imports", "Site folders (TONGMAI_PATH)"):
        assert checks[name]["ok"] is False and checks[name]["next"], name


def test_a_database_that_is_not_migrated_is_told(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGMAI_DATABASE_URL", postgres.url("airflow"))
    found = doctor.database()
    assert found.ok is False and "tongmai up" in str(found.next_step)


def test_loose_secrets_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGMAI_HOME", str(tmp_path))
    (tmp_path / "keys").mkdir()
    loose = tmp_path / "keys" / "fernet-key"
    loose.write_text("x")
    loose.chmod(0o640)
    assert doctor.keys().ok is False and str(loose) in doctor.keys().detail
    loose.chmod(0o600)
    assert doctor.keys().ok is True


def test_an_account_without_a_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 987_654)
    with pytest.raises(StateError, match="has no name here"):
        account.account_for(tmp_path / "data")

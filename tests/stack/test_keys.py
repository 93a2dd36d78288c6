"""Secrets are made once, stay private, and give way to the user's own."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from tongmai.cli.stack import env
from tongmai.core.errors import ConfigurationError
from tongmai.stack import keys


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TONGMAI_HOME", str(tmp_path / "h"))
    monkeypatch.setenv(keys.DATABASE_VARIABLE, "postgresql+psycopg2://me@elsewhere/airflow")
    return tmp_path / "h"


def test_secrets_are_made_once_and_strong_enough(home: Path) -> None:
    first = keys.environment()
    assert keys.environment() == first
    Fernet(first["AIRFLOW__CORE__FERNET_KEY"].encode())
    assert len(first["AIRFLOW__API_AUTH__JWT_SECRET"].encode()) >= 64
    made = {first[name] for name in keys.SECRETS}
    assert len(made) == 3
    for path in (home / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_ui_password_is_where_airflow_looks(home: Path) -> None:
    variables = keys.environment()
    file = Path(variables["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    assert json.loads(file.read_text()) == {"admin": keys.ui_password()}
    assert len(keys.ui_password()) >= 20


def test_the_users_own_values_win_but_the_product_says_where_it_lies(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "mine")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    variables = keys.environment()
    assert variables["AIRFLOW__API__SECRET_KEY"] == "mine"
    assert not (home / "keys" / "api-secret-key").exists()
    assert variables[keys.DATABASE_VARIABLE] == "postgresql+psycopg2://me@elsewhere/airflow"
    assert Path(variables["AIRFLOW_HOME"], "airflow.cfg").is_file()


def test_without_a_database_the_next_step_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.DATABASE_VARIABLE)
    with pytest.raises(ConfigurationError, match="tongmai up --only postgres"):
        keys.environment()


def test_embedded_server_is_not_needed_when_both_databases_are_external(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keys.needs_postgres()
    monkeypatch.setenv("TONGMAI_DATABASE_URL", "postgresql://me@elsewhere/hub")
    assert not keys.needs_postgres()


def test_env_lines_survive_the_shell(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TONGMAI_REMARK", "a 'quoted' $word; 中文")
    lines = CliRunner().invoke(env, [], catch_exceptions=False).output
    code = f"{lines}\n{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    said = subprocess.run(
        ["/bin/sh", "-c", code], capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    seen = json.loads(said.stdout)
    assert {name: seen[name] for name in keys.environment()} == keys.environment()


def test_proxies_do_not_stand_between_our_own_processes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "corp.example")
    assert keys.environment()["NO_PROXY"] == "corp.example,127.0.0.1,localhost"


def test_the_committed_configuration_holds_no_secret() -> None:
    from tongmai.core.settings import product_root

    text = (product_root() / "airflow.cfg").read_text()
    for word in ("fernet_key", "secret_key", "jwt_secret", "password"):
        assert word not in text

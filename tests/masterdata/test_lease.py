"""Leases over a real database: one holder, takeovers, and nothing from who lost it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from masterdata.store import Database, connect
from masterdata.store import lease as leases
from masterdata.store.lease import FencedError, Leases, identity, provably_gone


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases of one second."""
    monkeypatch.setattr(leases, "SECONDS", 1.0)
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.2)
    monkeypatch.setattr(leases, "MARGIN", 0.2)


@pytest.fixture
def database(hub_url: str) -> Iterator[Database]:
    with connect(hub_url) as found:
        yield found


def holder(url: str, name: str) -> tuple[int, str]:
    with psycopg.connect(url) as connection:
        row = connection.execute("select token, holder from hub.lease where name = %s", (name,)).fetchone()
    assert row is not None
    return row


def test_one_holder_at_a_time_and_the_next_one_after_it(hub_url: str, database: Database) -> None:
    other = Leases(hub_url)
    assert database.own("sync:a", 0)
    assert not other.acquire("sync:a", 0.2)
    assert other.acquire("sync:b", 0)
    database.disown("sync:a")
    assert other.acquire("sync:a", 0)
    assert holder(hub_url, "sync:a")[0] == 2
    other.close()


def test_a_lease_is_renewed_while_it_is_used(quick: None, hub_url: str, database: Database) -> None:
    assert database.own("sync:a", 0)
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        database.check_leases()
        time.sleep(0.1)
    other = Leases(hub_url)
    assert not other.acquire("sync:a", 0)
    other.close()


def test_who_was_stopped_writes_nothing_after_the_takeover(
    quick: None, hub_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.own("sync:a", 0)
    assert database._leases is not None
    monkeypatch.setattr(database._leases, "_run", lambda *_: 1)  # it was stopped: nothing is renewed
    database._leases._deadline = time.monotonic() + 0.5
    other = Leases(hub_url)
    assert other.acquire("sync:a", 5)
    with pytest.raises(FencedError), database.transaction() as cursor:
        cursor.execute("create table public.never ()")
    with pytest.raises(FencedError):
        database.check_leases()
    assert database.connection.execute("select to_regclass('public.never')").fetchone() == (None,)
    other.close()


def test_a_takeover_waits_for_the_transaction_that_is_under_way(quick: None, hub_url: str, database: Database) -> None:
    assert database.own("sync:a", 0)
    assert database._leases is not None
    other = Leases(hub_url)
    taken = threading.Event()

    def take() -> None:
        other.acquire("sync:a", 10)
        taken.set()

    with database.transaction() as cursor:
        cursor.execute("select 1")
        database._leases._stop.set()  # no more renewals: the lease runs out while the transaction goes on
        thread = threading.Thread(target=take)
        thread.start()
        time.sleep(2)
        assert not taken.is_set()
    assert taken.wait(10)
    thread.join()
    other.close()


def test_a_holder_that_is_gone_is_followed_at_once(hub_url: str) -> None:
    code = (
        "import os, signal, sys; from masterdata.store.lease import Leases\n"
        f"assert Leases({hub_url!r}).acquire('sync:a', 0); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -9
    mine = Leases(hub_url)
    began = time.monotonic()
    assert mine.acquire("sync:a", 5)
    assert time.monotonic() - began < leases.SECONDS / 2
    mine.close()


def test_only_a_process_of_this_machine_can_be_known_to_be_gone() -> None:
    boot, space, number, started = identity().split()
    assert not provably_gone(identity())
    assert provably_gone(f"{boot} {space} {number} {int(started) + 1}")
    assert provably_gone(f"{boot} {space} 4194300 {started}")
    assert not provably_gone(f"another {space} 4194300 {started}")
    assert not provably_gone(f"{boot} pid:[1] 4194300 {started}")
    assert not provably_gone("") and not provably_gone("x")


def test_a_database_that_went_away_lets_nobody_write_on(quick: None, hub_url: str, database: Database) -> None:
    assert database.own("sync:a", 0)
    with psycopg.connect(hub_url, autocommit=True) as admin:
        admin.execute("update hub.lease set token = token + 1 where name = 'sync:a'")
    deadline = time.monotonic() + 5
    with pytest.raises(FencedError):
        while time.monotonic() < deadline:
            database.check_leases()
            time.sleep(0.05)


def test_a_session_whose_process_was_stopped_in_a_copy_holds_nobody_up(
    quick: None, monkeypatch: pytest.MonkeyPatch, hub_url: str, database: Database
) -> None:
    monkeypatch.setattr(leases, "STOPPED_SECONDS", 1)
    stopped = psycopg.connect(hub_url, application_name="tongmai")
    cursor = stopped.cursor()
    cursor.execute("create temp table staged (value text)")
    cursor.execute("select pg_advisory_xact_lock(7)")
    with pytest.raises(psycopg.OperationalError), cursor.copy("copy staged from stdin") as copy:
        copy.write("one\n")
        assert database.own("sync:a", 0)
        with database.transaction() as other:
            other.execute("set local lock_timeout = '20s'")
            other.execute("select pg_advisory_xact_lock(7)")
    stopped.close()

"""Leases: who may act under a name for a while, with a token that fences off whoever lost it.

A lease is taken over when it ran out, or at once when its holder is a process of this machine that is gone. Every
transaction of a holder proves its token; whoever was stopped and wakes up after a takeover commits nothing and, since its
own clock tells it that the lease ran out, sends nothing.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from tongmai.core.errors import RetryableError

SHORTEST = 2.0
# Tests shorten it to see a takeover soon; a busy machine needs the whole time.
SECONDS = max(SHORTEST, float(os.environ.get("TONGMAI_LEASE_SECONDS") or 15))
RENEW_EVERY = SECONDS / 5
MARGIN = SECONDS / 5
_POLL = 0.05
STOPPED_SECONDS = 30
"""How long a session may wait for its own process in the middle of a transaction, as when that was stopped."""
SESSION = "tongmai"
log = logging.getLogger("tongmai.lease")


class FencedError(RetryableError):
    """This process lost its lease: another run may have taken over."""

    default_code = "fenced"


class Leases:
    """The leases of one process, over a connection of their own, renewed by a thread while there are any."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._using = threading.Lock()
        self._held: dict[str, int] = {}
        self._deadline = float("inf")
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def acquire(self, name: str, patience: float) -> bool:
        """Become the holder of ``name``; waits up to ``patience`` seconds for another one to finish or to lose it."""
        end = time.monotonic() + patience
        while True:
            before = time.monotonic()
            token = self._take(name)
            if token is not None:
                if not self._held:
                    self._deadline = before + SECONDS - MARGIN
                self._held[name] = token
                self._renewing()
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(_POLL)

    def release(self, name: str) -> None:
        """Give a lease back. One that was lost meanwhile is left alone; a database that is away lets it run out."""
        token = self._held.pop(name, None)
        if not self._held:
            self._deadline = float("inf")
        try:
            self._run("update hub.lease set until = '-infinity' where name = %s and token = %s", name, token)
        except psycopg.Error as error:
            log.warning("lease not given back, it runs out by itself name=%s: %s", name, error)

    def check(self) -> None:
        """Raise when the leases may have run out. Costs nothing; called before every write to another system."""
        if time.monotonic() > self._deadline:
            raise _lost(", ".join(self._held))

    def guard(self, cursor: psycopg.Cursor[TupleRow]) -> None:
        """Raise unless every lease is still ours, and let nobody take them over before this transaction ends."""
        if not self._held:
            return
        cursor.execute(
            """select count(*) from (select 1 from hub.lease l
                 join unnest(%s::text[], %s::bigint[]) k (name, token) on l.name = k.name and l.token = k.token
                  for key share of l) held""",
            (list(self._held), list(self._held.values())),
        )
        row = cursor.fetchone()
        if row is None or row[0] != len(self._held):
            self._deadline = float("-inf")
            raise _lost(", ".join(self._held))

    def close(self) -> None:
        """Give everything back and stop renewing."""
        for name in list(self._held):
            self.release(name)
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
        if self._connection is not None:
            self._connection.close()

    def _take(self, name: str) -> int | None:
        """One attempt: the new token, or None while somebody else holds it."""
        with self._using, self._open().transaction(), self._open().cursor() as cursor:
            cursor.execute(
                "insert into hub.lease (name, token, holder, until) values (%s, 0, '', '-infinity') on conflict do nothing",
                (name,),
            )
            # Transactions of the holder keep a share of the row: a takeover waits for their end.
            cursor.execute(
                "select holder, until <= clock_timestamp() from hub.lease where name = %s for update skip locked",
                (name,),
            )
            row = cursor.fetchone()
            if row is None or not (row[1] or provably_gone(row[0])):
                return None
            cursor.execute(
                """update hub.lease set token = token + 1, holder = %s, until = clock_timestamp() + %s * interval '1 second'
                    where name = %s returning token""",
                (identity(), SECONDS, name),
            )
            taken = cursor.fetchone()
            return int(taken[0]) if taken else None

    def _renewing(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._renew_all, name="leases", daemon=True)
            self._thread.start()

    def _renew_all(self) -> None:
        while not self._stop.wait(RENEW_EVERY):
            held = dict(self._held)
            if not held:
                continue
            before = time.monotonic()
            try:
                renewed = self._run(
                    """update hub.lease l set until = clock_timestamp() + %s * interval '1 second'
                         from unnest(%s::text[], %s::bigint[]) k (name, token)
                        where l.name = k.name and l.token = k.token and l.until > '-infinity'""",
                    SECONDS,
                    list(held),
                    list(held.values()),
                )
                self._end_stopped()
            except psycopg.Error as error:
                log.warning("leases not renewed: %s", error)
                continue
            if renewed != len(held):
                # One that was just given back is missing too; whether that is all, the next round tells.
                if held == self._held:
                    self._deadline = float("-inf")
            elif self._held and self._deadline != float("-inf"):
                self._deadline = before + SECONDS - MARGIN

    def _end_stopped(self) -> None:
        """End sessions that wait for a stopped process while they hold locks. PostgreSQL ends idle ones itself, but never one
        in the middle of a COPY, which counts as active."""
        ended = self._run(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and usename = current_user and application_name = %s
                  and state = 'active' and wait_event_type = 'Client'
                  and query_start < clock_timestamp() - %s * interval '1 second'""",
            SESSION,
            STOPPED_SECONDS,
        )
        if ended:
            log.warning("sessions of stopped processes ended count=%d", ended)

    def _run(self, sql: str, *values: Any) -> int:
        with self._using:
            return self._open().execute(sql, values).rowcount

    def _open(self) -> psycopg.Connection[TupleRow]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, application_name="tongmai leases", autocommit=True)
        return self._connection


def identity() -> str:
    """This process among all: boot of the machine, process id space, process id, when it started. Empty where unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = Path("/proc/self/ns/pid").readlink().name
        own, _, started = _process("self")
    except (OSError, IndexError, ValueError):
        return ""
    return f"{boot} {space} {own} {started}"


def provably_gone(holder: str) -> bool:
    """Whether the holder ran in our own process id space and runs no more."""
    parts, ours = holder.split(), identity().split()
    if len(parts) != 4 or parts[:2] != ours[:2]:
        return False
    try:
        _, state, started = _process(parts[2])
    except FileNotFoundError:
        return True
    except (OSError, IndexError, ValueError):
        return False
    return state in ("Z", "X") or started != parts[3]


def _process(name: str) -> tuple[str, str, str]:
    """Process id, state and start time from the kernel."""
    text = Path(f"/proc/{name}/stat").read_text()
    rest = text[text.rindex(")") + 2 :].split()
    return text.split(" ", 1)[0], rest[0], rest[19]


def _lost(names: str) -> FencedError:
    return FencedError(
        f"lease of {names}",
        "it ran out or another run took it over; nothing more is written by this one",
        "nothing is lost: the run that took over, or the next one, goes on from the tables",
    )

"""Group commit: one thread stores what many requests wait for, in one transaction, then tells them all.

While one transaction is on its way to the disk the next requests queue up; they share the next one. Alone, a request waits
for nobody.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager

import psycopg

from masterdata.store import Database, connect
from tongmai.core.errors import RetryableError, TongmaiError
from tongmai.core.failpoint import reach
from tongmai.intake.journal import Row, forget, insert

MOST_ROWS = 2_000
MOST_WAITING = 20_000
STATEMENT_SECONDS = 10
QUIET_SECONDS = 1.0
FORGET_EVERY = 3_600.0
log = logging.getLogger("tongmai.intake")
_Job = tuple[list[tuple[object, ...]], "Future[None]"]


class Writer:
    """Stores events. ``most_jobs`` is how many requests may share a transaction; ``keep_days`` how long taken events stay."""

    def __init__(self, url: str, *, most_jobs: int = 500, keep_days: int = 30) -> None:
        self._url = url
        self._most_jobs = most_jobs
        self._keep_days = keep_days
        self._jobs: queue.Queue[_Job | None] = queue.Queue()
        self._waiting = 0
        self._guard = threading.Lock()
        self._opened: AbstractContextManager[Database] | None = None
        self._database: Database | None = None
        self._away_until = 0.0
        self._away: TongmaiError | None = None
        self._forget_at = 0.0
        self._thread = threading.Thread(target=self._work, name="intake-writer", daemon=True)
        self.commits = 0

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def close(self) -> None:
        """Store what is queued, then stop; nothing where it never began."""
        if self._thread.ident is None:
            return
        self._jobs.put(None)
        self._thread.join(timeout=STATEMENT_SECONDS * 2)

    def put(self, rows: Sequence[Row]) -> Future[None]:
        """A promise that is kept once ``rows`` are committed, those that were there already included, or broken with the
        reason."""
        promise: Future[None] = Future()
        values = [row.values() for row in rows]  # what is wrong with a row is its own request's trouble
        with self._guard:
            busy = self._waiting + len(rows) > MOST_WAITING
            self._waiting += 0 if busy else len(rows)
        if busy:
            promise.set_exception(
                RetryableError("intake", f"{MOST_WAITING} events wait to be stored", code="intake-busy")
            )
        else:
            self._jobs.put((values, promise))
        return promise

    def _work(self) -> None:
        while True:
            try:
                first = self._jobs.get(timeout=FORGET_EVERY)
            except queue.Empty:
                continue
            if first is None:
                break
            jobs, last = self._gather(first)
            # whoever gave up waiting is told nothing; the sender repeats
            self._store([job for job in jobs if job[1].set_running_or_notify_cancel()])
            with self._guard:
                self._waiting -= sum(len(rows) for rows, _ in jobs)
            if last:
                break
        self._drop()

    def _gather(self, first: _Job) -> tuple[list[_Job], bool]:
        """What is queued now, up to the limits."""
        jobs, rows = [first], len(first[0])
        while len(jobs) < self._most_jobs and rows < MOST_ROWS:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
            rows += len(job[0])
        return jobs, False

    def _store(self, jobs: Sequence[_Job]) -> None:
        try:
            if self._away is not None and time.monotonic() < self._away_until:
                raise self._away
            database = self._open()
            with database.transaction() as cursor:
                insert(cursor, [row for rows, _ in jobs for row in rows])
                reach("intake.before-commit")
            self.commits += 1
            reach("intake.after-commit")
        except psycopg.DataError as error:
            if len(jobs) > 1:  # one request's text that the database cannot hold is not its neighbours' trouble
                for job in jobs:
                    self._store([job])
                return
            reason = _away(error)  # its first line: the rest may quote the event
            log.error("an event cannot be stored: %s", reason.why)
            for _, promise in jobs:
                promise.set_exception(reason)
            return
        except Exception as error:
            self._fail(jobs, error if isinstance(error, TongmaiError) else _away(error))
            return
        if self._away is not None:
            log.info("events are stored again")
            self._away = None
        for _, promise in jobs:
            promise.set_result(None)
        self._tidy(database)

    def _fail(self, jobs: Sequence[_Job], reason: TongmaiError) -> None:
        """Nothing of it was stored, or nobody knows: the senders repeat, and what was stored is recognised."""
        if self._away is None:
            log.error("events cannot be stored requests=%d code=%s: %s", len(jobs), reason.code, reason)
        if reason is not self._away:
            self._away, self._away_until = reason, time.monotonic() + QUIET_SECONDS
        self._drop()
        for _, promise in jobs:
            promise.set_exception(reason)

    def _open(self) -> Database:
        if self._database is None:
            self._opened = connect(self._url)
            self._database = self._opened.__enter__()
            self._database.connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
        return self._database

    def _drop(self) -> None:
        opened, self._opened, self._database = self._opened, None, None
        if opened is not None:
            try:
                opened.__exit__(None, None, None)
            except psycopg.Error as error:
                log.debug("closing a broken connection: %s", type(error).__name__)

    def _tidy(self, database: Database) -> None:
        """Now and then drop what was taken long ago; a failure of it is no sender's business."""
        if time.monotonic() < self._forget_at:
            return
        try:
            with database.transaction() as cursor:
                gone = forget(cursor, self._keep_days)
            self._forget_at = time.monotonic() + (FORGET_EVERY if gone < 10_000 else 1)
        except psycopg.Error as error:
            self._forget_at = time.monotonic() + FORGET_EVERY
            log.warning("old events were not dropped: %s", type(error).__name__)
            self._drop()


def _away(error: BaseException) -> RetryableError:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return RetryableError("hub database", said, "is PostgreSQL running?", code="database-away")

"""What requests share: connections to the hub database, the content as it is now, how often a token may call."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg

from masterdata.model import Entity
from masterdata.store import Cursor, Database, connect
from tongmai.core.errors import RetryableError
from tongmai.sync.content import Content, load_content

STATEMENT_SECONDS = 20
LOOK_SECONDS = 15.0
PATIENCE = 10.0
log = logging.getLogger("tongmai.api")
_Open = tuple[Database, AbstractContextManager[Database]]


class Hub:
    """``size``: how many connections at most. They only read, but for the time a token was used."""

    def __init__(self, url: str, size: int = 8) -> None:
        self.url, self.size = url, size
        self._idle: queue.LifoQueue[_Open | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)
        self._guard = threading.Lock()
        self._content: tuple[int, Content] | None = None
        self._look_at = 0.0
        self._buckets: dict[str, tuple[float, float]] = {}

    @contextmanager
    def reading(self) -> Iterator[Cursor]:
        """One transaction that reads and sees one state of all tables."""
        with self._connection() as database, database.transaction() as cursor:
            cursor.execute("set transaction isolation level repeatable read")
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[Cursor]:
        """One short transaction that may write."""
        with self._connection() as database, database.transaction() as cursor:
            cursor.execute("set transaction read write")
            yield cursor

    def content(self) -> Content:
        """Entities, terms and weights; read again once another release was activated."""
        with self._guard:
            if self._content is None or time.monotonic() >= self._look_at:
                with self.reading() as cursor:
                    cursor.execute("select coalesce(max(number), 0) from hub.release")
                    row = cursor.fetchone()
                number = int(row[0]) if row else 0
                if self._content is None or self._content[0] != number:
                    self._content = (number, load_content())
                    log.info("content read release=%d", number)
                self._look_at = time.monotonic() + LOOK_SECONDS
            return self._content[1]

    def entities(self) -> dict[str, Entity]:
        """Every entity by name."""
        return self.content().schema.entities

    def wait_of(self, token: str, rate: int) -> float:
        """Seconds until this token may call again; 0: now. ``rate``: calls a minute, in this process."""
        if not rate:
            return 0.0
        with self._guard:
            now = time.monotonic()
            left, at = self._buckets.get(token, (float(rate), now))
            left = min(float(rate), left + (now - at) * rate / 60)
            if left < 1:
                self._buckets[token] = (left, now)
                return (1 - left) * 60 / rate
            self._buckets[token] = (left - 1, now)
            return 0.0

    def close(self) -> None:
        """Give back what is idle."""
        while not self._idle.empty():
            opened = self._idle.get()
            if opened is not None:
                opened[1].__exit__(None, None, None)

    @contextmanager
    def _connection(self) -> Iterator[Database]:
        try:
            opened = self._idle.get(timeout=PATIENCE)
        except queue.Empty:
            raise RetryableError("API", "all its connections are busy", "try again", code="api-busy", after=1) from None
        try:
            if opened is not None and opened[0].connection.closed:
                opened = None
            if opened is None:
                opened = self._open()
            yield opened[0]
        except psycopg.errors.QueryCanceled:
            step = "ask for less, or tell who runs the database"
            raise RetryableError("hub database", f"no answer in {STATEMENT_SECONDS} s", step, code="api-slow") from None
        except psycopg.OperationalError as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise RetryableError("hub database", said, "is PostgreSQL running?", code="database-away") from None
        finally:
            if opened is not None and opened[0].connection.closed:
                opened[1].__exit__(None, None, None)
                opened = None
            self._idle.put(opened)

    def _open(self) -> _Open:
        opening = connect(self.url)
        database = opening.__enter__()
        database.connection.execute(
            f"set default_transaction_read_only = on; set statement_timeout = '{STATEMENT_SECONDS}s'"
        )
        return database, opening

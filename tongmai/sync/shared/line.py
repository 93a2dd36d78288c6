"""One short-statement connection to the hub database for all threads of a process, opened again when it broke."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.rows import TupleRow

from tongmai.core.errors import RetryableError, StateError

Connection = psycopg.Connection[TupleRow]
_PATIENCE = 10
_STATEMENT = "15s"
_LACKING = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.InvalidSchemaName,
)
T = TypeVar("T")


class Line:
    """Statements are short and each is its own transaction: nobody waits for somebody who waits."""

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        self.url = f"postgresql://{rest}" if "+" in scheme else url
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._owner = 0

    def run(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[TupleRow]:
        """One statement; its rows."""

        def rows(connection: Connection) -> list[TupleRow]:
            cursor = connection.execute(sql, values, prepare=True)
            return cursor.fetchall() if cursor.description else []

        return self.use(rows)

    def use(self, work: Callable[[Connection], T]) -> T:
        """Do something short. A connection that broke is opened again once; what was half done is done again."""
        with self._lock:
            fresh = self._connection is None or self._connection.closed or self._owner != os.getpid()
            try:
                try:
                    return work(self._open())
                except (psycopg.OperationalError, psycopg.InterfaceError):
                    self._drop()
                    if fresh:
                        raise
                    return work(self._open())
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                self._drop()
                raise RetryableError(
                    "hub database",
                    f"shared tokens and limits cannot be reached: {str(error).strip().splitlines()[0]}",
                    "is PostgreSQL running? Nothing was called; run it again",
                    code="database-away",
                ) from None
            except _LACKING as error:
                raise _not_migrated(error) from None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._drop()

    def _open(self) -> Connection:
        # A forked process must not speak on its parent's connection, nor close it.
        if self._connection is None or self._connection.closed or self._owner != os.getpid():
            self._connection = psycopg.connect(
                self.url,
                application_name="tongmai shared",
                autocommit=True,
                connect_timeout=_PATIENCE,
                options=f"-c statement_timeout={_STATEMENT} -c idle_in_transaction_session_timeout=30s "
                "-c synchronous_commit=off -c jit=off",
            )
            self._owner = os.getpid()
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None and self._owner == os.getpid():
            self._connection.close()
        self._connection = None


def _not_migrated(error: psycopg.Error) -> StateError:
    return StateError(
        "hub database",
        f"it has no tables for shared tokens and limits: {str(error).strip().splitlines()[0]}",
        "run `tongmai db upgrade`",
        code="not-migrated",
    )

"""One connection to the hub database: transactions, staging by COPY, locks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from masterdata.store.lease import SESSION, STOPPED_SECONDS, Leases
from masterdata.store.migrate import head
from masterdata.store.staged import Staged, Stages
from tongmai.core.errors import RetryableError, StateError

Cursor = psycopg.Cursor[TupleRow]


class Database:
    """A connection with the hub's habits. Used by one thread at a time. Its transactions commit only while its leases hold.

    With ``rehearse`` everything runs inside one outer transaction that is rolled back at the end: a dry run.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], url: str, *, rehearse: bool = False) -> None:
        self.connection = connection
        self.rehearse = rehearse
        self._url = url
        self._leases: Leases | None = None
        self._stages = Stages()

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """One transaction (a savepoint inside a rehearsal); commits at the end, rolls back on any error."""
        try:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                if self._leases is not None and not self.rehearse:
                    self._leases.guard(cursor)
                yield cursor
        except BaseException:
            # Staging tables made in it went with it.
            self._stages.forget()
            raise

    def stage(self, cursor: Cursor, name: str, columns: str, rows: Iterable[Sequence[Any]], key: str = "") -> Staged:
        """Rows for set-wise statements of this transaction. See ``Stages``."""
        return self._stages.stage(cursor, name, columns, rows, key)

    def forget_stages(self) -> None:
        """After a rollback to a savepoint: staging tables made since may be gone."""
        self._stages.forget()

    def own(self, name: str, patience: float) -> bool:
        """Take the lease ``name``; waits up to ``patience`` seconds for another holder to finish. See ``Leases``."""
        if self._leases is None:
            self._leases = Leases(self._url)
        return self._leases.acquire(name, patience)

    def disown(self, name: str) -> None:
        """Give the lease back."""
        if self._leases is not None:
            self._leases.release(name)

    def check_leases(self) -> None:
        """Raise ``FencedError`` when this process may have lost its leases. Cheap; any thread may call it."""
        if self._leases is not None:
            self._leases.check()

    def close(self) -> None:
        """Give back what is held."""
        if self._leases is not None:
            self._leases.close()


def lock_number(name: str) -> int:
    """A PostgreSQL advisory lock number for a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def hold(cursor: Cursor, exclusive: Iterable[str], shared: Iterable[str] = ()) -> None:
    """Take locks until the end of the transaction, always in the same order: two transactions never wait for each other."""
    wanted = {**dict.fromkeys(shared, "_shared"), **dict.fromkeys(exclusive, "")}
    if wanted:
        each = [f"pg_advisory_xact_lock{mode}({lock_number(name)})" for name, mode in sorted(wanted.items())]
        cursor.execute(f"select {', '.join(each)}")


_SETTINGS = {
    **dict.fromkeys(("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "enable_bitmapscan", "jit"), "off"),
    "plan_cache_mode": "force_generic_plan",
    "max_parallel_workers_per_gather": "0",
}
_PLANS = "select " + ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _SETTINGS.items())


def forget_plans(cursor: Cursor) -> None:
    """For the current transaction: small staged batches meet big tables by index, never by hashing or scanning them.

    With that there is one plan for a statement, whatever its values: planning it each time takes longer than running it. A key of two columns is met through ``join lateral (… offset 0)``: a planner without statistics would otherwise read
    all rows of the first column for every row of the batch.
    """
    cursor.execute(_PLANS)


@contextmanager
def connect(url: str, *, rehearse: bool = False, check: bool = True) -> Iterator[Database]:
    """Open the hub database; raises StateError when it is not migrated, RetryableError when it is away."""
    try:
        connection = psycopg.connect(_plain(url), application_name=SESSION, autocommit=True)
    except psycopg.OperationalError as error:
        raise RetryableError(
            "hub database",
            str(error).strip().splitlines()[0],
            "is PostgreSQL running? `tongmai up --only postgres` starts the embedded one",
            code="database-away",
        ) from None
    with connection:
        if check:
            _check_migrated(connection)
        database = Database(connection, _plain(url), rehearse=rehearse)
        try:
            if rehearse:
                with connection.transaction(force_rollback=True):
                    yield database
            else:
                connection.execute(f"set idle_in_transaction_session_timeout = '{STOPPED_SECONDS}s'")
                yield database
        finally:
            database.close()


def _check_migrated(connection: psycopg.Connection[TupleRow]) -> None:
    row = connection.execute("select to_regclass('public.tongmai_migration')").fetchone()
    found = None
    if row and row[0]:
        found = connection.execute("select version_num from public.tongmai_migration").fetchone()
    version = found[0] if found else "none"
    if version != head():
        raise StateError(
            "hub database",
            f"its schema is at revision {version}, this version needs {head()}",
            "run `tongmai db upgrade`",
            code="not-migrated",
        )


def _plain(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql://{rest}" if "+" in scheme else url

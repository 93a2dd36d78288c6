"""What the syncs of one call share, and how a run of any of them ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg

from connectors.sdk import Connector
from masterdata.store import Database
from tongmai.core.errors import OutcomeUnknownError, RetryableError, TongmaiError
from tongmai.core.secrets import Secrets
from tongmai.sync import runs
from tongmai.sync.connections import open_named
from tongmai.sync.content import Content
from tongmai.sync.ledger import next_steps
from tongmai.sync.report import SyncReport

PATIENCE = 60.0
log = logging.getLogger("tongmai.sync")
Progress = Callable[[str, str, int], None]


@dataclass(frozen=True)
class SyncOptions:
    """How to run. ``full``: read everything again. ``since`` (aware) and ``keys`` narrow the read. ``dry_run``: do
    everything but commit and write to targets. ``external_id``: ``<dag_id>/<run_id>`` when Airflow runs it. ``in_group``:
    this is one member of a group, so what narrows the group's reads passes its writes by. ``accept_deletes``: believe a
    whole listing in which most records are missing."""

    full: bool = False
    since: datetime | None = None
    keys: tuple[str, ...] = ()
    dry_run: bool = False
    trigger: str = "cli"
    external_id: str = ""
    in_group: bool = False
    accept_deletes: bool = False


@dataclass
class Session:
    """What the syncs of one call share."""

    database: Database
    content: Content
    release: bytes
    secrets: Secrets
    options: SyncOptions
    progress: Progress


@contextmanager
def database_errors(name: str) -> Iterator[None]:
    """A database that goes away in the middle is said in the hub's own words; nothing half-written remains."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise RetryableError(
            f"sync `{name}`",
            f"the hub database broke off: {str(error).strip().splitlines()[0]}",
            "run it again; what was committed stays, the rest is read again",
            code="database-away",
        ) from error


def failed(report: SyncReport, error: TongmaiError) -> None:
    """Note what stopped a run."""
    report.error, report.error_code = str(error), error.code
    report.retryable = isinstance(error, RetryableError | OutcomeUnknownError)
    report.retry_after = error.after if isinstance(error, RetryableError) else None
    log.error("sync failed sync=%s run=%s code=%s: %s", report.sync, report.run, error.code, error)


def close(database: Database, report: SyncReport) -> SyncReport:
    """Say whether the books close and end the run."""
    report.balanced = not report.problems
    if report.problems:
        report.problems.append(next_steps(report.problems))
    runs.end(database, report)
    return report


@contextmanager
def opened(session: Session, name: str) -> Iterator[Connector]:
    """A connection, open for as long as it is needed."""
    connector = open_named(session.content, name, session.secrets)
    try:
        yield connector
    finally:
        connector.close()

"""What the pages show, read from the sync files and the hub database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from masterdata.store.database import connect
from tongmai.core.finding import Finding
from tongmai.core.settings import database_url
from tongmai.sync.report import IN_TERMS, OUT_TERMS, WORDS, SyncReport
from tongmai.sync.specs import Group, Inbound, Spec, load_specs

QUARANTINE_ROWS = 200


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a sync. ``state`` is running, done, failed or died; ``balanced`` is None while it runs."""

    run: str
    state: str
    started_at: datetime
    balanced: bool | None

    @property
    def red(self) -> bool:
        return self.state in ("failed", "died") or self.balanced is False


@dataclass(frozen=True, slots=True)
class Row:
    """One sync on the overview."""

    name: str
    kind: str
    zh: str
    en: str
    last: LastRun | None


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page. ``quarantine`` and ``outbox`` count what waits for people and for targets."""

    rows: list[Row]
    quarantine: int
    outbox: int
    findings: list[Finding]

    @property
    def red(self) -> int:
        return sum(1 for row in self.rows if row.last and row.last.red)


def overview(readable: Collection[str]) -> Overview:
    """Every sync whose DAG the reader may see. A group shows its newest member's run, a red one before any other."""
    specs = load_specs()
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute(
            "select distinct on (sync) sync, id, state, started_at, (report ->> 'balanced')::boolean"
            " from hub.run order by sync, started_at desc, id desc"
        )
        last = {str(row[0]): LastRun(str(row[1]), str(row[2]), row[3], row[4]) for row in cursor.fetchall()}
        quarantine = _count(cursor, "select count(*) from hub.quarantine")
        outbox = _count(cursor, "select count(*) from hub.outbox")
    rows = [
        _row(name, spec, _newest(name, spec, last)) for name, spec in sorted(specs.syncs.items()) if name in readable
    ]
    return Overview(rows, quarantine, outbox, specs.findings)


def quarantine() -> list[dict[str, Any]]:
    """The newest records in quarantine."""
    columns = ("id", "connection", "stream", "key", "stage", "code", "field", "reason", "place", "at")
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute(
            f"select {', '.join(columns)} from hub.quarantine order by at desc, id desc limit %s", (QUARANTINE_ROWS,)
        )
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Equation:
    """One of the two equations: a whole and its parts, as (term, words, count)."""

    title: str
    whole: tuple[str, str, int]
    parts: list[tuple[str, str, int]]

    @property
    def closes(self) -> bool:
        return self.whole[2] == sum(count for _, _, count in self.parts)

    @property
    def used(self) -> bool:
        return bool(self.whole[2] or any(count for _, _, count in self.parts))


def equations(report: SyncReport, lang: str) -> list[Equation]:
    """Both equations of a report as the page shows them."""
    return [
        _equation("in", IN_TERMS, report.inbound, lang),
        _equation("out", OUT_TERMS, report.outbound, lang),
    ]


def _equation(title: str, terms: tuple[str, ...], counts: dict[str, int], lang: str) -> Equation:
    lines = [(term, WORDS[term].in_language(lang), counts[term]) for term in terms]
    return Equation(title, lines[0], lines[1:])


def _row(name: str, spec: Spec, last: LastRun | None) -> Row:
    kind = "group" if isinstance(spec, Group) else ("in" if isinstance(spec, Inbound) else "out")
    return Row(name, kind, spec.label.zh if spec.label else "", spec.label.en if spec.label else "", last)


def _newest(name: str, spec: Spec, last: dict[str, LastRun]) -> LastRun | None:
    own = [name, *(spec.syncs if isinstance(spec, Group) else ())]
    return max((last[sync] for sync in own if sync in last), key=lambda run: (run.red, run.started_at), default=None)


def _count(cursor: Any, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return int(row[0])

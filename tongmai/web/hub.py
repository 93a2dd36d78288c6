"""What the pages show, read from the sync files and the hub database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from masterdata.store.database import connect
from tongmai.core.finding import Finding
from tongmai.core.settings import database_url
from tongmai.core.text import Text
from tongmai.flows import story
from tongmai.sync.content import Content, load_content
from tongmai.sync.guarantee import GUARANTEE_WORDS, promise
from tongmai.sync.report import AGAIN_TERMS, IN_TERMS, OUT_TERMS, WORDS, SyncReport
from tongmai.sync.specs import Direct, Group, Inbound, Label, Outbound, Spec, load_specs
from tongmai.sync.trace import NotFoundError

QUARANTINE_ROWS = 200
INSTANCES = 100


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
    """The first page. ``quarantine``, ``suspects`` and ``outbox`` count what waits for people and for targets."""

    rows: list[Row]
    quarantine: int
    outbox: int
    suspects: int
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
        suspects = _count(cursor, "select count(*) from hub.outbox where state = 'suspect'")
    rows = [
        _row(name, spec, _newest(name, spec, last)) for name, spec in sorted(specs.syncs.items()) if name in readable
    ]
    return Overview(rows, quarantine, outbox, suspects, specs.findings)


def quarantine() -> list[dict[str, Any]]:
    """The newest records in quarantine."""
    columns = ("id", "connection", "stream", "key", "stage", "code", "field", "reason", "place", "at")
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute(
            f"select {', '.join(columns)} from hub.quarantine order by at desc, id desc limit %s", (QUARANTINE_ROWS,)
        )
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class FlowView:
    """One flow: how its instances stand, what it promises, its newest instances. Texts are by language."""

    name: str
    label: dict[str, str]
    guarantee: dict[str, str]
    why: dict[str, str]
    over: bool
    standing: dict[str, int]
    instances: list[dict[str, Any]]


def flows(readable: Collection[str]) -> list[FlowView]:
    """Every flow whose DAG the reader may see."""
    content = load_content()
    with connect(database_url()) as database, database.transaction() as cursor:
        totals = story.standing(cursor)
        return [
            _flow(
                content,
                name,
                totals.get(name, dict.fromkeys(story.STATES, 0)),
                story.instances(cursor, name, limit=INSTANCES),
            )
            for name in sorted(content.flows.flows)
            if name in readable
        ]


def instance(key: str, readable: Collection[str]) -> dict[str, Any]:
    """One instance's story; one of a flow that the reader may not see is as if it were not there."""
    with connect(database_url()) as database, database.transaction() as cursor:
        found = story.story(cursor, key)
    if found["flow"] not in readable:
        raise NotFoundError(f"instance `{key}`", "there is none that you may see", "look at the list of flows")
    return found


def _flow(content: Content, name: str, standing: dict[str, int], instances: list[dict[str, Any]]) -> FlowView:
    flow = content.flows.flows[name]
    found = promise(content, name)
    guarantee = GUARANTEE_WORDS[found.guarantee if found else flow.guarantee]
    why = found.why if found else Text("its files have mistakes", "其文件有误")
    over = found is None or found.weaker_than(flow.guarantee)
    label = flow.label or Label(zh="", en="")
    return FlowView(name, label.model_dump(), _both(guarantee), _both(why), over, standing, instances)


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


@dataclass(frozen=True, slots=True)
class Equation:
    """One of the equations: a whole and its parts, as (term, words, count)."""

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
    """Both equations of a report as the page shows them, and between them what was mapped again."""
    return [
        _equation("in", IN_TERMS, report.inbound, lang),
        _equation("again", AGAIN_TERMS, report.again, lang),
        _equation("out", OUT_TERMS, report.outbound, lang),
    ]


def _equation(title: str, terms: tuple[str, ...], counts: dict[str, int], lang: str) -> Equation:
    lines = [(term, WORDS[term].in_language(lang), counts[term]) for term in terms]
    return Equation(title, lines[0], lines[1:])


def _row(name: str, spec: Spec, last: LastRun | None) -> Row:
    kinds: dict[type[Spec], str] = {Group: "group", Inbound: "in", Outbound: "out", Direct: "direct"}
    kind = kinds[type(spec)]
    return Row(name, kind, spec.label.zh if spec.label else "", spec.label.en if spec.label else "", last)


def _newest(name: str, spec: Spec, last: dict[str, LastRun]) -> LastRun | None:
    own = [name, *(spec.syncs if isinstance(spec, Group) else ())]
    return max((last[sync] for sync in own if sync in last), key=lambda run: (run.red, run.started_at), default=None)


def _count(cursor: Any, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return int(row[0])

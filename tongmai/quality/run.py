"""Judge what the hub holds and keep the figures: each entity in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from time import monotonic

from masterdata.quality import scored
from masterdata.store import Cursor, Database, connect
from masterdata.store.database import hold
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import database_url
from tongmai.quality.compiled import Judge, judge
from tongmai.quality.flags import find_flags
from tongmai.quality.scan import Figures, Flaw, scan
from tongmai.sync.content import Content, activate, load_content
from tongmai.sync.session import database_errors

Progress = Callable[[str, str, int], None]
COLUMNS = "entity, stream_id, record_id, entity_id, score, failed"


def run_quality(entities: Sequence[str] = (), progress: Progress = lambda *_: None) -> list[str]:
    """Judge these entities, or every one that has rules. Returns their names; the figures are read from where they are kept."""
    content = load_content()
    judges = [judge(content.schema, name) for name in entities or sorted(content.schema.quality)]
    with database_errors("quality"), connect(database_url()) as database:
        release = _release(database, content)
        for each in judges:
            judge_entity(database, each, release, progress)
    return [each.entity.entity for each in judges]


def judge_entity(database: Database, judge: Judge, release: bytes, progress: Progress = lambda *_: None) -> None:
    """All records of one entity. Figures and flawed records are those of one moment: they change together or not at all."""
    begun = monotonic()
    name = judge.entity.entity
    with database.transaction() as cursor:
        hold(cursor, [f"quality:{name}"])
        cursor.execute("select clock_timestamp()")  # another run of it may have been waited for
        row = cursor.fetchone()
        assert row is not None
        now: datetime = row[0]
        find_flags(cursor, judge)
        cursor.execute("delete from hub.quality_record where entity = %s", (name,))

        def keep(flaws: Iterable[Flaw]) -> None:
            with cursor.copy(f"copy hub.quality_record ({COLUMNS}) from stdin") as copy:
                for one in flaws:
                    copy.write_row((name, one.stream_id, one.record_id, one.entity_id, one.score, one.failed))

        figures = scan(cursor, judge, now, keep, lambda count: progress(name, "judge", count))
        _save(cursor, judge, figures, release, now, monotonic() - begun)


def _save(cursor: Cursor, judge: Judge, figures: Figures, release: bytes, now: datetime, seconds: float) -> None:
    cursor.execute(
        "insert into hub.quality_run (entity, release, at, seconds) values (%s, %s, %s, %s) returning id",
        (judge.entity.entity, release, now, seconds),
    )
    row = cursor.fetchone()
    assert row is not None
    with cursor.copy(
        "copy hub.quality_score (run, connection, stream, dimension, rule, checked, failed, score, cost) from stdin"
    ) as copy:
        for place in sorted(figures.tallies):
            for line in _lines(judge, figures, place):
                copy.write_row((row[0], *place, *line))


def _lines(
    judge: Judge, figures: Figures, place: tuple[str, str]
) -> Iterable[tuple[str, str, int, int, float | None, float | None]]:
    """Of a place: the whole, each dimension, each rule."""
    rules, tally = figures.of(place)
    found = scored(rules, judge.weights, tally)
    yield "", "", tally.records, tally.flawed, found.total, None
    counts: dict[str, list[int]] = {}
    for rule, checked, failed in zip(rules, tally.checked, tally.failed, strict=True):
        share = 100 * (1 - failed / checked) if checked else None
        yield rule.dimension, rule.name, checked, failed, share, found.costs.get(rule.name, 0.0)
        sums = counts.setdefault(rule.dimension, [0, 0])
        sums[0] += checked
        sums[1] += failed
    for dimension, (checked, failed) in counts.items():
        cost = sum(found.costs.get(rule.name, 0.0) for rule in rules if rule.dimension == dimension)
        yield dimension, "", checked, failed, found.dimensions.get(dimension), cost


def _release(database: Database, content: Content) -> bytes:
    mistakes = [finding for finding in content.schema.findings if finding.severity == "error"]
    if mistakes:
        raise ConfigurationError(
            "data quality",
            f"{len(mistakes)} mistake(s) in the entities' files",
            "mend them; `tongmai check` shows all",
            code="bad-yaml",
            findings=mistakes,
        )
    return activate(database, content)

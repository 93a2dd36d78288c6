"""Reads every record of an entity once, in batches, and judges it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from masterdata.quality import GOLDEN, SOURCE, Rule, Subject, Tally
from masterdata.quality.score import judged, of_record
from masterdata.store import Cursor
from tongmai.quality.compiled import Judge

BATCH = 2000
Place = tuple[str, str]
"""Connection and stream; both empty for golden records."""
_FLAGS = "select {key}, array_agg(flag) as flags from quality_flag where {key} is not null group by 1"
_SOURCES = f"""
select s.connection, s.stream, r.stream_id, c.record_id, c.entity_id, s.role, c.fields, c.changed,
       greatest(i.received_at, s.baseline_at), f.flags, v.fields
  from hub.contribution c
  join hub.source_record r on r.id = c.record_id
  join hub.stream s on s.id = r.stream_id
  left join hub.inbox i on i.id = r.inbox_id
  left join hub.entity e on e.id = c.entity_id
  left join hub.entity_version v on v.entity_id = e.id and v.version = e.version
  left join ({_FLAGS.format(key="record_id")}) f on f.record_id = c.record_id
 where s.entity = %s and not c.deleted and c.fields->>'status' is distinct from 'inactive'
"""
_GOLDEN = f"""
select '', '', 0, null, e.id, '', v.fields, e.provenance, k.confirmed, f.flags, null
  from hub.entity e
  join hub.entity_version v on v.entity_id = e.id and v.version = e.version
  left join (select c.entity_id, max(greatest(i.received_at, s.baseline_at)) as confirmed
               from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id
               left join hub.inbox i on i.id = r.inbox_id
              where s.entity = %s and not c.deleted group by 1) k on k.entity_id = e.id
  left join ({_FLAGS.format(key="entity_id")}) f on f.entity_id = e.id
 where e.entity = %s and e.redirect_to is null and v.fields->>'status' is distinct from 'inactive'
"""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A record that broke rules."""

    stream_id: int
    record_id: int | None
    entity_id: UUID
    score: float
    failed: list[str]


@dataclass
class Figures:
    """What was counted: by place, over the rules that are asked there."""

    rules: dict[str, tuple[Rule, ...]]
    tallies: dict[Place, Tally] = field(default_factory=dict)

    def of(self, place: Place) -> tuple[tuple[Rule, ...], Tally]:
        """The rules asked at a place, and their tally."""
        rules = self.rules[GOLDEN if place == ("", "") else SOURCE]
        return rules, self.tallies.setdefault(place, Tally(len(rules)))


def scan(
    cursor: Cursor, judge: Judge, now: datetime, keep: Callable[[list[Flaw]], None], seen: Callable[[int], None]
) -> Figures:
    """Judge every living record. ``keep`` is given the flawed ones batch by batch, ``seen`` how many were read by then;
    only figures stay in memory."""
    rules = {on: tuple(rule for rule in judge.rules if on in rule.on) for on in (SOURCE, GOLDEN)}
    figures = Figures(rules)
    figures.of(("", ""))
    entity, count = judge.entity.entity, 0
    for on, query, values in ((GOLDEN, _GOLDEN, (entity, entity)), (SOURCE, _SOURCES, (entity,))):
        for rows in _batches(cursor, query, values):
            pairs = [(row, _subject(row, on)) for row in rows]
            count += len(rows)
            seen(count)
            if judge.alive is not None:
                said = judge.alive([subject.fields for _, subject in pairs], now.date().isoformat())
                pairs = [pair for pair, yes in zip(pairs, said, strict=True) if yes]
            if pairs:
                keep(_judge(figures, judge, rules[on], pairs, now))
    return figures


def _judge(
    figures: Figures, judge: Judge, rules: Sequence[Rule], pairs: list[tuple[Any, Subject]], now: datetime
) -> list[Flaw]:
    subjects = [subject for _, subject in pairs]
    verdicts = judged(rules, [rule.check(subjects, now) for rule in rules])
    # Of many records the same is to be said: it is counted and scored once.
    for (place, said), times in Counter(
        ((row[0], row[1]), said) for (row, _), said in zip(pairs, verdicts, strict=True)
    ).items():
        figures.of(place)[1].count(said, times)
    scores = {said: of_record(rules, judge.weights, said) for said in set(verdicts) if False in said}
    return [
        Flaw(
            row[2],
            row[3],
            row[4],
            scores[said],
            [rules[at].name for at, verdict in enumerate(said) if verdict is False],
        )
        for (row, _), said in zip(pairs, verdicts, strict=True)
        if said in scores
    ]


def _subject(row: Any, on: str) -> Subject:
    _, _, _, _, _, role, fields, changed, confirmed, flags, golden = row
    if on == GOLDEN:  # provenance: when the winner's source changed the value
        changed = {name: told.get("at", "") for name, told in changed.items()}
    return Subject(fields, role, confirmed, changed, frozenset(flags or ()), (golden or {}) if on == SOURCE else None)


def _batches(cursor: Cursor, query: str, values: tuple[str, ...]) -> Iterator[list[Any]]:
    """Rows from a cursor in the database, so that the memory used does not grow with what is stored."""
    with cursor.connection.cursor(name="quality_scan") as rows:
        rows.itersize = BATCH
        rows.execute(query, values)
        while batch := rows.fetchmany(BATCH):
            yield batch

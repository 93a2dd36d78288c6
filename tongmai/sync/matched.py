"""Which entity a record is of, by comparing it with all others: the same partition in whatever order records come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from masterdata.identity.book import Stored
from masterdata.identity.kept import companions, keep, release
from masterdata.identity.members import Moves, regroup, seat
from masterdata.matching.online import arrive, settle
from masterdata.matching.scorer import Features
from masterdata.store import Cursor
from tongmai.core import ids
from tongmai.sync.lane import Lane, Subject
from tongmai.sync.matcher import Matcher
from tongmai.sync.spoken import spoken

# What the view hub.match_twin says, of a few records: by index however many decisions there are.
_TWINS = """
with edge as materialized (
  select one as record_id, other as other_id, weight from hub.match_edge where one = any(%(ids)s) and weight >= %(least)s and not veto and not moot
  union all select other, one, weight from hub.match_edge where other = any(%(ids)s) and weight >= %(least)s and not veto and not moot),
pair as materialized (
  select e.record_id, e.weight, r.entity_id, s.entity_id as twin_id
    from edge e join hub.source_record r on r.id = e.record_id join hub.source_record s on s.id = e.other_id
   where r.entity_id <> s.entity_id)
select p.record_id, p.weight, p.twin_id from pair p where not exists (
  select 1 from hub.source_record x
    join lateral (select d.other as id from hub.match_decision d where d.one = x.id and d.ended_at is null and not d.same
                  union all select d.one from hub.match_decision d where d.other = x.id and d.ended_at is null and not d.same) d on true
    join hub.source_record y on y.id = d.id and y.entity_id = p.twin_id
   where x.entity_id = p.entity_id)
"""


@dataclass
class Identified:
    """What identifying a batch found: who moved, and which subjects may be of another entity too (its id and the weight)."""

    moves: Moves = field(default_factory=Moves)
    twins: dict[int, tuple[tuple[UUID, int], ...]] = field(default_factory=dict)


def match(lane: Lane, matcher: Matcher, cursor: Cursor, subjects: Sequence[Subject]) -> Identified:
    """Compare the subjects with all records of their entity; fill ``entity_id``. Records that we wrote are not compared."""
    fresh = {one.record_id: one for one in subjects if one.anchor is None}
    if not fresh:
        return Identified()
    said = spoken(lane, cursor, matcher.fields, list(fresh.values()))
    marks = {record: matcher.mark(said[record]) for record in fresh}
    cursor.execute("select record_id, mark from hub.match_record where record_id = any(%s)", (list(fresh),))
    known = {row[0]: bytes(row[1]) for row in cursor}
    changed = {record: mark for record, mark in marks.items() if known.get(record) != mark}
    if not changed:
        return Identified(twins=_twins(matcher, cursor, list(fresh)))
    scorer, book = matcher.scorer, matcher.book(lane.database, cursor, changed)
    edited = [record for record in changed if record in known]
    before = companions(cursor, scorer, book, edited)
    newcomers = [(r, fresh[r].entity_id, partial(_own_id, lane, fresh[r].key)) for r in changed if r not in known]
    book.newcomers(seat(lane.database, cursor, lane.entity.entity, newcomers, changed))
    features: Mapping[int, Features | None] = {record: scorer.features(said[record]) for record in changed}
    release(cursor, edited)
    clusters = arrive(scorer, book, features, scorer.merge)
    if before:
        every = [record for cluster in clusters for record in cluster]
        unsaid = clusters
        if book.stewarded():
            with book.unsaid():
                unsaid = settle(scorer, book, every, scorer.merge)
        if keep(cursor, lane.entity.entity, lane.run, scorer, book, matcher.codes, before, unsaid):
            clusters = settle(scorer, book, every, scorer.merge)
    book.save()
    moves = regroup(cursor, lane.entity.entity, clusters, lane.run)
    for record, one in fresh.items():
        one.entity_id = moves.entity_of.get(record, one.entity_id)
    doubtful = [record for record in fresh if record not in changed or _doubtful(matcher, book, moves, record)]
    return Identified(moves, _twins(matcher, cursor, doubtful))


def _doubtful(matcher: Matcher, book: Stored, moves: Moves, record: int) -> bool:
    """Whether a record that was compared has an edge to another entity that is worth a question."""
    home = moves.entity_of.get(record)
    return any(
        edge.weight >= matcher.scorer.likely
        and not edge.veto
        and not edge.moot
        and moves.entity_of.get(edge.other if edge.one == record else edge.one) != home
        for edge in book.edges([record])
    )


def _own_id(lane: Lane, key: str, generation: int) -> UUID:
    return ids.entity_id(lane.entity.entity, lane.connection, lane.stream, key, generation)


def _twins(matcher: Matcher, cursor: Cursor, records: Sequence[int]) -> dict[int, tuple[tuple[UUID, int], ...]]:
    """Other entities that records may be of as well, the likeliest first."""
    if not records:
        return {}
    cursor.execute(_TWINS, {"ids": list(records), "least": matcher.scorer.likely})
    found: dict[int, dict[UUID, int]] = {}
    for record, weight, twin in cursor:
        best = found.setdefault(record, {})
        best[twin] = max(weight, best.get(twin, weight))
    return {record: tuple(sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))) for record, best in found.items()}

"""Transaction 2: map, identify, compute golden records, queue deliveries, book the outcome. One batch, one commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg import Rollback

from masterdata.golden import write as golden
from masterdata.identity.members import Moves
from masterdata.matching import match_keys
from masterdata.store import Cursor
from masterdata.store.database import forget_plans, hold
from masterdata.survivorship import Contribution
from tongmai.core.failpoint import reach
from tongmai.sync import book, corrections, doubles, targets
from tongmai.sync.ages import unmoved
from tongmai.sync.contribute import contribute
from tongmai.sync.drift import FrozenError
from tongmai.sync.identify import identify
from tongmai.sync.lane import HUB, Lane, Subject
from tongmai.sync.left_out import leave, leaving
from tongmai.sync.mapped import look_for_drift, map_records
from tongmai.sync.recompute import recompute, sum_up
from tongmai.sync.registration import check_registrations
from tongmai.sync.resolve import resolve
from tongmai.sync.transitions import check_terms
from tongmai.sync.triggers import Waking

__all__ = ["HUB", "Lane", "Subject", "apply_batch"]

BATCH = 1_000

_CLAIM = """
with w as materialized (
  select record_id, inbox_id, reason from hub.work where stream_id = %s and inbox_id > %s order by inbox_id limit %s for update)
select w.record_id, w.inbox_id, r.source_key, r.entity_id, i.op, i.version, i.raw, i.problem, i.received_at,
       coalesce(l.was, l.outcome, '') in ('applied', 'echo') as again,
       (select q.overlay from hub.quarantined_record q
         where q.record_id = r.id and q.inbox_id = w.inbox_id and q.overlay is not null order by q.id desc limit 1) as overlay,
       w.reason <> 'read', r.left_out_at is not null, r.anchor, t.baseline_inbox
  from w
  join hub.source_record r on r.id = w.record_id
  join hub.inbox i on i.id = w.inbox_id
  join hub.stream t on t.id = r.stream_id
  left join hub.ledger l on l.inbox_id = i.id
 order by w.inbox_id
"""
_CLAIM_OWN = _CLAIM.replace(
    "select record_id, inbox_id, reason from hub.work where stream_id = %s and inbox_id > %s order by inbox_id limit %s for update",
    """select k.record_id, k.inbox_id, k.reason from hub.work k
       join hub.source_record s on s.id = k.record_id join hub.flow_instance f on f.id = s.source_key::uuid
      where k.stream_id = %s and k.inbox_id > %s and f.digest = any(%s) order by k.inbox_id limit %s for update of k""",
)


def apply_batch(lane: Lane, after: int) -> tuple[int, int]:
    """``_apply_batch``; a stream that is frozen for what is new in its records stops before anything of the batch is kept."""
    try:
        return _apply_batch(lane, after)
    except FrozenError:
        if lane.drift is not None:
            lane.drift.keep(lane.database)
        raise


def _apply_batch(lane: Lane, after: int) -> tuple[int, int]:
    """Apply up to ``BATCH`` records of the stream's work behind inbox row ``after``.

    Returns how many were taken (0: nothing left there) and the last inbox row: starting behind it spares the next batch
    the index entries of work that is done.
    """
    with lane.database.transaction() as cursor:
        forget_plans(cursor)
        hold(cursor, *lane.locks())
        if lane.internal:
            cursor.execute(_CLAIM_OWN, (lane.stream_id, after, list(lane.digests), BATCH))
        else:
            cursor.execute(_CLAIM, (lane.stream_id, after, BATCH))
        claimed = cursor.fetchall()
        if not claimed:
            return 0, after
        subjects = [Subject(*row[:-1]) for row in claimed]
        look_for_drift(lane, cursor, subjects)
        map_records(lane, subjects)
        # The newest inbox row of what the source held when it was first listed: that starts no flow.
        listed = float("inf") if claimed[0][-1] is None else claimed[0][-1]
        baseline = 0 if lane.internal else listed
        moves, waking = _identify(lane, cursor, subjects, baseline), Waking()
        waking.entities.update(one for pair in moves.over.values() for one in pair)
        good = [s for s in subjects if not s.outcome]
        check_registrations(lane, cursor, good)
        # What cannot be mapped speaks as before, and may refer to what has become another entity since.
        stale = {s.entity_id for s in subjects if s.outcome and s.entity_id}
        _apply(lane, cursor, good, leaving(subjects), moves.touched | stale, baseline, waking)
        book.close(lane, cursor, subjects)
        waking.settle(cursor, lane)
        reach("apply.before-commit")
    return len(subjects), subjects[-1].inbox_id


def _identify(lane: Lane, cursor: Cursor, subjects: Sequence[Subject], baseline: float) -> Moves:
    """Find out who each record is and what it refers to; returns which records went over to another entity.

    Records are compared by what they refer to as well, so references to other entities come first. One that is refused
    after it was compared must leave no trace there: then the batch is identified again without it.
    """
    if lane.matcher is None:
        found = identify(lane, cursor, subjects)
        resolve(lane, cursor, [s for s in subjects if not s.outcome])
        check_terms(lane, cursor, [s for s in subjects if not s.outcome], baseline)
        return found
    entity = lane.entity.entity
    resolve(lane, cursor, [s for s in subjects if not s.outcome], lambda ref: ref.entity != entity)
    while True:
        good = [s for s in subjects if not s.outcome]
        before = [(s, s.entity_id, s.anchor, dict(s.waits), list(s.findings)) for s in subjects]
        with cursor.connection.transaction() as attempt:
            found = identify(lane, cursor, subjects)
            resolve(lane, cursor, good, lambda ref: ref.entity == entity)
            check_terms(lane, cursor, [s for s in good if not s.outcome], baseline)
            if all(not s.outcome for s in good):
                return found
            raise Rollback(attempt)
        lane.database.forget_stages()
        for one, entity_id, anchor, waits, findings in before:
            one.entity_id, one.anchor = entity_id, anchor
            if not one.outcome:
                one.waits, one.findings = waits, findings


def _apply(
    lane: Lane,
    cursor: Cursor,
    good: Sequence[Subject],
    out: Sequence[Subject],
    moved: Collection[UUID],
    baseline: float,
    waking: Waking,
) -> None:
    """``good`` records speak from now on as they were mapped; those that are ``out`` as the sync's ``left_out`` says.
    ``waking`` is told what flows have to know."""
    affected = sorted({*moved, *(one.entity_id for one in [*good, *out] if one.entity_id)})
    current = golden.load(cursor, affected)
    contributions = golden.load_contributions(cursor, affected)
    states = targets.load_states(cursor, lane, affected, [one.key for one in [*good, *out]])
    fresh: list[tuple[UUID, Contribution]] = []
    own = {c.record_id: c for each in contributions.values() for c in each}
    same = unmoved(
        cursor, lane.entity, ((s.record_id, own[s.record_id].fields, s.fields) for s in good if s.record_id in own)
    )
    for one in good:
        entity_id = one.entity_id
        assert entity_id is not None
        siblings = contributions.setdefault(entity_id, [])
        before = next((c for c in siblings if c.record_id == one.record_id), None)
        if one.op == "delete":
            here = (lane.connection, lane.stream)
            twins = [c for c in siblings if (c.connection, c.stream) == here and c.key != one.key and not c.deleted]
            targets.gone(states, entity_id, one.key, twins)
        told = current[entity_id].provenance if entity_id in current else None
        after, echo_only = contribute(lane, one, before, states, same.get(one.record_id, frozenset()), told)
        one.outcome = "echo" if echo_only else "applied"
        siblings[:] = [c for c in siblings if c.record_id != one.record_id] + [after]
        fresh.append((entity_id, after))
    for one in out:
        siblings = contributions.setdefault(one.entity_id, []) if one.entity_id else []
        left = leave(lane, one, siblings, states)
        if left is not None:
            siblings[:] = [c for c in siblings if c.record_id != one.record_id] + [left[1]]
            fresh.append(left)
    golden.save_contributions(lane.database, cursor, fresh)
    held = [(e, key) for e in affected for c in contributions.get(e, ()) for key in match_keys(lane.entity, c.fields)]
    golden.replace_keys(lane.database, cursor, lane.entity.entity, affected, held)
    speaking = {one: contributions[one] for one in affected if one in contributions}
    mapped = {one.record_id for one in good if one.op != "delete"}
    changes = recompute(lane, cursor, lane.entity, current, speaking, mapped)
    targets.save_states(lane.database, cursor, states)
    if states.restate:
        doubles.restate(lane.database, cursor, states.restate)
        corrections.switch_on(cursor, lane.run, states.restate)
        states = targets.load_states(cursor, lane, affected)
    targets.queue(cursor, lane.entity.entity, lane.run, {one: current[one] for one in speaking}, states)
    heard = {one.entity_id for one in [*good, *out] if one.entity_id and one.inbox_id > baseline}
    if lane.internal:
        waking.made(lane.entity.entity, {one.key: one.entity_id for one in good if one.entity_id})
    waking.changed(lane.entity.entity, changes, heard)
    sum_up(lane, cursor, changes, heard, waking)

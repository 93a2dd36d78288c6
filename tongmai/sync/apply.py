"""Transaction 2: map, identify, compute golden records, queue deliveries, book the outcome. One batch, one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from mappings.language.types import Issue
from masterdata.golden import write as golden
from masterdata.matching import Decision, MatchKey, match_keys
from masterdata.store import Cursor
from masterdata.store.database import forget_plans, hold
from masterdata.survivorship import Contribution
from tongmai.core.failpoint import reach
from tongmai.sync import book, targets
from tongmai.sync.contribute import contribute
from tongmai.sync.drift import FrozenError
from tongmai.sync.identify import identify
from tongmai.sync.lane import HUB, Lane, Subject
from tongmai.sync.left_out import leave, leaving
from tongmai.sync.mapped import look_for_drift, map_records
from tongmai.sync.recompute import recompute, sum_up
from tongmai.sync.resolve import resolve
from tongmai.sync.transitions import check_terms
from tongmai.sync.triggers import changed, made

__all__ = ["HUB", "Lane", "Subject", "apply_batch"]

BATCH = 1_000

_CLAIM = """
with w as materialized (
  select record_id, inbox_id, reason from hub.work where stream_id = %s and inbox_id > %s order by inbox_id limit %s for update)
select w.record_id, w.inbox_id, r.source_key, r.entity_id, i.op, i.version, i.raw, i.problem, i.received_at,
       coalesce(l.was, l.outcome, '') in ('applied', 'echo') as again,
       (select q.overlay from hub.quarantined_record q
         where q.record_id = r.id and q.inbox_id = w.inbox_id and q.overlay is not null order by q.id desc limit 1) as overlay,
       w.reason <> 'read', r.left_out_at is not null
  from w
  join hub.source_record r on r.id = w.record_id
  join hub.inbox i on i.id = w.inbox_id
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
        subjects = [Subject(*row) for row in cursor]
        if not subjects:
            return 0, after
        look_for_drift(lane, cursor, subjects)
        map_records(lane, subjects)
        good = [s for s in subjects if not s.outcome]
        rivals = identify(lane, cursor, subjects)
        resolve(lane, cursor, good)
        baseline = _first_listing(lane, cursor)
        check_terms(lane, cursor, [s for s in good if not s.outcome], baseline)
        good = [s for s in good if not s.outcome]
        _apply(lane, cursor, good, leaving(subjects), rivals, baseline)
        book.close(lane, cursor, subjects)
        reach("apply.before-commit")
    return len(subjects), subjects[-1].inbox_id


def _first_listing(lane: Lane, cursor: Cursor) -> float:
    """The newest inbox row of what the source held when it was first listed: that starts no flow."""
    if lane.internal:
        return 0
    cursor.execute("select baseline_inbox from hub.stream where id = %s", (lane.stream_id,))
    row = cursor.fetchone()
    return float("inf") if row is None or row[0] is None else row[0]


def _apply(
    lane: Lane,
    cursor: Cursor,
    good: Sequence[Subject],
    out: Sequence[Subject],
    rivals: Mapping[int, Decision],
    baseline: float,
) -> None:
    """``good`` records speak from now on as they were mapped; those that are ``out`` as the sync's ``left_out`` says."""
    affected = sorted({one.entity_id for one in [*good, *out] if one.entity_id})
    current = golden.load(cursor, affected)
    contributions = golden.load_contributions(cursor, affected)
    states = targets.load_states(cursor, lane, affected)
    fresh: list[tuple[UUID, Contribution]] = []
    for one in good:
        entity_id = one.entity_id
        assert entity_id is not None
        siblings = contributions.setdefault(entity_id, [])
        before = next((c for c in siblings if c.record_id == one.record_id), None)
        if one.op == "delete":
            here = (lane.connection, lane.stream)
            twins = [c for c in siblings if (c.connection, c.stream) == here and c.key != one.key and not c.deleted]
            targets.gone(states, entity_id, one.key, twins)
        after, echo_only = contribute(lane, one, before, states)
        one.outcome = "echo" if echo_only else "applied"
        siblings[:] = [c for c in siblings if c.record_id != one.record_id] + [after]
        fresh.append((entity_id, after))
        decision = rivals.get(one.record_id)
        if decision is not None:
            others = ", ".join(str(rival) for rival in decision.rivals)
            by = decision.by or MatchKey("", "")
            message = f"joined by {by.kind} to {decision.entity}; these fit too: {others}"
            one.findings.append(Issue("", "possible-duplicate", message, "", by.value))
    for one in out:
        siblings = contributions.setdefault(one.entity_id, []) if one.entity_id else []
        left = leave(lane, one, siblings, states)
        if left is not None:
            siblings[:] = [c for c in siblings if c.record_id != one.record_id] + [left[1]]
            fresh.append(left)
    golden.save_contributions(lane.database, cursor, fresh)
    held = [(e, key) for e in affected for c in contributions[e] for key in match_keys(lane.entity, c.fields)]
    golden.replace_keys(lane.database, cursor, lane.entity.entity, affected, held)
    moved = recompute(lane, cursor, lane.entity, current, {one: contributions[one] for one in affected})
    targets.save_states(lane.database, cursor, states)
    targets.queue(cursor, lane.entity.entity, lane.run, {one: current[one] for one in affected})
    heard = {one.entity_id for one in [*good, *out] if one.entity_id and one.inbox_id > baseline}
    if lane.internal:  # before others are woken: these instances are locked first, in the order everybody locks them
        made(cursor, lane.entity.entity, {one.key: one.entity_id for one in good if one.entity_id})
    changed(cursor, lane.triggers, lane.entity.entity, moved, heard, lane.release, lane.run)
    sum_up(lane, cursor, moved, heard)

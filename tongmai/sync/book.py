"""Close a batch: outcomes into the ledger, bad records into quarantine, findings, crosswalk, work done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from masterdata.matching import match_keys
from masterdata.store import Cursor
from tongmai.sync import references

if TYPE_CHECKING:
    from tongmai.sync.lane import Lane, Subject


def close(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    """Everything that says a batch is done, in the batch's own transaction."""
    _wake_by_field(lane, cursor, subjects)
    _settle(lane, cursor, subjects)
    _quarantine(lane, cursor, [one for one in subjects if one.outcome == "quarantined"])
    _findings(lane, cursor, subjects)
    waits = [(one.record_id, name, ref) for one in subjects for name, ref in one.waits.items()]
    references.wait_for(lane.database, cursor, lane.connection, waits)
    arrived: dict[str, UUID] = {one.key: one.entity_id for one in subjects if one.entity_id and not one.errors}
    references.wake(cursor, lane.connection, lane.stream, lane.entity.entity, arrived)
    _mapped_again(lane, cursor, subjects)


_SETTLE = """
with staged as materialized (select * from {staged}),
crosswalk as (
  update hub.source_record r set entity_id = coalesce(s.entity_id, r.entity_id), map_digest = %(digest)s,
         left_out_at = case when s.leaves then coalesce(r.left_out_at, now()) when s.leaves is null then r.left_out_at end
    from staged s where s.record_id = r.id),
ledger as (
  insert into hub.ledger (inbox_id, outcome) select inbox_id, outcome from staged
      on conflict (inbox_id) do update set outcome = excluded.outcome, at = now(),
         was = coalesce(hub.ledger.was, case when hub.ledger.outcome in ('applied', 'echo') then hub.ledger.outcome end)
   where hub.ledger.outcome <> excluded.outcome
     and (hub.ledger.outcome in ('quarantined', 'filtered') or hub.ledger.inbox_id = any(%(left)s))),
quarantined as (
  update hub.quarantined_record q set state = case when q.inbox_id = s.inbox_id then 'solved' else 'superseded' end
    from staged s where q.record_id = s.record_id and q.state = 'open' and q.stage in ('read', 'map')),
finding as (delete from hub.finding f using staged s where f.record_id = s.record_id),
waiting as (delete from hub.reference_wait w using staged s where w.record_id = s.record_id)
delete from hub.work w using staged s where w.record_id = s.record_id and w.inbox_id = s.inbox_id
"""


def _settle(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    """The crosswalk knows them, and what was noted of earlier versions is over.

    The ledger: a version that is mapped again is booked anew in the run that had read it, when it came out of quarantine,
    was left out or was let in again. What a changed mapping refuses stays applied: what it said still counts. What was open
    in quarantine is solved or replaced by a newer version; what a record waited for is noted again after this.
    """
    staged = lane.database.stage(
        cursor,
        "settled",
        "record_id bigint, inbox_id bigint, entity_id uuid, leaves boolean, outcome text",
        ((one.record_id, one.inbox_id, one.entity_id, _leaves(one), one.outcome) for one in subjects),
    )
    staged.execute(_SETTLE, digest=lane.digest, left=[one.inbox_id for one in subjects if one.left])


def _mapped_again(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    counts = Counter(one.outcome for one in subjects if one.stored)
    cursor.executemany(
        """insert into hub.mapped_again (run_id, stream_id, outcome, count) values (%s, %s, %s, %s)
           on conflict (run_id, stream_id, outcome) do update set count = hub.mapped_again.count + excluded.count""",
        [(lane.run, lane.stream_id, outcome, count) for outcome, count in sorted(counts.items())],
    )


def _wake_by_field(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    """Records of any connection that refer to what was applied by one of its fields."""
    if not lane.entity.matching.exact or not references.anyone_waits_by_field(cursor, lane.entity.entity):
        return
    applied = [one for one in subjects if one.outcome in ("applied", "echo") and one.op != "delete"]
    keys = (key for one in applied for key in match_keys(lane.entity, one.fields))
    references.wake_by_field(cursor, lane.entity.entity, keys)


def _leaves(one: Subject) -> bool | None:
    """Whether the mapping leaves out what it had let in; None: as it was, since a record in quarantine says nothing."""
    return None if one.outcome == "quarantined" else one.left


def _quarantine(lane: Lane, cursor: Cursor, bad: Sequence[Subject]) -> None:
    if not bad:
        return
    rows = [
        (
            "read" if one.op == "broken" and not one.overlay else "map",
            lane.stream_id,
            one.key,
            one.record_id,
            one.inbox_id,
            one.errors[0].code,
            one.errors[0].field,
            "; ".join(issue.message for issue in one.errors),
            one.errors[0].place,
            lane.release,
            lane.run,
            _issues(one),
            one.record_id,
            one.inbox_id,
        )
        for one in bad
    ]
    cursor.executemany(
        """insert into hub.quarantined_record
             (stage, stream_id, source_key, record_id, inbox_id, code, field, reason, place, release, run_id, issues, overlay, edited_by)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
             (select overlay from hub.quarantined_record where record_id = %s and inbox_id = %s and overlay is not null
               order by id desc limit 1), '')""",
        rows,
    )


def _issues(one: Subject) -> str:
    """Every reason; a value only where the dictionary may be told of it: other values may be personal."""
    kept = [
        {"field": each.field, "code": each.code, "value": each.value if each.code == "unknown-term" else ""}
        for each in one.errors
    ]
    return json.dumps(kept, ensure_ascii=False)


def _findings(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    found = [
        (one.record_id, one.entity_id, issue.field, issue.code, issue.message, issue.value)
        for one in subjects
        if (one.outcome in ("applied", "echo") and one.op != "delete") or one.left
        for issue in one.findings
    ]
    if found:
        columns = "record_id bigint, entity_id uuid, field text, code text, message text, value text"
        lane.database.stage(cursor, "finding", columns, found).execute(
            """insert into hub.finding (record_id, entity, entity_id, field, code, message, value, run_id)
               select record_id, %(entity)s, entity_id, field, code, message, value, %(run)s from {staged} on conflict do nothing""",
            entity=lane.entity.entity,
            run=lane.run,
        )

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
    records = [one.record_id for one in subjects]
    _crosswalk(lane, cursor, subjects)
    _quarantine(lane, cursor, subjects, records)
    _findings(lane, cursor, subjects, records)
    waits = [(one.record_id, name, ref) for one in subjects for name, ref in one.waits.items()]
    # Before the batch's own waits are noted: what it brought was tried for them already.
    _wake_by_field(lane, cursor, subjects)
    references.wait_for(lane.database, cursor, lane.connection, waits, records)
    arrived: dict[str, UUID] = {one.key: one.entity_id for one in subjects if one.entity_id and not one.errors}
    references.wake(cursor, lane.connection, lane.stream, lane.entity.entity, arrived)
    _ledger(cursor, subjects)
    _mapped_again(lane, cursor, subjects)
    cursor.execute(
        """delete from hub.work w using unnest(%s::bigint[], %s::bigint[]) d (record_id, inbox_id)
            where w.record_id = d.record_id and w.inbox_id = d.inbox_id""",
        (records, [one.inbox_id for one in subjects]),
    )


def _ledger(cursor: Cursor, subjects: Sequence[Subject]) -> None:
    """What became of each version. One that is mapped again is booked anew in the run that had read it, when it came out
    of quarantine, was left out or was let in again. What a changed mapping refuses stays applied: what it said still counts."""
    cursor.execute(
        """insert into hub.ledger (inbox_id, outcome) select * from unnest(%s::bigint[], %s::text[])
           on conflict (inbox_id) do update set outcome = excluded.outcome, at = now(),
             was = coalesce(hub.ledger.was, case when hub.ledger.outcome in ('applied', 'echo') then hub.ledger.outcome end)
            where hub.ledger.outcome <> excluded.outcome
              and (hub.ledger.outcome in ('quarantined', 'filtered') or hub.ledger.inbox_id = any(%s))""",
        (
            [one.inbox_id for one in subjects],
            [one.outcome for one in subjects],
            [one.inbox_id for one in subjects if one.left],
        ),
    )


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


def _crosswalk(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    lane.database.stage(
        cursor,
        "crosswalk",
        "id bigint primary key, entity_id uuid, out boolean",
        ((one.record_id, one.entity_id, _out(one)) for one in subjects),
    )
    cursor.execute(
        """update hub.source_record r set entity_id = coalesce(s.entity_id, r.entity_id), map_digest = %s,
             left_out_at = case when s.out then coalesce(r.left_out_at, now()) when s.out is null then r.left_out_at end
             from stage_crosswalk s where s.id = r.id""",
        (lane.digest,),
    )


def _out(one: Subject) -> bool | None:
    """Whether the mapping leaves out what it had let in; None: as it was, since a record in quarantine says nothing."""
    return None if one.outcome == "quarantined" else one.left


def _quarantine(lane: Lane, cursor: Cursor, subjects: Sequence[Subject], records: Sequence[int]) -> None:
    """What was open for these records is settled now: solved, replaced by a newer version, or still wrong."""
    cursor.execute(
        """update hub.quarantined_record q set state = case when q.inbox_id = d.inbox_id then 'solved' else 'superseded' end
             from unnest(%s::bigint[], %s::bigint[]) d (record_id, inbox_id)
            where q.record_id = d.record_id and q.state = 'open' and q.stage in ('read', 'map')""",
        (list(records), [one.inbox_id for one in subjects]),
    )
    bad = [one for one in subjects if one.outcome == "quarantined"]
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


def _findings(lane: Lane, cursor: Cursor, subjects: Sequence[Subject], records: Sequence[int]) -> None:
    cursor.execute("delete from hub.finding where record_id = any(%s)", (list(records),))
    lane.database.stage(
        cursor,
        "finding",
        "record_id bigint, entity_id uuid, field text, code text, message text, value text",
        (
            (one.record_id, one.entity_id, issue.field, issue.code, issue.message, issue.value)
            for one in subjects
            if (one.outcome in ("applied", "echo") and one.op != "delete") or one.left
            for issue in one.findings
        ),
    )
    cursor.execute(
        """insert into hub.finding (record_id, entity, entity_id, field, code, message, value, run_id)
           select record_id, %s, entity_id, field, code, message, value, %s from stage_finding on conflict do nothing""",
        (lane.entity.entity, lane.run),
    )

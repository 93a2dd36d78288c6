"""Records that a mapping's ``only_if`` leaves out after it had let them in: withdrawn, or kept and shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mappings.language.types import Issue
from masterdata.store import Cursor
from masterdata.survivorship import Contribution
from tongmai.core.errors import FatalError, RecordError
from tongmai.sync import targets
from tongmai.sync.ingest import FEW, SHARE

if TYPE_CHECKING:
    from tongmai.sync.lane import Lane, Subject

PAGE = 500
# What a changed mapping is about to map again and what speaks in a golden record now.
_STANDING = """
select i.raw from hub.source_record r
  join hub.contribution c on c.record_id = r.id and not c.deleted
  join hub.inbox i on i.id = r.inbox_id and i.op = 'upsert'
 where r.stream_id = %s and r.left_out_at is null and r.map_digest <> %s
"""
_SPEAKING = """
select count(*) from hub.source_record r join hub.contribution c on c.record_id = r.id and not c.deleted
 where r.stream_id = %s
"""


def leaving(subjects: Sequence[Subject]) -> list[Subject]:
    """Records that may have to leave: those the condition refuses and that have been of an entity."""
    return [one for one in subjects if one.outcome == "filtered" and one.op != "delete" and one.entity_id is not None]


def leave(
    lane: Lane, one: Subject, siblings: Sequence[Contribution], states: targets.States
) -> tuple[UUID, Contribution] | None:
    """The record's contribution as the sync's ``left_out`` wants it; None where nothing was let in before.

    A record that its source deleted and then gave again outside the condition stays deleted.
    """
    before = next((c for c in siblings if c.record_id == one.record_id), None)
    if one.entity_id is None or before is None or (before.deleted and not one.left_out):
        return None
    one.left = True
    changed = {name: when for name, when in before.changed.items() if name}
    if lane.left_out == "keep":
        why = "the mapping's `only_if` leaves this record out; what it said before is kept (`left_out: keep`)"
        one.findings = [Issue("", "left-out", why, "")]
        return one.entity_id, replace(before, changed=changed, deleted=False)
    since = before.changed.get("", one.stamp()) if before.deleted else one.stamp()
    if not before.deleted:
        _silence(lane, one, siblings, states)
    return one.entity_id, replace(before, changed={**changed, "": since}, deleted=True)


def _silence(lane: Lane, one: Subject, siblings: Sequence[Contribution], states: targets.States) -> None:
    """A record that is out is not written to either. Our notes of what it holds stay, for when it comes back in."""
    here = (lane.connection, lane.stream)
    twins = [c for c in siblings if (c.connection, c.stream) == here and c.key != one.key and not c.deleted]
    if twins:
        targets.gone(states, one.entity_id, one.key, twins, forget=not states.aside)
        return
    for target in states.targets:
        state = states.by.get((target.name, one.entity_id)) if one.entity_id else None
        if target.stream_id == states.stream_id and state is not None and state.remote_key == one.key:
            state.gone = True
            targets.touch(states, target.name, one.entity_id)


def refuse_many(lane: Lane) -> None:
    """A changed mapping that leaves out much of what it had let in is more often a slip than a wish: stop before it does.

    Only a changed mapping is looked at: what the source itself changes, record by record, is its word.
    """
    if lane.left_out == "keep" or not lane.mapping.leaves_out:
        return
    with lane.database.transaction() as cursor, lane.database.connection.cursor(name="standing") as rows:
        known = _count(cursor, lane)
        if known <= FEW:
            return
        out = 0
        rows.execute(_STANDING, (lane.stream_id, lane.digest))
        while page := rows.fetchmany(PAGE):
            found = lane.mapping.run(list(_readable(lane, [bytes(row[0]) for row in page])), None)
            out += sum(1 for one in found if one.filtered and not one.errors)
    if out > FEW and out > known * SHARE:
        raise FatalError(
            f"{lane.connection}: {lane.stream}",
            f"mapping `{lane.mapping.name}`, as it now is, leaves out {out} of {known} records that it had let in; nothing was changed",
            f"look with `tongmai mapping diff {lane.mapping.name}`; if it is meant, run it again with --accept-deletes,"
            " or keep them: `left_out: keep` in the sync",
            code="too-many-left-out",
        )


def _count(cursor: Cursor, lane: Lane) -> int:
    cursor.execute(_SPEAKING, (lane.stream_id,))
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _readable(lane: Lane, raws: Sequence[bytes]) -> list[dict[str, Any]]:
    """Those that can be decoded; of the others quarantine tells, and what was let in of them stays."""
    found = []
    for raw in raws:
        try:
            found.append(lane.connector.decode(lane.stream, raw))
        except RecordError:
            continue  # booked as quarantined, with its reason, when it is mapped again
    return found

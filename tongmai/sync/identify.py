"""Which entity a record is of: by the crosswalk, by what we created, by matching, else a new one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from masterdata.golden import write as golden
from masterdata.matching import Decision, decide, match_keys
from masterdata.store import Cursor
from tongmai.core import ids
from tongmai.sync.lane import Lane, Subject
from tongmai.sync.outcome import own_key


def identify(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> dict[int, Decision]:
    """Crosswalk first, then matching, else a new entity. Fills ``entity_id``; returns decisions that had rivals."""
    good = [one for one in subjects if not one.outcome]
    keys = {one.record_id: match_keys(lane.entity, one.fields) for one in good if one.op != "delete"}
    index = golden.load_index(cursor, lane.entity.entity, [key for found in keys.values() for key in found])
    redirects = _redirects(cursor, [one.entity_id for one in subjects if one.entity_id])
    for one in subjects:
        if one.entity_id is not None:
            one.entity_id = redirects.get(one.entity_id, one.entity_id)
    created = _created(lane, cursor, good)
    doubtful: dict[int, Decision] = {}
    for one in good:
        if one.op == "delete":
            continue
        own = keys[one.record_id]
        if one.entity_id is None and one.own in created:
            one.entity_id = created.pop(one.own)
        elif one.entity_id is None:
            decision = decide(own, index)
            one.entity_id = decision.entity or ids.entity_id(lane.entity.entity, lane.connection, lane.stream, one.key)
            if decision.rivals:
                doubtful[one.record_id] = decision
        index.add(one.entity_id, own)
    return doubtful


def _created(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> dict[str, UUID]:
    """Records that we created and have not booked yet, by our own key. A copy somebody made of one is not it."""
    wanted = [one.own for one in good if one.own and one.entity_id is None and one.op != "delete"]
    if not wanted:
        return {}
    cursor.execute(
        """select m.value, m.entity_id from hub.match_key m
            where m.entity = %s and m.kind = %s and m.value = any(%s)
              and not exists (select 1 from hub.source_record r where r.entity_id = m.entity_id and r.stream_id = %s)""",
        (lane.entity.entity, own_key(lane.stream_id, "").kind, wanted, lane.stream_id),
    )
    return {row[0]: row[1] for row in cursor}


def _redirects(cursor: Cursor, known: Sequence[UUID]) -> dict[UUID, UUID]:
    cursor.execute(
        "select id, redirect_to from hub.entity where id = any(%s) and redirect_to is not null", (list(known),)
    )
    return {row[0]: row[1] for row in cursor}

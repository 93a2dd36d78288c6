"""How the entities of a claim stand: merged into another, switched off by approval, or in doubt with a twin."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from masterdata.store import Cursor
from tongmai.sync.plan import Parcel

_MERGED = "select id, redirect_to from hub.entity where id = any(%s) and redirect_to is not null"
# Until we have switched it on again: what people switch off there later is their own.
_CORRECTED = """
select r.source_key from hub.correction c join hub.source_record r on r.id = c.record_id
 where c.target = %s and c.verdict = 'approved' and r.stream_id = %s and r.source_key = any(%s)
   and not exists (select 1 from hub.delivery d
                    where d.entity_id = r.entity_id and d.target = c.target and d.remote_key = r.source_key
                      and d.operation = 'activate' and d.outcome = 'delivered' and d.at > c.at)
"""
# The view is asked by itself (offset 0): among too many tables its order of joins would be fixed, and all of it read.
# What has the same entity there already, or is in doubt with one that waits as well: the older of the two goes first.
_TWINS = """
select v.entity_id, min(v.twin_id::text)::uuid
  from (select entity_id, twin_id from hub.match_twin where entity_id = any(%(ids)s) and weight >= %(least)s offset 0) v
  join hub.entity mine on mine.id = v.entity_id
  join hub.entity theirs on theirs.id = v.twin_id
 where exists (select 1 from hub.target_state h where h.target = %(target)s and h.entity_id = v.twin_id and not h.gone)
    or (theirs.created_at, theirs.id) < (mine.created_at, mine.id)
 group by 1
"""


def merged(cursor: Cursor, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Which of these are another entity now, or stand for a second record of one, and of which."""
    cursor.execute(_MERGED, (list(ids),))
    return {row[0]: row[1] for row in cursor}


def note(cursor: Cursor, target: str, stream_id: int, parcels: Sequence[Parcel], least: int | None = None) -> None:
    """Fill ``merged_into``, ``corrected`` and ``twin``; ``least``: milli-bits from which a pair keeps a creation waiting."""
    ids = [parcel.entity_id for parcel in parcels]
    gone = merged(cursor, ids)
    keys = [parcel.state.remote_key for parcel in parcels if parcel.state is not None]
    cursor.execute(_CORRECTED, (target, stream_id, keys))
    corrected = {row[0] for row in cursor}
    twins = {}
    fresh = [parcel.entity_id for parcel in parcels if parcel.state is None]
    if least is not None and fresh:
        cursor.execute(_TWINS, {"ids": fresh, "least": least, "target": target})
        twins = {row[0]: row[1] for row in cursor}
    for parcel in parcels:
        parcel.merged_into = gone.get(parcel.entity_id)
        parcel.corrected = parcel.state is not None and parcel.state.remote_key in corrected
        parcel.twin = twins.get(parcel.entity_id)

"""How the entities of a claim stand: merged into another, switched off by approval, or in doubt with a twin."""

from __future__ import annotations

from collections.abc import Sequence

from masterdata.store import Cursor
from tongmai.sync.plan import Parcel

_MERGED = "select id, redirect_to from hub.entity where id = any(%s) and redirect_to is not null"
_CORRECTED = """
select r.source_key from hub.correction c join hub.source_record r on r.id = c.record_id
 where c.target = %s and c.verdict = 'approved' and r.stream_id = %s and r.source_key = any(%s)
"""
# What has the same entity there already, or is in doubt with one that waits as well: the older of the two goes first.
_TWINS = """
select n.id, min(v.twin::text)::uuid from unnest(%(ids)s::uuid[]) n (id)
  join lateral (
    select v.entity_id as twin, v.weight from hub.match_review v where v.twin_id = n.id
    union all select v.twin_id, v.weight from hub.match_review v where v.entity_id = n.id) v on v.weight >= %(least)s
  join hub.entity mine on mine.id = n.id
  join hub.entity theirs on theirs.id = v.twin
 where exists (select 1 from hub.target_state h where h.target = %(target)s and h.entity_id = v.twin and not h.gone)
    or (theirs.created_at, theirs.id) < (mine.created_at, mine.id)
 group by 1
"""


def note(cursor: Cursor, target: str, stream_id: int, parcels: Sequence[Parcel], least: int | None = None) -> None:
    """Fill ``merged_into``, ``corrected`` and ``twin``; ``least``: milli-bits from which a pair keeps a creation waiting."""
    ids = [parcel.entity_id for parcel in parcels]
    cursor.execute(_MERGED, (ids,))
    merged = {row[0]: row[1] for row in cursor}
    keys = [parcel.state.remote_key for parcel in parcels if parcel.state is not None]
    cursor.execute(_CORRECTED, (target, stream_id, keys))
    corrected = {row[0] for row in cursor}
    twins = {}
    fresh = [parcel.entity_id for parcel in parcels if parcel.state is None]
    if least is not None and fresh:
        cursor.execute(_TWINS, {"ids": fresh, "least": least, "target": target})
        twins = {row[0]: row[1] for row in cursor}
    for parcel in parcels:
        parcel.merged_into = merged.get(parcel.entity_id)
        parcel.corrected = parcel.state is not None and parcel.state.remote_key in corrected
        parcel.twin = twins.get(parcel.entity_id)

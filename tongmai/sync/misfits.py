"""Records that were edited and kept where they were, though by what they say now nobody would join them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from masterdata.matching.cluster import Pair
from masterdata.store import Cursor

# In force, said by nobody but us, and the pair no longer weighs enough to be asked about, or something forbids it.
_MISFITS = """
select d.one, d.other, r.entity_id, a.at, a.id
  from hub.match_decision d
  join hub.match_act a on a.id = d.act and a.kind = 'kept'
  join hub.source_record r on r.id = d.one
  join hub.source_record s on s.id = d.other and s.entity_id = r.entity_id
 where d.ended_at is null and a.entity = %(entity)s
   and not exists (select 1 from hub.match_decision x
                    where x.one = d.one and x.other = d.other and x.ended_at is null and x.act > d.act)
   and not exists (select 1 from hub.match_edge e where e.one = d.one and e.other = d.other and not e.veto)
   and (%(entities)s::uuid[] is null or r.entity_id = any(%(entities)s))
   and (%(records)s::bigint[] is null or d.one = any(%(records)s) or d.other = any(%(records)s))
 order by d.one, d.other
"""
COLUMNS = ("one", "other", "entity_id", "since", "act")


def misfits(
    cursor: Cursor, entity: str, records: Collection[int] | None = None, entities: Collection[UUID] | None = None
) -> list[dict[str, Any]]:
    """Pairs of records of one entity that only stay together because nothing but an edit parted them: all, or of these
    ``records``, or of these ``entities``."""
    values = {
        "entity": entity,
        "records": None if records is None else list(records),
        "entities": None if entities is None else list(entities),
    }
    cursor.execute(_MISFITS, values)
    return [dict(zip(COLUMNS, row, strict=True)) for row in cursor]


def unsettled(cursor: Cursor, records: Collection[int]) -> list[Pair]:
    """The misfits among these records of one entity: a steward who merges what is one already confirms them."""
    cursor.execute("select entity from hub.match_record where record_id = any(%s) limit 1", (list(records),))
    row = cursor.fetchone()
    return [(one["one"], one["other"]) for one in misfits(cursor, row[0], records)] if row else []

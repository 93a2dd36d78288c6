"""What a steward's act changed, or in a dry run would change: golden fields, deliveries, second records in targets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from masterdata.store import Cursor

_FIELDS = """
select v.entity_id::text, e.entity, v.version, v.changed, v.fields, b.fields
  from hub.entity_version v
  join hub.entity e on e.id = v.entity_id
  left join hub.entity_version b on b.entity_id = v.entity_id and b.version = v.version - 1
 where v.run_id = %s order by 1, 3
"""
_QUEUED = """
select o.target, o.entity_id::text, h.remote_key, e.entity from hub.outbox o
  join hub.entity e on e.id = o.entity_id
  left join hub.target_state h on h.target = o.target and h.entity_id = o.entity_id
 where o.run_id = %s order by 1, 2
"""
_SECOND = """
select t.name, r.source_key, r.entity_id::text, h.remote_key
  from hub.source_record r
  join hub.target t on t.stream_id = r.stream_id
  join hub.target_state h on h.target = t.name and h.entity_id = r.entity_id and h.remote_key <> r.source_key and not h.gone
 where r.entity_id = any(%s) and not r.deleted order by 1, 2
"""


def effects(cursor: Cursor, run: str, entities: Collection[UUID]) -> dict[str, Any]:
    """``golden``: fields before and after, by entity; ``outbox``: what is queued; ``second_records``: what targets hold twice
    of these entities now."""
    cursor.execute(_FIELDS, (run,))
    golden: dict[str, dict[str, Any]] = {}
    for one, entity, _, changed, after, before in cursor:
        own = golden.setdefault(one, {"id": one, "entity": entity, "fields": {}})["fields"]
        for name in changed:
            first = own[name][0] if name in own else (before or {}).get(name)
            own[name] = [first, after.get(name)]
    cursor.execute(_QUEUED, (run,))
    queued = [dict(zip(("target", "entity_id", "key", "entity"), row, strict=True)) for row in cursor]
    cursor.execute(_SECOND, (sorted(entities),))
    second = [dict(zip(("target", "key", "entity_id", "written_to"), row, strict=True)) for row in cursor]
    return {"golden": list(golden.values()), "outbox": queued, "second_records": second}

"""Stewards' values: the one place that reads and writes ``hub.override``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from masterdata.store import Cursor
from masterdata.survivorship import Override, in_force

_COLUMNS = "o.id, o.field, o.value, o.set_by, o.why, o.trust, o.set_at, o.until, o.ended_at is not null"


def load(cursor: Cursor, ids: Sequence[UUID]) -> dict[UUID, list[Override]]:
    """The override of each field as it stands now: the open one, or else the last that ended.

    Those of entities that were merged into one count for it too, behind its own; nothing is rewritten, so that they are
    back where they were when it is taken apart.
    """
    cursor.execute(
        f"""select distinct on (n.id, o.field) n.id, {_COLUMNS}, now()
              from unnest(%s::uuid[]) n (id)
              join lateral (select n.id as entity_id union all
                            select e.id from hub.entity e where e.redirect_to = n.id) m on true
              join hub.override o using (entity_id)
             order by n.id, o.field, o.ended_at is not null, o.entity_id <> n.id, o.id desc""",
        (list(ids),),
    )
    found: dict[UUID, list[Override]] = {}
    for row in cursor:
        found.setdefault(row[0], []).extend(in_force([Override(*row[1:-1])], row[-1]))
    return found


def put(cursor: Cursor, entity_id: UUID, field: str, value: Any, by: str, why: str, trust: int, until: datetime) -> int:
    """Set a value in the place of the one that stands; returns its number."""
    end(cursor, entity_id, field, by)
    cursor.execute(
        """insert into hub.override (entity_id, field, value, set_by, why, trust, until)
           values (%s, %s, %s, %s, %s, %s, %s) returning id""",
        (entity_id, field, json.dumps(value, ensure_ascii=False), by, why, trust, until),
    )
    row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def end(cursor: Cursor, entity_id: UUID, field: str, by: str, *, merged: bool = False) -> bool:
    """Release the open override of a field; False where there is none. ``merged``: also those that came with a merge."""
    cursor.execute(
        """update hub.override set ended_at = now(), ended_by = %(by)s
            where field = %(field)s and ended_at is null and (entity_id = %(id)s
               or (%(merged)s and entity_id in (select id from hub.entity where redirect_to = %(id)s)))""",
        {"by": by, "field": field, "id": entity_id, "merged": merged},
    )
    return cursor.rowcount > 0


def expire(cursor: Cursor, entity: str) -> list[UUID]:
    """Close what has expired; returns the entities whose golden record has to be chosen anew."""
    cursor.execute(
        """update hub.override o set ended_at = now(), ended_by = '' from hub.entity e
            where e.id = o.entity_id and e.entity = %s and o.ended_at is null and o.until <= now()
           returning coalesce(e.redirect_to, o.entity_id)""",
        (entity,),
    )
    return sorted({UUID(str(row[0])) for row in cursor})


def expired(cursor: Cursor) -> list[str]:
    """The entities' names of which something has expired and is not closed yet."""
    cursor.execute(
        """select distinct e.entity from hub.override o join hub.entity e on e.id = o.entity_id
            where o.ended_at is null and o.until <= now() order by 1"""
    )
    return [str(row[0]) for row in cursor]


def history(cursor: Cursor, entity_id: UUID) -> list[dict[str, Any]]:
    """Every override there ever was of an entity and of those merged into it (``of``), the newest first."""
    cursor.execute(
        """select id, field, value, trust, set_by, why, set_at, until, ended_at, ended_by, entity_id::text from hub.override
            where entity_id = %(id)s or entity_id in (select id from hub.entity where redirect_to = %(id)s) order by id desc""",
        {"id": entity_id},
    )
    names = ("id", "field", "value", "trust", "by", "why", "at", "until", "ended_at", "ended_by", "of")
    return [dict(zip(names, row, strict=True)) for row in cursor]

"""What changes the priority of open questions beside pairs and decisions (whose tables note it themselves): golden records
that refer to an entity in question."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from masterdata.golden.write import Golden
from masterdata.model import Entity
from masterdata.store import Cursor
from tongmai.sync.remote_keys import referred as among

_DEAD = r"""
insert into hub.question_due (entity_id, facts)
select distinct (x.id #>> '{}')::uuid, true from hub.entity e
  join hub.entity_version v on v.entity_id = e.id and v.version = e.version
 cross join lateral jsonb_path_query(v.fields, '$.** ? (@.type() == "string" && @ like_regex
   "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")') x (id)
 where e.id = any(%s)
"""


def referred(cursor: Cursor, entity: Entity, changes: Iterable[tuple[Golden, Golden]]) -> None:
    """Golden records changed (before and after): look again at the questions about what they referred or refer to."""
    ids = {one for pair in changes for side in pair for one in among(entity, side.fields)}
    if ids:
        cursor.execute(
            "insert into hub.question_due (entity_id, facts) select *, true from unnest(%s::uuid[])", (sorted(ids),)
        )


def dead(cursor: Cursor, ids: Collection[UUID]) -> None:
    """These entities are no more: what they referred to is referred to once less."""
    if ids:
        cursor.execute(_DEAD, (list(ids),))

"""Golden records as the API shows them: found by id through redirects, each field by the caller's scope."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.model import Entity
from masterdata.store import Cursor
from tongmai.api.scope import Scope
from tongmai.api.session import no_record
from tongmai.sync.past import record_at

REASONS, SOURCES = "reasons", "sources"
_SURVIVOR = """
with recursive way as (
  select id, redirect_to, 1 as steps from hub.entity where id = %s and entity = %s
  union all
  select e.id, e.redirect_to, w.steps + 1 from way w join hub.entity e on e.id = w.redirect_to where w.steps < 20)
select id from way where redirect_to is null
"""


def survivor(cursor: Cursor, entity: Entity, one: UUID) -> UUID:
    """The id that stands for this one now; raises 404."""
    cursor.execute(_SURVIVOR, (one, entity.entity))
    row = cursor.fetchone()
    if row is None:
        raise no_record(entity.entity, str(one))
    found: UUID = row[0]
    return found


def load(
    cursor: Cursor, entity: Entity, scope: Scope, ids: Sequence[UUID], include: Collection[str] = ()
) -> dict[UUID, dict[str, Any]]:
    """Current records by id."""
    cursor.execute(
        """select e.id, e.version, e.updated_at, v.fields, e.provenance from hub.entity e
             join hub.entity_version v on v.entity_id = e.id and v.version = e.version
            where e.id = any(%s) and e.entity = %s and e.redirect_to is null""",
        (list(ids), entity.entity),
    )
    found = {row[0]: _record(entity, scope, row, include) for row in cursor.fetchall()}
    if SOURCES in include:
        for one, own in sources(cursor, list(found)).items():
            found[one][SOURCES] = own
    return found


def page(
    cursor: Cursor,
    entity: Entity,
    scope: Scope,
    after: UUID | None,
    limit: int,
    include: Collection[str],
    where: sql.Composable | None = None,
) -> list[dict[str, Any]]:
    """Records in the order of their ids; ``where``: conditions on the golden row ``g`` and its entity ``e``."""
    joined = (
        sql.SQL("")
        if where is None
        else sql.SQL("join golden.{} g on g.id = e.id").format(sql.Identifier(entity.entity))
    )
    cursor.execute(
        sql.SQL(
            """select e.id from hub.entity e {joined} where e.entity = {entity} and e.redirect_to is null and e.id > {after}
                  and ({where}) order by e.id limit {limit}"""
        ).format(
            joined=joined,
            entity=sql.Literal(entity.entity),
            after=sql.Literal(after or UUID(int=0)),
            where=where or sql.SQL("true"),
            limit=sql.Literal(limit),
        )
    )
    ids = [row[0] for row in cursor.fetchall()]
    found = load(cursor, entity, scope, ids, include)
    return [found[one] for one in ids if one in found]


def sources(cursor: Cursor, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The records of systems that each record is made of."""
    cursor.execute(
        """select r.entity_id, s.connection, s.stream, r.source_key, r.deleted from hub.source_record r
             join hub.stream s on s.id = r.stream_id where r.entity_id = any(%s)
            order by s.connection, s.stream, r.source_key""",
        (list(ids),),
    )
    found: dict[UUID, list[dict[str, Any]]] = {one: [] for one in ids}
    for row in cursor:
        found[row[0]].append(dict(zip(("connection", "stream", "key", "deleted"), row[1:], strict=True)))
    return found


def by_key(
    cursor: Cursor, entity: Entity, connection: str, key: str, stream: str, moment: datetime | None = None
) -> list[UUID]:
    """The entities that a system's key stands for, or stood for at a moment; more than one only where streams share keys."""
    cursor.execute(
        """select coalesce(e.redirect_to, r.entity_id), r.id from hub.source_record r
             join hub.stream s on s.id = r.stream_id left join hub.entity e on e.id = r.entity_id
            where s.entity = %s and s.connection = %s and r.source_key = %s and (%s = '' or s.stream = %s)
              and r.entity_id is not null""",
        (entity.entity, connection, key, stream, stream),
    )
    rows = cursor.fetchall()
    if moment is None:
        return sorted({row[0] for row in rows})
    return sorted({record_at(cursor, row[1], moment) for row in rows})


def version_at(cursor: Cursor, entity: Entity, scope: Scope, one: UUID, moment: datetime) -> dict[str, Any]:
    """A record as it stood at a moment; raises 404 where it did not exist yet."""
    cursor.execute(
        """select v.entity_id, v.version, v.at, v.fields, '{}'::jsonb from hub.entity_version v
             join hub.entity e on e.id = v.entity_id
            where v.entity_id = %s and e.entity = %s and v.at <= %s order by v.version desc limit 1""",
        (one, entity.entity, moment),
    )
    row = cursor.fetchone()
    if row is None:
        cursor.execute("select min(at) from hub.entity_version where entity_id = %s", (one,))
        began = cursor.fetchone()
        raise no_record(entity.entity, str(one), began[0] if began else None)
    return {**_record(entity, scope, row, ()), "as_of": moment}


def history(
    cursor: Cursor, entity: Entity, scope: Scope, one: UUID, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Its versions below one, the newest first; those that changed nothing which may be seen are left out."""
    seen = scope.visible(entity)
    cursor.execute(
        """select version, at, run_id, fields, changed from hub.entity_version
            where entity_id = %s and (%s::integer is null or version < %s) and (version = 1 or changed && %s)
            order by version desc limit %s""",
        (one, before, before, list(seen), limit),
    )
    found = []
    for version, at, run, fields, changed in cursor:
        names = [name for name in changed if name in seen]
        shown, _ = scope.shown(entity, fields)
        found.append({"version": version, "at": at, "run": run, "changed": {name: shown.get(name) for name in names}})
    return found


def _record(entity: Entity, scope: Scope, row: Iterable[Any], include: Collection[str]) -> dict[str, Any]:
    one, version, at, fields, why = row
    shown, masked = scope.shown(entity, fields)
    found = {"entity": entity.entity, "id": one, "version": version, "at": at, "fields": shown, "masked": masked}
    if REASONS in include:
        hidden = {name.partition(".")[0] for name in masked}  # of lines with a hidden field nothing else is told
        found[REASONS] = {name: why[name] for name in shown if name in why and name not in hidden}
    return found

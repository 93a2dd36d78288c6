"""360 degrees of a record: whatever refers to it, through ids that redirect to it too, and its own kind above and below."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.model import Entity
from tongmai.api import record
from tongmai.api.session import Session

HIGHEST = 20


def around(call: Session, model: Entity, one: UUID, limit: int) -> dict[str, Any]:
    """``related``: for each field of an entity that refers here, how many and the latest; ``above``: parents, the nearest first.

    Entities and fields that the token may not see are not told of."""
    call.cursor.execute(
        "select id from hub.entity where redirect_to = %s and entity = %s union all select %s", (one, model.entity, one)
    )
    ids = [row[0] for row in call.cursor.fetchall()]
    related = []
    for other in call.content.schema.entities.values():
        seen = call.scope.visible(other)
        for name, spec in other.fields.items():
            if name in seen and str(spec.type) == f"ref({model.entity})":
                count, latest = _referring(call, other, name, ids, limit)
                if count:
                    related.append({"entity": other.entity, "by": name, "count": count, "records": latest})
    return {"related": related, "above": _above(call, model, one)}


def _referring(
    call: Session, other: Entity, name: str, ids: list[UUID], limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """(how many living records refer, the ones that changed last)."""
    call.cursor.execute(
        sql.SQL(
            """select g.id, count(*) over () from golden.{table} g join hub.entity e on e.id = g.id
                where g.{column} = any(%s) and e.redirect_to is null order by e.updated_at desc, g.id limit %s"""
        ).format(table=sql.Identifier(other.entity), column=sql.Identifier(other.column(name))),
        (ids, limit),
    )
    rows = call.cursor.fetchall()
    if not rows:
        return 0, []
    found = record.load(call.cursor, other, call.scope, [row[0] for row in rows])
    return int(rows[0][1]), [found[row[0]] for row in rows if row[0] in found]


def _above(call: Session, model: Entity, one: UUID) -> list[dict[str, Any]]:
    """The way up its tree, where it has one; a ring ends."""
    own = [name for name in call.scope.visible(model) if str(model.fields[name].type) == f"ref({model.entity})"]
    if "parent" not in own:
        return []
    found: list[dict[str, Any]] = []
    seen = {one}
    while len(found) < HIGHEST:
        call.cursor.execute(
            sql.SQL(
                """select coalesce(e.redirect_to, e.id) from golden.{table} g join hub.entity e on e.id = g.parent_id
                    where g.id = %s"""
            ).format(table=sql.Identifier(model.entity)),
            (one,),
        )
        row = call.cursor.fetchone()
        if row is None or row[0] in seen:
            return found
        one = row[0]
        seen.add(one)
        found += record.load(call.cursor, model, call.scope, [one]).values()
    return found

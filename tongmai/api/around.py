"""360 degrees of a record: whatever refers to it, through ids that redirect to it too, and its own kind above and below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.model import Entity
from tongmai.api import record
from tongmai.api.chain import chain
from tongmai.api.session import Session
from tongmai.sync.referrers import Referrer, referrers, there, value

HIGHEST = 20


def around(call: Session, model: Entity, one: UUID, limit: int, on: date | None = None) -> dict[str, Any]:
    """``related``: for each field of an entity that refers here, how many and the latest; ``above``: parents, the nearest first;
    ``decision_chain``: of a customer or an opportunity, as it is on a day.

    Entities and fields that the token may not see are not told of."""
    ids = _with_merged(call, model.entity, [one])
    related = []
    for each in referrers(call.content.schema, model.entity):
        other = call.content.schema.entities[each.entity]
        if each.field not in call.scope.visible(other) or (each.line and not _line_seen(call, other, each)):
            continue
        where = _where(each, indexed=model.entity in call.content.schema.matching)
        if where is None:
            continue
        count, latest = _referring(call, other, where, ids, limit)
        if count:
            by = f"{each.field}.{each.line}" if each.line else each.field
            related.append({"entity": other.entity, "by": by, "count": count, "records": latest})
    return {"related": related, "above": _above(call, model, one), "decision_chain": _chain(call, model, ids, on)}


def _with_merged(call: Session, entity: str, ids: Sequence[UUID]) -> list[UUID]:
    """These ids, and those that point to them."""
    call.cursor.execute(
        "select id from hub.entity where redirect_to = any(%s) and entity = %s union select unnest(%s::uuid[])",
        (list(ids), entity, list(ids)),
    )
    return [row[0] for row in call.cursor.fetchall()]


def _line_seen(call: Session, other: Entity, one: Referrer) -> bool:
    return not other.fields[one.field].fields[one.line].personal or call.scope.sees_line(
        other.entity, one.field, one.line
    )


def _where(one: Referrer, *, indexed: bool) -> sql.Composable | None:
    """What a golden record that refers here fulfils. References in lists are found by what the sources said, which has an index
    where the entity is matched; without one no record is looked for in them."""
    if not one.many:
        return sql.SQL("g.{} = any(%(ids)s)").format(sql.Identifier(one.column))
    if not indexed:
        return None
    holds = sql.SQL("g.{}::text[] && %(texts)s").format(sql.Identifier(one.column))
    if one.line:
        holds = sql.SQL("exists (select 1 from jsonb_array_elements(g.{}) l where l->>{} = any(%(texts)s))").format(
            sql.Identifier(one.column), sql.Literal(one.line)
        )
    return sql.SQL("g.id in (select c.entity_id from hub.contribution c where {} and {} ?| %(texts)s) and {}").format(
        there(one, "c.fields"), value(one, "c.fields"), holds
    )


def _chain(call: Session, model: Entity, ids: Sequence[UUID], on: date | None) -> dict[str, Any] | None:
    if model.entity == "customer":
        return chain(call, ids, on=on)
    if model.entity != "opportunity" or "customer" not in call.scope.visible(model):
        return None
    call.cursor.execute(
        """select coalesce(e.redirect_to, e.id) from golden.opportunity g join hub.entity e on e.id = g.customer_id
            where g.id = any(%s)""",
        (list(ids),),
    )
    return chain(call, _with_merged(call, "customer", [row[0] for row in call.cursor.fetchall()]), ids, on)


def _referring(
    call: Session, other: Entity, where: sql.Composable, ids: Sequence[UUID], limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """(how many living records refer, the ones that changed last)."""
    call.cursor.execute(
        sql.SQL(
            """select g.id, count(*) over () from golden.{table} g join hub.entity e on e.id = g.id
                where {where} and e.redirect_to is null order by e.updated_at desc, g.id limit %(limit)s"""
        ).format(table=sql.Identifier(other.entity), where=where),
        {"ids": list(ids), "texts": [str(each) for each in ids], "limit": limit},
    )
    rows = call.cursor.fetchall()
    if not rows:
        return 0, []
    found = record.load(call.cursor, other, call.scope, [row[0] for row in rows])
    return int(rows[0][1]), [found[row[0]] for row in rows if row[0] in found]


def _above(call: Session, model: Entity, one: UUID) -> list[dict[str, Any]]:
    """The way up its tree, where it has one; a ring ends."""
    if not model.above or model.above not in call.scope.visible(model):
        return []
    found: list[dict[str, Any]] = []
    seen = {one}
    while len(found) < HIGHEST:
        call.cursor.execute(
            sql.SQL(
                """select coalesce(e.redirect_to, e.id) from golden.{table} g join hub.entity e on e.id = g.{above}
                    where g.id = %s"""
            ).format(table=sql.Identifier(model.entity), above=sql.Identifier(model.column(model.above))),
            (one,),
        )
        row = call.cursor.fetchone()
        if row is None or row[0] in seen:
            return found
        one = row[0]
        seen.add(one)
        found += record.load(call.cursor, model, call.scope, [one]).values()
    return found

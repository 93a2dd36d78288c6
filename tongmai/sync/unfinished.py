"""Open business: golden records that refer to an entity and have not come to an end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import sql

from masterdata.model import Schema
from masterdata.store import Cursor
from tongmai.sync.referrers import Referrer


def unfinished(cursor: Cursor, schema: Schema, fields: Sequence[Referrer], ids: str) -> Iterable[tuple[str, UUID, int]]:
    """(entity, one of the ids, how many golden records of it refer there and are not at an end: in a last stage, or inactive).
    ``ids``: as PostgreSQL writes an array."""
    if not fields:
        return ()
    counts = [
        sql.SQL("select {}, n.id, count(*) from ({}) r join n on n.id = r.one group by n.id").format(
            sql.Literal(one.entity), referring(schema, one)
        )
        for one in fields
    ]
    every = sql.SQL("with n as materialized (select unnest(%s::uuid[]) as id) ") + sql.SQL(" union all ").join(counts)
    cursor.execute(every, (ids,))
    return cursor.fetchall()


def referring(schema: Schema, one: Referrer) -> sql.Composable:
    """What each unfinished golden record refers to by this field."""
    column = sql.SQL("g.{}").format(sql.Identifier(one.column))
    source: sql.Composed = sql.SQL("golden.{} g").format(sql.Identifier(one.entity))
    what: sql.Composable = column
    if one.line:
        source += sql.SQL(
            " cross join lateral (select distinct l->>{} as one from jsonb_array_elements(coalesce({}, '[]')) l) x"
        ).format(sql.Literal(one.line), column)
        what = sql.SQL("x.one::uuid")
    elif one.many:
        source += sql.SQL(" cross join lateral unnest({}) x (one)").format(column)
        what = sql.SQL("x.one::uuid")
    where = sql.SQL(" and ").join([sql.SQL("{} is not null").format(what), *_unfinished(schema, one.entity)])
    return sql.SQL("select {} as one from {} where {}").format(what, source, where)


def _unfinished(schema: Schema, entity: str) -> list[sql.Composable]:
    """Conditions by the entity's own dictionaries: a term that nothing may follow ends a record."""
    model = schema.entities[entity]
    found: list[sql.Composable] = []
    for name, spec in model.fields.items():
        if spec.type.name != "term" or spec.type.many or spec.type.arg not in schema.terms:
            continue
        terms = schema.terms[spec.type.arg].terms
        last = [word for word, term in terms.items() if term.next is not None and not term.next]
        if spec.type.arg == "record_status":
            last = ["inactive"]
        if last:
            column = sql.SQL("g.{}").format(sql.Identifier(model.column(name)))
            found.append(sql.SQL("({0} is null or not {0}::text = any({1}))").format(column, sql.Literal(last)))
    return found

"""Records that refer to an entity: when what they refer to becomes another one they are mapped again, from what is stored."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from masterdata.golden.ddl import ensure_index
from masterdata.model import Schema
from masterdata.store import Cursor
from masterdata.store.database import hold

_OVERRIDDEN = """(
  select distinct on (x.entity_id) x.id from hub.override o
    join hub.entity e on e.id = o.entity_id
    join unnest(%(entities)s::text[], %(fields)s::text[]) f (entity, field) on f.entity = e.entity and f.field = o.field
    join hub.source_record x on x.entity_id = coalesce(e.redirect_to, e.id) and x.inbox_id is not null
   where o.value #>> '{}' = any(%(lost)s) or o.value ?| %(lost)s
   order by x.entity_id, x.id)
"""


class Referrer(NamedTuple):
    """A field that refers to an entity. ``column`` is its golden column; ``line`` the field inside a list of lines."""

    entity: str
    field: str
    column: str
    many: bool
    line: str


def referrers(schema: Schema, entity: str) -> tuple[Referrer, ...]:
    """Every field of any entity that refers to this one."""
    found = []
    for name, model in schema.entities.items():
        for field, spec in model.fields.items():
            if spec.type.name == "ref" and spec.type.arg == entity:
                found.append(Referrer(name, field, model.column(field), spec.type.many, ""))
            for line, inside in spec.fields.items():
                if inside.type.name == "ref" and inside.type.arg == entity:
                    found.append(Referrer(name, field, model.column(field), True, line))
    return tuple(found)


def create_indexes(cursor: Cursor, schema: Schema) -> None:
    """What refers to an entity that is matched is found by what it refers to: records, and golden records."""
    for one in (each for entity in schema.matching for each in referrers(schema, entity)):
        name = "_".join(part for part in ("contribution_by", one.field, one.line) if part)
        if one.line or one.many:
            text = "hub.contribution using gin (({})) where {}"
        else:
            text = "hub.contribution (({})) where {}"
        ensure_index(cursor, "hub", name, sql.SQL(text).format(value(one, "fields"), there(one, "fields")))
        if one.line or one.many:
            continue
        on = sql.SQL("golden.{} ({})").format(sql.Identifier(one.entity), sql.Identifier(one.column))
        ensure_index(cursor, "golden", f"{one.entity}_by_{one.field}", on)


def moves(entity: str) -> str:
    """The lock between records that go over to another entity and records that refer to them: who comes second sees the
    first. Who refers shares it from the beginning of the batch; who moves waits for it when the move is made."""
    return f"moves:{entity}"


def look_again(cursor: Cursor, entity: str, fields: Collection[Referrer], lost: Collection[UUID]) -> None:
    """Queue the records that refer to an entity which lost records; deleted ones too, for their word may be the last. One of
    each entity that refers there because a steward said so.

    Found by what each record says itself: its word may not have won, or its own entity may say something else by now. Queued
    in one order, as everybody queues work: two who queue the same records never wait for each other.
    """
    if not lost or not fields:
        return
    hold(cursor, [moves(entity)])
    plain = [one for one in fields if not one.line]
    found = [_saying(one) for one in fields] + ([sql.SQL(_OVERRIDDEN)] if plain else [])
    cursor.execute(
        sql.SQL(
            """insert into hub.work (record_id, stream_id, inbox_id, reason)
               select r.id, r.stream_id, r.inbox_id, 'reference' from hub.source_record r
                where r.id in ({}) and r.inbox_id is not null order by r.id
               on conflict (record_id) do nothing"""
        ).format(sql.SQL(" union all ").join(found)),
        {
            "lost": [str(each) for each in lost],
            "entities": [one.entity for one in plain],
            "fields": [one.field for one in plain],
        },
    )


def _saying(one: Referrer) -> sql.Composed:
    return sql.SQL(
        """select x.id from hub.contribution c
             join hub.source_record x on x.id = c.record_id
             join hub.stream s on s.id = x.stream_id and s.entity = {entity}
            where {there} and {value} {says}"""
    ).format(
        entity=sql.Literal(one.entity),
        there=there(one, "c.fields"),
        value=value(one, "c.fields"),
        says=sql.SQL("?| %(lost)s" if one.line or one.many else "= any(%(lost)s)"),
    )


def looped(schema: Schema, entity: str) -> bool:
    """Whether the references between compared entities lead from this one through another back to it. Then who may move
    records says so from the beginning: else two of them could each hold what the other one waits for."""
    seen: set[str] = set()
    fresh = {entity}
    while fresh:
        seen |= fresh
        ahead = {to for one in fresh for to in schema.entities[one].refers() if to in schema.matching and to != one}
        if entity in ahead:
            return True
        fresh = ahead - seen
    return False


def there(one: Referrer, fields: str) -> sql.Composable:
    """Whether a record says anything of it; with ``value`` what the index is made of."""
    return sql.SQL("{} ? {}").format(sql.SQL(fields), sql.Literal(one.field))


def value(one: Referrer, fields: str) -> sql.Composable:
    """What a record refers to: a text, or a JSON list of texts."""
    if one.line:
        path = sql.Literal(f'$."{one.field}"[*]."{one.line}"')
        return sql.SQL("jsonb_path_query_array({}, {}::jsonpath)").format(sql.SQL(fields), path)
    arrow = "->" if one.many else "->>"
    return sql.SQL("({} {} {})").format(sql.SQL(fields), sql.SQL(arrow), sql.Literal(one.field))

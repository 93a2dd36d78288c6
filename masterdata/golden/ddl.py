"""Typed golden tables, generated from the entities. Additive: a column is added, never changed or dropped."""

from __future__ import annotations

from psycopg import sql

from masterdata.model import Entity, Schema
from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError


def create_tables(cursor: Cursor, schema: Schema) -> list[str]:
    """Create what is missing; returns a sentence for each thing done. Raises when a field's type was changed."""
    done: list[str] = []
    for entity in schema.entities.values():
        existing = _columns(cursor, entity.entity)
        if not existing:
            _create(cursor, entity)
            done.append(f"created golden.{entity.entity}")
            continue
        for name, spec in entity.fields.items():
            column = entity.column(name)
            if column not in existing:
                cursor.execute(
                    sql.SQL("alter table golden.{} add column {} {}").format(
                        sql.Identifier(entity.entity), sql.Identifier(column), sql.SQL(spec.type.sql)
                    )
                )
                done.append(f"added golden.{entity.entity}.{column}")
            elif existing[column] != spec.type.sql:
                raise ConfigurationError(
                    f"entity {entity.entity}, field {name}",
                    f"its column is {existing[column]}, the entity now says {spec.type.sql}; golden columns are never changed",
                    "give the field another name, or set its type back",
                    code="golden-type-changed",
                )
        _comment(cursor, entity)
    return done


def ensure_index(cursor: Cursor, schema: str, name: str, on: sql.Composable) -> None:
    """Create an index that is not there. One that is must not even be tried: that would wait for whoever writes."""
    cursor.execute("select to_regclass(quote_ident(%s) || '.' || quote_ident(%s)) is null", (schema, name))
    row = cursor.fetchone()
    if row and row[0]:
        cursor.execute(sql.SQL("create index {} on {}").format(sql.Identifier(name), on))


def _columns(cursor: Cursor, table: str) -> dict[str, str]:
    cursor.execute(
        """select a.attname, format_type(a.atttypid, a.atttypmod) from pg_attribute a
           where a.attrelid = to_regclass('golden.' || quote_ident(%s)) and a.attnum > 0 and not a.attisdropped""",
        (table,),
    )
    short = {"timestamp with time zone": "timestamptz", "timestamp with time zone[]": "timestamptz[]"}
    return {str(name): short.get(kind, str(kind)) for name, kind in cursor}


def _create(cursor: Cursor, entity: Entity) -> None:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(entity.column(name)), sql.SQL(spec.type.sql))
        for name, spec in entity.fields.items()
    ]
    cursor.execute(
        sql.SQL("create table golden.{} (id uuid primary key, {})").format(
            sql.Identifier(entity.entity), sql.SQL(", ").join(columns)
        )
    )
    _comment(cursor, entity)


def _comment(cursor: Cursor, entity: Entity) -> None:
    """The dictionary's words beside each column, for whoever reads with plain SQL."""
    comments = [
        sql.SQL("comment on column golden.{}.{} is {}").format(
            sql.Identifier(entity.entity),
            sql.Identifier(entity.column(name)),
            sql.Literal(f"{spec.label.zh} · {spec.label.en} ({spec.type})"),
        )
        for name, spec in entity.fields.items()
    ]
    cursor.execute(sql.SQL("; ").join(comments))

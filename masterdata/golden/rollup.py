"""Sums that a golden record keeps of its children, as what has been paid of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.model import Entity, Schema
from masterdata.store import Cursor


@dataclass(frozen=True, slots=True)
class Rollup:
    """``parent.field`` is the sum of ``child.amount`` over the living children that refer to it in ``by``."""

    parent: Entity
    field: str
    child: Entity
    amount: str
    by: str


def rollups(schema: Schema) -> list[Rollup]:
    """Every sum that the entities declare; what is declared wrongly is left out (the schema's findings say it)."""
    found = []
    for entity in schema.entities.values():
        for name, spec in entity.fields.items():
            child, _, amount = spec.sum.partition(".")
            if child in schema.entities and {amount, spec.by} <= schema.entities[child].fields.keys():
                found.append(Rollup(entity, name, schema.entities[child], amount, spec.by))
    return found


def create_indexes(cursor: Cursor, schema: Schema) -> None:
    """Children are found by their parent."""
    for one in rollups(schema):
        cursor.execute(
            sql.SQL("create index if not exists {} on golden.{} ({})").format(
                sql.Identifier(f"{one.child.entity}_by_{one.by}"),
                sql.Identifier(one.child.entity),
                sql.Identifier(one.child.column(one.by)),
            )
        )


def add_totals(
    cursor: Cursor, sums: Sequence[Rollup], records: dict[UUID, tuple[dict[str, Any], dict[str, Any]]]
) -> None:
    """Fill the sums of these parents into their fields and provenance. Decimals as canonical text; 0 without children."""
    for one in sums:
        alive = sql.SQL("and status is distinct from 'inactive'") if "status" in one.child.fields else sql.SQL("")
        cursor.execute(
            sql.SQL(
                "select {by}, sum({amount}), count(*) from golden.{child} where {by} = any(%s) {alive} group by 1"
            ).format(
                by=sql.Identifier(one.child.column(one.by)),
                amount=sql.Identifier(one.amount),
                child=sql.Identifier(one.child.entity),
                alive=alive,
            ),
            (list(records),),
        )
        found = {row[0]: row[1:] for row in cursor}
        for parent, (fields, provenance) in records.items():
            total, count = found.get(parent, (None, 0))
            fields[one.field] = _plain(total or Decimal(0))
            provenance[one.field] = {
                "connection": "hub",
                "stream": one.child.entity,
                "key": f"{count}",
                "rule": "sum",
                "at": "",
                "others": [],
            }


def _plain(value: Decimal) -> str:
    text = format(value.normalize(), "f")
    return "0" if text in ("-0", "0") else text

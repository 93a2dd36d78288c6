"""Sums that a golden record keeps of its children, as what has been paid of an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.golden.ddl import ensure_index
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


ANCHOR = "customer"
"""Whatever refers to records of this entity is found by them: 360 degrees of a customer are asked for while somebody waits."""


def create_indexes(cursor: Cursor, schema: Schema) -> None:
    """Children are found by their parent, everything by its customer."""
    for entity in schema.entities.values():
        for name, spec in entity.fields.items():
            if str(spec.type) == f"ref({ANCHOR})":
                _index(cursor, entity, name)
    for one in rollups(schema):
        _index(cursor, one.child, one.by)


def _index(cursor: Cursor, entity: Entity, field: str) -> None:
    on = sql.SQL("golden.{} ({})").format(sql.Identifier(entity.entity), sql.Identifier(entity.column(field)))
    ensure_index(cursor, "golden", f"{entity.entity}_by_{field}", on)


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

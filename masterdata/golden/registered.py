"""Registrations that hold: who announced a record of the same customer, with the same name or product, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.golden.ddl import ensure_index
from masterdata.model import Entity, Schema
from masterdata.model.entity import Registration
from masterdata.search.entry import plain
from masterdata.store import Cursor


@dataclass(frozen=True)
class Held:
    """One registration. ``of``: what it is for, as the customer's id; ``same``: the declared fields that say what it is."""

    id: UUID
    of: UUID
    since: date
    until: date
    by: str
    same: Mapping[str, str]
    collides: UUID | None = None

    def meets(self, same: Mapping[str, Any]) -> tuple[str, ...]:
        """The fields in which it is the same."""
        return tuple(name for name, value in self.same.items() if value and value == told(same.get(name)))


def told(value: Any) -> str:
    """A value as two are compared: without blanks, signs and widths."""
    return "" if value is None else plain(str(value))


def said(entity: Entity, one: UUID, fields: Mapping[str, Any]) -> Held | None:
    """The registration that a record's canonical fields announce; None where they announce none, or it is over."""
    rules = _rules(entity)
    of, since = fields.get(rules.of), fields.get(rules.on)
    if not of or not since or any(fields.get(name) in terms for name, terms in rules.over.items()):
        return None
    begins = date.fromisoformat(str(since)[:10])
    until = fields.get(rules.until)
    ends = date.fromisoformat(str(until)[:10]) if until else begins + timedelta(days=rules.days)
    collides = fields.get(rules.collides)
    same = {name: told(fields.get(name)) for name in rules.same}
    by = str(fields.get(rules.by) or "")
    return Held(one, UUID(str(of)), begins, ends, by, same, UUID(str(collides)) if collides else None)


def held(cursor: Cursor, entity: Entity, of: Collection[UUID], day: date) -> list[Held]:
    """The golden records that hold something of these on a day, the first registered first."""
    rules = _rules(entity)
    names = _names(rules)
    columns = [sql.Identifier(entity.column(name)) for name in names]
    cursor.execute(
        sql.SQL("select id, {} from golden.{} where {} = any(%s) and {} is not null").format(
            sql.SQL(", ").join(columns),
            sql.Identifier(entity.entity),
            sql.Identifier(entity.column(rules.of)),
            sql.Identifier(entity.column(rules.on)),
        ),
        (list(of),),
    )
    found = [said(entity, row[0], dict(zip(names, row[1:], strict=True))) for row in cursor]
    return standing([one for one in found if one is not None], day)


def colliding(cursor: Cursor, entity: Entity, holders: Collection[UUID]) -> list[Held]:
    """The golden records that are said to collide with one of these, where they announce something still."""
    rules = _rules(entity)
    names = _names(rules)
    cursor.execute(
        sql.SQL("select id, {} from golden.{} where {} = any(%s)").format(
            sql.SQL(", ").join(sql.Identifier(entity.column(name)) for name in names),
            sql.Identifier(entity.entity),
            sql.Identifier(entity.column(rules.collides)),
        ),
        (list(holders),),
    )
    found = [said(entity, row[0], dict(zip(names, row[1:], strict=True))) for row in cursor]
    return [one for one in found if one is not None]


def create_indexes(cursor: Cursor, schema: Schema) -> None:
    """Whoever collides is found by whom it collides with."""
    for entity in schema.entities.values():
        if entity.registration is not None:
            on = sql.Identifier(entity.column(entity.registration.collides))
            place = sql.SQL("golden.{} ({})").format(sql.Identifier(entity.entity), on)
            ensure_index(cursor, "golden", f"{entity.entity}_by_{entity.registration.collides}", place)


def _names(rules: Registration) -> list[str]:
    return [rules.of, rules.on, rules.until, rules.by, rules.collides, *rules.same, *rules.over]


def standing(every: Iterable[Held], day: date) -> list[Held]:
    """Those that hold on a day. One that collides with another that holds, holds nothing itself."""
    alive = {one.id: one for one in every if one.until >= day}
    own = [one for one in alive.values() if one.collides is None or one.collides not in alive]
    return sorted(own, key=lambda one: (one.since, one.id))


def _rules(entity: Entity) -> Registration:
    if entity.registration is None:
        raise ValueError(f"{entity.entity} declares no registration")
    return entity.registration

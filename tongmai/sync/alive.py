"""References that nobody maps anew, of deleted records or set by stewards: they name what may be part of another entity now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from masterdata.model import Entity
from masterdata.model.entity import LINES
from masterdata.store import Cursor
from masterdata.survivorship import Contribution, Override
from tongmai.sync.remote_keys import referred

Contributions = Mapping[UUID, list[Contribution]]
Overrides = Mapping[UUID, list[Override]]


def alive(
    cursor: Cursor, entity: Entity, contributions: Contributions, stewards: Overrides, fresh: Collection[int]
) -> tuple[Contributions, Overrides]:
    """The same contributions and stewards' values, referring to entities that are alive; ``fresh`` records do already.

    What is stored stays as it was said, so that it is right again when the entities part.
    """
    if not entity.refers():
        return contributions, stewards
    old = [c.fields for each in contributions.values() for c in each if c.record_id not in fresh]
    set_ = [{one.field: one.value} for each in stewards.values() for one in each if one.field in entity.fields]
    ids = sorted({one for fields in (*old, *set_) for one in referred(entity, fields)})
    if not ids:
        return contributions, stewards
    cursor.execute(
        "select id::text, redirect_to::text from hub.entity where id = any(%s::uuid[]) and redirect_to is not null",
        (ids,),
    )
    home: dict[str, str] = {row[0]: row[1] for row in cursor}
    if not home:
        return contributions, stewards
    renamed = {
        one: [c if c.record_id in fresh else replace(c, fields=_renamed(entity, c.fields, home)) for c in each]
        for one, each in contributions.items()
    }
    said = {
        key: [replace(one, value=_renamed(entity, {one.field: one.value}, home)[one.field]) for one in each]
        for key, each in stewards.items()
    }
    return renamed, said


def _renamed(entity: Entity, fields: Mapping[str, Any], home: Mapping[str, str]) -> dict[str, Any]:
    found = dict(fields)
    for name, spec in entity.fields.items():
        value = fields.get(name)
        if not value:
            continue
        if spec.type.name == "ref":
            found[name] = (
                list(dict.fromkeys(home.get(one, one) for one in value)) if spec.type.many else home.get(value, value)
            )
        elif spec.type.name == LINES:
            refs = [one for one, line in spec.fields.items() if line.type.name == "ref"]
            found[name] = [
                {**line, **{one: home.get(line[one], line[one]) for one in refs if line.get(one)}} for line in value
            ]
    return found

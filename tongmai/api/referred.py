"""Whom a record refers to that somebody is about to create: said by id, by a system's key, or by what is known of it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from itertools import product
from typing import Any
from uuid import UUID

from masterdata.matching.scorer import Scorer
from masterdata.model import Entity
from tongmai.api import duplicates
from tongmai.api.session import Session, bad, known
from tongmai.batch.records import fields_of
from tongmai.core.text import Text
from tongmai.sync.trace import find

MOST = 5
"""A company named loosely may be several: with so many of them the record is compared, the likeliest first."""


def meant(
    call: Session, model: Entity, score: Scorer, given: Mapping[str, Any], of: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, list[UUID]], list[str]]:
    """(by reference that is compared the records it may mean, the fields that were not compared)."""
    compared = fields_of(score.rules)
    names = [name for name, spec in model.fields.items() if name in compared and spec.type.name == "ref"]
    for name in of:
        if name not in names:
            raise bad(
                f"of.{name[:40]}",
                Text(f"`{model.entity}` is not compared by it", f"`{model.entity}` 的比较不涉及此项"),
                Text(f"allowed: {', '.join(names) or '-'}", f"可用：{', '.join(names) or '-'}"),
            )
        if given.get(name):
            raise bad(
                f"of.{name}",
                Text(f"it is in `fields.{name}` already", f"`fields.{name}` 已给出"),
                Text("leave out one of both", "请只保留其中之一"),
            )
    found: dict[str, list[UUID]] = {}
    ignored: list[str] = []
    seen = call.scope.visible(model)
    for name in names:
        if given.get(name):
            other = call.model(model.fields[name].type.arg)
            found[name] = [find(call.cursor, other.entity, str(given[name]))]
        elif name in of and name not in seen:
            ignored.append(f"of.{name}")
        elif name in of:
            found[name], more = likely(call, model, name, of[name], f"of.{name}")
            ignored += more
    return found, ignored


def variants(given: Mapping[str, Any], whom: Mapping[str, list[UUID]]) -> list[dict[str, Any]]:
    """The fields, once with each of those that a reference may mean."""
    ways = [[{name: str(one)} for one in ids[:MOST]] or [{}] for name, ids in whom.items()]
    return [dict(ChainMap(*way, dict(given))) for way in product(*ways)]


def likely(
    call: Session, model: Entity, name: str, fields: Mapping[str, Any], where: str
) -> tuple[list[UUID], list[str]]:
    """(the records that a reference's fields match, the likeliest first; the fields that the token may not see)."""
    other = call.model(model.fields[name].type.arg)
    known(other, fields, where)
    score = duplicates.scorer(call.cursor, call.content.schema, other)
    duplicates.ready(call.cursor, other)
    compared, ignored = duplicates.allowed(other, call.scope, fields)
    near = duplicates.near(call.cursor, score, other, call.scope, [compared])
    found = [one.entity_id for one in near if not one.scored.vetoes and one.scored.weight >= score.likely]
    return found, [f"{where}.{each}" for each in ignored]

"""Whether the section ``registration`` of an entity names fields and terms that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from masterdata.model.entity import Entity
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document

if TYPE_CHECKING:
    from masterdata.model.schema import Schema

_SAME = frozenset({"text", "ref", "uscc", "integer", "term"})


def check_registration(schema: Schema, entity: Entity, document: Document) -> None:
    """Note what is wrong with it."""
    said = entity.registration
    if said is None:
        return
    for path, name in said.fields():
        spec = entity.fields.get(name)
        mark = document.mark("registration", *path)
        if spec is None:
            document.add(
                mark,
                "entity.unknown-field",
                f"unknown field `{name}`",
                f"未知的字段 `{name}`",
                nearest(name, entity.fields),
            )
            continue
        kind, part = spec.type, path[0]
        fits = {
            "of": kind.name == "ref",
            "on": kind.name == "date",
            "until": kind.name == "date",
            "by": kind.name in ("ref", "text"),
            "collides": kind.name == "ref" and kind.arg == entity.entity,
            "same": kind.name in _SAME,
            "over": kind.name == "term",
        }
        if kind.many or not fits[str(part)]:
            document.add(
                mark,
                "entity.registration-type",
                f"`{name}` is a {kind}: it cannot be `{part}` of a registration",
                f"`{name}` 的类型为 {kind}，不能用作报备的 `{part}`",
            )
        elif part == "over":
            terms = schema.terms[kind.arg].terms if kind.arg in schema.terms else {}
            for index, word in enumerate(said.over[name]):
                if terms and word not in terms:
                    document.add(
                        document.mark("registration", "over", name, index),
                        "entity.unknown-term",
                        f"unknown term `{word}`",
                        f"未知的词条 `{word}`",
                        nearest(word, terms),
                    )

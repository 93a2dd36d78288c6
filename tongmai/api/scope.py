"""What a token may see: entities, fields of them, and which personal fields. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from masterdata.model import Entity, Schema
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

ALL = "*"


@dataclass(frozen=True)
class Scope:
    """``read``: entities, or ``*``. ``fields``: of an entity named there only these are seen. ``personal``: entities, fields of
    them (``contact.mobile``), or ``*``, whose personal fields are seen too. ``steward``: entities, or ``*``, of which it
    decides which records are one."""

    read: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    steward: frozenset[str] = frozenset()

    def decides(self, entity: str) -> bool:
        """Whether verdicts on an entity's records may be given."""
        return self.reads(entity) and (ALL in self.steward or entity in self.steward)

    def reads(self, entity: str) -> bool:
        """Whether records of an entity may be seen at all."""
        return ALL in self.read or entity in self.read

    def sees(self, entity: str, name: str, *, personal: bool) -> bool:
        """Whether a field may be seen."""
        own = self.fields.get(entity)
        if not self.reads(entity) or (own is not None and name not in own):
            return False
        return not personal or not self.personal.isdisjoint((ALL, entity, f"{entity}.{name}"))

    def visible(self, model: Entity) -> frozenset[str]:
        """The fields of an entity that may be seen."""
        return frozenset(
            name for name, spec in model.fields.items() if self.sees(model.entity, name, personal=spec.personal)
        )

    def shown(self, model: Entity, fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """(what may be seen of a record, the fields that hold something and are masked). Fields outside ``fields`` of the
        scope are neither."""
        seen, own = self.visible(model), self.fields.get(model.entity)
        found: dict[str, Any] = {}
        masked: list[str] = []
        for name, spec in model.fields.items():
            value = fields.get(name)
            if name in seen:
                hidden = [
                    each
                    for each, line in spec.fields.items()
                    if line.personal and not self.sees_line(model.entity, name, each)
                ]
                found[name], cut = _without(value, hidden)
                masked += [f"{name}.{each}" for each in cut]
            elif value not in (None, "", []) and (own is None or name in own):
                masked.append(name)
        return found, masked

    def sees_line(self, entity: str, name: str, inner: str) -> bool:
        """Whether a personal field of a list's lines may be seen."""
        return not self.personal.isdisjoint((ALL, entity, f"{entity}.{name}", f"{entity}.{name}.{inner}"))

    def as_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "read": sorted(self.read),
            "fields": {name: sorted(own) for name, own in sorted(self.fields.items())},
            "personal": sorted(self.personal),
            "steward": sorted(self.steward),
        }


def _without(value: Any, hidden: Collection[str]) -> tuple[Any, list[str]]:
    """(a field's value, its lines without what is hidden; what was taken away)."""
    if not hidden or not isinstance(value, list):
        return value, []
    cut = [name for name in hidden if any(isinstance(line, dict) and line.get(name) for line in value)]
    kept = [
        {name: one for name, one in line.items() if name not in hidden} if isinstance(line, dict) else line
        for line in value
    ]
    return kept, cut


def from_json(kept: Mapping[str, Any]) -> Scope:
    """Back from what was kept."""
    fields = {name: frozenset(own) for name, own in kept["fields"].items()}
    return Scope(frozenset(kept["read"]), fields, frozenset(kept["personal"]), frozenset(kept.get("steward", ())))


def declared(
    schema: Schema,
    read: Iterable[str],
    fields: Iterable[str],
    personal: Iterable[str],
    steward: Iterable[str] = (),
) -> Scope:
    """A scope from words, as ``customer``, ``customer.city``, ``*``; raises where nothing has such a name."""
    entities = frozenset(read)
    for name in sorted(entities - {ALL}):
        _entity(schema, name, "--read")
    if not entities:
        raise ConfigurationError("--read", "it names no entity", "name entities, or `*` for all", code="bad-option")
    own: dict[str, set[str]] = {}
    for word in fields:
        entity, name = _field(schema, word, "--fields")
        own.setdefault(entity, set()).add(name)
    shown = frozenset(personal)
    for word in sorted(shown - {ALL}):
        if "." in word:
            entity, name = _field(schema, word, "--personal")
        else:
            entity, name = word, ""
            _entity(schema, entity, "--personal")
        _readable(entities, entity, word, "--personal")
    for entity in own:
        _readable(entities, entity, entity, "--fields")
    deciding = frozenset(steward)
    for name in sorted(deciding - {ALL}):
        _entity(schema, name, "--steward")
        _readable(entities, name, name, "--steward")
    return Scope(entities, {name: frozenset(some) for name, some in own.items()}, shown, deciding)


def _readable(entities: Collection[str], entity: str, word: str, option: str) -> None:
    if ALL not in entities and entity not in entities:
        raise ConfigurationError(
            f"{option} {word}", f"`{entity}` is not among what it reads", f"add --read {entity}", code="bad-option"
        )


def _entity(schema: Schema, name: str, option: str) -> Entity:
    found = schema.entities.get(name)
    if found is None:
        near = nearest(name, schema.entities)
        step = f"did you mean `{near}`?" if near else f"there are: {', '.join(schema.entities)}"
        raise ConfigurationError(f"{option} {name}", "there is no such entity", step, code="bad-option")
    return found


def _field(schema: Schema, word: str, option: str) -> tuple[str, str]:
    entity, dot, name = word.partition(".")
    model = _entity(schema, entity, option)
    outer, inside, inner = name.partition(".")
    if inside and option == "--fields":
        step = f"write `{entity}.{outer}`: --personal opens fields of lines one by one"
        raise ConfigurationError(f"{option} {word}", "it names a part of a field", step, code="bad-option")
    if inside and outer in model.fields and inner not in model.fields[outer].fields:
        lines = model.fields[outer].fields
        near = nearest(inner, lines)
        step = f"did you mean `{entity}.{outer}.{near}`?" if near else f"it has {', '.join(lines) or 'no lines'}"
        raise ConfigurationError(f"{option} {word}", f"lines of `{outer}` have no such field", step, code="bad-option")
    if not dot or outer not in model.fields:
        near = nearest(name, model.fields)
        step = f"did you mean `{entity}.{near}`?" if near else f"it has {', '.join(model.fields)}"
        raise ConfigurationError(f"{option} {word}", f"`{entity}` has no such field", step, code="bad-option")
    return entity, name

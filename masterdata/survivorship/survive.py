"""Choose each golden field among the contributions, and remember why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from masterdata.model import Entity
from masterdata.model.entity import JSON

DEFAULT_TRUST = 50


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one source record says about an entity.

    ``changed``: field → when its source changed that value (ISO text, UTC). ``echo``: fields whose value is our own
    write coming back. ``deleted``: the record is gone from its source.
    """

    record_id: int
    connection: str
    role: str
    stream: str
    key: str
    fields: Mapping[str, Any]
    changed: Mapping[str, str]
    echo: frozenset[str] = frozenset()
    deleted: bool = False

    def origin(self) -> dict[str, str]:
        """Where a value came from, as provenance shows it."""
        return {"connection": self.connection, "stream": self.stream, "key": self.key}


def survive(entity: Entity, contributions: Sequence[Contribution]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The golden fields and, per field, ``{connection, stream, key, rule, at, others: [{…, value}]}``.

    A field with an owner takes the owner's value when the owner has one. Otherwise: higher trust of the role, then the
    more recent change, then the lower source key. Values of a deleted record count only when no living one has a value.
    Our own echo never votes, so a value its source cleared does not come back from where we wrote it. A payload's field
    is what its one source gave, empty or not, and absent where it gave none.
    """
    fields: dict[str, Any] = {}
    provenance: dict[str, Any] = {}
    for name, spec in entity.fields.items():
        verbatim = spec.type.name == JSON
        voters = [
            c
            for c in contributions
            if name not in c.echo and (name in c.fields if verbatim else c.fields.get(name) not in (None, "", []))
        ]
        if not voters:
            if not verbatim:
                fields[name] = None
            continue
        if len(voters) > 1:
            voters.sort(key=lambda c: (c.connection, c.stream, c.key))
            voters.sort(key=lambda c: c.changed.get(name, ""), reverse=True)
            voters.sort(key=lambda c: _rank(entity, spec.owner, c))
        best = voters[0]
        fields[name] = _union(name, voters) if spec.survive == "union" else best.fields[name]
        rule = "union" if spec.survive == "union" and len(voters) > 1 else _rule(entity, name, spec.owner, voters)
        provenance[name] = {
            **best.origin(),
            "rule": rule,
            "at": best.changed.get(name, ""),
            "others": [{**c.origin(), "value": c.fields[name]} for c in voters[1:]],
        }
    _deactivate(entity, contributions, fields, provenance)
    return fields, provenance


def _rank(entity: Entity, owner: str, one: Contribution) -> tuple[int, int, int]:
    owns = 0 if owner and one.role == owner else 1
    return int(one.deleted), owns, -entity.survivorship.trust.get(one.role, DEFAULT_TRUST)


def _rule(entity: Entity, name: str, owner: str, voters: Sequence[Contribution]) -> str:
    best = voters[0]
    if best.deleted:
        return "kept"
    if owner and best.role == owner:
        return "owner"
    rivals = [c for c in voters[1:] if not c.deleted]
    if not rivals:
        return "only"
    trust = entity.survivorship.trust
    if trust.get(best.role, DEFAULT_TRUST) != trust.get(rivals[0].role, DEFAULT_TRUST):
        return "trust"
    return "recent" if best.changed.get(name, "") != rivals[0].changed.get(name, "") else "key"


def _union(name: str, voters: Sequence[Contribution]) -> list[Any]:
    live = [c for c in voters if not c.deleted] or list(voters[:1])
    values: list[Any] = []
    for one in live:
        for value in one.fields[name] if isinstance(one.fields[name], list) else [one.fields[name]]:
            if value not in values:
                values.append(value)
    return values


def _deactivate(
    entity: Entity, contributions: Sequence[Contribution], fields: dict[str, Any], provenance: dict[str, Any]
) -> None:
    """Switched off, not removed, when those who decide deleted their records.

    The owner role of ``status`` decides where it has contributed, else every source that knows the entity by itself (a
    record that only we wrote is no evidence).
    """
    if "status" not in entity.fields:
        return
    owner = entity.fields["status"].owner
    deciders = [c for c in contributions if owner and c.role == owner and "status" not in c.echo]
    deciders = deciders or [c for c in contributions if "status" not in c.echo]
    if deciders and all(c.deleted for c in deciders):
        newest = max(deciders, key=lambda c: (c.changed.get("", ""), c.connection, c.stream, c.key))
        fields["status"] = "inactive"
        provenance["status"] = {**newest.origin(), "rule": "deleted", "at": newest.changed.get("", ""), "others": []}

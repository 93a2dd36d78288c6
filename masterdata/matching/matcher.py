"""Decide for one record: an entity that is there already, or a new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from masterdata.matching.keys import MatchKey


@dataclass
class Index:
    """The entities that hold any of the keys in question; grows as records of a batch are decided."""

    by_key: dict[MatchKey, set[UUID]] = field(default_factory=dict)
    codes: dict[UUID, set[str]] = field(default_factory=dict)

    def add(self, entity: UUID, keys: Iterable[MatchKey]) -> None:
        """Let ``entity`` be found by ``keys``."""
        for key in keys:
            self.by_key.setdefault(key, set()).add(entity)
            if key.kind == "code":
                self.codes.setdefault(entity, set()).add(key.value)


@dataclass(frozen=True, slots=True)
class Decision:
    """``entity`` None means a new one. ``by`` is the key that decided; ``rivals`` are other entities that fit too."""

    entity: UUID | None
    by: MatchKey | None = None
    rivals: tuple[UUID, ...] = ()


def decide(keys: Sequence[MatchKey], index: Index) -> Decision:
    """The strongest key that finds an entity decides.

    Veto: a name never joins a record to an entity that has another legal code. Among several entities with the same
    key the lowest id wins, so that the answer does not depend on chance; the others are reported as rivals.
    """
    own_code = next((key.value for key in keys if key.kind == "code"), None)
    chosen: UUID | None = None
    by: MatchKey | None = None
    rivals: set[UUID] = set()
    for key in keys:
        found = index.by_key.get(key, set())
        if key.kind == "name" and own_code:
            found = {one for one in found if not (index.codes.get(one, set()) - {own_code})}
        if not found:
            continue
        if chosen is None:
            chosen, by = min(found), key
        rivals |= found
    return Decision(chosen, by, tuple(sorted(rivals - {chosen})) if chosen else ())

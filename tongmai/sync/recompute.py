"""Golden records and the sums above them, chosen anew from the contributions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from masterdata.golden import overrides
from masterdata.golden import write as golden
from masterdata.golden.rollup import Rollup, add_totals
from masterdata.golden.write import Golden
from masterdata.model import Entity
from masterdata.store import Cursor, Database
from masterdata.survivorship import Contribution, Override, survive
from tongmai.sync import due, targets
from tongmai.sync.alive import alive
from tongmai.sync.triggers import Trigger, Waking


class Round(Protocol):
    """What choosing anew needs to know: a lane does, and so does a steward's command."""

    @property
    def database(self) -> Database: ...
    @property
    def entity(self) -> Entity: ...
    @property
    def run(self) -> str: ...
    @property
    def release(self) -> bytes: ...
    @property
    def triggers(self) -> tuple[Trigger, ...]: ...
    @property
    def sums(self) -> tuple[Rollup, ...]: ...


@dataclass(frozen=True)
class Alone:
    """A round without a source."""

    database: Database
    entity: Entity
    run: str
    release: bytes
    triggers: tuple[Trigger, ...]
    sums: tuple[Rollup, ...]


def recompute(
    lane: Round,
    cursor: Cursor,
    entity: Entity,
    current: dict[UUID, Golden],
    contributions: Mapping[UUID, list[Contribution]],
    fresh: Collection[int] = (),
) -> list[tuple[Golden, Golden]]:
    """Choose every field anew, save what is different; ``current`` is brought up to date. Returns before and after.

    ``fresh``: records that were mapped just now, so that what they refer to is alive.
    """
    stewards: Mapping[UUID, list[Override]] = overrides.load(cursor, list(contributions))
    contributions, stewards = alive(cursor, entity, contributions, stewards, fresh)
    chosen = {
        one: survive(entity, sorted(own, key=lambda c: c.record_id), stewards.get(one, ()))
        for one, own in sorted(contributions.items())
    }
    add_totals(cursor, [one for one in lane.sums if one.parent is entity], chosen)
    moved: list[tuple[Golden, Golden]] = []
    changes: list[tuple[Golden, list[str]]] = []
    reasons: list[Golden] = []
    for entity_id, (fields, provenance) in chosen.items():
        before = current.get(entity_id, Golden(entity_id))
        mark = golden.digest(fields)
        if mark != before.digest:
            names = [name for name, value in fields.items() if before.fields.get(name) != value]
            after = Golden(entity_id, before.version + 1, mark, fields, provenance)
            changes.append((after, names))
            moved.append((before, after))
            current[entity_id] = after
        elif provenance != before.provenance:
            current[entity_id] = Golden(entity_id, before.version, mark, fields, provenance)
            reasons.append(current[entity_id])
    golden.save(lane.database, cursor, entity, lane.run, changes)
    due.referred(cursor, entity, moved)
    golden.save_provenance(cursor, reasons)
    return moved


def sum_up(
    lane: Round,
    cursor: Cursor,
    moved: Sequence[tuple[Golden, Golden]],
    heard: Collection[UUID],
    waking: Waking,
) -> None:
    """The parents whose sums these changes move; ``waking`` is told. Children of a first listing (not ``heard``) start no flow of theirs."""
    parents: dict[str, tuple[Entity, set[UUID], set[UUID]]] = {}
    for one in lane.sums:
        if one.child is lane.entity:
            _, every, new = parents.setdefault(one.parent.entity, (one.parent, set(), set()))
            for pair in moved:
                hit = {UUID(value) for side in pair if (value := side.fields.get(one.by))}
                every |= hit
                new |= hit if pair[1].entity_id in heard else set()
    for entity, ids_, started in parents.values():
        current = golden.load(cursor, sorted(ids_))
        contributions = golden.load_contributions(cursor, sorted(current))
        above = recompute(lane, cursor, entity, current, contributions)
        targets.queue(cursor, entity.entity, lane.run, {after.entity_id: after for _, after in above})
        waking.changed(entity.entity, above, started)

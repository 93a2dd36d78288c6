"""Open questions about identity: which entities may be one, gathered in groups, the most pressing first."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from masterdata.model import Schema
from masterdata.store import Cursor
from tongmai.sync.matcher import Matcher
from tongmai.sync.misfits import misfits
from tongmai.sync.trace import NotFoundError
from tongmai.sync.unfinished import unfinished

BIT = 1000
_PAIRS = """
select v.entity_id, v.twin_id, max(v.weight), count(*) from hub.match_review v
 where v.entity = %(entity)s and v.weight >= %(least)s group by 1, 2 order by 3 desc, 1, 2
"""
# The same of a few entities, each pair from the side of its lower id.
_PAIRS_OF = """
select v.entity_id, v.twin_id, max(v.weight), count(*) from hub.match_twin v
 where v.entity_id = any(%(members)s) and v.entity_id < v.twin_id and v.entity = %(entity)s and v.weight >= %(least)s
 group by 1, 2 order by 3 desc, 1, 2
"""
_NEXT = """
select distinct v.twin_id from hub.match_twin v where v.entity_id = any(%(members)s) and v.entity = %(entity)s and v.weight >= %(least)s
"""
_AGES = "select id, created_at from hub.entity where id = any(%s::uuid[])"
_WAITING = """
select o.entity_id, count(*) from hub.outbox o
 where o.state = 'waiting' and o.entity_id = any(%s::uuid[])
   and not exists (select 1 from hub.target_state h where h.target = o.target and h.entity_id = o.entity_id) group by 1
"""
_NAMES = """
select e.id, v.fields->>%s, (select count(*) from hub.source_record r where r.entity_id = e.id and not r.deleted)
  from hub.entity e join hub.entity_version v on v.entity_id = e.id and v.version = e.version
 where e.id = any(%s)
"""


@dataclass
class Group:
    """Entities that hang together by open questions. ``pairs``: two entities, the strongest weight of their records in
    milli-bits, how many pairs of records; ``misfits``: records of one entity that were only kept with it.

    ``priority`` is the sum of ``points``: deliveries that wait, what refers to the entities and is still open, how near the
    weight is to a merge, how long the question stands.
    """

    entity: str
    members: list[UUID]
    pairs: list[tuple[UUID, UUID, int, int]] = field(default_factory=list)
    misfits: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    points: dict[str, float] = field(default_factory=dict)
    since: datetime | None = None

    @property
    def id(self) -> str:
        """The group goes by its lowest entity."""
        return str(self.members[0])

    @property
    def weight(self) -> int:
        """Of its strongest pair."""
        return max((pair[2] for pair in self.pairs), default=0)

    @property
    def priority(self) -> float:
        return round(sum(self.points.values()), 1)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "group": self.id,
            "entity": self.entity,
            "kind": "twins" if self.pairs else "kept",
            "priority": self.priority,
            "points": self.points,
            "weight": self.weight / BIT,
            "members": [{"id": str(one), **self.facts.get(one, {})} for one in self.members],
            "pairs": [{"a": str(a), "b": str(b), "weight": w / BIT, "records": n} for a, b, w, n in self.pairs],
            "kept": [{**one, "entity_id": str(one["entity_id"])} for one in self.misfits],
        }


def questions(cursor: Cursor, schema: Schema, matcher: Matcher, now: datetime, least: int | None = None) -> list[Group]:
    """Every open question about an entity, the most pressing first, worked out from all pairs there are. ``least``:
    milli-bits from which a pair counts. Of a queue of many thousands ``tongmai.sync.queue`` knows the first ones sooner."""
    groups = open_groups(cursor, matcher, least)
    weigh(cursor, schema, matcher, groups, now)
    return in_order(groups)


def in_order(groups: Iterable[Group]) -> list[Group]:
    """The most pressing first."""
    return sorted(groups, key=lambda one: (-one.priority, one.entity, one.id))


def open_groups(
    cursor: Cursor, matcher: Matcher, least: int | None = None, members: Collection[UUID] | None = None
) -> list[Group]:
    """Open questions about an entity, in no order and without facts: all, or those among ``members`` (see ``region``)."""
    values = {"entity": matcher.entity, "least": matcher.scorer.review if least is None else least}
    if members is None:
        cursor.execute(_PAIRS, values)
    else:
        cursor.execute(_PAIRS_OF, {**values, "members": list(members)})
    groups = _grouped(matcher.entity, [(row[0], row[1], row[2], row[3]) for row in cursor])
    of = {member: group for group in groups for member in group.members}
    for one in misfits(cursor, matcher.entity, entities=members):
        own = of.get(one["entity_id"])
        if own is None:
            own = of[one["entity_id"]] = Group(matcher.entity, [one["entity_id"]])
            groups.append(own)
        own.misfits.append(one)
    return groups


def region(cursor: Cursor, matcher: Matcher, entities: Collection[UUID]) -> set[UUID]:
    """These entities and all that they hang together with by open pairs."""
    found, fresh = set(entities), set(entities)
    while fresh:
        cursor.execute(
            _NEXT, {"entity": matcher.entity, "least": matcher.scorer.review, "members": sorted(fresh, key=_number)}
        )
        fresh = {row[0] for row in cursor} - found
        found |= fresh
    return found


def named(cursor: Cursor, schema: Schema, groups: Sequence[Group]) -> Sequence[Group]:
    """Add to the facts of these groups' members their names and how many records they are made of."""
    for entity in {group.entity for group in groups}:
        own = [group for group in groups if group.entity == entity]
        cursor.execute(
            _NAMES, (schema.entities[entity].matching.name or "", [m for group in own for m in group.members])
        )
        known = {row[0]: {"name": row[1], "records": row[2]} for row in cursor}
        for group in own:
            group.facts = {one: {**known.get(one, {}), **fact} for one, fact in group.facts.items()}
    return groups


def group_of(groups: Sequence[Group], members: Collection[UUID]) -> Group:
    """The group that holds these entities; raises where no question is open about them."""
    for one in groups:
        if set(members) <= set(one.members):
            return one
    raise NotFoundError(
        f"question about {', '.join(sorted(map(str, members)))}", "none is open", "see `tongmai review list`"
    )


_number = attrgetter("int")


def _grouped(entity: str, pairs: Sequence[tuple[UUID, UUID, int, int]]) -> list[Group]:
    parent: dict[UUID, UUID] = {}

    def root(one: UUID) -> UUID:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = parent[above]
            one = above
        return one

    for a, b, *_ in pairs:
        first, second = root(a), root(b)
        if first.int > second.int:
            first, second = second, first
        parent[second] = first
    found: dict[UUID, Group] = {}
    for one in sorted(parent, key=_number):  # of many thousands ids themselves are slow to compare
        found.setdefault(root(one), Group(entity, [])).members.append(one)
    for pair in pairs:
        found[root(pair[0])].pairs.append(pair)
    return list(found.values())


def weigh(cursor: Cursor, schema: Schema, matcher: Matcher, groups: Sequence[Group], now: datetime) -> None:
    """Find the facts that make up each group's priority."""
    every = [one for group in groups for one in group.members]
    ids = (
        f"{{{','.join(map(str, every))}}}"  # as PostgreSQL writes an array: of many thousands it takes no time to adapt
    )
    cursor.execute(_AGES, (ids,))
    facts: dict[UUID, dict[str, Any]] = {row[0]: {"created_at": row[1], "waiting": 0, "open": {}} for row in cursor}
    cursor.execute(_WAITING, (ids,))
    for target, count in cursor:
        if target in facts:
            facts[target]["waiting"] = count
    for entity, target, count in unfinished(cursor, schema, matcher.referrers, ids):
        if target in facts:
            facts[target]["open"][entity] = facts[target]["open"].get(entity, 0) + count
    for group in groups:
        group.facts = {one: facts[one] for one in group.members if one in facts}
        group.since = _since(group, now)
        group.points = _points(group, matcher, now)


def _since(group: Group, now: datetime) -> datetime:
    # Said of entities, not of edges: the question cannot be older than the younger of both.
    since = max((one["created_at"] for one in group.facts.values()), default=now)
    found: datetime = min([since, *(one["since"] for one in group.misfits)])
    return found


def _points(group: Group, matcher: Matcher, now: datetime) -> dict[str, float]:
    waiting = sum(one["waiting"] for one in group.facts.values())
    business = sum(sum(one["open"].values()) for one in group.facts.values())
    days = max(0.0, (now - (group.since or now)).total_seconds() / 86_400)
    span = matcher.scorer.merge - matcher.scorer.review
    near = 1 - min(span, abs(matcher.scorer.merge - group.weight)) / span if group.pairs and span else 0.5
    return {
        "waiting": round(20 * math.log2(1 + waiting), 1),
        "business": round(5 * math.log2(1 + business), 1),
        "likelihood": round(20 * near, 1),
        "age": round(min(days, 30) / 3, 1),
    }

"""Open questions about identity: which entities may be one, gathered in groups, the most pressing first."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.model import Schema
from masterdata.store import Cursor
from tongmai.sync.matcher import Matcher
from tongmai.sync.misfits import misfits
from tongmai.sync.referrers import Referrer
from tongmai.sync.trace import NotFoundError

BIT = 1000
_PAIRS = """
select v.entity_id, v.twin_id, max(v.weight), count(*) from hub.match_review v
 where v.entity = %(entity)s and v.weight >= %(least)s group by 1, 2 order by 3 desc, 1, 2
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
    """Every open question about an entity, the most pressing group first. ``least``: milli-bits from which a pair counts.

    Of a queue of many thousands only what its order needs is read; ``named`` tells more of those that are looked at.
    """
    groups = open_groups(cursor, matcher, least)
    _weigh(cursor, schema, matcher, groups, now)
    return sorted(groups, key=lambda each: (-each.priority, each.id))


def open_groups(cursor: Cursor, matcher: Matcher, least: int | None = None) -> list[Group]:
    """Every open question about an entity, in no order and without facts."""
    cursor.execute(_PAIRS, {"entity": matcher.entity, "least": matcher.scorer.review if least is None else least})
    groups = _grouped(matcher.entity, [(row[0], row[1], row[2], row[3]) for row in cursor])
    of = {member: group for group in groups for member in group.members}
    for one in misfits(cursor, matcher.entity):
        own = of.get(one["entity_id"])
        if own is None:
            own = of[one["entity_id"]] = Group(matcher.entity, [one["entity_id"]])
            groups.append(own)
        own.misfits.append(one)
    return groups


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


def _weigh(cursor: Cursor, schema: Schema, matcher: Matcher, groups: Sequence[Group], now: datetime) -> None:
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
    for entity, target, count in _open(cursor, schema, matcher.referrers, ids):
        if target in facts:
            facts[target]["open"][entity] = facts[target]["open"].get(entity, 0) + count
    for group in groups:
        group.facts = {one: facts[one] for one in group.members if one in facts}
        group.points = _points(group, matcher, now)


def _points(group: Group, matcher: Matcher, now: datetime) -> dict[str, float]:
    waiting = sum(one["waiting"] for one in group.facts.values())
    business = sum(sum(one["open"].values()) for one in group.facts.values())
    # Said of entities, not of edges: the question cannot be older than the younger of both.
    since = max((one["created_at"] for one in group.facts.values()), default=now)
    since = min([since, *(one["since"] for one in group.misfits)])
    days = max(0.0, (now - since).total_seconds() / 86_400)
    span = matcher.scorer.merge - matcher.scorer.review
    near = 1 - min(span, abs(matcher.scorer.merge - group.weight)) / span if group.pairs and span else 0.5
    return {
        "waiting": round(20 * math.log2(1 + waiting), 1),
        "business": round(5 * math.log2(1 + business), 1),
        "likelihood": round(20 * near, 1),
        "age": round(min(days, 30) / 3, 1),
    }


def _open(cursor: Cursor, schema: Schema, fields: Sequence[Referrer], ids: str) -> Iterable[tuple[str, UUID, int]]:
    """(entity, one of the ids, how many golden records of it refer there and are not at an end: in a last stage, or inactive)."""
    if not fields:
        return ()
    counts = [
        sql.SQL("select {}, n.id, count(*) from ({}) r join n on n.id = r.one group by n.id").format(
            sql.Literal(one.entity), _referring(schema, one)
        )
        for one in fields
    ]
    every = sql.SQL("with n as materialized (select unnest(%s::uuid[]) as id) ") + sql.SQL(" union all ").join(counts)
    cursor.execute(every, (ids,))
    return cursor.fetchall()


def _referring(schema: Schema, one: Referrer) -> sql.Composable:
    """What each unfinished golden record refers to by this field."""
    column = sql.SQL("g.{}").format(sql.Identifier(one.column))
    source: sql.Composed = sql.SQL("golden.{} g").format(sql.Identifier(one.entity))
    what: sql.Composable = column
    if one.line:
        source += sql.SQL(
            " cross join lateral (select distinct l->>{} as one from jsonb_array_elements(coalesce({}, '[]')) l) x"
        ).format(sql.Literal(one.line), column)
        what = sql.SQL("x.one::uuid")
    elif one.many:
        source += sql.SQL(" cross join lateral unnest({}) x (one)").format(column)
        what = sql.SQL("x.one::uuid")
    where = sql.SQL(" and ").join([sql.SQL("{} is not null").format(what), *_unfinished(schema, one.entity)])
    return sql.SQL("select {} as one from {} where {}").format(what, source, where)


def _unfinished(schema: Schema, entity: str) -> list[sql.Composable]:
    """Conditions by the entity's own dictionaries: a term that nothing may follow ends a record."""
    model = schema.entities[entity]
    found: list[sql.Composable] = []
    for name, spec in model.fields.items():
        if spec.type.name != "term" or spec.type.many or spec.type.arg not in schema.terms:
            continue
        terms = schema.terms[spec.type.arg].terms
        last = [word for word, term in terms.items() if term.next is not None and not term.next]
        if spec.type.arg == "record_status":
            last = ["inactive"]
        if last:
            column = sql.SQL("g.{}").format(sql.Identifier(model.column(name)))
            found.append(sql.SQL("({0} is null or not {0}::text = any({1}))").format(column, sql.Literal(last)))
    return found

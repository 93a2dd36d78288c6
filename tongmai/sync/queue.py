"""The review queue: which open questions come first, of however many, without working all of them out anew.

``hub.question`` holds each group with its priority; what may change one leaves a note in ``hub.question_due``, in its own
transaction. Whoever wants to know takes the notes first and works out what they touch, so the order is never older than the
question that is asked. What a page shows is read live: the table only chooses.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from masterdata.model import Schema
from masterdata.store import Cursor, Database
from masterdata.store.database import hold, lock_number
from tongmai.core.errors import ConfigurationError
from tongmai.sync.matcher import Matcher, matcher_in
from tongmai.sync.reviewing import Group, in_order, open_groups, questions, region, weigh
from tongmai.sync.unfinished import referring

LOCK = "questions"
MANY = 2_000
"""Where more entities are due than this, all questions of their kind are made anew: it takes no longer."""
_DUE = "delete from hub.question_due returning entity_id, record_id, facts"
_OWN = """
select e.entity, e.id from hub.entity e where e.entity = any(%(names)s) and e.id in (
  select unnest(%(ids)s::uuid[]) union all select r.entity_id from hub.source_record r where r.id = any(%(records)s))
"""
_TOUCHED = "select entity, members from hub.question where members && %s::uuid[]"
_PAGE = """
select q.id, q.entity, q.members, q.priority from (
  select id, entity collate "C" as entity, members, points + round(
           least(greatest(extract(epoch from %(now)s::timestamptz - since), 0) / 86400, 30) / 3, 1) as priority
    from hub.question where entity = any(%(names)s)) q
 where %(below)s::numeric is null or (-q.priority, q.entity, q.id) > (-%(below)s::numeric, %(entity)s, %(id)s::uuid)
 order by -q.priority, q.entity, q.id limit %(limit)s
"""


class Place(NamedTuple):
    """Where a reader of the queue stands: behind this question, in the order as it was at ``now`` (age counts on)."""

    now: datetime
    priority: Decimal | None = None
    entity: str = ""
    id: UUID = UUID(int=0)

    def text(self) -> str:
        """What readers are given; they should not look inside."""
        told = f"{self.now.astimezone(UTC).isoformat()} {self.priority} {self.entity} {self.id}"
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def place(text: str) -> Place:
    """Back from its text; raises ``ConfigurationError``."""
    try:
        parts = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)).decode().split(" ")
        now, priority, entity, one = parts
        found = Place(datetime.fromisoformat(now), Decimal(priority), entity, UUID(one))
        if found.now.tzinfo is None or not found.priority.is_finite() or "\x00" in entity:  # type: ignore[union-attr]
            raise ValueError
    except (ValueError, binascii.Error, InvalidOperation):
        raise ConfigurationError(
            "cursor of the review queue",
            "it is none that an answer gave",
            "give the `next` of an earlier answer, or leave it out to begin",
            code="bad-cursor",
        ) from None
    return found


@dataclass
class Page:
    """Some questions, the most pressing first; ``open``: how many there are in all; ``next``: where the others begin."""

    groups: list[Group]
    open: int
    next: Place | None


def page(
    cursor: Cursor, schema: Schema, matchers: Mapping[str, Matcher], after: Place, limit: int, least: int | None = None
) -> Page:
    """A page of the questions about these entities, of a queue that is up to date (``stale``). With ``least`` (milli-bits
    from which a pair counts) the groups are other ones, and all are worked out anew."""
    if least is not None:
        return _by_hand(cursor, schema, matchers, after, limit, least)
    names = sorted(matchers)
    cursor.execute("select count(*) from hub.question where entity = any(%s)", (names,))
    row = cursor.fetchone()
    cursor.execute(
        _PAGE,
        {"names": names, "now": after.now, "below": after.priority, "entity": after.entity, "id": after.id, "limit": limit + 1},
    )  # fmt: skip
    rows = cursor.fetchall()
    groups: list[Group] = []
    for name in sorted({each[1] for each in rows[:limit]}):
        members = list(chain.from_iterable(each[2] for each in rows[:limit] if each[1] == name))
        own = open_groups(cursor, matchers[name], members=members)
        weigh(cursor, schema, matchers[name], own, after.now)
        groups += own
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        in_order(groups), int(row[0]) if row else 0, Place(after.now, last[3], last[1], last[0]) if last else None
    )


def _by_hand(
    cursor: Cursor, schema: Schema, matchers: Mapping[str, Matcher], after: Place, limit: int, least: int
) -> Page:
    every = in_order(
        chain.from_iterable(questions(cursor, schema, one, after.now, least) for _, one in sorted(matchers.items()))
    )
    at = {one.id: Place(after.now, Decimal(str(one.priority)), one.entity, one.members[0]) for one in every}
    rest = every
    if after.priority is not None:
        here = (-after.priority, after.entity, after.id)
        rest = [one for one in every if (-(at[one.id].priority or 0), one.entity, one.members[0]) > here]
    return Page(rest[:limit], len(every), at[rest[limit - 1].id] if len(rest) > limit else None)


def stale(cursor: Cursor, schema: Schema, matchers: Collection[Matcher]) -> bool:
    """Whether ``refresh`` has anything to do before these entities' questions are told."""
    cursor.execute("select exists (select 1 from hub.question_due)")
    row = cursor.fetchone()
    if row and row[0]:
        return True
    cursor.execute("select entity, mark from hub.question_mark")
    known = {each[0]: bytes(each[1]) for each in cursor}
    return any(known.get(one.entity) != _mark(schema, one) for one in matchers)


def refresh(database: Database, schema: Schema, matchers: Collection[Matcher] = (), *, patient: bool = True) -> None:
    """Bring the queue up to date with all that was committed. ``matchers``: of entities whose questions have to stand
    afterwards, by today's rules. Not ``patient``: leave it to another process that is just doing it."""
    known = {one.entity: one for one in matchers}
    with database.transaction() as cursor:
        if patient:
            hold(cursor, [LOCK])
        elif not _free(cursor):
            return
        # Statement by statement the newest state is read, so what a note tells of is seen; what is noted later stays noted.
        cursor.execute(_DUE)
        due = cursor.fetchall()
        seeds = _seeds(cursor, sorted(schema.matching), due)
        for name in sorted({*seeds, *known}):
            matcher = known.get(name) or matcher_in(cursor, schema, name)
            if matcher is not None:
                _work_out(cursor, schema, matcher, seeds.get(name, set()))


def _free(cursor: Cursor) -> bool:
    cursor.execute("select exists (select 1 from hub.question_due)")
    row = cursor.fetchone()
    if not row or not row[0]:
        return False
    cursor.execute("select pg_try_advisory_xact_lock(%s)", (lock_number(LOCK),))
    row = cursor.fetchone()
    return bool(row and row[0])


def _seeds(
    cursor: Cursor, names: Sequence[str], due: Sequence[tuple[UUID | None, int | None, bool]]
) -> dict[str, set[UUID]]:
    """Entities whose questions are to be worked out, by kind: those due, and all that are in one question with them."""
    ids = {one for one, _, _ in due if one is not None}
    records = {record for _, record, _ in due if record is not None}
    whole = {one for one, _, facts in due if one is not None and not facts}
    found: dict[str, set[UUID]] = {}
    if whole or records:
        cursor.execute(_OWN, {"names": list(names), "ids": list(whole), "records": list(records)})
        for name, one in cursor:
            found.setdefault(name, set()).add(one)
    every = ids.union(*found.values())
    if every:
        cursor.execute(_TOUCHED, (list(every),))
        for name, members in cursor:
            if name in names:
                found.setdefault(name, set()).update(members)
    return found


def _work_out(cursor: Cursor, schema: Schema, matcher: Matcher, seeds: set[UUID]) -> None:
    mark = _mark(schema, matcher)
    cursor.execute("select mark from hub.question_mark where entity = %s", (matcher.entity,))
    row = cursor.fetchone()
    members: set[UUID] | None = None
    if row is not None and bytes(row[0]) == mark and len(seeds) <= MANY:
        members = region(cursor, matcher, seeds)
        cursor.execute("delete from hub.question where members && %s::uuid[]", (list(members),))
    else:
        cursor.execute("delete from hub.question where entity = %s", (matcher.entity,))
        cursor.execute(
            """insert into hub.question_mark (entity, mark) values (%s, %s)
               on conflict (entity) do update set mark = excluded.mark""",
            (matcher.entity, mark),
        )
    groups = open_groups(cursor, matcher, members=members)
    cursor.execute("select now()")
    moment = cursor.fetchone()
    assert moment is not None
    weigh(cursor, schema, matcher, groups, moment[0])
    with cursor.copy("copy hub.question (id, entity, members, since, points) from stdin") as copy:
        for one in groups:
            points = sum(value for name, value in one.points.items() if name != "age")
            copy.write_row((one.members[0], one.entity, one.members, one.since, Decimal(str(round(points, 1)))))


def _mark(schema: Schema, matcher: Matcher) -> bytes:
    """Changes when the same pairs and facts could make other questions, or other priorities."""
    told = [str(matcher.scorer.review), str(matcher.scorer.merge)]
    told += [f"{one} {referring(schema, one).as_string()}" for one in matcher.referrers]
    return blake2b("\x1f".join(told).encode(), digest_size=16).digest()

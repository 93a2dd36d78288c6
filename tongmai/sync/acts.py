"""What a steward says of identity: these are one, these are not, take that back. Golden records and targets follow at once."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any
from uuid import UUID

from masterdata.golden import write as golden
from masterdata.golden.rollup import rollups
from masterdata.identity.members import Moves, regroup
from masterdata.matching import match_keys
from masterdata.matching.online import settle
from masterdata.store import Cursor, connect
from masterdata.store.database import hold
from tongmai.core.errors import ConfigurationError, RetryableError, StateError, TongmaiError
from tongmai.core.failpoint import reach
from tongmai.core.secrets import EnvironmentSecrets
from tongmai.core.settings import database_url
from tongmai.sync import runs
from tongmai.sync.content import Content, activate, load_content
from tongmai.sync.effects import effects
from tongmai.sync.following import follow
from tongmai.sync.matcher import Matcher, matcher_of
from tongmai.sync.misfits import unsettled
from tongmai.sync.overriding import choose, locks, queued
from tongmai.sync.reading import drain_woken
from tongmai.sync.recompute import Alone
from tongmai.sync.referrers import look_again
from tongmai.sync.report import SyncReport
from tongmai.sync.session import PATIENCE, Session, SyncOptions, close, database_errors
from tongmai.sync.trace import NotFoundError, find
from tongmai.sync.triggers import Waking

MOST = 400
LOT = 5_000
"""So many records are looked at at once: however many there are, memory and the time between two statements are bounded."""
log = logging.getLogger("tongmai.review")


@dataclass
class Outcome:
    """What an act did, or in a dry run would do. ``moves``: record → (its entity before, and after)."""

    act: int = 0
    moves: dict[int, tuple[UUID, UUID]] = field(default_factory=dict)
    dead: list[UUID] = field(default_factory=list)
    risen: list[UUID] = field(default_factory=list)
    entities: list[UUID] = field(default_factory=list)
    queued: int = 0
    effects: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "act": self.act,
            "moved": [{"record": one, "from": str(a), "to": str(b)} for one, (a, b) in sorted(self.moves.items())],
            "ended": sorted(map(str, self.dead)),
            "revived": sorted(map(str, self.risen)),
            "entities": sorted(map(str, self.entities)),
            "deliveries": self.queued,
            **self.effects,
        }


@dataclass(frozen=True)
class Desk:
    """Where a steward works: one entity's lane, locked."""

    alone: Alone
    matcher: Matcher
    session: Session
    report: SyncReport
    waking: Waking = field(default_factory=Waking)
    named: set[UUID] = field(default_factory=set)

    def members(self, cursor: Cursor, entity_id: UUID) -> list[int]:
        """The records of an entity that are compared."""
        cursor.execute(
            """select m.record_id from hub.source_record r join hub.match_record m on m.record_id = r.id
                where r.entity_id = %s order by m.seat""",
            (entity_id,),
        )
        return [row[0] for row in cursor]

    def finish(self, cursor: Cursor) -> None:
        """What all verdicts together mean for records that refer to what moved, and for flows."""
        look_again(cursor, self.matcher.entity, self.matcher.referrers, self.named)
        self.waking.settle(cursor, self.alone)


@dataclass(frozen=True)
class Verdict:
    """What is said of a group of keys (entity ids or source keys) or records: ``merge`` them, keep them ``apart``, take
    ``records`` out of what they are in (``unmerge``). ``pairs``: of just these pairs of records, lower number first. A ``why``
    of its own stands above that of the whole."""

    kind: str
    keys: tuple[str, ...] = ()
    records: tuple[int, ...] = ()
    why: str = ""
    pairs: tuple[tuple[int, int], ...] = ()


def act(entity: str, verdict: Verdict, *, who: str, why: str, dry_run: bool = False, url: str = "") -> Outcome:
    """Carry out one verdict."""
    return bulk(entity, [verdict], who=who, why=why, dry_run=dry_run, url=url)[0]


def bulk(
    entity: str, verdicts: Sequence[Verdict], *, who: str, why: str, dry_run: bool = False, url: str = ""
) -> list[Outcome]:
    """Carry out verdicts one after the other, all or none of them. A dry run shows what each would do and keeps nothing.

    A merge of what an earlier verdict of the same call has made one already does nothing. ``url``: of the hub database.
    """
    for one in verdicts:
        if not (one.why or why).strip():
            raise ConfigurationError(
                "a steward's act", "it does not say why", "give a reason with --why", code="bad-option"
            )
    done: list[Outcome] = []
    with desk_of(entity, dry_run, url) as desk:
        with desk.alone.database.transaction() as cursor:
            hold(cursor, locks(desk.alone))
            for one in verdicts:
                if done and one.kind == "merge" and len({find(cursor, entity, key) for key in one.keys}) == 1:
                    done.append(Outcome())
                    continue
                pairs = _pairs(desk, cursor, one)
                done.append(_decide(desk, cursor, one.kind, pairs, who, (one.why or why).strip()))
            desk.finish(cursor)
            reach("act.before-commit")
        reach("act.before-woken")
        end(desk, done)
    return done


def undo(entity: str, number: int, *, who: str, why: str = "", dry_run: bool = False, url: str = "") -> Outcome:
    """Take an act back: its decisions end, and what they held together or apart is as the records themselves say."""
    with desk_of(entity, dry_run, url) as desk:
        with desk.alone.database.transaction() as cursor:
            hold(cursor, locks(desk.alone))
            cursor.execute(
                """update hub.match_act set undone_at = now(), undone_by = %s, undone_why = %s
                    where id = %s and entity = %s and undone_at is null""",
                (who, why.strip(), number, entity),
            )
            if not cursor.rowcount:
                raise NotFoundError(
                    f"act {number} on {entity}", "there is none, or it was undone already", "see `tongmai review acts`"
                )
            cursor.execute(
                "update hub.match_decision set ended_at = now() where act = %s and ended_at is null returning one, other",
                (number,),
            )
            records = {one for row in cursor for one in row}
            found = _follow(desk, cursor, records, number)
            desk.finish(cursor)
            reach("act.before-commit")
        reach("act.before-woken")
        end(desk, [found])
    return found


def _pairs(desk: Desk, cursor: Cursor, verdict: Verdict) -> dict[tuple[int, int], bool]:
    """What a verdict says of pairs of records. Raises where it names nothing, too little or too much."""
    if verdict.pairs:
        return dict.fromkeys(verdict.pairs, verdict.kind == "merge")
    groups = [desk.members(cursor, find(cursor, desk.matcher.entity, key)) for key in dict.fromkeys(verdict.keys)]
    groups = [list(group) for group in dict.fromkeys(tuple(group) for group in groups)]
    if verdict.kind == "unmerge":
        return _taken_out(desk, cursor, verdict.records)
    if verdict.kind == "merge" and len(groups) == 1 and (confirmed := unsettled(cursor, groups[0])):
        return dict.fromkeys(confirmed, True)
    if len(groups) < 2:
        one_already = bool(groups) and len(verdict.keys) > 1
        out = "take records out of it with `tongmai review unmerge`, or take back what joined them with `tongmai review undo`"
        raise ConfigurationError(
            f"{verdict.kind} of {', '.join(verdict.keys)}",
            "they are one entity already" if one_already else "it names fewer than two entities",
            out if one_already and verdict.kind == "apart" else "name two different entities",
            code="bad-option",
        )
    if sum(map(len, groups)) > MOST:
        raise StateError(
            f"{verdict.kind} of {', '.join(verdict.keys)}",
            f"they have {sum(map(len, groups))} records together, allowed are {MOST}",
            "something common is taken for a key: look with `tongmai match explain`",
            code="too-many-records",
        )
    if verdict.kind == "merge":
        every = sorted({record for group in groups for record in group})
        return dict.fromkeys(combinations(every, 2), True)
    return {_ordered(a, b): False for one, other in combinations(groups, 2) for a, b in product(one, other)}


def _taken_out(desk: Desk, cursor: Cursor, records: Collection[int]) -> dict[tuple[int, int], bool]:
    cursor.execute(
        """select r.entity_id, array_agg(m.record_id) from hub.source_record r join hub.match_record m on m.record_id = r.id
            where r.entity_id in (select entity_id from hub.source_record where id = any(%s)) group by 1""",
        (list(records),),
    )
    pairs = {}
    for _, members in cursor.fetchall():
        out = set(records) & set(members)
        stay = set(members) - out
        if not stay:
            raise ConfigurationError(
                "unmerge", "every record would be taken out: then nothing is taken apart", "name fewer records",
                code="bad-option",
            )  # fmt: skip
        pairs.update({_ordered(a, b): False for a, b in product(out, stay)})
    if not pairs:
        raise NotFoundError(
            "unmerge", "none of these records is compared with others", "see `tongmai trace` for its sources"
        )
    return pairs


def _ordered(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _decide(desk: Desk, cursor: Cursor, kind: str, pairs: dict[tuple[int, int], bool], who: str, why: str) -> Outcome:
    cursor.execute(
        "insert into hub.match_act (entity, kind, who, why, run_id) values (%s, %s, %s, %s, %s) returning id",
        (desk.matcher.entity, kind, who, why, desk.alone.run),
    )
    row = cursor.fetchone()
    assert row is not None
    number = int(row[0])
    rows = sorted(pairs.items())
    cursor.execute(
        """insert into hub.match_decision (act, one, other, same)
           select %s, * from unnest(%s::bigint[], %s::bigint[], %s::boolean[])""",
        (number, [p[0] for p, _ in rows], [p[1] for p, _ in rows], [same for _, same in rows]),
    )
    return _follow(desk, cursor, {one for pair in pairs for one in pair}, number)


def _follow(desk: Desk, cursor: Cursor, records: Collection[int], number: int) -> Outcome:
    """Partition anew what these records hang together with, and let everything follow; some thousands at a time."""
    whole, done = Moves(), set[int]()
    for some in _lots(records, done):
        moves = _settle(desk, cursor, some, number)
        done.update(moves.entity_of)
        whole.entity_of |= moves.entity_of
        whole.over |= moves.over
        whole.dead |= moves.dead
        whole.risen |= moves.risen
    return _outcome(whole, number)


def _lots(records: Collection[int], done: Collection[int]) -> Iterator[list[int]]:
    """What hangs together with earlier ones is ``done`` with them."""
    rest = sorted(records)
    while rest := [one for one in rest if one not in done]:
        yield rest[:LOT]
        rest = rest[LOT:]


def _settle(desk: Desk, cursor: Cursor, records: Collection[int], number: int) -> Moves:
    alone, matcher = desk.alone, desk.matcher
    book = matcher.book(alone.database, cursor, {})
    clusters = settle(matcher.scorer, book, records, matcher.scorer.merge)
    book.save()
    moves = regroup(cursor, matcher.entity, clusters, alone.run, number)
    if moves.over:
        desk.named.update(follow(alone.database, cursor, alone.run, moves))
        touched = sorted(moves.touched)
        own = golden.load_contributions(cursor, touched)
        held = [(one, key) for one in touched for c in own.get(one, ()) for key in match_keys(alone.entity, c.fields)]
        golden.replace_keys(alone.database, cursor, matcher.entity, touched, held)
        desk.waking.join(choose(alone, cursor, touched), (one for pair in moves.over.values() for one in pair))
    return moves


def _outcome(moves: Moves, number: int) -> Outcome:
    return Outcome(number, moves.over, sorted(moves.dead), sorted(moves.risen), sorted(set(moves.entity_of.values())))


@contextmanager
def desk_of(entity: str, dry_run: bool, url: str = "") -> Iterator[Desk]:
    """Sit down to work on an entity, alone; with ``dry_run`` nothing is kept."""
    content = load_content()
    with database_errors("review"), connect(url or database_url(), rehearse=dry_run) as database:
        if not dry_run and not database.own("sync:review", PATIENCE):
            raise RetryableError(
                "review", f"another act is still going on after {PATIENCE:.0f} s", "wait for it", code="already-running"
            )
        current = activate(database, content)
        matcher = matcher_of(database, content.schema, entity)
        if matcher is None:
            raise unmatched(content, entity)
        run = runs.begin(database, "review", current, "cli", "", 0)
        model = content.schema.entities[entity]
        alone = Alone(database, model, run, current, content.triggers(entity), tuple(rollups(content.schema)))
        session = Session(
            database, content, current, EnvironmentSecrets(), SyncOptions(dry_run=dry_run), lambda *_: None
        )
        yield Desk(alone, matcher, session, SyncReport("review", run))


def unmatched(content: Content, entity: str) -> ConfigurationError:
    """Nothing is compared, so nothing is decided."""
    there = ", ".join(sorted(content.schema.matching))
    return ConfigurationError(
        f"entity `{entity}`",
        f"its records are not compared with each other, so there is nothing to decide (compared are: {there})",
        "correct the number it is known by in its source, or write a matching.yaml for it",
        code="no-matching-rules",
    )


def end(desk: Desk, done: Sequence[Outcome]) -> None:
    """Let records that refer to what moved follow, and close the run; the last outcome tells what all together did.

    The act stands already: where a source cannot be opened its records follow with its next sync, and the outcome says so.
    """
    later: dict[str, Any] = {}
    try:
        drain_woken(desk.session, desk.alone.run)
    except TongmaiError as error:
        log.warning("records that refer to what moved follow later: %s [%s]", error.what, error.code)
        later = {"code": error.code, "what": error.what, "why": str(error)}
    count = queued(desk.alone.database, desk.alone.run)
    desk.report.outbound.update(queued=count, pending=count)
    if done:
        done[-1].queued = count
        with desk.alone.database.transaction() as cursor:
            done[-1].effects = effects(cursor, desk.alone.run, {each for one in done for each in one.entities})
            if later:
                cursor.execute("select count(*) from hub.work where reason = 'reference'")
                row = cursor.fetchone()
                done[-1].effects["later"] = {"records": int(row[0]) if row else 0, **later}
    close(desk.alone.database, desk.report)

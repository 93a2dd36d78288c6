"""Transaction 2: map, identify, compute golden records, queue deliveries, book the outcome. One batch, one commit."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from connectors.sdk import Connector
from mappings.language.types import CompiledMapping, Issue, Mapped, Reference
from masterdata.golden import write as golden
from masterdata.golden.rollup import Rollup, add_totals
from masterdata.golden.write import Golden
from masterdata.matching import Decision, MatchKey, decide, match_keys
from masterdata.model import Entity
from masterdata.store import Cursor, Database
from masterdata.store.database import forget_plans, hold
from masterdata.survivorship import Contribution, survive
from tongmai.core import ids
from tongmai.core.errors import RecordError
from tongmai.core.failpoint import reach
from tongmai.sync import book, references, targets
from tongmai.sync.drift import Drift, FrozenError, frozen, words
from tongmai.sync.echo import mapped_anew, observe
from tongmai.sync.outcome import own_key
from tongmai.sync.triggers import Trigger, changed, made

HUB = "hub"
BATCH = 1_000

_CLAIM = """
with w as materialized (
  select record_id, inbox_id from hub.work where stream_id = %s and inbox_id > %s order by inbox_id limit %s for update)
select w.record_id, w.inbox_id, r.source_key, r.entity_id, i.op, i.version, i.raw, i.problem, i.received_at,
       coalesce(l.outcome, '') in ('applied', 'echo') as again,
       (select q.overlay from hub.quarantined_record q
         where q.record_id = r.id and q.inbox_id = w.inbox_id and q.overlay is not null order by q.id desc limit 1) as overlay
  from w
  join hub.source_record r on r.id = w.record_id
  join hub.inbox i on i.id = w.inbox_id
  left join hub.ledger l on l.inbox_id = i.id
 order by w.inbox_id
"""
_CLAIM_OWN = _CLAIM.replace(
    "select record_id, inbox_id from hub.work where stream_id = %s and inbox_id > %s order by inbox_id limit %s for update",
    """select k.record_id, k.inbox_id from hub.work k
       join hub.source_record s on s.id = k.record_id join hub.flow_instance f on f.id = s.source_key::uuid
      where k.stream_id = %s and k.inbox_id > %s and f.digest = any(%s) order by k.inbox_id limit %s for update of k""",
)


@dataclass
class Subject:
    """One record on its way through a batch."""

    record_id: int
    inbox_id: int
    key: str
    entity_id: UUID | None
    op: str
    version: str
    raw: bytes
    problem: str
    received_at: datetime
    again: bool  # this very version was applied before: its source said nothing new
    overlay: dict[str, Any] | None
    own: str = ""  # our own key, if the record holds one
    fields: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, Reference] = field(default_factory=dict)
    errors: list[Issue] = field(default_factory=list)
    findings: list[Issue] = field(default_factory=list)
    outcome: str = ""

    def stamp(self) -> str:
        """When the source changed this record, as far as it says; else when we read it. ISO text, UTC."""
        if self.version.isdigit() and len(self.version) == 13:
            return datetime.fromtimestamp(int(self.version) / 1000, UTC).isoformat(timespec="milliseconds")
        try:
            when = datetime.fromisoformat(self.version)
            when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):  # no time, or one at the very edge, as 0001-01-01 where it means "never"
            when = self.received_at.astimezone(UTC)
        return when.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Lane:
    """What one stream's records go through: its mapping, its entity, the connection's role.

    ``digests``: in a stream of the hub's own, of which version of the flow the instances are whose records it takes.
    """

    database: Database
    connector: Connector
    connection: str
    role: str
    stream: str
    stream_id: int
    entity: Entity
    mapping: CompiledMapping
    deletes: str
    run: str
    release: bytes
    our_key: str = ""
    triggers: tuple[Trigger, ...] = ()
    sums: tuple[Rollup, ...] = ()
    digests: tuple[bytes, ...] = ()
    drift: Drift | None = None

    @property
    def digest(self) -> bytes:
        """Changes when the stored raw records could give other golden records: the mapping, or what the entity declares."""
        entity = self.entity
        rules = {
            "fields": {name: [spec.owner, spec.survive, spec.sum, spec.by] for name, spec in entity.fields.items()},
            "survivorship": entity.survivorship.model_dump(),
            "matching": entity.matching.model_dump(),
        }
        return blake2b(self.mapping.digest + json.dumps(rules, sort_keys=True).encode(), digest_size=16).digest()

    def locks(self) -> tuple[list[str], list[str]]:
        """What a batch holds: its entity; and so that no reference misses its record, the arrivals of its own kind from
        this connection, beside those that wait for them. References by a field wait for arrivals from any connection."""
        arrivals = "arrivals:{}:{}".format
        mine = [arrivals(self.connection, self.entity.entity)]
        if self.entity.matching.exact:
            mine.append(arrivals("", self.entity.entity))
        refers = [arrivals(self.connection, one) for one in self.entity.refers()]
        refers += [arrivals("", entity) for entity, _ in self.mapping.by_fields]
        mine += [f"entity:{one.parent.entity}" for one in self.sums if one.child is self.entity]
        if self.internal:
            mine.append(f"flow:{self.stream.partition('/')[0]}")
        return [f"entity:{self.entity.entity}", *mine], refers

    @property
    def internal(self) -> bool:
        """Whether the records come from our own flows."""
        return self.connection == HUB


def apply_batch(lane: Lane, after: int) -> tuple[int, int]:
    """``_apply_batch``; a stream that is frozen for what is new in its records stops before anything of the batch is kept."""
    try:
        return _apply_batch(lane, after)
    except FrozenError:
        if lane.drift is not None:
            lane.drift.keep(lane.database)
        raise


def _apply_batch(lane: Lane, after: int) -> tuple[int, int]:
    """Apply up to ``BATCH`` records of the stream's work behind inbox row ``after``.

    Returns how many were taken (0: nothing left there) and the last inbox row: starting behind it spares the next batch
    the index entries of work that is done.
    """
    with lane.database.transaction() as cursor:
        forget_plans(cursor)
        hold(cursor, *lane.locks())
        if lane.internal:
            cursor.execute(_CLAIM_OWN, (lane.stream_id, after, list(lane.digests), BATCH))
        else:
            cursor.execute(_CLAIM, (lane.stream_id, after, BATCH))
        subjects = [Subject(*row) for row in cursor]
        if not subjects:
            return 0, after
        _look_for_drift(lane, cursor, subjects)
        _map(lane, subjects)
        good = [s for s in subjects if not s.outcome]
        rivals = _identify(lane, cursor, good)
        _resolve(lane, cursor, good)
        good = [s for s in good if not s.outcome]
        _apply(lane, cursor, good, rivals, _first_listing(lane, cursor))
        book.close(lane, cursor, subjects)
        reach("apply.before-commit")
    return len(subjects), subjects[-1].inbox_id


def _first_listing(lane: Lane, cursor: Cursor) -> float:
    """The newest inbox row of what the source held when it was first listed: that starts no flow."""
    if lane.internal:
        return 0
    cursor.execute("select baseline_inbox from hub.stream where id = %s", (lane.stream_id,))
    row = cursor.fetchone()
    return float("inf") if row is None or row[0] is None else row[0]


def _look_for_drift(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    """Records with something new that nobody has accepted go to quarantine, or stop the stream."""
    if lane.drift is None:
        return
    lane.drift.load(cursor)
    for one in subjects:
        if one.op != "upsert" or one.overlay is not None:
            continue
        strange = lane.drift.see(cursor, one.key, one.raw)
        if strange and lane.drift.policy == "freeze":
            raise frozen(f"{lane.connection}: {lane.stream} {one.key}", strange)
        if strange:
            why = f"the source never gave this before: {words(strange)}; `tongmai drift accept`, then replay"
            one.errors.append(Issue(strange[0][0], "schema-drift", why, ""))
            one.outcome = "quarantined"


def _map(lane: Lane, subjects: Sequence[Subject]) -> None:
    """Decode and map; what cannot go on gets its outcome here."""
    sources: list[dict[str, Any]] = []
    mapped_subjects: list[Subject] = []
    for one in subjects:
        if one.outcome:
            continue
        if one.op == "delete":
            if one.entity_id is None or lane.deletes == "ignore":
                one.outcome = "filtered"
            continue
        try:
            if one.op == "broken" and one.overlay is None:
                raise RecordError("", one.problem, code="broken-record")
            source = {} if one.op == "broken" else lane.connector.decode(lane.stream, one.raw)
        except RecordError as error:
            one.errors.append(Issue("", error.code, error.why or error.what, ""))
            one.outcome = "quarantined"
            continue
        one.own = str(source.get(lane.our_key) or "") if lane.our_key else ""
        sources.append({**source, **(one.overlay or {})})
        mapped_subjects.append(one)
    for one, result in zip(mapped_subjects, lane.mapping.run(sources, None), strict=True):
        _take(one, result)


def _take(one: Subject, result: Mapped) -> None:
    one.fields, one.waits = result.fields, dict(result.references)
    one.errors, one.findings = result.errors, result.findings
    one.findings = [_storable(issue) for issue in one.findings]
    for name, value in [*result.fields.items(), *((n, r.key) for n, r in result.references.items())]:
        if "\x00" in "".join(_texts([value])):
            one.errors.append(
                Issue(name, "null-character", "the text holds U+0000, which no database column can", "", "")
            )
    if one.errors:
        one.errors = [_storable(issue) for issue in one.errors]
        one.outcome = "quarantined"
    elif result.filtered:
        one.outcome = "filtered"


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value: a list's items, the names and values of an object's members."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _texts(part)


def _storable(issue: Issue) -> Issue:
    """An issue that quotes a value with U+0000, which no database column can hold, shows it."""
    if "\x00" not in issue.message and "\x00" not in issue.value:
        return issue
    return replace(issue, message=issue.message.replace("\x00", "␀"), value=issue.value.replace("\x00", "␀"))


def _identify(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> dict[int, Decision]:
    """Crosswalk first, then matching, else a new entity. Fills ``entity_id``; returns decisions that had rivals."""
    keys = {one.record_id: match_keys(lane.entity, one.fields) for one in good if one.op != "delete"}
    index = golden.load_index(cursor, lane.entity.entity, [key for found in keys.values() for key in found])
    redirects = _redirects(cursor, [one.entity_id for one in good if one.entity_id])
    created = _created(lane, cursor, good)
    doubtful: dict[int, Decision] = {}
    for one in good:
        if one.op == "delete":
            continue
        own = keys[one.record_id]
        if one.entity_id is not None:
            one.entity_id = redirects.get(one.entity_id, one.entity_id)
        elif one.own in created:
            one.entity_id = created.pop(one.own)
        else:
            decision = decide(own, index)
            one.entity_id = decision.entity or ids.entity_id(lane.entity.entity, lane.connection, lane.stream, one.key)
            if decision.rivals:
                doubtful[one.record_id] = decision
        index.add(one.entity_id, own)
    return doubtful


def _created(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> dict[str, UUID]:
    """Records that we created and have not booked yet, by our own key. A copy somebody made of one is not it."""
    wanted = [one.own for one in good if one.own and one.entity_id is None and one.op != "delete"]
    if not wanted:
        return {}
    cursor.execute(
        """select m.value, m.entity_id from hub.match_key m
            where m.entity = %s and m.kind = %s and m.value = any(%s)
              and not exists (select 1 from hub.source_record r where r.entity_id = m.entity_id and r.stream_id = %s)""",
        (lane.entity.entity, own_key(lane.stream_id, "").kind, wanted, lane.stream_id),
    )
    return {row[0]: row[1] for row in cursor}


def _redirects(cursor: Cursor, known: Sequence[UUID]) -> dict[UUID, UUID]:
    cursor.execute(
        "select id, redirect_to from hub.entity where id = any(%s) and redirect_to is not null", (list(known),)
    )
    return {row[0]: row[1] for row in cursor}


def _resolve(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> None:
    """Fill reference fields: from this batch first (same stream), then through the crosswalk; the rest waits."""
    wanted = [ref for one in good for ref in one.waits.values()]
    if not wanted:
        return
    here = _here(lane, good, wanted)
    found = references.resolve(cursor, lane.connection, wanted, internal=lane.internal)
    for one in good:
        for name, ref in list(one.waits.items()):
            hits = found.get(ref, set())
            if ref.entity == lane.entity.entity and (ref.by or not hits):
                hits = hits | here.get((ref.stream, references.match_key(ref) if ref.by else ref.key), set())
            if len(hits) == 1:
                references.put(one.fields, name, str(next(iter(hits))))
                del one.waits[name]
                continue
            issue = _unmet(lane, name, ref, hits)
            references.put(one.fields, name, None)
            if ref.optional:
                one.findings.append(issue)
            else:
                one.errors.append(issue)
                one.outcome = "quarantined"


def _here(lane: Lane, good: Sequence[Subject], wanted: Sequence[Reference]) -> dict[tuple[str, Any], set[UUID]]:
    """What of this batch can be referred to: (stream, source key), or ("", match key) where a reference goes by a field."""
    here: dict[tuple[str, Any], set[UUID]] = {}
    by_field = any(ref.by and ref.entity == lane.entity.entity for ref in wanted)
    for one in good:
        if one.entity_id is None:
            continue
        keys: list[Any] = match_keys(lane.entity, one.fields) if by_field and one.op != "delete" else []
        for key in [("", one.key), (lane.stream, one.key), *(("", key) for key in keys)]:
            here.setdefault(key, set()).add(one.entity_id)
    return here


def _unmet(lane: Lane, name: str, ref: Reference, hits: set[UUID]) -> Issue:
    """Why a reference points nowhere: what it names has not arrived, or is not one."""
    if hits:
        several = ", ".join(map(str, sorted(hits)[:5]))
        message = f"{len(hits)} entities are a {ref.entity} with {ref.by} `{ref.key}`: {several}"
        return Issue(name, "ambiguous-reference", message, "", ref.key)
    where = (
        f"with {ref.by} `{ref.key}` has arrived"
        if ref.by
        else f"with key `{ref.key}` has arrived from {lane.connection}"
    )
    return Issue(name, "unresolved-reference", f"no {ref.entity} {where}", "", ref.key)


def _apply(
    lane: Lane, cursor: Cursor, good: Sequence[Subject], rivals: Mapping[int, Decision], baseline: float
) -> None:
    affected = sorted({one.entity_id for one in good if one.entity_id})
    current = golden.load(cursor, affected)
    contributions = golden.load_contributions(cursor, affected)
    states = targets.load_states(cursor, lane, affected)
    fresh: list[tuple[UUID, Contribution]] = []
    for one in good:
        entity_id = one.entity_id
        assert entity_id is not None
        siblings = contributions.setdefault(entity_id, [])
        before = next((c for c in siblings if c.record_id == one.record_id), None)
        if one.op == "delete":
            here = (lane.connection, lane.stream)
            twins = [c for c in siblings if (c.connection, c.stream) == here and c.key != one.key and not c.deleted]
            targets.gone(states, entity_id, one.key, twins)
        after, echo_only = _contribute(lane, one, before, states)
        one.outcome = "echo" if echo_only else "applied"
        siblings[:] = [c for c in siblings if c.record_id != one.record_id] + [after]
        fresh.append((entity_id, after))
        decision = rivals.get(one.record_id)
        if decision is not None:
            others = ", ".join(str(rival) for rival in decision.rivals)
            by = decision.by or MatchKey("", "")
            message = f"joined by {by.kind} to {decision.entity}; these fit too: {others}"
            one.findings.append(Issue("", "possible-duplicate", message, "", by.value))
    golden.save_contributions(lane.database, cursor, fresh)
    held = [(e, key) for e in affected for c in contributions[e] for key in match_keys(lane.entity, c.fields)]
    golden.replace_keys(lane.database, cursor, lane.entity.entity, affected, held)
    moved = _recompute(lane, cursor, lane.entity, current, {one: contributions[one] for one in affected})
    targets.save_states(lane.database, cursor, states)
    targets.queue(cursor, lane.entity.entity, lane.run, {one: current[one] for one in affected})
    heard = {one.entity_id for one in good if one.entity_id and one.inbox_id > baseline}
    if lane.internal:  # before others are woken: these instances are locked first, in the order everybody locks them
        made(cursor, lane.entity.entity, {one.key: one.entity_id for one in good if one.entity_id})
    changed(cursor, lane.triggers, lane.entity.entity, moved, heard, lane.release, lane.run)
    _sum_up(lane, cursor, moved, heard)


def _recompute(
    lane: Lane,
    cursor: Cursor,
    entity: Entity,
    current: dict[UUID, Golden],
    contributions: Mapping[UUID, list[Contribution]],
) -> list[tuple[Golden, Golden]]:
    """Choose every field anew, save what is different; ``current`` is brought up to date. Returns before and after."""
    fresh = {one: survive(entity, sorted(own, key=lambda c: c.record_id)) for one, own in sorted(contributions.items())}
    add_totals(cursor, [one for one in lane.sums if one.parent is entity], fresh)
    moved: list[tuple[Golden, Golden]] = []
    changes: list[tuple[Golden, list[str]]] = []
    reasons: list[Golden] = []
    for entity_id, (fields, provenance) in fresh.items():
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
    golden.save_provenance(cursor, reasons)
    return moved


def _sum_up(lane: Lane, cursor: Cursor, moved: Sequence[tuple[Golden, Golden]], heard: Collection[UUID]) -> None:
    """The parents whose sums these changes move. Children of a first listing (not ``heard``) start no flow of theirs."""
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
        above = _recompute(lane, cursor, entity, current, contributions)
        targets.queue(cursor, entity.entity, lane.run, {after.entity_id: after for _, after in above})
        changed(cursor, lane.triggers, entity.entity, above, started, lane.release, lane.run)


def _contribute(
    lane: Lane, one: Subject, before: Contribution | None, states: targets.States
) -> tuple[Contribution, bool]:
    """The record's contribution as it now is, and whether all that changed in it is our own write coming back."""
    stamp = one.stamp()
    if one.op == "delete":
        fields: dict[str, Any] = dict(before.fields) if before else {}
        changed = {**(before.changed if before else {}), "": stamp}
        # A record that we made and never read is no evidence of its own.
        echo: frozenset[str] = before.echo if before else frozenset(lane.entity.fields)
        return (
            Contribution(
                one.record_id,
                lane.connection,
                lane.role,
                lane.stream,
                one.key,
                fields,
                changed,
                echo,
                deleted=True,
            ),
            False,
        )
    old = before.fields if before and not before.deleted else {}
    changed = {
        name: (before.changed.get(name, stamp) if before and name in old and old[name] == value else stamp)
        for name, value in one.fields.items()
    }
    echoes: set[str] = set(before.echo) if before and one.again else set()
    for name, state, reads, in_flight in targets.paired(states, one.entity_id, one.key):
        if before and one.again and (state.known or state.written):
            mapped_anew(state, old, one.fields, before.echo)
        else:
            echoes |= observe(state, one.fields, reads, in_flight)
            if "status" in one.fields:
                state.active = one.fields["status"] != "inactive"
        targets.touch(states, name, one.entity_id)
    # A value that stays what it was keeps its standing: an echo stays an echo, a vote stays a vote.
    for name, value in one.fields.items():
        if before and name in old and old[name] == value and name not in before.echo:
            echoes.discard(name)
    edited = [n for n, v in one.fields.items() if n not in echoes and (n not in old or old[n] != v)]
    gone = [n for n in old if n not in one.fields]
    echo_only = bool(echoes) and not edited and not gone
    contribution = Contribution(
        one.record_id, lane.connection, lane.role, lane.stream, one.key, one.fields, changed, frozenset(echoes)
    )
    return contribution, echo_only

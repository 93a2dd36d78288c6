"""Targets of an entity: what they hold, what is on its way, what is to be queued for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from masterdata.golden.write import Golden
from masterdata.store import Cursor, Database
from masterdata.survivorship import Contribution
from tongmai.core import ids
from tongmai.sync.echo import Home, TargetState, differs

if TYPE_CHECKING:
    from tongmai.sync.apply import Lane


_ASIDE = -1
ASIDE = "aside/"
"""Prefix of the entity under whose name our notes of second records stand: no reader of golden records meets them."""


@dataclass(frozen=True)
class Target:
    """A subscription: an outbound sync, the stream its object is read back from, the canonical fields it writes."""

    name: str
    stream_id: int
    home: Home | None
    reads: frozenset[str]
    armed: bool


@dataclass
class States:
    """What a batch needs to know of every target of its entity. ``aside``: under what the notes of a stream's record stand
    while its entity has another one there. ``restate``: entities of which it is to be seen anew which record that is."""

    targets: list[Target] = field(default_factory=list)
    stream_id: int = 0
    by: dict[tuple[str, UUID], TargetState] = field(default_factory=dict)
    in_flight: dict[tuple[str, UUID], dict[str, Any]] = field(default_factory=dict)
    touched: set[tuple[str, UUID]] = field(default_factory=set)
    aside: dict[str, UUID] = field(default_factory=dict)
    restate: set[UUID] = field(default_factory=set)


def aside(entity: str, connection: str, stream: str, key: str) -> UUID:
    """Under what our notes of a second record of one entity are kept: never an entity's own id."""
    return ids.entity_id(entity, connection, stream, key, _ASIDE)


def subscribed(cursor: Cursor, entity: str) -> list[Target]:
    """Every target of an entity. A direct sync has one source, whose values go out even where source and target are one."""
    cursor.execute(
        """select t.name, t.stream_id, t.entity like 'direct/%%', s.connection, s.stream, t.reads, t.armed_at is not null
             from hub.target t join hub.stream s on s.id = t.stream_id where t.entity = %s order by 1""",
        (entity,),
    )
    return [
        Target(name, stream_id, None if inner else Home(connection, stream), frozenset(reads), armed)
        for name, stream_id, inner, connection, stream, reads, armed in cursor
    ]


def load(cursor: Cursor, target: str, ids: Sequence[UUID]) -> dict[UUID, TargetState]:
    """What one target holds of these entities."""
    cursor.execute(
        """select entity_id, remote_key, active, gone, known, written, coalesce(digest, ''), coalesce(map_digest, '')
             from hub.target_state where target = %s and entity_id = any(%s)""",
        (target, list(ids)),
    )
    return {row[0]: TargetState(row[1], row[2], row[3], row[4], row[5], bytes(row[6]), bytes(row[7])) for row in cursor}


def load_states(cursor: Cursor, lane: Lane, ids: Sequence[UUID], keys: Iterable[str] = ()) -> States:
    """States of all targets of the lane's entity, and what was frozen for them and is not settled.

    With those of the stream's records (``keys``) that are put aside, since their entity has another one there.
    """
    states = States(subscribed(cursor, lane.entity.entity), lane.stream_id)
    if lane.matcher is not None:
        states.aside = {key: aside(lane.entity.entity, lane.connection, lane.stream, key) for key in keys}
        ids = [*ids, *states.aside.values()]
    for target in states.targets:
        for entity_id, state in load(cursor, target.name, ids).items():
            states.by[target.name, entity_id] = state
    cursor.execute("select target, entity_id, values from hub.outbox where entity_id = any(%s)", (list(ids),))
    for name, entity_id, values in cursor:
        if values:
            states.in_flight[name, entity_id] = values
    return states


def paired(
    states: States, entity_id: UUID | None, key: str
) -> Iterator[tuple[Target, UUID, TargetState, Mapping[str, Any]]]:
    """Targets that write into the stream just read: their state of this record, made when the record is first linked.

    With each the id under which the state is kept.
    """
    if entity_id is None:
        return
    for target in states.targets:
        if target.stream_id != states.stream_id:
            continue
        state = states.by.get((target.name, entity_id))
        if state is None or (state.gone and state.remote_key != key and key not in states.aside):
            state = states.by[target.name, entity_id] = TargetState(key)
        at = entity_id
        if state.remote_key != key and key in states.aside:
            # A second record of the entity: should they part, it must not be created again.
            first, at = state, states.aside[key]
            state = states.by.setdefault((target.name, at), TargetState(key))
            if first.gone or state.gone:
                states.restate.add(entity_id)
        if state.remote_key == key:
            state.gone = False
            yield target, at, state, states.in_flight.get((target.name, at), {})


def touch(states: States, target: str, entity_id: UUID | None) -> None:
    """Note that a state changed and is to be saved."""
    if entity_id is not None:
        states.touched.add((target, entity_id))


def gone(
    states: States, entity_id: UUID | None, key: str, twins: Sequence[Contribution], *, forget: bool = True
) -> None:
    """The target deleted its record. Where it keeps a twin of it (``twins``: living records there), that is written to.

    Without ``forget`` our notes of what it holds stay.
    """
    if entity_id is None:
        return
    for target in states.targets:
        if target.stream_id != states.stream_id:
            continue
        at = entity_id
        state = states.by.get((target.name, at))
        if state is not None and state.remote_key != key and key in states.aside:
            at = states.aside[key]
            state = states.by.get((target.name, at))
        if state is None or state.remote_key != key:
            continue
        state.gone = True
        if forget:
            state.known, state.written = {}, {}
        if twins and key in states.aside:
            states.restate.add(entity_id)  # the twin has notes of its own
        elif twins:
            heir = min(twins, key=lambda c: c.key)
            known = {name: heir.fields[name] for name in target.reads if name in heir.fields}
            active = heir.fields.get("status") != "inactive"
            states.by[target.name, at] = TargetState(heir.key, active, known=known)
        touch(states, target.name, at)


def save_states(database: Database, cursor: Cursor, states: States) -> None:
    """Write the touched states."""
    save(database, cursor, [(name, one, states.by[name, one]) for name, one in sorted(states.touched)])


def save(database: Database, cursor: Cursor, rows: Sequence[tuple[str, UUID, TargetState]]) -> None:
    """Insert or replace target states."""
    if not rows:
        return
    staged = database.stage(
        cursor,
        "target_state",
        "target text, entity_id uuid, remote_key text, active boolean, gone boolean, known jsonb, written jsonb,"
        " digest bytea, map_digest bytea",
        (
            (
                t,
                e,
                s.remote_key,
                s.active,
                s.gone,
                _json(s.known),
                _json(s.written),
                s.digest or None,
                s.map_digest or None,
            )
            for t, e, s in rows
        ),
    )
    staged.execute(
        """insert into hub.target_state (target, entity_id, remote_key, active, gone, known, written, digest, map_digest)
           select target, entity_id, remote_key, active, gone, known, written, digest, map_digest from {staged}
           on conflict (target, entity_id) do update set remote_key = excluded.remote_key, active = excluded.active,
             gone = excluded.gone, known = excluded.known, written = excluded.written, digest = excluded.digest,
             map_digest = excluded.map_digest, updated_at = now()"""
    )


def queue(cursor: Cursor, entity: str, run: str, records: Mapping[UUID, Golden], known: States | None = None) -> None:
    """Queue a delivery for every armed target of an entity that is not known to hold the golden values.

    ``known``: the states of these records, where they are at hand.
    """
    for target in subscribed(cursor, entity) if known is None else known.targets:
        if target.armed:
            if known is None:
                states = load(cursor, target.name, list(records))
            else:
                states = {one: state for one in records if (state := known.by.get((target.name, one))) is not None}
            wanted = [
                one
                for one, record in records.items()
                if differs(states.get(one), record.fields, record.provenance, target.reads, target.home)
            ]
            enqueue(cursor, target.name, run, wanted)


def enqueue(cursor: Cursor, target: str, run: str, ids: Sequence[UUID]) -> int:
    """Put entities into a target's outbox, unless a row that is not yet frozen waits there; returns how many were put."""
    if not ids:
        return 0
    cursor.execute(
        """with put as (
             insert into hub.outbox (target, entity_id, run_id)
             select %(target)s, k.id, %(run)s from unnest(%(ids)s::uuid[]) with ordinality k (id, n) order by k.n
             on conflict (target, entity_id) where state in ('open', 'waiting') do nothing
             returning 1),
           booked as (
             insert into hub.outbox_book (target, run_id, queued)
             select %(target)s, %(run)s, count(*) from put having count(*) > 0
             on conflict (target, run_id) do update set queued = hub.outbox_book.queued + excluded.queued)
           select count(*) from put""",
        {"target": target, "run": run, "ids": list(ids)},
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

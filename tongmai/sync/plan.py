"""Decide what one outbox row asks for: nothing, a create, an update, a switch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from connectors.sdk import Written
from mappings.language.types import CompiledMapping
from masterdata.model import Entity
from masterdata.store import Cursor, Database
from masterdata.survivorship import EMPTY
from tongmai.core.errors import RecordError
from tongmai.sync import references
from tongmai.sync.echo import Home, TargetState, news, said_there
from tongmai.sync.remote_keys import load_keys, referred
from tongmai.sync.specs import Outbound

_ABSENT = object()


@dataclass
class Parcel:
    """One outbox row on its way. ``payload`` is what is sent, ``whole`` all that the mapping gives.

    ``decided`` is what a person said of a create whose outcome nobody can look up, or a run that knows it was not sent.
    ``values`` is what is known once the target has taken the payload: ``{known, written}`` as in ``TargetState`` and the
    ``mapping`` that made it. ``holds`` are canonical values that the target turns out to have. ``seen`` is what the plan
    was made from; when it is no longer so, the plan is void. ``untaken``: it was tried, and surely not taken.
    ``merged_into``: the entity is another one now, or this is a second record of it. ``corrected``: it was approved that
    such a record be switched off. ``there``: the target's record as it was last read. ``twin``: what this may be one with, and nobody has said yet.
    """

    outbox_id: int
    entity_id: UUID
    queue_state: str
    attempts: int
    operation: str
    remote_key: str | None
    payload: dict[str, Any]
    whole: dict[str, Any]
    values: dict[str, Any]
    idempotency_key: str
    decided: str = ""
    golden: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    state: TargetState | None = None
    outcome: str = ""
    code: str = ""
    reason: str = ""
    written: Written | None = None
    found: Mapping[str, Any] = field(default_factory=dict)
    holds: dict[str, Any] = field(default_factory=dict)
    seen: tuple[Any, ...] = ()
    untaken: bool = False
    there: Mapping[str, Any] = field(default_factory=dict)
    merged_into: UUID | None = None
    corrected: bool = False
    twin: UUID | None = None

    def close(self, outcome: str, reason: str, *, code: str = "") -> None:
        """Give the row its outcome."""
        self.outcome, self.reason, self.code = outcome, reason, code

    def search_value(self, path: str) -> str:
        """The payload's value at a dotted path as text; empty when there is none."""
        value: Any = self.whole
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return "" if value is None else str(value)


@dataclass
class Route:
    """What every row of a target goes through.

    ``blind``: nothing of ours can be looked up there. ``enforced``: the target refuses a second record with our key.
    ``settle``: seconds for which a doubtful write is left alone, since the target may take it after we gave up.
    ``decode`` makes a record of the target out of the bytes that were read.
    ``doubt_from``: milli-bits from which a record that may be a double is not created before somebody has looked.
    """

    name: str
    spec: Outbound
    database: Database
    connection: str
    home: Home | None
    stream_id: int
    entity: Entity
    mapping: CompiledMapping
    inbound: CompiledMapping | None
    reads: frozenset[str]
    when: Callable[[Sequence[Mapping[str, Any]]], list[bool]] | None
    run: str
    release: bytes
    can_deactivate: bool
    our_key: str
    blind: bool = False
    enforced: bool = False
    settle: float = 0.0
    doubt_from: int | None = None
    decode: Callable[[bytes], Mapping[str, Any]] | None = None
    _keys: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def prefetch(self, cursor: Cursor, records: Sequence[Mapping[str, Any]]) -> None:
        """Load the keys (and fields) that referenced entities have in the target's connection, for ``resolve``."""
        self._keys = load_keys(cursor, self.entity, self.connection, self.mapping.remote_fields, records)

    def resolve(self, entity_id: str, stream: str, field: str = "") -> str | None:
        """The key an entity has in a stream of the target's connection, or the canonical field its record there gave."""
        return self._keys.get((entity_id, stream, field))

    def read_before(self, cursor: Cursor, parcels: Sequence[Parcel]) -> None:
        """Fill ``there``. What cannot be decoded is as if it had never been read: it is told where it is mapped."""
        keys = [parcel.state.remote_key for parcel in parcels if parcel.state is not None]
        if self.decode is None or not keys:
            return
        cursor.execute(
            """select r.source_key, i.raw from hub.source_record r join hub.inbox i on i.id = r.inbox_id
                where r.stream_id = %s and r.source_key = any(%s) and not r.deleted and i.op = 'upsert'""",
            (self.stream_id, keys),
        )
        raw = {row[0]: bytes(row[1]) for row in cursor}
        for parcel in parcels:
            if parcel.state is not None and parcel.state.remote_key in raw:
                with suppress(RecordError):
                    parcel.there = self.decode(raw[parcel.state.remote_key])

    def owners(self, remote_keys: Sequence[str]) -> dict[str, UUID]:
        """Which entities these records of the target belong to already."""
        with self.database.transaction() as cursor:
            cursor.execute(
                """select source_key, entity_id from hub.source_record
                    where stream_id = %s and source_key = any(%s) and entity_id is not null""",
                (self.stream_id, list(remote_keys)),
            )
            return {row[0]: row[1] for row in cursor}


def plan(route: Route, parcel: Parcel) -> None:
    """Fill the parcel's operation, payload and key, or close it."""
    if parcel.queue_state == "frozen":
        return _resume(route, parcel)
    return _plan(route, parcel)


def _plan(route: Route, parcel: Parcel) -> None:
    state, entity_id = parcel.state, parcel.entity_id
    if state is not None and state.gone:
        return parcel.close("cancelled", "the target deleted its record")
    if parcel.merged_into is not None:
        return _merged(route, parcel)
    fields = {**parcel.golden, "id": str(entity_id)}
    wanted = route.when([fields])[0] if route.when else True
    inactive = parcel.golden.get("status") == "inactive"
    if not wanted or (inactive and (state is None or route.spec.deletes == "deactivate")):
        return _unwanted(route, parcel, inactive)
    mapped = route.mapping.run([fields], route.resolve)[0]
    waiting = [issue for issue in mapped.errors if issue.code == "waiting-reference"]
    if waiting:
        return parcel.close("waiting", waiting[0].message)
    if mapped.errors:
        issue = mapped.errors[0]
        return parcel.close("quarantined", f"{issue.message} ({issue.place})", code=issue.code)
    parcel.whole = mapped.fields
    parcel.idempotency_key = blake2b(f"{route.name}\x1f{entity_id}".encode(), digest_size=12).hexdigest()
    if state is None:
        if route.spec.create == "never":
            return parcel.close("suppressed", "not in the target, and this sync creates nothing")
        if parcel.twin is not None:
            return parcel.close("waiting", f"it may be one with {parcel.twin}; `tongmai review` decides")
        parcel.operation, parcel.remote_key, parcel.payload = "create", None, parcel.whole
        return None
    return _update(route, parcel, state)


def _merged(route: Route, parcel: Parcel) -> None:
    """What is of no entity of its own any more is written to no more, but where it was approved that it be switched off."""
    state = parcel.state
    if not parcel.corrected:
        return parcel.close("superseded", f"it is one with {parcel.merged_into} now")
    if state is None or not state.active or not route.can_deactivate:
        return parcel.close("suppressed", "there is nothing to switch off in the target")
    return _switch_off(route, parcel, state)


def _switch_off(route: Route, parcel: Parcel, state: TargetState) -> None:
    parcel.operation, parcel.remote_key, parcel.payload, parcel.whole = "deactivate", state.remote_key, {}, {}
    parcel.idempotency_key = blake2b(f"{route.name}\x1f{parcel.entity_id}\x1foff".encode(), digest_size=12).hexdigest()


def _resume(route: Route, parcel: Parcel) -> None:
    """A row frozen earlier: the remote may have taken it.

    A create goes on as frozen, after a look-up. Into a record that is there the frozen values are not sent again blindly:
    somebody may have changed them there since, or here. Those not read back yet count as unknown, and what is still
    missing is planned anew.
    """
    state, frozen, operation = parcel.state, parcel.values, parcel.operation
    if state is None:
        return _doubtful(route, parcel) if route.blind and operation == "create" else None
    if parcel.merged_into is not None and operation != "deactivate":
        return parcel.close("superseded", f"it is one with {parcel.merged_into} now")
    known = frozen.get("known", {})
    for name, value in known.items():
        if state.known.get(name, _ABSENT) != value:
            state.known.pop(name, None)
            state.written.pop(name, None)
    inactive = parcel.golden.get("status") == "inactive"
    if operation in ("activate", "deactivate") and inactive == (operation == "activate"):
        state.active = inactive
    sent, whole = parcel.payload, parcel.whole
    _plan(route, parcel)
    if parcel.outcome == "suppressed" and not parcel.found:
        parcel.operation, parcel.payload, parcel.whole, parcel.remote_key = operation, sent, whole, state.remote_key
        if all(state.known.get(name, _ABSENT) == value for name, value in known.items()):
            return parcel.close("delivered", "taken by the target in an earlier run")
        return parcel.close("superseded", "what was to be written has been replaced since")
    return None


def _doubtful(route: Route, parcel: Parcel) -> None:
    """A create that may have been taken by a target where nothing can be looked up: a person decides, or the file did."""
    if parcel.decided == "delivered" and parcel.remote_key:
        parcel.written = Written(parcel.remote_key)
        return parcel.close("delivered", "a person found it in the target")
    if parcel.decided == "resend" or route.spec.doubt == "resend":
        return None
    return parcel.close("suspect", "it may have been taken; the target can be asked neither by key nor by search")


def _update(route: Route, parcel: Parcel, state: TargetState) -> None:
    parcel.remote_key = state.remote_key
    sendable = {name: value for name, value in parcel.whole.items() if name not in route.mapping.create_only}
    remapped = (
        bool(state.map_digest) and state.map_digest != route.mapping.digest and state.digest != digest(parcel.whole)
    )
    sendable = {name: value for name, value in sendable.items() if not _occupied(route, parcel, state, name)}
    back = read_back(route, parcel)
    changed = {
        name: value
        for name, value in sendable.items()
        if parcel.found.get(name, _ABSENT) != value
        and (
            any(
                one in route.reads and news(state, parcel.golden, parcel.provenance, one, route.home, route.reads)
                for one in route.mapping.reads_of.get(name, ())
            )
            or (remapped and not _said_itself(route, parcel, name))
        )
        and not _unspoken(route, parcel, state, name)
    }
    if route.entity.inner and parcel.found:
        # Nobody will read the record back: what the look-up showed to be right already is known from now on.
        same = [name for name, value in sendable.items() if parcel.found.get(name, _ABSENT) == value]
        parcel.holds.update(
            {one: parcel.golden.get(one) for name in same for one in route.mapping.reads_of.get(name, ())}
        )
    if not remapped:
        # Another canonical value may make the same payload, as a list of phones of which the target takes the first.
        for name in [name for name in changed if _stands(route, state, parcel.golden, back, name)]:
            del changed[name]
            parcel.holds.update({one: parcel.golden.get(one) for one in route.mapping.reads_of[name]})
    wake = (
        not state.active
        and parcel.golden.get("status") != "inactive"
        and (parcel.corrected or ("status" in route.reads and not said_there(parcel.provenance, "status", route.home)))
        and route.can_deactivate
    )
    if not changed and not wake:
        target = f"{route.home.stream} in {route.home.connection}" if route.home else "the target"
        return parcel.close("suppressed", f"nothing new for {target}: it holds these values, or said them itself")
    parcel.operation, parcel.payload = ("activate" if wake else "update"), changed
    return None


def _occupied(route: Route, parcel: Parcel, state: TargetState, name: str) -> bool:
    """Whether a field that we write only where there is nothing has something there, ours or somebody's."""
    if name not in route.mapping.if_empty:
        return False
    held = [state.known.get(one) for one in route.mapping.reads_of.get(name, ())]
    return any(one not in (None, "", []) for one in [*held, parcel.found.get(name)])


def _unspoken(route: Route, parcel: Parcel, state: TargetState, name: str) -> bool:
    """Whether a target field would be emptied though nobody said so and the target is not known to hold a value of it: what
    stands there is something that our mapping cannot read, or that we have not read yet."""
    return parcel.whole[name] in EMPTY and all(
        parcel.golden.get(one) in EMPTY
        and one not in parcel.provenance
        and (state.known[one] in EMPTY if one in state.known else bool(parcel.found))
        for one in route.mapping.reads_of.get(name, ())
        if one in route.entity.fields
    )


def _stands(route: Route, state: TargetState, golden: Mapping[str, Any], back: Mapping[str, Any], name: str) -> bool:
    """Whether what we wrote last into a target field reads back as what we would write now.

    What refers to another entity than when we wrote it is written again: read back it follows a merge, its key does not.
    """
    reads = [one for one in route.mapping.reads_of.get(name, ()) if one in route.entity.fields]
    return bool(reads) and all(
        one in back
        and one in state.written
        and state.written[one] == back[one]
        and (one not in state.known or _refers(route, one, state.known) == _refers(route, one, golden))
        for one in reads
    )


def _refers(route: Route, name: str, record: Mapping[str, Any]) -> list[str]:
    return list(referred(route.entity, {name: record.get(name)}))


def read_back(route: Route, parcel: Parcel) -> dict[str, Any]:
    """What the inbound mapping will make of what we wrote: a lossy target must not look as if somebody had edited it.

    A field that it makes of nothing we send (an internal id, where we write a number) is not foretold; in a line it is
    taken, as references are, from the golden line that the written one was made of.
    """
    if route.inbound is None:
        return {}
    sent = _as_read(parcel.whole)
    mapped = route.inbound.run([{**_beside(route.inbound, sent, parcel.there), **sent}], None)[0]
    for name, reads in route.inbound.reads_of.items():
        if reads and not any(one in sent for one in reads):
            mapped.fields.pop(name, None)
    waiting = [inside for name in mapped.references if (inside := references.in_line(name))]
    for name, spec in route.entity.fields.items():
        lines = mapped.fields.get(name) if spec.fields else None
        if not lines:
            continue
        unsent = _not_sent(route.inbound, name, sent)
        fill = {(number, one) for one in unsent for number in range(len(lines))}
        fill |= {(number, one) for of, number, one in waiting if of == name}
        made_of = _made_of(route, parcel, name, len(lines)) if fill else []
        for number, one in fill:
            lines[number][one] = made_of[number].get(one)
    return mapped.fields


def _beside(inbound: CompiledMapping, sent: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """What the target holds itself of those fields of which we send only a part, as one telephone of two."""
    partly = [reads for reads in inbound.reads_of.values() if any(one in sent for one in reads)]
    wanted = {one for reads in partly for one in reads if one not in sent}
    return {name: value for name, value in _as_read(there).items() if name in wanted} if wanted and there else {}


def _as_read(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload whose nested members stand under dotted names too, as a source with flat rows gives them."""
    out: dict[str, Any] = dict(payload)
    for name, value in payload.items():
        if isinstance(value, dict):
            out |= {f"{name}.{below}": one for below, one in _as_read(value).items()}
        elif isinstance(value, list):
            out[name] = [_as_read(one) if isinstance(one, dict) else one for one in value]
    return out


def _not_sent(inbound: CompiledMapping, name: str, sent: Mapping[str, Any]) -> list[str]:
    """The fields of lines that the inbound mapping makes of nothing that is in the payload."""
    lists = [value for value in sent.values() if isinstance(value, list)]
    there = {key for value in lists for line in value if isinstance(line, dict) for key in line}
    there |= {f"head.{one}" for one in sent}
    return [
        one.removeprefix(f"{name}.")
        for one, reads in inbound.line_reads.items()
        if one.startswith(f"{name}.") and reads and not reads & there
    ]


def _made_of(route: Route, parcel: Parcel, name: str, count: int) -> list[Mapping[str, Any]]:
    """The golden lines that come back as lines, in order; a mapping may leave some out."""
    lines: list[Mapping[str, Any]] = parcel.golden.get(name) or []
    if len(lines) == count or route.inbound is None:
        return lines
    ours = [{**parcel.golden, "id": str(parcel.entity_id), name: [line]} for line in lines]
    sent = [_as_read(one.fields) for one in route.mapping.run(ours, route.resolve)]
    theirs = route.inbound.run(sent, None)
    found = [line for line, back in zip(lines, theirs, strict=True) for _ in back.fields.get(name) or ()]
    return [*found[:count], *([{}] * (count - len(found)))]


def _said_itself(route: Route, parcel: Parcel, name: str) -> bool:
    """Whether all canonical values behind a target field came from the target's own object."""
    reads = route.mapping.reads_of.get(name, ())
    return bool(reads) and all(said_there(parcel.provenance, one, route.home) for one in reads)


def _unwanted(route: Route, parcel: Parcel, inactive: bool) -> None:
    state = parcel.state
    if state is None:
        return parcel.close("suppressed", "the sync's condition does not hold")
    if inactive and route.spec.deletes == "deactivate" and route.can_deactivate and state.active:
        return _switch_off(route, parcel, state)
    return parcel.close("suppressed", "the sync's condition does not hold")


def digest(payload: Mapping[str, Any]) -> bytes:
    """16 bytes over a payload."""
    return blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()

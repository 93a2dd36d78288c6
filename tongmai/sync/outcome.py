"""Freeze what is about to be sent; book what became of it. Every function runs inside one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from masterdata.golden import write as golden
from masterdata.matching import MatchKey
from masterdata.store import Cursor
from masterdata.store.database import forget_plans, hold
from tongmai.sync import doubles, standing, targets
from tongmai.sync.echo import TargetState
from tongmai.sync.plan import Parcel, Route, digest, read_back
from tongmai.sync.triggers import wake

HELD = ("waiting", "suspect")
FINAL = ("delivered", "suppressed", "superseded", "cancelled", "quarantined")


def freeze(cursor: Cursor, route: Route, parcels: Sequence[Parcel]) -> None:
    """Commit the intent: payload, key and what they will make known are fixed before the remote call."""
    for parcel in parcels:
        # A create that goes on is sent as it was frozen, by the mapping of that time.
        if parcel.queue_state != "frozen" or parcel.operation != "create":
            parcel.values = _expected(route, parcel)
    # By our key a create is known when it is read back before it is booked, whatever was changed in it meanwhile.
    golden.save_keys(
        route.database,
        cursor,
        route.entity.entity,
        [
            (p.entity_id, own_key(route.stream_id, str(p.payload.get(route.our_key) or p.idempotency_key)))
            for p in parcels
            if p.operation == "create"
        ],
    )
    staged = route.database.stage(
        cursor,
        "freeze",
        "id bigint, operation text, remote_key text, payload jsonb, whole jsonb, canonical jsonb, idempotency_key text",
        (
            (
                p.outbox_id,
                p.operation,
                p.remote_key,
                _json(p.payload),
                _json(p.whole),
                _json(p.values),
                p.idempotency_key,
            )
            for p in parcels
        ),
    )
    staged.execute(
        """update hub.outbox o set state = 'frozen', frozen_at = clock_timestamp(), attempts = attempts + 1, operation = staged.operation, note = '', decided = '',
             remote_key = staged.remote_key, payload = staged.payload, whole = staged.whole, values = staged.canonical,
             idempotency_key = staged.idempotency_key
           from {staged} where staged.id = o.id"""
    )


def settle(cursor: Cursor, route: Route, parcels: Sequence[Parcel]) -> None:
    """Book outcomes: the delivery rows, what the target now holds, the crosswalk of new records, the outbox row gone."""
    if not parcels:
        return
    forget_plans(cursor)
    # The same lane as the writers of golden records: what an inbound run learnt of the target meanwhile is not lost.
    hold(cursor, [f"entity:{route.entity.entity}"])
    _go_along(cursor, parcels)
    fresh = targets.load(cursor, route.name, [p.entity_id for p in parcels])
    for parcel in parcels:
        parcel.state = fresh.get(parcel.entity_id, parcel.state)
    _give_way(cursor, [p for p in parcels if p.outcome == "waiting" and p.queue_state == "frozen"])
    held = [p for p in parcels if p.outcome in HELD]
    cursor.executemany(
        "update hub.outbox set state = %s, note = %s where id = %s", [(p.outcome, p.reason, p.outbox_id) for p in held]
    )
    _deliveries(cursor, route, [p for p in parcels if p.outcome not in HELD])
    # In doubt since we gave up, not since it was frozen: waiting for an answer may have taken longer than settling does.
    cursor.execute(
        "update hub.outbox set frozen_at = clock_timestamp() where id = any(%s)",
        ([p.outbox_id for p in parcels if p.outcome == "retry"],),
    )
    final = [p for p in parcels if p.outcome in FINAL]
    _quarantine(cursor, route, final)
    states = [(route.name, p.entity_id, state) for p in final if (state := after(route, p)) is not None]
    targets.save(route.database, cursor, states)
    _crosswalk(cursor, route, [p for p in final if p.outcome in ("delivered", "suppressed")])
    # Merged since it was frozen, or before: what the target made or has is a record of the other entity.
    late = standing.merged(cursor, [entity_id for _, entity_id, _ in states])
    if late:
        doubles.restate(route.database, cursor, set(late.values()))
    cursor.execute("delete from hub.outbox where id = any(%s)", ([p.outbox_id for p in final],))
    wake(cursor, {p.entity_id for p in parcels if p.outcome != "retry"})


def _go_along(cursor: Cursor, parcels: Sequence[Parcel]) -> None:
    """While a record was written its entity may have become part of another one: its row went there with our notes."""
    cursor.execute("select id, entity_id from hub.outbox where id = any(%s)", ([p.outbox_id for p in parcels],))
    now = {row[0]: row[1] for row in cursor}
    for parcel in parcels:
        parcel.entity_id = now.get(parcel.outbox_id, parcel.entity_id)


def unsent(cursor: Cursor, parcels: Sequence[Parcel]) -> None:
    """Frozen rows that the target surely did not take: there is no doubt to settle, and nobody to ask."""
    cursor.execute(
        "update hub.outbox set decided = 'resend' where id = any(%s) and state = 'frozen'",
        ([p.outbox_id for p in parcels],),
    )


def _give_way(cursor: Cursor, parcels: Sequence[Parcel]) -> None:
    """A frozen row that comes to wait is replaced by the newer row behind it, where there is one: that one will wait."""
    cursor.execute(
        """select o.id from hub.outbox o where o.id = any(%s) and exists (
             select 1 from hub.outbox n where n.target = o.target and n.entity_id = o.entity_id and n.id > o.id)""",
        ([p.outbox_id for p in parcels],),
    )
    replaced = {row[0] for row in cursor}
    for parcel in parcels:
        if parcel.outbox_id in replaced:
            parcel.close("superseded", "a newer version waits behind it")


def after(route: Route, parcel: Parcel) -> TargetState | None:
    """What the target is known to hold once this outcome stands; None when nothing is learnt."""
    state = parcel.state
    if parcel.outcome == "suppressed":
        if state is None or not (parcel.found or parcel.holds):
            return None
        linked = (
            {name: parcel.golden.get(name) for name in route.reads if name in route.entity.fields and name != "status"}
            if parcel.found
            else {}
        )
        state.known = {**state.known, **linked, **parcel.holds}
        return state
    if parcel.outcome != "delivered":
        return None
    if parcel.written is not None:
        state = state or TargetState(parcel.written.key)
        state.known = {**state.known, **parcel.holds, **parcel.values["known"]}
        state.written = {**state.written, **parcel.values["written"]}
        state.active = parcel.operation != "deactivate" and (parcel.operation != "update" or state.active)
    if state is not None and parcel.operation != "deactivate":
        state.digest, state.map_digest = digest(parcel.whole), bytes.fromhex(parcel.values["mapping"])
    return state


def own_key(stream_id: int, value: str) -> MatchKey:
    """The key by which a record is known as one that we created in a stream."""
    return MatchKey(f"own:{stream_id}", value)


def _expected(route: Route, parcel: Parcel) -> dict[str, Any]:
    """What will be known of the target once it has taken the payload."""
    if parcel.operation == "deactivate":
        known: dict[str, Any] = {"status": "inactive"}
        return {"known": known, "written": known, "mapping": route.mapping.digest.hex()}
    sent = {
        one for name in parcel.payload for one in route.mapping.reads_of.get(name, ()) if one in route.entity.fields
    }
    back = read_back(route, parcel)
    known = {name: parcel.golden.get(name) for name in sent}
    written = {name: back.get(name, parcel.golden.get(name)) for name in sent}
    if parcel.operation in ("create", "activate") and "status" in route.reads:
        known["status"] = written["status"] = "active"
    if parcel.operation == "activate" and parcel.corrected:
        # We only take our own switching off back: what the record says of itself from now on is its own word again.
        written.pop("status", None)
    return {"known": known, "written": written, "mapping": route.mapping.digest.hex()}


def _deliveries(cursor: Cursor, route: Route, parcels: Sequence[Parcel]) -> None:
    staged = route.database.stage(
        cursor,
        "delivery",
        "outbox_id bigint, entity_id uuid, outcome text, operation text, idempotency_key text, payload jsonb, before jsonb,"
        " remote_key text, attempt integer, reason text",
        (
            (
                p.outbox_id, p.entity_id, p.outcome, p.operation, p.idempotency_key, _json(p.payload or None),
                _json(dict(p.state.known) if p.state else None),
                p.written.key if p.written else p.remote_key, p.attempts + 1, p.reason,
            )
            for p in parcels
        ),
    )  # fmt: skip
    staged.execute(
        """insert into hub.delivery (outbox_id, target, entity_id, run_id, outcome, operation, idempotency_key, payload,
             before, remote_key, attempt, reason)
           select outbox_id, %(target)s, entity_id, %(run)s, outcome, operation, idempotency_key, payload, before, remote_key, attempt, reason
             from {staged} order by outbox_id""",
        target=route.name,
        run=route.run,
    )


def _quarantine(cursor: Cursor, route: Route, parcels: Sequence[Parcel]) -> None:
    """What was open for these entities at this target is settled by the new outcome; a new refusal is a new entry."""
    cursor.executemany(
        """update hub.quarantined_record set state = %s
            where stream_id = %s and source_key = %s and state = 'open' and stage = 'deliver' and target = %s""",
        [
            ("solved" if p.outcome == "delivered" else "superseded", route.stream_id, str(p.entity_id), route.name)
            for p in parcels
        ],
    )
    cursor.executemany(
        """insert into hub.quarantined_record (stage, stream_id, source_key, target, entity_id, code, reason, release, run_id)
           values ('deliver', %s, %s, %s, %s, %s, %s, %s, %s)""",
        [
            (
                route.stream_id,
                str(p.entity_id),
                route.name,
                p.entity_id,
                p.code or "refused",
                p.reason,
                route.release,
                route.run,
            )
            for p in parcels
            if p.outcome == "quarantined"
        ],
    )


def _crosswalk(cursor: Cursor, route: Route, parcels: Sequence[Parcel]) -> None:
    """A record we created or linked is known by its key from now on; it counts as read only once it is read."""
    rows = []
    for parcel in parcels:
        if parcel.written is not None:
            rows.append((parcel.written.key, parcel.entity_id))
        elif parcel.state is not None and parcel.found:
            rows.append((parcel.state.remote_key, parcel.entity_id))
    cursor.executemany(
        """insert into hub.source_record (stream_id, source_key, fingerprint, entity_id, anchor)
           select %s, %s, '', coalesce((select redirect_to from hub.entity where id = %s), %s), %s
           on conflict (stream_id, source_key) do update set entity_id = coalesce(hub.source_record.entity_id, excluded.entity_id),
             anchor = case when hub.source_record.entity_id is null then excluded.anchor else hub.source_record.anchor end""",
        [(route.stream_id, key, entity_id, entity_id, entity_id) for key, entity_id in rows],
    )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)

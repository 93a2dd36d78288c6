"""The rows of ``hub.webhook_event``: written here, taken by ``tongmai.sync.events``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from connectors.sdk.webhook import Event
from masterdata.store import Cursor

_INSERT = """
insert into hub.webhook_event (connection, webhook, event_id, type, stream, source_key, op, version, raw, problem, digest, state)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
                     %s::bytea[], %s::text[], %s::bytea[], %s::text[])
on conflict do nothing
"""
_FORGET = """
delete from hub.webhook_event where id in
  (select id from hub.webhook_event where state in ('taken', 'unrouted') and received_at < now() - make_interval(days => %s)
    order by received_at limit 10000)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it is stored."""

    connection: str
    webhook: str
    event: Event

    def values(self) -> tuple[object, ...]:
        """In the order of the insert."""
        event = self.event
        state = "waiting" if event.stream else "unrouted"
        return (
            self.connection, self.webhook, event.id, event.type, event.stream, event.key, event.op, event.version, event.raw,
            event.problem, digest(event), state,
        )  # fmt: skip


def digest(event: Event) -> bytes:
    """16 bytes over all that an event says: tells two events without ids apart."""
    whole = blake2b(digest_size=16)
    for part in (event.type, event.stream, event.key, event.op, event.version, event.problem):
        whole.update(part.encode() + b"\x1f")
    whole.update(b"" if event.raw is None else b"\x01" + event.raw)
    return whole.digest()


def insert(cursor: Cursor, rows: Sequence[tuple[object, ...]]) -> int:
    """Store the values of rows that are not stored yet; returns how many were new."""
    if not rows:
        return 0
    cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
    return cursor.rowcount


def forget(cursor: Cursor, days: int) -> int:
    """Drop up to 10,000 rows that were taken long ago; returns how many."""
    cursor.execute(_FORGET, (days,))
    return cursor.rowcount


def counts(cursor: Cursor) -> list[dict[str, object]]:
    """How many events there are by connection, webhook, type and state, with the time of the last one."""
    cursor.execute(
        """select connection, webhook, type, state, count(*), max(received_at) from hub.webhook_event
            group by 1, 2, 3, 4 order by 1, 2, 3, 4"""
    )
    names = ("connection", "webhook", "type", "state", "count", "last")
    return [dict(zip(names, (*row[:5], row[5].isoformat(timespec="seconds")), strict=True)) for row in cursor]

"""Take what came by webhook into the inbox: records that events carried, and records that they say to read again.

The run of the stream does it, under the stream's lease, so that an event is never stored beside a read or a write of the same
records. Events come twice and out of order: of several for one key the newest version counts, and one that is older than what
is stored is booked as superseded. Where two versions cannot be compared the record is read again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from connectors.sdk import Connector, ReadRequest, Record, fingerprint, wire
from masterdata.store import Cursor, Database
from tongmai.core.failpoint import reach
from tongmai.core.record import Operation
from tongmai.sync.ingest import book_read, storable, store

BATCH = 500
KEYS_AT_ONCE = 100
log = logging.getLogger("tongmai.sync")

_PICK = """
select id, webhook, event_id, source_key, op, version, raw, problem, digest from hub.webhook_event
 where connection = %s and stream = %s and state in ('waiting', 'taking') and id > %s order by id limit %s
"""
_STORED = """
select r.source_key, i.version from hub.source_record r join hub.inbox i on i.id = r.inbox_id
 where r.stream_id = %s and r.source_key = any(%s)
"""
_GONE = """
select distinct on (source_key) source_key, version from hub.webhook_event
 where connection = %s and stream = %s and source_key = any(%s) and op = 'delete' and version <> '' and state = 'taken'
 order by source_key, id desc
"""
_OLD = """
with gone as (
  insert into hub.inbox (run_id, stream_id, source_key, op, version, raw, problem) values (%s, %s, %s, %s, %s, %s, %s) returning id)
insert into hub.ledger (inbox_id, outcome) select id, 'superseded' from gone
"""


@dataclass(frozen=True, slots=True)
class _Event:
    id: int
    webhook: str
    event_id: str
    key: str
    op: Operation
    version: str
    raw: bytes | None
    problem: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Sorted:
    """What to do with some events: records that count, those that were overtaken, keys to read again."""

    records: dict[str, Record]
    old: list[Record]
    keys: list[str]


def take_events(
    database: Database,
    connector: Connector,
    run: str,
    stream_id: int,
    connection: str,
    stream: str,
    volatile: Sequence[str] = (),
) -> Iterator[int]:
    """Take all that waits for this stream; yields how many events were taken so far. A dry run leaves them waiting."""
    after = done = 0
    while True:
        with database.transaction() as cursor:
            cursor.execute(_PICK, (connection, stream, after, BATCH))
            events = [_Event(*row) for row in cursor]
            if not events:
                return
            if not database.rehearse:
                cursor.execute(
                    "update hub.webhook_event set state = 'taking', run_id = %s where id = any(%s)",
                    (run, [event.id for event in events]),
                )
            stored = _versions(cursor, stream_id, connection, stream, [event.key for event in events])
        reach("events.before-read")
        what = _sort(events, stored, volatile)
        _read_again(connector, stream, what)
        _keep(database, run, stream_id, what, [event.id for event in events])
        after = events[-1].id
        done += len(events)
        yield done


def _versions(cursor: Cursor, stream_id: int, connection: str, stream: str, keys: list[str]) -> dict[str, str]:
    """The newest known version by key: of what is stored, else of a deletion that came before the record did."""
    cursor.execute(_GONE, (connection, stream, keys))
    known: dict[str, str] = dict(cursor.fetchall())
    cursor.execute(_STORED, (stream_id, keys))
    return known | dict(cursor.fetchall())


def compare(one: str, other: str) -> int | None:
    """Which version is newer: below, at or above 0; None when nobody can say (two clocks, two ways of writing)."""
    if one == other:
        return 0
    try:
        first, second = Decimal(one), Decimal(other)
        if first.is_finite() and second.is_finite():
            return 1 if first > second else -1
    except InvalidOperation:
        if len(one) == len(other) and not one.isdigit() and not other.isdigit():
            return 1 if one > other else -1
    return None


def _sort(events: Sequence[_Event], stored: dict[str, str], volatile: Sequence[str]) -> _Sorted:
    records: dict[str, Record] = {}
    old: list[Record] = []
    keys: dict[str, None] = {}
    for event in events:
        if event.op == "upsert" and event.raw is None:
            keys[event.key] = None
            continue
        record = storable(_record(event, volatile))
        before = records[record.key].version if record.key in records else stored.get(record.key)
        order = compare(record.version, before) if before is not None and record.version else 1
        if order is None:
            keys[record.key] = None
        if order is not None and order < 0:
            old.append(record)
            continue
        if record.key in records:
            old.append(records[record.key])
        records[record.key] = record
    return _Sorted(records, old, list(keys))


def _record(event: _Event, volatile: Sequence[str]) -> Record:
    raw = event.raw or b""
    if event.op == "broken":
        # Never under the record's own key: what is known of that stays.
        name = f"event {event.webhook}/{event.event_id or event.digest.hex()}"
        return Record(name, raw, fingerprint(raw + event.problem.encode()), "broken", problem=event.problem)
    if event.op == "delete":
        return Record(event.key, b"", b"\x00" * 16, "delete", event.version)
    return wire.record(event.key, wire.parse(raw), volatile, version=event.version)


def _read_again(connector: Connector, stream: str, what: _Sorted) -> None:
    """What the source gives now counts before what an event carried. A key it does not give is not taken for deleted."""
    for start in range(0, len(what.keys), KEYS_AT_ONCE):
        wanted = what.keys[start : start + KEYS_AT_ONCE]
        found: set[str] = set()
        for page in connector.read(ReadRequest(stream, keys=tuple(wanted))):
            for record in map(storable, page.records):
                if record.key in what.records:
                    what.old.append(what.records[record.key])
                what.records[record.key] = record
                found.add(record.key)
        missing = len(set(wanted) - found - set(what.records))
        if missing:
            log.warning("events named records that the source does not give stream=%s count=%d", stream, missing)


def _keep(database: Database, run: str, stream_id: int, what: _Sorted, taken: list[int]) -> None:
    records = list(what.records.values())
    with database.transaction() as cursor:
        changed = store(database, cursor, stream_id, run, records) if records else 0
        for record in what.old:
            _book_old(cursor, run, stream_id, record)
        book_read(cursor, run, len(records) + len(what.old), len(records) - changed)
        if not database.rehearse:
            cursor.execute(
                "update hub.webhook_event set state = 'taken', taken_at = now(), raw = null where id = any(%s)",
                (taken,),
            )
        reach("events.before-commit")


def _book_old(cursor: Cursor, run: str, stream_id: int, record: Record) -> None:
    row = (run, stream_id, record.key, record.op, record.version, record.raw, record.problem)
    cursor.execute(_OLD, row)

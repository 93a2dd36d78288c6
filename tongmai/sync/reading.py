"""Read a stream, store what is new in it and apply it; also what other streams' records wait for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from connectors import registry
from connectors.sdk import Acknowledging, Connector, ReadRequest
from connectors.sdk.quota import current_priority, priority
from masterdata.golden.rollup import rollups
from masterdata.store import Database
from tongmai.core.errors import RetryableError
from tongmai.sync import queue
from tongmai.sync.apply import apply_batch
from tongmai.sync.connections import declared
from tongmai.sync.drift import Drift
from tongmai.sync.events import take_events
from tongmai.sync.ingest import Intake
from tongmai.sync.lane import HUB, Lane
from tongmai.sync.left_out import refuse_many
from tongmai.sync.matcher import matcher_of
from tongmai.sync.parts import PartReader
from tongmai.sync.session import Session, opened
from tongmai.sync.specs import Connection, Inbound

STREAM_PATIENCE = 600.0
log = logging.getLogger("tongmai.sync")


def lane_builder(session: Session, spec: Inbound) -> Callable[[Connector, int, str], Lane]:
    """Makes the lane of an inbound sync for an open connector, a stream id and a run."""
    mapping = session.content.mapping(spec)
    connection = session.content.connection(spec.read.connection)
    own = connection.connector == HUB
    digests = (session.content.flow(spec.read.stream.partition("/")[0]).digest,) if own else ()

    def build(connector: Connector, stream_id: int, run: str) -> Lane:
        if mapping.part is not None:
            connector = PartReader(session.database, connector, spec.read.connection, mapping.part, stream_id)
        return Lane(
            session.database, connector, spec.read.connection, connection.role, spec.read.stream, stream_id,
            session.content.entity(mapping.entity), mapping, spec.deletes, run, session.release,
            "" if own else _our_key(spec.read.connection, connection, spec.read.stream),
            session.content.triggers(mapping.entity), tuple(rollups(session.content.schema)), digests,
            None if own or mapping.part else _drift(session, spec, stream_id, run), spec.left_out,
            session.content.watched(mapping.entity), matcher_of(session.database, session.content.schema, mapping.entity),
        )  # fmt: skip

    return build


def _drift(session: Session, spec: Inbound, stream_id: int, run: str) -> Drift:
    """What the stream's records may look like, by its manifest and by what was seen of it."""
    known = declared(session.content, spec)
    names = frozenset(each.partition(".")[0] for each in (*known.fields, *known.lines)) if known else frozenset()
    return Drift(stream_id, run, spec.read.drift or (known.drift if known else "evolve"), names)


def _our_key(name: str, connection: Connection, stream: str) -> str:
    """The source field in which records that we create keep our key."""
    writes = registry.manifest_of(name, connection.connector, connection.settings).writes.values()
    return next((write.our_key for write in writes if write.stream == stream), "")


def read_and_apply(session: Session, spec: Inbound, lane: Lane) -> None:
    """Read what is new and apply all that waits in the stream."""
    _remap_changed(lane, accept=session.options.accept_deletes)
    try:
        _intake(session, spec, lane)
    finally:
        # What was stored before a read broke off is applied all the same.
        for _ in drain(session, lane):
            pass


def _intake(session: Session, spec: Inbound, lane: Lane) -> None:
    options, database = session.options, session.database
    with database.transaction() as cursor:
        cursor.execute("select checkpoint, baseline_at from hub.stream where id = %s", (lane.stream_id,))
        row = cursor.fetchone()
    checkpoint, baseline = row if row else (None, None)
    narrowed = bool(options.keys or options.since)
    if not narrowed and lane.mapping.part is None:
        taken = take_events(database, lane.connector, lane.run, lane.stream_id, *_fed(session, spec))
        for count in taken:
            session.progress(spec.sync, "events", count)
    whole = not narrowed and (options.full or checkpoint is None or baseline is None)
    request = ReadRequest(
        spec.read.stream,
        checkpoint=None if whole or options.keys else checkpoint,
        full=whole,
        since=options.since,
        keys=options.keys,
        lookback=spec.read.lookback,
    )
    intake = Intake(
        database,
        lane.run,
        lane.stream_id,
        force=bool(options.keys),
        whole=whole,
        narrowed=narrowed,
        listed=(known := declared(session.content, spec)) is None or known.deletes == "full-listing",
        accept_deletes=options.accept_deletes,
        stored=lane.connector.stored if isinstance(lane.connector, Acknowledging) else None,
    )
    # A first reading is as long as one of everything, whoever asked for it.
    with priority("backfill" if whole else current_priority()):
        for count in intake.take(lane.connector.read(request)):
            session.progress(spec.sync, "read", count)


def _fed(session: Session, spec: Inbound) -> tuple[str, str, tuple[str, ...]]:
    """Connection and stream whose webhook events a sync takes, and what is volatile in its records."""
    connector = session.content.connection(spec.read.connection).connector
    stream = None if connector == HUB else registry.manifest(connector).streams.get(spec.read.stream)
    return spec.read.connection, spec.read.stream, stream.volatile if stream else ()


def _remap_changed(lane: Lane, *, accept: bool) -> None:
    """A changed mapping or term: everything mapped with another digest is mapped again from the stored raw. ``accept``:
    also when most of it is left out now."""
    with lane.database.transaction() as cursor:
        cursor.execute(
            """select exists (select 1 from hub.source_record
                               where stream_id = %s and map_digest is not null and map_digest <> %s)""",
            (lane.stream_id, lane.digest),
        )
        row = cursor.fetchone()
    if row is None or not row[0]:
        return
    if not accept:
        refuse_many(lane)
    with lane.database.transaction() as cursor:
        cursor.execute(
            """insert into hub.work (record_id, stream_id, inbox_id, reason)
               select id, stream_id, inbox_id, 'remap' from hub.source_record
                where stream_id = %s and inbox_id is not null and map_digest is not null and map_digest <> %s
               on conflict (record_id) do nothing""",
            (lane.stream_id, lane.digest),
        )
        if lane.mapping.part is not None and not lane.mapping.part.owned:
            # Which record speaks for a shared part hangs on the mapping: all that are stored are looked at again.
            cursor.execute(
                "update hub.stream set checkpoint = '0' where id = %s and checkpoint <> '0'", (lane.stream_id,)
            )


def drain(session: Session, lane: Lane) -> Iterator[int]:
    """Apply everything that waits in a stream; yields how many records were taken so far."""
    done, after = 0, 0
    while True:
        taken, after = apply_batch(lane, after)
        if not taken and not done:
            return
        if not taken:
            done, after = 0, 0  # once more from the start: what this stream's own records woke
            continue
        done += taken
        session.progress(lane.stream, "apply", done)
        yield done


def drain_woken(session: Session, run: str) -> None:
    """Records of other streams whose reference has just arrived are mapped again now, not at their next read. Then the
    questions to stewards are those of now."""
    while True:
        with session.database.transaction() as cursor:
            cursor.execute(
                """select distinct s.id, s.connection, s.stream from hub.work w join hub.stream s on s.id = w.stream_id
                    where w.reason = 'reference' order by 1"""
            )
            woken = cursor.fetchall()
        moved = 0
        for stream_id, connection, stream in woken:
            spec = session.content.inbound_of(connection, stream)
            if spec is None:
                continue
            with opened(session, connection) as connector, alone(session.database, spec.sync, stream_id):
                moved += sum(1 for _ in drain(session, lane_builder(session, spec)(connector, stream_id, run)))
        if not moved:
            break
    if not session.options.dry_run:
        queue.refresh(session.database, session.content.schema, patient=False)


@contextmanager
def alone(database: Database, sync: str, stream_id: int) -> Iterator[None]:
    """A stream is either read or written: a record read before our write and applied after it would look like an edit."""
    name = f"stream:{stream_id}"
    if not database.own(name, 0):
        log.info("waiting for another run on the same stream sync=%s stream=%d", sync, stream_id)
        if not database.own(name, STREAM_PATIENCE):
            raise RetryableError(
                f"sync `{sync}`",
                f"another run has read or written the same records for {STREAM_PATIENCE:.0f} s",
                "wait for it, or look for it in `tongmai ledger`",
                code="stream-busy",
            )
    try:
        yield
    finally:
        database.disown(name)

"""Run a sync or a group: the one function that the command line, a DAG's task and a test call."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import psycopg

from connectors import registry
from connectors.sdk import Acknowledging, Connector, ReadRequest
from connectors.sdk.quota import Priority, current_priority, priority
from mappings.language import compile_condition
from masterdata.golden.rollup import rollups
from masterdata.store import Database, connect
from tongmai.core.errors import ConfigurationError, OutcomeUnknownError, RetryableError, TongmaiError
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.core.settings import database_url
from tongmai.sync import arm, direct, runs
from tongmai.sync.apply import apply_batch
from tongmai.sync.connections import declared, open_named, settings_of
from tongmai.sync.content import Content, activate, load_content
from tongmai.sync.deliver import Delivery
from tongmai.sync.drift import Drift
from tongmai.sync.echo import Home
from tongmai.sync.events import take_events
from tongmai.sync.guarantee import BLIND, of_write
from tongmai.sync.ingest import Intake
from tongmai.sync.lane import HUB, Lane
from tongmai.sync.ledger import mapped_again, next_steps, recount_in, recount_out
from tongmai.sync.left_out import refuse_many
from tongmai.sync.matcher import matcher_of
from tongmai.sync.parts import PartReader
from tongmai.sync.plan import Route
from tongmai.sync.report import SyncReport, total
from tongmai.sync.shared import shared
from tongmai.sync.specs import Connection, Direct, Group, Inbound, Outbound, Spec

PATIENCE = 60.0
STREAM_PATIENCE = 600.0
log = logging.getLogger("tongmai.sync")
Progress = Callable[[str, str, int], None]


@dataclass(frozen=True)
class SyncOptions:
    """How to run. ``full``: read everything again. ``since`` (aware) and ``keys`` narrow the read. ``dry_run``: do
    everything but commit and write to targets. ``external_id``: ``<dag_id>/<run_id>`` when Airflow runs it. ``in_group``:
    this is one member of a group, so what narrows the group's reads passes its writes by. ``accept_deletes``: believe a
    whole listing in which most records are missing."""

    full: bool = False
    since: datetime | None = None
    keys: tuple[str, ...] = ()
    dry_run: bool = False
    trigger: str = "cli"
    external_id: str = ""
    in_group: bool = False
    accept_deletes: bool = False


@dataclass
class Session:
    """What the syncs of one call share."""

    database: Database
    content: Content
    release: bytes
    secrets: Secrets
    options: SyncOptions
    progress: Progress


def run_sync(
    name: str, options: SyncOptions | None = None, secrets: Secrets | None = None, progress: Progress | None = None
) -> SyncReport:
    """Run ``name`` and account for every record. Raises ConfigurationError before anything starts; what fails later
    is in the report's ``error``, with the books as they then stand."""
    options = options or SyncOptions()
    content = load_content()
    spec = _runnable(content, name, options)
    url = database_url()
    with database_errors(name), connect(url, rehearse=options.dry_run) as database, shared(url):
        release = activate(database, content)
        session = Session(
            database, content, release, secrets or EnvironmentSecrets(), options, progress or (lambda *_: None)
        )
        if not isinstance(spec, Group):
            return _run_member(session, name)
        reports = []
        for member in spec.syncs:
            reports.append(_run_member(session, member))
            if reports[-1].error:
                break
        return total(name, reports[-1].run, reports)


def _runnable(content: Content, name: str, options: SyncOptions) -> Spec | None:
    """The sync or group of that name, None for a flow; raises when it cannot be run."""
    if name in content.flows.documents and name not in content.specs.syncs:
        if (options.keys or options.since) and not options.in_group:
            raise ConfigurationError(
                f"flow `{name}`",
                "--key and --since narrow what is read; a flow reads nothing",
                "narrow the inbound sync of what starts it",
                code="bad-option",
            )
        content.flow(name)
        return None
    spec = content.sync(name)
    for member in spec.syncs if isinstance(spec, Group) else ():
        if member in content.flows.documents:
            content.flow(member)
    if isinstance(spec, Outbound) and (options.keys or options.since) and not options.in_group:
        raise ConfigurationError(
            f"sync `{name}`",
            "--key and --since narrow what is read; this sync writes",
            f"narrow an inbound sync; what it changes is queued for `{name}`",
            code="bad-option",
        )
    return spec


def _run_member(session: Session, name: str) -> SyncReport:
    from tongmai.flows.run import run_flow  # it runs its records through the functions here

    if name in session.content.flows.flows:
        return run_flow(session, name)
    spec = session.content.sync(name)
    assert not isinstance(spec, Group)
    return _run_one(session, spec)


@contextmanager
def database_errors(name: str) -> Iterator[None]:
    """A database that goes away in the middle is said in the hub's own words; nothing half-written remains."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise RetryableError(
            f"sync `{name}`",
            f"the hub database broke off: {str(error).strip().splitlines()[0]}",
            "run it again; what was committed stays, the rest is read again",
            code="database-away",
        ) from error


def _run_one(session: Session, spec: Inbound | Outbound | Direct) -> SyncReport:
    database = session.database
    if not database.own(f"sync:{spec.sync}", PATIENCE):
        raise RetryableError(
            f"sync `{spec.sync}`",
            f"another run of it is still going on after {PATIENCE:.0f} s",
            "wait for it, or look for it in `tongmai ledger`",
            code="already-running",
        )
    try:
        if isinstance(spec, Direct):
            return _pass_on(session, spec)
        with priority(_priority_of(spec, session.options)):
            return _read(session, spec) if isinstance(spec, Inbound) else _write(session, spec)
    finally:
        database.disown(f"sync:{spec.sync}")


def _pass_on(session: Session, spec: Direct) -> SyncReport:
    """Read, then write. A source that is away does not hold up what waits for the target."""
    ways = (direct.reading(spec), direct.writing(spec))
    reports = []
    for half in ways:
        with priority(_priority_of(half, session.options)):
            reports.append(_read(session, half) if isinstance(half, Inbound) else _write(session, half))
    report = total(spec.sync, reports[-1].run, reports)
    report.retryable = all(one.retryable for one in reports if one.error) and bool(report.error)
    report.retry_after = max((one.retry_after for one in reports if one.retry_after is not None), default=None)
    return report


def _priority_of(spec: Inbound | Outbound, options: SyncOptions) -> Priority:
    """Who goes first where a vendor limits calls: what people wait for, then regular reads, then reads of everything."""
    if isinstance(spec, Outbound) or options.keys:
        return "live"
    return "backfill" if options.full else "normal"


def _read(session: Session, spec: Inbound) -> SyncReport:
    database, options = session.database, session.options
    lane_of = lane_builder(session, spec)
    connection = session.content.connection(spec.read.connection)
    with database.transaction() as cursor:
        stream_id = arm.ensure_stream(
            cursor, spec.read.connection, spec.read.stream, connection.role, session.content.mapping(spec).entity
        )
    run = runs.begin(database, spec.sync, session.release, options.trigger, options.external_id, stream_id)
    report = SyncReport(spec.sync, run)
    drift = None
    try:
        with opened(session, spec.read.connection) as connector, _alone(database, spec.sync, stream_id):
            lane = lane_of(connector, stream_id, run)
            drift = lane.drift
            _read_and_apply(session, spec, lane)
        drain_woken(session, run)
    except TongmaiError as error:
        failed(report, error)
    if drift is not None:
        report.drift = [f"{name} ({kind})" for _, (name, kind) in drift.news]
    with database.transaction() as cursor:
        books, report.problems = recount_in(cursor, stream_id)
        report.again = mapped_again(cursor, run)
    report.inbound = books.get(run, report.inbound)
    return close(database, report)


def _read_and_apply(session: Session, spec: Inbound, lane: Lane) -> None:
    _remap_changed(lane, accept=session.options.accept_deletes)
    try:
        _intake(session, spec, lane)
    finally:
        # What was stored before a read broke off is applied all the same.
        for _ in drain(session, lane):
            pass


@contextmanager
def _alone(database: Database, sync: str, stream_id: int) -> Iterator[None]:
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


def failed(report: SyncReport, error: TongmaiError) -> None:
    """Note what stopped a run."""
    report.error, report.error_code = str(error), error.code
    report.retryable = isinstance(error, RetryableError | OutcomeUnknownError)
    report.retry_after = error.after if isinstance(error, RetryableError) else None
    log.error("sync failed sync=%s run=%s code=%s: %s", report.sync, report.run, error.code, error)


def close(database: Database, report: SyncReport) -> SyncReport:
    """Say whether the books close and end the run."""
    report.balanced = not report.problems
    if report.problems:
        report.problems.append(next_steps(report.problems))
    runs.end(database, report)
    return report


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
    """Records of other streams whose reference has just arrived are mapped again now, not at their next read."""
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
            with opened(session, connection) as connector, _alone(session.database, spec.sync, stream_id):
                moved += sum(1 for _ in drain(session, lane_builder(session, spec)(connector, stream_id, run)))
        if not moved:
            return


def _write(session: Session, spec: Outbound) -> SyncReport:
    database, options = session.database, session.options
    content = session.content
    connection = content.connection(spec.write.connection)
    manifest = registry.manifest_of(spec.write.connection, connection.connector, connection.settings)
    target = manifest.writes[spec.write.object]
    mapping = content.mapping(spec)
    entity = content.entity(spec.of)
    baseline = content.sync(spec.baseline) if spec.baseline else None
    assert baseline is None or isinstance(baseline, Inbound)
    # What a direct sync writes has a stream of its own here: the entities that the target's stream feeds are not its.
    stream = target.stream if baseline else spec.of
    document = content.specs.documents[spec.sync]
    when, condition = (
        compile_condition(spec.when, entity, content.schema, document.mark("when"))
        if spec.when
        else (None, frozenset())
    )
    reads = arm.canonical_reads(spec, mapping, entity, condition)
    with database.transaction() as cursor:
        stream_id = arm.ensure_stream(cursor, spec.write.connection, stream, connection.role, spec.of)
        armed, remapped = arm.subscribe(cursor, spec, stream_id, reads, arm.digest(spec, mapping))
    before: list[SyncReport] = []
    if not armed and baseline:
        before.append(_baseline(session, baseline, stream_id))
        if before[0].error or not before[0].balanced:
            return total(spec.sync, before[0].run, before)
    run = runs.begin(database, spec.sync, session.release, options.trigger, options.external_id, stream_id)
    report = SyncReport(spec.sync, run, members=before)
    try:
        if not armed:
            arm.arm(database, spec, run)
        arm.look_again(database, spec, run, mapping, changed=remapped and armed)
        with ExitStack() as stack:
            stack.enter_context(_alone(database, spec.sync, stream_id))
            lanes = [stack.enter_context(opened(session, spec.write.connection)) for _ in range(spec.write.lanes)]
            route = Route(
                spec.sync, spec, database, spec.write.connection if baseline else "",
                Home(spec.write.connection, stream) if baseline else None, stream_id, entity, mapping,
                content.mapping(baseline) if baseline else None, reads, when, run, session.release, target.deactivate, target.our_key,
                of_write(spec.sync, spec.create, target, mapping, "").guarantee == BLIND,
                target.key_enforced and target.our_key in mapping.reads_of,
                settings_of(content, spec.write.connection, session.secrets).get("settle_seconds", 0),
                matcher.scorer.likely if (matcher := matcher_of(database, content.schema, spec.of)) else None,
                partial(lanes[0].decode, stream) if baseline else None,
            )  # fmt: skip

            def look() -> None:
                if baseline is None:
                    return
                own = replace(session, options=replace(options, full=False, since=None, keys=()))
                _read_and_apply(own, baseline, lane_builder(own, baseline)(lanes[0], stream_id, run))

            writers = [lane.writer(spec.write.object) for lane in lanes]
            for count in Delivery(route, writers, look, options.dry_run).drain():
                session.progress(spec.sync, "deliver", count)
        drain_woken(session, run)
    except TongmaiError as error:
        failed(report, error)
    with database.transaction() as cursor:
        report.outbound, report.problems = recount_out(cursor, spec.sync, run)
        books, problems = recount_in(cursor, stream_id)
        report.again = mapped_again(cursor, run)
    for term, count in [pair for one in before for pair in one.again.items()]:
        report.again[term] += count
    report.problems += problems
    for terms in [books.get(run, {}), *(one.inbound for one in before)]:
        for term, count in terms.items():
            report.inbound[term] += count
    return close(database, report)


def _baseline(session: Session, spec: Inbound, stream_id: int) -> SyncReport:
    """Read and match the target's own records before the first write to it."""
    with session.database.transaction() as cursor:
        stands = arm.baseline_stands(cursor, stream_id)
    options = replace(session.options, full=not stands, since=None, keys=())
    return _run_one(replace(session, options=options), spec)


@contextmanager
def opened(session: Session, name: str) -> Iterator[Connector]:
    connector = open_named(session.content, name, session.secrets)
    try:
        yield connector
    finally:
        connector.close()

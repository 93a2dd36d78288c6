"""Run a sync or a group: the one function that the command line, a DAG's task and a test call."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from connectors import registry
from connectors.sdk.quota import Priority, priority
from mappings.language import compile_condition
from masterdata.store import connect
from tongmai.core.errors import ConfigurationError, RetryableError, TongmaiError
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.core.settings import database_url
from tongmai.sync import arm, direct, runs
from tongmai.sync.connections import settings_of
from tongmai.sync.content import Content, activate, load_content
from tongmai.sync.deliver import Delivery
from tongmai.sync.echo import Home
from tongmai.sync.guarantee import BLIND, of_write
from tongmai.sync.ledger import mapped_again, recount_in, recount_out
from tongmai.sync.matcher import matcher_of
from tongmai.sync.plan import Route
from tongmai.sync.reading import alone, drain_woken, lane_builder, read_and_apply
from tongmai.sync.report import SyncReport, total
from tongmai.sync.session import PATIENCE, Progress, Session, SyncOptions, close, database_errors, failed, opened
from tongmai.sync.shared import shared
from tongmai.sync.specs import Direct, Group, Inbound, Outbound, Spec

__all__ = ["SyncOptions", "run_sync"]


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
        with opened(session, spec.read.connection) as connector, alone(database, spec.sync, stream_id):
            lane = lane_of(connector, stream_id, run)
            drift = lane.drift
            read_and_apply(session, spec, lane)
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
            stack.enter_context(alone(database, spec.sync, stream_id))
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
                read_and_apply(own, baseline, lane_builder(own, baseline)(lanes[0], stream_id, run))

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

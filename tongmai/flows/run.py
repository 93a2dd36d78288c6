"""Run a flow: serve every due instance, each on the release it began with."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from masterdata.store import Database
from tongmai.core.errors import RetryableError, TongmaiError
from tongmai.flows.compiled import CompiledFlow
from tongmai.flows.engine import Service, streams
from tongmai.flows.own import HubConnector
from tongmai.flows.spec import HUB, stream_of
from tongmai.sync import arm, runs
from tongmai.sync.content import load_release
from tongmai.sync.ledger import recount_in
from tongmai.sync.report import SyncReport, total
from tongmai.sync.run import PATIENCE, Session, close, drain, drain_woken, failed, lane_builder


def run_flow(session: Session, name: str) -> SyncReport:
    """Serve the flow's due instances until none can go on. The report's members are what its create steps made."""
    database = session.database
    flow = session.content.flow(name)
    if not database.own(f"sync:{name}", PATIENCE):
        raise RetryableError(
            f"flow `{name}`",
            f"another run of it is still going on after {PATIENCE:.0f} s",
            "wait for it, or look for it in `tongmai ledger`",
            code="already-running",
        )
    try:
        return _serve(session, flow)
    finally:
        database.disown(f"sync:{name}")


def _serve(session: Session, flow: CompiledFlow) -> SyncReport:
    database, options = session.database, session.options
    run = runs.begin(database, flow.name, session.release, options.trigger, options.external_id, 0)
    own = streams(database, flow, arm.ensure_stream)
    members = {
        entity: SyncReport(
            stream_of(flow.name, entity),
            runs.begin(
                database, stream_of(flow.name, entity), session.release, options.trigger, options.external_id, stream_id
            ),
        )
        for entity, stream_id in own.items()
    }
    report = total(flow.name, run, list(members.values()))
    counts: Counter[str] = Counter()
    try:
        for one, digests, mine in _versions(session, flow):
            mapped = {step.create for step in one.spec.creates}
            service = Service(
                database,
                one,
                digests,
                run,
                session.release,
                {entity: members[entity].run for entity in mapped},
                {entity: own[entity] for entity in mapped},
                lambda mine=mine, mapped=mapped: _apply(mine, flow.name, {e: (own[e], members[e].run) for e in mapped}),  # type: ignore[misc]
            )
            counts += service.serve()
        drain_woken(session, run)
    except TongmaiError as error:
        failed(report, error)
    for entity, member in members.items():
        with database.transaction() as cursor:
            books, member.problems = recount_in(cursor, own[entity])
        member.inbound = books.get(member.run, member.inbound)
        close(database, member)
    whole = total(flow.name, run, list(members.values()))
    whole.error, whole.error_code, whole.retryable = report.error, report.error_code, report.retryable
    whole.instances = {
        **_standing(database, flow.name),
        "steps": sum(counts[kind] for kind in ("mint", "create", "write", "wait")),
    }
    runs.end(database, whole)
    return whole


def _versions(session: Session, flow: CompiledFlow) -> list[tuple[CompiledFlow, list[bytes], Session]]:
    """The flow as it is, and as it was when older instances began that are still under way."""
    with session.database.transaction() as cursor:
        cursor.execute(
            """select digest, min(encode(release, 'hex')) from hub.flow_instance
                where flow = %s and ended_at is null and due and digest <> %s group by 1""",
            (flow.name, flow.digest),
        )
        older = cursor.fetchall()
    found = [(flow, [flow.digest], session)]
    for digest, release in older:
        content = load_release(session.database, bytes.fromhex(release), session.content)
        found.append((content.flow(flow.name), [bytes(digest)], replace(session, content=content)))
    return found


def _apply(session: Session, flow: str, own: dict[str, tuple[int, str]]) -> int:
    """Apply what the flow stored in its streams; returns how many batches that took."""
    count = 0
    for entity, (stream_id, run) in own.items():
        spec = session.content.inbound_of(HUB, stream_of(flow, entity))
        assert spec is not None
        lane = lane_builder(session, spec)(HubConnector(), stream_id, run)
        count += sum(1 for _ in drain(session, lane))
    return count


def _standing(database: Database, flow: str) -> dict[str, int]:
    """How many instances stand how, since the beginning; ``overdue`` are among the running ones."""
    with database.transaction() as cursor:
        cursor.execute(
            """select state, count(*), count(*) filter (where ended_at is null and deadline < now())
                 from hub.flow_instance where flow = %s group by 1""",
            (flow,),
        )
        rows = cursor.fetchall()
    counts = dict.fromkeys(("running", "cancelling", "done", "cancelled"), 0)
    counts.update({state: int(number) for state, number, _ in rows})
    counts["overdue"] = sum(int(late) for _, _, late in rows)
    return counts

"""Run a flow: serve every due instance, each on the release it began with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from masterdata.store import Database
from tongmai.core.errors import RetryableError, TongmaiError
from tongmai.flows.compiled import CompiledFlow
from tongmai.flows.engine import Service
from tongmai.flows.own import HubConnector
from tongmai.flows.spec import HUB, stream_of
from tongmai.sync import arm, runs
from tongmai.sync.content import load_release
from tongmai.sync.ledger import mapped_again, recount_in
from tongmai.sync.reading import drain, drain_woken, lane_builder
from tongmai.sync.report import SyncReport, total
from tongmai.sync.session import PATIENCE, Session, close, failed


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
    report = SyncReport(flow.name, run)
    versions = _versions(session, flow, report)
    members: dict[str, SyncReport] = {}
    own: dict[str, int] = {}
    for entity in dict.fromkeys(step.create for one in versions for step in one.flow.spec.creates):
        name = stream_of(flow.name, entity)
        with database.transaction() as cursor:
            own[entity] = arm.ensure_stream(cursor, HUB, name, HUB, entity)
        begun = runs.begin(database, name, session.release, options.trigger, options.external_id, own[entity])
        members[entity] = SyncReport(name, begun)
    counts: Counter[str] = Counter()
    try:
        for one in versions:
            counts += _service(one, run, session.release, own, members).serve()
        drain_woken(session, run)
    except TongmaiError as error:
        failed(report, error)
    for entity, member in members.items():
        with database.transaction() as cursor:
            books, member.problems = recount_in(cursor, own[entity])
            member.again = mapped_again(cursor, member.run)
        member.inbound = books.get(member.run, member.inbound)
        close(database, member)
    whole = total(flow.name, run, list(members.values()))
    with database.transaction() as cursor:
        for term, count in mapped_again(cursor, run).items():
            whole.again[term] += count
    whole.error, whole.error_code, whole.retryable = report.error, report.error_code, report.retryable
    whole.instances = {
        **_standing(database, flow.name),
        "steps": sum(counts[kind] for kind in ("mint", "create", "write", "wait")),
    }
    runs.end(database, whole)
    return whole


@dataclass(frozen=True)
class _Version:
    """A flow as it was when some instances began: they know it by ``digest``."""

    flow: CompiledFlow
    digest: bytes
    session: Session


def _versions(session: Session, flow: CompiledFlow, report: SyncReport) -> list[_Version]:
    """The flow as it is, and as it was for instances that are under way or whose records still wait.

    One that cannot be used any more stands in the report and holds up no other.
    """
    with session.database.transaction() as cursor:
        cursor.execute(
            """select digest, min(encode(release, 'hex')) from hub.flow_instance i
                where flow = %(flow)s and digest <> %(digest)s
                  and (ended_at is null
                       or exists (select 1 from hub.work w join hub.source_record r on r.id = w.record_id
                                    join hub.stream s on s.id = w.stream_id
                                   where s.connection = %(hub)s and r.source_key = i.id::text))
                group by 1""",
            {"flow": flow.name, "digest": flow.digest, "hub": HUB},
        )
        older = cursor.fetchall()
    found = [_Version(flow, flow.digest, session)]
    for digest, release in older:
        try:
            content = load_release(session.database, bytes.fromhex(release), session.content)
            found.append(_Version(content.flow(flow.name), bytes(digest), replace(session, content=content)))
        except TongmaiError as error:
            failed(report, error)
    return found


def _service(
    one: _Version, run: str, release: bytes, own: Mapping[str, int], members: Mapping[str, SyncReport]
) -> Service:
    entities = [step.create for step in one.flow.spec.creates]

    def apply() -> int:
        """Apply what instances of this version stored; returns how many batches that took."""
        count = 0
        for entity in entities:
            spec = one.session.content.inbound_of(HUB, stream_of(one.flow.name, entity))
            assert spec is not None
            lane = lane_builder(one.session, spec)(HubConnector(), own[entity], members[entity].run)
            count += sum(1 for _ in drain(one.session, replace(lane, digests=(one.digest,))))
        return count

    return Service(
        one.session.database,
        one.flow,
        [one.digest],
        run,
        release,
        {entity: members[entity].run for entity in entities},
        {entity: own[entity] for entity in entities},
        apply,
    )


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

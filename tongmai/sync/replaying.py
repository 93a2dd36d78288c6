"""Replay quarantined records and see them through at once."""

from __future__ import annotations

from masterdata.store import connect
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.core.settings import database_url
from tongmai.sync import runs
from tongmai.sync.content import activate, load_content
from tongmai.sync.quarantine import replay
from tongmai.sync.reading import drain, drain_woken, lane_builder
from tongmai.sync.report import SyncReport
from tongmai.sync.session import Session, SyncOptions, close, database_errors, opened
from tongmai.sync.shared import shared


def replay_entries(numbers: tuple[int, ...], secrets: Secrets | None = None) -> SyncReport:
    """Replay quarantine entries and finish them at once: map and apply; a target's are delivered by its next run."""
    content = load_content()
    url = database_url()
    with database_errors("replay"), connect(url) as database, shared(url):
        session = Session(
            database,
            content,
            activate(database, content),
            secrets or EnvironmentSecrets(),
            SyncOptions(),
            lambda *_: None,
        )
        run = runs.begin(database, "replay", session.release, "cli", "", 0)
        report = SyncReport("replay", run)
        done = replay(database, run, numbers)
        with database.transaction() as cursor:
            cursor.execute(
                """select distinct s.id, s.connection, s.stream from hub.work w join hub.stream s on s.id = w.stream_id
                    where w.reason = 'replay' order by 1"""
            )
            streams = cursor.fetchall()
        for stream_id, connection, stream in streams:
            spec = content.inbound_of(connection, stream)
            if spec is None:
                continue
            with opened(session, connection) as connector:
                for _ in drain(session, lane_builder(session, spec)(connector, stream_id, run)):
                    pass
        drain_woken(session, run)
        with database.transaction() as cursor:
            cursor.execute(
                "select count(*) from hub.quarantined_record where run_id = %s and state = 'open' and stage <> 'deliver'",
                (run,),
            )
            row = cursor.fetchone()
        again = int(row[0]) if row else 0
        report.inbound.update(read=done["map"], quarantined=again, applied=done["map"] - again)
        report.outbound.update(queued=done["deliver"], pending=done["deliver"])
        return close(database, report)

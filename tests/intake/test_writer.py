"""Group commit by itself: who shares a transaction, and whose trouble stays its own."""

from __future__ import annotations

import psycopg
import pytest

from connectors.sdk.webhook import Event
from tongmai.core.errors import RetryableError
from tongmai.intake import writer as module
from tongmai.intake.journal import Row
from tongmai.intake.writer import Writer


def row(number: int, key: str = "") -> Row:
    return Row("desk", "signed", Event(f"e{number}", "touched", "customers", key or f"C{number}"))


@pytest.mark.parametrize(("most", "commits"), [(500, 2), (1, 51)])
def test_what_comes_during_a_commit_shares_the_next_one(hub_url: str, most: int, commits: int) -> None:
    writer = Writer(hub_url, most_jobs=most)
    writer.start()
    with psycopg.connect(hub_url) as other:
        other.execute("lock table hub.webhook_event in exclusive mode")
        promises = [writer.put([row(0)])]
        with psycopg.connect(hub_url, autocommit=True) as looker:
            while looker.execute("select count(*) from pg_locks where not granted").fetchone() == (0,):
                pass  # until the first one waits for the table
        promises += [writer.put([row(number)]) for number in range(1, 51)]
        assert not any(promise.done() for promise in promises)
        other.rollback()
    for promise in promises:
        promise.result(20)
    writer.close()
    assert writer.commits == commits
    with psycopg.connect(hub_url) as database:
        assert database.execute("select count(*) from hub.webhook_event").fetchone() == (51,)


def test_a_text_that_the_database_cannot_hold_is_not_its_neighbours_trouble(hub_url: str) -> None:
    writer = Writer(hub_url)
    promises = [writer.put([row(1)]), writer.put([row(2, "\x00")]), writer.put([row(3)])]
    writer.start()
    promises[0].result(20)
    with pytest.raises(RetryableError):
        promises[1].result(20)
    promises[2].result(20)
    writer.close()
    with psycopg.connect(hub_url) as database:
        assert database.execute("select count(*) from hub.webhook_event").fetchone() == (2,)


def test_who_gave_up_waiting_stops_nobody(hub_url: str) -> None:
    writer = Writer(hub_url)
    promises = [writer.put([row(1)]), writer.put([row(2)])]
    assert promises[0].cancel()
    writer.start()
    promises[1].result(20)
    writer.close()


def test_more_than_memory_should_hold_is_refused(hub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    writer = Writer(hub_url)
    first, second = writer.put([row(1), row(2)]), writer.put([row(3)])
    with pytest.raises(RetryableError, match="wait to be stored"):
        second.result(0)
    writer.start()
    first.result(20)
    writer.close()


def test_what_was_taken_long_ago_is_dropped_and_what_waits_is_not(hub_url: str) -> None:
    with psycopg.connect(hub_url, autocommit=True) as database:
        for state in ("taken", "unrouted", "waiting"):
            for days in (29, 31):
                database.execute(
                    """insert into hub.webhook_event
                         (connection, webhook, event_id, type, stream, source_key, op, version, problem, digest, state, received_at)
                       values ('desk', 'signed', %s, '', 'customers', 'C', 'upsert', '', '', '', %s, now() - make_interval(days => %s))""",
                    (f"{state}{days}", state, days),
                )
        writer = Writer(hub_url, keep_days=30)
        writer.start()
        writer.put([row(1)]).result(20)
        writer.close()
        found = database.execute("select event_id from hub.webhook_event order by 1").fetchall()
    assert [name for (name,) in found] == ["e1", "taken29", "unrouted29", "waiting29", "waiting31"]

"""Over loopback, into real PostgreSQL: what is answered is stored, what is stored is taken by the stream's run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests
from click.testing import CliRunner
from dingtalk.crypto import DingTalkCrypto

from tests.conftest import Server
from tests.intake.world import SETTINGS, World, receiver
from tongmai.cli.main import cli
from tongmai.sync.run import SyncOptions, run_sync


def changed(number: int, version: int, name: str, event_id: str = "") -> dict[str, object]:
    customer = {"id": f"C{number}", "name": name, "version": version, "seen": time.time()}
    return {"id": event_id or f"e{number}-{version}", "type": "changed", "customer": customer}


def begin(world: World) -> None:
    """The desk has been read whole once; from now on only events tell what is new."""
    world.put("C0")
    assert run_sync("desk_customers").ok


def books(world: World) -> None:
    """Nothing waits, and every book closes."""
    from masterdata.store import connect
    from tongmai.sync.ledger import recount_all

    with connect(world.url) as database, database.transaction() as cursor:
        rows = recount_all(cursor)
    assert rows and not [row for row in rows if row["problems"]], rows
    assert world.query("select count(*) from hub.webhook_event where state in ('waiting', 'taking')") == [(0,)]


def test_an_event_with_its_record_becomes_a_golden_record(served: World) -> None:
    begin(served)
    answer = served.tell(changed(1, 1, "Anton Ltd"))
    assert (answer.status_code, answer.json()) == (200, {"msg": "success"})
    assert served.query("select state, source_key from hub.webhook_event") == [("waiting", "C1")]
    report = run_sync("desk_customers")
    assert report.ok and report.inbound["read"] == report.inbound["applied"] == 1
    assert served.names() == {"C0": "Desk C0 Ltd", "C1": "Anton Ltd"}
    assert served.query("select state, raw from hub.webhook_event") == [("taken", None)]
    books(served)
    assert run_sync("desk_customers").inbound["read"] == 0


def test_an_event_that_names_keys_has_them_read_again(served: World) -> None:
    for key in ("C1", "C2", "C3"):
        served.put(key)
    assert run_sync("desk_customers").ok
    served.put("C1", name="Anton Ltd")
    served.put("C3", name="Cleo Ltd")
    assert served.tell({"id": "n1", "type": "touched", "keys": ["C1", "C3", "C1", "C404"]}).status_code == 200
    report = run_sync("desk_customers")
    assert report.ok and report.inbound["read"] == 2, "an incremental read of the desk shows nothing new"
    assert served.asked()[1] == ["C1", "C3", "C404"]
    assert served.names() == {"C1": "Anton Ltd", "C2": "Desk C2 Ltd", "C3": "Cleo Ltd"}
    books(served)


def test_a_repeated_event_is_answered_and_stored_once(served: World) -> None:
    event = changed(1, 1, "Anton Ltd")
    assert [served.tell(event).status_code for _ in range(3)] == [200] * 3
    request = served.signed({"type": "touched", "keys": ["C1"]})
    assert [served.post(request).status_code for _ in range(3)] == [200] * 3
    assert served.query("select count(*) from hub.webhook_event") == [(2,)]
    served.put("C1", version=1)
    assert run_sync("desk_customers").ok
    assert served.tell(event).status_code == 200, "known for as long as it is kept"
    assert served.query("select count(*) from hub.webhook_event") == [(2,)]
    served.tell({"type": "touched", "keys": ["C1"]})
    assert served.query("select count(*) from hub.webhook_event where state = 'waiting'") == [(1,)], (
        "without an id of its own, an event alike that comes after the record was read says something new"
    )


def test_an_event_that_was_overtaken_changes_nothing(served: World) -> None:
    begin(served)
    for version in (3, 1, 2):
        served.tell(changed(1, version, f"Name {version}"))
    report = run_sync("desk_customers", SyncOptions())
    assert report.inbound["superseded"] == 2 and served.names()["C1"] == "Name 3"
    served.tell(changed(1, 2, "Name 2 again", event_id="late"))
    report = run_sync("desk_customers")
    assert report.inbound["superseded"] == 1 and served.names()["C1"] == "Name 3"
    served.tell(changed(1, 10, "Name 10"))
    assert run_sync("desk_customers").ok and served.names()["C1"] == "Name 10", "versions are numbers, not text"
    books(served)


def test_a_deletion_that_comes_before_its_record_counts(served: World) -> None:
    begin(served)
    served.tell({"id": "d1", "type": "removed", "keys": ["C7"], "version": 5})
    assert run_sync("desk_customers").ok
    served.tell(changed(7, 4, "Ghost Ltd"))
    report = run_sync("desk_customers")
    assert report.inbound["superseded"] == 1 and "C7" not in served.names()
    served.tell(changed(7, 6, "Risen Ltd"))
    assert run_sync("desk_customers").ok and served.names()["C7"] == "Risen Ltd"
    served.tell({"id": "d2", "type": "removed", "keys": ["C7"], "version": 7})
    assert run_sync("desk_customers").inbound["applied"] == 1
    assert served.query("select deleted from hub.source_record where source_key = 'C7'") == [(True,)]
    books(served)


def test_versions_that_nobody_can_compare_are_read_again(served: World) -> None:
    served.put("C1", name="Read Ltd", version="2026-11-22 08:00:00")
    assert run_sync("desk_customers").ok
    served.put("C1", name="Newer Ltd", version="2026-11-22 09:00:00")
    served.tell(changed(1, 1_700_000_000, "Event Ltd"))
    assert run_sync("desk_customers").ok
    assert served.names()["C1"] == "Newer Ltd"
    books(served)


def test_an_event_without_a_key_goes_to_quarantine_and_its_neighbours_go_on(served: World) -> None:
    begin(served)
    served.tell({"id": "b1", "type": "changed", "customer": {"name": "?"}})
    served.tell({"id": "b2", "type": "touched", "keys": ["C\x001"]})
    served.tell(changed(1, 1, "Anton Ltd"))
    report = run_sync("desk_customers")
    assert (report.inbound["quarantined"], report.inbound["applied"]) == (2, 1)
    reasons = {row[0] for row in served.query("select reason from hub.quarantine")}
    assert any("no key at event.customer.id" in reason for reason in reasons), reasons
    books(served)


def test_a_type_without_a_route_is_kept_and_one_to_ignore_is_not(served: World) -> None:
    assert served.tell({"id": "x1", "type": "invented"}).status_code == 200
    assert served.tell({"id": "x2", "type": "chatter"}).status_code == 200
    assert served.query("select event_id, type, state from hub.webhook_event") == [("x1", "invented", "unrouted")]
    shown = CliRunner().invoke(cli, ["intake", "--list"])
    assert shown.exit_code == 0 and "desk/signed invented: 1 have no route" in shown.output
    (row,) = json.loads(CliRunner().invoke(cli, ["intake", "--list", "--json"]).output)["events"]
    assert (row["type"], row["state"], row["count"]) == ("invented", "unrouted", 1)


def test_a_dry_run_leaves_the_events_waiting(served: World) -> None:
    begin(served)
    served.tell(changed(1, 1, "Anton Ltd"))
    report = run_sync("desk_customers", SyncOptions(dry_run=True))
    assert report.inbound["applied"] == 1
    assert served.query("select state from hub.webhook_event") == [("waiting",)]


def test_refused_requests_store_nothing_and_say_why_without_secrets(served: World) -> None:
    good = served.signed(changed(1, 1, "Anton Ltd"))
    from dataclasses import replace

    bad = {
        "webhook-signature": replace(good, body=good.body.replace(b"Anton", b"Anten")),
        "webhook-unsigned": replace(good, headers={"x-time": good.headers["x-time"]}),
        "webhook-old": served.signed(changed(1, 1, "Anton Ltd"), now=time.time() - 400),
        "webhook-body": served.signed(b"{not json"),
    }
    for code, request in bad.items():
        answer = served.post(request)
        assert answer.status_code in (400, 401) and answer.json()["error"]["code"] == code, (code, answer.text)
        assert SETTINGS["secret"] not in answer.text and answer.json()["error"]["zh"]
    assert served.query("select count(*) from hub.webhook_event") == [(0,)]


def test_an_unknown_address_does_not_tell_what_there_is(served: World) -> None:
    paths = ("nobody", "nobody/signed", "desk/none", "desk", "erp_main", "crm_main/signed")
    answers = {
        (answer.status_code, answer.text) for answer in (requests.post(f"{served.base}/in/{path}") for path in paths)
    }
    assert len(answers) == 1 and answers.pop()[0] == 404


def test_a_body_that_is_too_large_is_refused(world: World) -> None:
    with receiver("--max-body", "2000") as (world.base, _):
        event = changed(1, 1, "x" * 3000)
        assert world.tell(event).status_code == 413

        def drip():
            for _ in range(5):
                yield b"x" * 1000

        assert requests.post(f"{world.base}/in/desk/signed", data=drip(), timeout=30).status_code == 413


def test_dingtalk_as_a_third_party_library_speaks_it(served: World) -> None:
    """Encrypted by dingtalk-sdk, our answer decrypted by it."""
    crypto = DingTalkCrypto(SETTINGS["token"], SETTINGS["aes_key"], SETTINGS["app_key"])
    for event in (
        {"EventType": "check_url"},
        {"EventType": "user_modify_org", "UserId": ["u1", "u2"], "TimeStamp": "1"},
    ):
        sealed = crypto.encrypt_message(json.dumps(event), nonce="abc", timestamp=str(round(time.time() * 1000)))
        query = {"signature": sealed["msg_signature"], "timestamp": sealed["timeStamp"], "nonce": sealed["nonce"]}
        answer = served.session.post(f"{served.base}/in/desk/ding", params=query, json={"encrypt": sealed["encrypt"]})
        assert answer.status_code == 200, answer.text
        reply = answer.json()
        said = crypto.decrypt_message(reply, reply["msg_signature"], reply["timeStamp"], reply["nonce"])
        assert said == "success"
    assert served.query("select source_key from hub.webhook_event order by id") == [("u1",), ("u2",)]


@pytest.mark.parametrize("point", ["intake.before-commit", "intake.after-commit"])
def test_a_kill_around_the_commit_loses_nothing_and_doubles_nothing(world: World, point: str) -> None:
    begin(world)
    event = changed(1, 1, "Anton Ltd")
    with receiver(TONGMAI_FAILPOINT=point) as (world.base, process):
        with pytest.raises(requests.ConnectionError):
            world.tell(event)
        assert process.wait(30) == -signal.SIGKILL
    stored = 1 if point == "intake.after-commit" else 0
    assert world.query("select count(*) from hub.webhook_event") == [(stored,)]
    with receiver() as (world.base, _):
        assert world.tell(event).status_code == 200, "the sender repeats what was not answered"
    assert world.query("select count(*) from hub.webhook_event") == [(1,)]
    assert run_sync("desk_customers").inbound["applied"] == 1
    books(world)


@pytest.mark.parametrize("point", ["events.before-read", "events.before-commit"])
def test_a_run_that_dies_while_it_takes_events_is_finished_by_the_next(served: World, point: str) -> None:
    served.put("C1", name="Old Ltd")
    assert run_sync("desk_customers").ok
    served.put("C1", name="New Ltd")
    touched = {"type": "touched", "keys": ["C1"]}
    served.tell(touched)
    served.tell(changed(2, 1, "Berta Ltd"))
    command = [sys.executable, "-m", "tongmai", "sync", "desk_customers"]
    died = subprocess.run(command, env={**os.environ, "TONGMAI_FAILPOINT": point}, capture_output=True, timeout=120)
    assert died.returncode == -signal.SIGKILL
    served.tell(touched)  # while it was being read: this is news
    assert served.query("select count(*) from hub.webhook_event") == [(3,)]
    assert run_sync("desk_customers").ok
    assert served.names() == {"C1": "New Ltd", "C2": "Berta Ltd"}
    books(served)


def test_while_the_database_is_away_senders_are_told_to_come_again(served: World, postgres: Server) -> None:
    begin(served)
    assert served.tell(changed(1, 1, "Anton Ltd")).status_code == 200
    name = served.url.rsplit("/", 1)[-1]
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"alter database {name} allow_connections false")
        admin.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = %s and backend_type = 'client backend'""",
            (name,),
        )
        try:
            for _ in range(3):
                answer = served.tell(changed(2, 1, "Berta Ltd"))
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
                assert answer.json()["error"]["code"] == "webhook-later"
            assert requests.get(f"{served.base}/health", timeout=30).status_code == 503
        finally:
            admin.execute(f"alter database {name} allow_connections true")
    until = time.monotonic() + 20
    while served.tell(changed(2, 1, "Berta Ltd")).status_code == 503 and time.monotonic() < until:
        time.sleep(0.1)
    assert served.tell(changed(2, 1, "Berta Ltd")).status_code == 200
    assert requests.get(f"{served.base}/health", timeout=30).status_code == 200
    assert run_sync("desk_customers").inbound["applied"] == 2
    books(served)


def test_a_connection_without_its_secret_has_no_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_DESK", json.dumps({"conn_type": "generic", "extra": {"secret": SETTINGS["secret"]}})
    )
    with receiver() as (world.base, _):
        assert world.tell(changed(1, 1, "Anton Ltd")).status_code == 200
        assert world.tell({"EventType": "check_url"}, "ding").status_code == 404
        assert requests.get(f"{world.base}/in/desk", timeout=30).status_code == 401, "its only one needs no name"


def test_a_start_says_what_is_received_and_what_nobody_reads(world: World) -> None:
    command = [sys.executable, "-m", "tongmai", "intake", "--port", "0", "--public-url", "https://hub.example.com/"]
    environment = {**os.environ, "TONGMAI_PATH": str(world.unread_site())}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        lines = [process.stdout.readline().strip() for _ in range(4)]
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert lines[0].startswith("Receiving webhooks on http://127.0.0.1:")
    assert lines[1:3] == ["https://hub.example.com/in/desk/ding", "https://hub.example.com/in/desk/signed"]
    assert lines[3] == "no sync reads desk.customers: its events wait"
    assert process.returncode == 0, "SIGTERM is how it is stopped"


def test_a_taken_port_is_said_in_words(served: World) -> None:
    command = [sys.executable, "-m", "tongmai", "intake", "--port", served.base.rsplit(":", 1)[-1]]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "port-taken" in done.stderr and "Traceback" not in done.stderr


def test_many_senders_share_transactions_and_each_is_stored_once(served: World) -> None:
    begin(served)

    def sender(start: int) -> list[int]:
        with requests.Session() as session:
            own = World(served.url, served.desk, served.base, session)
            return [
                own.tell(changed(number % 40 + 1, 1, f"Name {number % 40}")).status_code
                for number in range(start, start + 20)
            ]

    with ThreadPoolExecutor(8) as pool:
        answers = [status for statuses in pool.map(sender, range(0, 160, 20)) for status in statuses]
    assert answers == [200] * 160
    assert served.query("select count(*), count(distinct event_id) from hub.webhook_event") == [(40, 40)]
    assert run_sync("desk_customers").inbound["applied"] == 40
    books(served)

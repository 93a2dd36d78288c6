"""DingTalk tells of changes, by callback and over its socket, and the hub has them."""

from __future__ import annotations

import http.server
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from connectors.sdk.listening import Told
from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from connectors.vendors.dingtalk import simulator_data as data
from tests.intake.world import receiver
from tongmai.cli.main import cli
from tongmai.core.errors import RetryableError
from tongmai.intake.listen import Listener, listener
from tongmai.intake.writer import Writer
from tongmai.sync.run import run_sync

SITE = Path(__file__).with_name("ding")


@pytest.fixture
def ding(hub_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorServer]:
    """A company on DingTalk that the hub's connection `ding` leads to."""
    with SimulatorServer(simulator("dingtalk", seed=3, customers=12, limits=False)) as server:
        secrets = {"app_secret": data.APP["app_secret"]}
        secrets |= {name: data.CALLBACK[name] for name in ("callback_token", "callback_aes_key")}
        monkeypatch.setenv("TONGMAI_PATH", str(SITE))
        monkeypatch.setenv("DING_URL", server.url)
        monkeypatch.setenv("AIRFLOW_CONN_DING", json.dumps({"conn_type": "generic", "extra": secrets}))
        yield server


def until(what: Callable[[], Any], seconds: float = 20) -> Any:
    """What it gives once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def events(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as database:
        return database.execute("select type, stream, source_key, state from hub.webhook_event order by id").fetchall()


def told(server: SimulatorServer) -> dict[str, Any]:
    return dict(server.control("act/events", {}))


def person(server: SimulatorServer, key: str, **fields: Any) -> str:
    body = {"op": "update" if key else "insert", "key": key, "fields": fields}
    return str(server.control("records/user", body)["keys"][0])


# -- callbacks ---------------------------------------------------------------------------------------------------------


def test_a_change_that_is_told_by_callback_becomes_a_golden_record(ding: SimulatorServer, hub_url: str) -> None:
    assert run_sync("ding_department").ok and run_sync("ding_user").ok
    with receiver() as (base, _):
        ding.control("act/callback", {"url": f"{base}/in/ding/events"})
        person(ding, "u0003", title="销售总监")
        gone = person(ding, "", name="新来的", dept_id_list=[11])
        ding.control("records/user", {"op": "delete", "key": gone})
        until(lambda: len(events(hub_url)) == 3)
    assert [row[:3] for row in events(hub_url)] == [
        ("user_modify_org", "user", "u0003"), ("user_add_org", "user", gone), ("user_leave_org", "user", gone),
    ]  # fmt: skip
    assert run_sync("ding_user").ok
    with psycopg.connect(hub_url) as database:
        titles = database.execute("select title from golden.employee where title = '销售总监'").fetchall()
        people = database.execute("select count(*) from golden.employee").fetchone()
        named = database.execute("select count(*) from golden.employee where department_id is not null").fetchone()
    assert (titles, people, named) == ([("销售总监",)], (12,), (12,))
    assert {row[3] for row in events(hub_url)} == {"taken"}


def test_an_approval_that_ends_is_read_again_by_its_two_keys(ding: SimulatorServer, hub_url: str) -> None:
    assert run_sync("ding_department").ok and run_sync("ding_user").ok and run_sync("ding_approval").ok
    with receiver() as (base, _):
        ding.control("act/callback", {"url": f"{base}/in/ding/events"})
        ding.control("act/end", {"id": "inst-00001", "result": "refuse"})
        until(lambda: events(hub_url))
    assert events(hub_url) == [("bpms_instance_change", "approval", "PROC-EXPENSE|inst-00001", "waiting")]
    assert run_sync("ding_approval").ok
    with psycopg.connect(hub_url) as database:
        found = database.execute(
            """select g.status, g.number from hub.crosswalk c join golden.approval g on g.id = c.entity_id
                where c.source_key = 'PROC-EXPENSE|inst-00001'"""
        ).fetchall()
    assert found == [("refused", "202600001")]


def test_an_address_that_does_not_answer_the_test_is_not_taken(ding: SimulatorServer) -> None:
    with receiver() as (base, _), pytest.raises(Exception, match="400"):
        ding.control("act/callback", {"url": f"{base}/in/ding/events", "callback_token": "another"})


class Deaf(http.server.BaseHTTPRequestHandler):
    """Answers the address test, then nothing that is right."""

    seen: list[float]
    vendor: Any
    hang: float = 0

    def do_POST(self) -> None:
        type(self).seen.append(self.vendor.state.clock.now())
        if self.hang:
            time.sleep(self.hang)
        body = b'{"ok": true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def deaf(server: SimulatorServer, hang: float = 0) -> Iterator[type[Deaf]]:
    """A receiver whose answers are not what they must be; registered without the test."""
    made = type("Made", (Deaf,), {"seen": [], "vendor": server.vendor, "hang": hang})
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), made)
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    from connectors.vendors.dingtalk.simulator_push import Callback

    push = server.vendor.push
    with server.vendor.state.lock:
        address = f"http://127.0.0.1:{web.server_address[1]}/"
        push.callback = Callback(
            address, *(data.CALLBACK[f"callback_{name}"] for name in ("token", "aes_key", "owner"))
        )
        push._begin()
    yield made
    web.shutdown()
    web.server_close()


def failed(server: SimulatorServer) -> dict[str, Any]:
    from tests.connectors.dingtalk_company import Company

    company = Company(server)
    return company.send("GET", f"/call_back/get_call_back_failed_result?access_token={company.old_token()}")[1]


def test_what_is_not_answered_comes_after_10_and_30_seconds_and_is_then_only_listed(ding: SimulatorServer) -> None:
    with deaf(ding) as made:
        ding.control("clock", {"freeze": True})
        start = ding.vendor.state.clock.now()
        person(ding, "u0001", title="一")
        until(lambda: len(made.seen) == 1)
        for wait, count in ((9.9, 1), (0.2, 2), (19.7, 2), (0.3, 3)):
            ding.control("clock", {"advance": wait})
            until(
                lambda count=count: (
                    len(made.seen) == count
                    and not [p for p in ding.vendor.push.queue if p.due <= ding.vendor.state.clock.now()]
                )
            )
        assert [round(at - start) for at in made.seen] == [0, 10, 30]
        found = until(lambda: failed(ding)["failed_list"])
    assert [(each["call_back_tag"], each["user_modify_org"]["userId"]) for each in found] == [
        ("user_modify_org", ["u0001"])
    ]
    assert failed(ding)["failed_list"] == []  # each is told once


def test_an_answer_after_two_and_a_half_seconds_is_too_late(ding: SimulatorServer) -> None:
    with deaf(ding, hang=4) as made:
        began = time.monotonic()
        person(ding, "u0001", title="一")
        problem = until(lambda: ding.vendor.push.queue and ding.vendor.push.queue[0].problem)
        assert 2.4 < time.monotonic() - began < 3.9 and "timed out" in problem and len(made.seen) == 1


# -- the socket --------------------------------------------------------------------------------------------------------


@contextmanager
def listening(*options: str) -> Iterator[subprocess.Popen[str]]:
    """``tongmai intake --stream ding`` as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tongmai", "intake", "--stream", "ding", "--json", *options],
        env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        line = process.stdout.readline() if select.select([process.stdout], [], [], 60)[0] else ""
        assert json.loads(line)["streams"] == ["ding"]
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def test_events_over_the_socket_are_stored_then_acknowledged(ding: SimulatorServer, hub_url: str) -> None:
    with listening() as process:
        person(ding, "u0003", title="销售总监")
        ding.control("act/end", {"id": "inst-00001", "result": "agree"})
        until(lambda: len(events(hub_url)) == 2)
        until(lambda: told(ding)["frames"] == 0)
        ding.control("act/system", {"topic": "ping"})
        until(lambda: len(told(ding)["acks"]) == 3)
        ding.control("act/system", {"topic": "disconnect"})
        until(lambda: len(told(ding)["acks"]) == 4)
        until(lambda: told(ding)["sockets"] == 1 and ding.vendor.state.requests["/v1.0/gateway/connections/open"] == 2)
        ding.control("act/drop", {})
        person(ding, "u0004", title="会计")
        until(lambda: len(events(hub_url)) == 3)
        process.terminate()
        assert process.wait(30) == 0
    acks = told(ding)["acks"]
    assert [json.loads(ack["data"]) for ack in acks[:2]] == [{"status": "SUCCESS"}] * 2
    assert set(json.loads(acks[2]["data"])) == {"opaque"}  # a ping is answered with what it said
    assert [row[:3] for row in events(hub_url)] == [
        ("user_modify_org", "user", "u0003"), ("bpms_instance_change", "approval", "PROC-EXPENSE|inst-00001"),
        ("user_modify_org", "user", "u0004"),
    ]  # fmt: skip


class Refusing(Writer):
    """Stores nothing while `away`."""

    away = True

    def put(self, rows: Any) -> Future[None]:
        if not self.away:
            return super().put(rows)
        promise: Future[None] = Future()
        promise.set_exception(RetryableError("hub database", "away", code="database-away"))
        return promise


def test_an_event_that_could_not_be_stored_is_asked_for_again(ding: SimulatorServer, hub_url: str) -> None:
    writer = Refusing(hub_url)
    writer.start()
    one = listener("ding", writer)
    one.start()
    try:
        assert one.opened.wait(20)
        person(ding, "u0003", title="销售总监")
        until(lambda: told(ding)["acks"])
        assert json.loads(told(ding)["acks"][0]["data"]) == {"status": "LATER"} and told(ding)["frames"] == 1
        writer.away = False
        ding.control("clock", {"advance": 10})
        until(lambda: told(ding)["frames"] == 0)
        assert len(events(hub_url)) == 1
    finally:
        one.stop()
        writer.close()


def test_an_event_that_nobody_acknowledges_comes_again(ding: SimulatorServer, hub_url: str) -> None:
    """A killed listener: what it had not acknowledged goes to the next one, and is stored once."""

    class Silent(Writer):
        def put(self, rows: Any) -> Future[None]:
            super().put(rows).result(20)
            return Future()  # stored, and never told

    writer = Silent(hub_url)
    writer.start()
    one = listener("ding", writer)
    one.start()
    assert one.opened.wait(20)
    person(ding, "u0003", title="销售总监")
    until(lambda: events(hub_url))
    ding.control("act/drop", {})
    with listening():
        until(lambda: told(ding)["frames"] == 0)
    assert len(events(hub_url)) == 1
    writer.close()


def test_a_socket_that_will_not_open_ends_with_the_reason(
    ding: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_DING", json.dumps({"conn_type": "generic", "extra": {"app_secret": "wrong-secret"}})
    )
    found = CliRunner().invoke(cli, ["intake", "--stream", "ding"])
    assert found.exit_code != 0 and "无效的clientId" in str(found.output) + str(found.exception)
    assert "wrong-secret" not in found.output


@pytest.mark.parametrize(("name", "code"), [("nobody", "unknown-connection"), ("crm_main", "no-stream")])
def test_a_connection_that_cannot_listen_is_refused_in_words(
    ding: SimulatorServer, hub_url: str, name: str, code: str
) -> None:
    with pytest.raises(Exception) as caught:
        listener(name, Writer(hub_url))
    assert caught.value.code == code and caught.value.next_step  # type: ignore[attr-defined]


def test_it_waits_longer_and_longer_between_tries(hub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors import registry

    class Away:
        webhook = "events"
        tries = 0

        def open(self) -> None:
            self.tries += 1
            raise RetryableError("ding", "away", code="socket-ended")

        def receive(self, seconds: float) -> Told | None:
            return None

        def answer(self, told: Told, *, stored: bool) -> None: ...

        def close(self) -> None: ...

    waits: list[float] = []
    webhook = registry.manifest("dingtalk").webhooks["events"]
    one = Listener("ding", Away(), webhook, Writer(hub_url))
    monkeypatch.setattr(
        one._stop, "wait", lambda seconds: waits.append(seconds) or (len(waits) > 9 and one._stop.set())
    )
    one.start()
    one.ended.wait(20)
    assert len(waits) == 10 and waits[0] < 1 and all(each <= 90 for each in waits) and waits[-1] >= 30


def test_the_vendors_own_stream_client(ding: SimulatorServer) -> None:
    script = """
import json, os
import dingtalk_stream
from dingtalk_stream import AckMessage
class Print(dingtalk_stream.EventHandler):
    async def process(self, event):
        print(json.dumps({"type": event.headers.event_type, "data": event.data}), flush=True)
        return AckMessage.STATUS_OK, "OK"
client = dingtalk_stream.DingTalkStreamClient(dingtalk_stream.Credential("dingsimapp0001", os.environ["DING_SECRET"]))
client.register_all_event_handler(Print())
client.start_forever()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "DINGTALK_OPENAPI_ENDPOINT": ding.url, "DING_SECRET": data.APP["app_secret"]},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        until(lambda: told(ding)["sockets"] == 1, 40)
        person(ding, "u0002", title="顾问")
        assert process.stdout
        line = process.stdout.readline() if select.select([process.stdout], [], [], 30)[0] else "{}"
        heard = json.loads(line)
        assert (heard["type"], heard["data"]["userId"]) == ("user_modify_org", ["u0002"])
        until(lambda: told(ding)["frames"] == 0)  # its ack repeats the event's data: the code counts
        assert told(ding)["acks"][0]["code"] == 200
    finally:
        process.kill()
        process.communicate(timeout=30)


# -- approvals started from the hub ------------------------------------------------------------------------------------


def requests_file(folder: Path, *rows: str) -> None:
    (folder / "requests.csv").write_text("number,title,form\n" + "\n".join(rows) + "\n", encoding="utf-8")


def started(server: SimulatorServer) -> list[str]:
    entries = server.control("ledger")["entries"]
    return [each["payload"]["formComponentValues"][0]["value"] for each in entries if each["object"] == "approval"]


def test_a_request_starts_an_approval_once_and_its_end_comes_back(
    ding: SimulatorServer, hub_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_DIR", str(tmp_path))
    requests_file(tmp_path, "R1,电脑,PROC-PURCHASE")
    assert run_sync("ding_department").ok and run_sync("ding_user").ok and run_sync("ding_approval").ok
    assert run_sync("requests").ok
    for _ in range(2):
        assert run_sync("ding_requests").ok
    assert started(ding) == ["电脑"]
    key = ding.control("ledger")["entries"][-1]["key"]
    ding.control("act/end", {"id": key, "result": "agree"})
    assert run_sync("ding_approval").ok and run_sync("ding_requests").ok
    with psycopg.connect(hub_url) as database:
        found = database.execute(
            """select g.status, count(*) from hub.crosswalk c join golden.approval g on g.id = c.entity_id
                where g.id = (select entity_id from hub.crosswalk where connection = 'requests') group by 1"""
        ).fetchall()
    assert found == [("agreed", 2)] and started(ding) == ["电脑"]


def test_an_approval_whose_answer_was_lost_is_recognised_by_its_form_field(
    ding: SimulatorServer, hub_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_DIR", str(tmp_path))
    requests_file(tmp_path, "R1,电脑,PROC-PURCHASE")
    assert run_sync("ding_user").ok and run_sync("ding_approval").ok and run_sync("requests").ok
    path = "/v1.0/workflow/processInstances"
    ding.control("faults", [{"kind": "timeout_after", "path": path, "in_body": "PROC-PURCHASE", "seconds": 3}])
    assert not run_sync("ding_requests").ok
    assert started(ding) == ["电脑"]
    assert run_sync("ding_approval").ok
    run_sync("ding_requests")
    run_sync("ding_requests")
    assert started(ding) == ["电脑"]
    with psycopg.connect(hub_url) as database:
        own = "select entity_id from hub.crosswalk where connection = 'requests'"
        linked = database.execute(f"select count(*) from hub.crosswalk where entity_id = ({own})").fetchone()
        waiting = database.execute("select count(*) from hub.outbox").fetchone()
    assert (linked, waiting) == ((2,), (0,))

"""Notices over real loopback servers: SMTP and the robots' webhooks."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tongmai.core.errors import ConfigurationError, RetryableError
from tongmai.sync.specs import Notify

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow")]

SECRET_PATH = "/robot/send?access_token=tok-4711"


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        address: Any = server.server_address
        yield address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def robot(answer: str = '{"errcode": 0}', status: int = 200) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """A webhook server: its URL, and what was posted to it."""
    posted: list[tuple[str, Any]] = []

    class Robot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posted.append((self.path, body))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/stolen")
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *args: Any) -> None:
            return

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Robot)) as port:
        yield f"http://127.0.0.1:{port}{SECRET_PATH}", posted


class Mailbox(socketserver.StreamRequestHandler):
    """Just enough of RFC 5321 to take one mail."""

    def handle(self) -> None:
        self.wfile.write(b"220 probe\r\n")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self.wfile.write(b"354 go on\r\n")
                lines: list[bytes] = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                self.server.mails.append(b"".join(lines))  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == "QUIT" else b"250 ok\r\n")
            if word == "QUIT":
                return


def context(error: Exception | None) -> dict[str, Any]:
    ti = SimpleNamespace(dag_id="probe_group", run_id="manual__2026-01-01T00:00:00+00:00", task_id="probe_in")
    return {"ti": ti, "exception": error}


def failed() -> Exception:
    from tongmai.on_airflow.operator import SyncFailed

    return SyncFailed("NOT BALANCED: <b>3</b> read {{ var.value.x }}", "账目不平：读到 3")


def connection(monkeypatch: pytest.MonkeyPatch, url: str, **extra: str) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ROBOT", json.dumps({"conn_type": "http", "password": url, "extra": extra}))


def send(error: Exception | None = None) -> None:
    from tongmai.on_airflow.notify import notifiers

    (notifier,) = notifiers(Notify(webhook=("robot",)))
    notifier(context(error or failed()))


def test_mail_says_it_in_both_languages_and_nothing_is_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.on_airflow.notify import notifiers

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox)
    server.mails = []  # type: ignore[attr-defined]
    with serving(server) as port:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "tongmai@example.com"}
        text = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(text))
        (notifier,) = notifiers(Notify(mail=("it@example.com", "boss@example.com")))
        notifier(context(failed()))
    (mail,) = [email.message_from_bytes(raw) for raw in server.mails]  # type: ignore[attr-defined]
    assert mail["From"] == "tongmai@example.com" and mail["To"] == "it@example.com, boss@example.com"
    assert "probe_in: 运行失败 / run failed" in str(make_header(decode_header(mail["Subject"])))
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/html"]
    body = part.get_payload(decode=True).decode()
    assert "账目不平：读到 3" in body
    assert "NOT BALANCED: &lt;b&gt;3&lt;/b&gt; read {{ var.value.x }}" in body
    assert "/dags/probe_group/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00" in body


def test_plain_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    with robot("taken") as (url, posted):
        connection(monkeypatch, url)
        send()
    ((path, body),) = posted
    assert path == SECRET_PATH
    assert body["dag_id"] == "probe_group" and body["run_id"].startswith("manual__")
    assert "账目不平" in body["text"] and "NOT BALANCED" in body["text"] and "/runs/" in body["link"]


def test_dingtalk_signs_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    with robot() as (url, posted):
        connection(monkeypatch, url, shape="dingtalk", signing_secret="SECabc")
        send()
    ((path, body),) = posted
    query = parse_qs(urlsplit(path).query)
    stamp = query["timestamp"][0]
    wanted = base64.b64encode(hmac.digest(b"SECabc", f"{stamp}\nSECabc".encode(), hashlib.sha256)).decode()
    assert query["sign"] == [wanted] and query["access_token"] == ["tok-4711"] and len(stamp) == 13
    assert body["msgtype"] == "text" and "账目不平" in body["text"]["content"]


def test_feishu_signs_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    with robot('{"code": 0}') as (url, posted):
        connection(monkeypatch, url, shape="feishu", signing_secret="abc")
        send()
    ((_, body),) = posted
    wanted = base64.b64encode(hmac.digest(f"{body['timestamp']}\nabc".encode(), b"", hashlib.sha256)).decode()
    assert body["sign"] == wanted and body["msg_type"] == "text" and "NOT BALANCED" in body["content"]["text"]


def test_wecom_keeps_to_its_limit_and_keeps_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.on_airflow.operator import SyncFailed

    with robot() as (url, posted):
        connection(monkeypatch, url, shape="wecom")
        send(SyncFailed("long", "记录" * 5000))
    text = posted[0][1]["text"]["content"]
    assert len(text.encode()) <= 2048
    assert text.endswith("/dags/probe_group/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00")


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [('{"errcode": 310000, "errmsg": "keywords"}', 200, "code 310000"), ("", 500, "HTTP 500"), ("", 302, "HTTP 302")],
)
def test_a_refusal_is_an_error_that_does_not_tell_the_url(
    monkeypatch: pytest.MonkeyPatch, answer: str, status: int, said: str
) -> None:
    with robot(answer, status) as (url, posted):
        connection(monkeypatch, url, shape="dingtalk")
        with pytest.raises(RetryableError, match=said) as caught:
            send()
    assert len(posted) == 1
    assert "4711" not in str(caught.value)


def test_an_absent_robot_does_not_tell_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    with robot() as (url, _):
        pass
    connection(monkeypatch, url)
    with pytest.raises(RetryableError, match="no answer") as caught:
        send()
    assert "4711" not in str(caught.value) and caught.value.__cause__ is None


def test_a_missing_connection_and_an_unknown_shape_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="no such connection"):
        send()
    connection(monkeypatch, "http://127.0.0.1:1/", shape="pager")
    with pytest.raises(ConfigurationError, match="plain, dingtalk, wecom, feishu"):
        send()


def test_a_task_that_was_killed_is_told_too() -> None:
    from tongmai.on_airflow.notify import notice

    said = notice(context(None))
    assert "stopped from outside" in said.text and "外部终止" in said.text

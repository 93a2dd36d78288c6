"""Any request through the client: methods, redirects, other hosts and addresses, counts, several threads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.sdk import addresses, wire_gate
from connectors.sdk.addresses import rank
from connectors.sdk.gate import gated
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing
from connectors.testing.simulator import Reply, Request, json_reply
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    ProtocolError,
    RetryableError,
)

Script = Callable[[Callable[[Request], Reply]], tuple[str, list[Request]]]
Open = Callable[..., HttpClient]


def _echo(request: Request) -> Reply:
    return json_reply({"method": request.method, "query": request.query, "body": request.body.decode()})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_every_method_with_its_parts(script: Script, client: Open, method: str) -> None:
    url, seen = script(_echo)
    body = b"" if method in ("GET", "HEAD") else b'{"a":1}'
    request = Outgoing(method, "/x/1", [("$filter", "a eq 'b c'"), ("n", "1"), ("n", "2")], {"X-Own": "v"}, body)
    answer = client(url).exchange(request, write=method not in ("GET", "HEAD"))
    assert answer.status == 200 and (answer.body == b"") == (method == "HEAD")
    (got,) = seen
    assert (got.method, got.path, got.headers["x-own"], got.body) == (method, "/x/1", "v", body)
    assert got.query == "$filter=a%20eq%20%27b%20c%27&n=1&n=2", "a plus would be a plus to some servers"


@pytest.mark.parametrize(
    ("status", "write", "error"),
    [
        (401, False, AuthenticationError), (404, False, ProtocolError), (429, True, RetryableError),
        (502, False, RetryableError), (502, True, OutcomeUnknownError), (302, False, ProtocolError),
    ],
)  # fmt: skip
def test_a_status_is_judged_unless_it_is_asked_not_to(
    script: Script, client: Open, status: int, write: bool, error: type[Exception]
) -> None:
    url, _ = script(lambda _: json_reply({"why": "so"}, status))
    with pytest.raises(error):
        client(url).exchange(Outgoing("POST", "/x"), write=write)
    answer = client(url).exchange(Outgoing("POST", "/x"), write=write, judge=False)
    assert (answer.status, answer.body) == (status, b'{"why":"so"}')


def _moving(to: str, status: int = 302) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        if request.path == "/end":
            return json_reply({"end": True})
        return Reply(b"", status, headers=(("Location", to),))

    return answer


def test_a_read_follows_as_many_redirects_as_it_may_and_a_write_none(script: Script, client: Open) -> None:
    url, seen = script(_moving("/end"))
    with pytest.raises(ProtocolError) as caught:
        client(url).exchange(Outgoing("GET", "/start"), write=False)
    assert caught.value.code == "http-redirect" and len(seen) == 1
    followed = client(url, redirects=1).exchange(
        Outgoing("GET", "/start", headers={"Authorization": "s3cret"}), write=False
    )
    assert followed.body == b'{"end":true}' and seen[-1].headers["authorization"] == "s3cret", "the same host"
    for request, write in ((Outgoing("GET", "/start"), True), (Outgoing("POST", "/start"), False)):
        assert client(url, redirects=5).exchange(request, write=write, judge=False).status == 302
    loop, seen = script(_moving("/again"))
    with pytest.raises(ProtocolError):
        client(loop, redirects=3).exchange(Outgoing("GET", "/start"), write=False)
    assert len(seen) == 4


def test_credentials_do_not_go_to_another_host(script: Script, client: Open) -> None:
    other, there = script(_echo)
    elsewhere = other.replace("127.0.0.1", "localhost") + "/end"
    url, _ = script(_moving(elsewhere))
    headers = {"Authorization": "s3cret", "X-Api-Key": "s3cret", "Cookie": "sid=s3cret", "Accept": "text/plain"}
    with pytest.raises(ProtocolError, match="allowed_hosts") as caught:
        client(url, redirects=1).exchange(Outgoing("GET", "/start", headers=dict(headers)), write=False)
    assert caught.value.code == "other-host" and there == []
    request = Outgoing("GET", "/start", headers=dict(headers))
    client(url, redirects=1, allowed_hosts=["localhost"]).exchange(request, write=False)
    (got,) = there
    assert got.headers["accept"] == "text/plain" and "s3cret" not in str(got.headers)


def test_a_whole_url_goes_only_to_hosts_that_are_allowed(script: Script, client: Open) -> None:
    url, seen = script(_echo)
    client(url).exchange(Outgoing("GET", f"{url}/next?cursor=1", [("more", "2")]), write=False)
    assert (seen[0].path, seen[0].query) == ("/next", "cursor=1&more=2")
    port = urlsplit(url).port
    for allowed, good in (
        ([], False), (["other.example"], False), (["localhost:1"], False), (["localhost"], True),
        ([f"localhost:{port}"], True), (["local*"], True),
    ):  # fmt: skip
        request = Outgoing("GET", f"http://localhost:{port}/next?token=s3cret")
        opened = client(url, allowed_hosts=allowed)
        if good:
            opened.exchange(request, write=False)
        else:
            with pytest.raises(ProtocolError) as caught:
                opened.exchange(request, write=False)
            assert "s3cret" not in str(caught.value)
        assert not opened.trusts(request)
    trusted = client(url, own_urls=(f"http://localhost:{port}",))
    assert trusted.trusts(Outgoing("GET", f"http://LOCALHOST:{port}/x")) and not trusted.trusts(
        Outgoing("GET", f"https://localhost:{port}/x")
    )
    for bad in ("http://user@localhost/x", "http:///x"):
        with pytest.raises(ProtocolError):
            client(url, allowed_hosts=["*"]).exchange(Outgoing("GET", bad), write=False)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.216.34", 0), ("2606:4700::1111", 0), ("10.0.0.1", 1), ("192.168.1.1", 1), ("172.16.0.1", 1),
        ("100.64.0.1", 1), ("fd00::1", 1), ("224.0.0.1", 1), ("127.0.0.1", 2), ("::1", 2), ("0.0.0.0", 2),
        ("169.254.169.254", 3), ("100.100.100.200", 3), ("fe80::1%eth0", 3), ("fd00:ec2::254", 3),
        ("::ffff:169.254.169.254", 3), ("::ffff:127.0.0.1", 2), ("64:ff9b::7f00:1", 2), ("2002:7f00:1::", 2),
    ],
)  # fmt: skip
def test_kinds_of_addresses(address: str, kind: int) -> None:
    assert rank(address) == kind


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names and what they resolve to, one answer after the other; the last one stays."""
    names: dict[str, list[list[str]]] = {}
    real = addresses.resolve

    def resolve(host: str, port: int) -> list[str]:
        if host not in names:
            return real(host, port)
        return names[host].pop(0) if len(names[host]) > 1 else names[host][0]

    monkeypatch.setattr(addresses, "resolve", resolve)
    monkeypatch.setattr(wire_gate, "resolve", resolve)
    return names


def test_a_public_system_cannot_lead_inside(script: Script, client: Open, dns: dict[str, list[list[str]]]) -> None:
    url, seen = script(_echo)
    port = urlsplit(url).port
    dns["api.example.com"] = [["203.0.113.7", "8.8.8.8"]]
    dns["files.example.com"] = [["127.0.0.1"]]
    base = f"http://api.example.com:{port}"
    inside = Outgoing("GET", f"http://files.example.com:{port}/x")
    with pytest.raises(ConfigurationError, match=r"files\.example\.com") as caught:
        client(base, allowed_hosts=["*.example.com"]).exchange(inside, write=False)
    assert caught.value.code == "private-address" and seen == []
    for literal in ("169.254.169.254", "[::1]", "127.0.0.1"):
        with pytest.raises(ConfigurationError):
            client(base, allowed_hosts=["*"]).exchange(Outgoing("GET", f"http://{literal}:{port}/x"), write=False)
    allowed = client(base, allowed_hosts=["*.example.com"], private_addresses="allow")
    allowed.exchange(inside, write=False)
    assert seen[0].headers["host"] == f"files.example.com:{port}"


def test_a_name_that_changes_its_address_gains_nothing(
    script: Script, client: Open, dns: dict[str, list[list[str]]]
) -> None:
    url, seen = script(_echo)
    port = urlsplit(url).port
    # Once public for the look, then this machine for the connection: there is no second look-up.
    dns["rebind.example.com"] = [["127.0.0.1"]]
    dns["api.example.com"] = [["8.8.8.8"]]
    opened = client(f"http://api.example.com:{port}", allowed_hosts=["rebind.example.com"], connect_timeout=0.2)
    with pytest.raises(ConfigurationError):
        opened.exchange(Outgoing("GET", f"http://rebind.example.com:{port}/x"), write=False)
    asked: list[str] = []

    def once(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire_gate, "resolve", once)
        patch.setattr(addresses, "resolve", once)
        inside = client(f"http://erp.corp.example:{port}")
        inside.exchange(Outgoing("GET", "/x"), write=False)
    assert set(asked) == {"erp.corp.example"} and len(seen) == 1, "a system inside the network is reached"
    own = client(f"http://moves.example.com:{port}", connect_timeout=0.2)
    dns["moves.example.com"] = [["8.8.8.8"], ["127.0.0.1"]]
    own._session  # noqa: B018 (opened, nothing called yet)
    assert own.addresses._base_rank() == 0
    with pytest.raises(ConfigurationError, match="private_addresses"):
        own.exchange(Outgoing("GET", "/x"), write=False)
    assert len(seen) == 1


def test_the_next_address_is_tried_when_one_does_not_answer(
    script: Script, client: Open, dns: dict[str, list[list[str]]]
) -> None:
    url, seen = script(_echo)
    dns["two.example.com"] = [["127.0.0.9", "127.0.0.1"]]
    client(url.replace("127.0.0.1", "two.example.com")).exchange(Outgoing("GET", "/x"), write=False)
    assert len(seen) == 1


def test_calls_are_counted_and_logged_by_template(
    script: Script, client: Open, caplog: pytest.LogCaptureFixture
) -> None:
    url, _ = script(_echo)
    opened = client(url)
    with caplog.at_level(logging.DEBUG):
        for key in ("13800138000", "2"):
            request = Outgoing("POST", f"/accounts/{key}", [("token", "s3cret")], {}, b"12345", "/accounts/{key}")
            opened.exchange(request, write=False)
    counted = opened.calls.paths["/accounts/{key}"]
    assert (counted.count, counted.sent, counted.retries) == (2, 10, 0) and counted.received > 0 < counted.seconds
    assert "13800138000" not in caplog.text and "s3cret" not in caplog.text and "/accounts/{key}" in caplog.text
    opened.calls.waited("/accounts/{key}", 1.5)
    assert (counted.waits, counted.waited) == (1, 1.5)


def test_several_threads_use_one_client_and_the_gate_holds_for_its_own(script: Script, client: Open) -> None:
    def answer(request: Request) -> Reply:
        name = request.path.rsplit("/", 1)[1]
        return Reply(name.encode(), headers=(("Set-Cookie", f"c{name}={name}; Path=/"),))

    url, seen = script(answer)
    opened = client(url)
    wrong: list[Any] = []
    barrier = threading.Barrier(9)

    def read(thread: int) -> None:
        barrier.wait()
        for number in range(25):
            name = f"{thread}-{number}"
            got = opened.exchange(Outgoing("GET", f"/r/{name}", template="/r"), write=False).body
            if got != name.encode():
                wrong.append((name, got))

    def held() -> None:
        def stop() -> None:
            raise PermissionError

        barrier.wait()
        for _ in range(25):
            try:
                with gated(stop):
                    opened.exchange(Outgoing("POST", "/w", template="/w"), write=True)
            except PermissionError:
                continue
            wrong.append("written")

    threads = [threading.Thread(target=read, args=(n,)) for n in range(8)] + [threading.Thread(target=held)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == [] and opened.calls.paths["/r"].count == 200
    assert not any(request.path == "/w" for request in seen)

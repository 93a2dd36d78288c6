"""The HTTP client against a real server: TLS, proxy, timeouts, retries, broken answers, redaction, counters."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.sdk.http import HttpClient
from connectors.sdk.http_settings import HTTP_SETTINGS
from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import Reply, Request, State, json_reply
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    ProtocolError,
    RetryableError,
)
from tongmai.core.secrets import Redactor

QUICK = {"retry_wait": 0.01, "read_timeout": 5, "connect_timeout": 2}


class Echo:
    """Answers with what it got, and notes it as a write."""

    name = "echo"

    def __init__(self) -> None:
        self.state = State({}, {})

    def answer(self, request: Request) -> Reply:
        self.state.ledger.add(0, "call", request.path, "", request.body.decode())
        return json_reply(
            {"path": request.path, "query": request.query, "body": request.body.decode(), "pad": "x" * 2000}
        )

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        raise NotImplementedError

    def credentials(self, url: str) -> dict[str, Any]:
        return {"base_url": url}

    def expire_sessions(self) -> None:
        """There are none."""


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(Echo()) as running:
        yield running


def _client(url: str, **settings: Any) -> HttpClient:
    defaults = {name: setting.get("default") for name, setting in HTTP_SETTINGS.items()}
    return HttpClient(
        {**defaults, **QUICK, "base_url": url, "connection_name": "conn", **settings}, Redactor(["top-s3cret"])
    )


def _post(client: HttpClient, write: bool = False) -> Any:
    return client.post("/api/x", {"a": 1}, write=write, accept=lambda answer, _: answer)


def _faults(server: SimulatorServer, *faults: dict[str, Any]) -> None:
    server.control("faults", list(faults))


def _accepted(server: SimulatorServer) -> int:
    return int(server.control("ledger")["total"])


def test_one_connection_is_kept_alive(server: SimulatorServer) -> None:
    client = _client(server.url)
    for _ in range(3):
        assert _post(client)["path"] == "/api/x"
    assert client.calls.by_path == {"/api/x": 3} and client.calls.retries == 0
    pools = client._session.get_adapter(server.url).poolmanager.pools
    assert pools[next(iter(pools.keys()))].num_connections == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503, "times": 2},
        {"kind": "status", "status": 429, "retry_after": 0, "times": 2},
        {"kind": "status", "status": 500, "times": 2},
        {"kind": "reset_body", "times": 2},
        {"kind": "truncate", "times": 2},
        {"kind": "html", "status": 200, "times": 2},
        {"kind": "timeout_before", "seconds": 0.01, "times": 2},
    ],
)
def test_reads_are_tried_again(server: SimulatorServer, fault: dict[str, Any]) -> None:
    _faults(server, fault)
    client = _client(server.url)
    assert _post(client)["path"] == "/api/x"
    assert client.calls.retries == 2 and client.calls.by_path["/api/x"] == 3


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ({"kind": "status", "status": 503}, RetryableError, "http-503"),
        ({"kind": "reset_body"}, RetryableError, "interrupted"),
        ({"kind": "truncate"}, ProtocolError, "not-json"),
        ({"kind": "html", "status": 200}, ProtocolError, "not-json"),
        ({"kind": "html", "status": 302}, ProtocolError, "http-redirect"),
        ({"kind": "status", "status": 401}, AuthenticationError, "http-401"),
        ({"kind": "status", "status": 404}, ProtocolError, "http-404"),
    ],
)
def test_what_a_lasting_failure_of_a_read_means(
    server: SimulatorServer, fault: dict[str, Any], error: type[Exception], code: str
) -> None:
    _faults(server, {**fault, "times": 0})
    with pytest.raises(error) as caught:
        _post(_client(server.url, retries=1))
    assert caught.value.code == code  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ({"kind": "timeout_before", "seconds": 0.01}, 0),
        ({"kind": "timeout_after", "seconds": 0.01}, 1),
        ({"kind": "reset_body"}, 1),
        ({"kind": "truncate"}, 1),
        ({"kind": "html", "status": 200}, 0),
        ({"kind": "html", "status": 302}, 0),
        ({"kind": "status", "status": 500}, 0),
        ({"kind": "status", "status": 502}, 0),
    ],
)
def test_a_write_without_trustworthy_answer_is_unknown_and_sent_once(
    server: SimulatorServer, fault: dict[str, Any], taken: int
) -> None:
    _faults(server, {**fault, "times": 0})
    client = _client(server.url)
    with pytest.raises(OutcomeUnknownError):
        _post(client, write=True)
    assert client.calls.by_path["/api/x"] == 1 and _accepted(server) == taken


@pytest.mark.parametrize("write", [True, False])
def test_read_timeout(server: SimulatorServer, write: bool) -> None:
    _faults(server, {"kind": "latency", "seconds": 1, "times": 0})
    with pytest.raises(OutcomeUnknownError if write else RetryableError, match="read_timeout"):
        _post(_client(server.url, read_timeout=0.1, retries=0), write=write)


def test_a_write_is_tried_again_when_the_server_said_slow_down(server: SimulatorServer) -> None:
    _faults(server, {"kind": "status", "status": 429, "retry_after": 0, "times": 2})
    client = _client(server.url)
    _post(client, write=True)
    assert client.calls.retries == 2 and _accepted(server) == 1


def test_a_refused_connection_is_retryable_also_for_a_write() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    for write in (True, False):
        with pytest.raises(RetryableError, match="refused") as caught:
            _post(_client(url, retries=1), write=write)
        assert caught.value.code == "unreachable"


def test_a_server_that_comes_back_is_found_again(server: SimulatorServer) -> None:
    client = _client(server.url, retries=8, retry_wait=0.1)
    _post(client)
    server.stop()
    threading.Timer(0.3, server.start).start()
    assert _post(client)["path"] == "/api/x"


def test_retry_after_is_honoured_and_too_long_a_wait_ends_the_run(server: SimulatorServer) -> None:
    _faults(server, {"kind": "status", "status": 503, "retry_after": 1, "times": 1})
    started = datetime.now(UTC)
    _post(_client(server.url))
    assert (datetime.now(UTC) - started).total_seconds() >= 1
    _faults(server, {"kind": "status", "status": 429, "retry_after": 3600, "times": 0})
    client = _client(server.url)
    with pytest.raises(RetryableError) as caught:
        _post(client)
    assert caught.value.after == 3600 and client.calls.by_path["/api/x"] == 1
    _faults(server, {"kind": "status", "status": 429, "retry_after": 2, "times": 0})
    impatient = _client(server.url, longest_wait=1)
    with pytest.raises(RetryableError) as caught:
        _post(impatient)
    assert caught.value.after == 2 and impatient.calls.by_path["/api/x"] == 1


@pytest.mark.parametrize(("write", "error"), [(False, ProtocolError), (True, OutcomeUnknownError)])
def test_answers_are_bounded(server: SimulatorServer, write: bool, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_body_bytes"):
        _post(_client(server.url, max_body_bytes=1000), write=write)


def test_the_environment_is_not_looked_at(server: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert _post(_client(server.url))["path"] == "/api/x"


def test_secrets_reach_neither_log_nor_error(server: SimulatorServer, caplog: pytest.LogCaptureFixture) -> None:
    _faults(server, {"kind": "status", "status": 404, "times": 1})
    client = _client(server.url)
    with caplog.at_level(logging.DEBUG):
        with pytest.raises(ProtocolError) as caught:
            client.post("/api/x", {"s": "top-s3cret"}, accept=lambda a, _: a, params=lambda: {"trace": "t1"})
        with pytest.raises(RetryableError):
            client.post("/api/y", {}, accept=_raise_with_secret)
    text = caplog.text + str(caught.value)
    assert "http.call connection=conn" in text and "http.retry" in text
    assert "top-s3cret" not in text


def _raise_with_secret(*_: Any) -> None:
    raise RetryableError("x", "the vendor echoed top-s3cret")


def test_json_numbers_keep_every_digit(server: SimulatorServer) -> None:
    exact = '{"a":12345678901234567890.123456789,"b":1.10}'
    server.vendor.answer = lambda request: Reply(exact.encode())  # type: ignore[method-assign]
    got = _post(_client(server.url))
    assert (str(got["a"]), str(got["b"])) == ("12345678901234567890.123456789", "1.10")


def _certificates(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A CA of our own and a server certificate for 127.0.0.1."""

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def sign(subject: str, key: Any, issuer: str, by: Any, ca: bool) -> x509.Certificate:
        start = datetime.now(UTC) - timedelta(days=1)
        builder = (
            x509.CertificateBuilder().issuer_name(name(issuer)).subject_name(name(subject)).public_key(key.public_key())
        )
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
        if not ca:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(by, hashes.SHA256())

    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    ca_file, cert_file, key_file = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    ca_file.write_bytes(sign("test ca", ca_key, "test ca", ca_key, True).public_bytes(pem))
    cert_file.write_bytes(sign("127.0.0.1", key, "test ca", ca_key, False).public_bytes(pem))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    return ca_file, context


def test_tls_needs_a_trusted_certificate(tmp_path: Path) -> None:
    ca_file, context = _certificates(tmp_path)
    with SimulatorServer(Echo(), tls=context) as server:
        assert _post(_client(server.url, ca_file=str(ca_file)))["path"] == "/api/x"
        with pytest.raises(FatalError, match="ca_file") as caught:
            _post(_client(server.url))
        assert caught.value.code == "tls"
    with pytest.raises(ConfigurationError, match="does not exist"):
        _client("https://127.0.0.1:1", ca_file=str(tmp_path / "none.pem"))


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[str]]]:
    """A forwarding proxy for plain HTTP; gives its URL and the request lines it saw."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[str] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=forward, args=(client,), daemon=True).start()

    def forward(client: socket.socket) -> None:
        data = client.recv(65536)
        line, _, rest = data.partition(b"\r\n")
        seen.append(line.decode())
        method, url, version = line.split()
        host, _, path = url.removeprefix(b"http://").partition(b"/")
        address, _, port = host.decode().partition(":")
        with socket.create_connection((address, int(port))) as upstream:
            upstream.sendall(method + b" /" + path + b" " + version + b"\r\n" + rest)
            if b"\r\n\r\n" in rest and not rest.endswith(b"}"):
                upstream.sendall(client.recv(65536))
            client.sendall(upstream.recv(65536))
        client.close()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", seen
    listener.close()


def test_proxy(server: SimulatorServer, proxy: tuple[str, list[str]]) -> None:
    url, seen = proxy
    assert _post(_client(server.url, proxy=url))["path"] == "/api/x"
    assert seen == [f"POST {server.url}/api/x HTTP/1.1"]


def test_a_dead_proxy_is_named(server: SimulatorServer) -> None:
    with pytest.raises(RetryableError, match="proxy"):
        _post(_client(server.url, proxy="http://user:top-s3cret@127.0.0.1:9", retries=0))


def test_retry_waits_follow_the_setting(server: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    _faults(server, {"kind": "status", "status": 503, "times": 0})
    with pytest.raises(RetryableError):
        _post(_client(server.url, retries=5, retry_wait=1))
    assert len(waits) == 5 and max(waits) <= 60 and all(wait >= 0 for wait in waits)

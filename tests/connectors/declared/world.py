"""A connection declared in a few lines, against a server whose answers a test writes as a function."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from connectors.sdk.contract import ReadRequest
from connectors.sdk.declared.connector import DeclaredConnector
from connectors.sdk.declared.texts import mistakes
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME, merge
from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import Reply, Request, State, json_reply
from tongmai.core import yamlfile
from tongmai.core.record import Page
from tongmai.core.settings import product_root

QUICK = {"retry_wait": 0.01, "read_timeout": 5, "connect_timeout": 2, "retries": 2}


@dataclass
class Asked:
    """One request, taken apart."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]


@dataclass
class World:
    """A server with the answers of ``answer``, and what it was asked."""

    answer_to: Callable[[Asked], Any]
    asked: list[Asked] = field(default_factory=list)
    name: str = "world"
    state: State = field(default_factory=lambda: State({}, {}))

    def answer(self, request: Request) -> Reply:
        body: Any = request.body.decode()
        if "json" in request.headers.get("content-type", ""):
            body = json.loads(request.body)
        query = {name: values[-1] for name, values in parse_qs(request.query, keep_blank_values=True).items()}
        asked = Asked(request.method, request.path, query, body, dict(request.headers))
        self.asked.append(asked)
        found = self.answer_to(asked)
        if isinstance(found, Reply):
            return found
        status, body = found if isinstance(found, tuple) else (200, found)
        return Reply(b"", status) if body is None and status == 204 else json_reply(body, status)

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        raise NotImplementedError

    def credentials(self, url: str) -> dict[str, Any]:
        return {"base_url": url}

    def expire_sessions(self) -> None:
        return None


def manifest(text: str) -> Manifest:
    """The manifest of a YAML text; its mistakes fail the test."""
    head = "connector: world\nlabel: {zh: 世界, en: World}\nkind: generic\nhttp: true\n"
    head += "" if "check:" in text else "check: {get: /me}\n"
    document = yamlfile.loads(head + text)[0]
    loaded = yamlfile.check(document, Manifest, "connector")
    assert loaded is not None and not document.findings, [each.render() for each in document.findings]
    found = list(mistakes(loaded, frozenset(loaded.connection)))
    assert not found, [(place, str(mistake)) for place, mistake in found]
    return loaded


@contextmanager
def world(text: str, answer: Callable[[Asked], Any], **settings: Any) -> Iterator[tuple[World, DeclaredConnector]]:
    """The server and a connection to it."""
    vendor = World(answer)
    loaded = manifest(text)
    with SimulatorServer(vendor) as server:
        merged = merge("conn", loaded, QUICK, {"base_url": server.url, **settings}, product_root())
        connection = DeclaredConnector({**merged, CONNECTION_NAME: "conn"}, loaded)
        try:
            yield vendor, connection
        finally:
            connection.close()


def read(connection: DeclaredConnector, stream: str = "thing", **asked: Any) -> list[Page]:
    """All pages."""
    return list(connection.read(ReadRequest(stream, **asked)))


def keys(pages: list[Page], op: str = "upsert") -> list[str]:
    """Keys of the records with this operation, in order."""
    return [record.key for page in pages for record in page.records if record.op == op]

"""A real HTTP server whose answers a test writes, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.sdk.http import HttpClient
from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import Request
from tests.connectors.sdk.words import Answering, Scripted, http_settings
from tongmai.core.secrets import Redactor


@pytest.fixture
def script() -> Iterator[Callable[[Answering], tuple[str, list[Request]]]]:
    """Serve a function: gives the address and the list of requests seen."""
    servers: list[SimulatorServer] = []

    def start(answer: Answering) -> tuple[str, list[Request]]:
        vendor = Scripted(answer)
        servers.append(SimulatorServer(vendor).start())
        return servers[-1].url, vendor.seen

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def client() -> Iterator[Callable[..., HttpClient]]:
    """Open a client on an address."""
    opened: list[HttpClient] = []

    def start(
        url: str, *, redact: Redactor | None = None, own_urls: tuple[str, ...] = (), **settings: Any
    ) -> HttpClient:
        opened.append(HttpClient(http_settings(url, **settings), redact or Redactor(), own_urls=own_urls))
        return opened[-1]

    yield start
    for each in opened:
        each.close()

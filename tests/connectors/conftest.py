"""Simulators to call over loopback HTTP, and connections opened on them through the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Connector
from connectors.testing.server import SimulatorServer

QUICK = {"retry_wait": 0.01, "read_timeout": 5, "connect_timeout": 2, "throttle_wait": 0.01}


@pytest.fixture
def serve() -> Iterator[Callable[..., SimulatorServer]]:
    """Serve a connector's simulator: ``serve("fxiaoke", customers=50)``."""
    servers: list[SimulatorServer] = []

    def start(name: str, **options: Any) -> SimulatorServer:
        server = SimulatorServer(registry.simulator(name).create(**{"seed": 1, "customers": 60, **options}))
        servers.append(server.start())
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., Connector]]:
    """Open a connection on a served simulator: ``connect(server, page_size=10)``."""
    opened: list[Connector] = []

    def start(server: SimulatorServer, name: str = "conn", **settings: Any) -> Connector:
        vendor = server.vendor.name
        given = {**QUICK, **server.vendor.credentials(server.url), **settings}
        merged = registry.settings_for(name, vendor, {}, given)
        connection = registry.open_connection(name, vendor, merged)
        opened.append(connection)
        return connection

    yield start
    for connection in opened:
        connection.close()

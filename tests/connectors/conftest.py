"""Simulators to call over loopback HTTP, and connections opened on them through the registry."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Connector, quota
from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from tests.connectors.sql_world import World, worlds

QUICK = {"retry_wait": 0.01, "read_timeout": 5, "connect_timeout": 2, "throttle_wait": 0.01}

_databases = itertools.count(1)


@pytest.fixture(params=["postgresql", "sqlite", "mysql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """An own database with the table ``item``, on each dialect."""
    yield from worlds(request, tmp_path, lambda: next(_databases))


@pytest.fixture(autouse=True)
def _counts_of_its_own() -> Iterator[None]:
    """No test waits for the calls of another one, whose simulator may have had the same port."""
    before = quota.use(quota.ProcessQuota())
    yield
    quota.use(before)


@pytest.fixture
def serve() -> Iterator[Callable[..., SimulatorServer]]:
    """Serve a connector's simulator: ``serve("fxiaoke", customers=50)``."""
    servers: list[SimulatorServer] = []

    def start(name: str, **options: Any) -> SimulatorServer:
        server = SimulatorServer(simulator(name, **{"seed": 1, "customers": 60, **options}))
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
        quick = {key: value for key, value in QUICK.items() if key in registry.manifest(vendor).connection}
        given = {**quick, **server.vendor.credentials(server.url), **settings}
        merged = registry.settings_for(name, vendor, {}, given)
        connection = registry.open_connection(name, vendor, merged)
        opened.append(connection)
        return connection

    yield start
    for connection in opened:
        connection.close()

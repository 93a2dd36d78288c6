"""Read and write any database that SQLAlchemy speaks to. What is read and written is declared by each connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from connectors.sdk import CheckResult, Connector, Discovered, Page, ReadRequest, Writer, wire
from connectors.sdk.entries import chosen
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME
from connectors.vendors.sql.engine import make_engine, snapshot_level
from connectors.vendors.sql.faults import told
from connectors.vendors.sql.reader import Reader
from connectors.vendors.sql.settings import SqlStream, SqlWrite, parse
from connectors.vendors.sql.source import Source, open_source
from connectors.vendors.sql.tables import discover
from connectors.vendors.sql.target import open_target
from connectors.vendors.sql.writer import SqlWriter
from tongmai.core.errors import ConfigurationError


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a database; nothing is sent before the first use."""
    name = str(settings[CONNECTION_NAME])
    streams, writes = parse(name, settings)
    try:
        zone = ZoneInfo(settings["time_zone"])
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"connection `{name}`",
            f"`time_zone`: got `{settings['time_zone']}`, which is no zone",
            "write it as Asia/Shanghai",
            code="sql-settings",
        ) from None
    return SqlConnector(name, make_engine(name, settings), settings, streams, writes, zone)


class SqlConnector:
    """One database."""

    def __init__(
        self,
        name: str,
        engine: sa.Engine,
        settings: Mapping[str, Any],
        streams: Mapping[str, SqlStream],
        writes: Mapping[str, SqlWrite],
        zone: ZoneInfo,
    ) -> None:
        self._name = name
        self._engine = engine
        self._schema = settings["schema"]
        self._page_size = settings["page_size"]
        self._streams = streams
        self._writes = writes
        self._zone = zone

    def check(self) -> CheckResult:
        """Every declared table, column and key is there, and what writes promise is kept by the database."""
        with told(self._where()), self._engine.connect() as connection:
            version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
            for name in self._streams:
                self._source(connection, name)
        for name in self._writes:
            self.writer(name)
        counts = f"{len(self._streams)} stream(s), {len(self._writes)} write(s)"
        return CheckResult(True, f"{self._engine.dialect.name} {version}: {counts}")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        where = self._where(f"stream `{request.stream}`")
        chosen(self._where(), "stream", request.stream, self._streams)
        with told(where), self._engine.connect() as connection:
            connection = connection.execution_options(**snapshot_level(connection.dialect.name))
            with connection.begin():
                source = self._source(connection, request.stream)
                yield from Reader(connection, source, self._page_size, self._zone).read(request)

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        write = chosen(self._where(), "write", target, self._writes)
        where = self._where(f"write `{target}`")
        with told(where), self._engine.connect() as connection:
            source = self._source(connection, write.stream)
            found = open_target(connection, where, write, source, self._schema)
        return SqlWriter(self._engine, found, self._zone)

    def discover(self) -> list[Discovered]:
        """Every table and view of the schema."""
        with told(self._where()), self._engine.connect() as connection:
            return discover(connection, self._schema)

    def close(self) -> None:
        self._engine.dispose()

    def _source(self, connection: sa.Connection, name: str) -> Source:
        return open_source(connection, self._where(f"stream `{name}`"), self._streams[name], self._schema)

    def _where(self, part: str = "") -> str:
        return f"connection `{self._name}`" + (f": {part}" if part else "")

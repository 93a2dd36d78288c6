"""Databases the SQL connector is tested on: PostgreSQL and SQLite always, MySQL or MariaDB where one is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from connectors import registry
from connectors.sdk import Connector, Page, ReadRequest, Record

MYSQL = "TONGMAI_TEST_MYSQL_URL"

DDL = {
    "postgresql": """
        create table item (
          id bigint primary key, code varchar(40) unique, name text, price numeric(30,10), ratio double precision,
          active boolean, born date, seen timestamp, touched timestamptz, attributes jsonb, blob bytea, gone smallint default 0)""",
    "sqlite": """
        create table item (
          id integer primary key, code varchar(40) unique, name text, price numeric(30,10), ratio double precision,
          active boolean, born date, seen datetime, touched datetime, attributes json, blob blob, gone smallint default 0)""",
    "mysql": """
        create table item (
          id bigint primary key, code varchar(40) unique, name text, price decimal(30,10), ratio double,
          active boolean, born date, seen datetime(6), touched datetime(6), attributes json, `blob` blob, gone smallint default 0)""",
}


@dataclass
class World:
    """One empty database and connections opened on it."""

    dialect: str
    url: str
    password: str
    opened: list[Connector] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(make_url(self.url).set(password=self.password or None))
        if self.dialect == "sqlite":
            sa.event.listen(self.engine, "connect", lambda raw, _: raw.execute("pragma busy_timeout = 5000"))

    def knows(self, what: str) -> bool:
        """Whether this server has `json` columns and `check` constraints: older MySQLs do not."""
        if self.dialect != "mysql":
            return True
        with self.engine.connect() as connection:
            version = connection.dialect.server_version_info or ()
            if getattr(connection.dialect, "is_mariadb", False):  # its JSON is text
                return what == "check" and version >= (10, 2)
        return version >= {"json": (5, 7, 8), "check": (8, 0, 16)}[what]

    def create(self, ddl: Mapping[str, str]) -> None:
        """A table, with text where a JSON type is not known."""
        own = ddl[self.dialect]
        self.run(own if self.knows("json") else own.replace(" json,", " longtext,"))

    def run(self, sql: str, **values: Any) -> None:
        """A statement of the company's own application, committed."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(sql), values)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What is there now."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql))]

    def connect(self, streams: Any = None, writes: Any = None, **settings: Any) -> Connector:
        """Open the connector on this database."""
        given = {"url": self.url, "streams": streams or {}, "writes": writes or {}, **settings}
        merged = registry.settings_for("db", "sql", given, {"password": self.password} if self.password else None)
        found = registry.open_connection("db", "sql", merged)
        self.opened.append(found)
        return found

    def items(self, count: int, start: int = 1) -> None:
        """Some rows of ``item``."""
        rows = [{"id": n, "code": f"C{n:06d}", "name": f"名称 {n}"} for n in range(start, start + count)]
        with self.engine.begin() as connection:
            connection.execute(sa.text("insert into item (id, code, name) values (:id, :code, :name)"), rows)

    def end(self) -> None:
        """Nothing stays open."""
        for one in self.opened:
            one.close()
        self.engine.dispose()


def bare(url: URL) -> URL:
    """The URL without its password."""
    return url._replace(password=None)


def read(connection: Connector, stream: str, **request: Any) -> tuple[list[Record], list[Page]]:
    """Every record of a read, and its pages."""
    pages = list(connection.read(ReadRequest(stream, **request)))
    return [record for page in pages for record in page.records], pages


def checkpoint(pages: list[Page]) -> str | None:
    """The last one given."""
    given = [page.checkpoint for page in pages if page.checkpoint is not None]
    return given[-1] if given else None


def _postgresql(postgres: Any, number: int) -> Iterator[World]:
    name = f"shop_{os.getpid()}_{number}"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database {name} owner tongmai")
    url = make_url(postgres.url("tongmai").rsplit("/", 1)[0] + f"/{name}").set(drivername="postgresql+psycopg")
    world = World("postgresql", bare(url).render_as_string(False), str(url.password))
    try:
        yield world
    finally:
        world.end()
        with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")


def _mysql(number: int) -> Iterator[World]:
    given = os.environ.get(MYSQL)
    if not given:
        pytest.skip(f"needs a MySQL or MariaDB server: set {MYSQL} to a URL of a user who may create databases")
    admin_url = make_url(given)
    name = f"tongmai_{os.getpid()}_{number}"
    admin = sa.create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"create database {name} character set utf8mb4"))
    url = admin_url.set(database=name)
    world = World("mysql", bare(url).render_as_string(False), str(url.password or ""))
    try:
        yield world
    finally:
        world.end()
        with admin.connect() as connection:
            connection.execute(sa.text(f"drop database {name}"))
        admin.dispose()


def worlds(request: pytest.FixtureRequest, tmp_path: Path, counter: Callable[[], int]) -> Iterator[World]:
    """The world of the dialect in the fixture's parameter, with the table ``item``."""
    dialect = request.param
    if dialect == "postgresql":
        found = _postgresql(request.getfixturevalue("postgres"), counter())
    elif dialect == "mysql":
        found = _mysql(counter())
    else:
        found = iter([World("sqlite", f"sqlite:///{tmp_path / '数据 库.db'}", "")])
    for world in found:
        world.create(DDL)
        yield world
        if dialect == "sqlite":
            world.end()

"""One database reached: the URL without secrets in it, time limits of each dialect, values as the database has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url

from connectors.sdk import wire
from connectors.vendors.sql.exact import exact_psycopg
from tongmai.core.errors import ConfigurationError

DRIVERS = {
    "postgresql": "psycopg",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "sqlite": "pysqlite",
    "mssql": "pymssql",
    "oracle": "oracledb",
}
EXTRAS = {"pymssql": "tongmai[mssql]", "oracledb": "tongmai[oracle]"}
WRITING = "tongmai_writing"
"""Execution option of a transaction that writes: SQLite must take its lock at the beginning, or it could only give up."""


def make_engine(connection: str, settings: Mapping[str, Any]) -> sa.Engine:
    """An engine of one pooled connection at a time, which is looked after before each use."""
    url = _url(connection, settings)
    arguments = {**_limits(url, settings), **(settings["options"] or {})}
    # A file cannot go away between two uses, and SQLite's own pool fits its threads.
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 1, "pool_pre_ping": True}
    try:
        engine = sa.create_engine(
            url,
            connect_args=arguments,
            hide_parameters=True,
            json_deserializer=wire.parse,
            **({} if url.get_backend_name() == "sqlite" else pool),
        )
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(str(error.name))
        raise ConfigurationError(
            f"connection `{connection}`",
            f"the driver `{error.name}` of `{url.drivername}` is not installed",
            f"pip install {extra or error.name}",
            code="sql-driver",
        ) from None
    except sa.exc.NoSuchModuleError:
        raise ConfigurationError(
            f"connection `{connection}`",
            f"`{url.drivername}` is no dialect of SQLAlchemy",
            f"allowed without more: {', '.join(DRIVERS)}",
            code="sql-driver",
        ) from None
    _listen(engine, settings)
    return engine


def snapshot_level(dialect: str) -> dict[str, Any]:
    """Execution options under which all of a read sees one state of the database, where the dialect has that."""
    if dialect == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if dialect in ("mysql", "mariadb"):
        return {"isolation_level": "REPEATABLE READ"}
    if dialect == "oracle":
        return {"isolation_level": "SERIALIZABLE"}
    return {}


def _url(connection: str, settings: Mapping[str, Any]) -> URL:
    if settings["url"]:
        try:
            url = make_url(settings["url"])
        except (sa.exc.ArgumentError, ValueError):
            raise _bad_url(
                connection, "it is not a SQLAlchemy URL", "write dialect://user@host:port/database"
            ) from None
        if url.password is not None:
            raise _bad_url(connection, "it holds a password", "take it out; it belongs in the secret `password`")
    else:
        if not settings["database"] and not settings["host"]:
            raise _bad_url(connection, "neither `url` nor `host` and `database` are given", "give one of them")
        url = URL.create(
            settings["dialect"], settings["user"], None, settings["host"], settings["port"], settings["database"]
        )
    if "+" not in url.drivername:
        driver = DRIVERS.get(url.drivername)
        url = url.set(drivername=f"{url.drivername}+{driver}") if driver else url
    return url.set(password=settings["password"]) if settings["password"] else url


def _bad_url(connection: str, why: str, next_step: str) -> ConfigurationError:
    return ConfigurationError(f"connection `{connection}`: database URL", why, next_step, code="sql-settings")


def _limits(url: URL, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Connect arguments that bound every wait. What a dialect takes only as SQL is in ``_session``."""
    connect, statement, lock = (int(settings[f"{name}_timeout"]) for name in ("connect", "statement", "lock"))
    backend, driver = url.get_backend_name(), url.get_driver_name()
    if driver == "psycopg":
        options = f"-c statement_timeout={statement}s -c lock_timeout={lock}s -c timezone=UTC -c datestyle=ISO"
        return {"connect_timeout": connect, "options": options, "application_name": "tongmai"}
    if driver == "pymysql":
        longest = statement + lock
        return {"connect_timeout": connect, "read_timeout": longest, "write_timeout": longest, "charset": "utf8mb4"}
    if backend == "sqlite":
        return {"timeout": lock}
    if driver == "pymssql":
        return {"login_timeout": connect, "timeout": statement}
    if driver == "oracledb":
        return {"tcp_connect_timeout": connect}
    return {}


def _listen(engine: sa.Engine, settings: Mapping[str, Any]) -> None:
    backend, driver = engine.dialect.name, engine.dialect.driver
    statement, lock = int(settings["statement_timeout"]), int(settings["lock_timeout"])

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        if driver == "psycopg":
            exact_psycopg(raw)
        elif backend in ("mysql", "mariadb"):
            with raw.cursor() as cursor:
                cursor.execute(_mysql_session(str(raw.get_server_info()), statement, lock))
        elif backend == "sqlite":
            raw.isolation_level = None  # transactions begin when SQLAlchemy says so, below
            raw.execute("pragma foreign_keys = on")
        elif backend == "mssql":
            with raw.cursor() as cursor:
                cursor.execute(f"set lock_timeout {lock * 1000}")
        elif driver == "oracledb":
            raw.call_timeout = statement * 1000

    if backend == "sqlite":

        @event.listens_for(engine, "begin")
        def begun(opened: sa.Connection) -> None:
            writing = opened.get_execution_options().get(WRITING)
            opened.exec_driver_sql("begin immediate" if writing else "begin")


def _mysql_session(server: str, statement: int, lock: int) -> str:
    """What a session of MySQL or MariaDB is told.

    Strict, whatever the server's own mode is: without it a text that is too long or not of the column's character set is
    cut off with no more than a warning. A server older than 5.7.8 bounds no statement; the driver's own time-out does.
    """
    words = [
        f"session innodb_lock_wait_timeout = {lock}",
        "session sql_mode = concat_ws(',', nullif(@@session.sql_mode, ''), 'STRICT_ALL_TABLES')",
    ]
    if "MariaDB" in server:
        words.append(f"session max_statement_time = {statement}")
    elif tuple(map(int, re.findall(r"\d+", server)[:3])) >= (5, 7, 8):
        words.append(f"session max_execution_time = {statement * 1000}")
    return f"set {', '.join(words)}"

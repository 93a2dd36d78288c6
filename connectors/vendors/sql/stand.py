"""What the contract suite exercises the connector on: a SQLite database in a folder of its own."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.testing.contract.fixture import Fixture
from connectors.testing.contract.quiet import QuietSystem

_TABLES = """
create table customer (
    id integer primary key, name text not null, city text, our_key text unique, active integer not null default 1,
    changed_at text not null);
create table city (code text primary key, name text not null);
create table taken (seq integer primary key, op text not null, key text not null);
create trigger customer_made after insert on customer when new.our_key is not null
    begin insert into taken (op, key) values ('create', new.id); end;
create trigger customer_changed after update on customer when new.our_key is not null
    begin insert into taken (op, key) values ('update', new.id); end;
"""
_KEYS = {"customer": "id", "city": "code"}


def create(fixture: Fixture) -> Database:
    """A database with as many customers as the fixture says."""
    return Database(fixture.customers)


class Database(QuietSystem):
    """The tables, and what was written into them under one of our keys."""

    def __init__(self, customers: int) -> None:
        self._customers = customers
        self._folder = Path(tempfile.mkdtemp(prefix="tongmai-sql-"))
        self._file = self._folder / "shop.db"
        self._lock = threading.Lock()
        self._clock = timedelta(0)
        self._steps = 0

    def start(self) -> None:
        with sqlite3.connect(self._file) as connection:
            connection.executescript(_TABLES)
        self.advance(-2 * 86400)
        for n in range(self._customers):
            self.write("customer", "insert", "", {"name": f"客户{n}", "city": "上海"})
            self.write("city", "insert", "", {"name": f"城市{n}"})
        self.advance(2 * 86400)

    def stop(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def settings(self) -> dict[str, Any]:
        return {"dialect": "sqlite", "database": str(self._file)}

    def write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        with self._lock, sqlite3.connect(self._file) as connection:
            values = {**fields, "changed_at": self._now()} if obj == "customer" else dict(fields)
            there = {row[1] for row in connection.execute(f"pragma table_info({obj})")}
            for name in values.keys() - there:
                connection.execute(f"alter table {obj} add column {name} text")
            if op == "delete":
                connection.execute(f"delete from {obj} where {_KEYS[obj]} = ?", (key,))
                return key
            if op == "update":
                pairs = ", ".join(f"{name} = ?" for name in values)
                connection.execute(f"update {obj} set {pairs} where {_KEYS[obj]} = ?", (*values.values(), key))
                return key
            if obj == "city":
                self._steps += 1
                values["code"] = f"C{self._steps:05d}"
            marks = ", ".join("?" for _ in values)
            made = connection.execute(f"insert into {obj} ({', '.join(values)}) values ({marks})", (*values.values(),))
            return str(values.get("code", made.lastrowid))

    def keys(self, obj: str) -> set[str]:
        with sqlite3.connect(self._file) as connection:
            return {str(row[0]) for row in connection.execute(f"select {_KEYS[obj]} from {obj}")}

    def record(self, obj: str, key: str) -> dict[str, Any] | None:
        with sqlite3.connect(self._file) as connection:
            connection.row_factory = sqlite3.Row
            row = connection.execute(f"select * from {obj} where {_KEYS[obj]} = ?", (key,)).fetchone()
        return dict(row) if row is not None else None

    def ledger(self) -> list[dict[str, Any]]:
        with sqlite3.connect(self._file) as connection:
            rows = connection.execute("select op, key from taken order by seq").fetchall()
        return [{"object": "customer", "op": op, "key": key} for op, key in rows]

    def advance(self, seconds: float) -> None:
        self._clock += timedelta(seconds=seconds)

    def _now(self) -> str:
        self._clock += timedelta(milliseconds=1)
        return (datetime.now(UTC) + self._clock).strftime("%Y-%m-%d %H:%M:%S.%f")

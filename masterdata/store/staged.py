"""Rows for set-wise statements: a few travel inside the statement, many through a temporary table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import orjson
import psycopg
from psycopg.rows import TupleRow

Cursor = psycopg.Cursor[TupleRow]
FEW = 32
"""More rows than this go by COPY."""
SHORT = 200_000
"""So do rows that are longer than this together, in bytes."""
ALIAS = "staged"


@dataclass(frozen=True)
class Staged:
    """Rows that statements read as ``{staged}``, with the alias ``staged``."""

    cursor: Cursor
    source: str
    given: dict[str, Any] = field(default_factory=dict)

    def execute(self, query: str, **values: Any) -> Cursor:
        """Run a statement with ``{staged}`` in its FROM and ``%(name)s`` for the values."""
        return self.cursor.execute(query.replace("{staged}", self.source), {**self.given, **values})


class Stages:
    """A session's temporary tables ``stage_<name>``."""

    def __init__(self) -> None:
        self._made: set[str] = set()

    def stage(self, cursor: Cursor, name: str, columns: str, rows: Iterable[Sequence[Any]], key: str = "") -> Staged:
        """Just ``rows``. ``columns`` as in CREATE TABLE, a type being one word; ``key`` are the columns of its primary key."""
        coming = iter(rows)
        first = list(islice(coming, FEW + 1))
        if len(first) <= FEW and not _says_null(columns, first):
            told = _told(columns, first)
            if len(told) <= SHORT:
                return Staged(
                    cursor, f"jsonb_to_recordset(%({ALIAS})s::jsonb) {ALIAS} ({columns})", {ALIAS: told.decode()}
                )
        table = f"stage_{name}"
        if table in self._made:
            cursor.execute(f"truncate {table}")
        else:
            primary = f", primary key ({key})" if key else ""
            cursor.execute(f"create temp table if not exists {table} ({columns}{primary}); truncate {table}")
            self._made.add(table)
        with cursor.copy(f"copy {table} from stdin") as copy:
            for row in chain(first, coming):
                copy.write_row(row)
        return Staged(cursor, f"{table} {ALIAS}")

    def forget(self) -> None:
        """After a rollback: tables made since may be gone."""
        self._made.clear()


def _says_null(columns: str, rows: Sequence[Sequence[Any]]) -> bool:
    """Whether a jsonb column is to hold JSON's null: ``jsonb_to_recordset`` would make SQL's of it."""
    raw = [place for place, column in enumerate(columns.split(", ")) if column.endswith(" jsonb")]
    return any(row[place] == "null" for row in rows for place in raw)


def _told(columns: str, rows: Sequence[Sequence[Any]]) -> bytes:
    parts = [column.rpartition(" ") for column in columns.split(", ")]
    names = [(name, kind == "jsonb") for name, _, kind in parts]
    told = [
        {name: orjson.Fragment(value) if raw and value is not None else value
         for (name, raw), value in zip(names, row, strict=True)}
        for row in rows
    ]  # fmt: skip
    return orjson.dumps(told, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    raise TypeError(
        f"a staged value is of type {type(value).__name__}; allowed: text, numbers, bytes, ids, times, lists"
    )

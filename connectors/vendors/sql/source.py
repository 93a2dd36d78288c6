"""A declared stream against its database: what is selected, by which key, in which order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.vendors.sql.settings import SqlStream
from connectors.vendors.sql.tables import reflect
from connectors.vendors.sql.values import native
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

_COLON = re.compile(":")


@dataclass(frozen=True)
class Source:
    """A stream ready to be read. ``types`` are known of tables; a query tells only its columns' names.

    ``unique``: the database keeps the key unique. ``optional_key``: key columns that may be null.
    """

    where: str
    stream: SqlStream
    rows: sa.FromClause
    names: tuple[str, ...]
    types: Mapping[str, sa.types.TypeEngine[Any]]
    unique: bool
    optional_key: tuple[str, ...]
    dialect: str

    @property
    def key(self) -> list[sa.ColumnElement[Any]]:
        """The key's columns."""
        return [self.rows.c[name] for name in self.stream.key]

    @property
    def cursor(self) -> sa.ColumnElement[Any]:
        """The cursor's column."""
        return self.rows.c[self.stream.cursor]

    def select(self) -> sa.Select[Any]:
        """All columns of the stream, rows with a key only."""
        found = sa.select(*[self.rows.c[name] for name in self.names])
        return found.where(*[self.rows.c[name].is_not(None) for name in self.optional_key])

    def keyless(self) -> sa.Select[Any]:
        """The rows without a whole key."""
        return sa.select(*[self.rows.c[name] for name in self.names]).where(
            sa.or_(*[self.rows.c[name].is_(None) for name in self.optional_key])
        )

    def doubled(self) -> sa.Select[Any]:
        """A key that several rows have."""
        count = sa.func.count()
        return (
            sa.select(*self.key, count)
            .where(*[self.rows.c[name].is_not(None) for name in self.optional_key])
            .group_by(*self.key)
            .having(count > 1)
            .limit(1)
        )

    def after(self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
        """Rows that come after these values in the order of the columns, spelled out: not every database has row values."""
        terms = []
        for index, column in enumerate(columns):
            equal = [one == native(value, self.dialect) for one, value in zip(columns[:index], values, strict=False)]
            terms.append(sa.and_(*equal, column > native(values[index], self.dialect)))
        return sa.or_(*terms)


def open_source(connection: sa.Connection, where: str, stream: SqlStream, schema: str | None) -> Source:
    """The stream as its database has it now. Raises ``ConfigurationError`` when a column is not there."""
    dialect = connection.dialect.name
    types: Mapping[str, sa.types.TypeEngine[Any]] = {}
    unique, optional = False, stream.key
    rows: sa.FromClause
    if stream.table:
        table = reflect(connection, stream.table, schema, where)
        rows, types = table.table, table.types
        unique = table.is_unique(stream.key)
        optional = tuple(name for name in stream.key if name in table.nullable)
        names = tuple(types)
    else:
        names = _names(connection, stream.query)
        rows = _query(stream.query, names)
    wanted = [*stream.columns, *stream.key, stream.cursor, *([stream.deleted.column] if stream.deleted else ())]
    for name in filter(None, wanted):
        if name not in names:
            near = nearest(name, names)
            raise ConfigurationError(
                f"{where}: column `{name}`",
                f"there is no such column (there are: {', '.join(names)})",
                f"did you mean `{near}`?" if near else "correct the stream's settings",
                code="sql-schema",
            )
    chosen = tuple(name for name in names if name in wanted) if stream.columns else names
    return Source(where, stream, rows, chosen, types, unique, optional, dialect)


def _names(connection: sa.Connection, query: str) -> tuple[str, ...]:
    inner = sa.text(f"select * from ({_escaped(query)}) q where 1 = 0")
    return tuple(connection.execute(inner).keys())


def _query(query: str, names: Sequence[str]) -> sa.FromClause:
    return sa.text(_escaped(query)).columns(*[sa.column(name) for name in names]).subquery("q")


def _escaped(query: str) -> str:
    """A colon in a company's query is a colon, never the beginning of a parameter of ours."""
    return _COLON.sub(r"\\:", query.strip().rstrip(";"))

"""A declared write against its table: which columns it has, which are the key, what the database enforces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from connectors.vendors.sql.settings import SqlWrite, Switch
from connectors.vendors.sql.source import Source
from connectors.vendors.sql.tables import Table, reflect
from connectors.vendors.sql.values import native
from tongmai.core.errors import ConfigurationError

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A table to be written. ``source`` reads its rows back."""

    where: str
    write: SqlWrite
    table: Table
    source: Source
    dialect: str

    def insert(self, values: Values) -> sa.Insert:
        """A new row."""
        return sa.insert(self.table.table).values(self._bound(values))

    def upsert(self, values: Values) -> sa.Insert | None:
        """A new row, or the given values in the row that has our key; None where the dialect cannot say just that.

        MySQL's ON DUPLICATE KEY UPDATE fires for *any* unique key of the table and would overwrite a stranger's row.
        """
        key = self.write.our_key
        changes = {name: value for name, value in values.items() if name != key} or {key: values[key]}
        make: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}.get(self.dialect)
        if make is None or not self.table.is_unique([key]):
            return None
        made: sa.Insert = (
            make(self.table.table)
            .values(self._bound(values))
            .on_conflict_do_update(index_elements=[key], set_=self._bound(changes))
        )
        return made

    def update(self, row: sa.ColumnElement[bool], values: Values) -> sa.Update:
        """These columns of one row."""
        return sa.update(self.table.table).where(row).values(self._bound(values))

    def delete(self, row: sa.ColumnElement[bool]) -> sa.Delete:
        """The row itself."""
        return sa.delete(self.table.table).where(row)

    def equals(self, name: str, value: Any) -> sa.ColumnElement[bool]:
        """A column has this value."""
        return self.table.column(name, self.where) == native(value, self.dialect)

    def key_where(self, match: sa.ColumnElement[bool], *, lock: bool = False) -> sa.Select[Any]:
        """The key of the matching rows, as the stream has it."""
        select = sa.select(*[self.table.table.c[name] for name in self.source.stream.key]).where(match)
        return select.with_for_update() if lock and self.dialect not in ("sqlite", "mssql") else select

    def _bound(self, values: Values) -> dict[str, Any]:
        return {name: native(value, self.dialect) for name, value in values.items()}


def open_target(connection: sa.Connection, where: str, write: SqlWrite, source: Source, schema: str | None) -> Target:
    """The write as its database has it now. Raises ``ConfigurationError`` when the database does not keep what it says."""
    table = reflect(connection, write.table, schema, where)
    named = [*source.stream.key, write.our_key, *write.search, *write.defaults]
    named += [write.deactivate.column] if isinstance(write.deactivate, Switch) else []
    for name in filter(None, named):
        table.column(name, where)
    if not table.is_unique(source.stream.key):
        raise _not_unique(where, write.table, f"the key of stream `{write.stream}`", source.stream.key)
    if write.key_enforced and not table.is_unique([write.our_key]):
        raise _not_unique(where, write.table, "`our_key`", (write.our_key,))
    return Target(where, write, table, source, connection.dialect.name)


def _not_unique(where: str, table: str, what: str, names: tuple[str, ...]) -> ConfigurationError:
    return ConfigurationError(
        where,
        f"{what} ({', '.join(names)}) is not unique in `{table}`",
        f"create unique index on {table} ({', '.join(names)})",
        code="sql-key",
    )

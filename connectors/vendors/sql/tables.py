"""What the database says about its tables: columns with their types, keys, comments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from connectors.sdk import Detail, Discovered
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest

# SQLite's unique constraints are read out of the text of its DDL, which misses some; its own indexes are sure.
_AUTOMATIC: dict[str, dict[str, bool]] = {"sqlite": {"include_auto_indexes": True}}


@dataclass(frozen=True)
class Table:
    """A table or view as reflected. ``unique``: every set of columns that no two rows share; the primary key is first."""

    table: sa.TableClause
    types: Mapping[str, sa.types.TypeEngine[Any]]
    nullable: frozenset[str]
    unique: tuple[frozenset[str], ...]

    def column(self, name: str, where: str) -> sa.ColumnClause[Any]:
        """A column by name; ``where`` says in the error who asked for it."""
        if name not in self.types:
            near = nearest(name, self.types)
            raise ConfigurationError(
                f"{where}: column `{name}` of `{self.table.name}`",
                f"there is no such column (there are: {', '.join(self.types)})",
                f"did you mean `{near}`?" if near else "correct the setting or the mapping",
                code="sql-schema",
            )
        found: sa.ColumnClause[Any] = self.table.c[name]
        return found

    def is_unique(self, names: Iterable[str]) -> bool:
        """Whether the database itself keeps these columns unique."""
        wanted = set(names)
        return any(one <= wanted for one in self.unique)


def reflect(connection: sa.Connection, name: str, schema: str | None, where: str) -> Table:
    """A table by name (``schema.table`` too). Raises ``ConfigurationError`` that says what there is."""
    inspector = sa.inspect(connection)
    own, table = _split(name, schema)
    try:
        columns = inspector.get_columns(table, own)
    except sa.exc.NoSuchTableError:
        have = sorted({*inspector.get_table_names(own), *inspector.get_view_names(own)})
        near = nearest(table, have)
        raise ConfigurationError(
            f"{where}: table `{name}`",
            f"there is no such table (there are: {', '.join(have[:20]) or '-'})",
            f"did you mean `{near}`?" if near else "correct `table`, or set `schema`",
            code="sql-schema",
        ) from None
    types = {str(column["name"]): column["type"] for column in columns}
    primary = frozenset(inspector.get_pk_constraint(table, own)["constrained_columns"])
    sets = [primary] if primary else []
    sets += [frozenset(one["column_names"]) for one in _unique_constraints(inspector, table, own)]
    sets += [
        frozenset(map(str, one["column_names"]))
        for one in inspector.get_indexes(table, own, **_AUTOMATIC.get(connection.dialect.name, {}))
        if one["unique"] and _whole(one)
    ]
    clause = sa.table(table, *[sa.column(name) for name in types], schema=own)
    return Table(
        clause,
        types,
        frozenset(str(c["name"]) for c in columns if c["nullable"]) - primary,
        tuple(s for s in sets if s),
    )


def discover(connection: sa.Connection, schema: str | None) -> list[Discovered]:
    """Every table and view with its key, its columns' types and its comment."""
    inspector = sa.inspect(connection)
    found = []
    views = set(inspector.get_view_names(schema))
    for name in sorted({*inspector.get_table_names(schema), *views}):
        columns = inspector.get_columns(name, schema)
        types = {str(column["name"]): word_of(column["type"]) for column in columns}
        details = {str(column["name"]): _detail(column) for column in columns}
        key = () if name in views else tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"])
        writable = name not in views and bool(key)
        found.append(Discovered(name, key, types, _comment(inspector, name, schema), writable, details))
    return found


def _detail(column: Any) -> Detail:
    """A column's comment, its length, and the values of an enumeration."""
    kind = column["type"]
    values = dict.fromkeys(map(str, kind.enums), "") if isinstance(kind, sa.Enum) else {}
    length = kind.length if isinstance(kind, sa.String) and not values else 0
    return Detail(str(column.get("comment") or ""), values, int(length or 0))


def word_of(kind: sa.types.TypeEngine[Any]) -> str:
    """The source type of a column as a mapping knows it."""
    for types, word in _WORDS:
        if isinstance(kind, types):
            return word
    return "text"


_WORDS: tuple[tuple[tuple[type[sa.types.TypeEngine[Any]], ...], str], ...] = (
    ((sa.Boolean,), "boolean"),
    ((sa.Integer,), "integer"),
    ((sa.Numeric, sa.Float), "number"),
    ((sa.DateTime,), "datetime"),
    ((sa.Date,), "date"),
    ((sa.Time,), "time"),
    ((sa.JSON,), "json"),
    ((sa.LargeBinary,), "base64"),
    ((sa.ARRAY,), "list"),
)


def _split(name: str, schema: str | None) -> tuple[str | None, str]:
    head, dot, tail = name.rpartition(".")
    return (head, tail) if dot else (schema or None, name)


def _unique_constraints(inspector: sa.Inspector, table: str, schema: str | None) -> Any:
    try:
        return inspector.get_unique_constraints(table, schema)
    except NotImplementedError:  # SQL Server: they are among the unique indexes
        return []


def _whole(index: Any) -> bool:
    """An index over expressions or over part of the rows does not keep the columns unique."""
    options = index.get("dialect_options", {})
    return (
        None not in index["column_names"]
        and not index.get("expressions")
        and not any(value is not None for name, value in options.items() if name.endswith("_where"))
    )


def _comment(inspector: sa.Inspector, name: str, schema: str | None) -> str:
    try:
        return str(inspector.get_table_comment(name, schema)["text"] or "")
    except NotImplementedError:  # SQLite has none
        return ""

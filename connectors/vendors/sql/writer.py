"""Write rows: each write is one transaction, known by our key, and an answer that was lost is said to be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.sdk import RemoteRecord, Written
from connectors.sdk.gate import pass_gate
from connectors.sdk.key import parts
from connectors.sdk.plain import UnreadableError, plain
from connectors.vendors.sql.engine import WRITING
from connectors.vendors.sql.faults import committing, told
from connectors.vendors.sql.reader import Records
from connectors.vendors.sql.settings import Switch
from connectors.vendors.sql.target import Target
from connectors.vendors.sql.values import for_column, key_text
from tongmai.core.errors import ConfigurationError, RemoteRefusedError

_AT_ONCE = 200
T = TypeVar("T")


class SqlWriter:
    """Writes one table."""

    def __init__(self, engine: sa.Engine, target: Target, zone: ZoneInfo) -> None:
        self._engine = engine
        self._target = target
        self._zone = zone

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Rows by one column; where the database compares without regard to case or trailing blanks, so does the answer."""
        target, source = self._target, self._target.source
        target.table.column(field, target.where)
        records = Records(source)
        wanted = list(dict.fromkeys(values))
        found: dict[str, list[RemoteRecord]] = {}
        with told(target.where), self._engine.connect() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                asked = {value: converted for value in some if (converted := self._asked(field, value)) is not None}
                if not asked:
                    continue
                columns = [target.table.table.c[name] for name in source.names if name in target.table.types]
                select = sa.select(*columns).where(sa.or_(*[target.equals(field, one) for one in asked.values()]))
                names = [column.name for column in columns]
                for row in connection.execute(select):
                    fields = records.fields_of(names, row)
                    record = RemoteRecord(key_text([fields[name] for name in source.stream.key]), fields)
                    for value in _matching(asked, row[names.index(field)]):
                        found.setdefault(value, []).append(record)
        return found

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Insert a row, or change the row that has our key already: a repeated create makes no second row."""
        target, write = self._target, self._target.write
        values = self._values({**write.defaults, **({write.our_key: key} if write.our_key else {}), **payload})

        def insert(connection: sa.Connection) -> str:
            if not write.our_key:
                done = connection.execute(target.insert(values))
                return self._inserted(connection, done, values)
            match = target.equals(write.our_key, values[write.our_key])
            upsert = target.upsert(values)
            if upsert is not None:
                connection.execute(upsert)
            elif connection.execute(target.key_where(match, lock=True)).first() is None:
                connection.execute(target.insert(values))
            else:
                connection.execute(target.update(match, values))
            return self._key(connection, match)

        return Written(self._write(insert))

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Only the given columns."""
        values = self._values(payload)
        return self._change(remote_key, lambda row: self._target.update(row, values))

    def deactivate(self, remote_key: str) -> Written:
        """Set the column that says so, or delete the row where the settings say so."""
        way = self._target.write.deactivate
        if way == "delete":
            row = self._row(remote_key)
            self._write(lambda connection: connection.execute(self._target.delete(row)))
            return Written(remote_key)
        return self._switch(remote_key, "off")

    def activate(self, remote_key: str) -> Written:
        """Set the column back. A row that was deleted does not come back."""
        if self._target.write.deactivate == "delete":
            if self._read(lambda connection: connection.execute(self._exists(remote_key)).first()) is None:
                raise self._gone(remote_key)
            return Written(remote_key)
        return self._switch(remote_key, "on")

    def _switch(self, remote_key: str, side: str) -> Written:
        way = self._target.write.deactivate
        if not isinstance(way, Switch):
            raise ConfigurationError(
                self._target.where,
                "its settings do not say how a record is switched off",
                "set `deactivate: {column: …, off: …, on: …}` or `deactivate: delete`",
                code="sql-settings",
            )
        values = self._values({way.column: way.off if side == "off" else way.on})
        return self._change(remote_key, lambda row: self._target.update(row, values))

    def _change(self, remote_key: str, statement: Callable[[sa.ColumnElement[bool]], sa.Update]) -> Written:
        row = self._row(remote_key)

        def change(connection: sa.Connection) -> str:
            if connection.execute(statement(row)).rowcount == 0:
                raise self._gone(remote_key)
            return remote_key

        return Written(self._write(change))

    def _write(self, act: Callable[[sa.Connection], T]) -> T:
        """One transaction. Until the commit is sent nothing was kept; from then on a lost answer leaves it open."""
        where = self._target.where
        with self._connected(where) as connection:
            with told(where, write=True):
                transaction = connection.begin()
            try:
                with told(where, write=True):
                    pass_gate()
                    done = act(connection)
                    pass_gate()
            except BaseException:
                with suppress(sa.exc.SQLAlchemyError):  # what broke the transaction has ended it as well
                    transaction.rollback()
                raise
            with committing(where):
                transaction.commit()
        return done

    @contextmanager
    def _connected(self, where: str) -> Iterator[sa.Connection]:
        with told(where, write=True):
            connection = self._engine.connect().execution_options(**{WRITING: True})
        try:
            yield connection
        finally:
            connection.close()

    def _read(self, act: Callable[[sa.Connection], T]) -> T:
        with told(self._target.where), self._engine.connect() as connection:
            return act(connection)

    def _values(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        target, found = self._target, {}
        for name, value in payload.items():
            target.table.column(name, target.where)
            try:
                found[name] = for_column(value, target.table.types[name], self._zone)
            except UnreadableError as error:
                raise RemoteRefusedError(
                    target.where, f"column `{name}`: {error}", "mend the record or the mapping", code="bad-column"
                ) from None
        return found

    def _row(self, remote_key: str) -> sa.ColumnElement[bool]:
        names = self._target.source.stream.key
        try:
            values = self._values(dict(zip(names, parts(remote_key, len(names)), strict=True)))
        except ValueError as error:
            raise RemoteRefusedError(self._target.where, str(error), "look where the key comes from") from None
        return sa.and_(*[self._target.equals(name, value) for name, value in values.items()])

    def _exists(self, remote_key: str) -> sa.Select[Any]:
        return self._target.key_where(self._row(remote_key))

    def _inserted(self, connection: sa.Connection, done: sa.CursorResult[Any], values: Mapping[str, Any]) -> str:
        """The key of a row inserted without our key: as given, else as the database made it."""
        names = self._target.source.stream.key
        if all(values.get(name) is not None for name in names):
            match = sa.and_(*[self._target.equals(name, values[name]) for name in names])
            return self._key(connection, match)
        made = done.lastrowid if self._target.dialect != "postgresql" and len(names) == 1 else None
        if made is None:
            raise ConfigurationError(
                self._target.where,
                f"the database makes the key ({', '.join(names)}), and nothing tells which one it made",
                "set `our_key` to a unique column of ours",
                code="sql-key",
            )
        return str(made)

    def _key(self, connection: sa.Connection, match: sa.ColumnElement[bool]) -> str:
        rows = connection.execute(self._target.key_where(match)).all()
        if len(rows) != 1:
            raise RemoteRefusedError(
                self._target.where,
                f"{len(rows)} rows have our key",
                f"let the database keep `{self._target.write.our_key}` unique",
                code="sql-key",
            )
        return key_text([plain(value) for value in rows[0]])

    def _asked(self, field: str, value: str) -> Any:
        """The value as the column takes it; None when no row can have it."""
        try:
            return for_column(value, self._target.table.types[field], self._zone)
        except UnreadableError:
            return None

    def _gone(self, remote_key: str) -> RemoteRefusedError:
        return RemoteRefusedError(
            self._target.where, f"there is no row `{remote_key}`", "read the table again", code="sql-gone"
        )


def _matching(asked: Mapping[str, Any], value: Any) -> list[str]:
    """Which of the values asked for a row was found by: the very same, else as a collation may have compared it."""
    same = [text for text, converted in asked.items() if converted == value or text == value]
    if same:
        return same
    folded = _folded(value)
    return [text for text in asked if _folded(text) == folded]


def _folded(value: Any) -> str:
    plain_value = plain(value)
    return str(plain_value).casefold().rstrip()

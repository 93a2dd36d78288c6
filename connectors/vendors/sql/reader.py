"""Read a stream page by page: whole by its key, changes by its cursor, single records by their keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.sdk import Page, ReadRequest, Record, fingerprint, wire
from connectors.sdk.key import parts as parts_of
from connectors.sdk.plain import UnreadableError, plain
from connectors.vendors.sql.cursors import earlier, freeze, ordered, thaw
from connectors.vendors.sql.settings import Deleted
from connectors.vendors.sql.source import Source
from connectors.vendors.sql.values import for_column, key_text, native, of_column
from tongmai.core.errors import ConfigurationError

_AT_ONCE = 200


class Reader:
    """Reads one source inside one transaction of the caller."""

    def __init__(self, connection: sa.Connection, source: Source, page_size: int, zone: ZoneInfo) -> None:
        self._connection = connection
        self._source = source
        self._size = max(1, source.stream.page_size or page_size)
        self._zone = zone
        self._record = Records(source)

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """The pages that were asked for."""
        source = self._source
        begin = self._begin(request)
        if request.keys:
            yield from self._some(request.keys)
        elif begin is None:
            yield from self._whole()
        else:
            back = earlier(begin, request.lookback, source.where) if request.since is None else begin
            yield from self._changes(back, begin)

    def _begin(self, request: ReadRequest) -> Any:
        """The cursor value from which changes are read; None for a whole listing."""
        source = self._source
        if not source.stream.cursor:
            return None
        if request.since is not None:
            kind = source.types.get(source.stream.cursor, sa.DateTime(timezone=True))
            if isinstance(kind, sa.Date):
                return request.since.astimezone(self._zone).date()
            if not isinstance(kind, sa.DateTime):
                raise ConfigurationError(
                    source.where, f"cursor `{source.stream.cursor}` is no time", "leave out --since", code="sql-cursor"
                )
            return for_column(request.since.isoformat(), kind, self._zone)
        if request.full or request.checkpoint is None:
            return None
        return thaw(request.checkpoint, source.where)

    def _whole(self) -> Iterator[Page]:
        source = self._source
        if not source.unique:
            self._refuse_doubles()
        trusted = self._trusted(None)
        if source.optional_key:
            yield from self._keyless()
        last: Sequence[Any] | None = None
        while True:
            select = source.select().order_by(*source.key).limit(self._size)
            rows = self._rows(select if last is None else select.where(source.after(source.key, last)))
            records = [self._record(row) for row in rows]
            if len(rows) < self._size:
                yield Page(records, freeze(trusted, source.where) if trusted is not None else None, complete=True)
                return
            yield Page(records)
            last = self._record.key_of(rows[-1])

    def _changes(self, back: Any, begin: Any) -> Iterator[Page]:
        source = self._source
        trusted = self._trusted(begin)
        order = [source.cursor, *source.key]
        last: Sequence[Any] | None = None
        while True:
            select = source.select().order_by(*order).limit(self._size)
            bound = source.cursor >= native(back, source.dialect) if last is None else source.after(order, last)
            rows = self._rows(select.where(bound))
            records = [self._record(row) for row in rows]
            if len(rows) < self._size:
                yield Page(records, freeze(trusted, source.where) if trusted is not None else None)
                return
            cursor = self._record.cursor_of(rows[-1])
            reached = ordered(cursor) and trusted is not None and begin <= cursor <= trusted
            yield Page(records, freeze(cursor, source.where) if reached else None)
            last = [cursor, *self._record.key_of(rows[-1])]

    def _trusted(self, begin: Any) -> Any:
        """The highest cursor value below which nothing can still be committed: that far a checkpoint may go.

        It is counted back from the newest value, not from a clock: the source's stamps may be in any zone.
        """
        source = self._source
        if not source.stream.cursor:
            return None
        newest = self._connection.execute(sa.select(sa.func.max(source.cursor, type_=sa.types.NullType()))).scalar()
        lag = source.stream.lag
        if newest is None or not lag:
            return newest if begin is None or newest is None or not ordered(newest) or newest >= begin else None
        bounds = [source.cursor <= native(earlier(newest, lag, source.where), source.dialect)]
        if begin is not None:
            bounds.append(source.cursor >= native(begin, source.dialect))
        highest = sa.select(sa.func.max(source.cursor, type_=sa.types.NullType())).where(*bounds)
        return self._connection.execute(highest).scalar()

    def _some(self, keys: Sequence[str]) -> Iterator[Page]:
        source = self._source
        for start in range(0, len(keys), _AT_ONCE):
            matches = [one for key in keys[start : start + _AT_ONCE] if (one := self._is(key)) is not None]
            rows = self._rows(source.select().where(sa.or_(*matches)).order_by(*source.key)) if matches else []
            yield Page([self._record(row) for row in rows])

    def _is(self, key: str) -> sa.ColumnElement[bool] | None:
        """The row of this key; None for text that can be no key of this stream, so that there is no such row."""
        source = self._source
        try:
            parts = parts_of(key, len(source.key))
            values = [
                for_column(part, source.types[name], self._zone) if name in source.types else part
                for name, part in zip(source.stream.key, parts, strict=True)
            ]
        except ValueError:
            return None
        return sa.and_(*[c == native(v, source.dialect) for c, v in zip(source.key, values, strict=True)])

    def _keyless(self) -> Iterator[Page]:
        found = self._connection.execute(self._source.keyless().limit(self._size)).all()
        names = ", ".join(self._source.optional_key)
        records = []
        for number, row in enumerate(found, 1):
            raw = wire.canonical({"row": [_shown(value) for value in row]})
            records.append(
                Record(f"row without a key {number}", raw, fingerprint(raw), op="broken", problem=f"{names} is null")
            )
        if records:
            yield Page(records)

    def _refuse_doubles(self) -> None:
        found = self._connection.execute(self._source.doubled()).first()
        if found is not None:
            *key, count = found
            raise ConfigurationError(
                self._source.where,
                f"{count} rows have the key `{key_text([plain(value) for value in key])}`",
                "name columns under `key` that together identify a row",
                code="sql-key",
            )

    def _rows(self, select: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return self._connection.execute(select).all()


class Records:
    """Makes records of rows."""

    def __init__(self, source: Source) -> None:
        self._names = source.names
        self._kinds = [_telling(source.types.get(name)) for name in source.names]
        self._key = [source.names.index(name) for name in source.stream.key]
        self._cursor = source.names.index(source.stream.cursor) if source.stream.cursor else -1
        self._deleted = source.stream.deleted

    def __call__(self, row: Sequence[Any]) -> Record:
        """The row's record; broken, under its key, when one of its values has no faithful form."""
        key = key_text([_shown(row[index]) for index in self._key])
        version = str(plain(row[self._cursor])) if self._cursor >= 0 and row[self._cursor] is not None else ""
        try:
            data = {
                name: value if kind is None and (type(value) is str or type(value) is int) else of_column(value, kind)
                for name, value, kind in zip(self._names, row, self._kinds, strict=True)
            }
        except UnreadableError:
            return self._broken(key, row)
        gone = self._deleted is not None and _marked(self._deleted, data)
        return wire.record(key, data, op="delete" if gone else "upsert", version=version)

    def fields_of(self, names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
        """A row of these columns as a mapping sees it."""
        kinds = dict(zip(self._names, self._kinds, strict=True))
        data = {name: of_column(value, kinds.get(name)) for name, value in zip(names, row, strict=True)}
        return wire.decode("row", wire.canonical(data))

    def key_of(self, row: Sequence[Any]) -> list[Any]:
        """The values of the key as the database has them."""
        return [row[index] for index in self._key]

    def cursor_of(self, row: Sequence[Any]) -> Any:
        """The value of the cursor as the database has it."""
        return row[self._cursor]

    def _broken(self, key: str, row: Sequence[Any]) -> Record:
        problems = []
        for name, value, kind in zip(self._names, row, self._kinds, strict=True):
            try:
                of_column(value, kind)
            except UnreadableError as error:
                problems.append(f"`{name}`: {error}")
        raw = wire.canonical({name: _shown(value) for name, value in zip(self._names, row, strict=True)})
        return Record(key, raw, fingerprint(raw), op="broken", problem="; ".join(problems))


def _telling(kind: sa.types.TypeEngine[Any] | None) -> sa.types.TypeEngine[Any] | None:
    """Only these types change what a driver's value means."""
    return kind if isinstance(kind, (sa.Boolean, sa.JSON)) else None


def _marked(deleted: Deleted, data: dict[str, Any]) -> bool:
    value = data[deleted.column]
    return value is not None if deleted.any_value else bool(value == deleted.value)


def _shown(value: Any) -> Any:
    try:
        return plain(value)
    except UnreadableError:
        return str(value)

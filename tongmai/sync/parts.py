"""Parts of records as a stream of their own: the buyers in a shop's orders, an order's lines.

They are read from the records that another sync has stored, so nothing is called and every part has its own books.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from connectors.sdk import CheckResult, Connector, ReadRequest, Writer
from mappings.language.types import Part
from masterdata.store import Database
from tongmai.core.errors import FatalError, RecordError
from tongmai.core.record import Page, Record, fingerprint

PAGE = 500
HEAD = "head"
_READ = """
select i.id, i.source_key, r.deleted, i.op, i.raw, i.version
  from hub.inbox i join hub.source_record r
    on r.stream_id = i.stream_id and r.source_key = i.source_key and r.inbox_id = i.id
 where i.stream_id = %(stream)s and i.id > %(after)s and not (%(living)s and r.deleted)
   and (%(since)s::timestamptz is null or i.received_at >= %(since)s)
 order by i.id limit %(limit)s
"""
_OWNED = """
select source_key from hub.source_record
 where stream_id = %s and not deleted and regexp_replace(source_key, '/[^/]*$', '') = any(%s)
"""


_STANDING = """
select r.source_key, i.raw from hub.source_record r join hub.inbox i on i.id = r.inbox_id and i.op = 'upsert'
 where r.stream_id = %s and r.source_key = any(%s) and not r.deleted
"""


@dataclass
class PartReader:
    """A connector over the stored records of ``parent``'s stream. ``stream_id`` is the parts' own stream."""

    database: Database
    parent: Connector
    connection: str
    part: Part
    stream_id: int

    def check(self) -> CheckResult:
        """As the system itself answers."""
        return self.parent.check()

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """The parts of what changed since the checkpoint (an inbox row), or of every living record."""
        source = self._source()
        after = 0 if request.full or request.checkpoint is None else int(request.checkpoint)
        spoken = _Spoken(whole=after == 0 and request.since is None)
        while True:
            with self.database.transaction() as cursor:
                cursor.execute(
                    _READ,
                    {
                        "stream": source,
                        "after": after,
                        "living": request.full,
                        "since": request.since,
                        "limit": PAGE,
                    },
                )
                rows = cursor.fetchall()
            if not rows:
                left = [one for one in spoken.doubted.values() if not request.keys or one.key in request.keys]
                yield Page(left, str(after))
                # Whoever is no part of any record any more may still be there: only owned parts go with their record.
                yield Page((), str(after), complete=request.full and self.part.owned, ended=request.full)
                return
            after = rows[-1][0]
            records = list(self._records(rows, spoken, owned=self.part.owned and not request.full))
            if request.keys:
                records = [one for one in records if one.key in request.keys]
            yield Page(records, str(after))

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        """A part with the record it is of under ``head``."""
        found: dict[str, Any] = orjson.loads(raw)
        return found

    def writer(self, name: str) -> Writer:
        """Parts are read only."""
        raise FatalError(
            f"{self.connection}: {self.part.stream}",
            "a part of a stream cannot be written",
            "write the record that it is part of",
            code="part-written",
        )

    def close(self) -> None:
        """The connector is closed by whoever opened it."""

    def _source(self) -> int:
        with self.database.transaction() as cursor:
            cursor.execute(
                "select id from hub.stream where connection = %s and stream = %s", (self.connection, self.part.parent)
            )
            row = cursor.fetchone()
        if row is None:
            raise FatalError(
                f"{self.connection}: {self.part.stream}",
                f"`{self.part.parent}` was never read, so there are no records to take parts of",
                f"run the sync that reads `{self.part.parent}` first; put both in one group",
                code="part-of-nothing",
            )
        return int(row[0])

    def _records(self, rows: Iterable[tuple[Any, ...]], spoken: _Spoken, *, owned: bool) -> Iterator[Record]:
        there: set[str] = set()
        parents: list[str] = []
        last: dict[str, Record] = {}
        refused: dict[str, Record] = {}
        for _, key, deleted, op, raw, version in rows:
            parents.append(key)
            if deleted or op != "upsert":
                continue
            for one, taken in self._parts(key, bytes(raw), version):
                there.add(one.key)
                found = last if taken else refused
                found.pop(one.key, None)
                found[one.key] = one  # of several records that hold the same part, the latest speaks
        yield from last.values()
        if not self.part.owned:
            spoken.let_in(last)
            yield from self._refused(refused, spoken)
        if owned:
            with self.database.transaction() as cursor:
                cursor.execute(_OWNED, (self.stream_id, parents))
                gone = sorted({row[0] for row in cursor} - there)
            yield from (Record(key, b"", fingerprint(b""), "delete") for key in gone)

    def _refused(self, refused: Mapping[str, Record], spoken: _Spoken) -> Iterator[Record]:
        """Shared parts that ``only_if`` leaves out of every record that holds them, to be booked as such. Where a record that
        stands already is let in, another one than was just read may have given it: that shows when all have been read."""
        wanted = [key for key in refused if key not in spoken.keys]
        if not wanted:
            return
        with self.database.transaction() as cursor:
            cursor.execute(_STANDING, (self.stream_id, wanted))
            standing = {key for key, raw in cursor if self.part.takes(orjson.loads(raw))}
        for key in wanted:
            if key not in standing:
                yield refused[key]
            elif spoken.whole:
                spoken.doubted[key] = refused[key]

    def _parts(self, key: str, raw: bytes, version: str) -> Iterator[tuple[Record, bool]]:
        """The parts of a record, each with whether it may speak where several records hold it."""
        try:
            record = self.parent.decode(self.part.parent, raw)
            found = list(cut(record, self.part.path))
        except RecordError as error:
            yield _broken(f"{key}/", raw, error.why or error.what), True
            return
        for number, made in enumerate(found):
            place = f"{key}/{number}"
            if isinstance(made, str):
                yield _broken(place, raw, made), True
                continue
            body = orjson.dumps(made)
            taken = self.part.owned or self.part.takes(made)
            try:
                own = self.part.key(made)
            except RecordError as error:
                own, why = None, error.why or error.what
            else:
                why = "its key is empty"
            if own is None and taken:
                yield _broken(place, body, why), True
                continue
            if own is None:  # nobody wants it, so nothing is wrong with it
                yield Record(place, body, fingerprint(body), version=version), False
                continue
            name = f"{key}/{own.replace('/', '%2F')}" if self.part.owned else own
            yield Record(name, body, fingerprint(body), version=version), taken


@dataclass
class _Spoken:
    """What one reading found of shared parts. ``keys``: let in by some record. ``doubted``: left out by all that was read so
    far, while the record that stands is let in. ``whole``: every stored record is looked at, so the end tells."""

    whole: bool
    keys: set[str] = field(default_factory=set)
    doubted: dict[str, Record] = field(default_factory=dict)

    def let_in(self, keys: Iterable[str]) -> None:
        self.keys.update(keys)
        for key in self.doubted.keys() & self.keys:
            del self.doubted[key]


def cut(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[dict[str, Any] | str]:
    """The parts at a place of a record, each with the record's other fields under ``head``, or why it is none.

    Raises ``RecordError`` when there is no such place.
    """
    head = {name: value for name, value in record.items() if name != path[0]}
    for number, one in enumerate(_at(record, path)):
        if not isinstance(one, dict):
            yield f"item {number} of `{'.'.join(path)}` is no object with fields"
        elif HEAD in one:
            yield f"the part has a field `{HEAD}` of its own, which names the record it is of"
        else:
            plain = orjson.dumps({**one, HEAD: head}, default=_plain, option=orjson.OPT_NON_STR_KEYS)
            made: dict[str, Any] = orjson.loads(plain)
            yield made


def _at(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Any]:
    value: Any = record
    for step in path:
        if value is None:
            return
        if not isinstance(value, dict):
            raise RecordError(
                "", f"`{'.'.join(path)}`: `{step}` is looked up in something that is no object", code="wrong-shape"
            )
        value = value.get(step)
    if isinstance(value, list):
        yield from value
    elif value not in (None, ""):
        yield value


def _broken(key: str, raw: bytes, why: str) -> Record:
    return Record(key, raw, fingerprint(raw + why.encode()), "broken", problem=why)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)

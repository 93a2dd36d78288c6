"""Parts of records as a stream of their own: the buyers in a shop's orders, an order's lines.

They are read from the records that another sync has stored, so nothing is called and every part has its own books.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
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
                # Whoever is no part of any record any more may still be there: only owned parts go with their record.
                yield Page((), str(after), complete=request.full and self.part.owned, ended=request.full)
                return
            after = rows[-1][0]
            records = list(self._records(rows, owned=self.part.owned and not request.full))
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

    def _records(self, rows: Iterable[tuple[Any, ...]], *, owned: bool) -> Iterator[Record]:
        there: set[str] = set()
        parents: list[str] = []
        last: dict[str, Record] = {}
        for _, key, deleted, op, raw, version in rows:
            parents.append(key)
            if deleted or op != "upsert":
                continue
            for one in self._parts(key, bytes(raw), version):
                there.add(one.key)
                last.pop(one.key, None)
                last[one.key] = one  # of several records that hold the same part, the latest speaks
        yield from last.values()
        if owned:
            with self.database.transaction() as cursor:
                cursor.execute(_OWNED, (self.stream_id, parents))
                gone = sorted({row[0] for row in cursor} - there)
            yield from (Record(key, b"", fingerprint(b""), "delete") for key in gone)

    def _parts(self, key: str, raw: bytes, version: str) -> Iterator[Record]:
        try:
            record = self.parent.decode(self.part.parent, raw)
            found = list(_at(record, self.part.path))
        except RecordError as error:
            yield _broken(f"{key}/", raw, error.why or error.what)
            return
        head = {name: value for name, value in record.items() if name != self.part.path[0]}
        for number, one in enumerate(found):
            place = f"{key}/{number}"
            if not isinstance(one, dict):
                yield _broken(place, raw, f"item {number} of `{'.'.join(self.part.path)}` is no object with fields")
                continue
            if HEAD in one:
                yield _broken(place, raw, f"the part has a field `{HEAD}` of its own, which names the record it is of")
                continue
            body = orjson.dumps({**one, HEAD: head}, default=_plain, option=orjson.OPT_NON_STR_KEYS)
            try:
                made = orjson.loads(body)
                if not self.part.owned and not self.part.takes(made):
                    continue  # of several records that hold it, one that the mapping takes shall speak
                own = self.part.key(made)
            except RecordError as error:
                yield _broken(place, body, error.why or error.what)
                continue
            if own is None:
                yield _broken(place, body, "its key is empty")
                continue
            name = f"{key}/{own.replace('/', '%2F')}" if self.part.owned else own
            yield Record(name, body, fingerprint(body), version=version)


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

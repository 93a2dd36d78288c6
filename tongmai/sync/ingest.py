"""Transaction 1: store what was read. New raw versions, work keys, counts and checkpoint commit together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from masterdata.store import Cursor, Database
from masterdata.store.database import forget_plans
from tongmai.core.errors import FatalError
from tongmai.core.failpoint import reach
from tongmai.core.record import Page, Record

BATCH = 2_000
# More than this many and this share of a stream gone at once needs a person's word.
FEW = 5
SHARE = 0.2
_COLUMNS = "key text, fingerprint bytea, op text, version text, raw bytea, problem text"
_GONE = b"\x00" * 16

_STORE = """
with known as materialized (
  select staged.*, r.id as record_id, r.inbox_id as old_inbox, nextval(pg_get_serial_sequence('hub.inbox', 'id')) as new_inbox
    from {staged}
    left join lateral (select * from hub.source_record x where x.stream_id = %(stream)s and x.source_key = staged.key offset 0) r on true
   where case when staged.op = 'delete' then r.id is not null and not r.deleted
              else %(force)s or r.id is null or r.fingerprint <> staged.fingerprint or r.deleted end),
stored as (
  insert into hub.inbox (id, run_id, stream_id, source_key, op, version, raw, problem)
  overriding system value
  select new_inbox, %(run)s, %(stream)s, key, op, version, raw, problem from known),
record as (
  insert into hub.source_record (stream_id, source_key, fingerprint, inbox_id, deleted)
  select %(stream)s, key, fingerprint, new_inbox, op = 'delete' from known
  on conflict (stream_id, source_key) do update
     set fingerprint = excluded.fingerprint, inbox_id = excluded.inbox_id, deleted = excluded.deleted
  returning id, inbox_id),
replaced as (
  insert into hub.ledger (inbox_id, outcome)
  select old_inbox, 'superseded' from known where old_inbox is not null
  on conflict do nothing),
queued as (
  insert into hub.work (record_id, stream_id, inbox_id, reason)
  select id, %(stream)s, inbox_id, 'read' from record order by id
  on conflict (record_id) do update set inbox_id = excluded.inbox_id, reason = 'read')
select count(*) from known
"""

_ABSENT = """
select r.source_key from hub.source_record r
 where r.stream_id = %(stream)s and not r.deleted
   and not exists (select 1 from stage_seen t where t.key = r.source_key)
   and r.id <= %(newest)s
"""


@dataclass
class Intake:
    """One stream being read in one run. ``force`` stores records even when nothing changed. ``narrowed``: only a part was
    asked for, so the checkpoint stays: what lies between it and that part is still to be read. ``stored`` is told every
    checkpoint, in order, once all that was read up to it is committed. Not ``listed``: what is gone is never found by what a
    listing lacks, so a read that came to its end is as good a baseline as one that lists everything."""

    database: Database
    run: str
    stream_id: int
    force: bool = False
    whole: bool = False
    narrowed: bool = False
    listed: bool = True
    accept_deletes: bool = False
    stored: Callable[[str], None] | None = None
    _batch: list[Record] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)
    _newest: int = 0
    _given: list[str] = field(default_factory=list)

    def take(self, pages: Iterable[Page]) -> Iterator[int]:
        """Store page after page; yields how many records were stored so far. A whole listing also finds what is gone."""
        checkpoint: str | None = None
        complete = ended = False
        count = 0
        if self.whole:
            self._open_seen()
        for page in pages:
            for record in map(storable, page.records):
                if record.key in self._keys:
                    self._flush(None)
                self._batch.append(record)
                self._keys.add(record.key)
            count += len(page.records)
            if page.checkpoint is not None and not self.narrowed:
                checkpoint = page.checkpoint
                self._given.append(page.checkpoint)
            complete, ended = complete or page.complete, ended or page.ended
            if len(self._batch) >= BATCH:
                self._flush(checkpoint)
                if not self.whole:
                    self._acknowledge()
                yield count
        self._flush(checkpoint)
        if self.whole and (complete or ended or not self.listed):
            self._finish(checkpoint, absent=complete)
        self._acknowledge()
        yield count

    def _open_seen(self) -> None:
        with self.database.transaction() as cursor:
            cursor.execute("create temp table if not exists stage_seen (key text primary key)")
            cursor.execute("truncate stage_seen")
            cursor.execute("select coalesce(max(id), 0) from hub.source_record where stream_id = %s", (self.stream_id,))
            row = cursor.fetchone()
            self._newest = row[0] if row else 0

    def _flush(self, checkpoint: str | None) -> None:
        if not self._batch and checkpoint is None:
            return
        with self.database.transaction() as cursor:
            changed = self._store(cursor, self._batch)
            if self.whole:
                cursor.execute(
                    "insert into stage_seen select unnest(%s::text[]) on conflict do nothing",
                    ([one.key for one in self._batch],),
                )
            self._count(cursor, len(self._batch), len(self._batch) - changed)
            if checkpoint is not None:
                cursor.execute("update hub.stream set checkpoint = %s where id = %s", (checkpoint, self.stream_id))
            reach("ingest.before-commit")
        self._batch.clear()
        self._keys.clear()

    def _acknowledge(self) -> None:
        """Say what is safe now; a whole listing is only when it ended, for what it lacks is judged at its end."""
        if self.stored is not None and not self.database.rehearse:
            reach("ingest.before-stored")
            for checkpoint in self._given:
                self.stored(checkpoint)
        self._given.clear()

    def _finish(self, checkpoint: str | None, *, absent: bool) -> None:
        """A whole listing ended: what we knew before it began and did not see is gone (``absent``); the baseline stands."""
        with self.database.transaction() as cursor:
            cursor.execute("analyze stage_seen")
            gone: list[Record] = []
            if absent:
                cursor.execute(_ABSENT, {"stream": self.stream_id, "newest": self._newest})
                gone = [Record(row[0], b"", _GONE, op="delete") for row in cursor]
            self._believe(cursor, len(gone))
            if gone:
                stored = self._store(cursor, gone)
                self._count(cursor, len(gone), len(gone) - stored)
            cursor.execute(
                """update hub.stream set baseline_at = now(), checkpoint = coalesce(%s, checkpoint),
                     baseline_inbox = coalesce(baseline_inbox,
                       (select coalesce(max(id), 0) from hub.inbox where stream_id = hub.stream.id))
                    where id = %s""",
                (checkpoint, self.stream_id),
            )

    def _believe(self, cursor: Cursor, gone: int) -> None:
        """A listing in which most records are missing is more often a broken source than a mass deletion."""
        cursor.execute("select count(*) from hub.source_record where stream_id = %s and not deleted", (self.stream_id,))
        row = cursor.fetchone()
        known = int(row[0]) if row else 0
        if self.accept_deletes or gone <= FEW or gone <= known * SHARE:
            return
        raise FatalError(
            "whole listing",
            f"{gone} of {known} known records are missing from it; nothing was deleted",
            "look at the source; if they are really gone, run it again with --accept-deletes",
            code="too-many-deletes",
        )

    def _store(self, cursor: Cursor, records: list[Record]) -> int:
        return store(self.database, cursor, self.stream_id, self.run, records, force=self.force)

    def _count(self, cursor: Cursor, read: int, unchanged: int) -> None:
        book_read(cursor, self.run, read, unchanged)


def store(
    database: Database, cursor: Cursor, stream_id: int, run: str, records: Sequence[Record], *, force: bool = False
) -> int:
    """New raw versions with their work keys; returns how many were new or changed. Keys are unique among ``records``."""
    forget_plans(cursor)
    rows = (_row(r, index, len(records)) for index, r in enumerate(records))
    staged = database.stage(cursor, "read", _COLUMNS, rows)
    row = staged.execute(_STORE, stream=stream_id, run=run, force=force).fetchone()
    return int(row[0]) if row else 0


def book_read(cursor: Cursor, run: str, read: int, unchanged: int) -> None:
    """Book what was read, in the transaction that stores it."""
    cursor.execute(
        "update hub.run set read_count = read_count + %s, unchanged_count = unchanged_count + %s where id = %s",
        (read, unchanged, run),
    )


def storable(record: Record) -> Record:
    """Text columns cannot hold U+0000: a record with it in its key or its stamp is kept, and shown as broken."""
    if "\x00" not in record.key + record.version + record.problem:
        return record
    key, version, problem = (text.replace("\x00", "␀") for text in (record.key, record.version, record.problem))
    problem = problem or "the key or the change stamp holds U+0000, which no database column can"
    return replace(record, key=key, version=version, problem=problem, op="broken")


def _row(record: Record, index: int, size: int) -> tuple[str, bytes, str, str, bytes, str]:
    if index == size // 2:
        reach("ingest.inside-copy")
    return record.key, record.fingerprint, record.op, record.version, record.raw, record.problem

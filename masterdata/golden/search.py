"""The rows of ``hub.search``: written beside golden records, asked in steps, made anew where they are stale."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from masterdata.model import Entity
from masterdata.search import Entry, Hit, Query, entries, mark, rank, tokens
from masterdata.search.rank import NAME
from masterdata.search.token import numbers
from masterdata.store import Cursor, Database

BATCH = 2_000
EACH = 60
"""How many candidates one set of tokens may bring: of a set that fits thousands, which ones come is left to chance."""
_KEEP = """
insert into hub.search (id, entity, version, mark, alive, tokens, texts)
select id, %(entity)s, version, %(mark)s, alive, tokens, texts from {staged}
    on conflict (id) do update set version = excluded.version, mark = excluded.mark, tokens = excluded.tokens,
       texts = excluded.texts where search.version <= excluded.version
"""


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of a search."""

    id: UUID
    hit: Hit


def keep(
    database: Database, cursor: Cursor, entity: Entity, rows: Iterable[tuple[UUID, int, Mapping[str, Any], bool]]
) -> None:
    """Let records be found by these values: (id, version, golden fields, whether it stands for itself). An older version
    never takes the place of a newer one."""

    columns = "id uuid, version integer, alive boolean, tokens integer[], texts jsonb"
    staged = database.stage(cursor, "search", columns, (_line(entity, *row) for row in rows))
    staged.execute(_KEEP, entity=entity.entity, mark=mark(entity))


def _line(entity: Entity, one: UUID, version: int, fields: Mapping[str, Any], alive: bool) -> Sequence[Any]:
    found = entries(entity, fields)
    # an array as PostgreSQL writes it: adapting a list number by number takes longer than finding the numbers
    told = orjson.dumps(tokens(entity.entity, found)).decode()
    return one, version, alive, f"{{{told[1:-1]}}}", orjson.dumps([tuple(each) for each in found]).decode()


def search(cursor: Cursor, entity: str, asked: Query, allowed: Collection[str], limit: int) -> list[Found]:
    """The best fits, the best first. A whole code or telephone needs no other; slips are tolerated where nothing fits
    without."""
    found: dict[UUID, Hit] = {}
    size: dict[UUID, int] = {}
    for step in (asked.first, asked.then, asked.slips):
        for one, texts in _candidates(cursor, entity, step, max(EACH, limit)):
            entry_list = [Entry(*each) for each in texts]
            hit = rank(asked, entry_list, allowed)
            if hit is not None:
                found[one] = hit
                size[one] = min(len(each.text) for each in entry_list if each.field == hit.field)
        best = max((hit.score for hit in found.values()), default=0.0)
        if len(found) >= limit or best > NAME or (step is asked.then and found):
            break
    order = sorted(found, key=lambda one: (-found[one].score, size[one], one))
    return [Found(one, found[one]) for one in order[:limit]]


def _candidates(cursor: Cursor, entity: str, sets: Sequence[frozenset[str]], each: int) -> list[tuple[UUID, Any]]:
    if not sets:
        return []
    one = "(select id, texts from hub.search where alive and entity = %s and tokens @> %s::integer[] limit %s)"
    values: list[Any] = []
    for words in sets:
        values += (entity, numbers(entity, words), each)
    # without statistics of the tokens a plan would read the whole table
    cursor.execute("set local enable_seqscan = off; set local jit = off")
    cursor.execute(" union all ".join([one] * len(sets)), values)
    return list({row[0]: (row[0], row[1]) for row in cursor}.values())


def stale(cursor: Cursor, entity: Entity) -> int:
    """How many golden records have no row, or one that was made by other rules."""
    cursor.execute(
        """select count(*) from hub.entity e where e.entity = %s and not exists
             (select 1 from hub.search s where s.id = e.id and s.mark = %s)""",
        (entity.entity, mark(entity)),
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def rebuild(database: Database, entity: Entity, *, every: bool = False) -> Iterator[int]:
    """Make stale rows anew (``every``: all of them), some thousands a transaction; yields how many are done."""
    done, last = 0, UUID(int=0)
    while True:
        with database.transaction() as cursor:
            cursor.execute(
                """select e.id, e.version, v.fields, e.redirect_to is null from hub.entity e
                     join hub.entity_version v on v.entity_id = e.id and v.version = e.version
                    where e.entity = %s and e.id > %s and (%s or not exists
                      (select 1 from hub.search s where s.id = e.id and s.mark = %s))
                    order by e.id limit %s""",
                (entity.entity, last, every, mark(entity), BATCH),
            )
            rows = cursor.fetchall()
            keep(database, cursor, entity, rows)
        if not rows:
            return
        done, last = done + len(rows), rows[-1][0]
        yield done


def forget(cursor: Cursor, searched: Collection[str]) -> int:
    """Drop the rows of entities that are not searched any more."""
    cursor.execute("delete from hub.search where entity <> all(%s)", (list(searched),))
    return cursor.rowcount

"""What a steward's command asks of the hub: open questions, one of them laid out, acts done, records by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from masterdata.model import Schema
from masterdata.store import Cursor, Database, connect
from tongmai.core import clock
from tongmai.core.csvfile import CsvFile
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import database_url
from tongmai.sync import showing
from tongmai.sync.acts import Verdict, act, unmatched
from tongmai.sync.content import load_content
from tongmai.sync.matcher import Matcher, matcher_in, matcher_of
from tongmai.sync.queue import Page, Place, page, refresh, stale
from tongmai.sync.reviewing import group_of, named, open_groups, region, weigh
from tongmai.sync.trace import NotFoundError, find, find_records

KINDS = ("merge", "apart")
_ACTS = """
select a.id, a.entity, a.kind, a.who, a.why, a.at, a.undone_at, a.undone_by, a.undone_why, a.run_id,
       (select count(*) from hub.match_decision d where d.act = a.id and d.ended_at is null)
  from hub.match_act a where (%(entity)s = '' or a.entity = %(entity)s) and (%(kept)s or a.kind <> 'kept')
   and (%(before)s::bigint is null or a.id < %(before)s)
 order by a.id desc limit %(limit)s
"""
_COLUMNS = ("id", "entity", "kind", "who", "why", "at", "undone_at", "undone_by", "undone_why", "run", "in_force")


def open_questions(entity: str, least: int | None, limit: int, after: Place | None = None) -> Page:
    """Open questions of one entity, or (empty) of all that are compared, the most pressing first."""
    content, matchers = load_content(), dict[str, Matcher]()
    with connect(database_url()) as database:
        for name in [entity] if entity else sorted(content.schema.matching):
            with database.transaction() as cursor:
                if not entity and not _there(cursor, name):
                    continue
                matcher = matcher_in(cursor, content.schema, name)
            if matcher is None:
                raise unmatched(content, name)
            matchers[name] = matcher
        return page_now(database, content.schema, matchers, after, limit, least)


def page_now(
    database: Database,
    schema: Schema,
    matchers: Mapping[str, Matcher],
    after: Place | None,
    limit: int,
    least: int | None = None,
) -> Page:
    """A page of the queue, brought up to date if need be."""
    with database.transaction() as cursor:
        late = least is None and stale(cursor, schema, matchers.values())
    if late:
        refresh(database, schema, matchers.values())
    with database.transaction() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        return page_in(cursor, schema, matchers, after, limit, least)


def page_in(
    cursor: Cursor, schema: Schema, matchers: Mapping[str, Matcher], after: Place | None, limit: int, least: int | None
) -> Page:
    """A page of a queue that is up to date, with names."""
    found = page(cursor, schema, matchers, after or Place(clock.now()), limit, least)
    named(cursor, schema, found.groups)
    return found


def _there(cursor: Cursor, entity: str) -> bool:
    cursor.execute("select exists (select 1 from hub.match_record where entity = %s)", (entity,))
    row = cursor.fetchone()
    return bool(row and row[0])


def question(entity: str, keys: Sequence[str]) -> dict[str, Any]:
    """One question laid out: of a group (one key), or of the entities that are named, whether or not it is open."""
    content = load_content()
    with connect(database_url()) as database:
        matcher = matcher_of(database, content.schema, entity)
        if matcher is None:
            raise unmatched(content, entity)
        with database.transaction() as cursor:
            ids = sorted({find(cursor, entity, key) for key in keys})
            near = open_groups(cursor, matcher, members=region(cursor, matcher, ids))
            group = group_of(near, ids) if len(ids) == 1 else next(
                (one for one in near if set(ids) <= set(one.members)), None
            )  # fmt: skip
            if group is not None:
                weigh(cursor, content.schema, matcher, [group], clock.now())
                named(cursor, content.schema, [group])
                ids = group.members if len(ids) == 1 else ids
            found = {
                "entity": entity,
                "ids": [str(one) for one in ids],
                "group": group.plain() if group else None,
                "fields": showing.side_by_side(cursor, content.schema, entity, ids),
                "records": showing.sources(cursor, ids),
                "reasons": showing.reasons(cursor, matcher, ids),
                "matcher": matcher,
            }
    if len(ids) > 1:
        tried = act(entity, Verdict("merge", tuple(map(str, ids))), who="", why="what would be", dry_run=True)
        found["if_merged"] = tried.plain()
    return found


def acts_done(entity: str, limit: int, *, kept: bool = False) -> list[dict[str, Any]]:
    """Acts, the newest first; ``kept``: also those of nobody, after an edit."""
    with connect(database_url()) as database, database.transaction() as cursor:
        return acts_in(cursor, entity, limit, kept=kept)


def acts_in(
    cursor: Cursor, entity: str, limit: int, *, kept: bool = False, before: int | None = None
) -> list[dict[str, Any]]:
    """``acts_done`` within a transaction; ``before``: only those with a lower number."""
    cursor.execute(_ACTS, {"entity": entity, "limit": limit, "kept": kept, "before": before})
    return [dict(zip(_COLUMNS, row, strict=True)) for row in cursor]


def records_of(entity: str, key: str, names: Sequence[str], url: str = "") -> tuple[int, ...]:
    """The records of an entity that source keys name; raises where one is not its record."""
    found: list[int] = []
    with connect(url or database_url()) as database, database.transaction() as cursor:
        home = find(cursor, entity, key)
        for name in names:
            other, records = find_records(cursor, entity, name)
            if other != home or not records:
                raise NotFoundError(
                    f"record `{name}` of {entity} {home}",
                    f"it is of {other}" if other != home else "this is an entity's id, not a source key",
                    "see `tongmai trace` for its sources",
                )
            found += records
    return tuple(found)


def verdicts_of(file: Path) -> list[Verdict]:
    """Verdicts of a list: columns ``a, b, verdict, why``."""
    table = CsvFile(file)
    header = table.header()
    missing = sorted({"a", "b", "verdict"} - set(header))
    if missing:
        raise ConfigurationError(
            f"{file.name}: no column `{missing[0]}`",
            f"it has {', '.join(header)}",
            "the columns are a, b, verdict, why",
            code="no-column",
        )
    found = []
    for line, row in table.rows():
        kind, one, other = (row[name].strip() for name in ("verdict", "a", "b"))
        if kind not in KINDS or not one or not other:
            raise ConfigurationError(
                f"{file.name}:{line}: verdict `{kind}` on `{one}` and `{other}`",
                f"allowed verdicts are {', '.join(KINDS)}, and two records are named",
                "correct the line; nothing was done",
                code="bad-verdict",
            )
        found.append(Verdict(kind, (one, other), why=row.get("why", "").strip()))
    return found


def verdicts_on_all(entity: str, kind: str, least: int) -> list[Verdict]:
    """One verdict on every open pair from a weight on, the heaviest first."""
    content = load_content()
    with connect(database_url()) as database:
        matcher = matcher_of(database, content.schema, entity)
        if matcher is None:
            raise unmatched(content, entity)
        with database.transaction() as cursor:
            groups = open_groups(cursor, matcher, least)
    pairs = [(w, str(a), str(b)) for one in groups for a, b, w, _ in one.pairs]
    return [Verdict(kind, (a, b)) for _, a, b in sorted(pairs, key=lambda each: (-each[0], *each[1:]))]

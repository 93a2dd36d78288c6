"""Which entity an id, or a system's record, stood for at a moment in the past."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from masterdata.store import Cursor
from tongmai.sync.trace import find_records


def entity_at(cursor: Cursor, entity: str, key: str, moment: datetime) -> UUID:
    """The entity behind an id, or a source key, as it was then. Raises when there is none now."""
    try:
        asked = UUID(key)
    except ValueError:
        pass
    else:
        cursor.execute("select 1 from hub.entity where id = %s and entity = %s", (asked, entity))
        if cursor.fetchone():
            return survivor_at(cursor, entity, asked, moment)
    found, records = find_records(cursor, entity, key)
    return survivor_at(cursor, entity, record_at(cursor, records[0], moment) if records else found, moment)


def survivor_at(cursor: Cursor, entity: str, one: UUID, moment: datetime) -> UUID:
    """The id that stood for this one at a moment. A redirect older than the hub's memory of redirects has always been."""
    seen = {one}
    while True:
        cursor.execute(
            "select went_to from hub.redirect where entity_id = %s and at <= %s order by at desc, id desc limit 1",
            (one, moment),
        )
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                """select redirect_to from hub.entity e where id = %s and entity = %s
                      and not exists (select 1 from hub.redirect r where r.entity_id = e.id)""",
                (one, entity),
            )
            row = cursor.fetchone()
        if row is None or row[0] is None or row[0] in seen:
            return one
        one = row[0]
        seen.add(one)


def record_at(cursor: Cursor, record: int, moment: datetime) -> UUID:
    """The entity that a system's record belonged to at a moment: its moves since are gone back one by one."""
    cursor.execute("select entity_id from hub.source_record where id = %s", (record,))
    row = cursor.fetchone()
    assert row is not None
    one, last = UUID(str(row[0])), None
    while True:
        cursor.execute(
            """select came_from, id from hub.match_event
                where went_to = %s and record_id = %s and at > %s and (%s::bigint is null or id < %s) order by id desc limit 1""",
            (one, record, moment, last, last),
        )
        row = cursor.fetchone()
        if row is None:
            return one
        one, last = row

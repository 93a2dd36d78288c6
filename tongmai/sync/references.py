"""Resolve references through the crosswalk; remember those whose record has not arrived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from mappings.language.types import Reference
from masterdata.store import Cursor, Database

Wanted = tuple[str, str]  # entity, source key


def resolve(cursor: Cursor, connection: str, references: Iterable[Reference]) -> dict[Reference, UUID]:
    """The entity each reference points to, where its record has one already."""
    wanted = sorted({(r.entity, r.stream, r.key) for r in references})
    if not wanted:
        return {}
    cursor.execute(
        """select k.entity, k.stream, k.key, min(coalesce(e.redirect_to, r.entity_id)::text)
             from unnest(%s::text[], %s::text[], %s::text[]) k (entity, stream, key)
             join hub.stream s on s.connection = %s and s.entity = k.entity and (k.stream = '' or s.stream = k.stream)
             join lateral (select x.entity_id from hub.source_record x
                            where x.stream_id = s.id and x.source_key = k.key and x.entity_id is not null offset 0) r on true
             left join hub.entity e on e.id = r.entity_id
            group by 1, 2, 3""",
        ([w[0] for w in wanted], [w[1] for w in wanted], [w[2] for w in wanted], connection),
    )
    found: dict[tuple[str, str, str], UUID] = {(row[0], row[1], row[2]): UUID(row[3]) for row in cursor}
    out: dict[Reference, UUID] = {}
    for one in references:
        hit = found.get((one.entity, one.stream, one.key))
        if hit is not None:
            out[one] = hit
    return out


def wait_for(
    database: Database,
    cursor: Cursor,
    connection: str,
    waits: Iterable[tuple[int, str, Reference]],
    mapped: Iterable[int],
) -> None:
    """Replace what the just-mapped records (``mapped``: record ids) wait for."""
    cursor.execute("delete from hub.reference_wait where record_id = any(%s)", (list(mapped),))
    database.stage(
        cursor,
        "reference_wait",
        "stream text, entity text, source_key text, record_id bigint, field text",
        ((r.stream, r.entity, r.key, record, field) for record, field, r in waits),
    )
    cursor.execute(
        """insert into hub.reference_wait (connection, stream, entity, source_key, record_id, field)
           select %s, stream, entity, source_key, record_id, field from stage_reference_wait""",
        (connection,),
    )


def wake(cursor: Cursor, connection: str, stream: str, entity: str, keys: Mapping[str, UUID]) -> None:
    """Queue the records that waited for these source keys."""
    if not keys:
        return
    cursor.execute(
        """with woken as (
             delete from hub.reference_wait w
              where w.connection = %s and w.entity = %s and (w.stream = '' or w.stream = %s) and w.source_key = any(%s)
             returning w.record_id)
           insert into hub.work (record_id, stream_id, inbox_id, reason)
           select distinct r.id, r.stream_id, r.inbox_id, 'reference' from woken w join hub.source_record r on r.id = w.record_id
            where r.inbox_id is not null
           on conflict (record_id) do nothing""",
        (connection, entity, stream, list(keys)),
    )

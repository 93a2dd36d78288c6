"""Resolve references through the crosswalk or a field that identifies; remember those whose record has not arrived."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from mappings.language.types import Reference
from masterdata.matching import MatchKey, normal_name
from masterdata.store import Cursor, Database

_QUEUE = """insert into hub.work (record_id, stream_id, inbox_id, reason)
           select distinct r.id, r.stream_id, r.inbox_id, 'reference' from woken w join hub.source_record r on r.id = w.record_id
            where r.inbox_id is not null order by r.id
           on conflict (record_id) do nothing"""
_IN_LINE = re.compile(r"(\w+)\[(\d+)\]\.(\w+)")


def put(fields: dict[str, Any], name: str, value: str | None) -> None:
    """Set a field by the name a mapping gave its reference: ``customer``, or ``lines[2].product`` in a line."""
    inside = in_line(name)
    if inside:
        fields[inside[0]][inside[1]][inside[2]] = value
    else:
        fields[name] = value


def in_line(name: str) -> tuple[str, int, str] | None:
    """List, number and field of a reference in a line; None for one of the record itself."""
    found = _IN_LINE.fullmatch(name)
    return (found[1], int(found[2]), found[3]) if found else None


def match_key(reference: Reference) -> MatchKey:
    """The key that an entity which is referred to by a field must hold."""
    return MatchKey(f"exact:{reference.by}", normal_name(reference.key))


def resolve(
    cursor: Cursor, connection: str, references: Collection[Reference], *, internal: bool = False
) -> dict[Reference, set[UUID]]:
    """The entities each reference fits, where there are any: one for a record's key, perhaps several for a field.

    Records of the hub's own flows (``internal``) refer to entities by their ids.
    """
    found = _by_field(cursor, [one for one in references if one.by])
    if internal:
        return found | _by_id(cursor, [one for one in references if not one.by])
    return found | _by_key(cursor, connection, [one for one in references if not one.by])


def _by_id(cursor: Cursor, references: Collection[Reference]) -> dict[Reference, set[UUID]]:
    cursor.execute(
        """select id::text, entity, coalesce(redirect_to, id) from hub.entity
            where id = any(select k::uuid from unnest(%s::text[]) k where k ~ '^[0-9a-f-]{36}$')""",
        ([one.key for one in references],),
    )
    found = {(row[1], row[0]): row[2] for row in cursor}
    return {one: {hit} for one in references if (hit := found.get((one.entity, one.key)))}


def _by_field(cursor: Cursor, references: Collection[Reference]) -> dict[Reference, set[UUID]]:
    wanted = {(one.entity, *match_key(one)) for one in references}
    if not wanted:
        return {}
    columns = [list(column) for column in zip(*sorted(wanted), strict=True)]
    cursor.execute(
        """select k.entity, k.kind, k.value, array_agg(distinct coalesce(e.redirect_to, m.entity_id))
             from unnest(%s::text[], %s::text[], %s::text[]) k (entity, kind, value)
             join lateral (select x.entity_id from hub.match_key x
                            where x.entity = k.entity and x.kind = k.kind and x.value = k.value offset 0) m on true
             left join hub.entity e on e.id = m.entity_id
            group by 1, 2, 3""",
        columns,
    )
    found = {(row[0], row[1], row[2]): set(row[3]) for row in cursor}
    return {one: hits for one in references if (hits := found.get((one.entity, *match_key(one))))}


def _by_key(cursor: Cursor, connection: str, references: Collection[Reference]) -> dict[Reference, set[UUID]]:
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
    out: dict[Reference, set[UUID]] = {}
    for one in references:
        hit = found.get((one.entity, one.stream, one.key))
        if hit is not None:
            out[one] = {hit}
    return out


def wait_for(
    database: Database,
    cursor: Cursor,
    connection: str,
    waits: Iterable[tuple[int, str, Reference]],
) -> None:
    """Note what records wait for."""
    found = [
        ("", _by(r.by), r.entity, match_key(r).value, record, field)
        if r.by
        else (connection, r.stream, r.entity, r.key, record, field)
        for record, field, r in waits
    ]
    if found:
        columns = "connection text, stream text, entity text, source_key text, record_id bigint, field text"
        database.stage(cursor, "reference_wait", columns, found).execute(
            """insert into hub.reference_wait (connection, stream, entity, source_key, record_id, field)
               select connection, stream, entity, source_key, record_id, field from {staged}"""
        )


def _by(field: str) -> str:
    """What stands for the stream of a wait for a field's value; such a wait has no connection."""
    return f"by:{field}"


def wake(cursor: Cursor, connection: str, stream: str, entity: str, keys: Mapping[str, UUID]) -> None:
    """Queue the records that waited for these source keys."""
    if not keys:
        return
    cursor.execute(
        f"""with woken as (
             delete from hub.reference_wait w
              where w.connection = %s and w.entity = %s and (w.stream = '' or w.stream = %s) and w.source_key = any(%s)
             returning w.record_id)
           {_QUEUE}""",
        (connection, entity, stream, list(keys)),
    )


def anyone_waits_by_field(cursor: Cursor, entity: str) -> bool:
    """Whether any record waits for a field's value of this entity: usually none does, and nothing more is to be done."""
    cursor.execute(
        "select exists (select 1 from hub.reference_wait where connection = '' and entity = %s offset 0)", (entity,)
    )
    row = cursor.fetchone()
    return bool(row and row[0])


def wake_by_field(cursor: Cursor, entity: str, keys: Iterable[MatchKey]) -> None:
    """Queue the records of any connection that waited for an entity with one of these keys."""
    wanted = sorted(
        {(_by(key.kind.removeprefix("exact:")), key.value) for key in keys if key.kind.startswith("exact:")}
    )
    if not wanted:
        return
    cursor.execute(
        f"""with woken as (
             delete from hub.reference_wait w using unnest(%s::text[], %s::text[]) k (stream, value)
              where w.connection = '' and w.entity = %s and w.stream = k.stream and w.source_key = k.value
             returning w.record_id)
           {_QUEUE}""",
        ([stream for stream, _ in wanted], [value for _, value in wanted], entity),
    )

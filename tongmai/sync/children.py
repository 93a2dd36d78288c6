"""What hangs on a second record in its own system: records of that system which name it, and so would be left behind.

What the hub itself writes there names the record that is written to, with its next delivery. What people of that system
entered hangs where they put it: nobody but they can say that it moves, so it is listed for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any
from uuid import UUID

from psycopg import sql

from mappings.language.types import Reference
from masterdata.matching import normal_name
from masterdata.store import Cursor, Database
from tongmai.core.errors import RecordError, TongmaiError
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.sync.connections import open_named
from tongmai.sync.content import Content
from tongmai.sync.parts import PartReader
from tongmai.sync.references import match_key
from tongmai.sync.referrers import Referrer, referrers, there, value

_CANDIDATES = """
select r.id, s.id, s.stream, r.source_key, r.entity_id, i.op, i.raw,
       (select q.overlay from hub.quarantined_record q
         where q.record_id = r.id and q.inbox_id = i.id and q.overlay is not null order by q.id desc limit 1)
  from hub.contribution c
  join hub.source_record r on r.id = c.record_id and not r.deleted
  join hub.stream s on s.id = r.stream_id and s.connection = %(connection)s and s.entity = %(entity)s
  join hub.inbox i on i.id = r.inbox_id
 where {there} and {value} {says}
"""
Row = tuple[Any, ...]
Child = dict[str, Any]


def note_children(
    database: Database, content: Content, second: Sequence[dict[str, Any]], secrets: Secrets | None = None
) -> None:
    """Give every second record (as ``corrections.listed`` has it) its ``children``: ``{connection, stream, key, entity,
    entity_id, fields}``. Where their system cannot be opened, and so its records not be read, ``children`` is None and
    ``children_unknown`` says why; ``fields`` is None where a record itself cannot be read."""
    for connection in sorted({str(one["connection"]) for one in second}):
        here = [one for one in second if one["connection"] == connection]
        try:
            found = _children(database, content, connection, here, secrets or EnvironmentSecrets())
        except TongmaiError as error:
            for one in here:
                one["children"], one["children_unknown"] = None, str(error)
            continue
        for one in here:
            one["children"] = found[int(one["record"])]


def _children(
    database: Database, content: Content, connection: str, second: Sequence[dict[str, Any]], secrets: Secrets
) -> dict[int, list[Child]]:
    found: dict[int, dict[int, Child]] = {int(one["record"]): {} for one in second}
    homes = sorted({one["entity_id"] for one in second})
    with database.transaction() as cursor:
        written = _written(cursor, second)
        rows = [
            (entity, one, row)
            for entity in sorted({str(one["entity"]) for one in second})
            for one in referrers(content.schema, entity)
            for row in _candidates(cursor, connection, one, homes)
        ]
    if not rows:
        return {record: [] for record in found}
    with closing(open_named(content, connection, secrets)) as connector:
        for stream_id, stream in sorted({(row[1], row[2]) for _, _, row in rows}):
            spec = content.inbound_of(connection, stream)
            if spec is None:
                continue  # no sync reads it any more, so what is stored of it is of the past
            mapping = content.mapping(spec)
            reader = connector
            if mapping.part is not None:
                reader = PartReader(database, connector, connection, mapping.part, stream_id)
            own = {row[0]: (entity, one, row) for entity, one, row in rows if row[1] == stream_id}
            for record, (entity, referrer, row) in sorted(own.items()):
                _, _, _, key, entity_id, op, raw, overlay = row
                child = {"connection": connection, "stream": stream, "key": key, "entity": referrer.entity, "entity_id": entity_id}  # fmt: skip
                try:
                    source = {} if op == "broken" else reader.decode(stream, bytes(raw))
                except RecordError:
                    source, op = {}, "broken"
                if op == "broken" and overlay is None:
                    for one in second:
                        found[int(one["record"])][record] = {**child, "fields": None}
                    continue
                references = mapping.run([{**source, **(overlay or {})}], None)[0].references
                for one in second:
                    names = sorted(n for n, ref in references.items() if _names(ref, one, entity, written))
                    if names:
                        found[int(one["record"])][record] = {**child, "fields": names}
    return {record: sorted(each.values(), key=lambda c: (c["stream"], c["key"])) for record, each in found.items()}


def _candidates(cursor: Cursor, connection: str, one: Referrer, homes: Sequence[UUID]) -> list[Row]:
    cursor.execute(
        sql.SQL(_CANDIDATES).format(
            there=there(one, "c.fields"),
            value=value(one, "c.fields"),
            says=sql.SQL("?| %(homes)s" if one.line or one.many else "= any(%(homes)s)"),
        ),
        {"connection": connection, "entity": one.entity, "homes": [str(each) for each in homes]},
    )
    return cursor.fetchall()


def _written(cursor: Cursor, second: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What the records that are written to say, by stream and key."""
    cursor.execute(
        """select s.stream, r.source_key, c.fields from unnest(%s::text[], %s::text[], %s::text[]) k (connection, stream, key)
             join hub.stream s on s.connection = k.connection and s.stream = k.stream
             join hub.source_record r on r.stream_id = s.id and r.source_key = k.key
             join hub.contribution c on c.record_id = r.id""",
        tuple([one[word] for one in second] for word in ("connection", "stream", "written_to")),
    )
    return {(row[0], row[1]): row[2] for row in cursor}


def _names(
    reference: Reference,
    one: Mapping[str, Any],
    entity: str,
    written: Mapping[tuple[str, str], Mapping[str, Any]],
) -> bool:
    """Whether a reference means this second record and not the one that is written to."""
    if reference.entity != entity:
        return False
    if not reference.by:
        return bool(reference.key == one["key"] and reference.stream in ("", one["stream"]))
    first = written.get((one["stream"], one["written_to"]), {})
    said = {who: normal_name(str(fields.get(reference.by) or "")) for who, fields in (("second", one["fields"]), ("first", first))}  # fmt: skip
    return match_key(reference).value == said["second"] != said["first"]

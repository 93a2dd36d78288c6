"""The keys that referenced entities have in a connection: what an outbound mapping looks up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from masterdata.model import Entity
from masterdata.store import Cursor

Keys = dict[tuple[str, str, str], str]
"""(entity id, stream, canonical field or nothing) → the key, or the field's value."""

# Of several records of one entity the one that is written to stands for it; the others are put aside, perhaps switched off.
_WRITTEN = """exists (select 1 from hub.target t join hub.target_state h on h.target = t.name and h.entity_id = {1}
                    where t.stream_id = s.id and h.remote_key = {0} and not h.gone)"""


def load_keys(
    cursor: Cursor,
    entity: Entity,
    connection: str,
    fields: Iterable[tuple[str, str]],
    records: Sequence[Mapping[str, Any]],
) -> Keys:
    """The keys that entities which ``records`` refer to have in ``connection``, and the (stream, canonical field) asked for."""
    ids = sorted({one for record in records for one in referred(entity, record)})
    cursor.execute(
        f"""select distinct on (1, 2) r.entity_id::text, s.stream, r.source_key
             from hub.source_record r join hub.stream s on s.id = r.stream_id
            where r.entity_id = any(%s::uuid[]) and s.connection = %s and not r.deleted
            order by 1, 2, {_WRITTEN.format("r.source_key", "r.entity_id")} desc, r.source_key""",
        (ids, connection),
    )
    keys: Keys = {(row[0], row[1], ""): row[2] for row in cursor}
    pairs = sorted(fields)
    if not ids or not pairs:
        return keys
    # Of several records of one entity there, the one whose key is given above.
    cursor.execute(
        f"""select distinct on (1, 2, 3) i.id::text, f.stream, f.field, r.value
             from unnest(%s::uuid[]) i (id)
             cross join unnest(%s::text[], %s::text[]) f (stream, field)
             join lateral (
               select x.source_key, c.fields->>f.field as value, {_WRITTEN.format("x.source_key", "i.id")} as written
                 from hub.source_record x
                 join hub.stream s on s.id = x.stream_id and s.connection = %s and s.stream = f.stream
                 join hub.contribution c on c.record_id = x.id and not c.deleted
                where x.entity_id = i.id and not x.deleted offset 0) r on r.value <> ''
            order by 1, 2, 3, r.written desc, r.source_key""",
        (ids, [stream for stream, _ in pairs], [name for _, name in pairs], connection),
    )
    return keys | {(row[0], row[1], row[2]): row[3] for row in cursor}


def referred(entity: Entity, record: Mapping[str, Any]) -> Iterator[str]:
    """The ids of all entities that a golden record refers to, in its lines too."""
    for name, spec in entity.fields.items():
        if spec.type.name == "ref" and record.get(name):
            yield from map(str, record[name] if spec.type.many else [record[name]])
        for one, line_spec in spec.fields.items():
            if line_spec.type.name == "ref":
                yield from (str(line[one]) for line in record.get(name) or () if line.get(one))

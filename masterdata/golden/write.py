"""Read and write golden records set-wise: contributions in, entity + version + typed row out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson
from psycopg import sql

from masterdata.golden import search
from masterdata.matching import Index, MatchKey
from masterdata.model import Entity
from masterdata.model.entity import LINES
from masterdata.store import Cursor, Database, Staged
from masterdata.survivorship import Contribution

_PUT_KEYS = """insert into hub.match_key (entity, kind, value, entity_id)
 select %(entity)s, kind, value, entity_id from {staged} on conflict do nothing"""
_PUT_ENTITIES = """insert into hub.entity (id, entity, version, digest, provenance)
 select id, %(entity)s, version, digest, provenance from {staged}
     on conflict (id) do update set version = excluded.version, digest = excluded.digest, provenance = excluded.provenance,
        updated_at = now()"""
_PUT_VERSIONS = """insert into hub.entity_version (entity_id, version, run_id, fields, changed)
 select id, version, %(run)s, fields, changed from {staged}"""
_TYPED: dict[str, tuple[Entity, str]] = {}


@dataclass
class Golden:
    """One entity's current golden record. ``version`` 0: it is not stored yet."""

    entity_id: UUID
    version: int = 0
    digest: bytes = b""
    fields: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)


def digest(fields: dict[str, Any]) -> bytes:
    """16 bytes over the golden fields."""
    return blake2b(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def load(cursor: Cursor, ids: Sequence[UUID]) -> dict[UUID, Golden]:
    """Current golden records by entity id."""
    cursor.execute(
        """select e.id, e.version, e.digest, v.fields, e.provenance from hub.entity e
           join hub.entity_version v on v.entity_id = e.id and v.version = e.version where e.id = any(%s)""",
        (list(ids),),
    )
    return {row[0]: Golden(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in cursor}


def load_contributions(cursor: Cursor, ids: Sequence[UUID]) -> dict[UUID, list[Contribution]]:
    """Every contribution of the entities, deleted ones too."""
    cursor.execute(
        """select c.entity_id, c.record_id, s.connection, s.role, s.stream, r.source_key, c.fields, c.changed, c.echo, c.deleted, c.own
             from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id
            where c.entity_id = any(%s) order by c.record_id""",
        (list(ids),),
    )
    found: dict[UUID, list[Contribution]] = {}
    for row in cursor:
        one = Contribution(row[1], row[2], row[3], row[4], row[5], row[6], row[7], frozenset(row[8]), row[9], row[10])
        found.setdefault(row[0], []).append(one)
    return found


def load_index(cursor: Cursor, entity: str, keys: Iterable[MatchKey]) -> Index:
    """The entities that hold any of ``keys``, with every legal code they hold."""
    wanted = sorted(set(keys))
    index = Index()
    if not wanted:
        return index
    cursor.execute(
        """with hit as materialized (
             select distinct m.entity_id from unnest(%s::text[], %s::text[]) k (kind, value)
               join lateral (select x.entity_id from hub.match_key x
                              where x.entity = %s and x.kind = k.kind and x.value = k.value offset 0) m on true)
           select h.entity_id, m.kind, m.value from hit h
             join lateral (select x.kind, x.value from hub.match_key x where x.entity_id = h.entity_id offset 0) m on true""",
        ([key.kind for key in wanted], [key.value for key in wanted], entity),
    )
    for entity_id, kind, value in cursor.fetchall():
        index.add(entity_id, [MatchKey(kind, value)])
    return index


def save_contributions(database: Database, cursor: Cursor, rows: Iterable[tuple[UUID, Contribution]]) -> None:
    """Insert or replace contributions."""
    staged = database.stage(
        cursor,
        "contribution",
        "record_id bigint, entity_id uuid, fields jsonb, changed jsonb, echo text[], deleted boolean, own jsonb",
        (
            (c.record_id, entity_id, _json(c.fields), _json(c.changed), sorted(c.echo), c.deleted, _json(c.own))
            for entity_id, c in rows
        ),
    )
    staged.execute(
        """insert into hub.contribution (record_id, entity_id, fields, changed, echo, deleted, own)
           select record_id, entity_id, fields, changed, echo, deleted, own from {staged}
           on conflict (record_id) do update set entity_id = excluded.entity_id, fields = excluded.fields,
             changed = excluded.changed, echo = excluded.echo, deleted = excluded.deleted, own = excluded.own"""
    )


def save_keys(database: Database, cursor: Cursor, entity: str, rows: Iterable[tuple[UUID, MatchKey]]) -> None:
    """Let entities be found by these keys from now on."""
    _stage_keys(database, cursor, rows).execute(_PUT_KEYS, entity=entity)


def replace_keys(
    database: Database, cursor: Cursor, entity: str, ids: Sequence[UUID], rows: Iterable[tuple[UUID, MatchKey]]
) -> None:
    """Let these entities be found by these keys and no others: a name that nobody uses any more joins no newcomer.

    Keys of records that we created (``own:``) stay.
    """
    _stage_keys(database, cursor, rows).execute(
        "with put as ("
        + _PUT_KEYS
        + """)
           delete from hub.match_key m where m.entity_id = any(%(ids)s) and m.kind not like 'own:%%'
              and not exists (select 1 from {staged}
                               where staged.entity_id = m.entity_id and staged.kind = m.kind and staged.value = m.value)""",
        entity=entity,
        ids=list(ids),
    )


def _stage_keys(database: Database, cursor: Cursor, rows: Iterable[tuple[UUID, MatchKey]]) -> Staged:
    told = ((key.kind, key.value, entity_id) for entity_id, key in sorted(set(rows)))
    return database.stage(cursor, "match_key", "kind text, value text, entity_id uuid", told, "entity_id, kind, value")


def save(
    database: Database, cursor: Cursor, entity: Entity, run: str, changes: Sequence[tuple[Golden, list[str]]]
) -> None:
    """Write changed golden records: entity row, a new version, the typed row (none for a direct sync's own entity).

    Each change holds the record as it is to be (its ``version`` already raised) and the names of the changed fields.
    """
    if not changes:
        return
    staged = database.stage(
        cursor,
        "entity",
        "id uuid, version integer, digest bytea, provenance jsonb, fields jsonb, changed text[]",
        ((g.entity_id, g.version, g.digest, _json(g.provenance), _json(g.fields), changed) for g, changed in changes),
    )
    # The entity row comes first, in a statement of its own: what follows refers to it.
    staged.execute(_PUT_ENTITIES, entity=entity.entity)
    if entity.inner:
        staged.execute(_PUT_VERSIONS, run=run)
    else:
        staged.execute(f"with versions as ({_PUT_VERSIONS}) {_typed_upsert(entity)}", run=run)
    searched = entity.search.fields()
    found = [(g.entity_id, g.version, g.fields, True) for g, changed in changes if not searched.isdisjoint(changed)]
    if found:
        search.keep(database, cursor, entity, found)


def save_provenance(cursor: Cursor, changes: Sequence[Golden]) -> None:
    """Remember new reasons where the values themselves stayed."""
    if not changes:
        return
    cursor.executemany(
        "update hub.entity set provenance = %s where id = %s", [(_json(g.provenance), g.entity_id) for g in changes]
    )


def _typed_upsert(entity: Entity) -> str:
    made = _TYPED.get(entity.entity)
    if made is None or made[0] is not entity:
        made = _TYPED[entity.entity] = entity, _typed(entity).as_string().replace("%", "%%")
    return made[1]


def _typed(entity: Entity) -> sql.Composed:
    columns = [sql.Identifier(entity.column(name)) for name in entity.fields]
    values = [_typed_value(name, entity) for name in entity.fields]
    updates = [sql.SQL("{0} = excluded.{0}").format(column) for column in columns]
    return sql.SQL(
        "insert into golden.{table} (id, {columns}) select id, {values} from {{staged}} on conflict (id) do update set {updates}"
    ).format(
        table=sql.Identifier(entity.entity),
        columns=sql.SQL(", ").join(columns),
        values=sql.SQL(", ").join(values),
        updates=sql.SQL(", ").join(updates),
    )


def _typed_value(name: str, entity: Entity) -> sql.Composed:
    kind = entity.fields[name].type
    if kind.name == LINES:
        return sql.SQL("nullif(fields->{}, 'null'::jsonb)").format(sql.Literal(name))
    if kind.many:
        return sql.SQL(
            "case when jsonb_typeof(fields->{0}) = 'array' then array(select jsonb_array_elements_text(fields->{0}))::{1} end"
        ).format(sql.Literal(name), sql.SQL(kind.sql))
    return sql.SQL("(fields->>{})::{}").format(sql.Literal(name), sql.SQL(kind.sql))


def _json(value: Any) -> str:
    # PostgreSQL's jsonb cannot hold U+0000; mappings refuse it, so it cannot come this far.
    return orjson.dumps(value).decode()

"""What can only be seen in many records at once, found by the database: doubles, values that are not unique, references that
wait, values that were refused."""

from __future__ import annotations

from psycopg import sql

from masterdata.model.entity import Entity
from masterdata.store import Cursor
from tongmai.quality.compiled import Judge

NOT_REFUSED = ("expected-empty", "phone-extension")
"""Findings about a field whose value was taken, or that never had one."""
_CREATE = """
create temp table if not exists quality_flag (record_id bigint, entity_id uuid, flag text not null) on commit drop;
truncate quality_flag
"""
_TWINS = """
with pair as (
  select m.one, a.entity_id as here, m.other, b.entity_id as there
    from hub.match_review m join hub.source_record a on a.id = m.one join hub.source_record b on b.id = m.other
   where m.entity = %(entity)s and not a.deleted and not b.deleted)
insert into quality_flag (record_id, entity_id, flag)
select one, null::uuid, 'twin' from pair union select other, null, 'twin' from pair
union select null, here, 'twin' from pair union select null, there, 'twin' from pair
"""
_AGAIN = """
with said as (
  select c.record_id, c.entity_id, count(*) over (partition by c.entity_id, r.stream_id) as times
    from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id
   where s.entity = %(entity)s and not c.deleted)
insert into quality_flag (record_id, entity_id, flag)
select record_id, null::uuid, 'again' from said where times > 1
union select null, entity_id, 'again' from said where times > 1
"""
_WAITING = """
with waiting as (
  select w.record_id, c.entity_id, split_part(w.field, '[', 1) as field
    from hub.reference_wait w join hub.contribution c on c.record_id = w.record_id and not c.deleted
    join hub.source_record r on r.id = w.record_id join hub.stream s on s.id = r.stream_id
   where s.entity = %(entity)s)
insert into quality_flag (record_id, entity_id, flag)
select record_id, null::uuid, 'waiting:' || field from waiting
union select null, w.entity_id, 'waiting:' || w.field from waiting w
  join hub.entity e on e.id = w.entity_id join hub.entity_version v on v.entity_id = e.id and v.version = e.version
 where v.fields->>w.field is null
"""
_REFUSED = """
insert into quality_flag (record_id, flag)
select distinct record_id, 'refused:' || split_part(field, '[', 1) from hub.finding
 where entity = %(entity)s and code <> all(%(kept)s)
"""
_LOST = """
insert into quality_flag (entity_id, flag)
select e.id, 'lost:' || %(field)s from hub.entity e
  join hub.entity_version v on v.entity_id = e.id and v.version = e.version
  left join hub.entity t on t.id = (v.fields->>%(field)s)::uuid and t.redirect_to is null
 where e.entity = %(entity)s and e.redirect_to is null and v.fields->>%(field)s is not null and t.id is null
"""
_SAME_SOURCE = """
insert into quality_flag (record_id, flag)
select record_id, %(flag)s from (
  select c.record_id, count(*) over (partition by r.stream_id, {keys}) as times
    from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id
   where s.entity = %(entity)s and not c.deleted and c.fields->>'status' is distinct from 'inactive' and {filled}) x
 where times > 1
"""
_SAME_GOLDEN = """
insert into quality_flag (entity_id, flag)
select id, %(flag)s from (
  select e.id, count(*) over (partition by {keys}) as times
    from hub.entity e join hub.entity_version c on c.entity_id = e.id and c.version = e.version
   where e.entity = %(entity)s and e.redirect_to is null and c.fields->>'status' is distinct from 'inactive' and {filled}) x
 where times > 1
"""


def find_flags(cursor: Cursor, judge: Judge) -> None:
    """Fill the transaction's table ``quality_flag``. Everything is set-wise; nothing comes into memory here."""
    entity = judge.entity
    cursor.execute(_CREATE)
    named: dict[str, object] = {"entity": entity.entity, "kept": list(NOT_REFUSED)}
    for statement in (_TWINS, _AGAIN, _WAITING, _REFUSED):
        cursor.execute(statement, named)
    for name in _single_references(entity):
        cursor.execute(_LOST, {**named, "field": name})
    for name, fields in judge.unique.items():
        for statement in (_SAME_SOURCE, _SAME_GOLDEN):
            cursor.execute(_same(statement, fields), {**named, "flag": f"same:{name}"})
    cursor.execute("analyze quality_flag")


def _single_references(entity: Entity) -> list[str]:
    return [name for name, spec in entity.fields.items() if spec.type.name == "ref" and not spec.type.many]


def _same(statement: str, fields: tuple[str, ...]) -> sql.Composed:
    """Letters' case and blanks at the ends make no difference."""
    values = [sql.SQL("lower(btrim(c.fields->>{}))").format(sql.Literal(name)) for name in fields]
    filled = [sql.SQL("{} <> ''").format(value) for value in values]
    return sql.SQL(statement).format(keys=sql.SQL(", ").join(values), filled=sql.SQL(" and ").join(filled))

"""The records that broke rules, worst first, with what they say."""

from __future__ import annotations

from typing import Any

from masterdata.model import Entity, Schema
from masterdata.quality.rules import labels_of, reads_of
from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.text import Text
from tongmai.quality.standing import GOLDEN, standing

PERSONAL = "•••"
_WHERE = """
  from hub.quality_record q
  left join hub.stream s on s.id = q.stream_id
  left join hub.source_record r on r.id = q.record_id
 where q.entity = %(entity)s and (%(rule)s = '' or %(rule)s = any(q.failed))
   and (%(source)s = '' or %(source)s in (coalesce(s.connection, 'golden'), s.connection || '.' || s.stream))
   and (%(key)s = '' or q.entity_id in (
         select o.entity_id from hub.source_record o join hub.stream p on p.id = o.stream_id
          where p.entity = %(entity)s and o.source_key = %(key)s
         union select e.id from hub.entity e where e.id::text = %(key)s))
"""
_WORST = f"""
with worst as materialized (
  select q.*, s.connection, s.stream, r.source_key {_WHERE}
   order by q.score, cardinality(q.failed) desc, q.stream_id, q.record_id, q.entity_id limit %(limit)s)
select w.connection, w.stream, w.source_key, w.entity_id, w.score, w.failed, c.fields, v.fields
  from worst w
  left join hub.contribution c on c.record_id = w.record_id
  left join hub.entity e on e.id = w.entity_id
  left join hub.entity_version v on v.entity_id = e.id and v.version = e.version
 order by w.score, cardinality(w.failed) desc, w.stream_id, w.record_id, w.entity_id
"""


def failures(
    cursor: Cursor, schema: Schema, entity: str, *, rule: str = "", source: str = "", key: str = "", limit: int = 20
) -> dict[str, Any]:
    """Flawed records of the newest run, how many there are in all, and the values that the broken rules are about.

    Personal fields are not shown: an id leads to them for whoever may see them.
    """
    labels, reads = labels_of(schema, entity), reads_of(schema, entity)
    if rule and rule not in labels:
        near = nearest(rule, labels)
        raise ConfigurationError(
            f"rule `{rule}` of `{entity}`",
            f"there is none of that name (there are: {', '.join(labels) or '-'})",
            f"did you mean `{near}`?" if near else "name one of them",
            code="no-quality-rule",
        )
    standing(cursor, schema, [entity], source)  # says what is wrong with the names, or that nothing was judged
    named = {"entity": entity, "rule": rule, "source": source, "key": key, "limit": limit}
    cursor.execute(f"select count(*) {_WHERE}", named)
    row = cursor.fetchone()
    cursor.execute(_WORST, named)
    model = schema.entities[entity]
    records = []
    for connection, stream, source_key, entity_id, score, failed, said, golden in cursor:
        fields = (said if source_key is not None else golden) or {}
        broken = [one for one in failed if not rule or one == rule]
        records.append(
            {
                "source": f"{connection}.{stream}" if connection else GOLDEN,
                "key": source_key,
                "entity_id": str(entity_id),
                "score": round(score, 2),
                "failed": [{"rule": one, "label": _both(labels.get(one, Text(one, one)))} for one in failed],
                "values": {
                    name: _shown(model, name, fields.get(name)) for one in broken for name in reads.get(one, ())
                },
                "golden": {
                    name: _shown(model, name, (golden or {}).get(name))
                    for one in broken
                    if one.endswith("_agrees")
                    for name in reads.get(one, ())
                },
            }
        )
    return {"entity": entity, "rule": rule, "source": source, "total": row[0] if row else 0, "records": records}


def _shown(entity: Entity, name: str, value: Any) -> Any:
    spec = entity.fields[name]
    hidden = spec.personal or any(line.personal for line in spec.fields.values())
    return PERSONAL if hidden and value not in (None, "", []) else value


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}

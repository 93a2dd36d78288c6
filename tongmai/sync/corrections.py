"""Second records of one entity in a target: shown, and switched off there once a steward has said so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import orjson

from connectors import registry
from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError
from tongmai.sync import targets
from tongmai.sync.content import Content
from tongmai.sync.echo import TargetState
from tongmai.sync.specs import Outbound
from tongmai.sync.trace import NotFoundError

_SECOND = """
select t.name, t.entity, s.connection, s.stream, r.id, r.source_key, r.entity_id, h.remote_key, c.verdict, c.who, c.why, c.at,
       o.active, exists (select 1 from hub.outbox q where q.target = t.name and q.entity_id = o.entity_id),
       k.fields, h.remote_key <> r.source_key,
       exists (select 1 from hub.match_event v join hub.delivery d on d.entity_id = v.came_from
                where v.went_to = r.entity_id and v.record_id = r.id and d.target = t.name and d.remote_key = r.source_key
                  and d.at > c.at and d.operation = 'activate' and d.outcome = 'delivered')
  from hub.target t
  join hub.stream s on s.id = t.stream_id
  join hub.source_record r on r.stream_id = t.stream_id and r.entity_id is not null and not r.deleted
  join hub.target_state h on h.target = t.name and h.entity_id = r.entity_id and not h.gone
  left join hub.correction c on c.target = t.name and c.record_id = r.id
  left join hub.target_state o on o.target = t.name and o.remote_key = r.source_key
  left join hub.contribution k on k.record_id = r.id
 where t.entity = %(entity)s and (h.remote_key <> r.source_key or c.verdict = 'approved')
   and (%(keys)s::text[] is null or r.source_key = any(%(keys)s)) and (%(target)s = '' or t.name = %(target)s)
 order by 1, r.id
"""
_SWITCHED_OFF = """
select h.target, h.entity_id from hub.target_state h
  join hub.target t on t.name = h.target
  join hub.source_record r on r.stream_id = t.stream_id and r.source_key = h.remote_key and r.entity_id = h.entity_id
  join hub.correction c on c.target = h.target and c.record_id = r.id and c.verdict = 'approved'
 where h.entity_id = any(%s) and not h.active and not h.gone
"""
STATES = ("open", "off already", "queued", "approved", "by hand", "done", "rejected", "void")


def listed(
    cursor: Cursor, content: Content, entity: str, keys: Sequence[str] | None = None, target: str = ""
) -> list[dict[str, Any]]:
    """Every second record that a target holds of an entity, with what was decided of it.

    ``void``: it was approved, and the record is an entity's only one again.
    """
    cursor.execute(_SECOND, {"entity": entity, "keys": None if keys is None else list(keys), "target": target})
    found = []
    for row in cursor.fetchall():
        one = dict(
            zip(("target", "entity", "connection", "stream", "record", "key", "entity_id", "written_to", "verdict", "who", "why", "at"), row, strict=False)
        )  # fmt: skip
        active, queued, fields, second, on_again = row[12:]
        one["fields"] = fields or {}
        one["second"] = bool(second)
        one["state"] = _state(one, active, bool(queued), can_switch_off(content, str(one["target"])), bool(on_again))
        found.append(one)
    return found


def _state(one: dict[str, Any], active: bool | None, queued: bool, can: bool, on_again: bool) -> str:
    off = active is False or one["fields"].get("status") == "inactive"
    if not one["second"]:
        return "void" if one["verdict"] == "approved" else "rejected"
    if one["verdict"] is None:
        return "off already" if off else "open"
    if one["verdict"] == "rejected":
        return "rejected"
    if off and not queued:
        return "done"
    if not can:
        return "by hand"
    # It was an entity's only one meanwhile: what was said of it before is no word on what it is now.
    return "queued" if queued else "open" if on_again else "approved"


def can_switch_off(content: Content, target: str) -> bool:
    """Whether a target's connector can switch a record off."""
    spec = content.specs.syncs.get(target)
    if not isinstance(spec, Outbound):
        return False
    connection = content.connection(spec.write.connection)
    manifest = registry.manifest_of(spec.write.connection, connection.connector, connection.settings)
    return manifest.writes[spec.write.object].deactivate


def decide(
    cursor: Cursor, content: Content, entity: str, target: str, key: str, *, approve: bool, who: str, why: str, run: str
) -> dict[str, Any]:
    """Approve that a second record be switched off in its target, or say that it stays. Returns how it stands now."""
    if not why.strip():
        raise ConfigurationError("a correction", "it does not say why", "give a reason with --why", code="bad-option")
    found = [one for one in listed(cursor, content, entity, [key], target) if one["second"]]
    if len(found) != 1:
        raise NotFoundError(
            f"correction of `{key}`" + (f" in {target}" if target else ""),
            f"{len(found)} targets hold it as a second record: {', '.join(one['target'] for one in found)}"
            if found
            else "no target holds it as a second record of an entity",
            "name one with --target" if found else "see `tongmai review corrections list`",
        )
    one = found[0]
    cursor.execute(
        """insert into hub.correction (target, record_id, verdict, who, why) values (%s, %s, %s, %s, %s)
           on conflict (target, record_id) do update set verdict = excluded.verdict, who = excluded.who, why = excluded.why, at = now()""",
        (one["target"], one["record"], "approved" if approve else "rejected", who, why.strip()),
    )
    if approve and one["state"] not in ("off already", "done"):
        _put_aside(cursor, content, one, run)
        if can_switch_off(content, one["target"]):
            targets.enqueue(cursor, one["target"], run, [_aside(one)])
    return next(each for each in listed(cursor, content, entity, [key], one["target"]) if each["second"])


def _aside(one: dict[str, Any]) -> UUID:
    return targets.aside(one["entity"], one["connection"], one["stream"], one["key"])


def _put_aside(cursor: Cursor, content: Content, one: dict[str, Any], run: str) -> None:
    """Our notes of the record, where there are none yet, and what a delivery is claimed with: what the record said."""
    here = _aside(one)
    fields = {name: one["fields"].get(name) for name in content.schema.entities[one["entity"]].fields}
    cursor.execute(
        """insert into hub.entity (id, entity, version, digest, provenance, redirect_to) values (%s, %s, 1, '', '{}', %s)
           on conflict (id) do update set redirect_to = excluded.redirect_to""",
        (here, targets.ASIDE + one["entity"], one["entity_id"]),
    )
    cursor.execute(
        """insert into hub.entity_version (entity_id, version, run_id, fields, changed) values (%s, 1, %s, %s, '{}')
           on conflict (entity_id, version) do update set fields = excluded.fields""",
        (here, run, orjson.dumps(fields).decode()),
    )
    if targets.load(cursor, one["target"], [here]):
        return
    reads = next(each.reads for each in targets.subscribed(cursor, one["entity"]) if each.name == one["target"])
    known = {name: value for name, value in one["fields"].items() if name in reads}
    state = TargetState(one["key"], one["fields"].get("status") != "inactive", known=known)
    cursor.execute(
        "insert into hub.target_state (target, entity_id, remote_key, active, known) values (%s, %s, %s, %s, %s)",
        (one["target"], here, state.remote_key, state.active, orjson.dumps(state.known).decode()),
    )


def switch_on(cursor: Cursor, run: str, entities: Collection[UUID]) -> int:
    """What was switched off as a second record and is an entity's first again is looked at by its target; how many."""
    cursor.execute(_SWITCHED_OFF, (list(entities),))
    rows = cursor.fetchall()
    return sum(targets.enqueue(cursor, target, run, [one]) for target, one in rows)

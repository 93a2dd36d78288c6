"""What is known of flow instances: lists, and one instance's whole story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError
from tongmai.flows.compiled import CompiledFlow
from tongmai.sync import triggers
from tongmai.sync.trace import NotFoundError, find

STATES = ("running", "cancelling", "done", "cancelled", "overdue")
_COLUMNS = ("id", "flow", "entity", "subject", "occurrence", "state", "step", "at_step", "numbers", "note", "overdue", "started_at", "ended_at")  # fmt: skip
_LIST = """
select i.id, i.flow, i.entity, i.subject, i.occurrence, i.state, i.step, coalesce(w.name, ''), i.minted, i.note,
       i.ended_at is null and i.deadline < now(), i.started_at, i.ended_at
  from hub.flow_instance i
  left join hub.flow_step w on w.instance = i.id and w.position = i.step and w.state = 'waiting' and i.ended_at is null
"""


def instances(cursor: Cursor, flow: str = "", state: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Instances, the newest first; ``state`` may also be ``overdue``."""
    cursor.execute(
        _LIST
        + """ where (%(flow)s = '' or i.flow = %(flow)s)
               and case %(state)s when '' then true
                                  when 'overdue' then i.ended_at is null and coalesce(i.deadline < now(), false)
                                  else i.state = %(state)s end
             order by i.started_at desc, i.id limit %(limit)s""",
        {"flow": flow, "state": state, "limit": limit},
    )
    return [_instance(row) for row in cursor]


def _instance(row: Sequence[Any]) -> dict[str, Any]:
    """A row of ``_LIST``; its numbers by name, since a jsonb object has an order of its own."""
    found = dict(zip(_COLUMNS, row, strict=True))
    return {**found, "numbers": dict(sorted(found["numbers"].items()))}


def standing(cursor: Cursor) -> dict[str, dict[str, int]]:
    """For each flow how many instances stand how."""
    cursor.execute(
        """select flow, state, count(*), count(*) filter (where ended_at is null and deadline < now())
             from hub.flow_instance group by 1, 2 order by 1"""
    )
    found: dict[str, dict[str, int]] = {}
    for flow, state, count, late in cursor:
        counts = found.setdefault(flow, dict.fromkeys(STATES, 0))
        counts[state] += int(count)
        counts["overdue"] += int(late)
    return found


def story(cursor: Cursor, key: str) -> dict[str, Any]:
    """One instance by its id or by a number minted in it: its steps with times, what it made, and those records' deliveries."""
    try:
        cursor.execute("select id from hub.flow_instance where id = %s", (UUID(key),))
    except ValueError:
        cursor.execute("select distinct instance from hub.minted_number where text = %s", (key,))
    hits = cursor.fetchall()
    if len(hits) != 1:
        raise NotFoundError(
            f"instance `{key}`",
            "it is neither the id of an instance nor a number minted by one"
            if not hits
            else "several have this number",
            "`tongmai flow list` shows them",
        )
    one: UUID = hits[0][0]
    cursor.execute(_LIST + " where i.id = %s", (one,))
    row = cursor.fetchone()
    assert row is not None
    cursor.execute(
        """select s.position, s.name, s.state, s.detail, s.began_at, s.ended_at
             from hub.flow_step s join hub.flow_instance i on i.id = s.instance
            where s.instance = %s and (s.state <> 'waiting' or i.ended_at is null) order by 1""",  # called off: waits no more
        (one,),
    )
    names = ("position", "name", "state", "detail", "began_at", "ended_at")
    steps = [dict(zip(names, each, strict=True)) for each in cursor]
    cursor.execute(
        """select l.entity_id, e.entity, d.at, d.target, d.operation, d.outcome, d.remote_key, d.reason
             from hub.flow_link l join hub.entity e on e.id = l.entity_id
             left join hub.delivery d on d.entity_id = l.entity_id
            where l.instance = %s order by e.entity, d.id""",
        (one,),
    )
    records: dict[str, dict[str, Any]] = {}
    for entity_id, entity, at, target, operation, outcome, remote_key, reason in cursor:
        record = records.setdefault(str(entity_id), {"entity": entity, "id": str(entity_id), "deliveries": []})
        if target is not None:
            record["deliveries"].append(
                {
                    "at": at,
                    "target": target,
                    "operation": operation,
                    "outcome": outcome,
                    "remote_key": remote_key,
                    "reason": reason,
                }
            )
    return {**_instance(row), "story": steps, "records": list(records.values())}


def start(cursor: Cursor, flow: CompiledFlow, key: str, release: bytes) -> None:
    """Start an instance by hand for a record that a source brought before the flow was there; ``key`` as in ``trace``."""
    subject = find(cursor, flow.spec.entity, key)
    if not triggers.begin(cursor, flow.trigger, [subject], release, "by hand"):
        raise ConfigurationError(
            f"flow `{flow.name}`",
            f"an instance for {flow.spec.entity} `{key}` is under way already",
            f"`tongmai flow list {flow.name}` shows it",
            code="instance-exists",
        )

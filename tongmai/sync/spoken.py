"""What records say themselves, before anybody knows which entity they are of: without what we wrote into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from masterdata.store import Cursor
from masterdata.survivorship import itself
from tongmai.sync.lane import Lane, Subject


def spoken(
    lane: Lane, cursor: Cursor, compared: Collection[str], subjects: Sequence[Subject]
) -> dict[int, dict[str, Any]]:
    """The fields by which each record is compared: of those that are our own write, what stood there before.

    Else two records that we made alike would look it, and a merge of them could not be taken back.
    """
    known = [one.record_id for one in subjects if one.entity_id is not None]
    if not known:
        return {one.record_id: dict(one.fields) for one in subjects}
    cursor.execute("select record_id, fields, echo, own from hub.contribution where record_id = any(%s)", (known,))
    before = {row[0]: row[1:] for row in cursor}
    written = _written(lane, cursor, [one.key for one in subjects if one.record_id in before])
    found: dict[int, dict[str, Any]] = {}
    for one in subjects:
        fields, echo, own = before.get(one.record_id, ({}, (), {}))
        stood: dict[str, Any] = {}
        for name in compared:
            if name not in fields or name not in one.fields:
                continue
            held = name in echo and (one.again or fields[name] == one.fields[name])
            if held or any(name in each and each[name] == one.fields[name] for each in written.get(one.key, ())):
                if name in own:
                    stood[name] = own[name]
                elif name not in echo and fields[name] not in (None, "", []) and fields[name] != one.fields[name]:
                    stood[name] = {"value": fields[name]}
        found[one.record_id] = itself(one.fields, stood)
    return found


def _written(lane: Lane, cursor: Cursor, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """What reading our last writes into these records gives: of those that are done, and of those on their way."""
    cursor.execute(
        """select h.remote_key, h.written from hub.target t join hub.target_state h on h.target = t.name
            where t.stream_id = %(stream)s and h.remote_key = any(%(keys)s) and h.written <> '{}'
            union all
           select o.remote_key, o.values->'written' from hub.target t join hub.outbox o on o.target = t.name
            where t.stream_id = %(stream)s and o.remote_key = any(%(keys)s) and o.state = 'frozen' and o.values ? 'written'""",
        {"stream": lane.stream_id, "keys": list(keys)},
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for key, values in cursor:
        found.setdefault(key, []).append(values)
    return found

"""One open question laid out for a steward: fields side by side, reasons, and what a merge would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from masterdata.model import Schema
from masterdata.store import Cursor
from tongmai.batch import stored_why
from tongmai.sync.matcher import Matcher


def side_by_side(cursor: Cursor, schema: Schema, entity: str, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Every field that some of these entities fill: its values in their order, and whether all agree."""
    cursor.execute(
        """select e.id, v.fields from hub.entity e
             join hub.entity_version v on v.entity_id = e.id and v.version = e.version where e.id = any(%s)""",
        (list(ids),),
    )
    fields = {row[0]: row[1] for row in cursor}
    found = []
    for name, spec in schema.entities[entity].fields.items():
        values = [fields.get(one, {}).get(name) for one in ids]
        if any(value not in (None, "", []) for value in values):
            given = [value for value in values if value not in (None, "", [])]
            same = all(value == given[0] for value in given)
            found.append({"field": name, "label": spec.label.model_dump(), "values": values, "same": same})
    return found


def reasons(cursor: Cursor, matcher: Matcher, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Of each two entities their strongest pair of records, explained; ``scored`` is for printing."""
    members = {one: stored_why.members(cursor, one) for one in ids}
    return [
        stored_why.explain(cursor, matcher.scorer, members[a], members[b])
        for at, a in enumerate(ids)
        for b in ids[at + 1 :]
        if members[a] and members[b]
    ]


def sources(cursor: Cursor, ids: Sequence[UUID]) -> dict[str, list[dict[str, Any]]]:
    """The records of each entity."""
    return {str(one): [each.plain() for each in stored_why.members(cursor, one)] for one in ids}

"""Corrections decided at a steward's desk: with a run of their own, so that what they queue is accounted for."""

from __future__ import annotations

from typing import Any

from masterdata.store import connect
from masterdata.store.database import hold
from tongmai.core.settings import database_url
from tongmai.sync import corrections
from tongmai.sync.acts import desk_of, end
from tongmai.sync.children import note_children
from tongmai.sync.content import load_content
from tongmai.sync.overriding import locks


def listed(entity: str, state: str = "") -> list[dict[str, Any]]:
    """Second records in targets, what was decided of them and what hangs on them there (``children.note_children``).

    ``state`` narrows to one of ``corrections.STATES``.
    """
    content = load_content()
    with connect(database_url()) as database:
        with database.transaction() as cursor:
            found = corrections.listed(cursor, content, entity)
        found = [one for one in found if not state or one["state"] == state]
        note_children(database, content, [one for one in found if one["second"]])
    return found


def decide(
    entity: str, key: str, *, approve: bool, who: str, why: str, target: str = "", dry_run: bool = False, url: str = ""
) -> dict[str, Any]:
    """Approve or reject one correction; returns how it stands then."""
    with desk_of(entity, dry_run, url) as desk:
        content, run = desk.session.content, desk.alone.run
        with desk.alone.database.transaction() as cursor:
            hold(cursor, locks(desk.alone))
            found = corrections.decide(cursor, content, entity, target, key, approve=approve, who=who, why=why, run=run)
        end(desk, [])
        note_children(desk.alone.database, content, [found])
    return found

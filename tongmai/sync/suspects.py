"""Creates that may have been taken by a target where nothing can be looked up: shown, and decided by a person."""

from __future__ import annotations

import getpass
from typing import Any

from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError

_LIST = """
select o.id, o.target, t.entity, o.entity_id, o.payload, o.attempts, o.note, o.created_at
  from hub.outbox o join hub.target t on t.name = o.target where o.state = 'suspect' order by o.id
"""
COLUMNS = ("id", "target", "entity", "entity_id", "payload", "attempts", "note", "queued_at")


def suspects(cursor: Cursor) -> list[dict[str, Any]]:
    """Every suspect, oldest first."""
    cursor.execute(_LIST)
    return [dict(zip(COLUMNS, row, strict=True)) for row in cursor]


def decide(cursor: Cursor, number: int, delivered: str = "") -> str:
    """Settle a suspect: it is in the target as ``delivered``, or (empty) it is not and is sent again. Returns its target.

    The next run of the target's sync carries it out.
    """
    cursor.execute(
        """update hub.outbox set state = 'frozen', decided = %s, remote_key = nullif(%s, ''), note = %s
            where id = %s and state = 'suspect' returning target""",
        ("delivered" if delivered else "resend", delivered, f"decided by {getpass.getuser()}", number),
    )
    row = cursor.fetchone()
    if row is None:
        raise ConfigurationError(
            f"suspect {number}",
            "there is no undecided one with this number",
            "`tongmai suspect list` shows them",
            code="unknown-suspect",
        )
    return str(row[0])

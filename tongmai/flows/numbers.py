"""Numbers without gaps or doubles: the sequence moves in the transaction that uses its number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from masterdata.store import Cursor
from tongmai.core.errors import StateError
from tongmai.flows.spec import number_parts


def mint(cursor: Cursor, name: str, form: str, now: datetime, instances: Sequence[UUID]) -> dict[UUID, str]:
    """A number for each instance, in their order. One that has a number of this sequence keeps it."""
    cursor.execute(
        "select instance, text from hub.minted_number where sequence = %s and instance = any(%s)",
        (name, list(instances)),
    )
    texts: dict[UUID, str] = {row[0]: row[1] for row in cursor}
    takers = [one for one in instances if one not in texts]
    if not takers:
        return texts
    dates, width = number_parts(form)
    values = {"year": f"{now:%Y}", "month": f"{now:%m}", "day": f"{now:%d}"}
    scope = "-".join(values[part] for part in ("year", "month", "day") if part in dates)
    cursor.execute(
        """insert into hub.sequence (name, scope, last) values (%s, %s, %s)
           on conflict (name, scope) do update set last = hub.sequence.last + excluded.last returning last""",
        (name, scope, len(takers)),
    )
    row = cursor.fetchone()
    assert row is not None
    first = int(row[0]) - len(takers) + 1
    rows = []
    for number, one in enumerate(takers, first):
        texts[one] = written(form, values, number, width)
        rows.append((name, scope, number, texts[one], one))
    try:
        cursor.executemany(
            "insert into hub.minted_number (sequence, scope, number, text, instance) values (%s, %s, %s, %s, %s)", rows
        )
    except psycopg.errors.UniqueViolation:
        raise StateError(
            f"sequence {name}",
            f"a number between `{rows[0][3]}` and `{rows[-1][3]}` was given out already, under another format",
            "give the sequence another name, or a format whose numbers are all new",
            code="number-taken",
        ) from None
    return texts


def written(form: str, values: dict[str, str], number: int, width: int) -> str:
    """A number as its format writes it; more digits than it has room for are never cut."""
    text = form.replace(f"{{seq:0{width}}}" if width else "{seq}", f"{number:0{width}d}" if width else str(number))
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text

"""Records that could not go on: list, show, mend by an overlay, replay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

from masterdata.matching import normal_name
from masterdata.store import Cursor, Database
from tongmai.core.errors import TongmaiError
from tongmai.sync import targets

_COLUMNS = (
    "q.id, q.stage, s.connection, s.stream, q.source_key, q.target, q.code, q.field, q.reason, q.place, q.run_id, q.at, q.state,"
    " q.record_id, q.inbox_id, q.entity_id, q.overlay, q.stream_id"
)
_NAMES = (
    "id", "stage", "connection", "stream", "key", "target", "code", "field", "reason", "place", "run", "at", "state",
    "record_id", "inbox_id", "entity_id", "overlay", "stream_id",
)  # fmt: skip
_INNER = ("record_id", "inbox_id", "stream_id")


class QuarantineError(TongmaiError):
    """What was asked of a quarantined record cannot be done."""

    default_code = "quarantine"


def entries(cursor: Cursor, stream: str = "", code: str = "", limit: int = 1000) -> list[dict[str, Any]]:
    """Open entries, oldest first."""
    cursor.execute(
        f"""select {_COLUMNS} from hub.quarantined_record q join hub.stream s on s.id = q.stream_id
             where q.state = 'open' and (%(stream)s = '' or s.stream = %(stream)s or s.connection || '.' || s.stream = %(stream)s)
               and (%(code)s = '' or q.code = %(code)s) order by q.id limit %(limit)s""",
        {"stream": stream, "code": code, "limit": limit},
    )
    return [dict(zip(_NAMES, row, strict=True)) for row in cursor]


def unmatched(cursor: Cursor, stream_id: int) -> dict[int, str]:
    """Open entries of a stream whose record belongs to no entity yet: entry → its raw text, normalised as names are."""
    cursor.execute(
        """select q.id, i.raw from hub.quarantined_record q join hub.inbox i on i.id = q.inbox_id
             join hub.source_record r on r.id = q.record_id
             left join hub.contribution c on c.record_id = r.id
            where q.stream_id = %s and q.state = 'open' and q.stage in ('read', 'map') and c.record_id is null""",
        (stream_id,),
    )
    return {row[0]: normal_name(bytes(row[1]).decode("utf-8", errors="replace")) for row in cursor}


def entry(cursor: Cursor, number: int) -> dict[str, Any]:
    """One entry with the raw record behind it. Raises when there is none."""
    cursor.execute(
        f"""select {_COLUMNS}, i.raw from hub.quarantined_record q join hub.stream s on s.id = q.stream_id
              left join hub.inbox i on i.id = q.inbox_id where q.id = %s""",
        (number,),
    )
    row = cursor.fetchone()
    if row is None:
        raise QuarantineError(
            f"quarantine entry {number}", "there is none", "see `tongmai quarantine list`", code="no-entry"
        )
    found = dict(zip(_NAMES, row[:-1], strict=True))
    found["raw"] = None if row[-1] is None else bytes(row[-1]).decode("utf-8", errors="replace")
    return found


def public(found: dict[str, Any]) -> dict[str, Any]:
    """An entry without the store's inner numbers."""
    return {name: value for name, value in found.items() if name not in _INNER}


def edit(database: Database, number: int, values: dict[str, Any], who: str) -> dict[str, Any]:
    """Lay corrected source fields over the record. Refused once a newer version of the record has arrived.

    The source's fingerprint stays, so reading the same bad original again changes nothing.
    """
    with database.transaction() as cursor:
        found = entry(cursor, number)
        if found["state"] != "open" or found["stage"] == "deliver":
            why = (
                "it is settled already"
                if found["state"] != "open"
                else "the target refused it; its source is elsewhere"
            )
            raise QuarantineError(
                f"quarantine entry {number}", why, "mend the golden value's source, then replay", code="not-editable"
            )
        cursor.execute("select inbox_id from hub.source_record where id = %s for update", (found["record_id"],))
        row = cursor.fetchone()
        if row is None or row[0] != found["inbox_id"]:
            raise QuarantineError(
                f"quarantine entry {number}",
                "a newer version of this record has arrived; the edit would hide it",
                "run the sync, then look at the record again",
                code="newer-version",
            )
        overlay = {**(found["overlay"] or {}), **values}
        cursor.execute(
            "update hub.quarantined_record set overlay = %s, edited_by = %s where id = %s",
            (json.dumps(overlay, ensure_ascii=False), who, number),
        )
        return {**found, "overlay": overlay}


def replay(database: Database, run: str, numbers: Sequence[int]) -> dict[str, int]:
    """Mark entries to be done again; returns how many of each stage. The next run of their sync does them."""
    done = {"map": 0, "deliver": 0}
    with database.transaction() as cursor:
        for number in numbers:
            found = entry(cursor, number)
            if found["state"] != "open":
                raise QuarantineError(
                    f"quarantine entry {number}",
                    f"it is {found['state']}",
                    "nothing is left to replay",
                    code="not-open",
                )
            if found["stage"] == "deliver":
                targets.enqueue(cursor, found["target"], run, [found["entity_id"]])
                cursor.execute("update hub.quarantined_record set state = 'solved' where id = %s", (number,))
                done["deliver"] += 1
                continue
            cursor.execute(
                """insert into hub.work (record_id, stream_id, inbox_id, reason)
                   select id, stream_id, inbox_id, 'replay' from hub.source_record where id = %s on conflict do nothing""",
                (found["record_id"],),
            )
            done["map"] += 1
    return done


def parse_value(text: str) -> Any:
    """``--set field=value``: JSON where it is JSON other than a bare number, else text (007 stays 007)."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if isinstance(value, int | float) and not isinstance(value, bool) else value

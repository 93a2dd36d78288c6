"""The whole story of one entity: where each field came from, every version, every delivery."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from masterdata.store import Cursor
from tongmai.batch import stored_why
from tongmai.core.errors import TongmaiError
from tongmai.sync.direct import inner_name


class NotFoundError(TongmaiError):
    """Nothing is known under that key."""

    default_code = "not-found"


def _places(key: str) -> dict[str, str]:
    """``connection/stream/key`` taken apart; a key may hold a slash too."""
    connection, _, rest = key.partition("/")
    stream, _, last = rest.partition("/")
    return {"connection": connection, "stream": stream, "last": last}


def find_records(cursor: Cursor, entity: str, key: str) -> tuple[UUID, list[int]]:
    """(the entity behind an entity id or a source key, the records that the key names: none where it is an entity's id)."""
    one = find(cursor, entity, key)
    cursor.execute(
        """select r.id from hub.source_record r join hub.stream s on s.id = r.stream_id
            where r.entity_id = %(one)s and (r.source_key = %(key)s
               or (r.source_key = %(last)s and s.connection = %(connection)s and s.stream = %(stream)s)) order by 1""",
        {"one": one, "key": key, **_places(key)},
    )
    return one, [row[0] for row in cursor]


def find(cursor: Cursor, entity: str, key: str) -> UUID:
    """The entity behind an entity id, its beginning as lists show it, or a source key (of any connection, or written
    ``connection/stream/key``). Raises when none or several fit."""
    try:
        wanted = UUID(key)
    except ValueError:
        pass
    else:
        cursor.execute(
            "select coalesce(redirect_to, id) from hub.entity where id = %s and entity = %s", (wanted, entity)
        )
        row = cursor.fetchone()
        if row:
            return UUID(str(row[0]))
    cursor.execute(
        """select distinct entity_id from hub.crosswalk
            where entity = %(entity)s and (source_key = %(key)s
               or (source_key = %(last)s and connection = %(connection)s and stream = %(stream)s))""",
        {"entity": entity, "key": key, **_places(key)},
    )
    found = [UUID(str(row[0])) for row in cursor] or _begins(cursor, entity, key)
    if len(found) == 1:
        return found[0]
    why = (
        f"{len(found)} entities have it: {', '.join(map(str, found))}"
        if found
        else "no record with this key has arrived"
    )
    raise NotFoundError(f"{entity} `{key}`", why, "give the entity's id" if found else SEEK)


SEEK = "`tongmai search find ENTITY TEXT` finds records by name; hub.crosswalk lists the keys there are"
_BEGINNING = re.compile(r"[0-9a-f]{8}[0-9a-f-]*")


def _begins(cursor: Cursor, entity: str, key: str) -> list[UUID]:
    """Entities whose id begins so."""
    digits = key.replace("-", "")
    if not _BEGINNING.fullmatch(key) or len(digits) >= 32:
        return []
    cursor.execute(
        "select distinct coalesce(redirect_to, id) from hub.entity where entity = %s and id between %s and %s order by 1 limit 20",
        (entity, UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))),
    )
    return [UUID(str(row[0])) for row in cursor]


def story(cursor: Cursor, entity: str, key: str) -> dict[str, Any]:
    """Everything the hub knows about an entity, as plain data. ``entity`` may be a direct sync, for its own entity."""
    names = [entity, inner_name(entity)]
    cursor.execute(
        "select entity from hub.stream where entity = any(%s) order by entity = %s desc limit 1", (names, entity)
    )
    row = cursor.fetchone()
    entity = row[0] if row else entity
    one = find(cursor, entity, key)
    return {
        "entity": entity,
        "id": str(one),
        **_golden(cursor, one),
        "sources": _sources(cursor, one),
        "moves": stored_why.moves(cursor, one),
        "acts": _acts(cursor, one),
        "merged": [str(each) for each in _merged(cursor, one)],
        "versions": _versions(cursor, one),
        "targets": _targets(cursor, one),
        "deliveries": _deliveries(cursor, one),
        "flows": _flows(cursor, one),
        "findings": _rows(
            cursor, "field, code, message, value, at", "hub.finding where entity_id = %s order by at, field", one
        ),
    }


def _golden(cursor: Cursor, one: UUID) -> dict[str, Any]:
    cursor.execute(
        """select e.version, v.fields, e.provenance from hub.entity e
             join hub.entity_version v on v.entity_id = e.id and v.version = e.version where e.id = %s""",
        (one,),
    )
    row = cursor.fetchone()
    if row is None:
        return {"version": 0, "fields": {}}
    version, fields, provenance = row
    return {
        "version": version,
        "fields": {name: {"value": value, **provenance.get(name, {})} for name, value in fields.items()},
    }


def _sources(cursor: Cursor, one: UUID) -> list[dict[str, Any]]:
    cursor.execute(
        """select s.connection, s.stream, s.role, r.source_key, r.deleted, c.fields, c.changed, c.echo,
                  (select count(*) from hub.inbox i where i.stream_id = r.stream_id and i.source_key = r.source_key),
                  r.left_out_at, c.deleted is false, q.id, q.at, q.code, q.reason
             from hub.source_record r join hub.stream s on s.id = r.stream_id
             left join hub.contribution c on c.record_id = r.id
             left join lateral (select id, at, code, reason from hub.quarantined_record
                                 where record_id = r.id and state = 'open' and stage <> 'deliver' order by id desc limit 1) q on true
            where r.entity_id = %s order by 1, 2, 4""",
        (one,),
    )
    names = ("connection", "stream", "role", "key", "deleted", "fields", "changed", "echo", "times_changed", "left_out_at",
             "speaks")  # fmt: skip
    wrong = ("id", "at", "code", "reason")
    return [
        {
            **dict(zip(names, row[: len(names)], strict=True)),
            "quarantine": dict(zip(wrong, row[len(names) :], strict=True)) if row[len(names)] is not None else None,
        }
        for row in cursor
    ]


def _versions(cursor: Cursor, one: UUID) -> list[dict[str, Any]]:
    cursor.execute(
        "select version, run_id, at, changed, fields from hub.entity_version where entity_id = %s order by version",
        (one,),
    )
    out: list[dict[str, Any]] = []
    before: dict[str, Any] = {}
    for version, run, at, changed, fields in cursor:
        changes = {name: {"from": before.get(name), "to": fields.get(name)} for name in changed}
        out.append({"version": version, "run": run, "at": at, "changes": changes})
        before = fields
    return out


def _targets(cursor: Cursor, one: UUID) -> list[dict[str, Any]]:
    columns = "target, remote_key, active, gone, known, written, updated_at"
    return _rows(cursor, columns, "hub.target_state where entity_id = %s order by target", one)


def _merged(cursor: Cursor, one: UUID) -> list[UUID]:
    """The ids that point to an entity: merged into it, or under which second records of it in targets stand."""
    cursor.execute("select id from hub.entity where redirect_to = %s order by created_at, id", (one,))
    return [row[0] for row in cursor]


def _acts(cursor: Cursor, one: UUID) -> list[dict[str, Any]]:
    cursor.execute("select id from hub.source_record where entity_id = %s", (one,))
    return stored_why.acts_of(cursor, [row[0] for row in cursor])


def _deliveries(cursor: Cursor, one: UUID) -> list[dict[str, Any]]:
    """What was delivered of an entity and of what was merged into it (``of``), and what is on its way."""
    every = [one, *_merged(cursor, one)]
    done = _rows(
        cursor,
        "at, target, operation, outcome, remote_key, payload, reason, run_id, entity_id::text as of",
        "hub.delivery where entity_id = any(%s) order by id",
        every,
    )
    waiting = _rows(
        cursor,
        "created_at as at, target, operation, state as outcome, note as reason, entity_id::text as of",
        "hub.outbox where entity_id = any(%s) order by id",
        every,
    )
    return done + waiting


def _flows(cursor: Cursor, one: UUID) -> list[dict[str, Any]]:
    """The flow instances that this entity, or what was merged into it, started, or that made it."""
    return _rows(
        cursor,
        "i.id::text, i.flow, i.state, i.minted as numbers, i.note, i.started_at, i.ended_at",
        """hub.flow_instance i where i.id in (select l.instance from hub.flow_link l where l.entity_id = any(%s))
            order by i.started_at, i.id""",
        [one, *_merged(cursor, one)],
    )


def _rows(cursor: Cursor, columns: str, source: str, one: UUID | list[UUID]) -> list[dict[str, Any]]:
    cursor.execute(f"select {columns} from {source}", (one,))
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]

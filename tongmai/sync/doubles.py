"""Several records of one entity in a target: one is written to, the others are put aside until they are an entity again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from masterdata.store import Cursor, Database
from tongmai.sync import targets
from tongmai.sync.echo import TargetState

_STATES = """
select t.name, h.entity_id, h.remote_key, h.active, h.gone, h.known, h.written, coalesce(h.digest, ''), coalesce(h.map_digest, ''),
       r.id, r.entity_id, s.entity, s.connection, s.stream,
       exists (select 1 from hub.correction c where c.target = t.name and c.record_id = r.id and c.verdict = 'approved')
  from hub.source_record r
  join hub.target t on t.stream_id = r.stream_id
  join hub.target_state h on h.target = t.name and h.remote_key = r.source_key
  join hub.stream s on s.id = r.stream_id
 where r.entity_id = any(%s) order by r.id
"""


def restate(database: Database, cursor: Cursor, entities: Collection[UUID]) -> None:
    """Let each target's notes follow its records: of those that are one entity now the first is written to.

    A pure function of who belongs where: after an unmerge the notes are where they were. What is frozen goes along.
    """
    cursor.execute(_STATES, (list(entities),))
    groups: dict[tuple[str, UUID], list[tuple[object, ...]]] = {}
    for row in cursor.fetchall():
        groups.setdefault((row[0], row[10]), []).append(row)
    moved: list[tuple[str, UUID, UUID, TargetState]] = []
    second: list[tuple[UUID, UUID, str, int]] = []
    for (target, home), rows in groups.items():
        # Neither what is gone there nor what is to be switched off is written to while there is another.
        for place, row in enumerate(sorted(rows, key=lambda r: (r[4], r[14], r[9]))):
            here, key, active, gone, known, written, digest, mapped = row[1:9]
            entity, connection, stream = (str(each) for each in row[11:14])
            there = home if place == 0 else targets.aside(entity, connection, stream, str(key))
            if place:
                second.append((there, home, entity, int(str(row[9]))))
            if there != here:
                state = TargetState(str(key), bool(active), bool(gone), known, written, bytes(digest), bytes(mapped))  # type: ignore[arg-type, call-overload]
                moved.append((target, UUID(str(here)), there, state))
    if moved:
        _move(database, cursor, moved)
    if second:
        _stand_for(cursor, second)


def _move(database: Database, cursor: Cursor, moved: Sequence[tuple[str, UUID, UUID, TargetState]]) -> None:
    names, old, keys = [m[0] for m in moved], [m[1] for m in moved], [m[3].remote_key for m in moved]
    new = [m[2] for m in moved]
    cursor.execute(
        """delete from hub.target_state h using unnest(%s::text[], %s::uuid[]) m (target, entity_id)
            where h.target = m.target and h.entity_id = m.entity_id""",
        (names, old),
    )
    targets.save(database, cursor, [(target, there, state) for target, _, there, state in moved])
    cursor.execute(
        """update hub.outbox o set entity_id = m.home from unnest(%s::text[], %s::uuid[], %s::text[], %s::uuid[]) m (target, old, key, home)
            where o.target = m.target and o.entity_id = m.old and o.remote_key = m.key and o.state = 'frozen'""",
        (names, old, keys, new),
    )


def _stand_for(cursor: Cursor, second: Sequence[tuple[UUID, UUID, str, int]]) -> None:
    """Second records that a delivery is on its way to (or was) say of which entity they are. ``second``: the id that stands
    for one, the entity, its kind, the record."""
    cursor.execute(
        """with s as (select * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::bigint[]) s (id, home, entity, record_id)),
                o as (select distinct on (s.id) s.*, o.run_id from s
                        join lateral (select x.run_id from hub.outbox x where x.entity_id = s.id offset 0) o on true),
                e as (
             insert into hub.entity (id, entity, version, digest, provenance, redirect_to)
             select id, %s || entity, 1, '', '{}', home from o on conflict (id) do nothing returning id)
           insert into hub.entity_version (entity_id, version, run_id, fields, changed)
           select o.id, 1, o.run_id, coalesce(c.fields, '{}'), '{}' from o
             join e using (id) left join hub.contribution c on c.record_id = o.record_id""",
        ([s[0] for s in second], [s[1] for s in second], [s[2] for s in second], [s[3] for s in second], targets.ASIDE),
    )
    cursor.execute(
        """update hub.entity e set redirect_to = s.home from unnest(%s::uuid[], %s::uuid[]) s (id, home)
            where e.id = s.id and e.redirect_to is distinct from s.home""",
        ([s[0] for s in second], [s[1] for s in second]),
    )

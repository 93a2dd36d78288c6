"""Several records of one entity in a target: one is written to, the others are put aside until they are an entity again."""

from __future__ import annotations

from collections.abc import Collection
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
    for (target, home), rows in groups.items():
        # Neither what is gone there nor what is to be switched off is written to while there is another.
        for place, row in enumerate(sorted(rows, key=lambda r: (r[4], r[14], r[9]))):
            here, key, active, gone, known, written, digest, mapped = row[1:9]
            entity, connection, stream = (str(each) for each in row[11:14])
            there = home if place == 0 else targets.aside(entity, connection, stream, str(key))
            if there != here:
                state = TargetState(str(key), bool(active), bool(gone), known, written, bytes(digest), bytes(mapped))  # type: ignore[arg-type, call-overload]
                moved.append((target, UUID(str(here)), there, state))
    if not moved:
        return
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

"""What follows in the hub when records went over to another entity: targets' notes, references, switched-off records,
flows under way."""

from __future__ import annotations

from collections.abc import Collection

from masterdata.identity.members import Moves
from masterdata.store import Cursor, Database
from tongmai.sync import corrections, doubles, referrers, triggers
from tongmai.sync.referrers import Referrer


def follow(
    database: Database, cursor: Cursor, entity: str, run: str, fields: Collection[Referrer], moves: Moves
) -> None:
    """Let what hangs on the records that moved go along. ``fields``: what refers to their entity."""
    if not moves.over:
        return
    lost, won = {old for old, _ in moves.over.values()}, {new for _, new in moves.over.values()}
    doubles.restate(database, cursor, lost | won)
    # A record that cannot be read anew, deleted or in quarantine, names an entity of the time when it could.
    cursor.execute("select id from hub.entity where redirect_to = any(%s)", (list(won),))
    named = lost | moves.risen | {row[0] for row in cursor}
    referrers.look_again(cursor, entity, fields, named)
    referrers.look_again_at_overrides(cursor, fields, named)
    corrections.switch_on(cursor, run, lost | won)
    triggers.wake(cursor, lost | won)
    if moves.dead:
        # Should they rise again they are delivered again, and refused again.
        cursor.execute(
            """update hub.quarantined_record q set state = 'superseded' from hub.target t
                where q.stream_id = t.stream_id and q.target = t.name and q.source_key = any(%s)
                  and q.state = 'open' and q.stage = 'deliver'""",
            ([str(one) for one in moves.dead],),
        )

"""What follows in the hub when records went over to another entity: targets' notes, references, switched-off records."""

from __future__ import annotations

from uuid import UUID

from masterdata.identity.members import Moves
from masterdata.store import Cursor, Database
from tongmai.sync import corrections, doubles, due


def follow(database: Database, cursor: Cursor, run: str, moves: Moves) -> set[UUID]:
    """Let what hangs on the records that moved go along. Returns what of them may stand in references: who refers there is
    looked at again (``referrers.look_again``), and flows are woken when all is done (``triggers.Waking``)."""
    if not moves.over:
        return set()
    lost, won = {old for old, _ in moves.over.values()}, {new for _, new in moves.over.values()}
    doubles.restate(database, cursor, lost | won)
    corrections.switch_on(cursor, run, lost | won)
    due.dead(cursor, moves.dead)
    if moves.dead:
        # Should they rise again they are delivered again, and refused again.
        cursor.execute(
            """update hub.quarantined_record q set state = 'superseded' from hub.target t
                where q.stream_id = t.stream_id and q.target = t.name and q.source_key = any(%s)
                  and q.state = 'open' and q.stage = 'deliver'""",
            ([str(one) for one in moves.dead],),
        )
    # A record that cannot be read anew, deleted or in quarantine, names an entity of the time when it could.
    cursor.execute("select id from hub.entity where redirect_to = any(%s)", (list(won),))
    return lost | moves.risen | {row[0] for row in cursor}

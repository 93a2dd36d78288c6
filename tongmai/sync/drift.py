"""Schema drift: members of source records that were never there before, or that became something else.

The first run of a stream is its baseline. After it, a member of a kind (text, number, boolean, object, list) that neither the
manifest declares nor an earlier record had is drift. The stream's policy says what follows: ``evolve`` takes it in and
reports it, ``quarantine`` keeps its records apart until a person accepts it, ``freeze`` stops the stream.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.sdk.drift import Member, members
from masterdata.store import Cursor, Database
from tongmai.core.errors import FatalError
from tongmai.core.text import Text

log = logging.getLogger("tongmai.drift")
KIND_WORDS: Final = {
    "text": Text("text", "文本"),
    "number": Text("number", "数字"),
    "boolean": Text("boolean", "布尔"),
    "object": Text("object", "对象"),
    "list": Text("list", "列表"),
}
POLICIES = ("evolve", "quarantine", "freeze")


class FrozenError(FatalError):
    """A stream stopped for what is new in its records."""


@dataclass
class Drift:
    """The members of one stream in one run. ``declared``: names that the manifest knows."""

    stream_id: int
    run: str
    policy: str
    declared: frozenset[str] = frozenset()
    news: list[tuple[str, Member]] = field(default_factory=list)
    _known: set[Member] = field(default_factory=set)
    _open: set[Member] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _baseline: bool = False
    _loaded: bool = False

    def load(self, cursor: Cursor) -> None:
        """What is known, once a run."""
        if self._loaded:
            return
        cursor.execute(
            "select name, kind, accepted_at is not null, first_run from hub.stream_member where stream_id = %s",
            (self.stream_id,),
        )
        rows = cursor.fetchall()
        self._known = {(name, kind) for name, kind, accepted, _ in rows if accepted}
        self._open = {(name, kind) for name, kind, accepted, _ in rows if not accepted}
        self._names = {name for name, _, _, _ in rows}
        self._baseline = all(run == self.run for _, _, _, run in rows)
        self._loaded = True

    def see(self, cursor: Cursor, key: str, raw: bytes) -> list[Member]:
        """Members of a record that keep it out; everything new is taken down in this transaction."""
        strange = members(raw) - self._known
        if not strange:
            return []
        fresh = strange - self._open
        taken = {one for one in fresh if self._baseline or (one[0] in self.declared and one[0] not in self._names)}
        for one in sorted(fresh):
            accepted = one in taken or self.policy == "evolve"
            self._write(cursor, key, one, accepted)
            if one not in taken:
                self.news.append((key, one))
                log.warning("schema drift stream=%d member=%s kind=%s policy=%s", self.stream_id, *one, self.policy)
            (self._known if accepted else self._open).add(one)
            self._names.add(one[0])
        return sorted(strange & self._open)

    def keep(self, database: Database) -> None:
        """What a stopped batch saw of new members, in a transaction of its own: a person has to see it."""
        with database.transaction() as cursor:
            for key, one in self.news:
                self._write(cursor, key, one, accepted=False)

    def _write(self, cursor: Cursor, key: str, one: Member, accepted: bool) -> None:
        cursor.execute(
            """insert into hub.stream_member (stream_id, name, kind, first_run, first_key, accepted_at)
               values (%s, %s, %s, %s, %s, case when %s then clock_timestamp() end) on conflict do nothing""",
            (self.stream_id, one[0], one[1], self.run, key, accepted),
        )


def frozen(what: str, strange: Iterable[Member]) -> FrozenError:
    """The stop of a frozen stream."""
    return FrozenError(
        what,
        f"the source's records have something new: {words(strange)}; the stream is frozen, nothing of it is applied",
        "look at it, then `tongmai drift accept`, or change `drift` in the sync's file",
        code="schema-drift",
    )


def words(strange: Iterable[Member]) -> str:
    """Members for people."""
    return ", ".join(f"{name} ({kind})" for name, kind in strange)


def waiting(cursor: Cursor, everything: bool) -> list[dict[str, Any]]:
    """Drift by stream: what waits for a person, or all that came after the baseline."""
    cursor.execute(
        """select s.connection, s.stream, m.name, m.kind, m.first_key, m.first_run, m.first_seen, m.accepted_at, m.accepted_by
             from hub.stream_member m join hub.stream s on s.id = m.stream_id
            where m.accepted_at is null or (%s and m.first_run <> (
                    select x.first_run from hub.stream_member x where x.stream_id = m.stream_id order by x.first_seen limit 1))
            order by s.connection, s.stream, m.first_seen, m.name""",
        (everything,),
    )
    names = (
        "connection",
        "stream",
        "member",
        "kind",
        "first_key",
        "first_run",
        "first_seen",
        "accepted_at",
        "accepted_by",
    )
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def accept(cursor: Cursor, connection: str, stream: str, names: Iterable[str], who: str) -> int:
    """Accept members of a stream: all that wait when none is named. Returns how many."""
    wanted = list(names)
    cursor.execute(
        """update hub.stream_member m set accepted_at = clock_timestamp(), accepted_by = %s
             from hub.stream s where s.id = m.stream_id and s.connection = %s and s.stream = %s and m.accepted_at is null
              and (%s or m.name = any(%s))""",
        (who, connection, stream, not wanted, wanted),
    )
    return cursor.rowcount

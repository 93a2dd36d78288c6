"""What competes for a golden field: what sources say, and what a steward says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

EMPTY: tuple[Any, ...] = (None, "", [])
REFUSED = "refused"
"""The rule of a field that is empty because nothing of what sources say of it counts."""
HUB = "hub"
"""The connection that provenance names for what no source said as it is."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one source record says about an entity.

    ``changed``: field → when its source changed that value (ISO text, UTC). ``echo``: fields whose value is our own
    write coming back. ``deleted``: the record is gone from its source. ``own``: echo field → ``{value, at, of}``, what the
    record said itself before we wrote over it, since when, and the origin of what we wrote.
    """

    record_id: int
    connection: str
    role: str
    stream: str
    key: str
    fields: Mapping[str, Any]
    changed: Mapping[str, str]
    echo: frozenset[str] = frozenset()
    deleted: bool = False
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def origin(self) -> dict[str, str]:
        """Where a value came from, as provenance shows it."""
        return {"connection": self.connection, "stream": self.stream, "key": self.key}

    def votes(self, name: str) -> bool:
        """Whether it has a say on a field: a value of its own, not our own write."""
        return name not in self.echo and self.fields.get(name) not in EMPTY


@dataclass(frozen=True, slots=True)
class Override:
    """A value that a steward sets, with a trust to hold against the sources', until a moment.

    ``ended``: it was released or has expired. It then counts only while what it said stands nowhere but in our own writes:
    taking it away would empty the systems that it was written to.
    """

    id: int
    field: str
    value: Any
    by: str
    why: str
    trust: int
    at: datetime
    until: datetime
    ended: bool = False

    def origin(self) -> dict[str, str]:
        """Where its value came from, as provenance shows it."""
        return {"connection": HUB, "stream": "override", "key": str(self.id)}


def in_force(overrides: Iterable[Override], now: datetime) -> list[Override]:
    """The overrides as they stand at a moment: those whose time is over have ended."""
    return [replace(one, ended=one.ended or one.until <= now) for one in overrides]


@lru_cache(maxsize=65536)
def day(at: str) -> int | None:
    """The day of an ISO time as a number; None where there is none."""
    try:
        return date.fromisoformat(at[:10]).toordinal()
    except ValueError:
        return None


def newest(contributions: Iterable[Contribution]) -> int:
    """The day of the newest change: the "today" by which values age, the same whenever it is computed."""
    return max((found for c in contributions for at in c.changed.values() if (found := day(at)) is not None), default=0)

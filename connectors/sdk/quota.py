"""Shared call limits: every process that calls with an account stays within what its vendor allows, together.

A bucket counts calls in short slots of time, so that no window of the vendor's length ever holds more than the limit,
wherever the vendor's window begins; it costs a tenth of the rate, which also covers calls that overtake each other on the
way. Live traffic goes first, then normal runs; backfills take at most a share, and nothing while others wait.

Where buckets are kept is a port; the process-local one here serves a single process, ``use`` puts a shared one in place.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal, Protocol

Priority = Literal["live", "normal", "backfill"]
RANKS = {"backfill": 0, "normal": 1, "live": 2}
_SLOTS = 20
_SPAN = _SLOTS + 2
"""A window of the vendor touches one slot more than it is long; one more for calls that overtake each other."""
_GUARD_SECONDS, _GUARD_PART = 1.0, 0.02
"""How far a fixed window is left alone at both ends: the vendor's clock is not ours."""
GRACE = 0.25
"""Seconds that somebody who waits is given beyond the moment he was told to come back."""
SLOT_POLL = 0.05

_priority: ContextVar[Priority] = ContextVar("priority", default="normal")


@contextmanager
def priority(name: Priority) -> Iterator[None]:
    """Within, in this thread, calls are taken with this priority."""
    token = _priority.set(name)
    try:
        yield
    finally:
        _priority.reset(token)


def adopt(name: Priority) -> None:
    """Take over the priority of whoever started this thread, for the thread's whole life: the initializer of a pool."""
    _priority.set(name)


def current_priority() -> Priority:
    """The priority of calls made here and now."""
    return _priority.get()


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit of one account. ``calls`` in ``seconds`` (0: not counted), ``concurrent`` at once (0: not counted)."""

    name: str
    calls: int
    seconds: float
    fixed: bool = False
    shift: float = 0.0
    concurrent: int = 0
    share: float = 0.5

    @property
    def slot(self) -> float:
        """Seconds of one slot."""
        return self.seconds if self.fixed else self.seconds / _SLOTS

    @property
    def span(self) -> int:
        """How many slots are counted together, the current one included."""
        return 1 if self.fixed else _SPAN

    @property
    def guard(self) -> float:
        """Seconds at both ends of a fixed window in which nothing is taken."""
        return min(_GUARD_SECONDS, self.seconds * _GUARD_PART) if self.fixed else 0.0

    def low_calls(self, cost: int) -> int:
        """How many calls backfills may take of a window."""
        return max(cost, int(self.calls * self.share))

    @property
    def low_concurrent(self) -> int:
        """How many calls of backfills may be under way."""
        return max(1, int(self.concurrent * self.share))


@dataclass(frozen=True, slots=True)
class Ask:
    """What one call takes of a bucket."""

    bucket: Bucket
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """``wait`` 0: everything was taken, ``slots`` are to be given back after the call. Else seconds until asking again."""

    wait: float
    slots: tuple[str, ...] = ()


class Quota(Protocol):
    """Counts calls of accounts."""

    def take(self, asks: Sequence[Ask], priority: Priority) -> Taken:
        """Take all of it or nothing, without waiting."""
        ...

    def give_back(self, slots: Sequence[str]) -> None:
        """The call is over. Slots of a process that died come back by themselves."""
        ...

    def hold(self, buckets: Sequence[Bucket], seconds: float) -> None:
        """Nobody takes of these for so long: the vendor said so."""
        ...

    def forecast(self, bucket: Bucket, calls: int, priority: Priority) -> float:
        """Seconds until so many more calls are through, when nobody else calls."""
        ...


@dataclass
class State:
    """What a bucket has counted: slot number → all calls, and those of backfills; when others may take again."""

    taken: dict[int, int] = field(default_factory=dict)
    low: dict[int, int] = field(default_factory=dict)
    held: float = 0.0
    live: float = 0.0
    normal: float = 0.0

    def wait(self, bucket: Bucket, cost: int, rank: int, now: float) -> float:
        """Seconds until the calls may be taken; 0 for now."""
        waits = [self.held - now]
        if rank < 2:
            waits.append(self.live - now)
        if rank < 1:
            waits.append(self.normal - now)
        if bucket.calls:
            phase = (now - bucket.shift) % bucket.slot
            if bucket.fixed and phase < bucket.guard:
                waits.append(bucket.guard - phase)
            if bucket.fixed and phase > bucket.slot - bucket.guard:
                waits.append(bucket.slot - phase + bucket.guard)
            waits.append(_room(self.taken, bucket, cost, bucket.calls, now))
            if rank == 0:
                waits.append(_room(self.low, bucket, cost, bucket.low_calls(cost), now))
        return max(0.0, *waits)

    def add(self, bucket: Bucket, cost: int, rank: int, now: float) -> None:
        """Count calls that were let through."""
        number = _number(bucket, now)
        for counts, more in ((self.taken, cost), (self.low, cost if rank == 0 else 0)):
            for old in [each for each in counts if each <= number - bucket.span]:
                del counts[old]
            counts[number] = counts.get(number, 0) + more

    def yield_to(self, rank: int, until: float) -> None:
        """Somebody of this rank waits: lower ones wait for him."""
        if rank == 2:
            self.live = max(self.live, until)
        elif rank == 1:
            self.normal = max(self.normal, until)


def _number(bucket: Bucket, now: float) -> int:
    return math.floor((now - bucket.shift) / bucket.slot)


def _room(counts: dict[int, int], bucket: Bucket, cost: int, limit: int, now: float) -> float:
    """Seconds until enough old slots have left the window."""
    first = _number(bucket, now) - bucket.span
    alive = sorted((number, count) for number, count in counts.items() if number > first)
    over = sum(count for _, count in alive) + cost - limit
    for number, count in alive:
        if over <= 0:
            break
        over -= count
        free_at = bucket.shift + (number + bucket.span) * bucket.slot + bucket.guard
        if over <= 0:
            return max(0.001, free_at - now)
    return 0.0 if over <= 0 else math.inf


def forecast(state: State, bucket: Bucket, calls: int, priority: Priority, now: float) -> float:
    """Seconds until so many calls are through, from what was counted."""
    if not bucket.calls or calls <= 0:
        return max(0.0, state.held - now) if calls > 0 else 0.0
    low = RANKS[priority] == 0
    limit, counts = (bucket.low_calls(1), state.low) if low else (bucket.calls, state.taken)
    first = _number(bucket, now) - bucket.span
    used = sum(count for number, count in counts.items() if number > first)
    rounds = max(0, math.ceil((calls - max(0, limit - used)) / limit))
    start = max(0.0, state.held - now)
    return start + rounds * bucket.span * bucket.slot


class ProcessQuota:
    """Buckets of this process, shared by all its threads and connections."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, State] = {}
        self._under_way: dict[str, dict[str, int]] = {}
        self._next = 0

    def take(self, asks: Sequence[Ask], priority: Priority) -> Taken:
        rank = RANKS[priority]
        with self._lock:
            now = self._clock()
            waits = {ask.bucket.name: self._wait(ask, rank, now) for ask in asks}
            longest = max(waits.values(), default=0.0)
            if longest > 0:
                for ask in asks:
                    if waits[ask.bucket.name] > 0:
                        self._state(ask.bucket).yield_to(rank, now + waits[ask.bucket.name] + GRACE)
                return Taken(longest)
            slots: list[str] = []
            for ask in asks:
                if ask.bucket.calls:
                    self._state(ask.bucket).add(ask.bucket, ask.cost, rank, now)
                if ask.bucket.concurrent:
                    self._next += 1
                    slots.append(f"{self._next}:{ask.bucket.name}")
                    self._under_way.setdefault(ask.bucket.name, {})[slots[-1]] = rank
            return Taken(0.0, tuple(slots))

    def give_back(self, slots: Sequence[str]) -> None:
        with self._lock:
            for slot in slots:
                self._under_way.get(slot.partition(":")[2], {}).pop(slot, None)

    def hold(self, buckets: Sequence[Bucket], seconds: float) -> None:
        with self._lock:
            for bucket in buckets:
                state = self._state(bucket)
                state.held = max(state.held, self._clock() + seconds)

    def forecast(self, bucket: Bucket, calls: int, priority: Priority) -> float:
        with self._lock:
            return forecast(self._state(bucket), bucket, calls, priority, self._clock())

    def _wait(self, ask: Ask, rank: int, now: float) -> float:
        bucket = ask.bucket
        wait = self._state(bucket).wait(bucket, ask.cost, rank, now)
        ranks = list(self._under_way.get(bucket.name, {}).values())
        full = bucket.concurrent and len(ranks) >= bucket.concurrent
        if full or (bucket.concurrent and rank == 0 and ranks.count(0) >= bucket.low_concurrent):
            wait = max(wait, SLOT_POLL)
        return wait

    def _state(self, bucket: Bucket) -> State:
        return self._states.setdefault(bucket.name, State())


_quota: Quota = ProcessQuota()


def use(quota: Quota) -> Quota:
    """Count in another place from now on; gives the one before."""
    global _quota  # the one place where the process chooses where it counts
    before, _quota = _quota, quota
    return before


def in_use() -> Quota:
    """Where calls are counted."""
    return _quota

"""Counts calls by the simulated system's clock and moves that clock on instead of waiting: a day's limit is met in a second."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.sdk import quota
from connectors.sdk.http_calls import Calls
from connectors.sdk.limits import Limits
from connectors.sdk.manifest import Manifest
from connectors.sdk.quota import Ask, Bucket, Priority, ProcessQuota, Taken
from connectors.testing.simulator import Heard

_PATIENCE = 2.0
_SOON = 0.001
"""Seconds of real time until a call that had to wait asks again."""


class PacedQuota:
    """A quota whose waits cost no time. ``waited``: how often a call had to wait; ``held``: the system asked for time."""

    def __init__(self, system: Any) -> None:
        self._system = system
        self._inner = ProcessQuota(clock=system.now)
        self._lock = threading.Lock()
        self._granted = 0
        self.waited = 0
        self.held = threading.Event()

    def take(self, asks: Sequence[Ask], priority: Priority) -> Taken:
        with self._lock:
            taken = self._inner.take(asks, priority)
            if taken.wait <= 0:
                self._granted += 1
                return taken
            self.waited += 1
            # A slot comes back when another thread's call is over; nothing else does before the clock has moved.
            if taken.wait > quota.SLOT_POLL or not any(ask.bucket.concurrent for ask in asks):
                self._arrived()
                self._system.advance(taken.wait)
            return Taken(_SOON)

    def give_back(self, slots: Sequence[str]) -> None:
        self._inner.give_back(slots)

    def hold(self, buckets: Sequence[Bucket], seconds: float) -> None:
        self._inner.hold(buckets, seconds)
        self.held.set()

    def forecast(self, bucket: Bucket, calls: int, priority: Priority) -> float:
        return self._inner.forecast(bucket, calls, priority)

    def _arrived(self) -> None:
        """What was let through reaches the system before its clock moves: no real call is under way for seconds."""
        until = time.monotonic() + _PATIENCE
        while len(self._system.heard()) < self._granted and time.monotonic() < until:
            time.sleep(0.001)


@contextmanager
def paced(system: Any) -> Iterator[PacedQuota]:
    """Within, calls are counted by the system's clock."""
    made = PacedQuota(system)
    before = quota.use(made)
    try:
        yield made
    finally:
        quota.use(before)


def overrun(
    manifest: Manifest, settings: Mapping[str, Any], heard: Sequence[Heard]
) -> Iterator[tuple[Bucket, int, str]]:
    """Each limit of which more came in than is allowed: the bucket, how many came, and a path.

    Windows are laid anew over what came in; nothing of how the SDK counts is used but which calls a limit is about.
    """
    limits = Limits(manifest, settings, Calls())
    met: dict[str, tuple[Bucket, list[tuple[Heard, int]]]] = {}
    for each in heard:
        for ask in limits.asks(each.path, method=each.method, stream="", target=""):
            met.setdefault(ask.bucket.name, (ask.bucket, []))[1].append((each, ask.cost))
    for bucket, calls in met.values():
        most, path = _most(bucket, calls) if bucket.calls else (0, "")
        if most > bucket.calls:
            yield bucket, most, path
        together = max(each.under_way for each, _ in calls)
        if bucket.concurrent and together > bucket.concurrent:
            yield bucket, together, calls[0][0].path


def _most(bucket: Bucket, calls: Sequence[tuple[Heard, int]]) -> tuple[int, str]:
    """The largest sum of one window, and the path of its last call."""
    if bucket.fixed:
        sums: dict[int, int] = defaultdict(int)
        for each, cost in calls:
            sums[int((each.at - bucket.shift) // bucket.seconds)] += cost
        return max(sums.values()), calls[-1][0].path
    found, path = 0, ""
    first = total = 0
    for each, cost in sorted(calls, key=lambda call: call[0].at):
        total += cost
        while calls[first][0].at <= each.at - bucket.seconds:
            total -= calls[first][1]
            first += 1
        if total > found:
            found, path = total, each.path
    return found, path

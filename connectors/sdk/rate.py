"""Stay within a vendor's call limit instead of running into it."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

_MARGIN = 1.05


class RateLimit:
    """At most ``calls`` in any ``seconds`` per name, counted in this process. ``calls`` 0 means no limit.

    The window is kept 5 % longer than asked, since the vendor counts by its own clock.
    """

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = calls
        self._window = seconds * _MARGIN
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._taken: dict[str, deque[float]] = defaultdict(deque)

    def wait(self, name: str) -> None:
        """Return once a call under ``name`` may be made, and count it."""
        while self._calls:
            with self._lock:
                now = self._clock()
                taken = self._taken[name]
                while taken and taken[0] <= now - self._window:
                    taken.popleft()
                if len(taken) < self._calls:
                    taken.append(now)
                    return
                pause = taken[0] + self._window - now
            self._sleep(pause)

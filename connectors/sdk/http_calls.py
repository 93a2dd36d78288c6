"""What a client did, counted by path template."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass
class PathCalls:
    """Calls of one path: how many, tries beyond the first, bytes, seconds on the wire, seconds waited for a quota."""

    count: int = 0
    retries: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
    waits: int = 0
    waited: float = 0.0


class Calls:
    """Counts of a client; several threads may count at once."""

    def __init__(self) -> None:
        self.paths: dict[str, PathCalls] = {}
        self._lock = threading.Lock()
        self._last = threading.local()

    def called(self, path: str, sent: int, received: int, seconds: float) -> None:
        """One try was made, whatever came of it."""
        with self._lock:
            of = self._of(path)
            of.count += 1
            of.sent += sent
            of.received += received
            of.seconds += seconds
        self._last.path = path

    def retried(self) -> None:
        """The last call of this thread is tried again."""
        with self._lock:
            self._of(getattr(self._last, "path", "")).retries += 1

    def waited(self, path: str, seconds: float) -> None:
        """A call waited for its quota."""
        with self._lock:
            of = self._of(path)
            of.waits += 1
            of.waited += seconds

    @property
    def by_path(self) -> Counter[str]:
        """Calls by path."""
        with self._lock:
            return Counter({path: each.count for path, each in self.paths.items() if each.count})

    @property
    def retries(self) -> int:
        """Tries beyond the first."""
        return int(self._sum("retries"))

    @property
    def received(self) -> int:
        """Bytes of answers."""
        return int(self._sum("received"))

    @property
    def seconds(self) -> float:
        """Seconds on the wire."""
        return self._sum("seconds")

    def _sum(self, name: str) -> float:
        with self._lock:
            return float(sum(getattr(each, name) for each in self.paths.values()))

    def _of(self, path: str) -> PathCalls:
        return self.paths.setdefault(path, PathCalls())

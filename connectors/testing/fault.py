"""Faults a test can switch on in a simulator."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, field
from typing import Any, Final

KINDS: Final = {
    "latency": "answer `seconds` later",
    "timeout_before": "do nothing with the request, hold it `seconds`, close the connection",
    "timeout_after": "do what was asked, hold the answer `seconds`, close the connection",
    "late_accept": "close the connection at once, and do what was asked `seconds` later",
    "reset_body": "do what was asked, then reset the connection in the middle of the answer",
    "truncate": "do what was asked, then answer with half of the JSON",
    "slow_drip": "do what was asked, then send the answer in small pieces over `seconds`",
    "status": "answer HTTP `status` (with `retry_after` and `body`) and do nothing; with `times` it is a burst",
    "error_body": "answer HTTP 200 with `body` and do nothing",
    "html": "answer a web page with HTTP `status` and do nothing",
    "expired_token": "make every session and token given so far invalid, then look at the request",
    "die": "stop listening and drop every connection, before the request is looked at",
    "page_shift": "before the answer, users change `count` of the records, so that records move between pages",
    "tie": "before the answer, `count` records get the modification time of the newest one",
    "late_commit": "after the answer, `count` changes appear whose time lies `seconds` (at least 1 ms) before the newest",
}
DISTURBING: Final = ("page_shift", "tie", "late_commit")
"""Kinds that change records of the system as its own users do. They count as fired only when records really changed."""

_INSTEAD: Final = ("status", "error_body", "html", "timeout_before", "late_accept")
_UNANSWERED: Final = ("timeout_before", "late_accept")
_SENDING: Final = ("reset_body", "truncate", "slow_drip")


@dataclass
class Fault:
    """A fault for requests whose path contains ``path`` and whose body contains ``in_body``.

    It skips ``after`` of them, then meets each with ``probability`` (drawn from ``seed``) until it has fired ``times``
    times (0: no end). ``object``: the table a disturbing kind changes, where it is not the one a query asks for;
    ``fields``: what it writes there beside the time.
    """

    kind: str
    path: str = ""
    in_body: str = ""
    after: int = 0
    times: int = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float = 0.0
    status: int = 500
    retry_after: int | None = None
    body: Any = None
    count: int = 3
    object: str = ""
    fields: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind `{self.kind}` (there are: {', '.join(KINDS)})")
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability {self.probability} is not above 0 and at most 1")
        self.chance = random.Random(self.seed)  # noqa: S311 (repeatable by design)
        self.seen = 0
        self.fired = 0

    def meets(self, path: str, body: bytes) -> bool:
        """Whether it strikes this request; counts it."""
        if self.path not in path or self.in_body.encode() not in body:
            return False
        if self.times and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen <= self.after or (self.probability < 1 and self.chance.random() >= self.probability):
            return False
        self.fired += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """What was asked, how many requests it applied to (``seen``), how often it struck (``fired``)."""
        return {**asdict(self), "seen": self.seen, "fired": self.fired}


class Faults:
    """The faults switched on; those used up stay in the list to be counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def set(self, faults: list[dict[str, Any]]) -> list[Fault]:
        """Replace all faults and their counts; unknown keys and kinds are errors."""
        made = [Fault(**fault) for fault in faults]
        with self._lock:
            self._faults = made
        return made

    def take(self, path: str, body: bytes = b"") -> list[Fault]:
        """The faults that strike this request. One that another keeps from striking is not counted as fired."""
        with self._lock:
            met = [fault for fault in self._faults if fault.meets(path, body)]
            acting = _acting([fault.kind for fault in met])
            struck: dict[str, Fault] = {}
            for fault in met:
                if fault.kind not in acting or fault.kind in struck:
                    fault.fired -= 1
                else:
                    struck[fault.kind] = fault
            return list(struck.values())

    def give_back(self, fault: Fault) -> None:
        """It could do nothing here: it did not fire."""
        with self._lock:
            fault.fired -= 1

    def as_json(self) -> list[dict[str, Any]]:
        """Every fault since the last ``set``."""
        with self._lock:
            return [fault.as_json() for fault in self._faults]


def _acting(kinds: list[str]) -> set[str]:
    """Of the kinds that meet one request, those that can strike together."""
    if "die" in kinds:
        return {"die"}
    instead = next((kind for kind in _INSTEAD if kind in kinds), "")
    unanswered = instead if instead in _UNANSWERED else "timeout_after" if "timeout_after" in kinds else ""
    sent = "" if unanswered else next((kind for kind in _SENDING if kind in kinds), "")
    asked = () if instead else ("expired_token", *DISTURBING)
    return {"latency", instead, unanswered, sent, *asked}

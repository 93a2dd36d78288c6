"""Faults a test can switch on in a simulator."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = {
    "latency": "answer `seconds` later",
    "timeout_before": "do nothing with the request, hold it `seconds`, close the connection",
    "timeout_after": "do what was asked, hold the answer `seconds`, close the connection",
    "reset_body": "do what was asked, then reset the connection in the middle of the answer",
    "truncate": "do what was asked, then answer with half of the JSON",
    "status": "answer HTTP `status` (with `retry_after`) and do nothing",
    "error_body": "answer HTTP 200 with `body` and do nothing",
    "html": "answer a web page with HTTP `status` and do nothing",
    "die": "stop listening and drop every connection, before the request is looked at",
}


@dataclass
class Fault:
    """A fault for requests whose path contains ``path``: skips ``after`` of them, then meets ``times`` (0: all)."""

    kind: str
    path: str = ""
    after: int = 0
    times: int = 1
    seconds: float = 0.0
    status: int = 500
    retry_after: int | None = None
    body: Any = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault kind `{self.kind}` (there are: {', '.join(KINDS)})")


class Faults:
    """The faults switched on now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def set(self, faults: list[dict[str, Any]]) -> None:
        """Replace all faults; unknown keys and kinds are errors."""
        made = [Fault(**fault) for fault in faults]
        with self._lock:
            self._faults = made

    def take(self, path: str) -> list[Fault]:
        """The faults that meet this request."""
        met: list[Fault] = []
        with self._lock:
            for fault in list(self._faults):
                if fault.path not in path:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                met.append(fault)
                if fault.times > 0:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
        return met

"""Places where a test may kill the process: ``TONGMAI_FAILPOINT=name`` or ``name:3`` for the third time it is reached."""

from __future__ import annotations

import os
import signal

_reached: dict[str, int] = {}


def reach(name: str) -> None:
    """Die here by SIGKILL when the environment asks for it; otherwise nothing."""
    wanted = os.environ.get("TONGMAI_FAILPOINT")
    if not wanted:
        return
    target, _, nth = wanted.partition(":")
    if target == name:
        _reached[name] = _reached.get(name, 0) + 1
        if _reached[name] >= int(nth or "1"):
            os.kill(os.getpid(), signal.SIGKILL)

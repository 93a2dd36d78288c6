"""Durations as people write them in YAML: ``5 minutes``, ``1 hour``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from tongmai.core.finding import Mistake

_DURATION = re.compile(r"(\d{1,6})\s*(second|minute|hour|day)s?$")


def parse(value: Any) -> Any:
    """``5 minutes``, ``10 seconds``, ``1 day`` as a timedelta. Raises ``Mistake``."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.match(value) if isinstance(value, str) else None
    if not match:
        raise Mistake(
            f"`{value}` is not a duration (like `5 minutes`, `1 hour`)",
            f"`{value}` 不是时长（如 `5 minutes`、`1 hour`）",
        )
    return timedelta(**{match[2] + "s": int(match[1])})

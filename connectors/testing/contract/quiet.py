"""What systems that do not speak HTTP have in common for the suite: no faults on the wire, no requests, no tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class QuietSystem:
    """Base of stands that the suite disturbs only through their records."""

    faults_known = False

    def faults(self, faults: Sequence[dict[str, Any]]) -> None:
        """There is no wire to disturb."""
        if faults:
            raise ValueError("this system has no wire that could be disturbed")

    def fired(self) -> int:
        """No fault ever struck."""
        return 0

    def calls(self) -> dict[str, int]:
        """There are no requests."""
        return {}

    def forget(self) -> None:
        """There is nothing to forget."""

    def expire(self) -> None:
        """There are no tokens."""

    def record(self, obj: str, key: str) -> dict[str, Any] | None:
        """It cannot be looked into record by record."""
        raise NotImplementedError("this stand cannot show a record: give it `record`")

    def listen(self) -> None:
        """There are no requests."""

    def heard(self) -> list[Any]:
        """There are no requests."""
        return []

    def too_fast(self) -> int:
        """Nothing is refused for its speed."""
        return 0

    def pace(self) -> None:
        """It has no call limits."""

    def advance(self, seconds: float) -> None:
        """It has no clock of its own."""

"""What a connector adds that hears of changes over a socket it opens itself, instead of an address that is called.

Its folder then has ``stream.py`` with ``listen(settings, manifest) -> Listening``. Nothing is opened by that yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Told:
    """One event: what a webhook's ``event.…`` places read. ``mark`` is what the system wants to see in the answer."""

    event: Any
    mark: Any


class Listening(Protocol):
    """A socket of one connection. Used by one thread; after an error it is closed and opened again."""

    webhook: str
    """The webhook of the manifest whose ``events:`` section reads what is told."""

    def open(self) -> None:
        """Connect. Raises ``RetryableError`` when the system is away, another ``TongmaiError`` when nothing but a change helps."""
        ...

    def receive(self, seconds: float) -> Told | None:
        """The next event; None when none came in that time. Raises ``RetryableError`` when the socket has ended."""
        ...

    def answer(self, told: Told, *, stored: bool) -> None:
        """Say that an event is safe, or ask for it again."""
        ...

    def close(self) -> None:
        """Close the socket; it may be opened again."""
        ...

"""The webhook receiver on this host, started where a connection has webhooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tongmai.intake.addresses import Addresses
from tongmai.stack import listening

PORT = 8790
INTAKE = "intake"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Receiver:
    """``url`` is empty when nothing can be received: no connection has webhooks with their secrets set.

    ``problems``: connections with webhooks that cannot be received, and the code of why.
    """

    url: str
    addresses: tuple[str, ...]
    problems: dict[str, str]


def start(say: Say, patience: float = 60) -> Receiver:
    """Start the receiver where there is something to receive and it does not run; wait until it answers."""
    found = Addresses().found()
    problems = {name: error.code for name, error in sorted(found.problems.items())}
    if not found.addresses:
        return Receiver("", (), problems)
    what = "webhook receiver"
    url = listening.start(INTAKE, ["intake"], PORT, say, patience, what=what, code="intake-ended")
    return Receiver(
        url, tuple(f"{url}{each.path}" for each in sorted(found.addresses.values(), key=lambda one: one.path)), problems
    )


def stop(say: Say) -> bool:
    """Stop it; what it accepted is stored. True when it was alive."""
    return listening.stop(INTAKE, say)

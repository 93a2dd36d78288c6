"""The scenarios by name. Each plays the product end to end and checks what must be true whatever the code looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module


@dataclass(frozen=True)
class Scenario:
    """Where a scenario's ``play`` is, and the variables it needs before the product is imported."""

    module: str
    environment: dict[str, str] = field(default_factory=dict)

    def play(self) -> Callable[[], None]:
        """Its function; raises ``Fell`` when an invariant does not hold."""
        found: Callable[[], None] = import_module(f"{__name__}.{self.module}").play
        return found


SCENARIOS = {
    "rounds": Scenario("rounds"),
    "objects": Scenario("objects"),
    "reading": Scenario("reading"),
    "kills": Scenario("kills"),
    "doubt": Scenario("doubt"),
    "copies": Scenario("copies"),
    "zombie": Scenario("zombie", {"TONGMAI_LEASE_SECONDS": "2"}),
    "blind": Scenario("blind"),
    "deals": Scenario("deals"),
    "killed_deals": Scenario("killed_deals"),
    "contract": Scenario("contract", {"TONGMAI_PATH": "docs/examples/acme_crm"}),
}

"""What a cell of the fault table is, and what is known of it once it has run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from tongmai.core.text import Text

if TYPE_CHECKING:
    from tests.faults.scene import Scene

ENOUGH = 0.95
"""The share of signed deals that has to be delivered while the faults go on."""


@dataclass(frozen=True)
class Count:
    """A planned fault: how often it fired, and how often at least it has to, or nothing was tested."""

    name: str
    least: int
    fired: int

    @property
    def void(self) -> bool:
        """Whether it fired less often than planned."""
        return self.fired < self.least


class Trouble(Protocol):
    """What goes wrong, and how the chain is driven meanwhile."""

    def begin(self, scene: Scene) -> None:
        """The trouble starts."""
        ...

    def drive(self, scene: Scene) -> bool:
        """One pass over the chain, as its scheduler would do it; whether it went through."""
        ...

    def end(self, scene: Scene) -> list[Count]:
        """The trouble is over; how often it struck."""
        ...


@dataclass(frozen=True)
class Cell:
    """A row of the table. ``settings``: of both connections, beside the short time-outs that all cells have."""

    name: str
    what: Text
    side: str
    trouble: Callable[[int, int], Trouble]
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    delivered_least: float = ENOUGH
    late_signing: bool = False
    alone: Callable[..., Outcome] | None = None


@dataclass
class Outcome:
    """What a cell showed. ``order`` and ``books`` count what was wrong."""

    cell: str
    deals: int = 0
    seed: int = 0
    counts: list[Count] = field(default_factory=list)
    passes: int = 0
    delivered: float = 0.0
    delivered_least: float = ENOUGH
    lost: int = 0
    doubled: int = 0
    order: int = 0
    books: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """``void`` when a planned fault did not fire as often as planned: such a cell says nothing, good or bad."""
        if not self.counts or any(count.void for count in self.counts):
            return "void"
        wrong = self.lost or self.doubled or self.order or self.books or self.notes
        return "failed" if wrong or self.delivered < self.delivered_least else "passed"

    def as_json(self) -> dict[str, Any]:
        """To keep it."""
        return {**asdict(self), "verdict": self.verdict}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Outcome:
        """As it was kept."""
        counts = [Count(**count) for count in data["counts"]]
        return Outcome(**{**{k: v for k, v in data.items() if k != "verdict"}, "counts": counts})

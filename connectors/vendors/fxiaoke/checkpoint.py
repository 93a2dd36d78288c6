"""Where the next read starts: the change times reached, of an object and of each of its detail objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Mark:
    """Times in milliseconds by the vendor's clock. As text ``1767196800000;NewOpportunityLinesObj=1767196800005``.

    They are kept apart because a row may become visible late: the time of one object says nothing about another.
    """

    at: int | None = None
    details: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def text(self) -> str | None:
        """None when nothing was seen yet."""
        if self.at is None:
            return None
        return ";".join([str(self.at), *(f"{name}={at}" for name, at in sorted(self.details.items()))])

    def of(self, detail: str) -> int:
        """The time reached of a detail object; without one of its own, the object's."""
        return self.details.get(detail, self.at or 0)

    def reached(self, details: Mapping[str, int]) -> Mark:
        """With later times of detail objects."""
        later = {name: max(at, self.details.get(name, at)) for name, at in details.items()}
        return Mark(self.at, {**self.details, **later})


def parse(text: str | None) -> Mark:
    """The mark of a checkpoint. Raises ``ValueError``."""
    if text is None:
        return Mark()
    at, *parts = text.split(";")
    details = {}
    for part in parts:
        name, _, value = part.partition("=")
        details[name] = int(value)
    return Mark(int(at), details)

"""What each level of a comparison weighs, and how common values are: learnt once, kept in a versioned file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

MILLI = 1000
"""Weights are whole thousandths of a bit: a sum is the same in whatever order and wherever it is made."""
RARE, COMMON = 4.0, -7.0
"""A token agreed on adds at most RARE bits and takes at most -COMMON."""


@dataclass(frozen=True)
class Frequencies:
    """How often each token of one comparison occurs in a sample; what occurs once is left out."""

    records: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    squares: float = 0.0

    def adjustment(self, token: str) -> int:
        """Milli-bits to add for agreeing on this token rather than on an average one."""
        if not token or not self.records:
            return 0
        mean = self.squares / self.records
        bits = math.log2(max(mean, 1.0) / max(self.counts.get(token, 1), 1))
        return round(MILLI * min(RARE, max(COMMON, bits)))


@dataclass(frozen=True)
class Weights:
    """Learnt weights of one entity.

    ``levels``: milli-bits by comparison and level against strangers, over what the kind says itself; ``relatives``: the same
    against what records of relatives and neighbours show, that share a brand word or an office. ``records``: size of the sample whose
    frequencies these are; the prior follows it, so the same pair weighs the same whatever has arrived since.
    ``kin``: milli-bits of the odds between a match and a relative among candidates. ``caps``: by block, as the rules write it,
    how many records may have a key that is still a reason to compare them; a block that is not named has the rules' ``generic``.
    """

    version: str = "untrained"
    levels: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    relatives: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    kin: int = 0
    frequencies: Mapping[str, Frequencies] = field(default_factory=dict)
    records: int = 1000
    partners: float = 1.5
    caps: Mapping[str, int] = field(default_factory=dict)

    @property
    def prior(self) -> int:
        """Milli-bits of two records drawn at random: each has ``partners`` others among ``records``."""
        return round(MILLI * math.log2(self.partners / max(self.records, 2)))

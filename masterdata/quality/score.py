"""Scores from 0 to 100 that say what they lose by.

A dimension's score is the share of checks that held, each counted with its rule's weight; the whole is the mean of the
dimensions with something to check, by their weights. So what each rule costs adds up to what is missing to 100, and a set of
records is scored by the same formula as a single one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from masterdata.quality.rule import Rule, Verdict


@dataclass
class Tally:
    """How often each rule (by its position) was checked and failed, over so many records. Tallies add up."""

    size: int
    records: int = 0
    flawed: int = 0
    checked: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.checked = self.checked or [0] * self.size
        self.failed = self.failed or [0] * self.size

    def count(self, verdicts: Sequence[Verdict], times: int = 1) -> None:
        """The verdicts of a record, or of so many of which the same is to be said."""
        self.records += times
        for index, verdict in enumerate(verdicts):
            if verdict is not None:
                self.checked[index] += times
                if not verdict:
                    self.failed[index] += times
        if False in verdicts:
            self.flawed += times

    def add(self, other: Tally) -> None:
        """What another one counted, too."""
        self.records += other.records
        self.flawed += other.flawed
        self.checked = [one + two for one, two in zip(self.checked, other.checked, strict=True)]
        self.failed = [one + two for one, two in zip(self.failed, other.failed, strict=True)]


@dataclass(frozen=True, slots=True)
class Score:
    """``total`` and each dimension's score (None: nothing could be checked), and by rule the points that it costs of the total."""

    total: float | None
    dimensions: dict[str, float]
    costs: dict[str, float]


def scored(rules: Sequence[Rule], weights: Mapping[str, float], tally: Tally) -> Score:
    """The score of what was counted; ``weights``: of the dimensions, 1 where nothing is said."""
    whole: dict[str, float] = {}
    lost: dict[str, float] = {}
    for rule, checked, failed in zip(rules, tally.checked, tally.failed, strict=True):
        if checked:
            whole[rule.dimension] = whole.get(rule.dimension, 0.0) + rule.weight * checked
            lost[rule.dimension] = lost.get(rule.dimension, 0.0) + rule.weight * failed
    dimensions = {name: 100 * (1 - lost[name] / size) for name, size in whole.items()}
    shares = {name: weights.get(name, 1.0) for name in dimensions}
    all_shares = sum(shares.values())
    if not all_shares:
        return Score(None, dimensions, {})
    costs = {
        rule.name: 100 * rule.weight * failed / whole[rule.dimension] * shares[rule.dimension] / all_shares
        for rule, checked, failed in zip(rules, tally.checked, tally.failed, strict=True)
        if checked
    }
    total = sum(dimensions[name] * share for name, share in shares.items()) / all_shares
    return Score(total, dimensions, costs)


def of_record(rules: Sequence[Rule], weights: Mapping[str, float], verdicts: Sequence[Verdict]) -> float:
    """The score of one record; 100 where nothing could be checked."""
    tally = Tally(len(rules))
    tally.count(verdicts)
    total = scored(rules, weights, tally).total
    return 100.0 if total is None else total


def judged(rules: Sequence[Rule], columns: Iterable[Sequence[Verdict]]) -> list[tuple[Verdict, ...]]:
    """Verdicts by record out of verdicts by rule."""
    return list(zip(*columns, strict=True)) if rules else []

"""Many pairs of a few records: each different pair of values is judged once, by the same functions as a single pair."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from masterdata.matching.cluster import Evidence, Pair
from masterdata.matching.kinds import MISSING
from masterdata.matching.scorer import Compare, Features, Scorer


def evidence(
    scorer: Scorer, known: Mapping[int, Features], members: Iterable[int], pairs: Sequence[Pair]
) -> tuple[dict[Pair, Evidence], set[Pair]]:
    """What ``Scorer.score`` says of each pair of members as evidence for clusters, and which pairs a level forbids."""
    everyone = list(members)
    rows: list[list[int]] = [[1, 0] for _ in pairs]
    vetoes: set[Pair] = set()
    for at, compare in enumerate(scorer.comparisons):
        numbers: dict[Any, int] = {}
        own = {one: numbers.setdefault(known[one][at], len(numbers)) for one in everyone}
        values, size = list(numbers), len(numbers)
        table: dict[int, tuple[tuple[int, int, int], bool]] = {}
        for pair, row in zip(pairs, rows, strict=True):
            a, b = own[pair[0]], own[pair[1]]
            cell = a * size + b if a < b else b * size + a
            found = table.get(cell)
            if found is None:
                found = table[cell] = _judged(compare, values[a], values[b])
            row += found[0]
            if found[1]:
                vetoes.add(pair)
    return {pair: tuple(row) for pair, row in zip(pairs, rows, strict=True)}, vetoes


def _judged(compare: Compare, one: Any, other: Any) -> tuple[tuple[int, int, int], bool]:
    found = compare.judge(one, other)
    weight, rarity = compare.weigh(found)
    there = 0 if found.level == MISSING else 1
    return (weight, compare.kin[found.level] + rarity, there), found.level in compare.never

"""Weigh many pairs at once: each different pair of values is judged once, by the same functions as online."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masterdata.matching.columns import Columns, Ints
from masterdata.matching.kinds import MISSING

Flags = NDArray[np.bool_]


@dataclass
class Pairs:
    """Weighed pairs: ``left`` < ``right`` are record numbers, ``weight`` milli-bits, ``veto`` whether a level forbids them."""

    left: Ints
    right: Ints
    weight: NDArray[np.int32]
    veto: Flags

    def only(self, chosen: Flags | Ints) -> Pairs:
        """Some of them."""
        return Pairs(self.left[chosen], self.right[chosen], self.weight[chosen], self.veto[chosen])


def judged(columns: Columns, comparison: int, left: Ints, right: Ints) -> tuple[list[tuple[int, int]], Ints]:
    """The different pairs of values (lower number first), and which of them each pair of records has."""
    column = columns.column(comparison)
    one, other = column[left].astype(np.int64), column[right].astype(np.int64)
    low, high = np.minimum(one, other), np.maximum(one, other)
    low[low == 0] = 0
    high[low == 0] = 0
    size = len(columns.values[comparison])
    unique, which = np.unique(low * size + high, return_inverse=True)
    return list(zip((unique // size).tolist(), (unique % size).tolist(), strict=True)), which


def weigh(columns: Columns, left: Ints, right: Ints, least: int | None = None) -> Pairs:
    """Weigh pairs. With ``least``: those that cannot reach it any more are dropped on the way."""
    scorer = columns.scorer
    alive = np.arange(len(left))
    stranger = np.full(len(left), scorer.weights.prior, np.int32)
    relative = np.full(len(left), scorer.weights.kin, np.int32)
    veto = np.zeros(len(left), np.bool_)
    ahead = sum(each.highest for each in scorer.comparisons)
    ahead_kin = sum(each.highest_kin for each in scorer.comparisons)
    for at, compare in enumerate(scorer.comparisons):
        table, which = _tables(columns, at, left[alive], right[alive])
        stranger[alive] += table[which, 0]
        relative[alive] += table[which, 1]
        veto[alive] |= table[which, 3] > 0
        ahead -= compare.highest
        ahead_kin -= compare.highest_kin
        if least is not None:
            alive = alive[(stranger[alive] + ahead >= least) & (relative[alive] + ahead_kin >= least)]
    weight: NDArray[np.int32] = np.minimum(stranger, relative)
    every = Pairs(left, right, weight, veto)
    return every if least is None else every.only(alive[weight[alive] >= least])


def evidence(columns: Columns, left: Ints, right: Ints) -> tuple[NDArray[np.int32], Flags]:
    """``cluster.Evidence`` of pairs, a row each, and which of them are forbidden."""
    found = np.zeros((len(left), 2 + 3 * len(columns.scorer.comparisons)), np.int32)
    found[:, 0] = 1
    veto = np.zeros(len(left), np.bool_)
    for at in range(len(columns.scorer.comparisons)):
        table, which = _tables(columns, at, left, right)
        found[:, 2 + 3 * at : 5 + 3 * at] = table[which, :3]
        veto |= table[which, 3] > 0
    return found, veto


def _tables(columns: Columns, at: int, left: Ints, right: Ints) -> tuple[NDArray[np.int32], Ints]:
    """For each different pair of values: weight against strangers, against relatives, whether they say anything, veto."""
    compare, values = columns.scorer.comparisons[at], columns.values[at]
    pairs, which = judged(columns, at, left, right)
    table = np.zeros((len(pairs), 4), np.int32)
    for number, (one, other) in enumerate(pairs):
        if one:
            found = compare.judge(values[one], values[other])
            strange, rarity = compare.weigh(found)
            there = found.level != MISSING
            table[number] = strange, compare.kin[found.level] + rarity, there, found.level in compare.never
    return table, which


def levels(columns: Columns, left: Ints, right: Ints) -> list[NDArray[np.int16]]:
    """The level of each comparison for each pair, by its number in the kind; -1 for missing."""
    found = []
    for at, compare in enumerate(columns.scorer.comparisons):
        number = {level.name: index for index, level in enumerate(compare.kind.levels)} | {MISSING: -1}
        values = columns.values[at]
        pairs, which = judged(columns, at, left, right)
        table = np.array(
            [number[compare.judge(values[one], values[other]).level] if one else -1 for one, other in pairs], np.int16
        )
        found.append(table[which])
    return found

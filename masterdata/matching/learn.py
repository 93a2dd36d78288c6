"""Learn weights from records without labels: Fellegi and Sunter's model by expectation maximisation.

How often records that are not the same agree (u) is counted on random pairs; how often the same ones do (m) is learnt on
the candidates, where both are mixed. Labels, if there are any, fix what their pairs are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterdata.matching.batch import judged, levels, weigh
from masterdata.matching.columns import Columns, Ints, candidates
from masterdata.matching.kinds import Level
from masterdata.matching.scorer import Scorer
from masterdata.matching.weights import MILLI, Frequencies, Weights

ROUNDS = 60
SMOOTH = 0.5
"""Added to each count, so that a level nobody has seen in the sample is rare and not impossible."""
RANDOM = 1_500_000
"""Random pairs at most; a small file needs fewer."""
RIDGE = 1.0
"""How strongly a level that few pairs show is drawn to weigh nothing."""
Floats = NDArray[np.float64]
LEAST = 200
"""Candidate pairs from which something can be learnt: of fewer, chance looks like a rule."""
NONE: NDArray[np.int16] = np.zeros(0, np.int16)


def learnable(columns: Columns) -> bool:
    """Whether there are enough candidates to learn from."""
    return columns.size > 1 and len(candidates(columns, columns.scorer.rules.generic)[0]) >= LEAST


def frequencies(columns: Columns) -> dict[str, Frequencies]:
    """How common each comparison's tokens are among the records."""
    found: dict[str, Frequencies] = {}
    for at, compare in enumerate(columns.scorer.comparisons):
        times = np.bincount(columns.column(at), minlength=len(columns.values[at]))
        counts: Counter[str] = Counter()
        for value, number in zip(columns.values[at][1:], times[1:].tolist(), strict=True):
            for token in compare.kind.tokens(value):
                counts[token] += number
        records = sum(counts.values())
        if records:
            squares = float(sum(number * number for number in counts.values()))
            found[compare.name] = Frequencies(records, {t: n for t, n in counts.items() if n > 1}, squares)
    return found


def by_chance(columns: Columns, seed: int = 1) -> list[Floats]:
    """u: the share of each level among random pairs that have both values. Pairs that look the same are left out: among a
    million random ones there are hundreds, and they would set a ceiling to every weight."""
    chance = np.random.default_rng(seed)
    count = min(RANDOM, 200 * columns.size)
    left = chance.integers(0, columns.size, count)
    right = chance.integers(0, columns.size, count)
    first = weigh(columns, left, right, columns.scorer.review)
    same = set(zip(first.left.tolist(), first.right.tolist(), strict=True))
    differ = left != right
    if same:
        differ &= np.array([pair not in same for pair in zip(left.tolist(), right.tolist(), strict=True)])
    each = np.ones(int(differ.sum()))
    every = levels(columns, left[differ], right[differ])
    return [
        _shares(found, len(compare.kind.levels), each)
        for found, compare in zip(every, columns.scorer.comparisons, strict=True)
    ]


def learn(
    columns: Columns, version: str, labels: Mapping[tuple[int, int], bool] | None = None
) -> tuple[Weights, dict[str, Any]]:
    """(weights, a report: share of matches among the candidates, levels' m and u).

    Candidates share a key, so among them the keys' own comparisons agree more often than among all that are the same; where
    ``labels`` name pairs that are the same and share no key, these are counted too.
    """
    scorer = columns.scorer
    left, right, _ = candidates(columns, scorer.rules.generic)
    u = by_chance(columns)
    start = weigh(columns, left, right)
    sure = np.clip(start.weight / MILLI, -30, 30)
    match = 1 / (1 + np.exp2(-sure))
    match[start.veto] = 0.0
    fixed = _fixed(left, right, columns.size, labels or {})
    patterns, which = _patterns(levels(columns, left, right))
    m: list[Floats] = []
    other: list[Floats] = []
    share = 0.5
    beyond = _beyond(columns, left, right, labels or {})
    known = np.isfinite(fixed)
    match[known] = fixed[known]
    for _ in range(ROUNDS):
        weight, rest = _summed(which, match, len(patterns)), _summed(which, 1 - match, len(patterns))
        sizes = [len(compare.kind.levels) for compare in scorer.comparisons]
        m = [_shares(patterns[:, at], size, weight, beyond[at]) for at, size in enumerate(sizes)]
        other = [_shares(patterns[:, at], size, rest) for at, size in enumerate(sizes)]
        share = float(weight.sum() / (weight.sum() + rest.sum()))
        odds = np.full(len(patterns), math.log2(share / (1 - share)))
        for at in range(len(sizes)):
            ratio = np.append(np.log2(m[at] / other[at]), 0.0)
            odds += ratio[patterns[:, at]]
        fresh = (1 / (1 + np.exp2(-np.clip(odds, -60, 60))))[which]
        fresh[start.veto] = 0.0
        fresh[known] = fixed[known]
        moved = float(np.abs(fresh - match).max()) if len(match) else 0.0
        match = fresh
        if moved < 1e-4:
            break
    partners = 2 * (float(match.sum()) + len(beyond[0])) / max(1, columns.size)
    learnt: dict[str, dict[str, int]] = {}
    for at, compare in enumerate(scorer.comparisons):
        counts = _counts(patterns[:, at], len(u[at]), _summed(which, match, len(patterns)), beyond[at])
        if counts.sum() > 1:
            learnt[compare.name] = _bits(counts, u[at], compare.kind.levels)
    found_now = frequencies(columns)
    kin, relatives = _against_relatives(
        columns, Weights(version, learnt, {}, 0, found_now, columns.size), left, right, match, start.veto
    )
    report = {"share": share, "candidates": len(left), "partners": partners, "m": m, "u": u, "other": other}
    return Weights(version, learnt, relatives, kin, found_now, columns.size, max(round(partners, 4), 0.01)), report


def _against_relatives(
    columns: Columns, weights: Weights, left: Ints, right: Ints, match: Floats, veto: NDArray[np.bool_]
) -> tuple[int, dict[str, dict[str, int]]]:
    """Weights that part the same from relatives among the candidates: a logistic regression on levels and rarity.

    Evidence of one kind comes in company (one office has one telephone, one door and one domain); this, unlike counting
    each level on its own, sees it.
    """
    scorer = Scorer(columns.scorer.rules, weights)
    rows: list[Floats] = [np.ones(len(left))]
    rarity = np.zeros(len(left))
    names: list[tuple[str, str]] = []
    for at, compare in enumerate(scorer.comparisons):
        pairs, which = judged(columns, at, left, right)
        values = columns.values[at]
        number = {level.name: index for index, level in enumerate(compare.kind.levels)}
        level = np.full(len(pairs), -1)
        rare = np.zeros(len(pairs))
        for index, (one, other) in enumerate(pairs):
            if one:
                found = compare.judge(values[one], values[other])
                level[index], rare[index] = number.get(found.level, -1), compare.weigh(found)[1] / MILLI
        rarity += rare[which]
        for name, index in number.items():
            names.append((compare.name, name))
            rows.append((level == index)[which].astype(np.float64))
    known = ~veto
    given = np.stack(rows, axis=1)[known]
    offset, wanted = rarity[known] * math.log(2), match[known]
    weights_found = np.zeros(given.shape[1])
    penalty = np.full(len(weights_found), RIDGE)
    penalty[0] = 1e-6
    for _ in range(40):
        guess = 1 / (1 + np.exp(-np.clip(given @ weights_found + offset, -40, 40)))
        slope = given.T @ (wanted - guess) - penalty * weights_found
        curve = (given * (guess * (1 - guess))[:, None]).T @ given + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights_found += step
        if float(np.abs(step).max()) < 1e-6:
            break
    bits = np.round(MILLI * weights_found / math.log(2)).astype(int).tolist()
    kin: dict[str, dict[str, int]] = {}
    for (comparison, level_name), weight in zip(names, bits[1:], strict=True):
        kin.setdefault(comparison, {})[level_name] = weight
    return bits[0], kin


def _patterns(found: list[NDArray[np.int16]]) -> tuple[NDArray[np.int16], Ints]:
    """The different rows of levels, and which of them each pair has."""
    code = np.zeros(len(found[0]), np.int64)
    for each in found:
        code = code * 32 + (each + 1)
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return np.stack([each[first] for each in found], axis=1), which


def _summed(which: Ints, values: Floats, size: int) -> Floats:
    """The values of each pattern's pairs, added up."""
    return np.bincount(which, values, size).astype(np.float64)


def _shares(found: NDArray[np.int16], size: int, weight: Floats, more: NDArray[np.int16] = NONE) -> Floats:
    """The share of each level, smoothed."""
    counts = _counts(found, size, weight, more) + SMOOTH
    return np.asarray(counts / counts.sum())


def _counts(found: NDArray[np.int16], size: int, weight: Floats, more: NDArray[np.int16]) -> Floats:
    """How often each level is seen, by weight (each of ``more`` weighs one); missing values do not count."""
    there = found >= 0
    return np.asarray(np.bincount(found[there], weight[there], size) + np.bincount(more[more >= 0], minlength=size))


def _bits(counts: Floats, u: Floats, levels: Sequence[Level]) -> dict[str, int]:
    """Milli-bits of each level. One that the same never showed is worth what its kind says, or less where chance shows it:
    a level that nobody has seen at all must not become evidence by its rarity alone."""
    own = np.exp2(np.array([level.weight for level in levels]))
    unseen = np.minimum(SMOOTH, counts.sum() * u * own)
    m = (counts + unseen) / (counts + unseen).sum()
    return {level.name: round(MILLI * float(np.log2(m[at] / u[at]))) for at, level in enumerate(levels)}


def _beyond(
    columns: Columns, left: Ints, right: Ints, labels: Mapping[tuple[int, int], bool]
) -> list[NDArray[np.int16]]:
    """The levels of pairs that are said to be the same and are no candidates."""
    same = sorted((min(pair), max(pair)) for pair, truth in labels.items() if truth)
    found = np.array(same, np.int64).reshape(-1, 2)
    fresh = ~np.isin(found[:, 0] * columns.size + found[:, 1], left * columns.size + right)
    return levels(columns, found[fresh, 0], found[fresh, 1])


def _fixed(left: Ints, right: Ints, size: int, labels: Mapping[tuple[int, int], bool]) -> Floats:
    """1 or 0 for labelled pairs, NaN for the rest."""
    found = np.full(len(left), np.nan)
    if labels:
        wanted = {min(pair) * size + max(pair): float(same) for pair, same in labels.items()}
        codes = left * size + right
        order = np.searchsorted(codes, list(wanted))
        for at, (code, same) in zip(order.tolist(), wanted.items(), strict=True):
            if at < len(codes) and codes[at] == code:
                found[at] = same
    return found

"""All records at once: candidates, weights, components, clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

from masterdata.matching.batch import Pairs, evidence, weigh
from masterdata.matching.cluster import LARGE, Pair, components, partition
from masterdata.matching.columns import Columns, candidates

CHUNK = 1_000_000
LOT = 300_000


@dataclass
class Resolved:
    """``entity[r]``: the lowest record number of record r's cluster; ``pairs``: every pair from the review threshold on."""

    entity: list[int]
    pairs: Pairs
    candidates: int
    generic: list[int]


def resolve(columns: Columns, least: int, decided: Mapping[Pair, bool] | None = None) -> Resolved:
    """Cluster all records; unions from a mean link of ``least`` milli-bits on. ``decided`` pairs are one, or are not,
    whatever they weigh."""
    scorer = columns.scorer
    left, right, generic = candidates(columns, scorer.rules.generic)
    found: list[Pairs] = []
    for at in range(0, max(1, len(left)), CHUNK):
        found.append(weigh(columns, left[at : at + CHUNK], right[at : at + CHUNK], scorer.review))
    pairs = _joined(found)
    entity = list(range(columns.size))
    for clusters in _clusters(columns, pairs, least, decided or {}):
        for cluster in clusters:
            for one in cluster:
                entity[one] = cluster[0]
    return Resolved(entity, pairs, len(left), generic)


def _clusters(columns: Columns, pairs: Pairs, least: int, decided: Mapping[Pair, bool]) -> Iterator[list[list[int]]]:
    """The partition of every component, some thousands of components at a time."""
    same = sorted(pair for pair, one in decided.items() if one)

    def edges() -> Iterator[Pair]:
        return chain(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), same)

    groups = components(edges())
    large: dict[int, list[Pair]] = {one: [] for group in groups if len(group) > LARGE for one in group[:1]}
    if large:
        first = {one: group[0] for group in groups if len(group) > LARGE for one in group}
        for pair in edges():
            if pair[0] in first:
                large[first[pair[0]]].append(pair)
        large = {one: sorted(set(found)) for one, found in large.items()}
    said = _by_group(groups, decided)
    whole = {one: members[0] for members in components(same) for one in members}
    odds = (columns.scorer.weights.prior, columns.scorer.weights.kin)
    for some in _lots(groups):
        own = [large[group[0]] if len(group) > LARGE else _every(group) for group in some]
        flat = np.array([pair for found in own for pair in found], np.int64)
        matrix, veto = evidence(columns, flat[:, 0], flat[:, 1])
        at = 0
        for group, found in zip(some, own, strict=True):
            rows = matrix[at : at + len(found)].tolist()
            never = veto[at : at + len(found)].tolist()
            vetoes = {pair for pair, is_so in zip(found, never, strict=True) if is_so}
            known = {pair: tuple(row) for pair, row in zip(found, rows, strict=True)}
            own_said = said.get(group[0], {})
            if own_said:
                vetoes = {pair for pair in vetoes if whole.get(pair[0], -1) != whole.get(pair[1], -2)}
                vetoes |= {pair for pair, one in own_said.items() if not one}
            yield partition(group, known, vetoes, least, odds, [pair for pair, one in own_said.items() if one])
            at += len(found)


def _by_group(groups: list[list[int]], decided: Mapping[Pair, bool]) -> dict[int, dict[Pair, bool]]:
    """What was decided of two records of one component, by the component's first record."""
    ends = {end for pair in decided for end in pair}
    first = {one: group[0] for group in groups for one in group if one in ends} if ends else {}
    found: dict[int, dict[Pair, bool]] = {}
    for pair, same in decided.items():
        if pair[0] in first and first[pair[0]] == first.get(pair[1]):
            found.setdefault(first[pair[0]], {})[pair] = same
    return found


def _every(group: list[int]) -> list[Pair]:
    return [(one, other) for at, one in enumerate(group) for other in group[at + 1 :]]


def _lots(groups: list[list[int]]) -> Iterator[list[list[int]]]:
    """Components in lots of about ``LOT`` pairs."""
    some: list[list[int]] = []
    count = 0
    for group in groups:
        some.append(group)
        count += min(len(group), LARGE) ** 2 // 2
        if count >= LOT:
            yield some
            some, count = [], 0
    if some:
        yield some


def _joined(parts: list[Pairs]) -> Pairs:
    return Pairs(
        np.concatenate([each.left for each in parts]),
        np.concatenate([each.right for each in parts]),
        np.concatenate([each.weight for each in parts]),
        np.concatenate([each.veto for each in parts]),
    )

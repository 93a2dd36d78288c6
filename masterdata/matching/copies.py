"""Records of a file that say exactly what others say: an order list names a buyer a thousand times.

Many copies would make each key that they share too common to find anybody by, and each of their values a common one. So
of more than ``FEW`` one stands for all, if a record like this is surely one with its like.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masterdata.matching.columns import Columns, Ints

FEW = 10


def alike(columns: Columns, apart: Ints) -> Ints:
    """For each record the first one that is the same in all that is compared, where there are more than ``FEW`` of them;
    itself otherwise, and if it is among ``apart`` or says nothing at all."""
    own = np.arange(columns.size, dtype=np.int64)
    if not columns.size:
        return own
    rows = [columns.column(at) for at in range(len(columns.values))]
    code = np.zeros(columns.size, np.uint64)
    said = np.zeros(columns.size, np.bool_)
    with np.errstate(over="ignore"):
        for row in rows:
            code = (code ^ row.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            code ^= code >> np.uint64(29)
            said |= row > 0
    said[apart] = False
    chosen = np.flatnonzero(said)
    _, first, which, counts = np.unique(code[chosen], return_index=True, return_inverse=True, return_counts=True)
    stands = chosen[first][which]
    same = counts[which] > FEW
    for row in rows:  # two different records may have one code
        same &= row[chosen] == row[stands]
    own[chosen[same]] = stands[same]
    return own


def sure(columns: Columns, stands: Ints, least: int) -> Ints:
    """``stands`` without the records of which not even two copies would be one, or that no key would find: two people may
    have one name. How common a value is counts copies too here, for nothing says yet that they are one."""
    every = np.unique(stands[stands != np.arange(columns.size)])
    scorer = columns.scorer
    doubtful: list[int] = []
    for one in every.tolist():
        features = columns.features(one)
        scored = scorer.score(features, features)
        if scored.vetoes or scored.weight < least or not scorer.keys(features):
            doubtful.append(one)
    loose: NDArray[np.bool_] = np.isin(stands, np.array(doubtful, np.int64))
    return np.where(loose, np.arange(columns.size, dtype=np.int64), stands)

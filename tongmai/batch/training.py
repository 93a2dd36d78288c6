"""Weights learnt from records and labels, and what they are worth on the labels beside the weights that were there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from masterdata.matching.cluster import Pair
from masterdata.matching.columns import Columns
from masterdata.matching.learn import learn
from masterdata.matching.scorer import Scorer
from masterdata.matching.stored import written
from masterdata.matching.weights import Weights
from tongmai.batch.run import Agreement, agreement, with_frequencies


@dataclass(frozen=True)
class Trained:
    """``before`` and ``after``: how labelled pairs stand to what is merged without asking, by the weights that were there
    and by the new ones; None without labels."""

    weights: Weights
    report: dict[str, Any]
    before: Agreement | None
    after: Agreement | None


def train(columns: Columns, known: Mapping[Pair, bool], name: str, stem: str) -> Trained:
    """Learn; without a ``name`` the version is ``stem`` and a digest of what was learnt: no two are called alike."""
    start = columns.scorer
    rules, mark = start.rules, start.merge
    with_frequencies(columns)
    before = agreement(columns, known, mark)
    columns.scorer = start
    weights, report = learn(columns, name or stem, known)
    if not name:
        content = written(replace(weights, frequencies={}), rules.matching, "")
        weights = replace(weights, version=f"{stem}-{blake2b(content.encode(), digest_size=4).hexdigest()}")
    columns.scorer = Scorer(rules, weights)
    return Trained(weights, report, before, agreement(columns, known, mark))

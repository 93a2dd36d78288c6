"""Why two records of a file are in one cluster or not, and how a cluster came to be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterdata.matching.columns import Columns, caps
from masterdata.matching.scorer import Scored
from tongmai.batch.run import Matched
from tongmai.batch.why import bits, vetoes
from tongmai.core.text import Text

SHOWN = 20
MOST = 400
"""Pairs of two clusters that are looked at for what forbids a union."""


def common_keys(columns: Columns, one: int, other: int) -> list[dict[str, Any]]:
    """The keys that two records share, in words, how many records have each, and how many may."""
    scorer = columns.scorer
    mine, theirs = (scorer.keys_by_block(columns.features(each)) for each in (one, other))
    given = scorer.weights.caps or caps(columns)
    found = []
    for block, parts in zip(scorer.rules.block, scorer.rules.blocks(), strict=True):
        cap = min(scorer.rules.generic, given.get(block, scorer.rules.generic))
        for key in sorted(mine[block].keys() & theirs[block].keys()):
            tokens = mine[block][key]
            having = np.ones(columns.size, np.bool_)
            for (name, word), token in zip(parts, tokens, strict=True):
                having &= _having(columns, scorer.position[name], word, token)
            count = int(having.sum())
            value = " + ".join(tokens)
            found.append({"block": block, "value": value, "records": count, "cap": cap, "generic": count > cap})
    return found


def _having(columns: Columns, at: int, key: str, token: str) -> NDArray[np.bool_]:
    make = columns.scorer.comparisons[at].kind.keys[key]
    values = columns.values[at]
    has = np.array([False, *(token in make(value) for value in values[1:])], np.bool_)
    return np.asarray(has[columns.column(at)])


def reasons(found: Matched, one: int, other: int, scored: Scored, keys: Sequence[dict[str, Any]]) -> list[Text]:
    """In words, the deciding one first."""
    scorer, entity = found.columns.scorer, found.resolved.entity
    together = entity[one] == entity[other]
    said = found.known.get((min(one, other), max(one, other)))
    told: list[Text] = []
    if said is not None:
        told.append(
            Text("a label says that they are the same", "标注为相同")
            if said
            else Text("a label says that they are not the same", "标注为不同")
        )
    told += [Text(f"never one, whatever else agrees: {v.en}", f"一票否决：{v.zh}") for v in vetoes(scorer, scored)]
    usable = [each for each in keys if not each["generic"]]
    if not keys:
        told.append(
            Text(
                f"not compared: they share no key (looked for: {', '.join(scorer.rules.block)})",
                f"未比较：没有共有的键（查找：{'、'.join(scorer.rules.block)}）",
            )
        )
    elif not usable:
        shared = "; ".join(f"{k['block']} = {k['value']} ({k['records']} > {k['cap']})" for k in keys)
        told.append(
            Text(
                f"not compared: all keys they share are generic, more records have them than allowed: {shared}",
                f"未比较：共有的键都是通用键，拥有者超过上限：{shared}",
            )
        )
    if together:
        if said is None:
            told.append(_joined(scored.weight, found.mark))
    elif not scored.vetoes and said is None:
        told.append(_apart(found, one, other, scored.weight))
    return told


def _joined(weight: int, mark: int) -> Text:
    if weight >= mark:
        return Text(f"one by weight: {bits(weight)} ≥ {bits(mark)}", f"按权重归并：{bits(weight)} ≥ {bits(mark)}")
    return Text(
        f"{bits(weight)} is below {bits(mark)}: other records of the cluster join them",
        f"{bits(weight)} 低于 {bits(mark)}：由该聚类的其他记录相连",
    )


def _apart(found: Matched, one: int, other: int, weight: int) -> Text:
    scorer, mark = found.columns.scorer, found.mark
    if weight < scorer.review:
        return Text(
            f"too little: {bits(weight)} is below review ({bits(scorer.review)})",
            f"权重不足：{bits(weight)} 低于待审阈值（{bits(scorer.review)}）",
        )
    if weight < mark:
        return Text(
            f"in doubt: {bits(weight)} lies between review ({bits(scorer.review)}) and {bits(mark)}, from which on records are joined",
            f"存疑：{bits(weight)} 介于待审（{bits(scorer.review)}）与归并阈值（{bits(mark)}）之间",
        )
    forbidden = _forbidding(found, one, other)
    if forbidden is not None:
        a, b, veto = forbidden
        return Text(
            f"this pair alone weighs enough ({bits(weight)} ≥ {bits(mark)}), but {a} and {b} of their clusters may never be one: {veto.en}",
            f"仅此一对已达到阈值（{bits(weight)} ≥ {bits(mark)}），但所在聚类的 {a} 与 {b} 被一票否决：{veto.zh}",
        )
    return Text(
        f"this pair alone weighs enough ({bits(weight)} ≥ {bits(mark)}), all records of both clusters together do not",
        f"仅此一对已达到阈值（{bits(weight)} ≥ {bits(mark)}），但两个聚类的全部记录合计不足",
    )


def _forbidding(found: Matched, one: int, other: int) -> tuple[str, str, Text] | None:
    """Two records of the clusters of these that a veto or a label keeps apart."""
    columns = found.columns
    sides = (members(found, one), members(found, other))
    for number, (a, b) in enumerate(product(*sides)):
        if number == MOST:
            break
        if found.known.get((min(a, b), max(a, b))) is False:
            return found.ids[a], found.ids[b], Text("a label", "标注")
        scored = columns.scorer.score(columns.features(a), columns.features(b))
        if scored.vetoes:
            return found.ids[a], found.ids[b], vetoes(columns.scorer, scored)[0]
    return None


def members(found: Matched, one: int) -> list[int]:
    """The records of a record's cluster."""
    entity = np.array(found.resolved.entity, np.int64)
    return [int(each) for each in np.flatnonzero(entity == entity[one])]


def story(found: Matched, one: int) -> dict[str, Any]:
    """A record's cluster: its records, the weighed pairs in it, and the likeliest pairs that lead out of it."""
    inside = np.isin(np.arange(len(found.ids)), np.array(members(found, one), np.int64))
    pairs = found.resolved.pairs
    left, right = inside[pairs.left], inside[pairs.right]

    def named(chosen: NDArray[np.bool_]) -> list[dict[str, Any]]:
        order = [int(each) for each in np.flatnonzero(chosen)]
        order.sort(key=lambda at: (-int(pairs.weight[at]), int(pairs.left[at]), int(pairs.right[at])))
        return [
            {
                "pair": [found.ids[int(pairs.left[at])], found.ids[int(pairs.right[at])]],
                "weight": int(pairs.weight[at]),
                "veto": bool(pairs.veto[at]),
            }
            for at in order[:SHOWN]
        ]

    return {
        "cluster_id": found.ids[found.resolved.entity[one]],
        "records": [found.ids[int(each)] for each in np.flatnonzero(inside)],
        "pairs": named(left & right),
        "outside": named(left != right),
    }

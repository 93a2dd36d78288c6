"""The threshold at which connected components come nearest to the truth, found in one pass over the sorted edges."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any


def best_threshold(edges: Mapping[str, Any], entity: Mapping[str, str]) -> tuple[float, float]:
    """Weight and pair F1 of the best cut; `edges` holds the columns match_weight, id_l, id_r.

    Edges are added from the strongest down; true and claimed pairs are counted as clusters grow, so every possible
    threshold is tried.
    """
    weights, left, right = edges["match_weight"], edges["id_l"], edges["id_r"]
    order = sorted(range(len(weights)), key=weights.__getitem__, reverse=True)
    parent: dict[str, str] = {}
    content: dict[str, Counter[str]] = {}
    total = sum(count * (count - 1) // 2 for count in Counter(entity.values()).values())
    claimed = found = 0
    best, best_f1 = math.inf, 0.0

    def root(node: str) -> str:
        while (up := parent.setdefault(node, node)) != node:
            parent[node] = parent.get(up, up)
            node = up
        return node

    for place, at in enumerate(order):
        one, other = root(left[at]), root(right[at])
        if one != other:
            some = content.pop(one, None) or Counter({entity[one]: 1})
            more = content.pop(other, None) or Counter({entity[other]: 1})
            if len(some) < len(more):
                some, more, one, other = more, some, other, one
            claimed += some.total() * more.total()
            for name, count in more.items():
                found += count * some[name]
                some[name] += count
            parent[other] = one
            content[one] = some
        weight = float(weights[at])
        last = place + 1 == len(order) or weights[order[place + 1]] != weights[at]
        if last and claimed and (f1 := 2 * found / (claimed + total)) > best_f1:
            best, best_f1 = weight, f1
    return best, best_f1

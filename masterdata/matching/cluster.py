"""From weighed pairs to entities: a pure function of the set of records, whatever order they came in.

Connected components of the edges from the review threshold on are taken one by one. Inside one every pair is judged, and
clusters are joined from the strongest link down. The link of two clusters takes each comparison by itself: its mean weight
over the pairs in which both records have a value. So a record that says little takes nothing away from what the others say,
and one that contradicts counts against. A veto between any two of their records forbids a union.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from operator import add

FLOOR = -25_000
"""Milli-bits of a pair that nobody judged, as in a component too large to judge every one."""
LARGE = 150
"""In a component of more records only its edges are looked at."""
Pair = tuple[int, int]
"""Two numbers, the lower first."""
Evidence = tuple[int, ...]
"""Of one pair or of two clusters: how many pairs there are, how many of them nobody judged, then for each comparison three
numbers: sum against strangers, sum against relatives, and in how many pairs both records have a value."""


def components(edges: Iterable[Pair]) -> list[list[int]]:
    """What hangs together, each component sorted, the components by their first number."""
    parent: dict[int, int] = {}

    def root(one: int) -> int:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = parent[above]
            one = above
        return one

    for one, other in edges:
        a, b = root(one), root(other)
        if a != b:
            parent[max(a, b)] = min(a, b)
    found: dict[int, list[int]] = {}
    for one in sorted(parent):
        found.setdefault(root(one), []).append(one)
    return [found[each] for each in sorted(found)]


def link(evidence: Evidence, prior: int, kin: int) -> int:
    """Milli-bits that two clusters are one."""
    pairs, unjudged = evidence[0], evidence[1]
    stranger, relative = prior, kin
    for at in range(2, len(evidence), 3):
        count = evidence[at + 2]
        if count:
            stranger += evidence[at] // count
            relative += evidence[at + 1] // count
    found = min(stranger, relative)
    return (found * (pairs - unjudged) + FLOOR * unjudged) // pairs if unjudged else found


def partition(
    members: Iterable[int],
    evidence: Mapping[Pair, Evidence],
    vetoes: Collection[Pair],
    least: int,
    odds: tuple[int, int],
    decided: Iterable[Pair] = (),
) -> list[list[int]]:
    """Clusters of one component, each sorted. ``odds``: the priors against strangers and relatives.

    A union is made while its link is at least ``least``; of equal links the one with the lowest numbers comes first, a
    cluster going by its lowest number. ``decided`` pairs are one before anything else.
    """
    work = _Work({one: [one] for one in members}, dict(evidence), set(vetoes), least, odds)
    for one, other in sorted(decided):
        work.unite_by_decision(one, other)
    work.run()
    return sorted(work.clusters.values())


class _Work:
    """One component while its clusters grow."""

    def __init__(
        self,
        clusters: dict[int, list[int]],
        evidence: dict[Pair, Evidence],
        forbidden: set[Pair],
        least: int,
        odds: tuple[int, int],
    ) -> None:
        self.clusters, self.evidence, self.forbidden, self.least, self.odds = clusters, evidence, forbidden, least, odds
        self.blank = (0,) * (len(next(iter(evidence.values()))) - 2) if evidence else ()
        self.near: dict[int, set[int]] = {one: set() for one in clusters}
        self.links: dict[Pair, int] = {}
        self.heap: list[tuple[int, Pair]] = []
        for (a, b), found in evidence.items():
            self.near[a].add(b)
            self.near[b].add(a)
            self._offer((a, b), found)

    def _offer(self, pair: Pair, found: Evidence) -> None:
        if pair not in self.forbidden and (value := link(found, *self.odds)) >= self.least:
            self.links[pair] = value
            heapq.heappush(self.heap, (-value, pair))
        else:
            self.links.pop(pair, None)

    def run(self) -> None:
        """Unite while a link is strong enough."""
        while self.heap:
            value, pair = heapq.heappop(self.heap)
            if self.links.get(pair) == -value and pair[0] in self.clusters and pair[1] in self.clusters:
                self._unite(*pair)

    def unite_by_decision(self, one: int, other: int) -> None:
        """Unite the clusters that two records are in."""
        a = next(key for key, cluster in self.clusters.items() if one in cluster)
        b = next(key for key, cluster in self.clusters.items() if other in cluster)
        if a != b and _pair(a, b) not in self.forbidden:
            self._unite(*_pair(a, b))

    def _unite(self, a: int, b: int) -> None:
        others = [one for one in sorted(self.near[a] | self.near[b]) if one in self.clusters and one not in (a, b)]
        merged = []
        for other in others:
            pair = _pair(a, other)
            merged.append((pair, tuple(map(add, self._between(a, other), self._between(b, other)))))
            if pair in self.forbidden or _pair(b, other) in self.forbidden:
                self.forbidden.add(pair)
            self.near[other].add(a)
        self.near[a] = set(others)
        self.clusters[a] = sorted(self.clusters[a] + self.clusters.pop(b))
        for pair, found in merged:
            self.evidence[pair] = found
            self._offer(pair, found)

    def _between(self, one: int, other: int) -> Evidence:
        found = self.evidence.get(_pair(one, other))
        if found is not None:
            return found
        pairs = len(self.clusters[one]) * len(self.clusters[other])
        return (pairs, pairs, *self.blank)


def _pair(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)

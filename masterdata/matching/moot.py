"""Pairs that look alike and are no question: other records of their two entities say already that these are two."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from masterdata.matching.cluster import Evidence, Pair, link

CLOSE = 3_000
"""Milli-bits: a record that fits the other entity so nearly as well as its own may have been put into the wrong one."""


def moot(
    clusters: Sequence[Sequence[int]],
    evidence: Mapping[Pair, Evidence],
    vetoes: Collection[Pair],
    same: Iterable[Pair],
    edges: Collection[Pair],
    odds: tuple[int, int],
) -> set[Pair]:
    """Those of the edges between two clusters that a veto keeps apart, unless a record at an end could as well be of the other.

    ``same``: pairs that were said to be one: their records stay where they are. ``odds``: as ``partition`` takes them.
    """
    if not vetoes or len(clusters) < 2:
        return set()
    home = {record: at for at, cluster in enumerate(clusters) for record in cluster}
    between = {frozenset((home[a], home[b])) for a, b in vetoes}
    bound = {end for pair in same for end in pair}
    forbidden = {*vetoes, *((b, a) for a, b in vetoes)}

    def fit(record: int, cluster: Sequence[int]) -> int | None:
        """The best link of a record into a cluster."""
        pairs = (evidence.get((min(record, one), max(record, one))) for one in cluster if one != record)
        return max((link(found, *odds) for found in pairs if found is not None), default=None)

    def torn(record: int, other: int) -> bool:
        own, there = clusters[home[record]], clusters[home[other]]
        if record in bound or any((record, one) in forbidden for one in there):
            return False
        here, beyond = fit(record, own), fit(record, there)
        return here is not None and beyond is not None and beyond >= here - CLOSE

    return {
        (a, b)
        for a, b in edges
        if home[a] != home[b] and frozenset((home[a], home[b])) in between and not torn(a, b) and not torn(b, a)
    }

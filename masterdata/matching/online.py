"""One record at a time: the same entities as all at once, whatever order the records come in.

Every weighed pair from the review threshold on is kept. A record that comes, changes or goes has its pairs weighed anew;
the components they touch are partitioned again, by the same pure function as in a batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from masterdata.matching.cluster import LARGE, Pair, partition
from masterdata.matching.scorer import Features, Scorer


class Edge(NamedTuple):
    """A weighed pair; ``one`` < ``other``. ``veto``: a level forbids their union."""

    one: int
    other: int
    weight: int
    veto: bool


class Book(Protocol):
    """What is remembered of the records: features, keys, edges, and what stewards decided. Record ids are numbers."""

    def features(self, records: Collection[int]) -> Mapping[int, Features]:
        """Features of these records."""
        ...

    def holders(self, keys: Collection[int]) -> Collection[int]:
        """The records that have any of these keys."""
        ...

    def put(self, record: int, features: Features, keys: Sequence[int]) -> None:
        """Remember a record in place of what was known of it."""
        ...

    def remove(self, record: int) -> None:
        """Forget a record and its edges."""
        ...

    def edges(self, records: Collection[int]) -> Collection[Edge]:
        """The edges of these records."""
        ...

    def replace_edges(self, record: int, edges: Sequence[Edge]) -> None:
        """Remember these edges of a record and no others."""
        ...

    def decided(self, records: Collection[int]) -> Mapping[Pair, bool]:
        """Pairs of these that a steward said are the same, or are not."""
        ...


@dataclass
class Memory:
    """A book in this process's memory."""

    known: dict[int, Features] = field(default_factory=dict)
    by_key: dict[int, set[int]] = field(default_factory=dict)
    keys: dict[int, tuple[int, ...]] = field(default_factory=dict)
    near: dict[int, dict[int, Edge]] = field(default_factory=dict)
    decisions: dict[Pair, bool] = field(default_factory=dict)

    def features(self, records: Collection[int]) -> Mapping[int, Features]:
        return {one: self.known[one] for one in records if one in self.known}

    def holders(self, keys: Collection[int]) -> Collection[int]:
        return set().union(*(self.by_key.get(key, ()) for key in keys))

    def put(self, record: int, features: Features, keys: Sequence[int]) -> None:
        self._forget_keys(record)
        self.known[record], self.keys[record] = features, tuple(keys)
        for key in keys:
            self.by_key.setdefault(key, set()).add(record)

    def remove(self, record: int) -> None:
        self._forget_keys(record)
        self.known.pop(record, None)
        self.replace_edges(record, ())

    def _forget_keys(self, record: int) -> None:
        for key in self.keys.pop(record, ()):
            self.by_key[key].discard(record)

    def edges(self, records: Collection[int]) -> Collection[Edge]:
        return {edge for one in records for edge in self.near.get(one, {}).values()}

    def replace_edges(self, record: int, edges: Sequence[Edge]) -> None:
        for other in self.near.pop(record, {}):
            self.near[other].pop(record, None)
        for edge in edges:
            self.near.setdefault(edge.one, {})[edge.other] = edge
            self.near.setdefault(edge.other, {})[edge.one] = edge

    def decided(self, records: Collection[int]) -> Mapping[Pair, bool]:
        wanted = set(records)
        return {pair: same for pair, same in self.decisions.items() if wanted.issuperset(pair)}


def candidates(scorer: Scorer, book: Book, record: int, features: Features) -> list[Edge]:
    """A record's pairs from the review threshold on, with those that a steward decided."""
    others = sorted(set(book.holders(scorer.keys(features))) - {record})
    found = []
    for other, known in sorted(book.features(others).items()):
        scored = scorer.score(features, known)
        if scored.weight >= scorer.review:
            found.append(Edge(min(record, other), max(record, other), scored.weight, bool(scored.vetoes)))
    return found


def arrive(scorer: Scorer, book: Book, changed: Mapping[int, Features | None], least: int) -> list[list[int]]:
    """Take records that are new, changed, or gone (None). Returns the clusters, each sorted, of all that they touch."""
    touched: set[int] = set(changed)
    for record in sorted(changed):
        for edge in book.edges([record]):
            touched.update((edge.one, edge.other))
    for record, features in sorted(changed.items()):
        if features is None:
            book.remove(record)
        else:
            book.put(record, features, scorer.keys(features))
    for record, features in sorted(changed.items()):
        if features is not None:
            found = candidates(scorer, book, record, features)
            book.replace_edges(record, found)
            touched.update(other for edge in found for other in (edge.one, edge.other))
    gone = {record for record, features in changed.items() if features is None}
    return settle(scorer, book, touched - gone, least)


def settle(scorer: Scorer, book: Book, records: Iterable[int], least: int) -> list[list[int]]:
    """The clusters of every component that holds one of these records."""
    found: list[list[int]] = []
    left = set(records)
    while left:
        members, edges = _component(book, min(left))
        left -= members
        found += _clusters(scorer, book, sorted(members), edges, least)
    return sorted(found)


def _component(book: Book, start: int) -> tuple[set[int], set[Edge]]:
    members, fresh, edges = {start}, {start}, set[Edge]()
    while fresh:
        met = book.edges(fresh)
        edges.update(met)
        fresh = {one for edge in met for one in (edge.one, edge.other)} - members
        members |= fresh
    return members, edges


def _clusters(scorer: Scorer, book: Book, members: list[int], edges: Iterable[Edge], least: int) -> list[list[int]]:
    known = book.features(members)
    pairs = sorted({(edge.one, edge.other) for edge in edges})
    if len(members) <= LARGE:
        pairs = [(one, other) for at, one in enumerate(members) for other in members[at + 1 :]]
    scored = {(one, other): scorer.score(known[one], known[other]) for one, other in pairs}
    evidence = {pair: found.evidence() for pair, found in scored.items()}
    vetoes = {pair for pair, found in scored.items() if found.vetoes}
    decided = book.decided(members)
    vetoes = {pair for pair in vetoes if not decided.get(pair)} | {pair for pair, same in decided.items() if not same}
    same = [pair for pair, one in decided.items() if one]
    return partition(members, evidence, vetoes, least, (scorer.weights.prior, scorer.weights.kin), same)

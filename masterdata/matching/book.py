"""What is remembered of the records that are matched one by one, wherever it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol

from masterdata.matching.cluster import Pair
from masterdata.matching.scorer import Features


class Edge(NamedTuple):
    """A weighed pair; ``one`` < ``other``. ``veto``: a level forbids their union. ``moot``: other records of their two entities
    forbid it, and neither record could as well be of the other entity."""

    one: int
    other: int
    weight: int
    veto: bool
    moot: bool = False


class Book(Protocol):
    """Features, keys and edges of records, and what stewards decided. Record ids are numbers.

    Of one change every reading method is called a few times, however many records it has; only what writes is called once
    a record.
    """

    def features(self, records: Collection[int]) -> Mapping[int, Features]:
        """Features of these records; one that was removed has none."""
        ...

    def rank(self, records: Collection[int]) -> Mapping[int, Any]:
        """What orders records where two unions are equally strong: nothing that hangs on when they came."""
        ...

    def holders(self, keys: Mapping[int, int]) -> Mapping[int, Collection[int]]:
        """The records that have each key: all of them, or any cap + 1 of them where more than its cap have it."""
        ...

    def keys(self, records: Collection[int]) -> Mapping[int, Collection[int]]:
        """The keys that these records were put with; a record that was not put may be left out."""
        ...

    def put(self, record: int, features: Features, keys: Collection[int]) -> None:
        """Remember a record in place of what was known of it; its edges stay."""
        ...

    def remove(self, record: int) -> None:
        """Forget a record and its edges."""
        ...

    def edges(self, records: Collection[int]) -> Collection[Edge]:
        """The edges of these records: what ``replace_edges`` was told, nothing else."""
        ...

    def replace_edges(self, record: int, edges: Sequence[Edge]) -> None:
        """Remember these edges of a record and no others."""
        ...

    def decided(self, records: Collection[int]) -> Mapping[Pair, bool]:
        """Pairs with one of these, or two, that a steward said are the same, or are not."""
        ...

    def moot(self, edges: Mapping[Pair, bool]) -> None:
        """Remember of each of these edges whether it is moot; one that is not there (decided only) is passed over."""
        ...


@dataclass
class Memory:
    """A book in this process's memory."""

    known: dict[int, Features] = field(default_factory=dict)
    by_key: dict[int, set[int]] = field(default_factory=dict)
    of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    near: dict[int, dict[int, Edge]] = field(default_factory=dict)
    decisions: dict[Pair, bool] = field(default_factory=dict)

    def features(self, records: Collection[int]) -> Mapping[int, Features]:
        return {one: self.known[one] for one in records if one in self.known}

    def rank(self, records: Collection[int]) -> Mapping[int, Any]:
        return {one: one for one in records}

    def holders(self, keys: Mapping[int, int]) -> Mapping[int, Collection[int]]:
        return {key: list(islice(self.by_key.get(key, ()), cap + 1)) for key, cap in keys.items()}

    def keys(self, records: Collection[int]) -> Mapping[int, Collection[int]]:
        return {one: self.of[one] for one in records if one in self.of}

    def put(self, record: int, features: Features, keys: Collection[int]) -> None:
        self._forget_keys(record)
        self.known[record], self.of[record] = features, tuple(keys)
        for key in keys:
            self.by_key.setdefault(key, set()).add(record)

    def remove(self, record: int) -> None:
        self._forget_keys(record)
        self.known.pop(record, None)
        self.replace_edges(record, ())

    def _forget_keys(self, record: int) -> None:
        for key in self.of.pop(record, ()):
            self.by_key[key].discard(record)
            if not self.by_key[key]:
                del self.by_key[key]

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
        return {pair: same for pair, same in self.decisions.items() if not wanted.isdisjoint(pair)}

    def moot(self, edges: Mapping[Pair, bool]) -> None:
        for (one, other), moot in edges.items():
            edge = self.near.get(one, {}).get(other)
            if edge is not None and edge.moot != moot:
                self.near[one][other] = self.near[other][one] = edge._replace(moot=moot)

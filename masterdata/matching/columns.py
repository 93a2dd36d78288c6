"""Many records' features as columns of small numbers: each different value once, each record a row of references."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masterdata.matching.scorer import Scorer, texts_of

Ints = NDArray[np.int64]


PAIRS = 1
"""So many pairs a record may a block give of records that need not be the same."""
MOST = 20
"""So many pairs a record may it give in all."""
CLOSE = 0.5
"""Of what the records of one key could agree on besides, this share shows that they are of one thing."""
LEAST = 20_000
"""Fewer records than this are taken for as many: small files need no thrift."""


class Columns:
    """Features of many records. ``values[c][v]`` is a value of comparison c, ``column(c)[r]`` says which record r has; 0 none."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer
        self.values: list[list[Any]] = [[None] for _ in scorer.comparisons]
        self._known: list[dict[Any, int]] = [{} for _ in scorer.comparisons]
        self._rows = [array("i") for _ in scorer.comparisons]
        self.size = 0

    def add(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Read records' canonical fields."""
        reads = [each.read for each in self.scorer.comparisons]
        slots = list(zip(reads, self._known, self.values, self._rows, strict=True))
        for fields in records:
            texts = texts_of(fields)
            for read, known, values, rows in slots:
                value = read(texts)
                if value is None:
                    rows.append(0)
                    continue
                at = known.get(value)
                if at is None:
                    at = known[value] = len(values)
                    values.append(value)
                rows.append(at)
            self.size += 1

    def close(self) -> None:
        """No more records will come: what was only needed to add them is let go."""
        self._known = []

    def only(self, records: Ints) -> Columns:
        """Some of the records, in this order; the values are shared."""
        found = Columns(self.scorer)
        found.values = self.values
        found._rows = [array("i", self.column(at)[records].tobytes()) for at in range(len(self.values))]
        found.size = len(records)
        found.close()
        return found

    def column(self, comparison: int) -> NDArray[np.int32]:
        """Which value each record has."""
        return np.frombuffer(self._rows[comparison], dtype=np.int32)

    def features(self, record: int) -> tuple[Any, ...]:
        """One record's features."""
        return tuple(values[rows[record]] for values, rows in zip(self.values, self._rows, strict=True))


def candidates(columns: Columns, most: int) -> tuple[Ints, Ints, list[int]]:
    """Pairs of records (lower, higher), each once, that share a key which no more records have than its block's cap.

    The caps are those of the weights; if these have none, what suits the records that are there, at most ``most``. The third
    value: how many records' keys were too common, by block.
    """
    every = np.zeros(0, np.int64)
    generic: list[int] = []
    given = columns.scorer.weights.caps
    for block, rows, keys in _blocks(columns):
        sizes = _sizes(keys)
        cap = min(most, given.get(block, most)) if given else _cap(columns, block, rows, sizes)
        every = np.union1d(every, _pairs(rows, sizes, cap, columns.size))
        generic.append(int(sizes[sizes > cap].sum()))
    return every // columns.size, every % columns.size, generic


def caps(columns: Columns) -> dict[str, int]:
    """For each block the largest group of records with one key that is a reason to compare them."""
    return {block: _cap(columns, block, rows, _sizes(keys)) for block, rows, keys in _blocks(columns)}


def _blocks(columns: Columns) -> Iterator[tuple[str, Ints, NDArray[np.uint64]]]:
    """Each block with its records and their keys, ordered by key."""
    scorer, rules = columns.scorer, columns.scorer.rules
    tokens: dict[tuple[int, str], tuple[Ints, Ints]] = {}
    for name_of_block, block in zip(rules.block, rules.blocks(), strict=True):
        rows: Ints | None = None
        keys = np.zeros(0, np.uint64)
        for name, key in block:
            at = scorer.position[name]
            starts, ids = tokens.setdefault((at, key), _tokens(columns, at, key))
            rows, keys = _expand(columns.column(at), starts, ids, rows, keys)
        assert rows is not None
        order = np.lexsort((rows, keys))
        yield name_of_block, rows[order], keys[order]


def _tokens(columns: Columns, comparison: int, key: str) -> tuple[Ints, Ints]:
    """Tokens of each value, as positions into one list of token numbers."""
    make = columns.scorer.comparisons[comparison].kind.keys[key]
    known: dict[str, int] = {}
    starts, ids = array("q", [0, 0]), array("q")
    for value in columns.values[comparison][1:]:
        ids.extend(known.setdefault(token, len(known)) for token in dict.fromkeys(make(value)))
        starts.append(len(ids))
    return np.frombuffer(starts, np.int64), np.frombuffer(ids, np.int64) if ids else np.zeros(0, np.int64)


def _expand(
    column: NDArray[np.int32], starts: Ints, ids: Ints, rows: Ints | None, keys: NDArray[np.uint64]
) -> tuple[Ints, NDArray[np.uint64]]:
    """Each (record, key so far) once per token that the record has here, with the token mixed into the key."""
    if rows is None:
        rows, keys = np.arange(len(column), dtype=np.int64), np.zeros(len(column), np.uint64)
    values = column[rows]
    counts = starts[values + 1] - starts[values]
    counts[values == 0] = 0
    total = int(counts.sum())
    out = np.repeat(rows, counts)
    first = np.repeat(starts[values], counts)
    offset = np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    mixed = np.repeat(keys, counts)
    token = ids[first + offset].astype(np.uint64) if total else np.zeros(0, np.uint64)
    with np.errstate(over="ignore"):
        mixed = (mixed * np.uint64(0x9E3779B97F4A7C15)) ^ ((token + np.uint64(1)) * np.uint64(0xBF58476D1CE4E5B9))
        mixed ^= mixed >> np.uint64(29)
    return out, mixed


def _cap(columns: Columns, block: str, rows: Ints, sizes: Ints) -> int:
    """The largest group that is taken: at most the rules' ``generic``, and less where all groups together would give more
    than ``PAIRS`` pairs a record. Among a million records a person's name in a city is no key any more.

    Groups of records that agree on most other things too are of one thing, as five systems' records of each customer are:
    beyond the first limit these do not count, up to ``MOST`` pairs a record. It follows from the set of records alone.
    """
    most = columns.scorer.rules.generic
    number = max(columns.size, LEAST)
    every = _pairs_by_size(sizes, most)
    cap = _within(every, PAIRS * number)
    larger = (sizes > cap) & (sizes <= most)
    if cap >= most or not larger.any():
        return cap
    loose = larger.copy()
    loose[larger] = ~_close(columns, block, rows[np.repeat(larger, sizes)], sizes[larger])
    counted = _pairs_by_size(sizes[loose], most)
    counted[: cap + 1] = every[: cap + 1]
    return min(_within(counted, PAIRS * number), max(cap, _within(every, MOST * number)))


def _pairs_by_size(sizes: Ints, most: int) -> Ints:
    """How many pairs the groups of each size give, up to ``most`` records."""
    counts = np.bincount(np.minimum(sizes, most + 1), minlength=most + 2)[: most + 1].astype(np.int64)
    each = np.arange(most + 1, dtype=np.int64)
    return np.asarray(counts * each * (each - 1) // 2)


def _within(pairs: Ints, budget: int) -> int:
    """The largest size up to which all groups together give no more pairs than this."""
    return int(np.searchsorted(np.cumsum(pairs), budget, side="right")) - 1


def _close(columns: Columns, block: str, rows: Ints, sizes: Ints) -> NDArray[np.bool_]:
    """Of each group, whether its records agree on most of what the block does not look at; a comparison counts by how
    seldom two records agree on it by chance."""
    inside = {part.strip().partition(".")[0] for part in block.split("+")}
    group = np.repeat(np.arange(len(sizes)), sizes)
    agreed, could = np.zeros(len(sizes)), np.zeros(len(sizes))
    for at, compare in enumerate(columns.scorer.comparisons):
        column = columns.column(at)
        counts = np.bincount(column, minlength=2)[1:].astype(np.float64)
        if compare.name in inside or not counts.any():
            continue
        bits = -float(np.log2((counts * counts).sum() / counts.sum() ** 2))
        values = column[rows].astype(np.int64)
        there = values > 0
        filled = np.bincount(group[there], minlength=len(sizes))
        different = np.unique(group[there] * (len(counts) + 1) + values[there]) // (len(counts) + 1)
        agreed += bits * (filled - np.bincount(different, minlength=len(sizes)))
        could += bits * np.maximum(filled - 1, 0)
    return np.asarray((could > 0) & (agreed >= CLOSE * could))


def _sizes(keys: NDArray[np.uint64]) -> Ints:
    """How many records have each key; keys in order."""
    if not len(keys):
        return np.zeros(0, np.int64)
    begins = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    sizes: Ints = np.diff(np.r_[begins, len(keys)])
    return sizes


def _pairs(rows: Ints, sizes: Ints, cap: int, size: int) -> Ints:
    """Pairs lower * size + higher of records with the same key; ``rows`` are ordered by key, ``sizes`` says how many each has."""
    begins = np.cumsum(sizes) - sizes
    wanted = np.repeat((sizes > 1) & (sizes <= cap), sizes)
    after = np.repeat(begins + sizes, sizes)[wanted] - np.flatnonzero(wanted) - 1
    at = np.flatnonzero(wanted)
    found: list[Ints] = []
    step = 1
    while len(at):
        more = after >= step
        at, after = at[more], after[more]
        one, other = rows[at], rows[at + step]
        differ = one != other
        low, high = np.minimum(one, other)[differ], np.maximum(one, other)[differ]
        found.append(low * size + high)
        step += 1
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)

"""A key that too many records have finds nobody: what is kept follows from the records that are there, not from their history."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from masterdata.matching.book import Book, Memory
from masterdata.matching.cluster import Pair
from masterdata.matching.columns import Columns, caps
from masterdata.matching.online import Edge, arrive, settle
from masterdata.matching.resolve import resolve
from masterdata.matching.scorer import Features, Scorer
from masterdata.matching.weights import Weights
from masterdata.model.matching import MatchingRules

RULES = MatchingRules.model_validate(
    {
        "matching": "thing",
        "compare": {"name": {"as": "words", "of": "name"}, "code": {"as": "code", "of": "code"}, "day": {"as": "date", "of": "day"}},
        "block": ["name.text", "name.start", "code.code", "name.start + day.date"],
        "never": {"day": ["different"]},
        "generic": 5,
        "thresholds": {"merge": 6, "likely": 3, "review": -2},
    }
)  # fmt: skip
CAPS = {"name.text": 3, "name.start": 4, "code.code": 2, "name.start + day.date": 2}
SCORER = Scorer(RULES, Weights(records=20, caps=CAPS))
Fields = Mapping[str, str]

things = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["acme", "acme one", "acme two", "acme oen", "bolt", "bolts"]),
        "code": st.sampled_from(["a100", "a101", "b200"]),
        "day": st.sampled_from(["2020-01-02", "2020-02-01", "2021-07-09"]),
    },
)
lots = st.lists(st.dictionaries(st.integers(0, 13), st.none() | things, min_size=1, max_size=9), min_size=1, max_size=7)


def _take(scorer: Scorer, book: Book, lot: Mapping[int, Fields | None], found: dict[int, int]) -> None:
    read = {one: None if fields is None else scorer.features(fields) for one, fields in lot.items()}
    for one in lot:
        found.pop(one, None)
    for cluster in arrive(scorer, book, read, scorer.likely):
        found.update(dict.fromkeys(cluster, cluster[0]))


def _edges(scorer: Scorer, there: Mapping[int, Fields]) -> set[Edge]:
    """The definition, pair by pair."""
    features = {one: scorer.features(fields) for one, fields in there.items()}
    keys = {one: scorer.keys(found) for one, found in features.items()}
    sizes = Counter(key for own in keys.values() for key in own)
    found = set()
    for one, other in combinations(sorted(there), 2):
        scored = scorer.score(features[one], features[other])
        shared = keys[one].keys() & keys[other].keys()
        if scored.weight >= scorer.review and any(sizes[key] <= keys[one][key] for key in shared):
            found.add(Edge(one, other, scored.weight, bool(scored.vetoes)))
    return found


def _batch(scorer: Scorer, there: Mapping[int, Fields]) -> tuple[dict[int, int], set[Pair]]:
    """What all at once gives: the first record of each one's cluster, and the pairs."""
    order = sorted(there)
    columns = Columns(scorer)
    columns.add([there[one] for one in order])
    found = resolve(columns, scorer.likely)
    pairs = zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True)
    return {order[at]: order[first] for at, first in enumerate(found.entity)}, {(order[a], order[b]) for a, b in pairs}


ALIKE = {"name": "acme", "code": "a100", "day": "2020-01-02"}


@settings(max_examples=400, deadline=None)
@given(lots)
@example([{0: ALIKE, 1: ALIKE}, {2: ALIKE}, {3: ALIKE, 4: ALIKE}, {0: None, 1: None}, {2: {"name": "bolt"}}])
@example([dict.fromkeys(range(9), ALIKE), dict.fromkeys(range(3, 9)), {3: ALIKE, 4: ALIKE, 5: {"code": "b200"}}])
def test_what_is_kept_follows_from_the_records_that_are_there(history: list[dict[int, Fields | None]]) -> None:
    book, found, there = Memory(), dict[int, int](), dict[int, Fields]()
    for lot in history:
        _take(SCORER, book, lot, found)
        there.update({one: fields for one, fields in lot.items() if fields is not None})
        for one in [one for one, fields in lot.items() if fields is None]:
            there.pop(one, None)
        expected = _edges(SCORER, there)
        assert {edge._replace(moot=False) for edge in book.edges(range(14))} == expected
        clusters, pairs = _batch(SCORER, there) if there else ({}, set[Pair]())
        assert pairs == {(edge.one, edge.other) for edge in expected}
        assert found == clusters
    fresh, again = Memory(), dict[int, int]()
    _take(SCORER, fresh, there, again)
    assert again == found
    assert fresh.known == book.known and fresh.by_key == book.by_key and fresh.of == book.of
    assert {one: near for one, near in book.near.items() if near} == {o: n for o, n in fresh.near.items() if n}


def test_a_key_becomes_generic_and_is_so_no_longer() -> None:
    """Two pairs that only a shared code finds: with a third record of that code it finds nobody."""
    book, found = Memory(), dict[int, int]()
    _take(SCORER, book, {1: {"code": "a100"}, 2: {"code": "a100"}}, found)
    assert found == {1: 1, 2: 1}
    _take(SCORER, book, {3: {"code": "a100", "name": "bolt"}}, found)
    assert found == {1: 1, 2: 2, 3: 3} and not book.edges([1, 2, 3])
    _take(SCORER, book, {3: {"code": "b200", "name": "bolt"}}, found)
    assert found == {1: 1, 2: 1, 3: 3}
    _take(SCORER, book, {3: {"code": "a100", "name": "bolt"}}, found)
    _take(SCORER, book, {1: None}, found)
    assert found == {2: 2, 3: 2}


def test_caps_are_those_of_the_weights_and_never_above_the_rules() -> None:
    assert SCORER.caps == [3, 4, 2, 2]
    assert Scorer(RULES, Weights()).caps == [5, 5, 5, 5]
    assert Scorer(RULES, Weights(caps={"code.code": 40, "name.text": 1})).caps == [1, 5, 5, 5]
    keys = SCORER.keys(SCORER.features(ALIKE))
    assert list(keys.values()) == [3, 4, 2, 2]
    assert set(keys) == set(Scorer(RULES, Weights()).keys(SCORER.features(ALIKE)))


def test_a_batch_finds_its_own_caps() -> None:
    columns = Columns(Scorer(RULES, Weights()))
    columns.add([{"name": f"thing {at // 4}", "code": str(at)} for at in range(400)])
    found = caps(columns)
    assert list(found) == list(RULES.block) and set(found.values()) == {5}


def test_what_a_steward_joined_hangs_together_without_a_key() -> None:
    book, found = Memory(), dict[int, int]()
    book.decisions[1, 7] = True
    _take(SCORER, book, {1: {"code": "a100"}, 2: {"code": "a100"}, 7: {"name": "bolt"}}, found)
    assert found == {1: 1, 2: 1, 7: 1} and not book.edges([7])
    _take(SCORER, book, {7: {"name": "bolts"}}, found)
    assert found == {1: 1, 2: 1, 7: 1}
    _take(SCORER, book, {1: None}, found)
    assert found == {2: 2, 7: 7}
    book.decisions[2, 7] = False
    assert settle(SCORER, book, [2], SCORER.likely) == [[2]]


@dataclass
class Counted(Memory):
    """How often it is read."""

    calls: Counter[str] = field(default_factory=Counter)

    def features(self, records: Collection[int]) -> Mapping[int, Features]:
        self.calls["features"] += 1
        return super().features(records)

    def holders(self, keys: Mapping[int, int]) -> Mapping[int, Collection[int]]:
        self.calls["holders"] += 1
        found = super().holders(keys)
        assert all(len(found[key]) <= cap + 1 for key, cap in keys.items())
        return found

    def keys(self, records: Collection[int]) -> Mapping[int, Collection[int]]:
        self.calls["keys"] += 1
        return super().keys(records)

    def edges(self, records: Collection[int]) -> Collection[Edge]:
        self.calls["edges"] += 1
        return super().edges(records)

    def decided(self, records: Collection[int]) -> Mapping[Pair, bool]:
        self.calls["decided"] += 1
        return super().decided(records)


@pytest.mark.parametrize("size", [1, 10, 300])
def test_reads_do_not_grow_with_the_change(size: int) -> None:
    scorer = Scorer(RULES.model_copy(update={"generic": 6}), Weights(caps={"name.start": 6, "code.code": 3}))
    book, found = Counted(), dict[int, int]()
    things: list[Any] = [{"name": f"acme {at // 3}", "code": f"c{at // 4}"} for at in range(300)]
    for at in range(0, 300, size):
        lot = dict(enumerate(things[at : at + size], start=at))
        book.calls.clear()
        _take(scorer, book, lot, found)
        layers = book.calls.pop("decided")
        assert layers <= 4  # as far as a component's records are from one that changed
        assert book.calls.pop("edges") <= 2 + layers
        assert book.calls.pop("features") <= 4 and book.calls.pop("holders") <= 2 and book.calls.pop("keys") == 1
        assert not book.calls


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 13), things, min_size=2), st.integers(1, 6), st.randoms())
def test_with_another_snapshot_every_record_comes_again(
    there: dict[int, Fields], size: int, chance: random.Random
) -> None:
    """Whatever the caps and weights were before: when all have come again, in lots, all is as with the new ones alone."""
    other = Scorer(RULES, Weights(version="other", records=9, caps={"name.text": 5, "name.start": 2, "code.code": 5}))
    book, found, fresh, expected = Memory(), dict[int, int](), Memory(), dict[int, int]()
    _take(SCORER, book, there, found)
    order = list(there)
    chance.shuffle(order)
    for at in range(0, len(order), size):
        _take(other, book, {one: there[one] for one in order[at : at + size]}, found)
    _take(other, fresh, there, expected)
    assert set(book.edges(there)) == set(fresh.edges(there))
    assert {edge._replace(moot=False) for edge in fresh.edges(there)} == _edges(other, there)
    assert _settled(other, book, there) == _settled(other, fresh, there)


def _settled(scorer: Scorer, book: Book, there: Mapping[int, Fields]) -> list[list[int]]:
    return settle(scorer, book, there, scorer.likely)

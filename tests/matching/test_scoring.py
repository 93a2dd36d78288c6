"""A weight is the sum of its parts; one at a time gives what all at once gives; the order of arrival does not matter."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.matching.generate import generate
from masterdata.matching.batch import weigh
from masterdata.matching.cluster import components, partition
from masterdata.matching.columns import Columns, candidates
from masterdata.matching.judging import evidence
from masterdata.matching.learn import frequencies, learn
from masterdata.matching.online import Memory, arrive
from masterdata.matching.resolve import resolve
from masterdata.matching.scorer import Features, Scorer
from masterdata.matching.stored import read, written
from masterdata.matching.weights import Weights
from masterdata.model.matching import MatchingRules
from tongmai.batch.records import layout, records
from tongmai.batch.run import scorer_of
from tongmai.sync.content import load_content

RECORDS = 400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Columns, list[dict[str, Any]]]:
    """Generated customers as columns, with the frequencies of just these, and their fields."""
    folder = tmp_path_factory.mktemp("made")
    generate(RECORDS, "hard", 41, folder)
    schema = load_content().schema
    scorer = scorer_of(schema, "customer")
    entity = schema.entities["customer"]
    fields = [
        values
        for _, _, values in records(
            folder / "records.csv", layout(folder / "records.csv", entity, scorer.rules, {}), entity
        )
    ]
    columns = Columns(scorer)
    columns.add(fields)
    weights = replace(scorer.weights, frequencies=frequencies(columns), records=columns.size)
    columns.scorer = Scorer(scorer.rules, weights)
    return columns, fields


def test_parts_add_up_and_both_ways_are_one(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, _ = made
    scorer = columns.scorer
    left, right, _ = candidates(columns, 100)
    assert len(left) > RECORDS
    batch = weigh(columns, left, right)
    for at, (one, other) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        scored = scorer.score(columns.features(one), columns.features(other))
        assert scored.stranger == scorer.weights.prior + sum(part.weight for part in scored.parts)
        assert scored.relative == scorer.weights.kin + sum(part.kin for part in scored.parts)
        assert scored.weight == min(scored.stranger, scored.relative) == batch.weight[at]
        assert bool(scored.vetoes) == batch.veto[at]
        back = scorer.score(columns.features(other), columns.features(one))
        assert (back.weight, back.vetoes) == (scored.weight, scored.vetoes)


def test_many_pairs_are_judged_as_each_by_itself(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, _ = made
    scorer, known = columns.scorer, {at: columns.features(at) for at in range(60)}
    pairs = list(combinations(range(60), 2))
    found, vetoes = evidence(scorer, known, known, pairs)
    scored = {(one, other): scorer.score(known[one], known[other]) for one, other in pairs}
    assert found == {pair: each.evidence() for pair, each in scored.items()}
    assert vetoes == {pair for pair, each in scored.items() if each.vetoes} and vetoes


def test_features_survive_json(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, fields = made
    for one in range(0, RECORDS, 7):
        features = columns.features(one)
        again = _tuples(json.loads(json.dumps(features)))
        assert again == features == columns.scorer.features(fields[one])
        assert columns.scorer.keys(again) == columns.scorer.keys(features)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def test_early_dropping_drops_nothing_that_counts(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, _ = made
    left, right, _ = candidates(columns, 100)
    every, some = weigh(columns, left, right), weigh(columns, left, right, columns.scorer.review)
    kept = every.weight >= columns.scorer.review
    assert some.left.tolist() == every.left[kept].tolist() and some.weight.tolist() == every.weight[kept].tolist()
    assert 0 < kept.sum() < len(kept)


def test_24_orders_of_arrival_give_what_a_batch_gives(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, fields = made
    scorer = columns.scorer
    batch = resolve(columns, scorer.likely).entity
    expected = _partition(batch)
    assert 130 < len(expected) < RECORDS
    names = [str(each.get("legal_name", "")) for each in fields]
    orders = [list(range(RECORDS)), list(reversed(range(RECORDS)))]
    orders.append(sorted(range(RECORDS), key=lambda at: names[at]))
    orders.append(sorted(range(RECORDS), key=lambda at: -len(fields[at])))
    for seed in range(20):
        order = list(range(RECORDS))
        random.Random(seed).shuffle(order)
        orders.append(order)
    assert len(orders) == 24
    features = [columns.features(at) for at in range(RECORDS)]
    whole = Memory()
    arrive(scorer, whole, dict(enumerate(features)), scorer.likely)
    edges = set(whole.edges(range(RECORDS)))
    assert 3 < sum(edge.moot for edge in edges) < len(edges)
    for number, order in enumerate(orders):
        book, found = Memory(), dict[int, int]()
        size = (1, 7, 50, RECORDS)[number % 4]
        for at in range(0, RECORDS, size):
            _take(arrive(scorer, book, {one: features[one] for one in order[at : at + size]}, scorer.likely), found)
        assert _partition([found[one] for one in range(RECORDS)]) == expected, f"order {number}"
        assert set(book.edges(range(RECORDS))) == edges, f"order {number}"


def test_what_changes_and_goes_leaves_no_trace(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, _ = made
    scorer = columns.scorer
    features = [columns.features(at) for at in range(200)]
    plain, busy = Memory(), Memory()
    settled = arrive(scorer, plain, dict(enumerate(features)), scorer.likely)
    arrive(
        scorer, busy, {at: features[199 - at] for at in range(200)}, scorer.likely
    )  # all of them somebody else at first
    arrive(scorer, busy, {at: features[at % 50] for at in range(200, 260)}, scorer.likely)
    arrive(scorer, busy, dict.fromkeys(range(200, 260)), scorer.likely)
    again = arrive(scorer, busy, dict(enumerate(features)), scorer.likely)
    assert again == settled and busy.known == plain.known and busy.by_key == plain.by_key
    assert set(busy.edges(range(260))) == set(plain.edges(range(200)))


def test_a_steward_decides_over_the_weights(made: tuple[Columns, list[dict[str, Any]]]) -> None:
    columns, _ = made
    scorer, book = columns.scorer, Memory()
    pairs = resolve(columns, scorer.merge).entity
    one = next(at for at in range(RECORDS) if pairs[at] != at)
    other = pairs[one]
    stranger = next(at for at in range(RECORDS) if pairs[at] == at and at not in (one, other))
    three: dict[int, Features | None] = {at: columns.features(at) for at in (one, other, stranger)}
    assert sorted([other, one]) in arrive(scorer, book, three, scorer.likely)
    book.decisions[min(one, other), max(one, other)] = False
    assert [one] in arrive(scorer, book, {one: three[one]}, scorer.likely)


def _take(clusters: list[list[int]], found: dict[int, int]) -> None:
    for cluster in clusters:
        for one in cluster:
            found[one] = cluster[0]


def _partition(entity: list[int]) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for one, whose in enumerate(entity):
        groups.setdefault(whose, set()).add(one)
    return {frozenset(group) for group in groups.values()}


numbers = st.tuples(st.integers(-20_000, 20_000), st.integers(-20_000, 20_000), st.integers(0, 1))
links = st.dictionaries(
    st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] < pair[1]),
    st.tuples(numbers, numbers).map(lambda two: (1, 0, *two[0], *two[1])),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(links, st.sets(st.integers(0, 11), max_size=4), st.randoms())
def test_partition_keeps_vetoes_and_does_not_depend_on_order(
    weights: dict[tuple[int, int], tuple[int, ...]], ends: set[int], chance: random.Random
) -> None:
    vetoes = {pair for pair in weights if pair[0] in ends}
    found = partition(range(12), weights, vetoes, 2_000, (-3_000, 0))
    assert sorted(one for cluster in found for one in cluster) == list(range(12))
    for cluster in found:
        assert not [pair for pair in vetoes if pair[0] in cluster and pair[1] in cluster]
    shuffled = list(weights.items())
    chance.shuffle(shuffled)
    members = list(range(12))
    chance.shuffle(members)
    assert partition(members, dict(shuffled), list(vetoes), 2_000, (-3_000, 0)) == found


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda pair: pair[0] != pair[1]), max_size=40))
def test_components_hang_together(pairs: list[tuple[int, int]]) -> None:
    found = components(pairs)
    whose = {one: number for number, group in enumerate(found) for one in group}
    assert all(whose[one] == whose[other] for one, other in pairs)
    assert sum(map(len, found)) == len({one for pair in pairs for one in pair})


def test_weights_are_learnt_and_kept_as_they_are(made: tuple[Columns, list[dict[str, Any]]], tmp_path: Path) -> None:
    columns, _ = made
    weights, report = learn(columns, "test")
    assert 0 < report["share"] < 1 and weights.levels["code"]["same"] > 8_000 > weights.levels["phone"]["different"]
    assert weights.relatives["name"]["different"] < 0 < weights.relatives["code"]["same"]
    text = written(weights, "customer", "a test")
    assert read(text) == weights and written(read(text), "customer", "a test") == text
    plain = Scorer(columns.scorer.rules, Weights())
    assert plain.score(columns.features(0), columns.features(0)).weight > plain.merge


def test_a_kind_without_one_of_its_parts() -> None:
    rules = MatchingRules.model_validate(
        {"matching": "x", "compare": {"code": {"as": "legal_code", "of": "tax"}, "mail": {"as": "mail", "of": {"site": "web"}}},
         "block": ["code.code", "mail.domain"]}
    )  # fmt: skip
    scorer = Scorer(rules, Weights())
    one, other = scorer.features({"tax": "91310115MA1H8X0P0T"}), scorer.features({"web": "acme.cn", "tax": None})
    assert one[1] is None and other[0] is None and other[1] == ((), ("acme.cn",))
    assert scorer.score(one, other).stranger == scorer.weights.prior and not set(scorer.keys(one)) & set(
        scorer.keys(other)
    )

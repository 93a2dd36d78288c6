"""The measures, on cases counted by hand and against plain enumeration."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.matching import golden
from bench.matching.measure import Truth, load_clusters, load_truth, pairs_precision, quality
from bench.matching.threshold import best_threshold

# a1 a2 a3 | b1 b2 | c1
ENTITY = {"a1": "A", "a2": "A", "a3": "A", "b1": "B", "b2": "B", "c1": "C"}
BRAND = {"A": ("华信", "杭州市"), "B": ("华信", "上海市"), "C": ("融木", "杭州市")}
TRUTH = Truth(ENTITY, {("A", "C"): "branch"}, BRAND, {})


def test_all_right() -> None:
    found = quality(ENTITY, TRUTH)
    assert (found.precision, found.recall, found.f1, found.b3_f1, found.exact, found.wrong) == (1, 1, 1, 1, 1, {})


def test_a_case_counted_by_hand() -> None:
    # {a1 a2 c1} {a3 b1} {b2}: pairs found 3 + 1, right: a1-a2; true pairs 3 + 1
    found = quality({"a1": "1", "a2": "1", "c1": "1", "a3": "2", "b1": "2", "b2": "3"}, TRUTH)
    assert (found.pairs_found, found.pairs_right, found.pairs_true) == (4, 1, 4)
    assert (found.precision, found.recall, found.f1) == (0.25, 0.25, 0.25)
    # precision of a1, a2: 2/3; c1: 1/3; a3, b1: 1/2; b2: 1
    assert found.b3_precision == pytest.approx((2 / 3 * 2 + 1 / 3 + 1 / 2 * 2 + 1) / 6)
    # recall of a1, a2: 2/3; a3: 1/3; b1, b2: 1/2; c1: 1
    assert found.b3_recall == pytest.approx((2 / 3 * 2 + 1 / 3 + 1 / 2 * 2 + 1) / 6)
    assert found.exact == 0
    assert found.largest == 3
    # a1-c1, a2-c1 are a branch's; a3-b1 share the brand in another city
    assert found.wrong == {"branch": pytest.approx(2 / 6 * 10_000), "other city": pytest.approx(1 / 6 * 10_000)}
    # c is in the cluster of a, which has more records there; a and b have one each: it counts as one merge
    assert found.merges == {"branch": pytest.approx(1 / 6 * 10_000), "other city": pytest.approx(1 / 6 * 10_000)}


def test_a_record_without_a_cluster_stands_alone() -> None:
    found = quality({"a1": "x", "a2": "x"}, TRUTH)
    assert (found.pairs_found, found.pairs_right, found.recall, found.exact) == (1, 1, 0.25, pytest.approx(1 / 3))


def test_clusters_of_other_records_are_refused() -> None:
    with pytest.raises(ValueError, match="the truth does not know"):
        quality({"z9": "x"}, TRUTH)


def test_nothing_found_is_nothing_wrong() -> None:
    found = quality({}, TRUTH)
    assert (found.precision, found.recall, found.f1, found.wrong) == (1.0, 0.0, 0.0, {})


def test_merged_without_asking() -> None:
    # the same pair twice counts once
    asked = [("a1", "a2"), ("a2", "a1"), ("a3", "b1")]
    assert pairs_precision(asked, TRUTH) == (2, 0.5, 0.25)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=14))
def test_counts_are_those_of_all_pairs(cells: list[tuple[int, int]]) -> None:
    entity = {str(at): f"e{one}" for at, (one, _) in enumerate(cells)}
    cluster = {str(at): f"c{other}" for at, (_, other) in enumerate(cells)}
    found = quality(cluster, Truth(entity, {}, {}, {}))
    pairs = list(combinations(entity, 2))
    together = [(one, other) for one, other in pairs if cluster[one] == cluster[other]]
    assert found.pairs_true == sum(entity[one] == entity[other] for one, other in pairs)
    assert found.pairs_found == len(together)
    assert found.pairs_right == sum(entity[one] == entity[other] for one, other in together)
    assert sum(found.wrong.values()) * len(entity) / 10_000 == pytest.approx(found.pairs_found - found.pairs_right)


@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=9).flatmap(
        lambda owners: st.tuples(
            st.just(owners),
            st.lists(
                st.tuples(st.integers(0, len(owners) - 1), st.integers(0, len(owners) - 1), st.integers(-3, 9)),
                min_size=1,
                max_size=14,
            ),
        )
    )
)
def test_best_threshold_is_the_best_of_all(case: tuple[list[int], list[tuple[int, int, int]]]) -> None:
    owners, edges = case
    entity = {str(at): str(owner) for at, owner in enumerate(owners)}
    edges = [edge for edge in edges if edge[0] != edge[1]]
    table = {
        "match_weight": [e[2] for e in edges],
        "id_l": [str(e[0]) for e in edges],
        "id_r": [str(e[1]) for e in edges],
    }
    weight, f1 = best_threshold(table, entity)
    scores = {
        cut: quality(components(edges, cut, entity), Truth(entity, {}, {}, {})).f1 for cut in {e[2] for e in edges}
    }
    assert f1 == pytest.approx(max(scores.values(), default=0.0))
    if f1:
        assert scores[int(weight)] == pytest.approx(f1)


def components(edges: list[tuple[int, int, int]], cut: int, entity: dict[str, str]) -> dict[str, str]:
    label = {record: record for record in entity}
    for one, other, weight in edges:
        if weight >= cut:
            old, new = label[str(other)], label[str(one)]
            label = {record: new if name == old else name for record, name in label.items()}
    return label


def test_golden_fields_are_compared_by_what_they_say() -> None:
    assert golden.same("phone", "+86-571-88881111", "0571-88881111")
    assert golden.same("mobile", "138 0000 1111", "13800001111")
    assert golden.same("city", "杭州", "杭州市")
    assert golden.same("website", "http://www.ab.com/", "ab.com")
    assert golden.same("name", "华信（杭州）有限公司", "华信(杭州)有限公司")
    assert not golden.same("name", "华信有限公司", "华信公司")
    assert not golden.same("phone", "0571-88881111-801", "0571-88881111")


def test_accuracy_of_golden_records() -> None:
    right = dict.fromkeys(golden.FIELDS, "") | {"name": "甲", "city": "杭州市"}
    truth = Truth({"1": "A", "2": "A", "3": "B"}, {}, {}, {"A": right, "B": right | {"name": "乙"}})
    found = {"1": "x", "2": "x", "3": "y"}
    shares = golden.accuracy({"x": {"name": "甲", "city": "杭州"}, "y": {"name": "丙", "city": "杭州市"}}, found, truth)
    assert (shares["name"], shares["city"]) == (0.5, 1.0)
    # the other seven of the mean are empty in the truth and in the answer
    assert shares["mean"] == pytest.approx((7 + 0.5 + 1.0) / 9)
    records = [{"id": "1", "name": "丁"}, {"id": "2", "name": "甲", "city": "杭州"}, {"id": "3", "name": "丙"}]
    best = golden.possible(records, truth)
    assert (best["name"], best["city"]) == (0.5, 0.5)


def test_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("id,entity_id\n1,A\n2,B\n", encoding="utf-8")
    (tmp_path / "clusters.csv").write_text("id,cluster_id\n1,x\n2,x\n", encoding="utf-8")
    truth = load_truth(tmp_path)
    assert quality(load_clusters(tmp_path / "clusters.csv"), truth).wrong == {"unrelated": 5_000.0}

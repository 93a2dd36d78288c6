"""Shipped rules and weights for members, contacts, products and suppliers: quality floors, and batch as online."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.matching.sample import write
from bench.weights.others import SETS, Set
from bench.weights.train import ENTITIES
from masterdata.matching import learn as learning
from masterdata.matching.batch import weigh
from masterdata.matching.cluster import partition
from masterdata.matching.columns import candidates
from masterdata.matching.learn import learn
from masterdata.matching.scorer import Scorer
from masterdata.matching.stored import read
from masterdata.model import Schema
from masterdata.model.schema import load_schema

FLOORS = {
    # set: (F1 at likely, precision of what is merged without asking, share of the true pairs in it)
    "members": (0.87, 0.995, 0.30),
    "persons": (0.95, 0.999, 0.85),
    "contacts": (0.90, 0.995, 0.35),
    "products": (0.89, 0.99, 0.60),
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    found = load_schema([ENTITIES])
    assert not found.findings
    return found


def _set(name: str, schema: Schema, folder: Path, records: int) -> Set:
    entity, source = SETS[name]
    write(source.sample(records, 900), source.columns, "900", folder)
    made = Set(schema, entity, folder)
    made.shipped()
    return made


@pytest.mark.parametrize("name", sorted(SETS))
def test_quality_and_the_same_answer_for_one_pair_as_for_many(name: str, schema: Schema, tmp_path: Path) -> None:
    made = _set(name, schema, tmp_path, 2_000)
    least, precision, share = FLOORS[name]
    assert made.quality().f1 >= least
    merged = made.merged()
    assert merged[0] >= precision
    assert merged[1] >= share
    columns = made.columns
    left, right, _ = candidates(columns, columns.scorer.rules.generic)
    many = weigh(columns, left[:400], right[:400])
    for at in range(len(many.left)):
        one, other = columns.features(int(left[at])), columns.features(int(right[at]))
        alone = columns.scorer.score(one, other)
        assert alone == columns.scorer.score(one, other)
        assert (alone.weight, bool(alone.vetoes)) == (int(many.weight[at]), bool(many.veto[at]))
        turned = columns.scorer.score(other, one)
        assert (turned.weight, turned.vetoes) == (alone.weight, alone.vetoes)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer random pairs: enough for a floor."""
    monkeypatch.setattr(learning, "RANDOM", 60_000)


@pytest.mark.usefixtures("quick")
def test_weights_learnt_without_labels_part_persons(schema: Schema, tmp_path: Path) -> None:
    made = _set("persons", schema, tmp_path, 1_500)
    columns = made.columns
    columns.scorer = Scorer(columns.scorer.rules, learn(columns, "self")[0])
    assert made.quality().f1 >= 0.94


def test_variants_of_a_product_are_never_one(schema: Schema) -> None:
    weights = read(schema.weights["product"].read_text(encoding="utf-8"))
    scorer = Scorer(schema.matching["product"], weights)
    tea = {"name": "源旺绿茶 500ml*12", "brand": "源旺", "number": "10001", "barcode": "6901234567892"}
    for change in (
        {"name": "源旺绿茶 550ml*12"},
        {"name": "源旺绿茶 500ml*24"},
        {"barcode": "6909876543212"},
    ):
        assert scorer.score(scorer.features(tea), scorer.features(tea | change)).vetoes
    assert not scorer.score(scorer.features(tea), scorer.features(tea)).vetoes


def test_suppliers_are_matched_as_customers(schema: Schema) -> None:
    customer, supplier = schema.matching["customer"], schema.matching["supplier"]
    assert supplier.compare == customer.compare
    assert (supplier.block, supplier.never, supplier.thresholds) == (
        customer.block,
        customer.never,
        customer.thresholds,
    )
    assert schema.weights["supplier"] == schema.weights["customer"]


def _site(folder: Path, text: str) -> Schema:
    (folder / "supplier").mkdir()
    (folder / "supplier" / "matching.yaml").write_text(text, encoding="utf-8")
    return load_schema([ENTITIES, folder])


def test_a_site_says_only_what_it_wants_otherwise(tmp_path: Path) -> None:
    text = "matching: supplier\nlike: customer\ncompare: {number: {as: code, of: number}}\nthresholds: {merge: 9}\n"
    found = _site(tmp_path, text).matching["supplier"]
    assert "number" in found.compare
    assert "code" in found.compare
    assert found.thresholds.merge == 9
    assert "code.code" in found.block


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("matching: supplier\nlike: custmer\n", "matching.like"),
        ("matching: supplier\ncompare: {}\n", "matching.bad-value"),
    ],
)
def test_rules_that_are_like_nothing(text: str, code: str, tmp_path: Path) -> None:
    found = _site(tmp_path, text).findings
    assert [each.code for each in found if each.severity == "error"] == [code]


def test_pairs_with_nothing_in_common_do_not_hold_a_chain_apart() -> None:
    card, phone, nothing = (1, 0, 9_000, 9_000, 1, 0, 0, 0), (1, 0, 0, 0, 0, 9_000, 9_000, 1), (1, 0, *[0] * 6)
    odds = (-4_000, -4_000)
    assert partition([1, 2, 3], {(1, 2): card, (2, 3): phone, (1, 3): nothing}, (), 5_000, odds) == [[1, 2, 3]]
    assert partition([1, 2, 3], {(1, 2): card, (2, 3): phone, (1, 3): nothing}, [(1, 3)], 5_000, odds) == [[1, 2], [3]]
    against = (1, 0, -12_000, -12_000, 1, 0, 0, 0)
    assert partition([1, 2, 3], {(1, 2): card, (2, 3): phone, (1, 3): against}, (), 5_000, odds) == [[1, 2], [3]]
    assert partition([1, 2], {(1, 2): nothing}, (), 5_000, odds) == [[1], [2]]


@pytest.mark.usefixtures("quick")
def test_a_level_that_nobody_has_seen_is_no_evidence(schema: Schema, tmp_path: Path) -> None:
    made = _set("persons", schema, tmp_path, 600)
    weights, report = learn(made.columns, "self")
    for at, compare in enumerate(made.columns.scorer.comparisons):
        own = {level.name: level.weight for level in compare.kind.levels}
        for number, level in enumerate(own):
            if compare.name in weights.levels and np.isclose(report["m"][at][number] * 1e6, 0, atol=1):
                assert weights.levels[compare.name][level] <= 1000 * own[level] + 1
    assert "card" not in weights.levels

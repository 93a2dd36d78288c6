"""Golden records of a whole file, against the truth of generated customers."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.matching import golden
from bench.matching.generate import generate
from bench.matching.measure import Truth, load_truth
from bench.weights.survive import Record, as_columns, records
from masterdata.model import Entity, load_schema
from tongmai.batch.golden import golden_rows
from tongmai.core.settings import product_root


@pytest.fixture(scope="module")
def customer() -> Entity:
    schema = load_schema([product_root() / "masterdata" / "entities"])
    assert schema.findings == []
    return schema.entities["customer"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("generated")
    generate(4_000, "medium", 11, made)
    return made


def test_golden_fields_are_righter_than_any_picking(customer: Entity, folder: Path) -> None:
    truth: Truth = load_truth(folder)
    rows = {row["cluster_id"]: as_columns(row) for row in golden_rows(customer, records(folder), truth.entity)}
    found = golden.accuracy(rows, truth.entity, truth)
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        picking = golden.possible(csv.DictReader(file), truth)
    assert picking["mean"] < 0.66 < found["mean"]
    assert found["address"] > picking["address"] + 0.2
    assert found["city"] > 0.95 and found["province"] > 0.97


def test_each_value_has_its_lineage(customer: Entity, folder: Path) -> None:
    held = {key: (source, fields) for key, source, fields in records(folder)}
    truth = load_truth(folder)
    for row in golden_rows(customer, records(folder), truth.entity):
        for name in customer.fields:
            told = row["why"].get(name)
            assert (row[name] is None) == (told is None or told["rule"] == "refused")
            if told and told["connection"] != "hub":
                source, fields = held[told["key"]]
                assert told["connection"] == source and fields[name] and truth.entity[told["key"]] == row["cluster_id"]


def test_the_order_of_the_file_does_not_matter(customer: Entity, folder: Path) -> None:
    some = list(records(folder))[:600]
    truth = load_truth(folder).entity
    cluster_of = {key: truth[key] for key, _, _ in some}
    wanted = {row["cluster_id"]: row for row in golden_rows(customer, some, cluster_of)}
    for seed in range(3):
        mixed = random.Random(seed).sample(some, len(some))
        assert {row["cluster_id"]: row for row in golden_rows(customer, mixed, cluster_of)} == wanted


def test_a_cluster_leaves_when_its_last_record_has_come(customer: Entity) -> None:
    def one_by_one() -> Iterator[Record]:
        for number in range(4):
            come.append(number)
            yield str(number), "crm", {"legal_name": f"甲乙{number}有限公司", "updated_at": f"2026/1/{number + 1}"}

    come: list[int] = []
    rows = golden_rows(customer, one_by_one(), {"0": "a", "1": "b", "2": "a", "9": "b"})
    assert (next(rows)["cluster_id"], come) == ("a", [0, 1, 2])
    assert [row["cluster_id"] for row in rows] == ["3", "b"]


def test_times_of_any_shape_count(customer: Entity) -> None:
    given = [
        ("1", "crm", {"website": "old.example.cn", "updated_at": "2019/3/1"}),
        ("2", "crm", {"website": "new.example.cn", "updated_at": "2024年12月1日"}),
        ("3", "crm", {"website": "lost.example.cn", "updated_at": "never"}),
    ]
    (row,) = golden_rows(customer, given, dict.fromkeys("123", "a"))
    assert (row["website"], row["why"]["website"]["at"]) == ("new.example.cn", "2024-12-01T00:00:00+00:00")

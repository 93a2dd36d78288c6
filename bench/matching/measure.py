"""How right clusters are: counts of a contingency table, never a walk over all pairs.

``python -m bench.matching.measure DIR CLUSTERS`` where DIR holds what `generate` wrote and CLUSTERS is ``id,cluster_id``.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path

Assignment = Mapping[str, str]
# Above so many companies in one cluster the wrong pairs are no longer told apart one by one.
_TOLD_APART = 2_000


@dataclass(frozen=True, slots=True)
class Quality:
    """Of clusters against the truth; ``wrong`` pairs of records and ``merges`` are given per 10,000 records. A wrong merge is a
    company in a cluster that is not the cluster's largest; its kind is what it is to that one."""

    records: int
    pairs_true: int
    pairs_found: int
    pairs_right: int
    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    exact: float
    largest: int
    wrong: dict[str, float] = field(default_factory=dict)
    merges: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Truth:
    """What `generate` (or `febrl`) wrote beside the records."""

    entity: dict[str, str]
    relation: dict[tuple[str, str], str]
    brand: dict[str, tuple[str, str]]
    golden: dict[str, dict[str, str]]


def load_truth(folder: Path) -> Truth:
    """Truth of a folder; relations and golden fields are empty where the folder has none."""
    relation, brand, golden = {}, {}, {}
    if (folder / "relations.csv").exists():
        for row in _rows(folder / "relations.csv"):
            relation[_pair(row["entity_a"], row["entity_b"])] = row["kind"]
    if (folder / "entities.csv").exists():
        for row in _rows(folder / "entities.csv"):
            brand[row["entity_id"]] = (row["brand"], row["city"])
            golden[row["entity_id"]] = row
    entity = {row["id"]: row["entity_id"] for row in _rows(folder / "truth.csv")}
    return Truth(entity, relation, brand, golden)


def load_clusters(path: Path) -> dict[str, str]:
    return {row["id"]: row["cluster_id"] for row in _rows(path)}


def quality(found: Assignment, truth: Truth) -> Quality:
    """Pairwise and B-cubed measures, share of companies found exactly, wrong pairs and merges by kind.

    A record that `found` does not name stands alone; one that the truth does not know is refused: the files do not belong
    together.
    """
    strange = next((record for record in found if record not in truth.entity), None)
    if strange is not None:
        raise ValueError(
            f"the clusters name the record {strange!r}, which the truth does not know: another seed or size?"
        )
    cells: dict[str, Counter[str]] = defaultdict(Counter)
    entities: Counter[str] = Counter(truth.entity.values())
    for record, entity in truth.entity.items():
        cells[found.get(record, f"\0{record}")][entity] += 1
    sizes = {cluster: sum(counts.values()) for cluster, counts in cells.items()}
    right = sum(_two(count) for counts in cells.values() for count in counts.values())
    claimed, true = sum(map(_two, sizes.values())), sum(map(_two, entities.values()))
    total = len(truth.entity)
    b3_precision = sum(n * n / sizes[c] for c, counts in cells.items() for n in counts.values()) / max(total, 1)
    b3_recall = sum(n * n / entities[e] for counts in cells.values() for e, n in counts.items()) / max(total, 1)
    exact = sum(len(counts) == 1 and entities[next(iter(counts))] == sizes[c] for c, counts in cells.items())
    precision, recall = _share(right, claimed), _share(right, true)
    wrong, merges = (
        _per_10_000(counts, total) for counts in (_wrong(cells.values(), truth), _merges(cells.values(), truth))
    )
    return Quality(
        total, true, claimed, right, precision, recall, _harmonic(precision, recall), b3_precision, b3_recall,
        _harmonic(b3_precision, b3_recall), exact / max(len(entities), 1), max(sizes.values(), default=0), wrong, merges,
    )  # fmt: skip


def kind_of(one: str, other: str, truth: Truth) -> str:
    """Why two different companies may have been taken for one."""
    kind = truth.relation.get(_pair(one, other))
    if kind is None and truth.brand and truth.brand[one][0] == truth.brand[other][0]:
        kind = "same city" if truth.brand[one][1] == truth.brand[other][1] else "other city"
    return kind or "unrelated"


def pairs_precision(pairs: Iterable[tuple[str, str]], truth: Truth) -> tuple[int, float, float]:
    """Of pairs merged without asking: how many, the share that is right, the share of all true pairs among them."""
    asked = {_pair(*pair) for pair in pairs}
    right = sum(truth.entity[one] == truth.entity[other] for one, other in asked)
    true = sum(map(_two, Counter(truth.entity.values()).values()))
    return len(asked), _share(right, len(asked)), _share(right, true)


def _wrong(tables: Iterable[Counter[str]], truth: Truth) -> Counter[str]:
    """Pairs of records put together wrongly, by kind."""
    counts: Counter[str] = Counter()
    for table in tables:
        if len(table) > _TOLD_APART:
            every = _two(sum(table.values())) - sum(map(_two, table.values()))
            counts["unrelated"] += every
            continue
        for (one, some), (other, more) in combinations(table.items(), 2):
            counts[kind_of(one, other, truth)] += some * more
    return counts


def _merges(tables: Iterable[Counter[str]], truth: Truth) -> Counter[str]:
    """Companies that are in another one's cluster, by kind."""
    counts: Counter[str] = Counter()
    for table in tables:
        if len(table) > 1:
            largest = min(table, key=lambda one: (-table[one], one))
            counts.update(kind_of(largest, one, truth) for one in table if one != largest)
    return counts


def _per_10_000(counts: Counter[str], total: int) -> dict[str, float]:
    return {kind: count / max(total, 1) * 10_000 for kind, count in sorted(counts.items())}


def _two(count: int) -> int:
    return count * (count - 1) // 2


def _share(part: int, whole: int) -> float:
    """Nothing claimed is nothing wrong."""
    return part / whole if whole else 1.0


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clusters", type=Path)
    parser.add_argument("--pairs", type=Path, help="merged without asking: a file with the columns id_a, id_b")
    parser.add_argument("--golden", type=Path, help="one golden record a cluster: cluster_id and fields")
    options = parser.parse_args()
    truth, found = load_truth(options.folder), load_clusters(options.clusters)
    told: dict[str, object] = asdict(quality(found, truth))
    if options.pairs:
        merged = ((row["id_a"], row["id_b"]) for row in _rows(options.pairs))
        told["merged"], told["merged_precision"], told["merged_recall"] = pairs_precision(merged, truth)
    if options.golden:
        from bench.matching import golden

        golden_rows = {row["cluster_id"]: row for row in _rows(options.golden)}
        told["golden"] = golden.accuracy(golden_rows, found, truth)
        told["golden_by_picking"] = golden.possible(_rows(options.folder / "records.csv"), truth)
    print(json.dumps(told, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()

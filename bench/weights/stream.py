"""Some at a time and all at once: the same entities? Records arrive in random order in lots, with one snapshot for both.

``python -m bench.weights.stream --records 20000 --seed 5001 --lot 1000``. Some of them arrive with other fields first, or
go and come back, as in a hub; what counts is the set at the end. Exit 1 where edges or partition differ.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.matching.generate import generate
from masterdata.matching.columns import Columns
from masterdata.matching.online import Memory, arrive
from masterdata.matching.resolve import Resolved, resolve
from masterdata.matching.scorer import Features, Scorer
from masterdata.matching.snapshot import combined, snapshot
from tongmai.batch.run import load
from tongmai.sync.content import load_content


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--noise", default="medium")
    parser.add_argument("--seed", type=int, default=5001)
    parser.add_argument("--lot", type=int, default=1_000)
    parser.add_argument("--order", type=int, default=1, help="seed of the order of arrival")
    parser.add_argument(
        "--generic", type=int, help="in place of the rules' own: with a low one keys become generic in a small set"
    )
    options = parser.parse_args(arguments)
    columns = _columns(options.records, options.noise, options.seed, options.generic)
    scorer = columns.scorer
    begun = time.perf_counter()
    batch = resolve(columns, scorer.merge)
    all_at_once = time.perf_counter() - begun
    book, entity = Memory(), dict[int, int]()
    times: list[float] = []
    for lot in _lots(columns, options.lot, random.Random(options.order)):
        begun = time.perf_counter()
        clusters = arrive(scorer, book, lot, scorer.merge)
        times.append(time.perf_counter() - begun)
        for one in lot:
            entity.pop(one, None)
        for cluster in clusters:
            entity.update(dict.fromkeys(cluster, cluster[0]))
    differ = sum(entity.get(one) != whose for one, whose in enumerate(batch.entity))
    edges = _edges(book, columns.size) ^ _pairs(batch)
    print(f"{columns.size:,} records, {len(set(batch.entity)):,} entities, {len(batch.pairs.left):,} edges")
    print(f"all at once {all_at_once:.1f} s; {len(times)} lots {sum(times):.1f} s, "
          f"{1000 * sum(times) / columns.size:.2f} ms a record, the slowest lot {max(times):.2f} s")  # fmt: skip
    print(f"records in another entity: {differ}; edges in one of the two only: {len(edges)}")
    if differ or edges or len(entity) != columns.size:
        sys.exit(1)


def _columns(size: int, noise: str, seed: int, generic: int | None) -> Columns:
    schema = load_content().schema
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as temporary:
        generate(size, noise, seed, Path(temporary))
        columns, _, _ = load(Path(temporary, "records.csv"), schema, "customer", {}, lambda *_: None)
    scorer = columns.scorer
    rules = scorer.rules if generic is None else scorer.rules.model_copy(update={"generic": generic})
    columns.scorer = Scorer(rules, scorer.weights)
    columns.scorer = Scorer(rules, combined(scorer.weights, snapshot(columns)))
    return columns


def _lots(columns: Columns, size: int, chance: random.Random) -> list[dict[int, Features | None]]:
    """Every record once as it is, in random order; one in 20 is somebody else or gone for a time before that."""
    order = list(range(columns.size))
    chance.shuffle(order)
    found: list[dict[int, Features | None]] = []
    for at in range(0, columns.size, size):
        lot: dict[int, Features | None] = {one: columns.features(one) for one in order[at : at + size]}
        if at + size < columns.size:
            ahead = order[at + size :]
            for one in chance.sample(ahead, min(len(ahead), size // 20)):
                lot[one] = columns.features(chance.choice(order)) if chance.random() < 0.7 else None
        found.append(lot)
    return found


def _edges(book: Memory, size: int) -> set[tuple[int, int, int, bool]]:
    return {(edge.one, edge.other, edge.weight, edge.veto) for edge in book.edges(range(size))}


def _pairs(found: Resolved) -> set[tuple[int, int, int, bool]]:
    pairs = found.pairs
    columns = (pairs.left.tolist(), pairs.right.tolist(), pairs.weight.tolist(), pairs.veto.tolist())
    return set(zip(*columns, strict=True))


if __name__ == "__main__":
    main()

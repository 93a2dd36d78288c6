"""Members, contacts and products with the shipped weights, and febrl with the shipped ones and with ones learnt without labels.

``python -m bench.weights.others --records 10000 --seed 1000``. Seeds below 1000 are for tuning and training.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bench.matching import febrl
from bench.matching.measure import Quality, Truth, load_truth, quality
from bench.matching.sample import write
from bench.weights.train import CONTACTS, ENTITIES, MEMBERS, PERSONS, PRODUCTS, Source
from masterdata.matching.batch import weigh
from masterdata.matching.cluster import components
from masterdata.matching.columns import Columns, candidates
from masterdata.matching.learn import learn
from masterdata.matching.resolve import resolve
from masterdata.matching.scorer import Scorer
from masterdata.model import Schema
from masterdata.model.schema import load_schema
from tongmai.batch.run import load, with_frequencies

SETS: dict[str, tuple[str, Source]] = {
    "members": ("member", MEMBERS),
    "persons": ("member", PERSONS),
    "contacts": ("contact", CONTACTS),
    "products": ("product", PRODUCTS),
}


class Set:
    """The records of a folder with their truth."""

    def __init__(self, schema: Schema, entity: str, folder: Path) -> None:
        self.columns, self.ids, _ = load(folder / "records.csv", schema, entity, {}, lambda *_: None)
        self.truth: Truth = load_truth(folder)

    def shipped(self) -> Columns:
        """Weigh with the shipped weights and this set's own frequencies, as ``tongmai match`` does."""
        with_frequencies(self.columns)
        return self.columns

    def learnt(self) -> Columns:
        """Weigh with weights learnt from the set itself, without labels."""
        self.columns.scorer = Scorer(self.columns.scorer.rules, learn(self.columns, "self")[0])
        return self.columns

    def quality(self) -> Quality:
        """Of the clusters at ``likely``."""
        found = resolve(self.columns, self.columns.scorer.likely).entity
        return quality({key: self.ids[first] for key, first in zip(self.ids, found, strict=True)}, self.truth)

    def merged(self) -> tuple[float, float]:
        """(precision, share of the true pairs) of clusters at ``merge``: what nobody is asked about."""
        found = resolve(self.columns, self.columns.scorer.merge).entity
        made = quality({key: self.ids[first] for key, first in zip(self.ids, found, strict=True)}, self.truth)
        return made.precision, made.recall

    def ceiling(self) -> float:
        """The F1 of one who knows the answer for every candidate pair, and nothing else."""
        left, right, _ = candidates(self.columns, self.columns.scorer.rules.generic)
        entity = [self.truth.entity[key] for key in self.ids]
        pairs = [(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True) if entity[a] == entity[b]]
        first = {key: key for key in self.ids}
        for group in components(pairs):
            first.update((self.ids[one], self.ids[group[0]]) for one in group)
        return quality(first, self.truth).f1

    def asked(self) -> int:
        """Pairs between ``review`` and ``merge``: a person's work where nothing is taken as likely."""
        scorer = self.columns.scorer
        left, right, _ = candidates(self.columns, scorer.rules.generic)
        found = weigh(self.columns, left, right)
        return int(np.count_nonzero((found.weight >= scorer.review) & (found.weight < scorer.merge) & ~found.veto))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args(arguments)
    schema = load_schema([ENTITIES])
    print(
        f"{'':28} {'P':>6} {'R':>6} {'F1':>6} {'ceil.':>6}  merged without asking: precision, share; pairs for review"
    )
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as temporary:
        for name, made in _sets(schema, Path(temporary), options.records, options.seed):
            found = made.quality()
            precision, share = made.merged()
            print(
                f"{name:28} {found.precision:6.4f} {found.recall:6.4f} {found.f1:6.4f} {made.ceiling():6.4f}"
                f"  {precision:.4f}, {share:.3f}; {made.asked():,}",
                flush=True,
            )


def _sets(schema: Schema, home: Path, records: int, seed: int) -> Iterator[tuple[str, Set]]:
    for name, (entity, source) in SETS.items():
        write(source.sample(records, seed), source.columns, str(seed), home / name)
        made = Set(schema, entity, home / name)
        made.shipped()
        yield name, made
    where = febrl.available()
    if where is None:
        print("febrl: not there; `make peers` installs it")
        return
    for name in febrl.NAMES:
        febrl.export(where, name, home / name)
        made = Set(schema, "member", home / name)
        made.shipped()
        yield f"{name}, shipped weights", made
        made.learnt()
        yield f"{name}, learnt, no labels", made


if __name__ == "__main__":
    main()

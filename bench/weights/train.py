"""Make the shipped weights of people, contacts and products: ``python -m bench.weights.train member contact product``.

Learnt from generated records with their truth as labels, on seeds that no table is measured with. Customers' weights are
learnt by ``tongmai match train`` from what `bench.matching.generate` writes; suppliers take customers'.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from bench.matching import contacts, members, persons, products
from bench.matching.sample import Sample, write
from masterdata.matching.learn import learn
from masterdata.matching.stored import written
from masterdata.model import Schema
from masterdata.model.schema import load_schema
from tongmai.batch import labels
from tongmai.batch.run import load

ENTITIES = Path(__file__).resolve().parents[2] / "masterdata" / "entities"
VERSION = "2026-11-22"


class Source(NamedTuple):
    """A generator, its columns, and what is taken of it."""

    sample: Callable[[int, int], Sample]
    columns: tuple[str, ...]
    records: int
    seed: int
    said: str


MEMBERS = Source(members.sample, members.COLUMNS, 12_000, 101, "retail members of bench/matching/members.py")
PERSONS = Source(persons.sample, persons.COLUMNS, 12_000, 102, "Western persons of bench/matching/persons.py")
CONTACTS = Source(contacts.sample, contacts.COLUMNS, 20_000, 103, "contacts of bench/matching/contacts.py")
PRODUCTS = Source(products.sample, products.COLUMNS, 20_000, 104, "products of bench/matching/products.py")
SOURCES: dict[str, tuple[Source, ...]] = {
    "member": (MEMBERS, PERSONS),
    "contact": (CONTACTS,),
    "product": (PRODUCTS,),
}


def train(entity: str, schema: Schema, home: Path, sources: Sequence[Source]) -> str:
    """The text of an entity's weights file."""
    folder = home / entity
    columns = tuple(dict.fromkeys(name for source in sources for name in source.columns))
    write(_every(sources), columns, f"train {entity}", folder)
    found, ids, _ = load(folder / "records.csv", schema, entity, {}, lambda *_: None)
    weights, report = learn(found, VERSION, labels.read(folder / "truth.csv", ids, found))
    print(
        f"{entity}: {found.size:,} records, {report['candidates']:,} candidates, {report['share']:.1%} of them the same"
    )
    told = "; ".join(f"{source.records:,} {source.said}, seed {source.seed}" for source in sources)
    return written(replace(weights, frequencies={}), entity, f"{told}; their truth as labels")


def _every(sources: Sequence[Source]) -> Iterator[tuple[str, dict[str, str]]]:
    for source in sources:
        for entity, row in source.sample(source.records, source.seed):
            yield entity, dict(row)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entities", nargs="+", choices=sorted(SOURCES))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tm-train-") as home:
        for entity in options.entities:
            text = train(entity, load_schema([ENTITIES]), Path(home), SOURCES[entity])
            (ENTITIES / entity / "weights.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Chinese customers of four systems, with the truth beside them.

``python -m bench.matching.generate --records 20000 --noise medium --seed 7 --out DIR`` writes into DIR

- ``records.csv``: what a matcher is given (the columns of ``tongmai match --entity customer``);
- ``truth.csv``: ``id, entity_id``;
- ``entities.csv``: what a company really is: kind, parent, brand, and the true golden fields;
- ``relations.csv``: ``entity_a, entity_b, kind`` of companies easily taken for each other.

The same arguments give the same bytes. Families stream through a shuffling buffer, so memory stays small at any size.
"""

from __future__ import annotations

import argparse
import csv
import gc
import sys
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from bench.matching.chance import Draw
from bench.matching.company import Company
from bench.matching.family import World, draw_family
from bench.matching.noise import LEVELS
from bench.matching.records import COLUMNS, Row, records_of

GOLDEN = (
    "name", "name_en", "uscc", "contact", "phone", "mobile", "email", "province", "city", "address", "legal_person", "website",
    "industry",
)  # fmt: skip
BUFFER = 50_000
_PRIME = 15_485_863


class Written(NamedTuple):
    records: int
    entities: int


def generate(records: int, noise: str, seed: int, out: Path) -> Written:
    """Write the four files."""
    out.mkdir(parents=True, exist_ok=True)
    world = World(f"{seed}", records)
    entities = 0
    with (
        (out / "records.csv").open("w", encoding="utf-8", newline="") as rows,
        (out / "truth.csv").open("w", encoding="utf-8", newline="") as truth,
        (out / "entities.csv").open("w", encoding="utf-8", newline="") as golden,
        (out / "relations.csv").open("w", encoding="utf-8", newline="") as relations,
    ):
        write_row = csv.DictWriter(rows, COLUMNS, restval="")
        write_truth, write_golden, write_relation = csv.writer(truth), csv.writer(golden), csv.writer(relations)
        write_row.writeheader()
        write_truth.writerow(("id", "entity_id"))
        write_golden.writerow(("entity_id", "kind", "parent_id", "brand", *GOLDEN))
        write_relation.writerow(("entity_a", "entity_b", "kind"))

        def stream() -> Iterator[tuple[str, Row]]:
            nonlocal entities
            for family in _families(world, records, noise, seed):
                for company, own in family:
                    entities += 1
                    write_golden.writerow(_golden(company))
                    yield from ((company.id, row) for row in own)
                write_relation.writerows(_relations([company for company, _ in family]))

        for at, (entity, row) in enumerate(_shuffled(stream(), Draw(f"{seed} order"))):
            # numbers that tell nothing: a permutation of the place in a file that is shuffled already
            row["id"] = f"{row['source']}-{(at + 1) * 7_368_787 % _PRIME:08d}"
            write_row.writerow(row)
            write_truth.writerow((row["id"], entity))
    return Written(records, entities)


def _families(world: World, records: int, noise: str, seed: int) -> Iterator[list[tuple[Company, list[Row]]]]:
    """Companies with their records, until there are enough; the last family is cut."""
    truth, dirt = Draw(f"{seed} truth"), Draw(f"{seed} {noise}")
    left, number = records, 0
    while left > 0:
        number += 1
        family = []
        for place, company in enumerate(draw_family(truth, world, number)):
            company.id = f"E{number:07d}-{place}"
            own = records_of(dirt, company, LEVELS[noise])[:left]
            left -= len(own)
            if own:
                family.append((company, own))
        yield family


def _shuffled(stream: Iterator[tuple[str, Row]], chance: Draw) -> Iterator[tuple[str, Row]]:
    """In an order that says nothing of what belongs together (up to the buffer's size)."""
    held: list[tuple[str, Row]] = []
    for one in stream:
        if len(held) < BUFFER:
            held.append(one)
            continue
        at = chance.below(BUFFER)
        held[at], out = one, held[at]
        yield out
    while held:
        at = chance.below(len(held))
        held[at], held[-1] = held[-1], held[at]
        yield held.pop()


def _golden(company: Company) -> tuple[str, ...]:
    person = company.people[0]
    return (
        company.id, company.kind, company.parent.id if company.parent else "", company.brand, company.name, company.english,
        company.uscc, person.name, company.phones[0], person.mobile, company.mail, company.city.province, company.city.name,
        company.addresses[0].full(), company.legal_person, company.domain, company.industry,
    )  # fmt: skip


def _relations(family: list[Company]) -> Iterator[tuple[str, str, str]]:
    """Pairs that must not be merged and why one might: the nearest tie counts."""
    for one, other in combinations(family, 2):
        kinds = {one.kind, other.kind}
        if "branch" in kinds and (one.parent is other or other.parent is one or one.parent is other.parent):
            kind = "branch"
        elif "subsidiary" in kinds and not kinds & {"namesake", "sound"}:
            kind = "subsidiary"
        elif one.brand == other.brand:
            kind = "other city" if one.city is not other.city else "same city"
        else:
            kind = "similar sound"
        yield one.id, other.id, kind


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--noise", choices=sorted(LEVELS), default="medium")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if not 1 <= options.records < _PRIME:
        sys.exit(f"--records is {options.records}; between 1 and {_PRIME - 1:,} are possible")
    gc.freeze()
    started = time.perf_counter()
    done = generate(options.records, options.noise, options.seed, options.out)
    seconds = time.perf_counter() - started
    print(f"{done.records:,} records of {done.entities:,} companies in {seconds:.1f} s: {options.out}")


if __name__ == "__main__":
    main()

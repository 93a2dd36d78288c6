"""Splink in a process of its own, so that its seconds and memory are its own: ``python -m bench.matching.splinked``.

Counted: reading, normalising, training, predicting, clustering. Not counted: the search for the threshold that is best on
the truth, which favours Splink: a user has no truth.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import logging
import math
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Normaliser = Callable[[dict[str, str]], dict[str, str]]
_BATCH = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", choices=("raw", "normalised", "febrl"), required=True)
    parser.add_argument("--normaliser", default="bench.matching.plain:normalise", help="module:function")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    normalise = _function(options.normaliser) if options.model == "normalised" else None
    print(json.dumps(run(options.folder, options.model, normalise, options.out)))


def run(folder: Path, name: str, normalise: Normaliser | None, out: Path) -> dict[str, float]:
    """Write clusters at the best threshold; the answer is what it took."""
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator

    from bench.matching.measure import load_truth
    from bench.matching.models import MODELS
    from bench.matching.threshold import best_threshold

    logging.getLogger("splink").setLevel(logging.ERROR)
    con = duckdb.connect()
    _load(con, folder / "records.csv", normalise)
    normalising = cpu()
    model = MODELS[name]()
    api = DuckDBAPI(con)
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=model.comparisons,
        blocking_rules_to_generate_predictions=model.blocking,
        unique_id_column_name="id",
        retain_matching_columns=False,
        max_iterations=20,
    )
    linker = Linker(api.register("given"), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(model.sure, recall=model.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_weight=model.floor)
    spent, memory = cpu(), peak()
    edges = predicted.as_duckdbpyrelation().select("match_weight, id_l, id_r").fetchnumpy()
    weight, _ = best_threshold(edges, load_truth(folder).entity)
    searched = cpu()
    probability = 1 - 1 / (1 + 2**weight) if weight < 50 else 1.0
    if math.isinf(weight):
        sys.exit("Splink found no pair at all")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_weight=weight)
    con.execute(f"copy (select id, cluster_id from {clusters.physical_name}) to '{out}' (header)")
    return {
        "cpu": spent + cpu() - searched, "normalising": normalising, "memory": max(memory, 0), "weight": weight,
        "probability": probability, "edges": len(edges["id_l"]),
    }  # fmt: skip


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _load(con: Any, path: Path, normalise: Normaliser | None) -> None:
    """Table `given`: every column a text, empty ones null."""
    if normalise is None:
        con.execute(f"create view read as select * from read_csv('{path}', header=true, all_varchar=true)")
        columns = [row[0] for row in con.execute("describe read").fetchall()]
        chosen = ", ".join(f'nullif(trim("{column}"), \'\') as "{column}"' for column in columns)
        con.execute(f"create table given as select {chosen} from read")
        return
    import pyarrow

    for at, rows in enumerate(_batches(path)):
        done = [{"id": row["id"], **{key: value or None for key, value in normalise(row).items()}} for row in rows]
        batch = pyarrow.Table.from_pylist(  # noqa: F841  (DuckDB reads the variable by its name)
            done, pyarrow.schema([(key, pyarrow.string()) for key in done[0]])
        )
        con.execute("create table given as select * from batch" if at == 0 else "insert into given select * from batch")


def _batches(path: Path) -> Iterator[list[dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, str]] = []
        for row in csv.DictReader(file):
            rows.append(row)
            if len(rows) == _BATCH:
                yield rows
                rows = []
        if rows:
            yield rows


def _function(text: str) -> Normaliser:
    module, _, name = text.partition(":")
    found: Normaliser = getattr(importlib.import_module(module), name)
    return found


if __name__ == "__main__":
    main()

"""Splink on Spark with the same normalised columns and settings as on one machine: the way beyond it.

``python -m bench.matching.sparked DIR --master 'local[2]' --out clusters.csv``; DIR as ``bench.matching.generate`` writes it.
Spark is no dependency of ours: ``pip install pyspark==3.5.*``, and Java 17. On a cluster ``--master`` names it, and the
folder is one that every node sees. Records are normalised on the workers; nothing but the best threshold, which a user
names with ``--at``, needs the truth.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import logging
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.matching.plain import normalise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--master", default="local[*]")
    parser.add_argument("--memory", default="4g", help="of the driver")
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--at", type=float, default=5.0, help="match weight from which on records are one")
    options = parser.parse_args()
    begun = time.perf_counter()
    found = run(options.folder, options.out, options.master, options.memory, options.partitions, options.at)
    print(json.dumps({**found, "seconds": round(time.perf_counter() - begun, 1)}))


def run(folder: Path, out: Path, master: str, memory: str, partitions: int, least: float) -> dict[str, int]:
    """Write ``id, cluster_id``."""
    from splink import Linker, SettingsCreator
    from splink.internals.spark.jar_location import similarity_jar_location

    from bench.matching.models import MODELS

    spark = (
        importlib.import_module("pyspark.sql")
        .SparkSession.builder.master(master)
        .appName("matching")
        .config("spark.jars", similarity_jar_location())  # Jaro-Winkler and Damerau-Levenshtein
        .config("spark.driver.memory", memory)
        .config("spark.sql.shuffle.partitions", partitions)
        .config("spark.default.parallelism", partitions)
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.setCheckpointDir(str(out.parent / "spark-checkpoints"))
    rows = spark.read.csv(str(folder / "records.csv"), header=True, multiLine=True, escape='"').repartition(partitions)
    given = spark.createDataFrame(rows.rdd.mapPartitions(_normalised), _columns())
    model = MODELS["normalised"]()
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=model.comparisons,
        blocking_rules_to_generate_predictions=model.blocking,
        unique_id_column_name="id",
        max_iterations=20,
    ).create_settings_dict("spark")
    # the one function in our own conditions that Spark spells otherwise
    settings = json.loads(json.dumps(settings).replace("starts_with(", "startswith("))
    api = importlib.import_module("splink.internals.spark.database_api").SparkAPI(
        spark_session=spark, num_partitions_on_repartition=partitions, break_lineage_method="parquet"
    )
    linker = Linker(api.register(given.persist()), settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(model.sure, recall=model.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in model.training:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_weight=model.floor)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_weight=least)
    with out.open("w", encoding="utf-8", newline="") as stream:
        write = csv.writer(stream)
        write.writerow(("id", "cluster_id"))
        write.writerows(spark.table(clusters.physical_name).select("id", "cluster_id").toLocalIterator())
    count = int(spark.table(predicted.physical_name).count())
    spark.stop()
    return {"pairs": count}


def _columns() -> str:
    return ", ".join(f"{name} string" for name in ("id", *normalise({})))


def _normalised(rows: Iterable[Any]) -> Iterator[tuple[str | None, ...]]:
    """What a worker does with its share."""
    for row in rows:
        texts = {name: value or "" for name, value in row.asDict().items()}
        yield (texts["id"], *(value or None for value in normalise(texts).values()))


if __name__ == "__main__":
    main()

"""Clusters found elsewhere, loaded over records that are in the hub: how long the decisions take, and what they need.

``python -m bench.load --records 40000``. Real PostgreSQL (embedded). The customers of ``bench.matching`` (hard noise, seed 121)
come by an ordinary sync; then their truth is given as clusters. ``--bare``: only names were read, so nearly all clusters differ
from what the rules find.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import time
from pathlib import Path

import psycopg

from bench.matching.generate import generate
from bench.upsert import hub


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--profile", default="", help="write a profile of loading here")
    options = parser.parse_args()
    with hub() as (url, folder):
        measure(url, options.records, options.bare, folder, options.profile)


def measure(url: str, records: int, bare: bool, folder: Path, profile: str) -> None:
    from cProfile import Profile

    from tongmai.sync.loading import decide
    from tongmai.sync.run import run_sync

    generate(records, "hard", 121, folder)
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as stream:
        given = {row["id"]: row["entity_id"] for row in csv.DictReader(stream)}
    kept = ("id", "name") if bare else None
    with (
        (folder / "records.csv").open(encoding="utf-8", newline="") as stream,
        (folder / "firms.jsonl").open("w") as out,
    ):
        for row in csv.DictReader(stream):
            out.write(json.dumps({n: v for n, v in row.items() if v and (kept is None or n in kept)}) + "\n")
    begun = time.perf_counter()
    report = run_sync("legacy_firms")
    assert report.ok and report.balanced, report.as_json()
    with psycopg.connect(url) as connection:
        there = {row[0] for row in connection.execute("select r.source_key from hub.source_record r join hub.match_record m on m.record_id = r.id")}  # fmt: skip
    given = {key: cluster for key, cluster in given.items() if key in there}  # the others are in quarantine
    print(f"{records:,} records read by a sync in {time.perf_counter() - begun:.1f} s", flush=True)
    watched = Profile()
    for name in ("loaded", "loaded again"):
        cpu, begun = time.process_time(), time.perf_counter()
        if profile and name == "loaded":
            watched.enable()
        done = decide("customer", "legacy", "firms", given, who="bench", why="truth")
        watched.disable()
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
        print(
            f"{name}: {done.clusters:,} clusters, {done.agreed:,} agreed, {done.joined:,} pairs joined, {done.parted:,} parted, "
            f"{done.open:,} still open: {seconds:.1f} s ({used:.1f} s in this process, "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB at most)",
            flush=True,
        )
    if profile:
        watched.dump_stats(profile)


if __name__ == "__main__":
    main()

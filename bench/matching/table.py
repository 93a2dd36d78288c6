"""Ours beside exact names and Splink on the same generated customers (and febrl's persons): one table.

``python -m bench.matching --records 10000 --noise medium --seed 1000 --peers --febrl``. CPU is user and system time of the
process and its children. Seeds below 1000 are for tuning: a table that is shown takes another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.matching import febrl, peers
from bench.matching.generate import generate
from bench.matching.measure import Quality, Truth, load_clusters, load_truth, quality
from bench.matching.noise import LEVELS
from bench.matching.peers import Run

KINDS = ("branch", "subsidiary", "other city", "same city", "similar sound", "unrelated")
_HEAD = f"{'':42} {'P':>6} {'R':>6} {'F1':>6} {'B3 F1':>6} {'exact':>6} {'CPU s':>8} {'MB':>6}  wrong per 10,000 records: pairs | merges"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--noise", choices=sorted(LEVELS), default="medium")
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument(
        "--peers",
        nargs="?",
        const="raw,normalised",
        default="",
        help="Splink as well; on which columns: raw,normalised",
    )
    parser.add_argument("--febrl", action="store_true", help="febrl 1 to 4 as well (`make peers` installs them)")
    parser.add_argument("--normaliser", default=peers.PLAIN, help="module:function for Splink's normalised columns")
    parser.add_argument(
        "--tongmai", default=str(Path(sys.executable).with_name("tongmai")), help="the command to measure"
    )
    parser.add_argument("--keep", type=Path, help="keep records, truth and clusters in this folder")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as temporary:
        home = options.keep or Path(temporary)
        folder = home / f"{options.noise}-{options.records}-{options.seed}"
        made = generate(options.records, options.noise, options.seed, folder)
        print(f"{made.records:,} records of {made.entities:,} companies, noise {options.noise}, seed {options.seed}")
        print(_HEAD)
        show(_customers(folder, options), load_truth(folder))
        if options.febrl:
            _febrl(home, options)


def show(runs: Iterator[Run], truth: Truth) -> None:
    """A line a run, as soon as it is there."""
    for run in runs:
        print(line(run, quality(load_clusters(run.clusters), truth) if run.clusters else None), flush=True)


def line(run: Run, found: Quality | None) -> str:
    if found is None:
        return f"{run.name:42} {run.note}"
    wrong = " | ".join(
        ", ".join(f"{kind} {each[kind]:.1f}" for kind in KINDS if each.get(kind)) or "none"
        for each in (found.wrong, found.merges)
    )
    return (
        f"{run.name:42} {found.precision:6.4f} {found.recall:6.4f} {found.f1:6.4f} {found.b3_f1:6.4f} {found.exact:6.4f}"
        f" {run.cpu:8.1f} {run.memory / 1e6:6.0f}  {wrong}{f' ({run.note})' if run.note else ''}"
    )


def _customers(folder: Path, options: argparse.Namespace) -> Iterator[Run]:
    yield peers.ours(folder, folder / "ours.csv", options.tongmai)
    yield peers.ours(folder, folder / "merged.csv", options.tongmai, at="merge")
    yield peers.exact_names(folder, folder / "exact.csv")
    for columns in filter(None, options.peers.split(",")):
        yield peers.splink(folder, folder / f"{columns}.csv", columns, options.normaliser)


def _febrl(home: Path, options: argparse.Namespace) -> None:
    source = febrl.available()
    if source is None:
        print("febrl: not there; `make peers` installs it")
        return
    for name in febrl.NAMES:
        folder = home / name
        print(f"{name}: {febrl.export(source, name, folder):,} records")
        runs: list[Callable[[], Run]] = [lambda at=folder: peers.ours(at, at / "ours.csv", options.tongmai, "member")]  # type: ignore[misc]
        if options.peers:
            runs.append(lambda at=folder: peers.splink(at, at / "splink.csv", "febrl"))  # type: ignore[misc]
        show((run() for run in runs), load_truth(folder))

"""``python -m tests.mutants [MUTANT ...]``: prove all mutants or some."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.mutants.prove import prove

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Prove that each mutant is caught.")
    parser.add_argument("names", nargs="*", metavar="MUTANT", help="only these")
    parser.add_argument("--again", action="store_true", help="play also what an earlier run has proved")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time, 1 or 2")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the database server goes too
    sys.exit(prove(given.names, given.jobs, again=given.again))

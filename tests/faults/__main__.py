"""``python -m tests.faults``: every cell of the fault table over 1,000 deals, and the page that shows them.

A cell that has run with this code, number of deals and seed is not run again. No new cell is begun once the minutes are used
up. Exit status 0 only when every cell that was asked for has run and passed.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.faults import page
from tests.faults.cell import Cell, Outcome
from tests.faults.cells import CELLS, cell
from tests.faults.crash import kills
from tests.faults.drive import play
from tests.faults.store import Store, digest
from tongmai.core.settings import home, product_root

_numbers = itertools.count(1)


def main() -> int:
    """Run what is left, show all."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["cells", "kills"], default="cells")
    parser.add_argument("--deals", type=int, default=1000)
    parser.add_argument("--cell", action="append", default=[], metavar="NAME", help="only this cell; may be repeated")
    parser.add_argument("--kills", type=int, default=200, help="how often `kills` kills")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=60)
    options = parser.parse_args()
    logging.disable(logging.ERROR)  # what a fault makes a run say is in the table
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = [kills(options.kills)] if options.what == "kills" else [cell(name) for name in options.cell] or list(CELLS)
    code = digest()
    store = Store(home() / "faults", options.deals, options.seed, code)
    end = time.monotonic() + options.minutes * 60
    left = run(chosen, store, options.deals, options.seed, end)
    shown = [*CELLS, *(one for one in chosen if one not in CELLS)]
    found = {one.name: kept for one in shown if (kept := store.load(one.name)) is not None}
    print(page.console(chosen, found))
    report = store.folder / "report.html"
    page.write(report, page.page(shown, found, options.deals, options.seed, code))
    print(f"report: {report}")
    if left:
        print(f"not run, the time was used up: {', '.join(one.name for one in left)}")
    return 0 if all(page.verdict_of(found.get(one.name)) == "passed" for one in chosen) else 1


def run(chosen: Sequence[Cell], store: Store, deals: int, seed: int, end: float) -> list[Cell]:
    """Run the cells that have no result yet; returns those for which there was no time."""
    left = [one for one in chosen if store.load(one.name) is None]
    if not left:
        return []
    with database() as fresh:
        while left and time.monotonic() < end:
            one = left.pop(0)
            print(f"{one.name} …", file=sys.stderr, flush=True)
            with fresh() as url:
                begun = time.monotonic()
                try:
                    outcome = play(one, url, deals, seed)
                except Exception as error:
                    traceback.print_exc()
                    outcome = Outcome(one.name, deals, seed, notes=[f"{type(error).__name__}: {error}"[:500]])
                    outcome.seconds = time.monotonic() - begun
                store.save(outcome)
                print(page.console([one], {one.name: outcome}).split("\n", 1)[1], file=sys.stderr, flush=True)
    return left


@contextmanager
def database() -> Iterator[object]:
    """The run's own embedded PostgreSQL; gives what opens a fresh hub database."""
    from masterdata.store import upgrade
    from tongmai.stack import postgres

    place = Path(tempfile.mkdtemp(prefix="tm-faults-"))
    place.chmod(0o711)
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "TONGMAI_", "PG"))]:
        del os.environ[name]
    os.environ |= {"TONGMAI_HOME": str(place), "TONGMAI_LANG": "en"}

    @contextmanager
    def fresh() -> Iterator[str]:
        name = f"faults_{next(_numbers)}"
        with psycopg.connect(postgres.start().admin_url(), autocommit=True) as admin:
            admin.execute(f"create database {name} template tongmai owner tongmai")
        yield postgres.start().url("tongmai").rsplit("/", 1)[0] + f"/{name}"
        with psycopg.connect(postgres.start().admin_url(), autocommit=True) as admin:
            admin.execute(f"drop database {name} with (force)")

    try:
        upgrade(postgres.start().url("tongmai"))
        yield fresh
    finally:
        postgres.stop()
        shutil.rmtree(place, ignore_errors=True)
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    os.chdir(product_root())
    sys.exit(main())

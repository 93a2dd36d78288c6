"""Prove every mutant: a scenario holds on the product as it is, and falls with the mutant."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.mutants.catalogue import MUTANTS
from tests.mutants.checkout import Verdict, baseline, files, judge, tree_digest
from tests.mutants.mutant import Mutant
from tests.mutants.page import line, write_page
from tongmai.core.settings import product_root

GOOD = ("held", "caught")
_MIGRATIONS = "masterdata/store/migrations/"


def prove(names: Sequence[str], jobs: int, *, again: bool) -> int:
    """Play what has changed since the last time, two at a time at most; the report and, for all of them, the page."""
    wanted = [one for one in MUTANTS if not names or one.name in names]
    if unknown := sorted(set(names) - {one.name for one in MUTANTS}):
        print(f"no such mutant: {', '.join(unknown)}. There are: {', '.join(one.name for one in MUTANTS)}")
        return 2
    book = Book(product_root() / ".tongmai" / "mutants" / "report.json")
    listed = files()
    tree = tree_digest(listed)
    tasks: list[tuple[str, str, Callable[[str], Verdict], bool]] = [
        (f"scenario {name}", Mutant.digest(_whole(name), tree), _baseline_of(name, listed), False)
        for name in sorted({one.scenario for one in wanted})
    ]
    tasks += [(one.name, one.digest(tree), _judged(one, listed), one.file.startswith(_MIGRATIONS)) for one in wanted]
    todo = [task for task in tasks if again or not book.stands(task[0], task[1])]
    print(f"{len(tasks)} to prove, {len(tasks) - len(todo)} stand from an earlier run", flush=True)
    if todo:
        with _server() as fresh, ThreadPoolExecutor(min(jobs, 2)) as pool:

            def one(task: tuple[str, str, Callable[[str], Verdict], bool]) -> None:
                name, digest, play, empty = task
                with fresh(empty) as url:
                    found = play(url)
                book.note(name, Verdict(found.verdict, found.invariant, found.detail, found.seconds, digest))
                print(line(name, book.verdicts[name]), flush=True)

            list(pool.map(one, todo))
    bad = [name for name, *_ in tasks if book.verdicts[name].verdict not in GOOD]
    if not names:
        write_page(MUTANTS, book.verdicts)
    for name in bad:
        found = book.verdicts[name]
        print(f"NOT PROVED {name}: {found.verdict} {found.invariant} {found.detail}")
    print(f"{len(tasks) - len(bad)} of {len(tasks)} proved")
    return 1 if bad else 0


class Book:
    """The report: what became of each mutant and scenario, and of which content that is true."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.verdicts: dict[str, Verdict] = {}
        self._lock = threading.Lock()
        if path.is_file():
            data = json.loads(path.read_text(encoding="utf-8"))
            self.verdicts = {name: Verdict(**found) for name, found in data.items()}

    def stands(self, name: str, digest: str) -> bool:
        """Whether it was proved already, with just this content."""
        found = self.verdicts.get(name)
        return found is not None and found.digest == digest and found.verdict in GOOD

    def note(self, name: str, verdict: Verdict) -> None:
        """Keep a verdict, in the file too."""
        with self._lock:
            self.verdicts[name] = verdict
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self.path.with_suffix(".new")
            data = {key: one.as_json() for key, one in sorted(self.verdicts.items())}
            fresh.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
            fresh.replace(self.path)


def _whole(scenario: str) -> Mutant:
    """A scenario without a mutant, for its digest."""
    from tongmai.core.text import Text

    return Mutant(f"scenario {scenario}", Text("", ""), "", scenario)


def _baseline_of(scenario: str, listed: Sequence[str]) -> Callable[[str], Verdict]:
    return lambda url: baseline(scenario, listed, url)


def _judged(mutant: Mutant, listed: Sequence[str]) -> Callable[[str], Verdict]:
    return lambda url: judge(mutant, listed, url)


@contextmanager
def _server() -> Iterator[Callable[[bool], object]]:
    """An embedded PostgreSQL of our own. Gives what makes a fresh hub: a copy of a migrated one, or (True) an empty one."""
    with tempfile.TemporaryDirectory(prefix="tm-", ignore_cleanup_errors=True) as home:
        if os.geteuid() == 0:
            Path(home).chmod(0o711)
        os.environ["TONGMAI_HOME"] = home
        from masterdata.store import upgrade
        from tongmai.stack import postgres

        server = postgres.start()
        try:
            upgrade(server.url("tongmai"))
            numbers, making = itertools.count(1), threading.Lock()

            @contextmanager
            def fresh(empty: bool) -> Iterator[str]:
                with making, psycopg.connect(server.admin_url(), autocommit=True) as admin:
                    name = f"mutant_{next(numbers)}"
                    template = "template1" if empty else "tongmai"
                    admin.execute(f"create database {name} template {template} owner tongmai")
                try:
                    yield server.url("tongmai").rsplit("/", 1)[0] + f"/{name}"
                finally:
                    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
                        admin.execute(f"drop database {name} with (force)")

            yield fresh
        finally:
            postgres.stop()

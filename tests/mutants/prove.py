"""Prove every mutant: a scenario holds on the product as it is, and falls with the mutant."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg

from tests.mutants.catalogue import MUTANTS
from tests.mutants.checkout import Verdict, baseline, copied, files, judge, tree_digest
from tests.mutants.mutant import Mutant, scenario_digest
from tests.mutants.page import line, write_page
from tongmai.core.settings import product_root

GOOD = ("held", "caught")
_MIGRATIONS = "masterdata/store/migrations/"


@dataclass(frozen=True)
class Task:
    """One thing to play: a scenario without a mutant, or a mutant. ``empty``: on a hub whose migrations are its own."""

    name: str
    digest: str
    play: Callable[[str], Verdict]
    empty: bool = False


def prove(names: Sequence[str], jobs: int, *, again: bool) -> int:
    """Play what has changed since the last time, two at a time at most; the report and, for all of them, the page."""
    wanted = [one for one in MUTANTS if not names or one.name in names]
    if unknown := sorted(set(names) - {one.name for one in MUTANTS}):
        print(f"no such mutant: {', '.join(unknown)}. There are: {', '.join(one.name for one in MUTANTS)}")
        return 2
    book = Book(product_root() / ".tongmai" / "mutants" / "report.json")
    listed = files()
    # What is edited meanwhile counts the next time.
    with copied(product_root(), listed) as source:
        tasks = _tasks(wanted, source, listed)
        todo = [one for one in tasks if again or not book.stands(one.name, one.digest)]
        print(f"{len(tasks)} to prove, {len(tasks) - len(todo)} stand from an earlier run", flush=True)
        if todo:
            _play(todo, book, jobs)
    bad = [one.name for one in tasks if book.verdicts[one.name].verdict not in GOOD]
    if not names:
        write_page(MUTANTS, book.verdicts)
    for name in bad:
        found = book.verdicts[name]
        print(f"NOT PROVED {name}: {found.verdict} {found.invariant} {found.detail}")
    print(f"{len(tasks) - len(bad)} of {len(tasks)} proved")
    return 1 if bad else 0


def _tasks(wanted: Sequence[Mutant], source: Path, listed: Sequence[str]) -> list[Task]:
    tree = tree_digest(source, listed)
    return [
        *(
            Task(f"scenario {name}", scenario_digest(name, tree), partial(baseline, name, source, listed))
            for name in sorted({one.scenario for one in wanted})
        ),
        *(
            Task(one.name, one.digest(tree), partial(judge, one, source, listed), one.file.startswith(_MIGRATIONS))
            for one in wanted
        ),
    ]


def _play(todo: Sequence[Task], book: Book, jobs: int) -> None:
    with hubs() as fresh, ThreadPoolExecutor(min(jobs, 2)) as pool:

        def play(task: Task) -> None:
            with fresh(task.empty) as url:
                found = replace(task.play(url), digest=task.digest)
            book.note(task.name, found)
            print(line(task.name, found), flush=True)

        list(pool.map(play, todo))


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


@contextmanager
def hubs() -> Iterator[Callable[[bool], AbstractContextManager[str]]]:
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

"""Every mutant still fits the product, the page names them all, and three of them are proved with each run of the tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path

import psycopg
import pytest

from tests.mutants.catalogue import MUTANTS
from tests.mutants.checkout import baseline, files, judge
from tests.mutants.mutant import Mutant, StaleError
from tests.mutants.page import PAGE
from tests.mutants.scenarios import SCENARIOS
from tongmai.core.settings import product_root
from tongmai.stack.postgres import Server

QUICK = ("no-lookback", "checkpoint-before-records", "checkpoint-above-what-was-seen")
BY_NAME = {one.name: one for one in MUTANTS}


def applied(mutant: Mutant) -> str:
    return mutant.applied((product_root() / mutant.file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_is_not_stale(mutant: Mutant) -> None:
    text = applied(mutant)
    assert text != (product_root() / mutant.file).read_text(encoding="utf-8")
    compile(text, mutant.file, "exec")
    assert mutant.scenario in SCENARIOS


def test_where_scenarios_stop_a_run_there_is_something_to_stop_at() -> None:
    folder = Path(__file__).parent / "scenarios"
    places = {
        place for file in folder.glob("*.py") for place in re.findall(r'stop_at="([^"=]+)', file.read_text("utf-8"))
    }
    assert len(places) > 2
    for place in places:
        module, _, function = place.partition(":")
        assert callable(getattr(import_module(module), function, None)), place


def test_an_edit_that_does_not_fit_is_said() -> None:
    one = BY_NAME["no-lookback"]
    with pytest.raises(StaleError, match="stands 0 times instead of once"):
        one.applied("nothing of it")
    with pytest.raises(StaleError, match="stands 2 times instead of once"):
        one.applied(2 * (product_root() / one.file).read_text(encoding="utf-8"))


def test_names_are_unique_and_the_page_has_a_caught_row_for_each() -> None:
    assert len(BY_NAME) == len(MUTANTS) >= 18
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in rows] == list(BY_NAME), "make mutants"
    assert not [name for name, fell in rows if not fell or fell.startswith("**")]


@pytest.fixture
def hub(postgres: Server, hub_template: str) -> Callable[[], AbstractContextManager[str]]:
    """Makes fresh hubs whose URL no variable of this process names."""

    @contextmanager
    def fresh() -> Iterator[str]:
        name = "hub_mutant"
        with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
            admin.execute(f"create database {name} template {hub_template} owner tongmai")
        try:
            yield postgres.url("tongmai").rsplit("/", 1)[0] + f"/{name}"
        finally:
            with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
                admin.execute(f"drop database {name} with (force)")

    return fresh


def test_three_mutants_are_caught_and_without_them_all_holds(hub: Callable[[], AbstractContextManager[str]]) -> None:
    listed, root = files(), Path(product_root())
    scenarios = {BY_NAME[name].scenario for name in QUICK}
    for scenario in scenarios:
        with hub() as url:
            found = baseline(scenario, root, listed, url)
        assert found.verdict == "held", found
    for name in QUICK:
        with hub() as url:
            found = judge(BY_NAME[name], root, listed, url)
        assert found.verdict == "caught", found

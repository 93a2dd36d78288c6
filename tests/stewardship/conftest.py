"""A small world of customers, fresh for each test."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.stewardship.world import World, build
from tongmai.cli.main import cli
from tongmai.sync import acts, content, correcting, desk, overriding, run


@pytest.fixture(scope="session")
def tray_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests of a process: a connector's code is loaded once."""
    return tmp_path_factory.mktemp("stewardship") / "site"


@pytest.fixture
def world(tray_site: Path, hub_url: str, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("TONGMAI_PATH", str(tray_site))
    return build(tray_site, hub_url)


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's files do not change during these tests: what takes half their time is done once a process."""
    for module in (acts, correcting, desk, overriding, run, content):
        monkeypatch.setattr(module, "load_content", _content)


@lru_cache(maxsize=1)
def _content() -> content.Content:
    return _load()


_load = content.load_content


@pytest.fixture
def said() -> Callable[..., Any]:
    """The JSON of a command that goes well."""

    def invoke(*arguments: str) -> Any:
        result = CliRunner().invoke(cli, [*arguments, "--json"])
        if result.exception is not None:
            raise result.exception
        return json.loads(result.stdout)

    return invoke

"""Worlds of small systems, each with a hub database of its own; the site is read once as long as nobody changes it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.identity import world as worlds
from tests.identity.world import World


@pytest.fixture(scope="module")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One site for all worlds of a module: a system's code is loaded once in a process."""
    import connectors.vendors

    before = list(connectors.vendors.__path__)
    _forget()  # another module's site had a system of this name
    folder = tmp_path_factory.mktemp("site")
    (folder / "syncs").mkdir()
    yield folder
    connectors.vendors.__path__[:] = before
    _forget()


@pytest.fixture
def world_of(site_folder: Path, hub_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Build the world of one test: ``world_of("crm", "erp")`` with these systems, empty."""
    monkeypatch.setenv("TONGMAI_PATH", str(site_folder))
    for module in ("run", "acts"):
        monkeypatch.setattr(f"tongmai.sync.{module}.load_content", worlds.loaded)
    return lambda *systems: World(site_folder, site_folder / "systems", hub_url, systems)


def _forget() -> None:
    worlds.LOADED.clear()
    for name in [name for name in sys.modules if name.startswith("connectors.vendors.shelf")]:
        del sys.modules[name]

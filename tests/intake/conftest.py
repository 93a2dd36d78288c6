"""The receiver in a process of its own, on a fresh hub database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.world import World, environment, receiver


@pytest.fixture
def world(hub_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The desk and the hub; no receiver runs yet."""
    desk = tmp_path / "desk.json"
    desk.write_text("{}", encoding="utf-8")
    for name, value in environment(desk).items():
        monkeypatch.setenv(name, value)
    return World(hub_url, desk)


@pytest.fixture
def served(world: World) -> Iterator[World]:
    """With a receiver."""
    with receiver() as (base, _):
        world.base = base
        yield world

"""OData v2 keeps the rules that v4 keeps (tests/contract plays the suite of every connector)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.testing.contract import stand, suite
from connectors.testing.contract.fixture import Fixture, load_fixture


def broken(name: str) -> list[str]:
    found = []
    for verdict in suite.run(name, suite.chosen([])):
        if verdict.state == "broken":
            found.append(f"{verdict.rule.id}: {'; '.join(each.en for each in verdict.problems)}")
    return found


def test_odata_v2_keeps_the_same_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    given = stand.SimulatorSystem.settings

    def settings(self: stand.SimulatorSystem) -> dict[str, Any]:
        found = given(self)
        return {**found, "base_url": found["base_url"].replace("/v4", "/v2"), "version": "v2"}

    def fixture(folder: Any) -> Fixture:
        found = load_fixture(folder)
        tag = {**found.settings["streams"]["tag"], "delta": False, "deletes": "full-listing"}
        streams = {**found.settings["streams"], "tag": tag}
        still = found.streams["tag"].model_copy(update={"incremental": False})
        return found.model_copy(
            update={
                "settings": {**found.settings, "streams": streams, "update": "merge"},
                "streams": {**found.streams, "tag": still},
            }
        )

    monkeypatch.setattr(stand.SimulatorSystem, "settings", settings)
    monkeypatch.setattr(stand, "load_fixture", fixture)
    monkeypatch.setattr(suite, "load_fixture", fixture)
    assert broken("odata") == []

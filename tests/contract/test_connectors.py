"""Every rule that a connector's quality.yaml calls done, against its simulator."""

from __future__ import annotations

import pytest

from connectors import registry
from connectors.testing.contract import suite
from connectors.testing.contract.rule import RULES

DONE = [
    (name, rule)
    for name in registry.names()
    for rule, standing in suite.standings(name).items()
    if standing.state == "done"
]


@pytest.mark.parametrize(("name", "rule"), DONE)
def test_a_connector_keeps_what_its_quality_says(name: str, rule: str) -> None:
    (verdict,) = suite.run(name, [RULES[rule]])
    assert verdict.state in ("kept", "not for this"), [each.en for each in verdict.problems]


@pytest.mark.parametrize("name", registry.names())
def test_a_tier_that_was_reached_is_kept(name: str) -> None:
    assert suite.tier_of(name) in ("gold", "platinum")

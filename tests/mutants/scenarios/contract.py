"""The contract suite over two declared connectors: what each rule asks must hold."""

from __future__ import annotations

from connectors.testing.contract import suite
from connectors.testing.contract.rule import RULES
from tests.mutants.stage import Fell

CONNECTORS = ("rest", "acme")


def play() -> None:
    """Every rule that applies; the first that is broken falls."""
    for name in CONNECTORS:
        for verdict in suite.run(name, RULES.values()):
            if verdict.state == "broken":
                raise Fell(verdict.rule.id, f"{name}: {verdict.problems[0].en}")

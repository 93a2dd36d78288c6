"""The rules, by what they are about. Importing this package enters all of them."""

from connectors.testing.contract.rules import (
    changes,
    drift,
    faults,
    limits,
    parallel,
    proof,
    reads,
    says,
    spec,
    tokens,
    webhooks,
    writes,
)

__all__ = [
    "changes",
    "drift",
    "faults",
    "limits",
    "parallel",
    "proof",
    "reads",
    "says",
    "spec",
    "tokens",
    "webhooks",
    "writes",
]

"""The rules, by what they are about. Importing this package enters all of them."""

from connectors.testing.contract.rules import changes, faults, reads, says, spec, tokens, writes

__all__ = ["changes", "faults", "reads", "says", "spec", "tokens", "writes"]

"""A mutant: one guard of the product taken away by edits that must fit exactly once."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

from tongmai.core.text import Text


class StaleError(ValueError):
    """The product's text has changed: an edit no longer fits, or fits more than once."""


@dataclass(frozen=True)
class Mutant:
    """``edits``: pieces of the file's text, each with what takes its place. ``scenario`` must notice."""

    name: str
    takes_away: Text
    file: str
    scenario: str
    edits: dict[str, str] = field(default_factory=dict)

    def applied(self, text: str) -> str:
        """The file's text with the guard gone. Raises ``StaleError``."""
        for old, new in self.edits.items():
            if text.count(old) != 1:
                raise StaleError(
                    f"{self.name}: in {self.file} this stands {text.count(old)} times instead of once: {old!r}"
                )
            text = text.replace(old, new)
        return text

    def digest(self, tree: bytes) -> str:
        """Changes with the product, the scenarios, or the mutant itself."""
        parts = [self.name, self.file, self.scenario, *(part for pair in self.edits.items() for part in pair)]
        return blake2b(tree + "\x1f".join(parts).encode(), digest_size=12).hexdigest()


def scenario_digest(name: str, tree: bytes) -> str:
    """Changes with the product and the scenarios."""
    return blake2b(tree + name.encode(), digest_size=12).hexdigest()

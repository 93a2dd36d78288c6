"""Every rule about YAML files by its code: the page of findings, `check --explain` and SARIF read it."""

from __future__ import annotations

from typing import Final

from tongmai.core.findings import (
    agreed,
    beside,
    declared,
    expressions,
    judged,
    links,
    mappings,
    reach,
    written,
)
from tongmai.core.findings.rule import FindingRule, Rules

_ALL: Final[tuple[Rules, ...]] = (
    written.YAML,
    mappings.RULES,
    expressions.RULES,
    reach.RULES,
    *beside.ALL,
    links.RULES,
    *declared.ALL,
    *agreed.ALL,
    judged.QUALITY,
)
RULES: Final[dict[str, FindingRule]] = {rule.code: rule for group in _ALL for rule in group.found}
AREAS: Final[tuple[str, ...]] = tuple(dict.fromkeys(group.area for group in _ALL))

__all__ = ["AREAS", "RULES", "FindingRule"]

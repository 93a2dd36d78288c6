"""What an entity declares to identify its records, as comparisons beside those of its matching rules."""

from __future__ import annotations

from masterdata.model import Entity
from masterdata.model.matching import Comparison, MatchingRules


def with_exact(rules: MatchingRules, entity: Entity) -> MatchingRules:
    """The rules with one more comparison and one more key for every field of ``matching: {exact: […], name: …}``."""
    names = {f"exact {field}": ("exact", field) for field in entity.matching.exact}
    if entity.matching.name:
        names["whole name"] = ("whole_name", entity.matching.name)
    if not names:
        return rules
    compare = {name: Comparison(**{"as": kind, "of": field}) for name, (kind, field) in names.items()}
    return rules.model_copy(
        update={
            "compare": {**rules.compare, **compare},
            "block": (*rules.block, *(f"{name}.value" for name in names)),
        }
    )

"""The typed model of ``matching.yaml``: how records of one entity are recognised as the same."""

from __future__ import annotations

from pydantic import Field as Option
from pydantic import model_validator

from masterdata.model.entity import Strict
from tongmai.core.finding import Mistake


class Comparison(Strict):
    """One thing that is compared. ``of``: a field, several, or fields by part of the kind."""

    kind: str = Option(alias="as", description="The kind of comparison, as `company_name`.")
    of: str | tuple[str, ...] | dict[str, str | tuple[str, ...]] = Option(
        description="The fields it reads: one, several, or by the kind's parts, as `{mail: email, site: website}`."
    )

    def parts(self, default: str) -> dict[str, tuple[str, ...]]:
        """The fields by part; a bare field is the kind's first part (``default``)."""
        of = self.of if isinstance(self.of, dict) else {default: self.of}
        return {part: (fields,) if isinstance(fields, str) else tuple(fields) for part, fields in of.items()}


class Thresholds(Strict):
    """Bits of weight over an even chance: from ``merge`` on two records are one, from ``review`` on a person is asked.

    ``likely`` lies between: what a migration takes where nobody will review.
    """

    merge: float = 10.0
    likely: float = 3.0
    review: float = -3.0


class MatchingRules(Strict):
    """A whole ``matching.yaml``."""

    matching: str
    like: str = Option(
        default="",
        description="An entity whose rules and weights are taken; what this file says itself is added or comes instead.",
    )
    compare: dict[str, Comparison] = Option(default_factory=dict)
    block: tuple[str, ...] = Option(
        default=(), description="Keys by which candidates are found: `comparison.key`, several joined by ` + `."
    )
    never: dict[str, tuple[str, ...]] = Option(
        default_factory=dict, description="Levels that forbid a merge, by comparison, whatever else agrees."
    )
    thresholds: Thresholds = Thresholds()
    generic: int = Option(default=100, description="A key that more records have is no reason to compare them.")

    @model_validator(mode="after")
    def _whole(self) -> MatchingRules:
        if not self.like and not (self.compare and self.block):
            raise Mistake(
                "rules need `compare` and `block`, or `like` and an entity that has them",
                "规则需要 `compare` 和 `block`，或用 `like` 指向已有规则的实体",
            )
        return self

    def over(self, base: MatchingRules) -> MatchingRules:
        """These rules on top of those of the entity they are ``like``."""
        said = self.model_fields_set
        return MatchingRules(
            matching=self.matching,
            like=self.like,
            compare={**base.compare, **self.compare},
            block=tuple(dict.fromkeys((*base.block, *self.block))),
            never={**base.never, **self.never},
            thresholds=self.thresholds if "thresholds" in said else base.thresholds,
            generic=self.generic if "generic" in said else base.generic,
        )

    def blocks(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The keys as (comparison, key of its kind) pairs."""
        return tuple(
            tuple((each.strip().partition(".")[0], each.strip().partition(".")[2]) for each in key.split("+"))
            for key in self.block
        )

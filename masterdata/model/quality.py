"""The typed model of ``quality.yaml``: what good data of an entity is, in five dimensions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Option

from masterdata.model.entity import Label, Strict
from masterdata.model.survivorship import Days, Kind, Names
from tongmai.core.finding import Mark, Mistake
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document

Dimension = Literal["completeness", "validity", "consistency", "timeliness", "uniqueness"]
DIMENSIONS: dict[str, Text] = {
    "completeness": Text("Completeness", "完整性"),
    "validity": Text("Validity", "有效性"),
    "consistency": Text("Consistency", "一致性"),
    "timeliness": Text("Timeliness", "及时性"),
    "uniqueness": Text("Uniqueness", "唯一性"),
}
SECTIONS = ("completeness", "validity", "consistency", "agreement", "timeliness", "uniqueness")


def _weighted(value: Any) -> Any:
    """``legal_name: 3`` is ``legal_name: {weight: 3}``."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"weight": value}
    return value


class Check(Strict):
    """What all rules have. ``when``: a condition over canonical fields; only records that fulfil it are looked at."""

    weight: float = Option(default=1, gt=0, le=1000)
    when: str = ""
    label: Label | None = None


class Completeness(Check):
    """A field that should be filled; with ``any``, one of several."""

    any_of: Names = Option(default=(), alias="any")


class Validity(Check):
    """What a filled field has to be. ``never``: what must not be wrong with a value of its kind (``as``)."""

    of: str = ""
    kind: Kind = Option(default="text", alias="as")
    never: Names = ()
    matches: str = ""
    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _pattern(self) -> Validity:
        try:
            re.compile(self.matches)
        except re.error as error:
            raise Mistake(
                f"`{self.matches}` is no pattern: {error}", f"`{self.matches}` 不是正则表达式：{error}"
            ) from None
        return self


class Consistency(Check):
    """Fields that have to fit each other. Where a field is empty, so that nobody can tell, nothing is said against it."""

    holds: str
    label: Label


class Agreement(Check):
    """A field in which every source says what the golden record says."""


class Timeliness(Check):
    """How old a record may be: since a source last confirmed it, or, with ``of``, since one of these fields changed.

    ``roles``: another limit for sources of a role.
    """

    within: Days
    roles: dict[str, Days] = Option(default_factory=dict)
    of: Names = ()


class Uniqueness(Check):
    """A field, or with ``of`` several together, whose value no other record has."""

    of: Names = ()


class QualityRules(Strict):
    """A whole ``quality.yaml``; ``quality`` names the entity. ``extends``: it adds to what an earlier folder says.

    ``weights``: of the dimensions. ``when``: which records are looked at at all. ``without``: rules that are left out.
    """

    quality: str
    extends: bool = False
    when: str = ""
    weights: dict[Dimension, Annotated[float, Option(ge=0, le=1000)]] = Option(default_factory=dict)
    completeness: dict[str, Annotated[Completeness, BeforeValidator(_weighted)]] = Option(default_factory=dict)
    validity: dict[str, Annotated[Validity, BeforeValidator(_weighted)]] = Option(default_factory=dict)
    consistency: dict[str, Consistency] = Option(default_factory=dict)
    agreement: dict[str, Annotated[Agreement, BeforeValidator(_weighted)]] = Option(default_factory=dict)
    timeliness: dict[str, Timeliness] = Option(default_factory=dict)
    uniqueness: dict[str, Annotated[Uniqueness, BeforeValidator(_weighted)]] = Option(default_factory=dict)
    without: tuple[str, ...] = ()

    def over(self, base: QualityRules) -> QualityRules:
        """These rules on top of those of an earlier folder: a rule of the same name takes its place."""
        merged: dict[str, Any] = {
            name: {**getattr(base, name), **getattr(self, name)} for name in (*SECTIONS, "weights")
        }
        again = {f"{section}.{name}" for section in SECTIONS for name in getattr(self, section)}
        without = [*(name for name in base.without if name not in again), *self.without]
        return base.model_copy(
            update={**merged, "when": self.when or base.when, "without": tuple(dict.fromkeys(without))}
        )


@dataclass
class QualitySource:
    """The rules of an entity and the files that they stand in, the product's first."""

    rules: QualityRules
    documents: list[Document] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether something in the files is wrong: the rules then name what there is not."""
        return any(each.findings for each in self.documents)

    def document(self, *path: str | int) -> Document:
        """The file that says this: the last one that does."""
        return next((each for each in reversed(self.documents) if path in each.values), self.documents[-1])

    def mark(self, *path: str | int) -> Mark:
        """Where it stands."""
        return self.document(*path).mark(*path)

"""The typed model of ``survivorship.yaml``, and of the section ``survivorship`` of an entity: who wins each field."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Option

from tongmai.core.finding import Mistake

Criterion = Literal["trust", "recent", "frequent", "support", "complete"]
Kind = Literal["text", "company_name", "person", "legal_code", "phone", "mail", "site", "province", "city", "address"]
TESTS: dict[str, tuple[str, ...]] = {
    "text": ("note",),
    "company_name": ("note", "latin", "short", "untidy"),
    "person": ("note", "masked", "untidy"),
    "legal_code": ("invalid",),
    "phone": ("invalid", "masked", "local"),
    "mail": ("invalid", "free"),
    "site": ("invalid", "free"),
    "province": ("unknown",),
    "city": ("unknown",),
    "address": ("note", "short"),
}
"""What can be wrong with a value of each kind: the words of ``never`` and ``last``."""
DERIVED: dict[str, tuple[str, ...]] = {
    "province": ("city", "address", "phone", "legal_code", "company_name"),
    "city": ("address", "phone", "company_name", "legal_code"),
    "phone": ("city",),
}
"""Kind → kinds of the fields it can be derived from."""
_DAYS = {"day": 1, "month": 30, "year": 365}
_SPAN = re.compile(r"([1-9][0-9]{0,4})\s*(day|month|year)s?$")


def _days(value: Any) -> Any:
    """``90 days``, ``18 months``, ``2 years`` as days; raises ``Mistake``."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = _SPAN.match(value) if isinstance(value, str) else None
    if not found:
        raise Mistake(
            f"`{value}` is not an age (like `90 days`, `18 months`, `2 years`)",
            f"`{value}` 不是期限（如 `90 days`、`18 months`、`2 years`）",
        )
    return int(found[1]) * _DAYS[found[2]]


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Days = Annotated[int, BeforeValidator(_days, json_schema_input_type=str)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names, json_schema_input_type=str | list[str])]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldRules(_Strict):
    """Who wins one field. ``kind`` says when two values are the same, how one is written, what can be wrong with it.

    A value that is one of ``never`` does not count, one that is one of ``last`` only where the owner says it or
    nothing better is there. ``only``: the roles whose values count at all. ``trust``: of this field, over the entity's; a role that
    it does not name is trusted as the entity says. ``derived`` (``from``): fields that it follows from where no source says it; of telephones, the
    field that brings a missing area code. ``assemble``: the fields of province and city that are put before an address
    that is put together from the levels of several records. ``most``: how many values a list keeps.
    """

    kind: Kind = Option(default="text", alias="as")
    never: Names = ()
    last: Names = ()
    only: Names = ()
    trust: dict[str, int] = Option(default_factory=dict)
    rank: tuple[Criterion, ...] = ()
    half_life: Days | None = None
    derived: Names = Option(default=(), alias="from")
    assemble: Names = ()
    most: int = Option(default=0, ge=0)

    @model_validator(mode="after")
    def _levels(self) -> FieldRules:
        if self.assemble and self.kind != "address":
            raise Mistake("only an `address` is put together from levels", "只有 `address` 可由各级拼合")
        return self


class Survivorship(_Strict):
    """Who wins where systems disagree and nobody owns the field.

    ``trust``: by role; with ``half_life`` it fades with the age of the value. ``rank``: what is compared, in order, where a
    field says nothing else; what then is equal is decided by the source's key. ``together``: fields that are taken from
    one source, all or none.
    """

    trust: dict[str, int] = Option(default_factory=dict)
    half_life: Days | None = None
    rank: tuple[Criterion, ...] = ("trust", "recent")
    fields: dict[str, FieldRules] = Option(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()


class SurvivorshipFile(Survivorship):
    """A whole ``survivorship.yaml``; ``survivorship`` names the entity."""

    survivorship: str

    def rules(self) -> Survivorship:
        """What it says, without the name."""
        return Survivorship.model_validate(self.model_dump(by_alias=True, exclude={"survivorship"}))

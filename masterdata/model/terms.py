"""The typed model of ``terms.yaml``: the dictionary's term lists."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Option

from masterdata.model.entity import Label


class Term(BaseModel):
    """One allowed value: its label, what must be true to enter and leave it, which terms may follow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str
    enter: Label | None = None
    leave: Label | None = None
    next: tuple[str, ...] | None = None


class TermList(BaseModel):
    """A closed list of values with one meaning each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Label
    terms: dict[str, Term] = Option(min_length=1)

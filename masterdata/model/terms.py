"""The typed model of ``terms.yaml``: the dictionary's term lists; and of a term that a site adds to one."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Option

from masterdata.model.entity import Label
from tongmai.core.finding import Mistake

Outcome = Literal["finding", "quarantine"]


class Criterion(Label):
    """What must be true to enter or leave a term: in words, and as far as it can be checked, as a condition over the
    fields of every entity that uses the list."""

    holds: str = ""
    otherwise: Outcome = "finding"

    @model_validator(mode="after")
    def _checked(self) -> Criterion:
        if self.otherwise == "quarantine" and not self.holds:
            raise Mistake(
                "`otherwise` needs `holds`: words alone cannot be checked", "`otherwise` 需要 `holds`：仅有文字无法检查"
            )
        return self


class Term(BaseModel):
    """One allowed value: its label, what must be true to enter and leave it, which terms may follow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str
    enter: Criterion | None = None
    leave: Criterion | None = None
    next: tuple[str, ...] | None = None


class TermList(BaseModel):
    """A closed list of values with one meaning each, in the order of the file.

    ``skips``: between two reads a record may have taken several allowed steps. ``otherwise``: what becomes of a record
    that took a step which is not allowed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: Label
    owner: Label | None = None
    version: int = Option(default=1, ge=1)
    skips: bool = True
    otherwise: Outcome = "finding"
    terms: dict[str, Term] = Option(min_length=1)

    @property
    def watched(self) -> bool:
        """Whether a change from one term to another can be wrong."""
        return any(
            one.next is not None or (one.enter and one.enter.holds) or (one.leave and one.leave.holds)
            for one in self.terms.values()
        )

    def allows(self, before: str, after: str) -> bool:
        """Whether a record may go from one term to another; a term without ``next`` may go anywhere."""
        seen, edge = {before}, {before}
        while edge:
            reached: set[str] = set()
            for word in edge:
                term = self.terms.get(word)
                if term is None or term.next is None:
                    return True
                reached |= set(term.next)
            if after in reached:
                return True
            if not self.skips:
                return False
            edge = reached - seen
            seen |= reached
        return False


def _text(value: Any) -> Any:
    """Values of systems are text: a plain 1 or true in the file is the text it was written as."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


Word = Annotated[str, BeforeValidator(_text)]


class SystemValue(BaseModel):
    """What one system says for a term: the values it gives, the value it is given, or why it is given none."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    inward: tuple[Word, ...] = Option(default=(), alias="in")
    outward: Word | None = Option(default=None, alias="out")
    refused: Label | None = None

    @model_validator(mode="after")
    def _one_way_out(self) -> SystemValue:
        if self.outward is not None and self.refused is not None:
            raise Mistake("`out` and `refused` exclude each other", "`out` 与 `refused` 只能写一个")
        return self


class TermFile(BaseModel):
    """A whole ``dictionary/<list>.<term>.yaml`` of a site: a term that was added to a list, or values of systems for a
    term that was there. It is also what a proposal holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    list: str
    term: str = Option(pattern="^[a-z][a-z0-9_]*$")
    zh: str = ""
    en: str = ""
    after: str = ""
    enter: Criterion | None = None
    leave: Criterion | None = None
    next: tuple[str, ...] | None = None
    follows: tuple[str, ...] = ()
    values: dict[str, SystemValue] = Option(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the file."""
        return f"{self.list}.{self.term}"

    @property
    def adds(self) -> bool:
        """Whether it makes a new term; without labels it only gives values for one."""
        return bool(self.zh or self.en)

    @model_validator(mode="after")
    def _whole(self) -> TermFile:
        if self.adds and not (self.zh and self.en):
            raise Mistake("a new term needs both `zh` and `en`", "新词条必须同时有 `zh` 和 `en`")
        if not self.adds and (self.after or self.enter or self.leave or self.next is not None or self.follows):
            raise Mistake(
                "`after`, `enter`, `leave`, `next` and `follows` belong to a new term, which needs `zh` and `en`",
                "`after`、`enter`、`leave`、`next`、`follows` 只用于新词条，新词条需要 `zh` 和 `en`",
            )
        if not self.adds and not self.values:
            raise Mistake(
                "it says nothing: give `zh` and `en`, or `values`", "没有内容：请写 `zh` 与 `en`，或 `values`"
            )
        return self

    def onto(self, terms: TermList) -> TermList:
        """The list with this term in its place: behind ``after``, else last. Its version is one higher."""
        if not self.adds:
            return terms
        added = Term(zh=self.zh, en=self.en, enter=self.enter, leave=self.leave, next=self.next)
        found: dict[str, Term] = {}
        for name, term in terms.terms.items():
            if name in self.follows and term.next is not None and self.term not in term.next:
                term = term.model_copy(update={"next": (*term.next, self.term)})
            found[name] = term
            if name == self.after:
                found[self.term] = added
        found.setdefault(self.term, added)
        return terms.model_copy(update={"terms": found, "version": terms.version + 1})

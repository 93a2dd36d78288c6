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
    """One allowed value: its label, what must be true to enter and leave it, which terms may follow.

    ``retired``: records that have it keep it, and none is to take it any more; what systems say for it means ``instead``,
    where that is given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str
    enter: Criterion | None = None
    leave: Criterion | None = None
    next: tuple[str, ...] | None = None
    retired: bool = False
    instead: str = ""


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
            one.next is not None or one.retired or (one.enter and one.enter.holds) or (one.leave and one.leave.holds)
            for one in self.terms.values()
        )

    def means(self, term: str) -> str:
        """The term that records get where a system says this one: itself, or what is said instead since it was retired."""
        found = self.terms.get(term)
        return found.instead if found is not None and found.retired and found.instead else term

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


class ListChange(BaseModel):
    """What a site says of a list that is there, in place of what was said: how strict it is, and who decides on it. Its terms are
    changed one by one, by files of their own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    extends: Literal[True]
    label: Label | None = None
    owner: Label | None = None
    skips: bool | None = None
    otherwise: Outcome | None = None

    @model_validator(mode="after")
    def _something(self) -> ListChange:
        if not self.model_dump(exclude_none=True, exclude={"extends"}):
            raise Mistake("`extends` says nothing that changes", "`extends` 没有写出任何变更")
        return self

    def onto(self, terms: TermList) -> TermList:
        """The list with what is said here."""
        said = {name: getattr(self, name) for name in ("label", "owner", "skips", "otherwise")}
        return terms.model_copy(update={name: value for name, value in said.items() if value is not None})


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
    """A whole ``dictionary/<list>.<term>.yaml`` of a site: a term that was added to a list, values of systems for a term that
    was there, or a change of one: with ``changes`` what the file says of it takes the place of what was said, the rest stays;
    ``retired`` takes it out of use, or (false) back into it. It is also what a proposal holds."""

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
    changes: bool = False
    retired: bool | None = None
    instead: str = ""
    values: dict[str, SystemValue] = Option(default_factory=dict)

    @property
    def key(self) -> str:
        """Names the file."""
        return f"{self.list}.{self.term}"

    @property
    def adds(self) -> bool:
        """Whether it makes a new term; without labels it only gives values for one."""
        return bool(self.zh or self.en) and not self.changes

    @property
    def alters(self) -> bool:
        """Whether it says something else of a term that is there."""
        return self.changes or self.retired is not None

    @property
    def _more(self) -> bool:
        return bool(self.enter or self.leave or self.next is not None or self.follows)

    @model_validator(mode="after")
    def _whole(self) -> TermFile:
        if self.adds and not (self.zh and self.en):
            raise Mistake("a new term needs both `zh` and `en`", "新词条必须同时有 `zh` 和 `en`")
        if not self.adds and (self.after or (self._more and not self.changes)):
            raise Mistake(
                "`after`, `enter`, `leave`, `next` and `follows` belong to a new term, which needs `zh` and `en`, or all but "
                "`after` to `changes: true`",
                "`after`、`enter`、`leave`、`next`、`follows` 只用于新词条，新词条需要 `zh` 和 `en`；除 `after` 外也可用于 `changes: true`",
            )
        if self.changes and not (self.zh or self.en or self._more):
            raise Mistake("`changes` says nothing that changes", "`changes` 没有写出任何变更")
        if self.adds and self.retired is not None:
            raise Mistake("a new term is not retired", "新词条不能停用")
        if self.instead and not self.retired:
            raise Mistake("`instead` needs `retired: true`", "`instead` 需要 `retired: true`")
        if not self.adds and not self.alters and not self.values:
            raise Mistake(
                "it says nothing: give `zh` and `en`, `changes`, `retired` or `values`",
                "没有内容：请写 `zh` 与 `en`、`changes`、`retired` 或 `values`",
            )
        return self

    def onto(self, terms: TermList) -> TermList:
        """The list with this term in its place: behind ``after``, else last; or with what is said of it now. Its version is one
        higher where the list is another one."""
        if self.alters and self.term in terms.terms:
            return self._altered(terms)
        if not self.adds:
            return terms
        added = Term(zh=self.zh, en=self.en, enter=self.enter, leave=self.leave, next=self.next)
        found: dict[str, Term] = {}
        for name, term in terms.terms.items():
            found[name] = self._followed(name, term)
            if name == self.after:
                found[self.term] = added
        found.setdefault(self.term, added)
        return terms.model_copy(update={"terms": found, "version": terms.version + 1})

    def _altered(self, terms: TermList) -> TermList:
        said = {"zh": self.zh, "en": self.en, "enter": self.enter, "leave": self.leave}
        update: dict[str, Any] = {name: value for name, value in said.items() if value}
        if self.next is not None:
            update["next"] = self.next
        if self.retired is not None:
            update |= {"retired": self.retired, "instead": self.instead}
        found = {
            name: term.model_copy(update=update) if name == self.term else self._followed(name, term)
            for name, term in terms.terms.items()
        }
        return terms.model_copy(update={"terms": found, "version": terms.version + 1})

    def _followed(self, name: str, term: Term) -> Term:
        if name not in self.follows or term.next is None or self.term in term.next:
            return term
        return term.model_copy(update={"next": (*term.next, self.term)})

"""Values of one field in the order in which they win, and what decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from masterdata.model import Entity
from masterdata.model.survivorship import FieldRules, Survivorship
from masterdata.survivorship.contribution import Contribution, day
from masterdata.survivorship.forms import FORMS, Form

DEFAULT_TRUST = 50
PLAIN = FieldRules()


@dataclass(slots=True)
class Ballot:
    """One value that a record gives. ``key`` is equal for values that say the same; ``last``: better than nothing only."""

    by: Contribution
    value: Any
    key: Any
    at: str
    last: bool = False
    place: int = 0


@dataclass(frozen=True, slots=True)
class Booth:
    """How the ballots of one field are counted."""

    entity: Entity
    name: str
    rules: FieldRules
    today: int

    @property
    def form(self) -> Form:
        return FORMS[self.rules.kind]

    @property
    def rank(self) -> Sequence[str]:
        return self.rules.rank or self.entity.survivorship.rank

    def trust(self, role: str) -> int:
        """What is said of the field, or else of the entity."""
        own = self.rules.trust.get(role)
        return self.entity.survivorship.trust.get(role, DEFAULT_TRUST) if own is None else own

    @property
    def half_life(self) -> int | None:
        return self.rules.half_life or self.entity.survivorship.half_life


def rules_of(survivorship: Survivorship, name: str) -> FieldRules:
    """What is said of a field."""
    return survivorship.fields.get(name, PLAIN)


def ballot(booth: Booth, by: Contribution, value: Any, place: int = 0) -> Ballot | None:
    """A value as it competes; None where it does not count at all."""
    at = by.changed.get(booth.name, "")
    if booth.rules.only and by.role not in booth.rules.only:
        return None
    if not isinstance(value, str):
        return Ballot(by, value, repr(value), at, place=place)
    rules = booth.rules
    key, never, last = _judged(rules.kind, rules.never, rules.last, value)
    return None if never or not key else Ballot(by, value, key, at, last, place)


@lru_cache(maxsize=65536)
def _judged(kind: str, never: tuple[str, ...], last: tuple[str, ...], value: str) -> tuple[str, bool, bool]:
    form = FORMS[kind]
    return (
        form.key(value) or (value if kind == "text" else ""),
        any(form.tests[word](value) for word in never),
        any(form.tests[word](value) for word in last),
    )


def faded(booth: Booth, one: Ballot) -> float:
    """The trust of its role, halved with each half-life of the value's age. A value of unknown age is one half-life old."""
    trust = booth.trust(one.by.role)
    half = booth.half_life
    if half is None:
        return trust
    then = day(one.at)
    age = half if then is None else max(0, booth.today - then)
    return round(float(trust * 0.5 ** (age / half)), 6)


def ranked(booth: Booth, ballots: Iterable[Ballot]) -> list[Ballot]:
    """The best first: the living, the owner's, what is nothing to complain of, the criteria, the lower source key."""
    found = list(ballots)
    if len(found) < 2:
        return found
    found.sort(key=lambda b: (b.by.connection, b.by.stream, b.by.key, b.place, str(b.value)))
    return _ordered(booth, ["standing", *booth.rank], found, found)


def _ordered(booth: Booth, words: Sequence[str], found: list[Ballot], every: Sequence[Ballot]) -> list[Ballot]:
    """By the first word, and those that are equal in it by the next: what decides nothing is not measured."""
    if len(found) < 2 or not words:
        return found
    measure = _measure(booth, words[0], every)
    runs: dict[Any, list[Ballot]] = {}
    for one in found:
        runs.setdefault(measure(one), []).append(one)
    if len(runs) == len(found):
        return [runs[value][0] for value in sorted(runs, reverse=True)]
    return [one for value in sorted(runs, reverse=True) for one in _ordered(booth, words[1:], runs[value], every)]


def standing(booth: Booth, one: Ballot) -> tuple[bool, bool, bool]:
    """What goes before every criterion: not gone from its source, the owner's, no last resort."""
    owner = booth.entity.fields[booth.name].owner
    return not one.by.deleted, bool(owner) and one.by.role == owner, not one.last


def decided(booth: Booth, order: Sequence[Ballot]) -> str:
    """Why the first of ``order`` won: the first thing in which it differs from the best that says something else."""
    best = order[0]
    if best.by.deleted:
        return "kept"
    owner = booth.entity.fields[booth.name].owner
    if owner and best.by.role == owner:
        return "owner"
    living = [one for one in order[1:] if not one.by.deleted]
    if not living:
        return "only"
    rival = next((one for one in living if one.key != best.key), None)
    if rival is None:
        return "agreed"
    if rival.last and not best.last:
        return "fit"
    for word in booth.rank:
        measure = _measure(booth, word, order)
        if measure(best) != measure(rival):
            return word
    return "key"


def _measure(booth: Booth, word: str, ballots: Sequence[Ballot]) -> Callable[[Ballot], Any]:
    if word == "standing":
        return lambda b: standing(booth, b)
    if word == "trust":
        return lambda b: faded(booth, b)
    if word == "recent":
        return lambda b: b.at
    if word == "complete":
        return lambda b: completeness(booth, b)
    sources = support(booth, ballots)
    if word == "frequent":
        return lambda b: len(sources[b.key])
    return lambda b: round(sum(sorted(sources[b.key].values())), 6)


def support(booth: Booth, ballots: Iterable[Ballot]) -> dict[Any, dict[str, float]]:
    """Key → connection → its trust: who says a value. Several records of one system are one voice."""
    found: dict[Any, dict[str, float]] = defaultdict(dict)
    for one in ballots:
        if not one.by.deleted:
            said = found[one.key]
            said[one.by.connection] = max(said.get(one.by.connection, 0.0), faded(booth, one))
    return found


def completeness(booth: Booth, one: Ballot) -> int:
    """How much a value says; of a group, how many of its fields are filled."""
    if isinstance(one.value, str):
        return booth.form.full(one.value)
    if isinstance(one.value, dict):
        return len(one.value)
    return len(one.value) if isinstance(one.value, list) else 1

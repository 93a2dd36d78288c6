"""A rule of data quality, and a record as rules see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tongmai.core.text import Text

EMPTY: tuple[Any, ...] = (None, "", [])
SOURCE, GOLDEN = "source", "golden"
BOTH = frozenset({SOURCE, GOLDEN})


@dataclass(frozen=True, slots=True)
class Subject:
    """A golden record, or what one source record says (then ``golden`` is the record it is part of).

    ``confirmed``: when a source last said that the record is so. ``changed``: field → when its value changed (ISO text).
    ``flags``: what can only be seen in many records at once, as ``twin``, ``same:number``, ``waiting:customer``.
    """

    fields: Mapping[str, Any]
    role: str = ""
    confirmed: datetime | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    golden: Mapping[str, Any] | None = None

    def filled(self, name: str) -> bool:
        """Whether the field has a value."""
        return self.fields.get(name) not in EMPTY


Verdict = bool | None
"""Whether a rule holds; None where it has nothing to say of a record."""
Check = Callable[[Sequence[Subject], datetime], list[Verdict]]
Condition = Callable[[Sequence[Mapping[str, Any]], str], list[Verdict]]
"""A compiled expression over a batch of records, given the day; None: unknown, because a field is empty."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``on``: whether source records, golden records or both are looked at; ``reads``: the fields it is about."""

    name: str
    label: Text
    weight: float
    check: Check
    reads: tuple[str, ...]
    on: frozenset[str] = BOTH

    @property
    def dimension(self) -> str:
        """The first part of its name."""
        return self.name.partition(".")[0]


def each(one: Callable[[Subject], Verdict]) -> Check:
    """A check that looks at one record at a time and needs no clock."""
    return lambda subjects, now: [one(subject) for subject in subjects]


def only(condition: Condition | None, check: Check) -> Check:
    """A check of the records that fulfil a condition; unknown is no."""
    if condition is None:
        return check

    def run(subjects: Sequence[Subject], now: datetime) -> list[Verdict]:
        asked = condition([subject.fields for subject in subjects], now.date().isoformat())
        chosen = [index for index, yes in enumerate(asked) if yes]
        found: list[Verdict] = [None] * len(subjects)
        for index, verdict in zip(chosen, check([subjects[index] for index in chosen], now), strict=True):
            found[index] = verdict
        return found

    return run

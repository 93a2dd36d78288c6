"""What each kind of rule looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from masterdata.model.survivorship import Kind
from masterdata.quality.rule import Check, Condition, Subject, Verdict, each
from masterdata.survivorship.forms import FORMS


def filled(names: Sequence[str]) -> Check:
    """One of the fields has a value. A source that brings none of them is not asked."""

    def one(subject: Subject) -> Verdict:
        if any(subject.filled(name) for name in names):
            return True
        return False if subject.golden is None or any(name in subject.fields for name in names) else None

    return each(one)


def fine(name: str, kind: Kind, never: Sequence[str]) -> Check:
    """No value of the field is what it must never be, and nothing that the source said was refused when it was mapped."""
    refused = f"refused:{name}"
    words = tuple(never)

    def one(subject: Subject) -> Verdict:
        if refused in subject.flags:
            return False
        values = list(_values(subject.fields.get(name)))
        if not values:
            return None
        return not any(_wrong(kind, words, value) for value in values if isinstance(value, str))

    return each(one)


def matches(name: str, pattern: str) -> Check:
    """The whole of every value fits a pattern."""
    fits = re.compile(pattern).fullmatch

    def one(subject: Subject) -> Verdict:
        values = list(_values(subject.fields.get(name)))
        return all(fits(str(value)) for value in values) if values else None

    return each(one)


def between(name: str, least: float | None, most: float | None) -> Check:
    """Every value lies in a range, both ends included."""

    def one(subject: Subject) -> Verdict:
        values = list(_values(subject.fields.get(name)))
        return all(_inside(value, least, most) for value in values) if values else None

    return each(one)


def every(checks: Sequence[Check]) -> Check:
    """All of them hold; None where none has anything to say."""
    if len(checks) == 1:
        return checks[0]

    def run(subjects: Sequence[Subject], now: datetime) -> list[Verdict]:
        columns = [check(subjects, now) for check in checks]
        return [_all(row) for row in zip(*columns, strict=True)]

    return run


def holds(condition: Condition) -> Check:
    """An expression over the fields is not false."""
    return lambda subjects, now: condition([subject.fields for subject in subjects], now.date().isoformat())


def agrees(name: str, kind: Kind) -> Check:
    """What the source says is what the golden record says, as values of the kind are compared."""
    form = FORMS[kind]

    def one(subject: Subject) -> Verdict:
        if subject.golden is None or not subject.filled(name):
            return None
        said, golden = list(_values(subject.fields[name])), list(_values(subject.golden.get(name)))
        if not golden:
            return None
        known = {_key(form.key, value) for value in golden}
        return all(_key(form.key, value) in known for value in said)

    return each(one)


def resolves(name: str) -> Check:
    """What the field refers to has arrived and is there."""
    waiting, lost = f"waiting:{name}", f"lost:{name}"

    def one(subject: Subject) -> Verdict:
        if waiting in subject.flags or lost in subject.flags:
            return False
        return True if subject.filled(name) else None

    return each(one)


def unflagged(flag: str, names: Sequence[str] = ()) -> Check:
    """Nothing that can only be seen in many records speaks against it; None where one of ``names`` is empty."""

    def one(subject: Subject) -> Verdict:
        if not all(subject.filled(name) for name in names):
            return None
        return flag not in subject.flags

    return each(one)


def fresh(within: int, roles: Mapping[str, int], names: Sequence[str]) -> Check:
    """The last confirmation by a source, or the last change of one of the fields, is not older than so many days."""

    def run(subjects: Sequence[Subject], now: datetime) -> list[Verdict]:
        found: list[Verdict] = []
        for subject in subjects:
            if names and subject.golden is not None and not any(name in subject.fields for name in names):
                found.append(None)
                continue
            at = _changed(subject, names) if names else subject.confirmed
            limit = roles.get(subject.role, within)
            found.append(at is not None and now - at <= timedelta(days=limit))
        return found

    return run


def _changed(subject: Subject, names: Sequence[str]) -> datetime | None:
    moments = [moment for name in names if (moment := _moment(subject.changed.get(name, ""))) is not None]
    return max(moments, default=None)


@lru_cache(maxsize=65536)
def _moment(text: str) -> datetime | None:
    """An ISO time; one without zone is UTC. None where a source gave no time."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _values(value: Any) -> Iterator[Any]:
    """The single values of a field, no empty ones."""
    if isinstance(value, list):
        yield from (one for one in value if one not in (None, ""))
    elif value not in (None, ""):
        yield value


@lru_cache(maxsize=131072)
def _wrong(kind: str, never: tuple[str, ...], value: str) -> bool:
    tests = FORMS[kind].tests
    return any(tests[word](value) for word in never)


def _inside(value: Any, least: float | None, most: float | None) -> bool:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return (least is None or number >= Decimal(str(least))) and (most is None or number <= Decimal(str(most)))


def _key(key: Any, value: Any) -> Any:
    if isinstance(value, str):
        return key(value) or value
    return repr(value)


def _all(row: Sequence[Verdict]) -> Verdict:
    said = [verdict for verdict in row if verdict is not None]
    return all(said) if said else None

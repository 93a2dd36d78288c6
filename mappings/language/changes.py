"""What two versions of a mapping make of one record, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mappings.language.types import Mapped

Fate = Literal["mapped", "failed", "filtered"]
_IN_LINE = re.compile(r"(\w+)\[(\d+)\]\.(.+)")
_INDEX = re.compile(r"\[\d+\]")


class Absent:
    """The value of a field of which the mapping says nothing; an empty field is ``None``."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs. ``field`` is ``amount``, ``lines.price`` or, in a payload, ``Material.Number``; ``line`` counts
    from 0, -1 where the field is one of the record itself."""

    field: str
    old: Any
    new: Any
    line: int = -1


def fate(mapped: Mapped) -> Fate:
    """What becomes of a record."""
    if mapped.errors:
        return "failed"
    return "filtered" if mapped.filtered else "mapped"


def whole_field(name: str) -> str:
    """The field an issue or reference is of, whichever line it stands in: ``lines.price`` for ``lines[2].price``."""
    return _INDEX.sub("", name)


def changes(old: Mapped, new: Mapped) -> list[Change]:
    """Every field with another value. Lists with as many lines are compared line by line, others as one value."""
    if _same(old.fields, new.fields) and old.references == new.references:
        return []
    before, after = flat(old), flat(new)
    found: list[Change] = []
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name, ABSENT), after.get(name, ABSENT)
        if _same(was, now):
            continue
        inside = list(_in_lines(name, was, now)) if _lines(was) and _lines(now) and len(was) == len(now) else []
        found += inside or [Change(name, was, now)]
    return found


def flat(mapped: Mapped) -> dict[str, Any]:
    """All values by field: references beside the rest, those of a line in its line, a payload's members by dotted names."""
    fields = dict(_members(mapped.fields, ""))
    for name, reference in mapped.references.items():
        inside = _IN_LINE.fullmatch(name)
        if inside is None:
            fields[name] = reference
            continue
        of, number = inside[1], int(inside[2])
        fields[of] = [dict(line) for line in fields[of]] if fields[of] is mapped.fields[of] else fields[of]
        fields[of][number][inside[3]] = reference
    return fields


def _members(fields: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            yield from _members(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _lines(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(line, dict) for line in value)


def _in_lines(name: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Change]:
    for number, (was, now) in enumerate(zip(old, new, strict=True)):
        before, after = dict(_members(was, "")), dict(_members(now, ""))
        for field in dict.fromkeys((*before, *after)):
            one, other = before.get(field, ABSENT), after.get(field, ABSENT)
            if not _same(one, other):
                yield Change(f"{name}.{field}", one, other, number)


def _same(one: Any, other: Any) -> bool:
    """Equal and of the same kinds: true is not 1. Looked at in depth only where values are equal."""
    if one is other:
        return True
    if one != other:
        return False
    if one.__class__ is str and other.__class__ is str:
        return True
    if isinstance(one, dict):
        return isinstance(other, dict) and (
            repr(one) == repr(other) or all(_same(value, other[name]) for name, value in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool)

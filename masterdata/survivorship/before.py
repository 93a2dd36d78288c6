"""What records said before we wrote over it: it counts again once they are no longer one with whom we wrote it for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from masterdata.survivorship.contribution import Contribution, Override

BEFORE = "before/"
"""Stands before a stream's name in the origin of such a value: the record there does not hold it any more."""


def before_our_write(contributions: Sequence[Contribution], overrides: Sequence[Override]) -> list[Contribution]:
    """A contribution more for each record whose echo came from a record, or a steward, that this entity has not."""
    if not any(one.own for one in contributions):
        return []
    here = {_place(one.origin()) for one in contributions} | {_place(one.origin()) for one in overrides}
    found = []
    for one in contributions:
        said = {name: own for name, own in one.own.items() if name in one.echo and _place(own["of"]) not in here}
        if said:
            found.append(
                Contribution(
                    one.record_id,
                    one.connection,
                    one.role,
                    BEFORE + one.stream,
                    one.key,
                    {name: own["value"] for name, own in said.items()},
                    {name: own["at"] for name, own in said.items()},
                    deleted=one.deleted,
                )
            )
    return found


def itself(fields: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a record said itself, by which it is compared: two that we made alike must not look it."""
    return {**fields, **{name: said["value"] for name, said in own.items()}}


def _place(origin: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(origin.get(word, "") for word in ("connection", "stream", "key"))

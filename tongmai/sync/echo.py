"""What a target is known to hold, per field, and which values read from it are our own write coming back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TargetState:
    """One entity at one target.

    ``known``: canonical values the target holds as far as we know. ``written``: what reading back our last write gives,
    for the fields nobody changed there since. ``gone``: the target deleted its record.
    """

    remote_key: str
    active: bool = True
    gone: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    map_digest: bytes = b""


def observe(
    state: TargetState, read: Mapping[str, Any], reads: Collection[str], in_flight: Mapping[str, Any]
) -> frozenset[str]:
    """Take note of a record read back from the target; returns the fields that are an echo.

    ``reads`` are the canonical fields we write there; ``in_flight`` are values frozen for a write whose outcome is not
    yet known. A value is an echo while it equals what we wrote. Once somebody changes it there it is theirs, for good:
    changing it back to what we had written is an edit too.
    """
    echoes = set()
    for name, value in read.items():
        if name not in reads:
            continue
        if (name in state.written and state.written[name] == value) or (
            name in in_flight and in_flight[name] == value and value is not None
        ):
            echoes.add(name)
        else:
            state.written.pop(name, None)
            state.known[name] = value
    return frozenset(echoes)


def differs(state: TargetState | None, golden: Mapping[str, Any], reads: Collection[str]) -> bool:
    """Whether the target is not known to hold the golden values of the fields we write there."""
    if state is None:
        return True
    return any(name not in state.known or state.known[name] != golden.get(name) for name in reads)

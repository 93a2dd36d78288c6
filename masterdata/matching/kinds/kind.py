"""The shape of a kind of comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tongmai.core.text import Text

MISSING = "missing"
"""The level of a pair of which one has no value: it weighs nothing."""
Value = Any
"""What a kind reads: a text or a tuple of texts and tuples; hashable, and equal to what JSON gives back as tuples."""


class Judged(NamedTuple):
    """The level of two values, and the token they agree on: a rare one proves more than a common one."""

    level: str
    token: str = ""


class Level(NamedTuple):
    """One outcome of a comparison. ``weight``: bits that it is worth where nothing was learnt."""

    name: str
    weight: float
    label: Text


@dataclass(frozen=True)
class Kind:
    """One kind of comparison.

    ``read`` takes the texts of each part (``parts`` names them, the first is the one meant by a bare field name) and
    returns a value, or None where nothing is there. ``judge`` compares two values of which neither is None; it is
    symmetric. ``keys`` gives the values by which a record is found, by name of the key.
    """

    name: str
    label: Text
    parts: tuple[str, ...]
    levels: tuple[Level, ...]
    read: Callable[[Mapping[str, tuple[str, ...]]], Value | None]
    judge: Callable[[Value, Value], Judged]
    keys: Mapping[str, Callable[[Value], tuple[str, ...]]]
    tokens: Callable[[Value], tuple[str, ...]] = lambda value: ()


def first(texts: tuple[str, ...]) -> str:
    """The first text of a part, or nothing."""
    return texts[0] if texts else ""

"""The kinds of comparison behind an entity's ``matching:``: a value that is enough by itself, and a name."""

from __future__ import annotations

from collections.abc import Mapping

from masterdata.matching.keys import normal_name
from masterdata.matching.kinds.kind import MISSING, Judged, Kind, Level, first
from tongmai.core.text import Text


def _read(texts: Mapping[str, tuple[str, ...]]) -> str | None:
    return normal_name(first(texts["value"])) or None


def _judge(a: str, b: str) -> Judged:
    return Judged("same" if a == b else MISSING)


EXACT = Kind(
    "exact",
    Text("Value that identifies", "可唯一识别的值"),
    ("value",),
    (Level("same", 60.0, Text("the same, which is declared to be enough", "相同（已声明可唯一识别）")),),
    _read,
    _judge,
    {"value": lambda value: (value,)},
)

NAME = Kind(
    "whole_name",
    Text("Whole name", "完整名称"),
    ("value",),
    (Level("same", 5.0, Text("the same, letter by letter", "一字不差")),),
    _read,
    _judge,
    {"value": lambda value: (value,)},
)
"""Two systems in which one name was entered mean one thing more often than not, if nothing else speaks against it."""

KINDS = (EXACT, NAME)

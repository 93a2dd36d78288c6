"""The functions of the language, a module per topic: declaration, words, example and code of each in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mappings.language.functions import (
    calendars,
    chinese,
    codes,
    dates,
    lists,
    lookup,
    moments,
    money,
    numbers,
    patterns,
    people,
    places,
    plain,
    records,
    text,
)
from mappings.language.functions.registry import Example, Function, Parameter, Topic

TOPICS: tuple[Topic, ...] = (
    plain.TOPIC,
    text.TOPIC,
    patterns.TOPIC,
    chinese.TOPIC,
    people.TOPIC,
    places.TOPIC,
    numbers.TOPIC,
    money.TOPIC,
    dates.TOPIC,
    moments.TOPIC,
    calendars.TOPIC,
    lists.TOPIC,
    records.TOPIC,
    codes.TOPIC,
    lookup.TOPIC,
)
ALL: tuple[Function, ...] = tuple(each for topic in TOPICS for each in topic.functions)
FUNCTIONS: dict[str, Function] = {each.name: each for each in ALL}
CALLS: dict[str, Callable[..., Any]] = {each.call.__name__: each.call for each in ALL if each.call is not None}

__all__ = ["ALL", "CALLS", "FUNCTIONS", "TOPICS", "Example", "Function", "Parameter", "Topic"]

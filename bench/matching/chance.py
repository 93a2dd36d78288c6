"""Seeded draws that are quick and the same on every Python: only `Random.random` is used, nothing built on it."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Draw:
    """One stream of chance."""

    __slots__ = ("next",)

    def __init__(self, seed: str) -> None:
        self.next = Random(seed).random

    def happens(self, chance: float) -> bool:
        return self.next() < chance

    def below(self, limit: int) -> int:
        return int(self.next() * limit)

    def one(self, options: Sequence[T]) -> T:
        return options[int(self.next() * len(options))]

    def weighted(self, options: Sequence[T], cumulative: Sequence[float]) -> T:
        return options[bisect(cumulative, self.next() * cumulative[-1], 0, len(options) - 1)]

    def digits(self, count: int) -> str:
        return str(int(self.next() * 10**count)).zfill(count)


class Weighted(Generic[T]):
    """Options with weights, prepared once."""

    __slots__ = ("cumulative", "options")

    def __init__(self, pairs: Sequence[tuple[T, float]]) -> None:
        self.options = [option for option, _ in pairs]
        self.cumulative = list(accumulate(weight for _, weight in pairs))

    def draw(self, chance: Draw) -> T:
        return chance.weighted(self.options, self.cumulative)

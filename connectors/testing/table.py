"""Records of a simulated system, indexed by id and by time of last change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

K = TypeVar("K", int, str)
Row = dict[str, Any]


class Table(Generic[K]):
    """Rows by id. ``time_of`` gives the number by which a row's last change sorts, ``number_of`` a text to look rows up by.

    ``version`` rises with every change, so that what was computed from the rows can be kept until then.
    """

    def __init__(
        self,
        time_of: Callable[[Row], int],
        rows: Iterable[tuple[K, Row]] = (),
        number_of: Callable[[Row], str] | None = None,
    ) -> None:
        self._time_of = time_of
        self._number_of = number_of
        self._numbers: dict[str, set[K]] = {}
        self.rows: dict[K, Row] = dict(rows)
        self._ids: list[K] = sorted(self.rows)
        self._times: list[tuple[int, K]] = sorted((time_of(row), key) for key, row in self.rows.items())
        self.version = 0
        for key, row in self.rows.items():
            self._index(key, row)

    def put(self, key: K, row: Row) -> None:
        """Insert or replace a row."""
        old = self.rows.get(key)
        if old is None:
            insort(self._ids, key)
        else:
            self._forget(key, old)
        self.rows[key] = row
        self._index(key, row)
        insort(self._times, (self._time_of(row), key))
        self.version += 1

    def remove(self, key: K) -> None:
        """Delete a row for good."""
        row = self.rows.pop(key)
        self._forget(key, row)
        del self._ids[bisect_left(self._ids, key)]
        self.version += 1

    def highest(self) -> K | None:
        """The greatest id there is."""
        return self._ids[-1] if self._ids else None

    def numbered(self, number: str) -> list[Row]:
        """Rows whose ``number_of`` is this text."""
        return [self.rows[key] for key in sorted(self._numbers.get(number, ()))]

    def after(self, key: K | None) -> Iterator[Row]:
        """Rows with a greater id, by id."""
        start = 0 if key is None else bisect_right(self._ids, key)
        for index in range(start, len(self._ids)):
            yield self.rows[self._ids[index]]

    def changed(self, low: int | None, high: int | None) -> list[Row]:
        """Rows last changed within ``low`` to ``high``, both inclusive, oldest change first."""
        start, end = self._span(low, high)
        return [self.rows[key] for _, key in self._times[start:end]]

    def count_changed(self, low: int | None, high: int | None) -> int:
        """How many ``changed`` would give."""
        start, end = self._span(low, high)
        return end - start

    def keys_changed(self, low: int | None, high: int | None) -> list[K]:
        """Ids of what ``changed`` would give."""
        start, end = self._span(low, high)
        return [key for _, key in self._times[start:end]]

    def newest_time(self) -> int | None:
        """The greatest time of last change there is."""
        return self._times[-1][0] if self._times else None

    def latest(self) -> Iterator[Row]:
        """Rows, newest change first."""
        for _, key in reversed(self._times):
            yield self.rows[key]

    def _span(self, low: int | None, high: int | None) -> tuple[int, int]:
        start = 0 if low is None else bisect_left(self._times, low, key=_first)
        end = len(self._times) if high is None else bisect_right(self._times, high, key=_first)
        return start, max(start, end)

    def _index(self, key: K, row: Row) -> None:
        if self._number_of is not None:
            self._numbers.setdefault(self._number_of(row), set()).add(key)

    def _forget(self, key: K, row: Row) -> None:
        del self._times[bisect_left(self._times, (self._time_of(row), key))]
        if self._number_of is not None:
            self._numbers[self._number_of(row)].discard(key)


def _first(pair: tuple[int, Any]) -> int:
    return pair[0]

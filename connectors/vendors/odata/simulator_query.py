"""The part of `$filter` that the simulated service knows: and, or, not, brackets, comparisons, literals of each version."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<typed>(?:datetimeoffset|datetime|guid|time)'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)|(?P<number>-?\d+(?:\.\d+)?[LMdf]?)|(?P<word>\w+)|(?P<sign>[()]))"
)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
Row = dict[str, Any]


class BadQueryError(ValueError):
    """A query that the service does not understand."""


def matches(version: str, text: str, row: Row) -> bool:
    """Whether the row is meant by the filter."""
    return not text or bool(_compiled(version, text)(row))


@lru_cache(maxsize=256)
def _compiled(version: str, text: str) -> Callable[[Row], Any]:
    tokens, at = [], 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if not found:
            raise BadQueryError(f"Invalid expression at position {at}")
        tokens.append((found.lastgroup or "", found.group(found.lastgroup or "")))
        at = found.end()
    parser = _Parser(version, tokens)
    made = parser.either()
    if parser.left:
        raise BadQueryError(f"Unexpected `{parser.left[0][1]}`")
    return made


class _Parser:
    def __init__(self, version: str, tokens: list[tuple[str, str]]) -> None:
        self.version = version
        self.left = tokens

    def either(self) -> Callable[[Row], Any]:
        terms = [self.both()]
        while self._takes("or"):
            terms.append(self.both())
        return lambda row: any(term(row) for term in terms)

    def both(self) -> Callable[[Row], Any]:
        terms = [self.one()]
        while self._takes("and"):
            terms.append(self.one())
        return lambda row: all(term(row) for term in terms)

    def one(self) -> Callable[[Row], Any]:
        if self._takes("not"):
            inner = self.one()
            return lambda row: not inner(row)
        if self._takes("("):
            inner = self.either()
            if not self._takes(")"):
                raise BadQueryError("`)` is missing")
            return inner
        kind, name = self._next()
        word = self._next()[1]
        if kind != "word" or word not in _COMPARE:
            raise BadQueryError(f"`{name} {word}` is no comparison")
        value = self._value(*self._next())
        compare = _COMPARE[word]

        def run(row: Row) -> bool:
            if name not in row:
                raise BadQueryError(f"Property {name} not found")
            try:
                return bool(compare(row[name], value))
            except TypeError:
                raise BadQueryError(f"Incompatible types for {name}") from None

        return run

    def _value(self, kind: str, text: str) -> Any:
        v2 = self.version == "v2"
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "typed" and v2:
            return _ms(text.partition("'")[2][:-1])
        if kind == "moment" and not v2:
            return _ms(text)
        if kind == "number" and (v2 or not text[-1].isalpha()):
            number = Decimal(text.rstrip("LMdf"))
            return int(number) if number == int(number) else number
        if kind == "word" and text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        raise BadQueryError(f"`{text}` is no literal of OData {self.version}")

    def _takes(self, text: str) -> bool:
        if self.left and self.left[0][1] == text and self.left[0][0] in ("word", "sign"):
            self.left.pop(0)
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if not self.left:
            raise BadQueryError("the filter ends too early")
        return self.left.pop(0)


def _ms(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadQueryError(f"`{text}` is no time") from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)

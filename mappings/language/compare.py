"""Comparisons and logic at run time. None propagates: what cannot be compared is neither true nor false."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mappings.language.values import BadValueError, empty, number, raw_text


def same_number(a: Any, b: Any) -> bool:
    """Equal as numbers; text that is no number equals none."""
    try:
        left, right = number(a), number(b)
    except BadValueError:
        return False
    return left == right


def below(a: Any, b: Any) -> bool | None:
    """``a < b`` as numbers."""
    left = a if a.__class__ is int else number(a)
    right = b if b.__class__ is int else number(b)
    return None if left is None or right is None else left < right


def at_most(a: Any, b: Any) -> bool | None:
    """``a <= b`` as numbers."""
    left = a if a.__class__ is int else number(a)
    right = b if b.__class__ is int else number(b)
    return None if left is None or right is None else left <= right


def before(a: Any, b: Any) -> bool | None:
    """``a < b`` as text; canonical dates and times sort as text."""
    if a is None or b is None or empty(a) or empty(b):
        return None
    if a.__class__ is str and b.__class__ is str:
        return bool(a < b)
    return bool(raw_text(a) < raw_text(b))  # type: ignore[operator]


def not_after(a: Any, b: Any) -> bool | None:
    """``a <= b`` as text."""
    if a is None or b is None or empty(a) or empty(b):
        return None
    if a.__class__ is str and b.__class__ is str:
        return bool(a <= b)
    return bool(raw_text(a) <= raw_text(b))  # type: ignore[operator]


def within(a: Any, b: Any) -> bool | None:
    """``a in b``: an item of a list, or a part of a text."""
    if a is None or b is None:
        return None
    if isinstance(b, str):
        return (raw_text(a) or "") in b
    if isinstance(b, (list, tuple, frozenset)):
        return any(a == each or (each.__class__ in (int, Decimal) and same_number(a, each)) for each in b)
    raise BadValueError("wrong-shape", "`in` needs a list or a text on its right", b)


def negate(a: Any) -> bool | None:
    """``not a``, unknown stays unknown."""
    return None if a is None else not a


def equal(a: Any, b: Any) -> bool | None:
    """``a == b``, unknown when either is empty."""
    return None if a is None or b is None else a == b


def equal_number(a: Any, b: Any) -> bool | None:
    """``a == b`` as numbers, unknown when either is empty."""
    return None if a is None or b is None else same_number(a, b)


def both(a: Any, b: Any) -> bool | None:
    """``a and b`` over true, false and unknown."""
    if (a is not None and not a) or (b is not None and not b):
        return False
    return None if a is None or b is None else True


def either(a: Any, b: Any) -> bool | None:
    """``a or b`` over true, false and unknown."""
    if a or b:
        return True
    return None if a is None or b is None else False

"""What functions are given, checked and bounded: texts, whole numbers, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mappings.language.values import BadValueError, empty, number, raw_text, shown

MAX_TEXT = 1_000_000
MAX_ITEMS = 100_000


def text_of(value: Any, most: int = MAX_TEXT) -> str | None:
    """A single value as text of at most ``most`` characters."""
    text = value if value.__class__ is str else raw_text(value)
    if text is not None and len(text) > most:
        raise BadValueError("text-too-long", f"a text of {len(text)} characters; at most {most} are allowed here", text)
    return text


def bounded(length: int, most: int = MAX_TEXT) -> None:
    """Refuse a result before it is made."""
    if length > most:
        raise BadValueError("text-too-long", f"the result would have {length} characters; at most {most} are allowed")


def whole(value: Any, what: str, least: int, most: int) -> int:
    """An argument that is a whole number within bounds; an empty one is refused, for no number may be guessed."""
    if value.__class__ is int and least <= value <= most:
        return value
    exact = number(value)
    if exact is None or exact != exact.to_integral_value() or not least <= exact <= most:
        raise BadValueError(
            "bad-argument", f"`{shown(value)}` is no {what}: a whole number from {least} to {most}", value
        )
    return int(exact)


def items_of(value: Any) -> Sequence[Any] | None:
    """A list of at most ``MAX_ITEMS`` items; empty is None, a single value is refused."""
    if value is None or value == "":
        return None
    if not isinstance(value, (list, tuple)):
        raise BadValueError("not-a-list", "one value came where a list is expected", value)
    if len(value) > MAX_ITEMS:
        raise BadValueError("list-too-long", f"a list of {len(value)} items; at most {MAX_ITEMS} are allowed here")
    return value


def at_path(value: Any, path: str) -> Any:
    """The field ``path`` of an object; with dots it is inside (`price.amount`), unless a key is spelt so."""
    if not isinstance(value, dict):
        if value is None or value == "":
            return None
        raise BadValueError("wrong-shape", f"`{path}` is looked up in something that is not an object", value)
    if path in value or "." not in path:
        return value.get(path)
    for key in path.split("."):
        if empty(value):
            return None
        if not isinstance(value, dict):
            raise BadValueError("wrong-shape", f"`{key}` is looked up in something that is not an object", value)
        value = value.get(key)
    return value


def same(a: Any, b: Any) -> bool:
    """Whether two values are the same as the language compares them: numbers as numbers, other values as text."""
    if a is None or b is None:
        return a is b
    if isinstance(a, (list, tuple, dict)) or isinstance(b, (list, tuple, dict)):
        try:
            return bool(a == b)
        except ArithmeticError:
            raise BadValueError(
                "not-a-number", "a list or an object with something that is no number in it", a
            ) from None
    return bool(marked(a) == marked(b))


def marked(value: Any) -> Any:
    """A key under which equal values meet: a number in any spelling of its type, a text as it is."""
    if isinstance(value, (list, tuple, dict)):
        raise BadValueError("wrong-shape", "a list or an object came where one value is expected", value)
    return raw_text(value)


def encoded(text: str) -> bytes:
    """UTF-8; half a character is refused."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise BadValueError("bad-text", "the text holds half a character (a lone surrogate)", text) from None

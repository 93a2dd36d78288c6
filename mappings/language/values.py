"""Values at run time: exact numbers, clean text, and the canonical form of every field type."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Any

MAX_DIGITS = 60
MAX_ITEMS = 10_000
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_CANONICAL = re.compile(r"(?:0|-?(?:[1-9][0-9]*|0\.[0-9]*[1-9]|[1-9][0-9]*\.[0-9]*[1-9]))")
_is_canonical = _CANONICAL.fullmatch
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?").fullmatch
_SMALL = 10**MAX_DIGITS
_EXACT = Context(prec=600, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
_DIVIDE = Context(prec=34, traps=[InvalidOperation, DivisionByZero, Overflow])
_YES = frozenset({"true", "yes", "y", "1", "是", "有", "启用"})
_NO = frozenset({"false", "no", "n", "0", "否", "无", "停用"})


class BadValueError(Exception):
    """A value a field cannot take; becomes an ``Issue``. ``code`` is a stable kebab-case word."""

    def __init__(self, code: str, message: str, value: object = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.value = shown(value)


Note = tuple[str, str, str]
"""A finding that a function leaves behind: code, message, value."""


def shown(value: object) -> str:
    """A value for a message: one line, never long."""
    if value is None:
        return ""
    if value.__class__ is int and value.bit_length() > 4000:
        return "a number of more than 1000 digits"
    text = value if isinstance(value, str) else str(value)
    text = "".join(char if char.isprintable() else "?" for char in text[:81])
    return text if len(text) <= 80 else text[:79] + "…"


def empty(value: Any) -> bool:
    """None, blank text, or a list with nothing in it."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, (list, tuple, dict)) and not value


def attr(value: Any, key: str) -> Any:
    """``value.key``; None when ``value`` is empty or has no such key."""
    if isinstance(value, dict):
        return value.get(key)
    if value is None or value == "":
        return None
    raise BadValueError("wrong-shape", f"`{key}` is looked up in something that is not an object", value)


def inside(flat: Any, outer: Any, *keys: str) -> Any:
    """A declared name with dots: ``flat`` where rows are flat, else the value at ``keys`` in ``outer``."""
    if flat is not None:
        return flat
    for key in keys:
        if not isinstance(outer, dict):
            return None
        outer = outer.get(key)
    return outer


def item(value: Any, index: int) -> Any:
    """``value[index]``; None when ``value`` is empty or too short."""
    if isinstance(value, (list, tuple)):
        return value[index] if -len(value) <= index < len(value) else None
    if value is None or value == "":
        return None
    raise BadValueError("wrong-shape", f"item {index} is taken from something that is not a list", value)


def items(value: Any, most: int = MAX_ITEMS) -> Sequence[Any]:
    """The items of a list for a loop; nothing when there is none."""
    if value is None or value == "":
        return ()
    if not isinstance(value, (list, tuple)):
        raise BadValueError("not-a-list", "one value came where a list is expected", value)
    if len(value) > most:
        raise BadValueError("too-many-items", f"a list of {len(value)} items; at most {most} are looped over")
    return value


def each_line(value: Any) -> Sequence[dict[str, Any]]:
    """The lines of a list: objects only, so that no line is ever passed over."""
    if value is None or value == "":
        return ()
    if not isinstance(value, (list, tuple)):
        raise BadValueError("not-lines", "a single value came where a list of lines is expected", value)
    for index, line in enumerate(value):
        if not isinstance(line, dict):
            raise BadValueError("not-lines", f"item {index} of the list is no object with fields", line)
    return value


def number(value: Any) -> Decimal | None:
    """An exact decimal; blank is None. Floats are read as they print. Never a guess: `1,000` and `12元` are refused."""
    kind = value.__class__
    if kind is str:
        if len(value) <= MAX_DIGITS and _PLAIN(value):
            return Decimal(value)
        text = value.strip()
        if not text:
            return None
        if len(text) > 200 or not _NUMBER.fullmatch(text):
            raise BadValueError("not-a-number", f"`{shown(value)}` is not a number", value)
        result = Decimal(text)
    elif kind is int:
        if -_SMALL < value < _SMALL:
            return Decimal(value)
        result = Decimal(value)
    elif value is None:
        return None
    elif kind is Decimal:
        result = value
    elif kind is float:
        result = Decimal(repr(value))
    else:
        raise BadValueError("not-a-number", f"`{shown(value)}` is not a number", value)
    if not result.is_finite():
        raise BadValueError("not-a-number", f"`{shown(value)}` is not a number", value)
    shape = result.as_tuple()
    exponent = shape.exponent if isinstance(shape.exponent, int) else 0
    if len(shape.digits) + max(exponent, 0) > MAX_DIGITS or exponent < -MAX_DIGITS:
        raise BadValueError("number-too-long", f"`{shown(value)}` has more than {MAX_DIGITS} digits", value)
    return result


def _fault(error: ArithmeticError, a: Any) -> BadValueError:
    if isinstance(error, DivisionByZero):
        return BadValueError("division-by-zero", f"`{shown(a)}` is divided by zero", a)
    return BadValueError("number-too-long", "the result is not exact any more or is undefined", a)


def _arithmetic(how: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Any, Any], Decimal | None]:
    """Two values as exact numbers; None when either is empty."""

    def compute(a: Any, b: Any) -> Decimal | None:
        left = a if a.__class__ is Decimal else number(a)
        right = b if b.__class__ is Decimal else number(b)
        if left is None or right is None:
            return None
        try:
            result = how(left, right)
        except ArithmeticError as error:
            raise _fault(error, left) from None
        if result.is_finite():
            return result
        raise BadValueError("not-a-number", f"`{shown(a)}` or `{shown(b)}` is not a number", a)

    return compute


add = _arithmetic(_EXACT.add)
sub = _arithmetic(_EXACT.subtract)
mul = _arithmetic(_EXACT.multiply)
div = _arithmetic(_DIVIDE.divide)
"""To 34 significant digits; the others are exact."""


def neg(a: Any) -> Decimal | None:
    """``-a``."""
    return sub(0, a)


def concat(a: Any, b: Any) -> str | None:
    """Text after text; None when either is empty."""
    if a.__class__ is str and b.__class__ is str:
        return a + b
    left, right = raw_text(a), raw_text(b)
    return None if left is None or right is None else left + right


def plain(value: Decimal) -> str:
    """A decimal as text: no exponent, no trailing zeros, no minus zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def raw_text(value: Any) -> str | None:
    """Any single value as text, unchanged if it is text already."""
    kind = value.__class__
    if kind is str:
        return value  # type: ignore[no-any-return]
    if value is None:
        return None
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        if value.bit_length() > 4000:
            raise BadValueError("number-too-long", "a number of more than 1000 digits", value)
        return str(value)
    if kind is Decimal or kind is float:
        exact = number(value)
        return None if exact is None else plain(exact)
    raise BadValueError("not-text", "a list or an object came where one text is expected", value)


def to_text(value: Any) -> str | None:
    """Canonical text: trimmed, blank is None, only what a database can store."""
    if value.__class__ is not str:
        value = raw_text(value)
        if value is None:
            return None
    value = value.strip()
    if value.isprintable():
        return value or None
    if "\0" in value:
        raise BadValueError("bad-text", "the text holds a NUL character", value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadValueError("bad-text", "the text holds half a character (a lone surrogate)", value) from None
    return value  # type: ignore[no-any-return]


def to_decimal(value: Any) -> str | None:
    """Canonical decimal text."""
    if value.__class__ is str and len(value) <= MAX_DIGITS:
        if _is_canonical(value):
            return value
        if _PLAIN(value):
            return _shortened(value)
    exact = number(value)
    return None if exact is None else plain(exact)


def _shortened(text: str) -> str:
    """Plain digits without zeros that say nothing."""
    sign = "-" if text[0] == "-" else ""
    whole, _, rest = text.lstrip("-").partition(".")
    whole, rest = whole.lstrip("0") or "0", rest.rstrip("0")
    if rest:
        return f"{sign}{whole}.{rest}"
    return whole if whole == "0" else sign + whole


def to_integer(value: Any) -> int | None:
    """A whole number that fits a PostgreSQL bigint."""
    kind = value.__class__
    if kind is int and -(2**63) <= value < 2**63:
        return value  # type: ignore[no-any-return]
    if kind is str and len(value) < 19 and value.isascii() and value.isdigit():
        return int(value)
    exact = number(value)
    if exact is None:
        return None
    if exact != exact.to_integral_value():
        raise BadValueError("not-an-integer", f"`{shown(value)}` is not a whole number", value)
    if not -(2**63) <= exact < 2**63:
        raise BadValueError("number-too-long", f"`{shown(value)}` does not fit 64 bits", value)
    return int(exact)


def to_boolean(value: Any) -> bool | None:
    """True or false from a boolean, 0/1, or true/false, yes/no, 是/否, 有/无, 启用/停用."""
    if value is True or value is False or value is None:
        return value
    word = (raw_text(value) or "").strip().lower()
    if not word:
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValueError("not-a-boolean", f"`{shown(value)}` is neither yes nor no", value)


def to_url(value: Any) -> str | None:
    """An http or https address."""
    text = to_text(value)
    if text is None:
        return None
    if not re.fullmatch(r"https?://[^\s/?#@]+([/?#]\S*)?", text, re.IGNORECASE):
        raise BadValueError("bad-url", f"`{shown(text)}` is not an http(s) address", text)
    return text


def to_list(values: Any, convert: Any) -> list[Any] | None:
    """A canonical list: every item converted, empty ones left out, each value once; None when nothing is left."""
    if values is None or values == "":
        return None
    if not isinstance(values, (list, tuple)):
        raise BadValueError("not-a-list", "one value came where a list is expected", values)
    kept = dict.fromkeys(done for done in map(convert, values) if done is not None)
    return list(kept) or None

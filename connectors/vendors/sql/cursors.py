"""Cursor values: as the text of a checkpoint and back, and some time earlier."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from tongmai.core.errors import ConfigurationError

_OUT: dict[type, tuple[str, Callable[[Any], str]]] = {
    int: ("integer", str),
    str: ("text", str),
    float: ("float", repr),
    Decimal: ("decimal", str),
    datetime: ("datetime", datetime.isoformat),
    date: ("date", date.isoformat),
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
}
_IN: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "text": str,
    "float": float,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "bytes": base64.b64decode,
}
_TIME_TEXT = re.compile(r"(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:?\d\d)?$")


def freeze(value: Any, where: str) -> str:
    """A cursor value as checkpoint, which ``thaw`` gives back exactly."""
    found = _OUT.get(type(value))
    if found is None:
        raise _unfit(where, f"its values are {type(value).__name__}")
    return orjson.dumps({"cursor": found[1](value), "type": found[0]}).decode()


def thaw(checkpoint: str, where: str) -> Any:
    """The cursor value of a checkpoint."""
    try:
        data = orjson.loads(checkpoint)
        return _IN[data["type"]](data["cursor"])
    except (ValueError, KeyError, TypeError, ArithmeticError):
        raise ConfigurationError(
            f"{where}: checkpoint",
            "it was not written by this connector",
            "read the stream once with --full",
            code="bad-checkpoint",
        ) from None


def earlier(value: Any, span: timedelta, where: str) -> Any:
    """The value ``span`` earlier. Only times can be earlier; text that is a time is cut to whole seconds."""
    if not span or value is None:
        return value
    if isinstance(value, datetime):
        return value - span
    if isinstance(value, date):
        return value - max(timedelta(days=1), span)
    match = _TIME_TEXT.match(value) if isinstance(value, str) else None
    if match is None:
        raise _unfit(where, f"`cursor_lag` and a look-back need a time, got a {type(value).__name__}")
    moment = datetime.fromisoformat(f"{match[1]} {match[3]}") - span
    return moment.replace(microsecond=0).isoformat(match[2]) + (match[4] or "")


def ordered(value: Any) -> bool:
    """Whether Python orders such values as every database does; text it does not, for its collation."""
    return isinstance(value, (int, Decimal, datetime, date))


def _unfit(where: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{where}: cursor", why, "name a column of times or growing numbers, or leave `cursor` out", code="sql-cursor"
    )

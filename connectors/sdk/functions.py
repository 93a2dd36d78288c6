"""The functions of a manifest's expressions: ``value | name(arguments)``."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import msgspec

from connectors.sdk import moment
from connectors.sdk.key import joined, split


def as_text(value: Any) -> str:
    """A value as it stands in a URL or a header: true and false in lower case, numbers with their own digits."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, datetime):
        return str(moment.write(value, "iso"))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, list, tuple)):
        return msgspec.json.encode(value).decode()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _number(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"`{value}` is no number") from None


def _integer(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _from_json(value: Any) -> Any:
    if not isinstance(value, (str, bytes)) or not value:
        return value
    try:
        return json.loads(value, parse_float=Decimal)
    except ValueError:
        raise ValueError("the text is not JSON") from None


def _time(value: Any, form: str, where: str = "") -> Any:
    return None if value is None else moment.write(moment.read(value, "iso"), form, where)


def _from_time(value: Any, form: str, where: str = "") -> datetime | None:
    return None if value is None or value == "" else moment.read(value, form, where)


def _quoted(value: Any, escape: Mapping[str, str]) -> str:
    if isinstance(value, (list, tuple)):
        return ",".join(_quoted(each, escape) for each in value)
    if isinstance(value, bool) or not isinstance(value, str):
        return as_text(value) if value is not None else "null"
    return "'" + "".join(escape.get(char, char) for char in value) + "'"


def _later(value: Any, seconds: Any) -> datetime | None:
    return None if value is None else moment.read(value, "iso") + timedelta(seconds=float(seconds or 0))


def _without(value: Any, names: Any) -> Any:
    gone = _listed(names)
    if isinstance(value, Mapping):
        return {name: each for name, each in value.items() if name not in gone}
    return None if value is None else [each for each in _listed(value) if each not in gone]


_SOQL: Final = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ODATA: Final = {"'": "''"}

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "base64": lambda value: base64.b64encode(as_text(value).encode()).decode(),
    "default": lambda value, other: other if value is None or value == "" else value,
    "epoch": lambda value: _time(value, "epoch"),
    "epoch_ms": lambda value: _time(value, "epoch_ms"),
    "first": lambda value: next(iter(_listed(value)), None),
    "from_json": _from_json,
    "from_time": _from_time,
    "integer": _integer,
    "iso": lambda value, where="": _time(value, "iso", where),
    "join": lambda value, by=",": by.join(as_text(each) for each in _listed(value)),
    "json": lambda value: msgspec.json.encode(value).decode(),
    "key_of": lambda value, *others: joined([as_text(each) for each in (value, *others)]),
    "key_parts": lambda value: [] if value is None or value == "" else split(as_text(value)),
    "last": lambda value: _listed(value)[-1] if _listed(value) else None,
    "later": _later,
    "len": lambda value: 0 if value is None else len(value),
    "list": _listed,
    "lower": lambda value: None if value is None else as_text(value).lower(),
    "md5": lambda value: hashlib.md5(as_text(value).encode()).hexdigest(),  # noqa: S324 (some vendors sign so)
    "number": _number,
    "odata": lambda value: _quoted(value, _ODATA),
    "pick": lambda value, name: [each.get(name) for each in _listed(value) if isinstance(each, Mapping)],
    "put": lambda value, name, other: {**(value or {}), name: other},
    "sha256": lambda value: hashlib.sha256(as_text(value).encode()).hexdigest(),
    "soql": lambda value: _quoted(value, _SOQL),
    "split": lambda value, by=",": [] if value is None or value == "" else as_text(value).split(by),
    "text": lambda value: None if value is None else as_text(value),
    "time": _time,
    "trim": lambda value: None if value is None else as_text(value).strip(),
    "upper": lambda value: None if value is None else as_text(value).upper(),
    "url": lambda value: quote(as_text(value), safe=""),
    "values": lambda value: list(value.values()) if isinstance(value, Mapping) else _listed(value),
    "without": _without,
}
"""Nothing in gives nothing out, except where a function says otherwise (``default``, ``len``, ``list``, ``join``)."""

"""Values of databases and typed files as JSON holds them, without a digit lost."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Any
from uuid import UUID

_ADDRESSES = (IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network)


class UnreadableError(ValueError):
    """A value that has no faithful form on the other side."""


def plain(value: Any) -> Any:
    """A value as it came from a driver or a typed file. Raises ``UnreadableError`` when JSON has no faithful form for it."""
    if value is None or type(value) is str or type(value) is int:
        return value
    simple = _SIMPLE.get(type(value))
    if simple is not None:
        return simple(value)
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    if type(value).__name__ in ("Range", "Multirange"):
        return str(value)
    raise UnreadableError(f"a {type(value).__name__} has no form in JSON")


def _decimal(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise UnreadableError(f"{value} is no number")
    return value


def _float(value: float) -> float:
    if not math.isfinite(value):
        raise UnreadableError(f"{value} is no number")
    return value


def _span(value: timedelta) -> str:
    """``[-]H:MM:SS[.ffffff]``, as MySQL shows a time."""
    sign, left = ("-", -value) if value < timedelta(0) else ("", value)
    seconds = left.days * 86400 + left.seconds
    fraction = f".{left.microseconds:06d}" if left.microseconds else ""
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def _base64(value: Any) -> str:
    return base64.b64encode(bytes(value)).decode()


_SIMPLE: dict[type, Any] = {
    bool: lambda value: value,
    float: _float,
    Decimal: _decimal,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _span,
    UUID: str,
    bytes: _base64,
    bytearray: _base64,
    memoryview: _base64,
    **dict.fromkeys(_ADDRESSES, str),
}

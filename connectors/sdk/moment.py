"""Points in time as systems write them: seconds, milliseconds, ISO 8601, dates, patterns of strftime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

NAMED = ("epoch", "epoch_ms", "iso", "iso_ms", "date")
_START = datetime(1970, 1, 1, tzinfo=UTC)


def known(form: str) -> bool:
    """Whether ``form`` is one of the named forms or a pattern."""
    return form in NAMED or "%" in form


def zone(name: str) -> tzinfo:
    """A time zone by its IANA name; UTC for an empty one. Raises ``ValueError``."""
    if name in ("", "UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone `{name}`") from None


def write(moment: datetime, form: str, where: str = "") -> int | str:
    """An aware time as a system wants it; ``where``: the zone of forms that say none."""
    if form == "epoch":
        return (moment - _START) // timedelta(seconds=1)
    if form == "epoch_ms":
        return (moment - _START) // timedelta(milliseconds=1)
    if form in ("iso", "iso_ms"):
        precision = "milliseconds" if form == "iso_ms" else "seconds"
        return moment.astimezone(zone(where)).isoformat(timespec=precision).replace("+00:00", "Z")
    return moment.astimezone(zone(where)).strftime("%Y-%m-%d" if form == "date" else form)


def read(value: Any, form: str, where: str = "") -> datetime:
    """The aware time that a system's value says. Raises ``ValueError``."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone(where))
    if value is None or value == "" or isinstance(value, (bool, dict, list)):
        raise ValueError(f"`{value}` is no time")
    if form in ("epoch", "epoch_ms"):
        return _START + _seconds(value, 1 if form == "epoch" else 1000)
    text = str(value)
    if form in ("iso", "iso_ms"):
        found = datetime.fromisoformat(text)
    else:
        found = datetime.strptime(text, "%Y-%m-%d" if form == "date" else form)
    return found if found.tzinfo else found.replace(tzinfo=zone(where))


def step(form: str) -> timedelta:
    """The smallest difference that a form can tell."""
    if form in ("epoch_ms", "iso_ms") or "%f" in form:
        return timedelta(milliseconds=1)
    if form == "date" or ("%" in form and "%H" not in form):
        return timedelta(days=1)
    if "%" in form and "%S" not in form:
        return timedelta(minutes=1)
    return timedelta(seconds=1)


def _seconds(value: Any, unit: int) -> timedelta:
    try:
        exact = Decimal(str(value))
        return timedelta(microseconds=int(exact * 1_000_000 / unit))
    except (ArithmeticError, ValueError, OverflowError):
        raise ValueError(f"`{value}` is no number of seconds or milliseconds") from None

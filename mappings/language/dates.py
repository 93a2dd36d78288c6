"""Dates and times: declared formats, each exact; canonical text out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from mappings.language.values import BadValueError, shown

TOKENS = {
    "YYYY": ("year", "[0-9]{4}"),
    "YY": ("year", "[0-9]{2}"),
    "MM": ("month", "[0-9]{2}"),
    "M": ("month", "[0-9]{1,2}"),
    "DD": ("day", "[0-9]{2}"),
    "D": ("day", "[0-9]{1,2}"),
    "hh": ("hour", "[0-9]{2}"),
    "mm": ("minute", "[0-9]{2}"),
    "ss": ("second", "[0-9]{2}"),
}
_SPLIT = re.compile("|".join(TOKENS) + "|.", re.DOTALL)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CANONICAL_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_BEIJING = timezone(timedelta(hours=8))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Parts = dict[str, str]


class FormatError(ValueError):
    """A date format that cannot be used; ``suggestion`` may name a better one."""

    def __init__(self, en: str, zh: str, suggestion: str = "") -> None:
        super().__init__(en)
        self.en, self.zh, self.suggestion = en, zh, suggestion


_FIRST_DAY = date(1970, 1, 1).toordinal()
_FAR = 50_000_000_000_000
"""Milliseconds that are surely within the calendar: about the years 400 to 3500."""


def pattern(form: str, *, times: bool) -> re.Pattern[str]:
    """``form`` as a regular expression; raises ``FormatError``. ``times``: hours, minutes and seconds are allowed."""
    out, seen = [], []
    for piece in _SPLIT.findall(form):
        token = TOKENS.get(piece)
        if token is None:
            if piece.isascii() and piece.isalpha() and piece != "T":
                better = form.replace("y", "Y").replace("d", "D")
                raise FormatError(
                    f"`{piece}` in the format `{form}` is no token (tokens: {', '.join(TOKENS)})",
                    f"格式 `{form}` 中的 `{piece}` 不是日期记号（可用：{', '.join(TOKENS)}）",
                    better if better != form else "",
                )
            out.append(re.escape(piece))
        else:
            if token[0] in seen:
                raise FormatError(f"`{form}` names the {token[0]} twice", f"格式 `{form}` 中 {piece} 一项重复")
            seen.append(token[0])
            out.append(f"(?P<{token[0]}>{token[1]})")
    missing = {"year", "month", "day"} - set(seen)
    if missing:
        words = ", ".join(sorted(missing))
        raise FormatError(f"`{form}` does not say the {words}", f"格式 `{form}` 缺少年、月或日（{words}）")
    if not times and {"hour", "minute", "second"} & set(seen):
        raise FormatError(f"`{form}` has a time of day; use datetime(…)", f"格式 `{form}` 含时间，请用 datetime(…)")
    return re.compile("".join(out))


def _numbers(found: re.Match[str]) -> dict[str, int]:
    parts = found.groupdict()
    numbers = {name: int(text) for name, text in parts.items()}
    if len(parts["year"]) == 2:
        numbers["year"] += 2000
    return numbers


def _bad(value: Any, forms: tuple[str, ...], why: str = "") -> BadValueError:
    return BadValueError(
        "bad-date", f"`{shown(value)}` {why or 'fits none of the formats'} ({', '.join(forms)})", value
    )


def date_reader(*forms: str) -> Callable[[Any], str | None]:
    """A function from source text to ``YYYY-MM-DD``, trying ``forms`` in order (by default ``YYYY-MM-DD``).

    A format that fits the text but names no real day (30 February) is passed over for the next one.
    """
    named = forms or ("YYYY-MM-DD",)
    patterns = [pattern(form, times=False) for form in named]

    @lru_cache(maxsize=8192)
    def read(text: str) -> str:
        why = ""
        for each in patterns:
            found = each.fullmatch(text)
            if found:
                try:
                    return date(**_numbers(found)).isoformat()
                except ValueError:
                    why = "is no day of the calendar"
        raise _bad(text, named, why)

    def reader(value: Any) -> str | None:
        text = _source_text(value, named)
        return read(text) if text else None

    return reader


def datetime_reader(*forms: str, zone: str = "Asia/Shanghai") -> Callable[[Any], str | None]:
    """A function from source text to canonical UTC time. Without ``forms``: ISO 8601; ``zone`` where the text has none."""
    patterns = [pattern(form, times=True) for form in forms]
    local = ZoneInfo(zone)
    named = forms or ("ISO 8601",)

    def reader(value: Any) -> str | None:
        text = _source_text(value, named)
        if not text:
            return None
        if not patterns:
            return canonical_time(_iso(text, value, local))
        why = ""
        for each in patterns:
            found = each.fullmatch(text)
            if found:
                try:
                    return canonical_time(datetime(**_numbers(found), tzinfo=local))
                except (ValueError, OverflowError):
                    why = "is no time of the calendar"
        raise _bad(value, named, why)

    return reader


def _iso(text: str, value: Any, local: ZoneInfo) -> datetime:
    if len(text) < 11:
        raise _bad(value, ("ISO 8601 with a time of day",), "is no time")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(value, ("ISO 8601",), "is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=local)


def _source_text(value: Any, forms: tuple[str, ...]) -> str:
    if value is None:
        return ""
    if value.__class__ is int and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _bad(value, forms, "is not text")
    return value.strip()


def canonical_time(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SS.ffffffZ``."""
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise _bad(moment, ("ISO 8601",), "is outside the calendar") from None
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _milliseconds(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, str))
        or not re.fullmatch(r"-?[0-9]{1,15}", str(value).strip())
    ):
        raise BadValueError("bad-date", f"`{shown(value)}` is not a whole number of milliseconds", value)
    return int(value)


def epoch_ms(value: Any) -> str | None:
    """Milliseconds since 1970 as canonical UTC time."""
    if value.__class__ is int and -_FAR < value < _FAR:
        days, rest = divmod(value, 86_400_000)
        seconds, thousandths = divmod(rest, 1_000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{_day_of(days)}T{hour:02d}:{minute:02d}:{second:02d}.{thousandths:03d}000Z"
    count = _milliseconds(value)
    return None if count is None else canonical_time(_moment(count, value))


@lru_cache(maxsize=8192)
def _day_of(days: int) -> str:
    """The day so many days after 1970 began."""
    return date.fromordinal(_FIRST_DAY + days).isoformat()


def date_ms(value: Any) -> str | None:
    """Milliseconds since 1970 as the day it is then in China (GMT+8)."""
    count = _milliseconds(value)
    if count is None:
        return None
    return _moment(count, value).astimezone(_BEIJING).date().isoformat()


def to_date_ms(value: Any) -> int | None:
    """A date as the milliseconds since 1970 at which it begins in China (GMT+8): what ``date_ms`` reads back."""
    day = to_date(value)
    if day is None:
        return None
    moment = datetime.combine(date.fromisoformat(day), time(), _BEIJING)
    return int(moment.timestamp()) * 1000


def _moment(count: int, value: Any) -> datetime:
    try:
        moment = _EPOCH + timedelta(milliseconds=count)
        moment.astimezone(_BEIJING)
    except OverflowError:
        raise _bad(value, ("milliseconds since 1970",), "is outside the calendar") from None
    return moment


def to_date(value: Any) -> str | None:
    """A canonical date: exactly ``YYYY-MM-DD``."""
    text = value if value.__class__ is str else _source_text(value, ("YYYY-MM-DD",))
    return _day(text) if text else None


@lru_cache(maxsize=8192)
def _day(value: str) -> str | None:
    text = value.strip()
    if not text:
        return None
    if not _ISO_DATE.fullmatch(text):
        raise _bad(value, ("YYYY-MM-DD",))
    try:
        date.fromisoformat(text)
    except ValueError:
        raise _bad(value, ("YYYY-MM-DD",), "is no day of the calendar") from None
    return text


def to_datetime(value: Any) -> str | None:
    """A canonical time from ISO 8601 text that names its zone."""
    text = _source_text(value, ("ISO 8601",))
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(value, ("ISO 8601",), "is no time") from None
    if _CANONICAL_TIME.fullmatch(text):
        return text
    if moment.tzinfo is None:
        raise _bad(value, ("ISO 8601",), "names no time zone; use datetime(zone=…)")
    return canonical_time(moment)

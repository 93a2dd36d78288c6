"""Functions that calculate with dates and times."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from mappings.language.functions.dates import ZONE, bad_zone, day_of, moment_of, written, zone_of
from mappings.language.functions.given import whole
from mappings.language.functions.registry import DAY, MOMENT, Example, Topic, count, value, word
from mappings.language.values import BadValueError, div, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Calculating with dates", "日期计算"))
_add = TOPIC.add
_MONTHS = {"months": 1, "quarters": 3, "years": 12}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
_SPANS = ("days", "weeks", "months", "quarters", "years", "hours", "minutes", "seconds")
_PERIODS = {"week": 0, "month": 1, "quarter": 3, "year": 12}
_PARTS = ("year", "quarter", "month", "week", "day", "weekday", "hour", "minute", "second")
MAX_SPAN = 10**10


def _outside(value_: Any) -> BadValueError:
    return BadValueError("bad-date", f"`{shown(value_)}`: the result is outside the calendar", value_)


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last one where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return day.replace(year=year, month=month + 1, day=min(day.day, calendar.monthrange(year, month + 1)[1]))


@_add(
    MOMENT,
    "same",
    Text(
        "A date or time so much later (earlier with a minus): days, weeks, months, quarters, years, for times also hours, minutes, seconds. "
        "The 31st becomes a shorter month's last day.",
        "推后（负数为提前）若干 days、weeks、months、quarters、years，时间还可用 hours、minutes、seconds；月末自动取短月最后一天。",
    ),
    Example("day | add(1, months)", {"day": "2026-01-31"}, "2026-02-28"),
    count("count"),
    word("unit", *_SPANS),
    name="add",
)
def add_time(found: Any, size: Any, unit: str) -> str | None:
    """A date or time moved."""
    moment = moment_of(found)
    if moment is None or size is None or size == "":
        return None
    many = whole(size, f"count of {unit}", -MAX_SPAN, MAX_SPAN)
    try:
        if unit in _MONTHS:
            return written(months_later(moment, many * _MONTHS[unit]))
        if unit not in ("days", "weeks") and not isinstance(moment, datetime):
            raise BadValueError("bad-date", f"`{shown(found)}` is a date; {unit} can be added to a time only", found)
        return written(moment + timedelta(seconds=many * _SECONDS[unit]))
    except (OverflowError, ValueError):
        raise _outside(found) from None


def _period(day: date, unit: str) -> tuple[date, date]:
    """First day of the period a day is in, and the first day of the next one."""
    if unit == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=7)
    size = _PERIODS[unit]
    first = day.replace(month=(day.month - 1) // size * size + 1, day=1)
    return first, months_later(first, size)


@_add(
    DAY,
    "date",
    Text("The first day of the week (Monday), month, quarter or year.", "所在周（周一）、月、季、年的第一天。"),
    Example("day | start_of(quarter)", {"day": "2026-05-20"}, "2026-04-01"),
    word("period", *_PERIODS),
)
def start_of(found: Any, unit: str) -> str | None:
    """The first day of a period."""
    day = day_of(found)
    if day is None:
        return None
    try:
        return _period(day, unit)[0].isoformat()
    except OverflowError:
        raise _outside(found) from None


@_add(
    DAY,
    "date",
    Text("The last day of the week (Sunday), month, quarter or year.", "所在周（周日）、月、季、年的最后一天。"),
    Example("day | end_of(month)", {"day": "2024-02-10"}, "2024-02-29"),
    word("period", *_PERIODS),
)
def end_of(found: Any, unit: str) -> str | None:
    """The last day of a period."""
    day = day_of(found)
    if day is None:
        return None
    try:
        return (_period(day, unit)[1] - timedelta(days=1)).isoformat()
    except OverflowError:
        raise _outside(found) from None


@_add(
    MOMENT,
    "number",
    Text(
        "How long from a date or time until another: whole days, months or years between dates, exact hours and so on between times; "
        "negative if it lies before.",
        "到另一日期（时间）的间隔：日期之间为整天、整月、整年等，时间之间可为精确小时等；在其之前为负。",
    ),
    Example("begin | until(end, days)", {"begin": "2026-01-31", "end": "2026-03-01"}, "29"),
    value("other", *MOMENT),
    word("unit", *_SPANS),
)
def until(found: Any, other: Any, unit: str) -> Decimal | None:
    """The difference of two dates, or of two times."""
    one, two = moment_of(found), moment_of(other)
    if one is None or two is None:
        return None
    if isinstance(one, datetime) != isinstance(two, datetime):
        raise BadValueError("bad-date", f"`{shown(found)}` and `{shown(other)}`: one is a date, one a time", found)
    if unit in _MONTHS:
        return Decimal(
            _whole_months(one, two) // _MONTHS[unit] if one <= two else -(_whole_months(two, one) // _MONTHS[unit])
        )
    if isinstance(one, datetime) and isinstance(two, datetime):
        span = two - one
        microseconds = (span.days * 86400 + span.seconds) * 10**6 + span.microseconds
        return div(Decimal(microseconds), _SECONDS[unit] * 10**6)
    return div(Decimal((two - one).days * 86400), _SECONDS[unit])


def _whole_months(one: date, two: date) -> int:
    months = (two.year - one.year) * 12 + two.month - one.month
    return months - 1 if months and months_later(one, months) > two else months


@_add(
    MOMENT,
    "integer",
    Text(
        "The year, quarter, month, week (ISO), day, weekday (Monday is 1), hour, minute or second; a time in a zone (Asia/Shanghai by default).",
        "取年、季、月、周（ISO）、日、星期（周一为 1）、时、分、秒；时间按 zone（默认 Asia/Shanghai）。",
    ),
    Example("day | date_part(quarter)", {"day": "2026-05-20"}, 2),
    word("part", *_PARTS),
    ZONE,
    check=bad_zone,
)
def date_part(found: Any, part: str, zone: str = "Asia/Shanghai") -> int | None:
    """One part of a date or time."""
    moment = moment_of(found)
    if moment is None:
        return None
    if isinstance(moment, datetime):
        try:
            moment = moment.astimezone(zone_of(zone))
        except OverflowError:
            raise _outside(found) from None
    elif part in ("hour", "minute", "second"):
        raise BadValueError("bad-date", f"`{shown(found)}` is a date and has no {part}", found)
    if part == "quarter":
        return (moment.month + 2) // 3
    if part == "week":
        return moment.isocalendar().week
    if part == "weekday":
        return moment.isoweekday()
    return int(getattr(moment, part))


def _ends(found: Any, others: tuple[Any, ...], *, last: bool) -> str | None:
    listed = [*(found if isinstance(found, (list, tuple)) else (found,)), *others]
    moments = [each for each in map(moment_of, listed) if each is not None]
    if len({isinstance(each, datetime) for each in moments}) > 1:
        raise BadValueError("bad-date", "dates and times cannot be compared with each other", found)
    if not moments:
        return None
    return written(max(moments) if last else min(moments))


@_add(
    ("list", *MOMENT),
    "",
    Text(
        "The earliest of several dates or times, or of a list's; empty ones do not count.",
        "多个日期或时间（或列表）中最早的，空值不计。",
    ),
    Example("begin | earliest(end)", {"begin": "2026-02-01", "end": "2026-01-31"}, "2026-01-31"),
    value("other", required=False, many=True),
)
def earliest(found: Any, *others: Any) -> str | None:
    """The earliest date or time."""
    return _ends(found, others, last=False)


@_add(
    ("list", *MOMENT),
    "",
    Text(
        "The latest of several dates or times, or of a list's; empty ones do not count.",
        "多个日期或时间（或列表）中最晚的，空值不计。",
    ),
    Example("days | latest", {"days": ["2026-01-02", None, "2026-02-01"]}, "2026-02-01"),
    value("other", required=False, many=True),
)
def latest(found: Any, *others: Any) -> str | None:
    """The latest date or time."""
    return _ends(found, others, last=True)

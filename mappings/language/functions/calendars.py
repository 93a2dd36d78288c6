"""Functions on working days, by declared calendars."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mappings.language.functions.dates import day_of
from mappings.language.functions.given import whole
from mappings.language.functions.registry import DAY, Example, Function, Parameter, Topic, count, value
from mappings.language.values import BadValueError, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Working days", "工作日"))
MAX_DAYS = 10_000
WEEKENDS = "weekends"
_CALENDAR = Parameter("calendar", "word")
_DAY = timedelta(days=1)


class WorkCalendar:
    """Which days are worked on. ``years``: those it speaks of (none: every year); beyond them it refuses to guess."""

    def __init__(
        self,
        name: str,
        weekend: Iterable[int],
        years: Iterable[int] = (),
        off: Iterable[str] = (),
        work: Iterable[str] = (),
    ) -> None:
        self.name = name
        self.weekend = frozenset(weekend)
        self.years = frozenset(years)
        self.off = frozenset(map(date.fromisoformat, off))
        self.work = frozenset(map(date.fromisoformat, work))

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is worked on; a year that the calendar says nothing of is a bad value."""
        if self.years and day.year not in self.years:
            known = ", ".join(map(str, sorted(self.years)))
            raise BadValueError(
                "calendar-year",
                f"the calendar `{self.name}` says nothing of {day.year} (it knows: {known})",
                day.isoformat(),
            )
        return day in self.work or (day not in self.off and day.isoweekday() not in self.weekend)


def is_working_day(found: Any, calendar: WorkCalendar) -> bool | None:
    """Whether a date is a working day."""
    day = day_of(found)
    return None if day is None else calendar.is_working(day)


def add_working_days(found: Any, size: Any, calendar: WorkCalendar) -> str | None:
    """The date so many working days later, or earlier with a minus; 0 is the day itself, or the next working one."""
    day = day_of(found)
    if day is None or size is None or size == "":
        return None
    left = whole(size, "count of working days", -MAX_DAYS, MAX_DAYS)
    step = -_DAY if left < 0 else _DAY
    try:
        if not left:
            while not calendar.is_working(day):
                day += step
            return day.isoformat()
        left = abs(left)
        while left:
            day += step
            left -= calendar.is_working(day)
    except OverflowError:
        raise BadValueError("bad-date", f"`{shown(found)}`: the result is outside the calendar", found) from None
    return day.isoformat()


def working_days_until(found: Any, other: Any, calendar: WorkCalendar) -> Decimal | None:
    """How many working days lie after the first date, up to and with the other; negative if it lies before."""
    one, two = day_of(found), day_of(other)
    if one is None or two is None:
        return None
    first, final = min(one, two), max(one, two)
    if (final - first).days > MAX_DAYS:
        raise BadValueError(
            "bad-date", f"`{shown(found)}` and `{shown(other)}` are more than {MAX_DAYS} days apart", found
        )
    counted = sum(calendar.is_working(first + timedelta(days=each)) for each in range(1, (final - first).days + 1))
    return Decimal(counted if one <= two else -counted)


_SAID = Text(
    "`weekends` knows Saturdays and Sundays only, others are declared in `calendars/`.",
    "`weekends` 只识周六周日，其他日历在 `calendars/` 中声明。",
)
TOPIC(
    Function(
        "is_working_day",
        (_CALENDAR,),
        DAY,
        "boolean",
        Text(
            f"Whether a date is a working day of a calendar (make-up days are). {_SAID.en}",
            f"按日历是否为工作日（含调休上班日）。{_SAID.zh}",
        ),
        Example("day | is_working_day(china)", {"day": "2026-02-14"}, True),
    )
)
TOPIC(
    Function(
        "add_working_days",
        (count("count"), _CALENDAR),
        DAY,
        "date",
        Text("The date so many working days later (earlier with a minus).", "若干个工作日之后（负数为之前）的日期。"),
        Example("day | add_working_days(3, china)", {"day": "2026-02-13"}, "2026-02-25"),
    )
)
TOPIC(
    Function(
        "working_days_until",
        (value("other", *DAY), _CALENDAR),
        DAY,
        "number",
        Text(
            "How many working days lie after a date, up to and with another; negative if it lies before.",
            "从某日之后到另一日（含）有多少个工作日；在其之前为负。",
        ),
        Example("day | working_days_until(end, china)", {"day": "2026-09-30", "end": "2026-10-10"}, "3"),
    )
)

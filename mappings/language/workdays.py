"""Calendars of working days: ``calendars/<name>.yaml`` beside the folder of mappings."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Option

from mappings.language.functions.calendars import WEEKENDS
from tongmai.core import yamlfile
from tongmai.core.finding import Finding
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document

_SPAN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\s*\.\.\s*([0-9]{4}-[0-9]{2}-[0-9]{2}))?")


class Words(BaseModel):
    """The name of a calendar in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str
    en: str


class CalendarFile(BaseModel):
    """One calendar: days ``off`` (beside weekends) and days of ``work`` on weekends, each a day or `first .. last`.

    ``years``: those it is complete for; a date of another year is a bad value. None: it holds for every year.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar: Annotated[str, Option(pattern="^[a-z][a-z0-9_]*$")]
    label: Words
    weekend: tuple[Annotated[int, Option(ge=1, le=7)], ...] = (6, 7)
    years: tuple[Annotated[int, Option(ge=1900, le=2999)], ...] = ()
    off: tuple[str, ...] = ()
    work: tuple[str, ...] = ()
    replaces: bool = False


class Workdays(BaseModel):
    """A calendar as mappings use it: every day off and every make-up day, in order."""

    model_config = ConfigDict(frozen=True)

    weekend: tuple[int, ...]
    years: tuple[int, ...] = ()
    off: tuple[str, ...] = ()
    work: tuple[str, ...] = ()

    def code(self, name: str) -> str:
        """The calendar as a constant of a generated mapping."""
        return f"WorkCalendar({name!r}, {self.weekend!r}, {self.years!r}, {self.off!r}, {self.work!r})"


def load_calendars(folders: list[Path]) -> tuple[dict[str, Workdays], list[Path], list[Finding]]:
    """Every calendar of these folders, product first; the files, and every mistake. `weekends` is always there."""
    found: dict[str, Workdays] = {WEEKENDS: Workdays(weekend=(6, 7))}
    files: list[Path] = []
    findings: list[Finding] = []
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            files.append(file)
            document = yamlfile.load(file)[0]
            if not document.findings:
                _read(document, found)
            findings += document.findings
    return found, files, findings


def _read(document: Document, found: dict[str, Workdays]) -> None:
    data = yamlfile.check(document, CalendarFile, "calendar")
    if data is None:
        return
    if data.calendar in found and (not data.replaces or data.calendar == WEEKENDS):
        document.add(
            document.mark("calendar"),
            "calendar.exists",
            f"calendar `{data.calendar}` exists already; write `replaces: true` to replace it",
            f"日历 `{data.calendar}` 已存在；要替换请写 `replaces: true`",
        )
        return
    days = {name: _days(document, name, getattr(data, name), data.years) for name in ("off", "work")}
    for index, each in enumerate(data.work):
        if each in days["off"]:
            document.add(
                document.mark("work", index), "calendar.day", f"{each} is both off and work", f"{each} 既放假又上班"
            )
    found[data.calendar] = Workdays(
        weekend=tuple(sorted(set(data.weekend))),
        years=tuple(sorted(set(data.years))),
        off=tuple(sorted(days["off"])),
        work=tuple(sorted(days["work"])),
    )


def _days(document: Document, name: str, spans: tuple[str, ...], years: tuple[int, ...]) -> set[str]:
    days: set[str] = set()
    for index, span in enumerate(spans):
        wrong = ""
        match = _SPAN.fullmatch(span.strip())
        try:
            first, last = (
                (date.fromisoformat(each) for each in (match[1], match[2] or match[1])) if match else (None, None)
            )
        except ValueError:
            first = last = None
        if first is None or last is None or not first <= last or (last - first).days > 366:
            wrong = "is no day (2026-10-01) and no span of at most a year (2026-10-01 .. 2026-10-07)"
        elif years and not {first.year, last.year} <= set(years):
            wrong = "lies outside the calendar's `years`"
        else:
            days |= {(first + timedelta(days=each)).isoformat() for each in range((last - first).days + 1)}
        if wrong:
            zh = "应为日期（2026-10-01）或不超过一年的区间（2026-10-01 .. 2026-10-07），且在 `years` 之内"
            document.findings.append(
                Finding(document.mark(name, index), "calendar.day", Text(f"`{span}` {wrong}", f"`{span}` 不可用：{zh}"))
            )
    return days

"""Functions that read and write dates and times in the spellings of systems."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from mappings.language import dates
from mappings.language.dates import canonical_time, to_date, to_datetime
from mappings.language.functions.given import text_of
from mappings.language.functions.registry import (
    MOMENT,
    NUMERIC,
    TEXTUAL,
    Example,
    Function,
    Parameter,
    Topic,
    quoted,
    word,
)
from mappings.language.values import BadValueError, number, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Dates and times: reading and writing", "日期与时间：读写"))
_add = TOPIC.add
_FORMATS = Parameter("format", "text", required=False, many=True)
ZONE = quoted("zone", required=False, keyword=True)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": 10**6, "ms": 10**3, "us": 1}
_ODATA = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_CHINESE = re.compile(
    r"([0-9〇零○一二三四五六七八九]{4})年([0-9一二三四五六七八九十]{1,3})月([0-9一二三四五六七八九十]{1,3})[日号]"
)
_NUMERAL = {char: index for index, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_TOKEN = re.compile("|".join(dates.TOKENS) + "|.", re.DOTALL)

TOPIC(
    Function(
        "date",
        (_FORMATS,),
        ("text", "integer", "date"),
        "date",
        Text(
            "A date in one of the declared formats, tried in order, each exact (YYYY YY MM M DD D).",
            "按给出的格式依次尝试，格式必须完全吻合（YYYY YY MM M DD D）。",
        ),
        Example('day | date("M/D/YYYY", "D-M-YY")', {"day": "4-1-17"}, "2017-01-04"),
    )
)
TOPIC(
    Function(
        "datetime",
        (_FORMATS, ZONE),
        ("text", "integer", "datetime"),
        "datetime",
        Text(
            "A time in one of the formats (also hh mm ss), else ISO 8601; zone where the text names none. Gives UTC.",
            "时间（另有 hh mm ss 记号），不写格式则为 ISO 8601；文本不含时区时用 zone。结果为 UTC。",
        ),
        Example(
            'at | datetime("YYYY-MM-DD hh:mm:ss", zone="Asia/Shanghai")',
            {"at": "2026-01-02 08:00:00"},
            "2026-01-02T00:00:00.000000Z",
        ),
    )
)
_add(
    NUMERIC,
    "date",
    Text("Milliseconds since 1970 as the day in China (GMT+8).", "毫秒时间戳转为北京时间的日期。"),
    Example("day | date_ms", {"day": 1767283200000}, "2026-01-02"),
)(dates.date_ms)
_add(
    ("text", "date"),
    "integer",
    Text(
        "A date as the milliseconds since 1970 at which it begins in China (GMT+8).",
        "日期转为北京时间当天零点的毫秒时间戳。",
    ),
    Example("day | to_date_ms", {"day": "2026-01-02"}, 1767283200000),
)(dates.to_date_ms)
_add(
    NUMERIC,
    "datetime",
    Text("Milliseconds since 1970 as a time in UTC.", "毫秒时间戳转为 UTC 时间。"),
    Example("at | epoch_ms", {"at": 1767283200000}, "2026-01-01T16:00:00.000000Z"),
)(dates.epoch_ms)


def _bad(value: Any, why: str) -> BadValueError:
    return BadValueError("bad-date", f"`{shown(value)}` {why}", value)


def bad_zone(words: Mapping[str, list[str]]) -> Text | None:
    """Why a time zone cannot be used."""
    for zone in words.get("zone", ()):
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            return Text(f"unknown time zone `{zone}` (as Asia/Shanghai)", f"未知的时区 `{zone}`（如 Asia/Shanghai）")
    return None


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """A time zone; its name was checked when the mapping was."""
    return ZoneInfo(name)


def bad_format(words: Mapping[str, list[str]]) -> Text | None:
    """Why a format cannot be written, or its zone is unknown."""
    for form in words["format"]:
        for piece in _TOKEN.findall(form):
            if piece not in dates.TOKENS and piece.isascii() and piece.isalpha() and piece not in "TZ":
                tokens = ", ".join(dates.TOKENS)
                return Text(
                    f"`{piece}` in the format `{form}` is no token (tokens: {tokens})",
                    f"格式 `{form}` 中的 `{piece}` 不是日期记号（可用：{tokens}）",
                )
    return bad_zone(words)


def moment_of(value: Any) -> date | datetime | None:
    """A canonical date (as ``date``) or time (as ``datetime`` in UTC)."""
    if isinstance(value, str) and len(value.strip()) > 10:
        text = to_datetime(value)
        return None if text is None else datetime.fromisoformat(text)
    day = to_date(value)
    return None if day is None else date.fromisoformat(day)


def written(moment: date | datetime) -> str:
    """Canonical text again."""
    return canonical_time(moment) if isinstance(moment, datetime) else moment.isoformat()


def day_of(value: Any) -> date | None:
    """A canonical date."""
    day = to_date(value)
    return None if day is None else date.fromisoformat(day)


@_add(
    NUMERIC,
    "datetime",
    Text(
        "Seconds (s), milliseconds (ms) or microseconds (us) since 1970 as a time in UTC.",
        "秒（s）、毫秒（ms）或微秒（us）时间戳转为 UTC 时间。",
    ),
    Example("at | epoch(s)", {"at": 1767283200}, "2026-01-01T16:00:00.000000Z"),
    word("unit", *_UNITS),
)
def epoch(value: Any, unit: str) -> str | None:
    """A count since 1970, with a fraction if it has one, as canonical time."""
    exact = number(value)
    if exact is None:
        return None
    return _after_1970(exact * _UNITS[unit], value)


def _after_1970(microseconds: Decimal, value: Any) -> str:
    if microseconds != microseconds.to_integral_value():
        raise _bad(value, "has parts of a microsecond")
    try:
        return canonical_time(_EPOCH + timedelta(microseconds=int(microseconds)))
    except OverflowError:
        raise _bad(value, "is outside the calendar") from None


@_add(
    ("text", "datetime"),
    "integer",
    Text(
        "A time as the whole seconds (s), milliseconds (ms) or microseconds (us) since 1970.",
        "时间转为秒（s）、毫秒（ms）或微秒（us）时间戳（取整）。",
    ),
    Example("at | to_epoch(ms)", {"at": "2026-01-01T16:00:00Z"}, 1767283200000),
    word("unit", *_UNITS),
)
def to_epoch(value: Any, unit: str) -> int | None:
    """Whole units since 1970, what is smaller cut off."""
    text = to_datetime(value)
    if text is None:
        return None
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=_UNITS[unit])


@_add(
    ("text", "datetime"),
    "date",
    Text(
        "The day that a time is in a zone (Asia/Shanghai by default).", "时间在某时区（默认 Asia/Shanghai）所属的日期。"
    ),
    Example("at | day_in", {"at": "2026-01-01T16:00:00Z"}, "2026-01-02"),
    quoted("zone", required=False),
    check=bad_zone,
)
def day_in(value: Any, zone: str = "Asia/Shanghai") -> str | None:
    """The local day of a time."""
    text = to_datetime(value)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(zone_of(zone)).date().isoformat()
    except OverflowError:
        raise _bad(value, "is outside the calendar") from None


@_add(
    MOMENT,
    "text",
    Text(
        "A date or time written in a format (YYYY YY MM M DD D hh mm ss); a time in a zone (Asia/Shanghai by default).",
        "按格式写出日期或时间（YYYY YY MM M DD D hh mm ss）；时间按 zone（默认 Asia/Shanghai）。",
    ),
    Example('at | date_text("YYYY年M月D日 hh:mm")', {"at": "2026-01-01T16:05:00Z"}, "2026年1月2日 00:05"),
    quoted("format"),
    ZONE,
    check=bad_format,
)
def date_text(value: Any, form: str, zone: str = "Asia/Shanghai") -> str | None:
    """A date or time in the spelling of a target."""
    moment = moment_of(value)
    if moment is None:
        return None
    if isinstance(moment, datetime):
        try:
            moment = moment.astimezone(zone_of(zone))
        except OverflowError:
            raise _bad(value, "is outside the calendar") from None
    filled, timed = _filled(form)
    if timed and not isinstance(moment, datetime):
        raise _bad(value, "is a date, and the format asks for a time of day")
    return filled.format(moment, moment.year % 100)


@lru_cache(maxsize=256)
def _filled(form: str) -> tuple[str, bool]:
    """The format as Python fills it, and whether it asks for a time of day."""
    parts, timed = [], False
    for piece in _TOKEN.findall(form):
        name, _ = dates.TOKENS.get(piece, ("", ""))
        timed = timed or name in ("hour", "minute", "second")
        if piece == "YY":
            parts.append("{1:02d}")
        else:
            parts.append(f"{{0.{name}:0{len(piece)}d}}" if name else piece.replace("{", "{{").replace("}", "}}"))
    return "".join(parts), timed


@_add(
    TEXTUAL,
    "date",
    Text("A Chinese date in digits or in characters.", "中文日期：数字或汉字写法。"),
    Example("day | chinese_date", {"day": "二〇二六年十二月二十一日"}, "2026-12-21"),
)
def chinese_date(value: Any) -> str | None:
    """`2026年1月2日` or `二〇二六年一月二日` as a date."""
    text = text_of(value, 100)
    if text is None or not text.strip():
        return None
    found = _CHINESE.fullmatch("".join(unicodedata.normalize("NFKC", text).split()))
    if found is None:
        raise _bad(value, "is no date as 2026年1月2日 or 二〇二六年一月二日")
    year = int("".join(str(_NUMERAL.get(char, char)) for char in found[1]))
    try:
        return date(year, _small(found[2], value), _small(found[3], value)).isoformat()
    except ValueError:
        raise _bad(value, "is no day of the calendar") from None


def _small(text: str, value: Any) -> int:
    if text.isdigit() and text.isascii():
        return int(text)
    tens, mark, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or any(char not in _NUMERAL for char in tens + ones):
        raise _bad(value, "is no date as 2026年1月2日 or 二〇二六年一月二日")
    first, last = (_NUMERAL[each] if each else None for each in (tens, ones))
    return (1 if first is None else first) * 10 + (last or 0) if mark else first or 0


def _serial(value: Any) -> Decimal | None:
    exact = number(value)
    if exact is None:
        return None
    if not 1 <= exact < 2958466 or 60 <= exact < 61:
        raise _bad(value, "is no day number of Excel (1 is 1900-01-01; 60 was never a day)")
    return exact


@_add(
    NUMERIC,
    "date",
    Text(
        "Excel's day number (1900 system) as a date; a time of day is cut off.",
        "Excel 日期序列值（1900 系统）转日期，舍去时间。",
    ),
    Example("day | excel_date", {"day": 46024}, "2026-01-02"),
)
def excel_date(value: Any) -> str | None:
    """A day number as a date."""
    exact = _serial(value)
    return None if exact is None else (_excel_begin(exact) + timedelta(days=int(exact))).isoformat()


def _excel_begin(serial: Decimal) -> date:
    return date(1899, 12, 31) if serial < 60 else date(1899, 12, 30)  # Excel believes in 1900-02-29


@_add(
    NUMERIC,
    "datetime",
    Text(
        "Excel's day number with its fraction as a time, to the second; zone is Asia/Shanghai by default.",
        "Excel 日期序列值（含小数）转时间，精确到秒；zone 默认 Asia/Shanghai。",
    ),
    Example("at | excel_time", {"at": "46024.5"}, "2026-01-02T04:00:00.000000Z"),
    ZONE,
    check=bad_zone,
)
def excel_time(value: Any, zone: str = "Asia/Shanghai") -> str | None:
    """A day number with a fraction as canonical time."""
    exact = _serial(value)
    if exact is None:
        return None
    begin = datetime.combine(_excel_begin(exact), datetime.min.time())
    local = begin + timedelta(days=int(exact), seconds=round((exact - int(exact)) * 86400))
    try:
        return canonical_time(local.replace(tzinfo=zone_of(zone)))
    except OverflowError:
        raise _bad(value, "is outside the calendar") from None


@_add(
    ("text", "integer"),
    "date",
    Text(
        "SAP's date: eight digits; 00000000 and 99991231 are empty.",
        "SAP 日期：八位数字；00000000 与 99991231 视为空。",
    ),
    Example("day | sap_date", {"day": "20260102"}, "2026-01-02"),
)
def sap_date(value: Any) -> str | None:
    """Eight digits as a date."""
    text = (text_of(value, 100) or "").strip()
    if text in ("", "00000000", "0", "99991231"):
        return None
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        raise _bad(value, "is no date of eight digits")
    return to_date(f"{text[:4]}-{text[4:6]}-{text[6:]}")


@_add(
    TEXTUAL,
    "datetime",
    Text(
        "OData's and SAP's `/Date(…)/` as a time in UTC; an offset in it changes nothing.",
        "OData / SAP 的 `/Date(…)/` 转为 UTC 时间；其中的时差不影响结果。",
    ),
    Example("at | odata_time", {"at": "/Date(1767283200000+0480)/"}, "2026-01-01T16:00:00.000000Z"),
)
def odata_time(value: Any) -> str | None:
    """Milliseconds in their wrapping as canonical time."""
    text = (text_of(value, 100) or "").strip()
    if not text:
        return None
    found = _ODATA.fullmatch(text)
    if found is None:
        raise _bad(value, "is not written as /Date(milliseconds)/")
    return _after_1970(Decimal(found[1]) * 1000, value)


@_add(
    ("text", "datetime"),
    "text",
    Text("A time as OData's `/Date(…)/`.", "时间转为 OData 的 `/Date(…)/`。"),
    Example("at | to_odata_time", {"at": "2026-01-01T16:00:00Z"}, "/Date(1767283200000)/"),
)
def to_odata_time(value: Any) -> str | None:
    """Milliseconds in their wrapping."""
    count = to_epoch(value, "ms")
    return None if count is None else f"/Date({count})/"

"""Kinds of comparison for plain values: words, numbers and codes, dates."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rapidfuzz.distance import OSA, JaroWinkler

from masterdata.matching.kinds.kind import Judged, Kind, Level, first
from masterdata.normal.script import folded
from tongmai.core.text import Text

_OTHER = re.compile(r"[^0-9a-z\u00c0-\u024f\u3400-\u9fff]+")
_DATE = re.compile(r"([0-9]{4})\D?([0-9]{2})\D?([0-9]{2})")
Texts = Mapping[str, tuple[str, ...]]


def _read_words(texts: Texts) -> str | None:
    return _OTHER.sub(" ", folded(first(texts["text"]))).strip() or None


def _judge_words(a: str, b: str) -> Judged:
    if a == b:
        return Judged("same", a)
    near = JaroWinkler.similarity(a, b)
    if near >= 0.92:
        return Judged("alike")
    if near >= 0.8:
        return Judged("close")
    one, other = set(a.split()), set(b.split())
    if len(one & other) * 2 >= max(len(one), len(other)):
        return Judged("close")
    return Judged("different")


WORDS = Kind(
    "words",
    Text("Words", "文字"),
    ("text",),
    (
        Level("same", 6.0, Text("the same", "相同")),
        Level("alike", 5.0, Text("nearly the same", "几乎相同")),
        Level("close", 2.0, Text("alike", "相近")),
        Level("different", -3.0, Text("different", "不同")),
    ),
    _read_words,
    _judge_words,
    {"text": lambda value: (value,), "start": lambda value: (value[:4],)},
    lambda value: (value,),
)


def _read_code(texts: Texts) -> str | None:
    return _OTHER.sub("", folded(first(texts["code"]))) or None


def _judge_code(a: str, b: str) -> Judged:
    if a == b:
        return Judged("same", a)
    most = 2 if max(len(a), len(b)) >= 7 else 1
    near = min(len(a), len(b)) >= 3 and OSA.distance(a, b, score_cutoff=most) <= most
    return Judged("slip") if near else Judged("different")


CODE = Kind(
    "code",
    Text("Number or code", "编号"),
    ("code",),
    (
        Level("same", 10.0, Text("the same", "相同")),
        Level("slip", 5.0, Text("a slip of the finger apart", "仅差一两个字符")),
        Level("different", -4.0, Text("different", "不同")),
    ),
    _read_code,
    _judge_code,
    {"code": lambda value: (value,)},
    lambda value: (value,),
)


def _read_date(texts: Texts) -> str | None:
    text = first(texts["date"]).strip()
    found = _DATE.match(text)
    return "".join(found.groups()) if found else None


def _judge_date(a: str, b: str) -> Judged:
    if a == b:
        return Judged("same", a)
    if a[:4] == b[:4] and a[4:6] == b[6:] and a[6:] == b[4:6]:
        return Judged("slip")
    apart = sum(x != y for x, y in zip(a, b, strict=True))
    if apart == 1 or OSA.distance(a, b, score_cutoff=1) <= 1:
        return Judged("slip")
    return Judged("close") if apart == 2 else Judged("different")


DATE = Kind(
    "date",
    Text("Date", "日期"),
    ("date",),
    (
        Level("same", 11.0, Text("the same day", "同一天")),
        Level("slip", 7.0, Text("one digit apart, or day and month swapped", "相差一位或日月互换")),
        Level("close", 2.0, Text("two digits apart", "相差两位")),
        Level("different", -5.0, Text("different days", "日期不同")),
    ),
    _read_date,
    _judge_date,
    {"date": lambda value: (value,)},
    lambda value: (value,),
)

KINDS = (WORDS, CODE, DATE)

"""Kind of comparison for where somebody works: a customer of the hub, or a company's name as it was written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from masterdata.matching.kinds.companies import COMPANY_NAME
from masterdata.matching.kinds.kind import MISSING, Judged, Kind, Level
from tongmai.core.text import Text

Texts = Mapping[str, tuple[str, ...]]
_ENTITY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SAME = frozenset({"same", "same_open_place", "brand_and_place"})
_ALIKE = frozenset({"romanised", "sound", "slip", "short", "brand"})


def _read(texts: Texts) -> tuple[str, Any] | None:
    """(the entity's id, the names as companies' names are read)."""
    ids = [text for text in texts["company"] if _ENTITY.fullmatch(text)]
    names = tuple(text for text in texts["company"] if not _ENTITY.fullmatch(text))
    read = COMPANY_NAME.read({"name": names}) if names else None
    return (min(ids) if ids else "", read) if ids or read else None


def _judge(a: tuple[str, Any], b: tuple[str, Any]) -> Judged:
    if a[0] and b[0]:
        return Judged("same", a[0]) if a[0] == b[0] else Judged("other")
    if not a[1] or not b[1]:
        return Judged(MISSING)
    found = COMPANY_NAME.judge(a[1], b[1])
    if found.level in _SAME:
        return Judged("same", found.token)
    return Judged("alike" if found.level in _ALIKE else "other", found.token)


EMPLOYER = Kind(
    "employer",
    Text("Company that somebody works for", "所在企业"),
    ("company",),
    (
        Level("same", 9.0, Text("the same company", "企业相同")),
        Level("alike", 6.0, Text("perhaps the same company", "可能是同一企业")),
        Level("other", -5.0, Text("another company", "不同的企业")),
    ),
    _read,
    _judge,
    {
        "entity": lambda value: (value[0],) if value[0] else (),
        "brand": lambda value: COMPANY_NAME.keys["brand"](value[1]) if value[1] else (),
        "start": lambda value: COMPANY_NAME.keys["start"](value[1]) if value[1] else (),
    },
    lambda value: COMPANY_NAME.tokens(value[1]) if value[1] else (),
)

KINDS = (EMPLOYER,)

"""A street address in its parts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from masterdata.normal.places import levels
from masterdata.normal.script import folded, han, plain

_TOWN = re.compile(r"^[\u4e00-\u9fff]{1,8}?(?:街道|镇|乡|苏木)(?!路|街|大)")
_ROAD = re.compile(r"([\u4e00-\u9fff0-9a-z]{1,12}?(?:大道|大街|公路|胡同|路|街|道|巷|弄|里))(?!道|口)")
_BEFORE_ROAD = re.compile(r"^.*(?:园区|开发区|高新区|新区|园|镇|乡|村|街道)(?=.{2,})")
_NUMBER = re.compile(r"(?:第)?([0-9]{1,5}(?:[-之][0-9]{1,4})?)(?:[号弄#]|(?=$))(?!楼|院楼|厂房)")
_BUILDING = re.compile(r"([0-9]{1,4}|[a-z]|[一二三四五六七八九十]{1,3})(?:号楼|栋|幢|座|号厂房)")
_ROOM = re.compile(r"([0-9]{2,5}[a-z]?)(?:室|房|单元)|[^0-9]([0-9]{3,4})$")
_PARK = re.compile(
    r"([\u4e00-\u9fffa-z0-9]{2,12}?(?:工业园区|工业园|产业园|科技园|创业园|软件园|园区|大厦|广场|商务中心|国际中心|写字楼|孵化器))"
)
_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
_WORDS = re.compile(r"[^\W_]+")
_STREET_WORDS = {
    "st": "street", "str": "strasse", "straße": "strasse", "rd": "road", "ave": "avenue", "av": "avenue", "blvd": "boulevard",
    "dr": "drive", "ln": "lane", "ct": "court", "pl": "place", "sq": "square", "hwy": "highway", "pkwy": "parkway", "ter": "terrace",
    "cres": "crescent", "bldg": "building", "ste": "suite", "apt": "apartment", "fl": "floor", "rm": "room", "n": "north",
    "s": "south", "e": "east", "w": "west",
}  # fmt: skip
_UNITS = frozenset({"suite", "apartment", "floor", "room", "unit", "flat", "building", "level"})


class Address(NamedTuple):
    """Levels of an address, each empty where it is not written; ``site`` is a park or building with a name of its own."""

    province: str = ""
    city: str = ""
    district: str = ""
    road: str = ""
    number: str = ""
    building: str = ""
    room: str = ""
    site: str = ""


@lru_cache(maxsize=65536)
def address(written: str) -> Address:
    """An address in its parts. One without Chinese characters is its house number and the words of the rest."""
    if not han(written):
        return _foreign([_STREET_WORDS.get(word, word) for word in _WORDS.findall(plain(folded(written[:300])))])
    province, city, district, rest = levels(folded(written[:300]))
    rest = _TOWN.sub("", rest.replace(" ", ""))
    road = _ROAD.search(rest)
    after = rest[road.end() :] if road else rest
    number = _NUMBER.search(after)
    building = _BUILDING.search(after)
    room = _ROOM.search(after)
    park = _PARK.search(after[number.end() :] if number else after)
    named = _BEFORE_ROAD.sub("", road[1]) if road else ""
    return Address(
        province,
        city,
        district,
        named.translate(_DIGITS) if named[:1] not in "一二三四五六七八九" else named,
        number[1].replace("之", "-") if number else "",
        building[1] if building else "",
        (room[1] or room[2]) if room else "",
        park[1] if park else "",
    )


def _foreign(words: list[str]) -> Address:
    """House number and the words of the rest; a suite, floor or room stands for itself, wherever it is written."""
    road: list[str] = []
    room, unit = "", False
    for word in words:
        if unit and (word[:1].isdigit() or len(word) == 1):
            room = room or word
        elif word not in _UNITS:
            road.append(word)
        unit = word in _UNITS
    number = next((word for word in road if word.isdigit()), "")
    return Address(road=" ".join(word for word in road if not word.isdigit()), number=number, room=room)

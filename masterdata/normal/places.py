"""Levels of a written Chinese address, and the places that names begin with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple, TypeVar

from masterdata.normal.script import pinyin, simplified

STILL_SAID = 2010
LONGEST = 20
D = TypeVar("D")
_LONG = re.compile(r"(?:维吾尔|壮族|回族)?(?:自治区|特别行政区|省|市)$")
_SHORT_CITY = re.compile(r"(?:市|地区|盟)$")
_SHORT_DISTRICT = re.compile(r"(?:自治县|自治旗|林区|新区|区|县|市|旗)$")
_ISLAND = ("台北", "新北", "桃园", "台中", "台南", "高雄", "基隆", "新竹", "嘉义")
"""Cities that the table of divisions does not go into."""
_DROPPED = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "市区", "郊区")


class Division:
    """A province, city or district with what lies in it, by the names it is written with."""

    def __init__(self, name: str, *, city: bool = False) -> None:
        self.name, self.city = name, city
        self.inside: dict[str, Division] = {}
        self.numbers: dict[str, Division] = {}
        self._short: dict[str, Division] = {}

    def short(self) -> dict[str, Division]:
        """What lies in it by names without 市, 地区, 盟."""
        if not self._short:
            for name, each in self.inside.items():
                self._short.setdefault(_SHORT_CITY.sub("", name), each)
        return self._short


def _known(written: str) -> str:
    """The name in force, or one given up since 2010, which addresses still say: `[1983-]玄武区`, `[1983-2013]白下区`."""
    kept = ""
    for each in written.split(","):
        years, _, name = each[1:].partition("]") if each.startswith("[") else ("-", "", each)
        if years.endswith("-"):
            return name
        kept = name if int(years.rpartition("-")[2]) >= STILL_SAID else kept
    return kept


@cache
def _divisions() -> dict[str, Division]:
    """Provinces by code, from the table of administrative divisions that python-stdnum brings; read once."""
    provinces: dict[str, Division] = {}
    cities: dict[str, Division] = {}
    code = ""
    for line in (resources.files("stdnum") / "cn" / "loc.dat").read_text(encoding="utf-8").splitlines():
        found = re.fullmatch(r'( *)([0-9]+) (?:province|county)="([^"]*)"', line)
        if found is None:
            continue
        name = simplified(unicodedata.normalize("NFKC", _known(found[3])))
        if not found[1]:
            code, provinces[found[2]] = found[2], Division(name)
        elif name and name not in _DROPPED and "直辖县级" not in name and found[2] != "0000":
            if found[2].endswith("00"):
                city = Division(name, city=True)
                cities[code + found[2][:2]] = provinces[code].inside[name] = provinces[code].numbers[found[2][:2]] = (
                    city
                )
            else:
                outer = cities.get(code + found[2][:2], provinces[code])
                outer.inside[name] = Division(name)
    return provinces


@cache
def _provinces() -> dict[str, Division]:
    """Provinces by each spelling, the longest first."""
    named: dict[str, Division] = {}
    for each in _divisions().values():
        named[each.name] = each
        named.setdefault(_LONG.sub("", each.name), each)
    return dict(sorted(named.items(), key=lambda pair: -len(pair[0])))


@cache
def _cities() -> dict[str, tuple[Division, Division]]:
    """(province, city) by each spelling of a city's name that only one province has."""
    found: dict[str, list[tuple[Division, Division]]] = {}
    for province in _divisions().values():
        for city in province.inside.values():
            for name in {city.name, _SHORT_CITY.sub("", city.name)} if city.city else ():
                found.setdefault(name, []).append((province, city))
    return {name: ways[0] for name, ways in found.items() if len(ways) == 1}


_STREET = re.compile(
    r"(?:[东西南北中前后上下][一二三四五六七八九]?|[一二三四五六七八九])?(?:路|街|大道|大街|道|巷|胡同|弄)"
)
_ENDED = re.compile(r"[省市区县旗州盟]$")


def _begins(text: str, names: Mapping[str, D]) -> tuple[D, str] | None:
    """What the longest of the names that a text begins with stands for, and the rest. 中山路 and 南京西路 begin with none."""
    for size in range(min(len(text), LONGEST), 1, -1):
        found = names.get(text[:size])
        if found is not None and (_ENDED.search(text[:size]) or not _STREET.match(text, size)):
            return found, text[size:]
    return None


@lru_cache(maxsize=8192)
def levels(text: str) -> tuple[str, str, str, str]:
    """(province, city, district, rest) of an address; a level that it does not name and nothing proves is empty."""
    rest = (
        "".join(unicodedata.normalize("NFKC", text).split())
        .removeprefix("中国")
        .removeprefix("中华人民共和国")
        .lstrip(",、")
    )
    province = city = district = None
    found = _begins(rest, _provinces())
    if found is not None:
        province, rest = found
        if _LONG.sub("", province.name) == province.name and rest[:1] in ("省", "市"):
            rest = rest[1:]
        municipal = province.name.endswith("市")
        if municipal:
            city = province
            rest = rest.removeprefix(province.name)
            inner = _begins(rest, province.inside)
        else:
            inner = _begins(rest, province.inside) or _begins(rest, province.short())
        if inner is not None and not inner[0].city:
            district, rest = inner
        elif inner is not None:
            city, rest = inner
        if city is None and district is None and (skipped := _below(rest, province)) is not None:
            city, district, rest = skipped
    else:
        way = _begins(rest, _cities())
        if way is not None:
            (province, city), rest = way
    if (
        city is not None
        and district is None
        and city is not province
        and (inner := _begins(rest, city.inside)) is not None
    ):
        district, rest = inner
    return (
        province.name if province else "",
        city.name if city else "",
        district.name if district else "",
        rest,
    )


def _below(rest: str, province: Division) -> tuple[Division, Division, str] | None:
    """A district named straight after its province, where only one city there has it."""
    ways = [(city, *found) for city in province.inside.values() if (found := _begins(rest, city.inside)) is not None]
    return ways[0] if len(ways) == 1 else None


class Place(NamedTuple):
    """What a spelling stands for: its own short name, its province's and city's, how deep it lies (0 to 2)."""

    short: str
    province: str
    city: str
    depth: int


@cache
def place_names() -> dict[str, Place]:
    """Every spelling a company's name says a place with: 江苏省, 江苏; 南京市, 南京; 玄武区.

    Districts and counties only with their ending: without it too many are words (和平, 大方). The province and city of a
    district whose name several cities have are empty.
    """
    found: dict[str, Place] = {"中国": Place("中国", "", "", 0)}
    inner: dict[str, set[Place]] = {}
    for name, province in _provinces().items():
        short = _LONG.sub("", province.name)
        municipal = province.name.endswith(("市", "特别行政区"))
        found[name] = Place(short, short, short if municipal else "", 0)
        if name == short:
            found[name + ("市" if municipal else "省")] = found[name]
    for province in _divisions().values():
        above = _LONG.sub("", province.name)
        outer = above if province.name.endswith("市") else ""
        for city in province.inside.values():
            short = _SHORT_CITY.sub("", city.name)
            if city.city and len(short) > 1:
                found[city.name] = Place(short, above, short, 1)
                found.setdefault(short, found[city.name])
            for district in city.inside.values() if city.city else (city,):
                ending = _SHORT_DISTRICT.sub("", district.name)
                if len(ending) > 1:
                    place = Place(ending, above, outer or short, 2)
                    inner.setdefault(district.name, set()).add(place)
                    if district.name.endswith("市"):
                        inner.setdefault(ending, set()).add(place)
    for short in _ISLAND:
        found[short] = found[short + "市"] = Place(short, "台湾", short, 1)
    for name, ways in inner.items():
        place = min(ways)
        found.setdefault(name, place if len(ways) == 1 else Place(place.short, "", "", 2))
    return found


@cache
def division_codes() -> dict[str, tuple[str, str]]:
    """First four digits of a division code (``3204``) → (province, city) in short forms; a municipality by any of its own."""
    found: dict[str, tuple[str, str]] = {}
    for code, province in _divisions().items():
        above = _LONG.sub("", province.name)
        if province.name.endswith("市"):
            found.update({f"{code}{number:02}": (above, above) for number in range(100)})
        for number, city in province.numbers.items():
            found[code + number] = (above, _SHORT_CITY.sub("", city.name))
    return found


@cache
def area_codes() -> dict[str, tuple[str, str]]:
    """Area codes of landlines (``025``) → (province, city) in short forms; codes that several cities share are left out."""
    lines = (resources.files("masterdata.normal") / "area_codes.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if line and not line.startswith("#")]
    return {code: (province, city) for code, province, city in rows}


@cache
def places_in_pinyin() -> dict[str, str]:
    """Provinces and cities as Latin names write them -> short form: ``nanjing``, ``xian``. Of the same spelling, the first."""
    found: dict[str, str] = {}
    for each in sorted(place_names().values(), key=lambda each: (each.depth, each.short)):
        if each.depth < 2 and len(each.short) < 5 and each.short != "中国":
            found.setdefault(pinyin(each.short), each.short)
    return found

"""Functions on Chinese addresses: the levels of a written one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import Any, TypeVar

from mappings.language.functions.chinese import simplified
from mappings.language.functions.given import text_of
from mappings.language.functions.registry import TEXTUAL, Example, Topic, word
from tongmai.core.text import Text

TOPIC = Topic(Text("Addresses", "地址"))
MAX_ADDRESS = 500
STILL_SAID = 2010
LONGEST = 20
D = TypeVar("D")
_LONG = re.compile(r"(?:维吾尔|壮族|回族)?(?:自治区|特别行政区|省|市)$")
_SHORT_CITY = re.compile(r"(?:市|地区|盟)$")
_DROPPED = ("市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "市区", "郊区")


class Division:
    """A province, city or district with what lies in it, by the names it is written with."""

    def __init__(self, name: str, *, city: bool = False) -> None:
        self.name, self.city = name, city
        self.inside: dict[str, Division] = {}
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
        name = simplified(unicodedata.normalize("NFKC", _known(found[3]))) or ""
        if not found[1]:
            code, provinces[found[2]] = found[2], Division(name)
        elif name and name not in _DROPPED and "直辖县级" not in name and found[2] != "0000":
            if found[2].endswith("00"):
                cities[code + found[2][:2]] = provinces[code].inside[name] = Division(name, city=True)
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


def _begins(text: str, names: Mapping[str, D]) -> tuple[D, str] | None:
    """What the longest of the names that a text begins with stands for, and the rest."""
    for size in range(min(len(text), LONGEST), 1, -1):
        found = names.get(text[:size])
        if found is not None:
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


@TOPIC.add(
    TEXTUAL,
    "text",
    Text(
        "One level of a Chinese address; what it does not name is empty, a city without its province brings it.",
        "中国地址的某一级；未写明的级别为空，只写城市时补出省份。",
    ),
    Example("addr | address(city)", {"addr": "江苏南京玄武区北京东路1号"}, "南京市"),
    word("level", "province", "city", "district", "rest"),
    library="python-stdnum",
)
def address(value: Any, level: str) -> str | None:
    """The province, city, district or what follows them."""
    text = text_of(value, MAX_ADDRESS)
    if text is None or not text.strip():
        return None
    return levels(text)[("province", "city", "district", "rest").index(level)] or None

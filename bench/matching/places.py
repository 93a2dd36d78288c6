"""Real places: provinces, cities and districts with their codes (GB 2260) and area codes, out of two public libraries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

from bench.matching.words import BIG_CITIES

_MUNICIPAL = {"北京市", "天津市", "上海市", "重庆市"}
_SPAN = re.compile(r"^\[(\d*)-(\d*)\]")
_SKIPPED = re.compile(r"^(市辖区|县|省直辖.*|自治区直辖.*|.*直辖县级.*|.*管理区|.*矿区)$")
_ETHNIC = "蒙古族|回族|藏族|维吾尔|壮族|朝鲜族|苗族|彝族|布依族|侗族|瑶族|白族|土家族|哈尼族|傣族|傈僳族|羌族|景颇族|黎族|哈萨克|柯尔克孜|满族|各族|佤族|拉祜族|纳西族|仡佬族|畲族|水族|土族"


@dataclass(frozen=True, slots=True)
class City:
    """A prefecture or municipality with its districts; `local` is the number of digits of a local phone number."""

    province: str
    name: str
    short: str
    province_short: str
    area_code: str
    local: int
    districts: tuple[tuple[str, str], ...]


@cache
def cities() -> tuple[City, ...]:
    """Every city whose districts and area code are known."""
    found = []
    for province, blocks in _provinces():
        for name, districts in blocks:
            known = _area_codes()
            area = known.get(name) or known.get(province + name) or known.get(short(province) + name)
            if area and districts:
                local = 8 if len(area) == 3 or name in BIG_CITIES else 7
                found.append(
                    City(province, name, short(name), short(province), "0" + area, local, tuple(sorted(districts)))
                )
    return tuple(found)


@cache
def weights() -> tuple[float, ...]:
    """Cumulative: how many companies a city has, roughly."""
    return tuple(accumulate(len(city.districts) * 0.35 + BIG_CITIES.get(city.name, 0) for city in cities()))


def short(name: str) -> str:
    """杭州市 → 杭州, 浙江省 → 浙江, 广西壮族自治区 → 广西, 昆山市 → 昆山."""
    if name == "内蒙古自治区":
        return "内蒙古"
    plain = re.sub(rf"({_ETHNIC})+(自治[区州县旗])$", "", name)
    plain = re.sub(r"(特别行政区|自治区|地区|省|市|盟|新区|区|县|旗)$", "", plain) if plain == name else plain
    return plain if len(plain) >= 2 else name


def _provinces() -> Iterator[tuple[str, list[tuple[str, list[tuple[str, str]]]]]]:
    from stdnum import numdb

    base = numdb.get("cn/loc")
    for code, province, children in _rows(base.prefixes):
        blocks: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        municipal = province in _MUNICIPAL
        for tail, name, _ in _rows(children):
            if tail == "0000":
                continue
            if tail.endswith("00"):
                blocks[tail[:2]] = (province if municipal else name, [])
            elif not _SKIPPED.match(name):
                blocks.setdefault(tail[:2], (province if municipal else "", []))[1].append((code + tail, name))
        if municipal:
            together = [pair for _, pairs in blocks.values() for pair in pairs]
            yield province, [(province, together)]
        else:
            # a city without districts (东莞, 中山) stands for itself
            named = [(code + head + "00", *block) for head, block in blocks.items() if block[0]]
            yield (
                province,
                [(name, pairs or [(own, "")]) for own, name, pairs in named if not _SKIPPED.match(name)],
            )


def _rows(prefixes: Any) -> Iterator[tuple[str, str, Any]]:
    """code, name as of today, children; what was given up is left out."""
    for _, low, _, properties, children in prefixes:
        text = properties.get("province") or properties.get("county") or ""
        for name in text.split("/") if "[" not in text else re.split(r"[/,，;]", text):
            span = _SPAN.match(name)
            if span and span.group(2):
                continue
            yield low, _SPAN.sub("", name).strip(), children
            break


@cache
def _area_codes() -> dict[str, str]:
    """City name (with and without its province) → area code, from the geocoding data of phonenumbers."""
    from phonenumbers import geocoder, parse

    found: dict[str, str] = {}
    for code in ("10", *map(str, range(20, 30)), *map(str, range(310, 1000))):
        for local in ("8" * 8, "8" * 7):
            for text in geocoder.description_for_number(parse("+86" + code + local), "zh").split("、"):
                for name in (text, re.sub(r"^(.*?(省|自治区))", "", text)):
                    if name:
                        found.setdefault(name, code)
    return found

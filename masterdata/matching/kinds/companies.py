"""Kinds of comparison for companies: their codes, names, branches and places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from sys import intern

from rapidfuzz.distance import OSA

from masterdata.matching.kinds.kind import Judged, Kind, Level, first
from masterdata.normal.address import address
from masterdata.normal.codes import Code, code
from masterdata.normal.company import Company, body, company
from masterdata.normal.phones import area, numbers
from masterdata.normal.places import area_codes, division_codes, levels, place_names, places_in_pinyin
from masterdata.normal.script import folded, han, pinyin, plain, sound
from tongmai.core.text import Text

MOST_NAMES = 6
Texts = Mapping[str, tuple[str, ...]]


def _read_code(texts: Texts) -> tuple[str, bool] | None:
    """A branch's code of another city is its head office's, typed on it: it says nothing about the branch."""
    found = code(first(texts["code"])) if texts["code"] else Code("")
    if not found.text:
        return None
    if found.valid and len(found.text) == 18 and texts["name"]:
        branch = place_names().get(company(texts["name"][0]).branch)
        registered = division_codes().get(found.text[2:6])
        if branch is not None and branch.city and registered is not None and registered[1] != branch.city:
            return None
    return found.text, found.valid


def _judge_code(a: tuple[str, bool], b: tuple[str, bool]) -> Judged:
    if a[0] == b[0]:
        return Judged("same", a[0]) if a[1] else Judged("same_written", a[0])
    one, other = Code(*a).organisation, Code(*b).organisation
    if one and one == other:
        return Judged("same_organisation", one)
    if a[1] and b[1]:
        return Judged("different")
    longest = max(len(a[0]), len(b[0]))
    near = OSA.distance(a[0], b[0], score_cutoff=2) <= (2 if longest >= 15 else 1)
    return Judged("slip") if near else Judged("unlike")


def _organisation(value: tuple[str, bool]) -> tuple[str, ...]:
    found = Code(*value).organisation
    return (found,) if found else ()


LEGAL_CODE = Kind(
    "legal_code",
    Text("Unified social credit code or organisation code", "统一社会信用代码或组织机构代码"),
    ("code", "name"),
    (
        Level("same", 18.0, Text("the same valid code", "有效代码相同")),
        Level("same_written", 12.0, Text("the same code, though its check character is wrong", "代码相同但校验位有误")),
        Level("same_organisation", 14.0, Text("the same organisation part of the code", "组织机构部分相同")),
        Level("slip", 9.0, Text("one or two characters apart, one of them invalid", "相差一两个字符且其中一个无效")),
        Level("unlike", -3.0, Text("different, one of them invalid", "代码不同，其中一个无效")),
        Level("different", -16.0, Text("different valid codes", "有效代码不同")),
    ),
    _read_code,
    _judge_code,
    {
        "code": lambda value: (value[0],),
        "organisation": _organisation,
        "begin": lambda value: (value[0][:10],) if len(value[0]) == 18 else (),
        "end": lambda value: (value[0][-8:],) if len(value[0]) >= 9 else (),
    },
    lambda value: (value[0],),
)


@lru_cache(maxsize=65536)
def _variant(name: str) -> tuple[str, str, str, str, bool] | None:
    """(place, brand, trade, how it sounds, whether it is Latin)."""
    found: Company = company(name)
    if not found.brand:
        return None
    heard = found.brand.replace(" ", "") if found.latin else sound(found.brand)
    place, brand, trade = intern(found.place), intern(found.brand), intern(found.trade)
    return (place, brand, trade, intern(heard), found.latin)


def _read_name(texts: Texts) -> tuple[tuple[str, str, str, str, bool], ...] | None:
    found = dict.fromkeys(each for text in texts["name"][:MOST_NAMES] if (each := _variant(text)) is not None)
    return tuple(found) or None


_NAME_LEVELS = (
    Level("same", 13.0, Text("place, brand and trade are the same", "地名、字号、行业都相同")),
    Level(
        "same_open_place", 11.0, Text("brand and trade are the same, one without place", "字号、行业相同，其一无地名")
    ),
    Level("brand_and_place", 8.0, Text("place and brand are the same, trade fits", "地名、字号相同，行业相容")),
    Level("romanised", 7.0, Text("a Latin name that sounds like the Chinese one", "外文名与中文名读音一致")),
    Level("sound", 6.0, Text("sounds the same, trade fits", "读音相同，行业相容")),
    Level("slip", 6.0, Text("one character apart", "相差一个字")),
    Level("short", 6.0, Text("one is a short form of the other", "其一是另一个的简称")),
    Level("brand", 5.0, Text("brand is the same, trade fits, one without place", "字号相同，行业相容，其一无地名")),
    Level("brand_other_trade", 0.0, Text("brand is the same, trades differ", "字号相同，行业不同")),
    Level("brand_other_place", -2.0, Text("brand is the same, places differ", "字号相同，地名不同")),
    Level("different", -7.0, Text("different names", "名称不同")),
)
_RANK = {level.name: rank for rank, level in enumerate(_NAME_LEVELS)}
_DIFFERENT = Judged("different")


def _judge_name(
    a: tuple[tuple[str, str, str, str, bool], ...], b: tuple[tuple[str, str, str, str, bool], ...]
) -> Judged:
    best = own = _judge_variants(a[0], b[0])
    if len(a) == 1 and len(b) == 1:
        return best
    for one in a:
        for other in b:
            found = _judge_variants(one, other)
            if _RANK[found[0]] < _RANK[best[0]] or (found[0] == best[0] and found[1] < best[1]):
                best = found
    # Full names that say two trades are not made one by an English name that leaves the trade out.
    return own if own.level == "brand_other_trade" and _RANK[best.level] > _RANK["same_open_place"] else best


def _judge_variants(a: tuple[str, str, str, str, bool], b: tuple[str, str, str, str, bool]) -> Judged:
    """Symmetric: the order of the two never matters."""
    place, brand, trade, heard, latin = a
    other_place, other_brand, other_trade, other_heard, other_latin = b
    if brand == other_brand:
        if _apart(place, other_place):
            return Judged("brand_other_place", brand)
        if trade == other_trade and (trade or latin):
            return Judged("same" if place == other_place and place else "same_open_place", brand)
        if not _fits(trade, other_trade):
            return Judged("brand_other_trade", brand)
        return Judged("brand_and_place" if place and place == other_place else "brand", brand)
    if latin != other_latin:
        return Judged("romanised", other_brand if latin else brand) if _romanised(a, b) else _DIFFERENT
    if _apart(place, other_place):
        return _DIFFERENT
    if latin:
        most = min(2, len(brand) // 5, len(other_brand) // 5)
        return Judged("slip") if OSA.distance(brand, other_brand, score_cutoff=most) <= most else _DIFFERENT
    if heard == other_heard and _fits(trade, other_trade):
        return Judged("sound")
    core, other_core = brand + trade, other_brand + other_trade
    if not _same_numbers(core, other_core) or _part(core, other_core):
        return _DIFFERENT
    if len(core) == len(other_core) >= 4 and OSA.distance(core, other_core, score_cutoff=1) <= 1:
        return _DIFFERENT if _another(core, other_core) else Judged("slip")
    if _short_form(place + core, other_place + other_core) or _short_form(core, other_core):
        return Judged("short", min(brand, other_brand, key=lambda each: (len(each), each)))
    if abs(len(core) - len(other_core)) == 1 and min(len(core), len(other_core)) >= 4:
        return Judged("slip") if OSA.distance(core, other_core, score_cutoff=1) <= 1 else _DIFFERENT
    return _DIFFERENT


_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_NUMBERS = re.compile(r"[0-9十百]+")
_KINDRED = (
    "东西南北中",
    "大小",
    "上下",
    "前后",
    "左右",
    "内外",
    "甲乙丙丁戊己庚辛",
    "新老",
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗",
)
"""Characters of one kind that tell names apart: 华东 and 华南 are no slip of the pen."""


@lru_cache(maxsize=65536)
def _numbers(name: str) -> tuple[str, ...]:
    return tuple(_NUMBERS.findall(name.translate(_DIGITS)))


def _same_numbers(one: str, other: str) -> bool:
    """Whether two names count alike: 第一医院 and 第十医院, 中铁一局 and 中铁二局 do not. One that counts nothing may be
    either's short form, or be misspelt."""
    mine, theirs = _numbers(one), _numbers(other)
    return mine == theirs or not mine or not theirs


def _another(one: str, other: str) -> bool:
    """Whether the only character in which two names of one length differ tells them apart: a direction, a part of a place."""
    apart = [at for at, (x, y) in enumerate(zip(one, other, strict=True)) if x != y]
    if len(apart) != 1:  # two neighbours swapped, or brand and trade only cut otherwise
        return False
    at = apart[0]
    if any(one[at] in each and other[at] in each for each in _KINDRED):
        return True
    names = place_names()
    return any(
        one[begin:end] in names and other[begin:end] in names
        for begin in range(max(0, at - 2), at + 1)
        for end in range(max(at + 1, begin + 2), min(len(one), begin + 4) + 1)
    )


@lru_cache(maxsize=65536)
def _apart(place: str, other: str) -> bool:
    """Whether two places exclude each other: a city and its own province do not."""
    if not place or not other or place == other:
        return False
    one, two = place_names().get(place), place_names().get(other)
    if one is None or two is None:
        return True
    return not ((not one.city and two.province == place) or (not two.city and one.province == other))


def _fits(trade: str, other: str) -> bool:
    """Whether two trades can be said of one company: one is missing or holds the other, or they begin alike."""
    return not trade or not other or trade in other or other in trade or trade[:2] == other[:2]


def _short_form(one: str, other: str) -> bool:
    """Whether the shorter name's characters stand in the longer one in that order, from its first on."""
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if not 2 <= len(short) <= 5 or len(long) - len(short) < 2:
        return False
    at = long.find(short[0])
    if at < 0 or at > 4:
        return False
    rest = iter(long)
    return all(char in rest for char in short)


def _part(one: str, other: str) -> bool:
    """Whether the longer name is that of a body of its own: 复旦大学附属医院 of 复旦大学, 西湖区教育局 beside 教育局."""
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if len(long) - len(short) < 2 or not body(short):
        return False
    return long.startswith(short) or (long.endswith(short) and long[: -len(short)] in place_names())


@lru_cache(maxsize=65536)
def _romanised(a: tuple[str, str, str, str, bool], b: tuple[str, str, str, str, bool]) -> bool:
    """Whether a Latin name spells a Chinese one: its brand word, or that and the trade."""
    latin, chinese = (a, b) if a[4] else (b, a)
    if _apart(latin[0], chinese[0]):
        return False
    heard = chinese[3]
    if len(heard) < 4:
        return False
    spelled = latin[3]
    before = pinyin(chinese[0]) if chinese[0] else ""
    if before and not latin[0] and spelled.startswith(before):
        spelled = spelled[len(before) :]
    if not spelled.startswith(heard):
        return False
    rest, trade = spelled[len(heard) :], sound(chinese[2])
    return not rest or trade.startswith(rest) or (bool(trade) and rest.startswith(trade)) or len(heard) >= 9


def _letters(value: tuple[tuple[str, str, str, str, bool], ...]) -> tuple[str, ...]:
    """Each character of the brand with the trade: a short form keeps one or two of them."""
    return tuple(dict.fromkeys(char + each[2][:2] for each in value if each[2] and not each[4] for char in each[1][:6]))


def _spellings(value: tuple[tuple[str, str, str, str, bool], ...]) -> tuple[str, ...]:
    """How a name begins in pinyin, whichever script it is written in."""
    found = dict.fromkeys((each[3] if each[4] else each[3] + sound(each[2]))[:7] for each in value)
    return tuple(each for each in found if len(each) == 7)


def _brands(value: tuple[tuple[str, str, str, str, bool], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each[1] for each in value))


def _fulls(value: tuple[tuple[str, str, str, str, bool], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each[1] + each[2] for each in value if each[2]))


def _sounds(value: tuple[tuple[str, str, str, str, bool], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each[3] for each in value))


COMPANY_NAME = Kind(
    "company_name",
    Text("Names of a company", "企业名称"),
    ("name",),
    _NAME_LEVELS,
    _read_name,
    _judge_name,
    {
        "brand": _brands,
        "core": _fulls,
        "sound": _sounds,
        "letter": _letters,
        "spelling": _spellings,
        "start": lambda value: tuple(dict.fromkeys(each[1][:2] for each in value if not each[4])),
        "trade": lambda value: tuple(dict.fromkeys(each[2][:2] for each in value if each[2])),
    },
    _brands,
)


def _read_branch(texts: Texts) -> tuple[str, str] | None:
    """(what the branch is called, the place behind the name of one that does not call itself a branch)."""
    name = first(texts["name"])
    if not name:
        return None
    found = company(name)
    return None if found.latin and not found.branch else (found.branch, found.behind)


def _judge_branch(a: tuple[str, str], b: tuple[str, str]) -> Judged:
    if a[0] and b[0]:
        same = a[0] == b[0] or a[0] in b[0] or b[0] in a[0] or "（?）" in a + b or _spelled(a[0], b[0])
        return Judged("same_branch" if same else "other_branch")
    if not a[0] and not b[0]:
        if a[1] and b[1]:
            return Judged("both_behind" if a[1] == b[1] else "other_behind")
        return Judged("behind_and_head" if a[1] or b[1] else "both_head")
    branch, behind = (a[0], b[1]) if a[0] else (b[0], a[1])
    return Judged("perhaps_branch" if behind and (behind in branch or branch in behind) else "branch_and_head")


def _spelled(one: str, other: str) -> bool:
    """Whether a Latin name of a branch spells the Chinese one."""
    if one.isascii() == other.isascii():
        return False
    latin, chinese = (one, other) if one.isascii() else (other, one)
    return latin.replace(" ", "").startswith(pinyin(chinese))


COMPANY_BRANCH = Kind(
    "company_branch",
    Text("Branch or head office", "分支机构或总部"),
    ("name",),
    (
        Level("same_branch", 5.0, Text("the same branch", "同一分支机构")),
        Level(
            "perhaps_branch",
            3.0,
            Text("a branch, and a name with its place behind", "分支机构与名称后带同一地名的单位"),
        ),
        Level("both_behind", 2.0, Text("the same place behind both names", "名称后的地名相同")),
        Level("both_head", 0.0, Text("neither is a branch", "都不是分支机构")),
        Level("behind_and_head", -2.0, Text("one has a place behind its name", "其一名称后带地名")),
        Level("other_behind", -4.0, Text("different places behind the names", "名称后的地名不同")),
        Level("branch_and_head", -8.0, Text("one is a branch, the other is not", "一个是分支机构，一个不是")),
        Level("other_branch", -12.0, Text("different branches", "不同的分支机构")),
    ),
    _read_branch,
    _judge_branch,
    {"branch": lambda value: (value[0] or value[1],) if any(value) else ()},
)


def _read_place(texts: Texts) -> tuple[str, str] | None:
    """(province, city) in short forms: as given, else by address, name, area code."""
    province = city = ""
    for text in (*texts["city"], *texts["province"], *texts["address"]):
        found = _place_of(text)
        province, city = province or found[0], city or found[1]
        if city:
            return province, city
    for text in texts["city"]:
        if (abroad := _abroad(text)) is not None:
            return abroad
    for text in texts["name"]:
        parsed = company(text)
        named = place_names().get(parsed.branch or parsed.behind or parsed.place)
        if named is not None and named.city:
            return named.province, named.city
    for text in texts["phone"]:
        for one in numbers(text):
            if (known := area_codes().get(area(one))) is not None:
                return known
    return (province, city) if province or city else None


@lru_cache(maxsize=65536)
def _place_of(text: str) -> tuple[str, str]:
    bare = folded(text).replace(" ", "")
    named = place_names().get(bare)
    if named is not None:
        return named.province, named.city
    province, city, _, _ = levels(bare)
    known = place_names().get(city or province)
    if known is not None:
        return known.province, known.city
    return ("", bare) if bare and not bare.isdigit() and len(bare) <= 30 and address(bare).road == "" else ("", "")


@lru_cache(maxsize=65536)
def _abroad(text: str) -> tuple[str, str] | None:
    """A city that is not written in Chinese: one of China by its pinyin, another as it is called."""
    bare = plain(folded(text)).strip(" .,")
    if not bare or han(bare) or len(bare) > 40 or any(char.isdigit() for char in bare):
        return None
    known = place_names().get(places_in_pinyin().get(bare.replace(" ", "").replace("'", ""), ""))
    return (known.province, known.city or bare) if known is not None else ("", bare)


def _judge_place(a: tuple[str, str], b: tuple[str, str]) -> Judged:
    if a[1] and a[1] == b[1]:
        return Judged("same_city", a[1])
    if a[0] and b[0] and a[0] != b[0]:
        return Judged("other_province")
    if a[1] and b[1]:
        return Judged("other_city")
    return Judged("same_province", a[0]) if a[0] == b[0] else Judged("open")


PLACE = Kind(
    "place",
    Text("City", "所在城市"),
    ("city", "province", "address", "name", "phone"),
    (
        Level("same_city", 4.0, Text("the same city", "同一城市")),
        Level("same_province", 2.0, Text("the same province, the city is open", "同一省份，城市未知")),
        Level("open", 0.0, Text("too little is known", "信息不足")),
        Level("other_city", -3.0, Text("different cities", "不同城市")),
        Level("other_province", -4.0, Text("different provinces", "不同省份")),
    ),
    _read_place,
    _judge_place,
    {"city": lambda value: (value[1],) if value[1] else ()},
    lambda value: (value[1],) if value[1] else (),
)

KINDS = (LEGAL_CODE, COMPANY_NAME, COMPANY_BRANCH, PLACE)

"""Products as they are compared: bar codes, and what a name says besides the name: model, measures, pack, colour."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from masterdata.normal.script import folded

_UNITS = {
    "ml": ("ml", 1), "毫升": ("ml", 1), "cl": ("ml", 10), "l": ("ml", 1000), "升": ("ml", 1000),
    "mg": ("mg", 1), "毫克": ("mg", 1), "g": ("mg", 1000), "克": ("mg", 1000), "kg": ("mg", 1_000_000), "千克": ("mg", 1_000_000),
    "公斤": ("mg", 1_000_000), "斤": ("mg", 500_000), "t": ("mg", 1_000_000_000), "吨": ("mg", 1_000_000_000),
    "mm": ("mm", 1), "毫米": ("mm", 1), "cm": ("mm", 10), "厘米": ("mm", 10), "m": ("mm", 1000), "米": ("mm", 1000),
    "寸": ("inch", 1), "英寸": ("inch", 1), "inch": ("inch", 1), "码": ("size", 1), "号": ("size", 1),
    "gb": ("gb", 1), "g内存": ("gb", 1), "tb": ("gb", 1024), "mah": ("mah", 1), "毫安": ("mah", 1),
    "w": ("w", 1), "瓦": ("w", 1), "kw": ("w", 1000), "千瓦": ("w", 1000), "v": ("v", 1), "伏": ("v", 1), "kv": ("v", 1000),
    "a": ("a", 1), "安": ("a", 1), "hp": ("hp", 1), "匹": ("hp", 1), "mpa": ("kpa", 1000), "kpa": ("kpa", 1),
}  # fmt: skip
_UNIT_WORDS = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_MEASURE = re.compile(rf"(?<![a-z0-9.\-/]){_NUMBER}\s?({_UNIT_WORDS})(?![a-z])")
_COUNTED = "瓶|袋|包|盒|罐|支|片|个|只|件|条|粒|卷|双|块|枚|桶|听|套|张|枝|pcs|pc|pack|ct"
_PACK = re.compile(
    rf"(?:[*×✕]|(?<=[a-z0-9升克] )x|(?<=[lg升克])x)\s?([0-9]{{1,4}})(?:\s?(?:{_COUNTED}))?(?![0-9a-z.])"
    rf"|([0-9]{{1,4}})\s?(?:{_COUNTED})(?:装|/[箱件盒包提组袋]|入)?(?![0-9a-z])"
)
_SIZE = re.compile(r"(?<![a-z0-9])(x{0,4}l|[2-6]xl|x{0,3}s|m)(?:码|号)?(?![a-z0-9])")
_BARE_SIZE = re.compile(r"^(?:eur?|us|uk)?\s?([0-9]{2,3}(?:\.5)?)$")
_MODEL = re.compile(
    r"(?<![a-z0-9])(?=[a-z0-9\-/.]*[0-9])(?=[a-z0-9\-/.]*[a-z])[a-z0-9]+(?:[\-/.][a-z0-9]+)*(?![a-z0-9])"
)
_COLOURS = {
    "black": "黑|black", "white": "白|white", "red": "红|red", "blue": "蓝|blue", "green": "绿|green", "yellow": "黄|yellow",
    "grey": "灰|grey|gray", "silver": "银|silver", "gold": "金色|gold", "pink": "粉|pink", "purple": "紫|purple", "brown": "棕|褐|brown",
    "orange": "橙|橘|orange", "beige": "米色|杏色|beige",
}  # fmt: skip
_COLOUR = re.compile("|".join(f"(?P<{name}>{words})" for name, words in _COLOURS.items()))
_COLOUR_WORD = re.compile(
    r"[\u4e00-\u9fff]?[黑白红蓝绿黄灰银粉紫棕褐橙橘]色|(?:米|杏|金)色|\b(?:black|white|red|blue|green|yellow|grey|gray|silver|gold|pink|purple|"
    r"brown|orange|beige)\b"
)
_PRAISE = re.compile(
    r"新款|正品|官方(?:旗舰店?)?|旗舰店?|专柜|包邮|热卖|热销|爆款|特价|促销|现货|批发|(?:19|20)[0-9]{2}款"
)
_BLANK = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")
_APART = re.compile(r"[^0-9a-z\u00c0-\u024f\u3400-\u9fff]+")


class Gtin(NamedTuple):
    """A bar code: 14 digits, or what was written; ``valid`` says whether its check digit is right."""

    text: str
    valid: bool = False


@lru_cache(maxsize=65536)
def gtin(written: str) -> Gtin:
    """GTIN-8, 12, 13 and 14 in one form; empty where it is none."""
    digits = re.sub(r"[^0-9]", "", folded(written[:40]))
    if len(digits) not in (8, 12, 13, 14):
        return Gtin(digits if 6 <= len(digits) <= 18 else "")
    whole = digits.zfill(14)
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(whole))
    return Gtin(whole, total % 10 == 0 and len(set(digits)) > 1)


class Named(NamedTuple):
    """What a name and a specification say. ``measures``: dimension and quantity in its smallest unit, as text."""

    words: str
    models: tuple[str, ...]
    measures: tuple[tuple[str, str], ...]
    pack: int
    colour: str


@lru_cache(maxsize=65536)
def named(written: str) -> Named:
    """A product's name or specification in its parts: ``可乐 500ml*12瓶 黑色`` is 可乐, 500 ml, a pack of 12, black."""
    text = _PRAISE.sub(" ", folded(written[:300]))
    pack = 0
    found = _PACK.search(text)
    if found:
        pack = int(found[1] or found[2])
        text = text[: found.start()] + " " + text[found.end() :]
    measures = {_quantity(each[1], each[2]) for each in _MEASURE.finditer(text)}
    text = _MEASURE.sub(" ", text)
    measures |= {("letter", _letters(each[1])) for each in _SIZE.finditer(text)}
    text = _SIZE.sub(" ", text)
    colours = {colour_of(each[0]) for each in _COLOUR_WORD.finditer(text)}
    text = _COLOUR_WORD.sub(" ", text)
    models = tuple(sorted({re.sub(r"[\-/.]", "", each[0]) for each in _MODEL.finditer(text)}))
    words = _BLANK.sub("", _APART.sub(" ", _MODEL.sub(" ", text)).strip())
    return Named(words, models, tuple(sorted(measures)), pack, colours.pop() if len(colours) == 1 else "")


def size_of(written: str) -> tuple[tuple[str, str], ...]:
    """The measures of a field that holds a size; a bare number is a shoe's or a garment's."""
    bare = _BARE_SIZE.match(folded(written))
    return (("size", bare[1]),) if bare else named(written).measures


def pack_of(written: str) -> int:
    """The number of pieces of a field that holds a pack; 0 where it says none."""
    text = folded(written)
    return int(text) if text.isdigit() and len(text) <= 4 else named(f"*{text}").pack or named(text).pack


def colour_of(written: str) -> str:
    """A colour's plain name, whatever shade the seller found for it; empty where several or none are named."""
    found = {each.lastgroup or "" for each in _COLOUR.finditer(folded(written))}
    return found.pop() if len(found) == 1 else ""


def _quantity(number: str, unit: str) -> tuple[str, str]:
    dimension, factor = _UNITS[unit]
    return dimension, f"{float(number) * factor:g}"


def _letters(size: str) -> str:
    """XXL is 2XL."""
    return f"{size.count('x')}x{size[-1]}" if size.count("x") > 1 else size

"""Kinds of comparison for products: bar codes, names without measures, models, sizes, packs and colours."""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz.distance import OSA

from masterdata.matching.kinds.kind import MISSING, Judged, Kind, Level, first
from masterdata.normal.product import colour_of, gtin, named, pack_of, size_of
from masterdata.normal.script import folded
from tongmai.core.text import Text

Texts = Mapping[str, tuple[str, ...]]


def _read_gtin(texts: Texts) -> tuple[str, bool] | None:
    for text in texts["code"]:
        found = gtin(text)
        if found.text:
            return found.text, found.valid
    return None


def _judge_gtin(a: tuple[str, bool], b: tuple[str, bool]) -> Judged:
    if a[0] == b[0]:
        return Judged("same" if a[1] else "same_written", a[0])
    if a[1] and b[1]:
        return Judged("different")
    return Judged("slip") if OSA.distance(a[0], b[0], score_cutoff=1) <= 1 else Judged("unlike")


GTIN = Kind(
    "gtin",
    Text("Bar code", "条码"),
    ("code",),
    (
        Level("same", 16.0, Text("the same valid code", "有效条码相同")),
        Level("same_written", 12.0, Text("the same code, though its check digit is wrong", "条码相同但校验位有误")),
        Level("slip", 8.0, Text("one digit apart, one of them invalid", "相差一位且其中一个无效")),
        Level("unlike", -3.0, Text("different, one of them invalid", "条码不同，其中一个无效")),
        Level("different", -16.0, Text("different valid codes", "有效条码不同")),
    ),
    _read_gtin,
    _judge_gtin,
    {"code": lambda value: (value[0],), "start": lambda value: (value[0][:12],)},
    lambda value: (value[0],),
)


def _read_name(texts: Texts) -> str | None:
    """Without the brand: one writes it into the name, another beside it."""
    found = next((words for text in texts["name"] if (words := named(text).words)), "")
    brand = folded(first(texts["brand"]))
    return (found.replace(brand, "").strip() if brand else "") or found or None


def _pairs(words: str) -> frozenset[str]:
    """Chinese as pairs of neighbours, the rest as words."""
    found: set[str] = set()
    for word in words.split():
        found |= {word} if word.isascii() or len(word) == 1 else {word[at : at + 2] for at in range(len(word) - 1)}
    return frozenset(found)


def _judge_name(a: str, b: str) -> Judged:
    if a == b:
        return Judged("same", a)
    one, other = _pairs(a), _pairs(b)
    both = len(one & other)
    if both == len(one) == len(other):
        return Judged("same", min(a, b))
    if both * 10 >= 7 * max(len(one), len(other)):
        return Judged("alike")
    if both * 10 >= 8 * min(len(one), len(other)) and min(len(one), len(other)) > 1:
        return Judged("inside")
    return Judged("close" if both * 10 >= 4 * min(len(one), len(other)) and both else "different")


PRODUCT_NAME = Kind(
    "product_name",
    Text("Name of a product", "产品名称"),
    ("name", "brand"),
    (
        Level("same", 9.0, Text("the same words", "用词相同")),
        Level("alike", 7.0, Text("nearly the same words", "用词几乎相同")),
        Level("inside", 5.0, Text("one holds the other", "其一包含另一个")),
        Level("close", 2.0, Text("some words in common", "部分用词相同")),
        Level("different", -5.0, Text("different words", "用词不同")),
    ),
    _read_name,
    _judge_name,
    {
        "words": lambda value: ("".join(sorted(value.replace(" ", ""))),),
        "start": lambda value: (value.replace(" ", "")[:4],),
    },
    lambda value: (value,),
)


def _read_model(texts: Texts) -> tuple[str, ...] | None:
    return tuple(sorted({model for text in texts["name"] for model in named(text).models})) or None


def _judge_model(a: tuple[str, ...], b: tuple[str, ...]) -> Judged:
    both = [each for each in a if each in b]
    if both:
        return Judged("same", max(both, key=lambda each: (len(each), each)))
    short, long = sorted((max(a, key=len), max(b, key=len)), key=lambda each: (len(each), each))
    if len(short) >= 4 and long.startswith(short):
        return Judged("longer")
    return Judged("different")


MODEL = Kind(
    "model",
    Text("Model", "型号"),
    ("name",),
    (
        Level("same", 10.0, Text("a model in common", "型号相同")),
        Level("longer", 2.0, Text("one model begins with the other", "其一型号是另一个的开头")),
        Level("different", -7.0, Text("different models", "型号不同")),
    ),
    _read_model,
    _judge_model,
    {"model": lambda value: value},
    lambda value: value,
)


def _read_measure(texts: Texts) -> tuple[tuple[str, str], ...] | None:
    found = {each for text in texts["size"] for each in size_of(text)}
    found |= {each for text in texts["name"] for each in named(text).measures}
    return tuple(sorted(found)) or None


def _judge_measure(a: tuple[tuple[str, str], ...], b: tuple[tuple[str, str], ...]) -> Judged:
    """Different where both tell a dimension and agree on no quantity of it."""
    shared = {dimension for dimension, _ in a} & {dimension for dimension, _ in b}
    if not shared:
        return Judged(MISSING)
    for dimension in sorted(shared):
        if not {q for d, q in a if d == dimension} & {q for d, q in b if d == dimension}:
            return Judged("different")
    return Judged("same", " ".join(f"{d}{q}" for d, q in a if (d, q) in b))


MEASURE = Kind(
    "measure",
    Text("Size, weight, volume and other measures", "尺寸、重量、容量等规格"),
    ("size", "name"),
    (
        Level("same", 4.0, Text("the same measures", "规格相同")),
        Level("different", -12.0, Text("different measures: a variant", "规格不同：属于不同变体")),
    ),
    _read_measure,
    _judge_measure,
    {"measure": lambda value: tuple(f"{dimension}{quantity}" for dimension, quantity in value)},
    lambda value: tuple(f"{dimension}{quantity}" for dimension, quantity in value),
)


def _read_pack(texts: Texts) -> int | None:
    found = next((pack for text in texts["pack"] if (pack := pack_of(text))), 0)
    return found or next((pack for text in texts["name"] if (pack := named(text).pack)), 0) or None


PACK = Kind(
    "pack",
    Text("Pieces in a pack", "包装数量"),
    ("pack", "name"),
    (
        Level("same", 3.0, Text("as many pieces", "包装数量相同")),
        Level("different", -12.0, Text("another number of pieces: a variant", "包装数量不同：属于不同变体")),
    ),
    _read_pack,
    lambda a, b: Judged("same") if a == b else Judged("different"),
    {"pack": lambda value: (str(value),)},
)


def _read_colour(texts: Texts) -> str | None:
    found = next((colour for text in texts["colour"] if (colour := colour_of(text))), "")
    return found or next((colour for text in texts["name"] if (colour := named(text).colour)), "") or None


COLOUR = Kind(
    "colour",
    Text("Colour", "颜色"),
    ("colour", "name"),
    (
        Level("same", 3.0, Text("the same colour", "颜色相同")),
        Level("different", -10.0, Text("another colour: a variant", "颜色不同：属于不同变体")),
    ),
    _read_colour,
    lambda a, b: Judged("same", a) if a == b else Judged("different"),
    {"colour": lambda value: (value,)},
    lambda value: (value,),
)

KINDS = (GTIN, PRODUCT_NAME, MODEL, MEASURE, PACK, COLOUR)

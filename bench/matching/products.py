"""Products as an ERP, a web shop, a till and a product catalogue hold them, with truth: every colour, size and pack of a model
is a product of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.matching.chance import Draw, Weighted
from bench.matching.company import draw_brand
from bench.matching.letters import homophones
from bench.matching.sample import slip

COLUMNS = (
    "source",
    "name",
    "number",
    "brand",
    "specification",
    "barcode",
    "category",
    "size",
    "colour",
    "pack",
    "unit",
)
# category, nouns, how a variant differs: sizes in writing, packs, colours
_LINES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[int, ...], tuple[str, ...]], ...] = (
    ("饮料", ("矿泉水", "绿茶", "橙汁", "苏打水", "乌龙茶"), ("330ml", "500ml", "550ml", "1.5L", "2L"), (1, 6, 12, 24), ()),
    ("食品", ("坚果", "饼干", "牛肉干", "麦片", "酱油"), ("80g", "150g", "250g", "500g", "1kg"), (1, 3, 10), ()),
    ("日化", ("洗发水", "沐浴露", "洗衣液", "牙膏"), ("100ml", "200ml", "400ml", "750ml", "2kg"), (1, 2), ()),
    ("服装", ("连帽卫衣", "短袖衬衫", "休闲裤", "羽绒服"), ("S", "M", "L", "XL", "XXL"), (), ("黑色", "白色", "灰色", "藏青蓝色", "红色")),
    ("鞋", ("跑步鞋", "篮球鞋", "帆布鞋"), ("38码", "39码", "40码", "42码", "43码"), (), ("黑色", "白色", "蓝色", "粉色")),
    ("数码", ("蓝牙耳机", "移动电源", "机械键盘", "路由器"), (), (), ("黑色", "白色", "银色", "蓝色")),
    ("五金", ("球阀", "截止阀", "角钢", "六角螺栓"), ("15mm", "20mm", "25mm", "32mm", "50mm"), (), ()),
    ("电气", ("断路器", "接触器", "变频器", "开关电源"), ("16A", "25A", "32A", "63A"), (), ()),
    ("办公", ("复印纸", "中性笔", "文件夹", "便签纸"), (), (1, 5, 10, 12), ("蓝色", "红色", "黑色")),
)  # fmt: skip
_FLAVOURS = ("原味", "柠檬味", "经典", "薄荷", "升级款", "轻享", "儿童", "加厚", "便携", "防滑", "高端", "")
_WORDS = ("新款", "正品", "官方旗舰", "包邮", "2026款", "热卖")
_COUNTS = Weighted([(1, 30), (2, 34), (3, 24), (4, 12)])
_SOURCES = Weighted([("erp", 34), ("shop", 30), ("pos", 22), ("pim", 14)])
Row = dict[str, str]


@dataclass
class Product:
    """One thing with one bar code."""

    id: str
    category: str
    brand: str
    noun: str
    flavour: str
    model: str
    size: str
    pack: int
    colour: str
    barcode: str
    number: str
    unit: str


def sample(records: int, seed: int) -> Iterator[tuple[str, Row]]:
    """(product, record); the same seed gives the same records."""
    chance = Draw(f"{seed} products")
    brands = [draw_brand(chance) for _ in range(max(20, records // 120))]
    written = number = 0
    while written < records:
        category, nouns, sizes, packs, colours = chance.one(_LINES)
        brand, noun, flavour = chance.one(brands), chance.one(nouns), chance.one(_FLAVOURS)
        model = _model(chance) if chance.happens(0.9 if category in ("数码", "电气", "五金") else 0.15) else ""
        variants = dict.fromkeys(
            (
                chance.one(sizes) if sizes else "",
                chance.one(packs) if packs else 0,
                chance.one(colours) if colours else "",
            )
            for _ in range(1 + chance.below(4))
        )
        for size, pack, colour in variants:
            number += 1
            unit = chance.one(("瓶", "袋", "件", "个", "盒"))
            product = Product(
                f"G{number:06d}", category, brand, noun, flavour, model, size, pack, colour, _barcode(chance),
                str(10_000_000 + number * 37), unit,
            )  # fmt: skip
            for _ in range(_COUNTS.draw(chance)):
                if written < records:
                    written += 1
                    yield product.id, _record(chance, product)


def _model(chance: Draw) -> str:
    letters = "".join(chance.one("ABCDEFGHKLMNPRSTWXZ") for _ in range(1 + chance.below(3)))
    return (
        f"{letters}{chance.one(('-', ''))}{chance.digits(2 + chance.below(3))}{chance.one(('', '', 'A', 'Pro', 'B'))}"
    )


def _barcode(chance: Draw) -> str:
    digits = "69" + chance.digits(10)
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
    return digits + str(-total % 10)


def _record(chance: Draw, made: Product) -> Row:
    source = _SOURCES.draw(chance)
    apart = chance.happens({"erp": 0.6, "shop": 0.5, "pos": 0.15, "pim": 0.9}[source])
    noun = made.noun
    if chance.happens(0.03):
        at = chance.below(len(noun))
        noun = noun[:at] + chance.one(homophones(noun[at]) or noun[at]) + noun[at + 1 :]
    parts = [made.brand if chance.happens(0.7) else "", made.flavour if chance.happens(0.85) else "", noun]
    row: Row = {"source": source}
    said = _specification(chance, made)
    if made.model:
        if source in ("erp", "pim") and chance.happens(0.6):
            row["specification"] = made.model if apart else f"{made.model} {said}".strip()
        else:
            parts.append(_typed_model(chance, made.model))
    if apart:
        row |= {"size": made.size, "colour": made.colour, "pack": str(made.pack) if made.pack else ""}
    elif "specification" not in row and chance.happens(0.3):
        row["specification"] = said
    elif "specification" not in row:
        parts.append(said)
    if source == "shop":
        parts.insert(0 if chance.happens(0.5) else len(parts), chance.one(_WORDS) if chance.happens(0.4) else "")
    row["name"] = _joined([part for part in parts if part], "" if chance.happens(0.6) else " ")
    if chance.happens({"erp": 0.5, "shop": 0.55, "pos": 0.9, "pim": 0.8}[source]):
        row["barcode"] = slip(chance, made.barcode, "0123456789") if chance.happens(0.02) else made.barcode
    if chance.happens({"erp": 1.0, "shop": 0.3, "pos": 0.2, "pim": 0.6}[source]):
        row["number"] = made.number
    if chance.happens({"erp": 0.5, "shop": 0.8, "pos": 0.2, "pim": 0.95}[source]):
        row["brand"] = made.brand
    if chance.happens(0.6):
        row["category"] = made.category
    if chance.happens(0.5):
        row["unit"] = made.unit
    return {name: value for name, value in row.items() if value}


def _joined(parts: list[str], between: str) -> str:
    """Two pieces of digits and letters are never written as one."""
    text = ""
    for part in parts:
        text += (" " if text[-1:].isascii() and part[:1].isascii() else between) + part if text else part
    return text


def _typed_model(chance: Draw, model: str) -> str:
    return model.replace("-", "") if chance.happens(0.3) else model.lower() if chance.happens(0.2) else model


def _specification(chance: Draw, made: Product) -> str:
    """Size, pack and colour as they stand in a name."""
    size = made.size
    if size.endswith("ml") and chance.happens(0.3):
        size = size.replace("ml", chance.one(("毫升", "ML", " ml")))
    if size in ("1.5L", "2L") and chance.happens(0.4):
        size = f"{float(size[:-1]) * 1000:g}ml"
    pack = ""
    if made.pack > 1 or (made.pack and chance.happens(0.3)):
        pack = chance.one((f"*{made.pack}", f"*{made.pack}{made.unit}", f" {made.pack}{made.unit}装", f"×{made.pack}"))
    return f"{size}{pack}{' ' if size or pack else ''}{made.colour}".strip()

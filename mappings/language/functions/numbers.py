"""Functions on numbers: rounding, sums, units, written numbers."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal
from typing import Any

from mappings.language.functions.given import at_path, items_of, text_of, whole
from mappings.language.functions.registry import ITEMS, NUMERIC, Example, Topic, count, quoted, value, word
from mappings.language.values import BadValueError, add, div, mul, number, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Numbers", "数值"))
_add = TOPIC.add
_ROUNDING = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "up": decimal.ROUND_UP,
    "down": decimal.ROUND_DOWN,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}
_WIDE = Context(prec=200, traps=[decimal.InvalidOperation, decimal.Overflow])
_STEPS = {digits: Decimal(1).scaleb(-digits) for digits in range(-18, 31)}
_LISTED = (*ITEMS, *NUMERIC)


def rounded(found: Any, digits: Any, how: str) -> Decimal | None:
    """To ``digits`` after the point (negative: before it), by one of the declared ways."""
    exact = number(found)
    if exact is None:
        return None
    return exact.quantize(_STEPS[whole(digits, "count of digits", -18, 30)], _ROUNDING[how], _WIDE)


@_add(
    NUMERIC,
    "number",
    Text(
        "To so many digits after the point (0 by default), half up unless another way is named.",
        "四舍五入到指定小数位（默认 0），也可指明其他舍入方式。",
    ),
    Example("price | round(2)", {"price": "2.345"}, "2.35"),
    count("digits", required=False),
    word("how", "half_up", "half_even", "up", "down", required=False),
    name="round",
)
def round_number(found: Any, digits: Any = 0, how: str = "half_up") -> Decimal | None:
    """A number rounded."""
    return rounded(found, digits, how)


@_add(
    NUMERIC,
    "number",
    Text("Down to so many digits after the point (0 by default).", "向下取到指定小数位（默认 0）。"),
    Example("price | floor", {"price": "-2.5"}, "-3"),
    count("digits", required=False),
    name="floor",
)
def floor_number(found: Any, digits: Any = 0) -> Decimal | None:
    """A number rounded towards minus infinity."""
    return rounded(found, digits, "floor")


@_add(
    NUMERIC,
    "number",
    Text("Up to so many digits after the point (0 by default).", "向上取到指定小数位（默认 0）。"),
    Example("price | ceil", {"price": "2.01"}, "3"),
    count("digits", required=False),
    name="ceil",
)
def ceil_number(found: Any, digits: Any = 0) -> Decimal | None:
    """A number rounded towards infinity."""
    return rounded(found, digits, "ceiling")


@_add(
    NUMERIC,
    "number",
    Text("Without its sign.", "绝对值。"),
    Example("price | abs", {"price": "-2.5"}, "2.5"),
    name="abs",
)
def absolute(found: Any) -> Decimal | None:
    """The absolute value."""
    exact = number(found)
    return None if exact is None else exact.copy_abs()


@_add(
    NUMERIC,
    "number",
    Text("What is left after a division; it has the sign of the value.", "余数，符号与被除数相同。"),
    Example("seq | mod(7)", {"seq": 30}, "2"),
    value("divisor", *NUMERIC),
    name="mod",
)
def modulo(found: Any, divisor: Any) -> Decimal | None:
    """The remainder."""
    left, right = number(found), number(divisor)
    if left is None or right is None:
        return None
    if not right:
        raise BadValueError("division-by-zero", f"`{shown(left)}` is divided by zero", left)
    return _WIDE.remainder(left, right)


def _all_numbers(found: Any, others: Iterable[Any], field: str = "") -> list[Decimal]:
    listed = list(items_of(found) or ()) if isinstance(found, (list, tuple)) else [found]
    if field:
        listed = [at_path(each, field) for each in listed]
    return [exact for exact in map(number, (*listed, *others)) if exact is not None]


@_add(
    _LISTED,
    "number",
    Text("The smallest of several numbers, or of a list's.", "多个数或列表中最小的数。"),
    Example("price | min(10)", {"price": "12.5"}, "10"),
    value("other", required=False, many=True),
    name="min",
)
def smallest(found: Any, *others: Any) -> Decimal | None:
    """The smallest number; empty ones do not count."""
    return min(_all_numbers(found, others), default=None)


@_add(
    _LISTED,
    "number",
    Text("The largest of several numbers, or of a list's.", "多个数或列表中最大的数。"),
    Example("prices | max", {"prices": ["2", 10, None]}, "10"),
    value("other", required=False, many=True),
    name="max",
)
def largest(found: Any, *others: Any) -> Decimal | None:
    """The largest number; empty ones do not count."""
    return max(_all_numbers(found, others), default=None)


@_add(
    ITEMS,
    "number",
    Text(
        "The sum of a list's numbers, or of a field of its items; empty ones do not count.",
        "列表各项（或各项某字段）之和，空值不计。",
    ),
    Example("items | sum(amount)", {"items": [{"amount": "1.10"}, {"amount": 2}, {}]}, "3.1"),
    word("field", required=False),
    name="sum",
)
def total(found: Any, field: str = "") -> Decimal | None:
    """The exact sum; None for a list without numbers."""
    result: Decimal | None = None
    for each in _all_numbers(items_of(found) or (), (), field):
        result = each if result is None else add(result, each)
    return result


@_add(
    ITEMS,
    "number",
    Text(
        "The average of a list's numbers, or of a field of its items; empty ones do not count.",
        "列表各项（或各项某字段）的平均值，空值不计。",
    ),
    Example("items | avg(amount)", {"items": [{"amount": 1}, {"amount": 2}]}, "1.5"),
    word("field", required=False),
    name="avg",
)
def average(found: Any, field: str = "") -> Decimal | None:
    """The average to 34 significant digits."""
    numbers = _all_numbers(items_of(found) or (), (), field)
    return div(total(numbers), len(numbers)) if numbers else None


_D = Decimal
UNITS: Mapping[str, Mapping[str, Decimal]] = {
    "money": {"分": _D("0.01"), "角": _D("0.1"), "元": _D(1), "千元": _D(1000), "万元": _D(10**4), "百万元": _D(10**6), "千万元": _D(10**7), "亿元": _D(10**8)},
    "count": {"个": _D(1), "打": _D(12), "百": _D(100), "千": _D(1000), "万": _D(10**4), "百万": _D(10**6), "亿": _D(10**8)},
    "mass": {"mg": _D("0.001"), "g": _D(1), "kg": _D(1000), "t": _D(10**6), "lb": _D("453.59237"), "oz": _D("28.349523125"),
             "克": _D(1), "斤": _D(500), "公斤": _D(1000), "千克": _D(1000), "吨": _D(10**6)},
    "length": {"mm": _D("0.001"), "cm": _D("0.01"), "dm": _D("0.1"), "m": _D(1), "km": _D(1000), "inch": _D("0.0254"), "ft": _D("0.3048"),
               "毫米": _D("0.001"), "厘米": _D("0.01"), "米": _D(1), "千米": _D(1000), "公里": _D(1000)},
    "area": {"mm2": _D("0.000003"), "cm2": _D("0.0003"), "m2": _D(3), "km2": _D(3 * 10**6), "平方米": _D(3), "公顷": _D(3 * 10**4), "亩": _D(2000)},
    "volume": {"ml": _D("0.001"), "l": _D(1), "m3": _D(1000), "毫升": _D("0.001"), "升": _D(1), "立方米": _D(1000)},
    "time": {"ms": _D("0.001"), "s": _D(1), "min": _D(60), "h": _D(3600), "d": _D(86400), "秒": _D(1), "分钟": _D(60), "小时": _D(3600), "天": _D(86400), "周": _D(604800)},
    "data": {"B": _D(1), "KB": _D(1024), "MB": _D(1024**2), "GB": _D(1024**3), "TB": _D(1024**4)},
    "power": {"W": _D(1), "kW": _D(1000), "MW": _D(10**6)},
    "energy": {"kWh": _D(1), "MWh": _D(1000), "度": _D(1)},
}  # fmt: skip
# Each factor is exact: areas are in thirds of a square metre, for 亩 is 2000 of them.
_UNIT = {name: (kind, factor) for kind, units in UNITS.items() for name, factor in units.items()}


def unlike_units(words: Mapping[str, list[str]]) -> Text | None:
    """Why two units cannot be turned into each other."""
    one, two = words["from"][0], words["to"][0]
    kinds = [_UNIT[each][0] for each in (one, two) if each in _UNIT]
    if len(set(kinds)) < 2:
        return None
    names = ", ".join(UNITS[kinds[0]])
    return Text(
        f"{one} is {kinds[0]} and {two} is {kinds[1]} (units of {kinds[0]}: {names})",
        f"{one} 与 {two} 不是同类单位（与 {one} 同类：{names}）",
    )


@_add(
    NUMERIC,
    "number",
    Text(
        "From one unit to another: 元/万元/亿元, kg/g/t/斤, m/cm/mm, m2/亩, l/ml, h/min/s, MB/GB; exact where it can be, to 34 digits.",
        "单位换算：元/万元/亿元、kg/g/t/斤、m/cm/mm、m2/亩、l/ml、h/min/s、MB/GB；尽可能精确，至 34 位有效数字。",
    ),
    Example("amount | unit(万元, 元)", {"amount": "1.25"}, "12500"),
    word("from", *_UNIT),
    word("to", *_UNIT),
    check=unlike_units,
)
def unit(found: Any, from_: str, to: str) -> Decimal | None:
    """A number of one unit as a number of another."""
    result = mul(found, _UNIT[from_][1])
    return None if result is None else div(result, _UNIT[to][1])


@_add(
    NUMERIC,
    "text",
    Text(
        "A number written with just so many digits after the point, with commas if `grouped`.",
        "按固定小数位写成文本，写 `grouped` 则加千分位。",
    ),
    Example("price | fixed(2, grouped)", {"price": "1234.5"}, "1,234.50"),
    count("digits"),
    word("grouped", "grouped", required=False),
)
def fixed(found: Any, digits: Any, grouped: str = "") -> str | None:
    """A number as text, rounded half up to ``digits`` after the point."""
    exact = number(found)
    if exact is None:
        return None
    size = whole(digits, "count of digits", 0, 30)
    result = exact.quantize(_STEPS[size], decimal.ROUND_HALF_UP, _WIDE)
    return format(result if result else result.copy_abs(), ",f" if grouped else "f")


@_add(
    NUMERIC,
    "number",
    Text(
        "A number written with other signs: its point, and what groups its digits.",
        "按指定的小数点和分组符号读取数值。",
    ),
    Example('price | written_number(",", ".")', {"price": "1.234,5"}, "1234.5"),
    quoted("point"),
    quoted("group", required=False),
)
def written_number(found: Any, point: str, group: str = "") -> Decimal | None:
    """A number in the spelling of some country; groups have three digits each, before the point only."""
    if found.__class__ is not str:
        return number(found)
    text = (text_of(found, 200) or "").strip()
    before, mark, after = text.partition(point) if point else (text, "", "")
    if group and group in before:
        first, *rest = before.lstrip("+-").split(group)
        if not 1 <= len(first) <= 3 or any(len(each) != 3 for each in rest):
            raise BadValueError("not-a-number", f"`{shown(text)}` is no number with `{group}` between thousands", text)
        before = before.replace(group, "")
    if any(not char.isdigit() and char not in "+-" for char in before) or (mark and not after.isdigit()):
        raise BadValueError("not-a-number", f"`{shown(text)}` is no number with the point `{point}`", text)
    return number(f"{before}.{after}" if mark else before)

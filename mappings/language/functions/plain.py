"""Functions that every mapping uses: types, blanks, letters, defaults."""

from __future__ import annotations

from typing import Any

from mappings.language import cleaning, pieces, values
from mappings.language.functions.registry import ONE, TEXTUAL, Example, Topic, quoted, value
from mappings.language.values import empty
from tongmai.core.text import Text

TOPIC = Topic(Text("Types, blanks and empty values", "类型、空白与空值"))
_add = TOPIC.add

_add(ONE, "text", Text("The value as text.", "转为文本。"), Example("code | text", {"code": 7}, "7"), name="text")(
    values.raw_text
)
_add(
    TEXTUAL,
    "text",
    Text("Text without blanks at its ends.", "去掉首尾空白。"),
    Example("name | trim", {"name": "  Acme "}, "Acme"),
)(cleaning.trim)
_add(TEXTUAL, "text", Text("Small letters.", "转为小写。"), Example("state | lower", {"state": "OPEN"}, "open"))(
    cleaning.lower
)
_add(TEXTUAL, "text", Text("Capital letters.", "转为大写。"), Example("code | upper", {"code": "ab1"}, "AB1"))(
    cleaning.upper
)
_add(
    TEXTUAL,
    "number",
    Text("An exact number.", "精确数值。"),
    Example("amount | decimal", {"amount": "1100.40"}, "1100.4"),
    name="decimal",
)(values.number)
_add(
    TEXTUAL,
    "integer",
    Text("A whole number.", "整数。"),
    Example("staff | integer", {"staff": "12"}, 12),
    name="integer",
)(values.to_integer)
_add(
    ("text", "boolean", "number", "integer"),
    "boolean",
    Text(
        "True or false from true/false, yes/no, 1/0, 是/否, 有/无, 启用/停用.",
        "真假值：true/false、yes/no、1/0、是/否、有/无、启用/停用。",
    ),
    Example("active | boolean", {"active": "是"}, True),
    name="boolean",
)(values.to_boolean)
_add(
    (),
    "",
    Text("Another value where this one is empty.", "为空时取另一个值。"),
    Example('country | default("中国")', {"country": ""}, "中国"),
    value("value"),
)(pieces.default)
_add(
    TEXTUAL,
    "text",
    Text(
        "Our own short code: the prefix and 12 characters (A–Z, 2–7) of the value's hash; always the same.",
        "我方短编码：前缀加 12 位（A–Z、2–7）散列；同一取值永远得到同一编码。",
    ),
    Example('id | number("C")', {"id": "6f7b1d6e-2c0a-5d0e-9a50-746f6e676d61"}, "CPGO4QVHADYUU"),
    quoted("prefix", required=False),
    name="number",
)(pieces.number_code)


@_add(
    (),
    "",
    Text("The first of several values that is not empty.", "多个值中第一个非空的。"),
    Example("mobile | coalesce(tel, phone)", {"mobile": " ", "tel": None, "phone": "12"}, "12"),
    value("value", many=True),
)
def coalesce(first: Any, *others: Any) -> Any:
    """``first``, or the first of ``others`` that is not empty."""
    if not empty(first):
        return first
    return next((each for each in others if not empty(each)), None)


@_add(
    (),
    "same",
    Text(
        "Nothing where the value is one of these: what a system writes instead of leaving a field empty.",
        "取值为其中之一时视为空：有的系统不留空而写占位值。",
    ),
    Example('tel | empty_if("无", "-", "0")', {"tel": "无"}, None),
    value("value", many=True),
)
def empty_if(found: Any, *words: Any) -> Any:
    """None for a value that stands for nothing."""
    if isinstance(found, (list, tuple, dict)) or found is None:
        return found
    bare = (values.raw_text(found) or "").strip()
    return None if any(each is not None and values.raw_text(each) == bare for each in words) else found

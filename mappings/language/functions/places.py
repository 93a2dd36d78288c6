"""Functions on Chinese addresses: the levels of a written one."""

from __future__ import annotations

from typing import Any

from mappings.language.functions.given import text_of
from mappings.language.functions.registry import TEXTUAL, Example, Topic, word
from masterdata.normal.places import levels
from tongmai.core.text import Text

TOPIC = Topic(Text("Addresses", "地址"))
MAX_ADDRESS = 500


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

"""Functions on Chinese texts: widths, traditional to simplified, pinyin."""

from __future__ import annotations

import unicodedata
from typing import Any

from mappings.language import cleaning
from mappings.language.functions.given import text_of
from mappings.language.functions.registry import TEXTUAL, Example, Topic, word
from masterdata.normal import script
from tongmai.core.text import Text

TOPIC = Topic(Text("Chinese texts", "中文文本"))
_add = TOPIC.add
MAX_NFKC = 200_000
MAX_PINYIN = 2000
_HALF = str.maketrans({0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20})
_FULL = str.maketrans({0x21 + offset: 0xFF01 + offset for offset in range(94)} | {0x20: 0x3000})

_add(
    TEXTUAL,
    "text",
    Text(
        "A company's name with widths, brackets, blanks and glued notes (老客户, 停用, VIP) put in order.",
        "规范企业名称：全半角、各种括号、空格，并去掉粘在后面的备注（老客户、停用、VIP 等）。",
    ),
    Example("name | company_name", {"name": "上海拓金生物科技（有限公司） 老客户"}, "上海拓金生物科技有限公司"),
)(cleaning.company_name)


@_add(
    TEXTUAL,
    "text",
    Text("Full-width letters, digits and signs as half-width ones.", "全角字母、数字、符号转半角。"),
    Example("code | half_width", {"code": "ＡＢ－１２（３）"}, "AB-12(3)"),
)
def half_width(value: Any) -> str | None:
    """ASCII for its full-width forms; other characters stay."""
    text = text_of(value)
    return text if text is None or text.isascii() else text.translate(_HALF)


@_add(
    TEXTUAL,
    "text",
    Text("Letters, digits and signs as full-width ones.", "半角字母、数字、符号转全角。"),
    Example("code | full_width", {"code": "AB-12"}, "ＡＢ－１２"),
)
def full_width(value: Any) -> str | None:
    """Full-width forms for ASCII."""
    text = text_of(value)
    return None if text is None else text.translate(_FULL)


@_add(
    TEXTUAL,
    "text",
    Text(
        "Unicode's compatibility form (NFKC): widths, circled digits, units and ligatures as plain characters.",
        "Unicode 兼容规范化（NFKC）：全角、带圈数字、单位符号、连字等转为普通字符。",
    ),
    Example("code | nfkc", {"code": "①㎏ﬁ"}, "1kgfi"),
)
def nfkc(value: Any) -> str | None:
    """The compatibility form."""
    text = text_of(value, MAX_NFKC)
    return text if text is None or text.isascii() else unicodedata.normalize("NFKC", text)


@_add(
    TEXTUAL,
    "text",
    Text("Traditional Chinese as simplified Chinese.", "繁体转简体。"),
    Example("name | simplified", {"name": "臺灣積體電路製造股份有限公司"}, "台湾积体电路制造股份有限公司"),
    library="opencc-python-reimplemented",
)
def simplified(value: Any) -> str | None:
    """Simplified characters; phrases first, as OpenCC has them."""
    text = text_of(value)
    return None if text is None else script.simplified(text)


@_add(
    TEXTUAL,
    "text",
    Text(
        "Chinese characters as pinyin without tones: words with blanks, joined, or the first letters; others stay.",
        "汉字转不带声调的拼音：words 以空格分开，joined 连写，initials 取首字母；其他字符不变。",
    ),
    Example("name | pinyin(initials)", {"name": "上海拓金"}, "shtj"),
    word("style", "words", "joined", "initials", required=False),
    library="pypinyin",
)
def pinyin(value: Any, style: str = "words") -> str | None:
    """Pinyin without tones; a character with several readings by the phrase it is in."""
    text = text_of(value, MAX_PINYIN)
    if text is None or text.isascii():
        return text
    return script.pinyin(text, style) if len(text) <= 100 else script.pinyin.__wrapped__(text, style)

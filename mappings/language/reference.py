"""The reference page of the functions, made from the registry: ``python -m mappings.language.reference > page``."""

from __future__ import annotations

import json
import sys

from mappings.language.dates import TOKENS
from mappings.language.functions import ALL

_DIRECTION = {"in": "inbound 读入", "out": "outbound 写出", "both": ""}


def page() -> str:
    """Markdown, English and Chinese."""
    lines = [
        "# Mapping functions / 映射函数",
        "",
        "Made from the registry; do not edit. 由函数注册表生成，请勿手工修改。",
        "",
        "A value runs through functions with `|`: `name | trim | upper`. An empty value stays empty.",
        "值用 `|` 依次经过函数；空值保持为空。",
        "",
        "| Function 函数 | English | 中文 | Example 示例 |",
        "|---|---|---|---|",
    ]
    for each in ALL:
        side = _DIRECTION[each.direction]
        signature = f"`{each.signature}`" + (f" ({side})" if side else "")
        given = json.dumps(each.example.given, ensure_ascii=False)
        gives = json.dumps(each.example.gives, ensure_ascii=False)
        shown = f"`{each.example.expression}` · {given} → {gives}".replace("|", "\\|")
        lines.append(f"| {signature} | {each.doc.en} | {each.doc.zh} | {shown} |")
    tokens = ", ".join(f"`{token}`" for token in TOKENS)
    lines += [
        "",
        f"Date tokens 日期记号: {tokens}. `YY` is 2000–2099 (`YY` 表示 2000–2099). Every other sign stands for itself.",
        "",
        "## Operators / 运算符",
        "",
        "`+ - * /` (exact decimals; `/` to 34 digits), `+` joins texts, `== != < <= > >=`, `in`, `and or not`, `a if c else b`,",
        '`a.b`, `a[0]`, `a["key"]`, `field("any name")`, `[a, b]`. There are no loops and no floats.',
        "数值为精确十进制；`+` 也可连接文本；没有循环，没有浮点数。",
        "",
        "`x == None` asks whether a value is empty (missing, null or blank). `x == None` 判断是否为空（缺失、null 或空白）。",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())

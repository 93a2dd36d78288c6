"""The reference pages of the language, made from its registries: ``python -m mappings.language.reference [language] > page``."""

from __future__ import annotations

import json
import sys

from mappings.language.constructs import CONSTRUCTS, ENTITY, Construct
from mappings.language.dates import TOKENS
from mappings.language.functions import TOPICS, Function

_DIRECTION = {"in": "inbound 读入", "out": "outbound 写出", "both": ""}


def _row(each: Function) -> str:
    side = _DIRECTION[each.direction]
    signature = f"`{each.signature}`" + (f" ({side})" if side else "")
    given = json.dumps(each.example.given, ensure_ascii=False)
    gives = json.dumps(each.example.gives, ensure_ascii=False)
    cells = (signature, each.doc.en, each.doc.zh, f"`{each.example.expression}` · {given} → {gives}")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


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
    ]
    for topic in TOPICS:
        lines += [
            f"## {topic.title.en} / {topic.title.zh}",
            "",
            "| Function 函数 | English | 中文 | Example 示例 |",
            "|---|---|---|---|",
            *map(_row, topic.functions),
            "",
        ]
    tokens = ", ".join(f"`{token}`" for token in TOKENS)
    lines += [
        "",
        f"Date tokens 日期记号: {tokens}. `YY` is 2000–2099 (`YY` 表示 2000–2099). Every other sign stands for itself.",
        "",
        "Regular expressions are RE2's: no look-around, no back references, time that grows with the text only.",
        "正则表达式采用 RE2 语法：没有环视和反向引用，耗时只随文本长度增长。",
        "",
        "## Tables, rates, calendars / 对照表、汇率、日历",
        "",
        "`lookup` and `exchange` read the system's `terms.yaml`; calendars are files of their own, `calendars/<name>.yaml` in a site,",
        "`mappings/calendars/` in the product (`china`: 2024–2026). A year that a calendar does not list is a bad value, never a guess.",
        "`lookup` 与 `exchange` 读取本系统的 `terms.yaml`；日历为单独文件：站点中为 `calendars/<名称>.yaml`，产品自带",
        "`mappings/calendars/`（`china`：2024–2026 年）。日历未列出的年份为坏值，不会猜测。",
        "",
        "```yaml",
        "plants:",
        '  table: {"1100": {name: 苏州一厂, city: 苏州}}',
        "group_rates:",
        "  rates: {USD: 7.125, HKD: 0.91}   # one unit in base / 一单位折合 base",
        "  base: CNY",
        "```",
        "",
        "```yaml",
        "calendar: plant",
        "label: {zh: 工厂, en: Plant}",
        "weekend: [7]",
        "years: [2026]",
        "off: [2026-01-01 .. 2026-01-03]",
        "work: [2026-01-04]",
        "```",
        "",
        "## Operators / 运算符",
        "",
        "`+ - * /` (exact decimals; `/` to 34 digits), `+` joins texts, `== != < <= > >=`, `in`, `and or not`, `a if c else b`,",
        '`a.b`, `a[0]`, `a["key"]`, `field("any name")`, `[a, b]`, `[a for one in list if c]`. There are no floats.',
        "数值为精确十进制；`+` 也可连接文本；没有浮点数。",
        "",
        "`x == None` asks whether a value is empty (missing, null or blank). `x == None` 判断是否为空（缺失、null 或空白）。",
        "",
    ]
    return "\n".join(lines)


def language_page() -> str:
    """Markdown of the constructs, English and Chinese, each with the example that its test runs."""
    lines = [
        "# Mapping language / 映射语言",
        "",
        "Made from the registry of constructs, whose examples are tests; do not edit. 由构造注册表生成，示例即测试，请勿手工修改。",
        "Functions: [mapping-functions.md](mapping-functions.md). 函数见 [mapping-functions.md](mapping-functions.md)。",
        "",
        "The examples map into this entity, with `stage` values 1, 2, 9 at the source / 示例使用如下实体，来源中 `stage` 的取值为 1、2、9：",
        "",
        "```yaml",
        *ENTITY.strip().splitlines(),
        "```",
        "",
    ]
    for each in CONSTRUCTS:
        lines += [f"## {each.name.en} / {each.name.zh}", "", each.doc.en, "", each.doc.zh, ""]
        for name, text in each.files.items():
            lines += [f"`{name}`", "", *_block("csv" if name.endswith(".csv") else "yaml", text)]
        lines += _block("yaml", each.mapping())
        given = json.dumps(each.given, ensure_ascii=False)
        lines += [f"`{given}`", f"→ `{_outcome(each)}`", ""]
    return "\n".join(lines)


def _block(kind: str, text: str) -> list[str]:
    return [f"```{kind}", *text.strip().splitlines(), "```", ""]


def _outcome(each: Construct) -> str:
    if each.left_out:
        return "left out / 被排除"
    parts = [json.dumps(each.gives, ensure_ascii=False)] if each.gives else []
    parts += [f"error / 错误 {each.error[0]}: {each.error[1]}"] if each.error[0] else []
    parts += [f"finding / 质量问题 {each.finding[0]}: {each.finding[1]}"] if each.finding[0] else []
    return "; ".join(parts)


if __name__ == "__main__":
    sys.stdout.write(language_page() if "language" in sys.argv[1:] else page())

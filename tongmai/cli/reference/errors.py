"""The page of error codes."""

from __future__ import annotations

from tongmai.cli.reference import NOTE_EN, NOTE_ZH
from tongmai.core.codes import AREAS
from tongmai.core.text import Text

_HEAD = Text(
    "An error says what failed, why (what came and what is allowed) and what to do next; the code in brackets is for machines "
    "and for this page. `…` stands for a number or word of the other side.\n\n"
    "Codes **with a dot** (`mapping.unknown-term-list`, `yaml.duplicate-key`) are mistakes in files. They come with file, line, "
    "column, an excerpt and a suggestion, all at once; the part before the dot is the kind of file: `yaml` (any), `connection`, "
    "`connector`, `entity`, `terms`, `valuemap`, `mapping`, `sync`; [findings](findings.md) explains each. The code of an entity's own rule is what its `rules:` say.",
    "错误会说明什么失败、为什么（收到什么、允许什么）以及下一步；方括号中的代码供程序和本页使用。`…` 代表对方给出的数字或词。\n\n"
    "**带点的代码**（`mapping.unknown-term-list`、`yaml.duplicate-key`）是文件中的错误，一次列出全部，附文件、行、列、原文和建议；"
    "点号前是文件种类：`yaml`（任意）、`connection`、`connector`、`entity`、`terms`、`valuemap`、`mapping`、`sync`；逐条说明见[文件检查规则](findings.zh-CN.md)。"
    "实体自有规则的代码由其 `rules:` 决定。",
)


def page() -> str:
    """Markdown in the reader's language."""
    lines = ["# " + str(Text("Error codes", "错误代码")), "", str(Text(NOTE_EN, NOTE_ZH)), "", str(_HEAD), ""]
    for title, codes in AREAS:
        lines += [
            f"## {title}",
            "",
            f"| {Text('Code', '代码')} | {Text('Meaning, and what to do', '含义与处理')} |",
            "|---|---|",
        ]
        lines += [f"| `{code}` | {str(text).replace('|', chr(92) + '|')} |" for code, text in sorted(codes.items())]
        lines.append("")
    return "\n".join(lines)

"""What can be wrong with a YAML file of any kind."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

YAML = Rules("yaml")
YAML.add(
    "syntax",
    "The file is not valid YAML, so nothing in it can be read.",
    "文件不是合法的 YAML，无法读取。",
    "fields: {name: title",
    "fields: {name: title}",
    "Look at the place of the mark: mostly a bracket, a quote or the indentation.",
    "查看标记处：通常是括号、引号或缩进。",
)
YAML.add(
    "duplicate-key",
    "A key stands twice in one place; only one could count.",
    "同一处的键重复，只有一个会生效。",
    "fields:\n  name: title\n  name: label",
    "fields:\n  name: title\n  note: label",
    "Remove or rename one of them.",
    "请删除或改名其中一个。",
)
YAML.add(
    "key",
    "A key is a list or an object; keys are plain text.",
    "键是列表或对象；键必须是文本。",
    "fields: {[a, b]: title}",
    "fields: {name: title}",
    "Write a plain name.",
    "请写普通名称。",
)
YAML.add(
    "empty",
    "There is nothing in the file.",
    "文件是空的。",
    "# only a comment",
    "mapping: acme/customer\n…",
    "Fill it or delete it.",
    "请填写内容或删除文件。",
)
YAML.add(
    "encoding",
    "The file is not UTF-8.",
    "文件不是 UTF-8 编码。",
    "(a file saved as GBK)",
    "(the same, saved as UTF-8)",
    "Save it as UTF-8.",
    "请另存为 UTF-8。",
)
YAML.add(
    "too-deep",
    "Values are nested deeper than any of our files needs.",
    "嵌套层数超过任何文件所需。",
    "a: {b: {c: …60 more…}}",
    "a: {b: {c: 1}}",
    "Look for a bracket that was never closed.",
    "请检查是否有未闭合的括号。",
)

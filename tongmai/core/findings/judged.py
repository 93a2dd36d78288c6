"""What can be wrong with the rules of data quality."""

from __future__ import annotations

from tongmai.core.findings.rule import Rules

QUALITY = Rules("dataquality")

QUALITY.of_model(
    ("quality: customer\ncompletness: {uscc: 3}", "quality: customer\ncompleteness: {uscc: 3}"),
    ("timeliness:\n  confirmed: {weight: 2}", "timeliness:\n  confirmed: {within: 1 year, weight: 2}"),
    ("completeness: {uscc: -1}", "completeness: {uscc: 3}"),
)
QUALITY.add(
    "unknown", "There is no entity of this name.", "没有该实体。",
    "quality: custmer", "quality: customer", "Correct the name.", "请改正名称。",
)  # fmt: skip
QUALITY.add(
    "unknown-field", "The entity has no such field.", "实体没有该字段。",
    "completeness: {legal_nam: 3}", "completeness: {legal_name: 3}",
    "Correct the name; a rule of another name says its fields with `any` or `of`.", "请改正名称；规则另取名称时，用 `any` 或 `of` 写明字段。",
)  # fmt: skip
QUALITY.add(
    "unknown-test", "Nothing of this kind can be so.", "该种类的取值没有这种情况。",
    "name: {as: person, never: maskd}", "name: {as: person, never: masked}", "Use a word that the message lists.", "请使用提示中列出的词。",
)  # fmt: skip
QUALITY.add(
    "unknown-rule", "`without` names a rule that the entity has not.", "`without` 所列的规则不存在。",
    "without: [completeness.usc]", "without: [completeness.uscc]", "Correct the name: `dimension.rule`.", "请改正名称：`维度.规则`。",
)  # fmt: skip
QUALITY.add(
    "kind", "A field of this type cannot be asked that.", "该类型的字段不适用此项检查。",
    "validity: {city: {least: 0}}", "validity: {revenue: {least: 0}}", "Use `matches` for texts; single values for `uniqueness`.",
    "文本请用 `matches`；`uniqueness` 只用于单个值。", replaces=False,
)  # fmt: skip
QUALITY.add(
    "extends-nothing", "The file adds to rules that there are not.", "所要扩充的规则不存在。",
    "quality: our_entity\nextends: true", "quality: our_entity", "Take `extends` out.", "请去掉 `extends`。", replaces=False,
)  # fmt: skip
QUALITY.add(
    "not-matched", "Doubles are asked for where records are not compared.", "未作匹配的实体无法检查疑似重复。",
    "quality: ticket\nuniqueness: {twins: 2}", "quality: ticket\nuniqueness: {number: 2}", "Write matching.yaml, or take the rule out.",
    "请编写 matching.yaml，或去掉该规则。", replaces=False,
)  # fmt: skip

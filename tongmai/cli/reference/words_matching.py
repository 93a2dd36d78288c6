"""What the keys of ``matching.yaml`` mean."""

from __future__ import annotations

from tongmai.core.text import Text

MATCHING_WORDS: dict[str, Text] = {
    "MatchingRules.matching": Text("The entity whose records are compared.", "要比较其记录的实体。"),
    "MatchingRules.like": Text(
        "An entity whose rules and weights are taken; what this file says itself is added or comes instead.",
        "沿用其规则和权重的实体；本文件自己写的内容在其上增加或取代。",
    ),
    "MatchingRules.compare": Text(
        "What is compared, by a name of your own; what each level weighs is learnt (`tongmai match train`).",
        "比较项，名称自定；各级别的权重由 `tongmai match train` 学习得到。",
    ),
    "MatchingRules.block": Text(
        "Keys by which candidates are found: `comparison.key`, several joined by ` + `. Two records that share one are compared.",
        "查找候选的键：`比较项.键`，多个用 ` + ` 连接。共有某个键的两条记录才会比较。",
    ),
    "MatchingRules.never": Text(
        "Levels that forbid a merge whatever else agrees, by comparison.",
        "按比较项列出的否决级别：其他再一致也不合并。",
    ),
    "MatchingRules.thresholds": Text("From which weight what is done.", "达到多少权重时如何处理。"),
    "MatchingRules.generic": Text(
        "A key that more records have is generic, as a bookkeeper's telephone: it is no reason to compare them.",
        "超过此数量的记录共有的键视为通用键（如代账公司电话），不再作为比较依据。",
    ),
    "Comparison.as": Text("The kind of comparison.", "比较方式。"),
    "Comparison.of": Text(
        "The fields it reads: one, several, or by the kind's parts, as `{mail: email, site: website}`.",
        "读取的字段：一个、多个，或按组成部分书写，如 `{mail: email, site: website}`。",
    ),
    "Thresholds.merge": Text(
        "Bits from which two records are one without anybody being asked.", "达到该比特数即自动合并。"
    ),
    "Thresholds.likely": Text(
        "Bits from which a migration takes them for one where nobody will review.",
        "无人复核的迁移中，达到该比特数即视为同一实体。",
    ),
    "Thresholds.review": Text("Bits from which a person is asked.", "达到该比特数则请人复核。"),
}

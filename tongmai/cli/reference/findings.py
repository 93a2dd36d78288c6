"""The page of findings: every rule about files, and one rule for `tongmai check --explain`."""

from __future__ import annotations

from tongmai.cli.reference import NOTE_EN, NOTE_ZH
from tongmai.core.findings import AREAS, RULES, FindingRule
from tongmai.core.text import Text

_HEAD = Text(
    "`tongmai check` finds these in the files of the product and the sites before anything runs: all at once, each with file, "
    "line, column, the marked place and, where one is near, a suggestion. `tongmai check --explain CODE` prints an entry.",
    "`tongmai check` 在运行之前检查产品和站点的文件，一次列出全部，附文件、行、列、标记位置和可能的建议。"
    "`tongmai check --explain 代码` 显示单条说明。",
)
_AREAS = {
    "yaml": Text("Any YAML file", "任意 YAML 文件"),
    "mapping": Text("A mapping and its tests", "映射及其测试"),
    "fragment": Text("fragments.yaml", "fragments.yaml"),
    "variable": Text("variables.yaml", "variables.yaml"),
    "table": Text("Tables", "对照表"),
    "valuemap": Text("Value maps (terms.yaml of a system)", "取值对照（系统的 terms.yaml）"),
    "calendar": Text("Calendars", "日历"),
    "sync": Text("Syncs, alone and together", "同步，单个及相互之间"),
    "entity": Text("Entities", "实体"),
    "matching": Text("Matching rules", "匹配规则"),
    "survivorship": Text("Survivorship", "取值规则"),
    "dataquality": Text("Rules of data quality", "数据质量规则"),
    "terms": Text("Term lists", "词表"),
    "dictionary": Text("Terms that a site adds", "站点增加的词条"),
    "kpi": Text("KPIs", "指标"),
    "connection": Text("Connections", "连接"),
    "schema": Text("Discovered schemas", "系统自述的结构"),
}


def page() -> str:
    """Markdown in the reader's language."""
    lines = ["# " + str(Text("Findings", "文件检查规则")), "", str(Text(NOTE_EN, NOTE_ZH)), "", str(_HEAD), ""]
    for area in AREAS:
        lines += [f"## {_AREAS[area]}", ""]
        for rule in RULES.values():
            if rule.area == area:
                lines += [f"### {rule.code}", "", entry(rule), ""]
    return "\n".join(lines)


def entry(rule: FindingRule) -> str:
    """One rule: meaning, examples, what to do."""
    return "\n".join(
        [
            str(rule.meaning),
            "",
            f"{Text('Wrong', '错误')}:",
            "",
            *(f"    {line}" for line in rule.wrong.splitlines()),
            "",
            f"{Text('Right', '正确')}:",
            "",
            *(f"    {line}" for line in rule.right.splitlines()),
            "",
            f"{Text('Mend', '处理')}: {rule.mend}",
        ]
    )

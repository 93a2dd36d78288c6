"""``docs/reference/rules``: a page for each rule of the contract suite, and their list."""

from __future__ import annotations

import sys
from pathlib import Path

from connectors import registry
from connectors.testing.contract import suite
from connectors.testing.contract.quality import Standing
from connectors.testing.contract.rule import FEATURES, RULES, TIER_WORDS, TIERS, Rule
from tongmai.cli.reference.catalogue import STATES


def pages() -> dict[str, str]:
    """File name → text, both languages on each page."""
    stands = {name: suite.standings(name) for name in registry.names()}
    found = {f"{each.id}.md": _page(each, stands) for each in RULES.values()}
    return {"README.md": _index(), **found}


def _index() -> str:
    lines = [
        "# Rules of the contract suite 契约测试规则",
        "",
        "`tongmai connector test NAME` proves each rule against the connector's simulator. A connector has a tier when it keeps every",
        "rule of that tier and of those below, or is exempt with a reason (`quality.yaml`).",
        "",
        "`tongmai connector test NAME` 用连接器的模拟器验证每条规则。某一等级及以下的规则全部通过或有理由豁免（`quality.yaml`），连接器即达到该等级。",
    ]
    for tier in TIERS:
        rules = [each for each in RULES.values() if each.tier == tier]
        if not rules:
            continue
        lines += ["", f"## {TIER_WORDS[tier].en} {TIER_WORDS[tier].zh}", "", "| Rule 规则 | |", "|---|---|"]
        lines += [f"| [`{each.id}`]({each.id}.md) | {each.title.en}<br>{each.title.zh} |" for each in rules]
    return "\n".join(lines) + "\n"


def _page(rule: Rule, stands: dict[str, dict[str, Standing]]) -> str:
    tier = TIER_WORDS[rule.tier]
    lines = [
        f"# {rule.id}",
        "",
        f"**{rule.title.en}**  ",
        f"**{rule.title.zh}**",
        "",
        f"Tier 等级: {tier.en} {tier.zh}",
        "",
        f"Why: {rule.why.en}",
        "",
        f"理由：{rule.why.zh}",
        "",
    ]
    if rule.needs:
        needs = [FEATURES[need] for need in rule.needs]
        lines += [
            f"Only for a connector where {'; '.join(each.en for each in needs)}.",
            "",
            f"仅适用于{'；'.join(each.zh for each in needs)}的连接器。",
            "",
        ]
    lines += [
        f"Try it 运行: `tongmai connector test NAME {rule.id}`",
        "",
        "| Connector 连接器 | Stands 状态 | Reason 理由 |",
        "|---|---|---|",
    ]
    for name, standings in stands.items():
        each = standings[rule.id]
        word = STATES[each.state]
        reason = f"{each.reason}<br>{each.reason_zh}" if each.reason else ""
        lines.append(f"| {name} | {word.en} {word.zh} | {reason} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")

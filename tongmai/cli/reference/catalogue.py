"""``docs/reference/connectors.md``: every connector with its tier and what it can promise."""

from __future__ import annotations

from connectors import registry
from connectors.testing.contract import suite
from connectors.testing.contract.quality import Standing
from connectors.testing.contract.rule import RULES, TIER_WORDS
from tongmai.core.text import Text, language
from tongmai.sync.guarantee import GUARANTEE_WORDS, of_target

STATES = {
    "done": Text("kept", "通过"),
    "exempt": Text("exempt", "豁免"),
    "todo": Text("to do", "待办"),
    "not for this": Text("does not apply", "不适用"),
}


def page() -> str:
    """The page, in the language of the environment."""
    lines = [
        f"# {Text('Connectors', '连接器')}",
        "",
        str(
            Text(
                "Made from the manifests and `quality.yaml` files by `make docs`. The tier is proved by `tongmai connector test`; "
                "what each rule asks stands under [rules](rules/README.md). The guarantee is the best that a target allows; what a "
                "sync really has is shown by `tongmai guarantee`.",
                "由 `make docs` 根据清单和 `quality.yaml` 生成。等级由 `tongmai connector test` 验证，规则见 [规则](rules/README.md)。"
                "保证一栏是目标所能允许的最高保证；同步的实际保证见 `tongmai guarantee`。",
            )
        ),
        "",
        f"| {Text('Connector', '连接器')} | {Text('Tier', '等级')} | {Text('Rules kept', '通过的规则')} | {Text('Reads', '读')} | {Text('Writes', '写')} |",
        "|---|---|---|---|---|",
    ]
    names = registry.names()
    for name in names:
        manifest = registry.manifest(name)
        stands = suite.standings(name)
        own = str(Text("as its settings say", "由设置决定"))
        reads = ", ".join(manifest.streams) or (own if manifest.streams_from_settings else "-")
        writes = ", ".join(f"{each} ({GUARANTEE_WORDS[of_target(write)]})" for each, write in manifest.writes.items())
        label = getattr(manifest.label, language())
        lines.append(
            f"| `{name}` {label} | {TIER_WORDS[suite.tier_of(name)]} | {_count(stands)} | {reads} | {writes or '-'} |"
        )
    for name in names:
        lines += ["", f"## {name}", "", *_open_rules(suite.standings(name))]
    return "\n".join(lines) + "\n"


def _count(stands: dict[str, Standing]) -> str:
    done = sum(each.state == "done" for each in stands.values())
    asked = sum(each.state != "not for this" for each in stands.values())
    return f"{done} / {asked}"


def _open_rules(stands: dict[str, Standing]) -> list[str]:
    rows = []
    for rule in RULES.values():
        each = stands[rule.id]
        if each.state in ("exempt", "todo"):
            reason = each.reason_zh if language() == "zh" else each.reason
            rows.append(f"| [`{rule.id}`](rules/{rule.id}.md) | {STATES[each.state]} | {reason} |")
    if not rows:
        return [str(Text("Every rule that applies is kept.", "所有适用的规则均通过。"))]
    head = f"| {Text('Rule', '规则')} | {Text('Stands', '状态')} | {Text('Reason', '理由')} |"
    return [head, "|---|---|---|", *rows]

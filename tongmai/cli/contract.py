"""``tongmai connector test``: the contract suite against a connector and its simulator."""

from __future__ import annotations

import json
import logging
from collections import Counter

import click

from connectors.testing.contract import suite
from connectors.testing.contract.rule import TIER_WORDS, TIERS
from tongmai.core.text import Text

_STATES = {
    "kept": Text("kept", "通过"),
    "broken": Text("BROKEN", "不通过"),
    "exempt": Text("exempt", "豁免"),
    "todo": Text("to do", "待办"),
    "not for this": Text("does not apply", "不适用"),
}


@click.command(
    "test",
    help=str(
        Text(
            "Run the contract suite against the connector NAME and its simulator: all RULES, or those named by id or "
            "group (as `read`). A rule named by its id runs even if it is to do. Succeeds when no rule that ran is broken.",
            "对连接器 NAME 及其模拟器运行契约测试：全部规则，或按编号、分组（如 `read`）指定的 RULES。"
            "按编号指定的规则即使尚为待办也会运行。所运行的规则全部通过时成功。",
        )
    ),
    epilog=str(Text("Example:", "示例：")) + " tongmai connector test kingdee read write.create",
)
@click.argument("name")
@click.argument("rules", nargs=-1)
@click.option(
    "--everything",
    is_flag=True,
    help=str(Text("Also run rules that are exempt or to do.", "也运行豁免和待办的规则。")),
)
@click.option(
    "--tier",
    type=click.Choice(TIERS),
    help=str(Text("Only rules of this tier and below.", "只运行该等级及以下的规则。")),
)
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line for each rule.", "每条规则一行 JSON。")))
def test(name: str, rules: tuple[str, ...], everything: bool, tier: str | None, as_json: bool) -> None:
    # The connector logs each retry; here faults are switched on by purpose.
    logging.getLogger("tongmai").setLevel(logging.ERROR)
    found: Counter[str] = Counter()
    wanted = [each for each in suite.chosen(rules) if tier is None or TIERS.index(each.tier) <= TIERS.index(tier)]
    for verdict in suite.run(name, wanted, everything=everything, named=rules):
        found[verdict.state] += 1
        if as_json:
            click.echo(json.dumps(verdict.as_json(), ensure_ascii=False))
            continue
        state = str(_STATES[verdict.state])
        click.echo(f"{state:<14} {verdict.rule.id:<22} {verdict.rule.title}")
        for problem in verdict.problems:
            click.echo(f"{'':<14} - {problem}")
        if str(verdict.reason) and verdict.state != "kept":
            click.echo(f"{'':<14} {verdict.reason}")
    if not as_json:
        counts = "  ".join(f"{_STATES[state]}: {found[state]}" for state in _STATES if found[state])
        reached = TIER_WORDS[suite.tier_of(name)]
        click.echo(f"{name}: {counts}  {Text('tier by quality.yaml', '按 quality.yaml 的等级')}: {reached}")
    if found["broken"]:
        raise click.exceptions.Exit(1)

"""``tongmai guarantee``: what each sync and flow can really promise."""

from __future__ import annotations

import json
import sys

import click

from tongmai.cli.options import JSON_LINE
from tongmai.core.text import Text, language


@click.command(
    help=str(
        Text(
            "Print the delivery guarantee of every sync, group and flow, computed from its weakest hop, and why.\n\n"
            "Exit status: 1 when a file declares more than can be given.",
            "列出每个同步、同步组和流程按最薄弱一环计算出的交付保证及原因。\n\n退出码：声明高于实际能力时为 1。",
        )
    ),
    epilog=str(Text("Example: tongmai guarantee order_to_cash", "示例：tongmai guarantee order_to_cash")),
)
@click.argument("names", nargs=-1)
@JSON_LINE
def guarantee(names: tuple[str, ...], as_json: bool) -> None:
    from tongmai.core.errors import ConfigurationError
    from tongmai.core.finding import nearest
    from tongmai.sync.content import load_content
    from tongmai.sync.guarantee import AT_MOST, BLIND, DETECTABLE, GUARANTEE_WORDS, SHORT, promise

    content = load_content()
    known = [*content.specs.syncs, *content.flows.documents]
    for name in names:
        if name not in known:
            near = nearest(name, known)
            raise ConfigurationError(
                f"`{name}`",
                f"there is no such sync or flow (there are: {', '.join(known)})",
                f"did you mean `{near}`?" if near else "correct the name",
                code="unknown-sync",
            )
    rows = []
    short = False
    for name in names or known:
        spec = content.specs.syncs.get(name) or content.flows.flows.get(name)
        found = promise(content, name)
        declared = getattr(spec, "guarantee", None)
        over = bool(found and declared and found.weaker_than(declared))
        short = short or over or found is None
        rows.append((name, found, declared, over))
    if as_json:
        lines = [
            {**(one.as_json() if one else {"name": name, "guarantee": None}), "declared": declared, "kept": not over}
            for name, one, declared, over in rows
        ]
        click.echo(json.dumps(lines, ensure_ascii=False))
    else:
        colours = {DETECTABLE: "yellow", BLIND: "red", AT_MOST: "red"}
        for name, one, declared, over in rows:
            if one is None:
                click.echo(f"{click.style('?', fg='red')} {name}: {Text('its files have mistakes', '其文件有误')}")
                continue
            words = GUARANTEE_WORDS[one.guarantee].in_language(language())
            mark = click.style("✗", fg="red") if over else click.style("✓", fg="green")
            click.echo(
                f"{mark} {name:<24} {click.style(words, fg=colours.get(one.guarantee, 'green'))} · {SHORT[one.guarantee]}"
            )
            click.echo(f"  {'':<24} {one.hop}: {one.why}")
            if over:
                click.echo(f"  {'':<24} {Text('the file declares', '文件声明为')} `{declared}`")
    sys.exit(1 if short else 0)

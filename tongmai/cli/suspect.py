"""``tongmai suspect``: writes of which nobody can say whether they were taken."""

from __future__ import annotations

import json

import click

from tongmai.cli.options import JSON_LINE
from tongmai.core.text import Text


@click.group(
    help=str(
        Text(
            "Creates that may have been taken by a target where nothing can be looked up. Look there, then decide.",
            "可能已被目标系统接受、却无法查证的新建记录。请到目标系统查看后裁决。",
        )
    ),
    epilog=str(Text("Example: tongmai suspect list", "示例：tongmai suspect list")),
)
def suspect() -> None:
    pass


@suspect.command(
    "list",
    help=str(Text("List what waits for a decision.", "列出等待裁决的记录。")),
    epilog=str(Text("Example: tongmai suspect list --json", "示例：tongmai suspect list --json")),
)
@JSON_LINE
def show(as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync.suspects import suspects

    with connect(database_url()) as database, database.transaction() as cursor:
        found = suspects(cursor)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for one in found:
        click.echo(
            f"{one['id']:>6}  {one['target']}  {one['entity']} {one['entity_id']}  {one['queued_at']:%Y-%m-%d %H:%M}"
        )
        names = ", ".join(sorted(one["payload"] or {}))
        click.echo(f"        {Text('sent fields', '发送字段')}: {names}")
    if not found:
        click.echo(str(Text("Nothing is in doubt", "没有存疑的写入")))


@suspect.command(
    "decide",
    help=str(
        Text(
            "Settle one: it is in the target under KEY, or it is not there and is sent again by the next run.",
            "裁决一条：目标中已有（给出其主键），或确实没有、由下次运行重发。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai suspect decide 17 --delivered 100042",
            "示例：tongmai suspect decide 17 --delivered 100042",
        )
    ),
)
@click.argument("number", type=int)
@click.option(
    "--delivered", metavar="KEY", default="", help=str(Text("Its key in the target.", "它在目标系统的主键。"))
)
@click.option("--resend", is_flag=True, help=str(Text("It is not there: send it again.", "目标中没有：重新发送。")))
@JSON_LINE
def decide(number: int, delivered: str, resend: bool, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.errors import ConfigurationError
    from tongmai.core.settings import database_url
    from tongmai.sync import suspects

    if bool(delivered) == resend:
        raise ConfigurationError(
            f"suspect {number}",
            "exactly one of --delivered KEY and --resend is needed",
            "look the record up in the target first",
            code="bad-option",
        )
    with connect(database_url()) as database, database.transaction() as cursor:
        target = suspects.decide(cursor, number, delivered)
    if as_json:
        click.echo(json.dumps({"id": number, "target": target, "decided": "delivered" if delivered else "resend"}))
    else:
        click.echo(
            str(Text(f"decided; the next run of {target} carries it out", f"已裁决，由 {target} 的下次运行执行"))
        )

"""``tongmai golden``: golden records with their reasons, stewards' values, and how a record stood at a moment."""

from __future__ import annotations

import getpass
import json
from datetime import datetime
from typing import Any

import click

from tongmai.cli.opening import JSON, example
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


@click.group(
    help=str(
        Text(
            "Golden records: why each field has its value, stewards' overrides, and how a record stood at a moment.",
            "黄金记录：各字段取值的原因、数据管家的人工取值，以及某一时刻的状态。",
        )
    ),
    epilog=example('tongmai golden show customer "Northwind Optics"'),
)
def golden() -> None:
    pass


@golden.command(
    help=str(
        Text(
            "Show a golden record, the reason of each field and its overrides. KEY: the entity's id or a source key.",
            "显示黄金记录、各字段的取值原因和人工取值。KEY 为实体编号或来源键。",
        )
    ),
    epilog=example("tongmai golden show customer C-1001 --json"),
)
@click.argument("entity")
@click.argument("key")
@JSON
def show(entity: str, key: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import overriding

    with connect(database_url()) as database, database.transaction() as cursor:
        _tell(overriding.show(cursor, entity, key), as_json)


@golden.command(
    help=str(
        Text(
            "Set a field's value until a day. It competes with what sources say: it wins over what is trusted no more than "
            "it. No source's record is changed. A list is given as JSON.",
            "设定字段的人工取值，到期失效。它与各来源竞争：胜过可信度不高于它的来源；不修改任何来源记录。列表以 JSON 给出。",
        )
    ),
    epilog=example(
        'tongmai golden override customer C-1001 city 苏州市 --until 2027-06-30 --why "moved, ERP follows in June"'
    ),
)
@click.argument("entity")
@click.argument("key")
@click.argument("field")
@click.argument("value")
@click.option(
    "--until", required=True, metavar="DATE", help=str(Text("When it ends (date or time).", "失效时间（日期或时刻）。"))
)
@click.option("--why", required=True, metavar="TEXT", help=str(Text("The reason, kept with it.", "理由，随之保存。")))
@click.option(
    "--trust",
    type=click.IntRange(0, 1000),
    default=100,
    show_default=True,
    help=str(Text("Its trust, as that of roles.", "可信度，与角色的可信度相比。")),
)
@JSON
def override(entity: str, key: str, field: str, value: str, until: str, why: str, trust: int, as_json: bool) -> None:
    from tongmai.sync import overriding

    moment = _moment(until, "--until")
    found = overriding.override(entity, key, field, value, until=moment, why=why, by=getpass.getuser(), trust=trust)
    _tell(found, as_json)
    if not found["won"] and not as_json:
        click.echo(
            str(
                Text(
                    f"note: `{field}` keeps its value, a source is trusted more than {trust}",
                    f"提示：`{field}` 的取值未变，有来源的可信度高于 {trust}",
                )
            )
        )


@golden.command(
    help=str(Text("Take the steward's value of a field back.", "撤回字段的人工取值。")),
    epilog=example("tongmai golden release customer C-1001 city"),
)
@click.argument("entity")
@click.argument("key")
@click.argument("field")
@JSON
def release(entity: str, key: str, field: str, as_json: bool) -> None:
    from tongmai.sync import overriding

    _tell(overriding.release(entity, key, field, getpass.getuser()), as_json)


@golden.command(
    "as-of",
    help=str(
        Text("Show a golden record as it stood at a moment (ISO 8601).", "显示黄金记录在某一时刻（ISO 8601）的状态。")
    ),
    epilog=example("tongmai golden as-of customer C-1001 2026-11-01T12:00"),
)
@click.argument("entity")
@click.argument("key")
@click.argument("time")
@JSON
def as_of(entity: str, key: str, time: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import overriding

    with connect(database_url()) as database, database.transaction() as cursor:
        found = overriding.as_of(cursor, entity, key, _moment(time, "TIME"))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    from tongmai.cli.labels import in_order, value_of

    title = Text("version", "版本")
    click.echo(
        click.style(f"{found['entity']} {found['id']}", bold=True) + f" · {title} {found['version']} · {found['at']}"
    )
    for name in in_order(found["entity"], found["fields"]):
        if value := value_of(found["entity"], name, found["fields"][name]):
            click.echo(f"  {name:<16} {value}")


@golden.command(
    help=str(
        Text(
            "End overrides whose time is over and choose their records anew. A sync that touches a record does it too.",
            "结束到期的人工取值并重新计算相应记录。同步处理到该记录时也会如此。",
        )
    ),
    epilog=example("tongmai golden expire --json"),
)
@JSON
def expire(as_json: bool) -> None:
    from tongmai.sync import overriding

    done = overriding.expire()
    if as_json:
        click.echo(json.dumps({"expired": done}))
        return
    for entity, count in done.items():
        click.echo(str(Text(f"{entity}: {count} chosen anew", f"{entity}：重新计算 {count} 条")))
    if not done:
        click.echo(str(Text("Nothing has expired", "没有到期的人工取值")))


def _moment(text: str, option: str) -> datetime:
    """A date or time; without zone it is local."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise ConfigurationError(
            f"{option} {text}", "it is no date or time", "write 2027-06-30 or 2027-06-30T18:00", code="bad-option"
        ) from error


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    from tongmai.cli.labels import value_of
    from tongmai.cli.trace import tell_fields

    title = Text("version", "版本")
    click.echo(click.style(f"{found['entity']} {found['id']}", bold=True) + f" · {title} {found['version']}")
    tell_fields(found["entity"], found["fields"])
    for one in found["overrides"]:
        ended = one["ended_at"]
        state = (
            Text(f"until {one['until']:%Y-%m-%d %H:%M}", f"至 {one['until']:%Y-%m-%d %H:%M}")
            if ended is None
            else Text(
                f"ended {ended:%Y-%m-%d %H:%M} {one['ended_by'] or '(its time was over)'}",
                f"已于 {ended:%Y-%m-%d %H:%M} 结束 {one['ended_by'] or '（到期）'}",
            )
        )
        value = value_of(found["entity"], one["field"], one["value"])
        click.echo(f"  #{one['id']} {one['field']} = {value} · {one['by']}: {one['why']} · {state}")

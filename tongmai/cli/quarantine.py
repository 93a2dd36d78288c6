"""``tongmai quarantine``: list, show, edit, replay."""

from __future__ import annotations

import getpass
import json
import sys
from typing import Any

import click

from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text, language

_JSON = click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line.", "输出一行 JSON。")))


@click.group(
    help=str(Text("Records that could not go on, and how to bring them home.", "无法继续处理的记录，以及如何修复。")),
    epilog=str(Text("Example: tongmai quarantine list", "示例：tongmai quarantine list")),
)
def quarantine() -> None:
    pass


@quarantine.command(
    "list",
    help=str(Text("Open entries, oldest first.", "列出未处理的记录。")),
    epilog=str(
        Text(
            "Example: tongmai quarantine list --stream AccountObj", "示例：tongmai quarantine list --stream AccountObj"
        )
    ),
)
@click.option("--stream", default="", help=str(Text("Only this stream.", "只看该流。")))
@click.option("--code", default="", help=str(Text("Only this reason code.", "只看该原因代码。")))
@click.option("--limit", default=100, show_default=True, help=str(Text("At most so many.", "最多条数。")))
@_JSON
def list_(stream: str, code: str, limit: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.codes import explained
    from tongmai.core.settings import database_url
    from tongmai.sync import quarantine as store

    with connect(database_url()) as database, database.transaction() as cursor:
        found = [store.public(one) for one in store.entries(cursor, stream, code, limit)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for one in found:
        where = f" ({one['place']})" if one["place"] else ""
        click.echo(
            f"{one['id']:>6}  {one['connection']}.{one['stream']}  {one['key']}  [{one['code']}]  {explained(one['code'], one['reason'])}{where}"
        )
    click.echo(str(Text(f"{len(found)} open", f"共 {len(found)} 条未处理")))


@quarantine.command(
    help=str(Text("One entry with its raw record.", "查看一条记录及其原始内容。")),
    epilog=str(Text("Example: tongmai quarantine show 12", "示例：tongmai quarantine show 12")),
)
@click.argument("number", type=int)
@_JSON
def show(number: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import quarantine as store

    with connect(database_url()) as database, database.transaction() as cursor:
        found = store.public(store.entry(cursor, number))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for name, value in found.items():
        if value not in (None, ""):
            click.echo(f"{name:>10}: {value}")


@quarantine.command(
    help=str(
        Text(
            "Correct fields of the source record. The correction lies over the original until a newer version arrives.",
            "更正源记录的字段。更正覆盖在原始记录之上，直到源系统给出新版本。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai quarantine edit 12 --set deal_stage=Won",
            "示例：tongmai quarantine edit 12 --set deal_stage=Won",
        )
    ),
)
@click.argument("number", type=int)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    required=True,
    metavar="FIELD=VALUE",
    help=str(Text("A corrected field.", "更正的字段。")),
)
@click.option("--replay", "and_replay", is_flag=True, help=str(Text("Replay it at once.", "立即重放。")))
@_JSON
def edit(number: int, pairs: tuple[str, ...], and_replay: bool, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import quarantine as store

    values: dict[str, Any] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise ConfigurationError(
                "--set", f"`{pair}` is not FIELD=VALUE", "write it like deal_stage=Won", code="bad-option"
            )
        values[name] = store.parse_value(text)
    with connect(database_url()) as database:
        found = store.public(store.edit(database, number, values, getpass.getuser()))
    if and_replay:
        _replay((number,), as_json)
    elif as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
    else:
        click.echo(
            str(Text(f"overlay on {found['key']}: {found['overlay']}", f"已更正 {found['key']}：{found['overlay']}"))
        )


@quarantine.command(
    help=str(
        Text(
            "Do entries again: map and apply, or queue for the target again.",
            "重新处理：重新映射并入库，或重新写入目标。",
        )
    ),
    epilog=str(Text("Example: tongmai quarantine replay 12 13", "示例：tongmai quarantine replay 12 13")),
)
@click.argument("numbers", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help=str(Text("All open entries.", "全部未处理记录。")))
@click.option("--stream", default="", help=str(Text("With --all: only this stream.", "与 --all 一起：只重放该流。")))
@_JSON
def replay(numbers: tuple[int, ...], everything: bool, stream: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import quarantine as store

    if everything:
        with connect(database_url()) as database, database.transaction() as cursor:
            numbers = tuple(one["id"] for one in store.entries(cursor, stream, limit=1_000_000))
    elif not numbers:
        raise ConfigurationError("replay", "no entry named", "name their numbers, or --all", code="bad-option")
    _replay(numbers, as_json)


def _replay(numbers: tuple[int, ...], as_json: bool) -> None:
    from tongmai.sync.replaying import replay_entries

    report = replay_entries(numbers)
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        click.echo(report.in_words(language()))
    sys.exit(0 if report.ok else 1)

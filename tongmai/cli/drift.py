"""``tongmai drift``: what became new in a source's records."""

from __future__ import annotations

import getpass
import json

import click

from tongmai.cli.options import JSON_LINE
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


@click.group(
    help=str(
        Text(
            "Members of source records that were never there before, or became something else.",
            "源记录中新出现或类型改变的成员。",
        )
    ),
    epilog=str(Text("Example: tongmai drift list", "示例：tongmai drift list")),
)
def drift() -> None:
    pass


@drift.command(
    "list",
    help=str(
        Text(
            "List what waits for acceptance, or (--all) whatever came after the first run.",
            "列出等待接受的变化，或（--all）首次运行之后的全部变化。",
        )
    ),
    epilog=str(Text("Example: tongmai drift list --all", "示例：tongmai drift list --all")),
)
@click.option("--all", "everything", is_flag=True, help=str(Text("Also what was accepted.", "包括已接受的。")))
@JSON_LINE
def show(everything: bool, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync.drift import KIND_WORDS, waiting

    with connect(database_url()) as database, database.transaction() as cursor:
        found = waiting(cursor, everything)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for one in found:
        state = (
            f"{Text('accepted', '已接受')} {one['accepted_by'] or '-'}"
            if one["accepted_at"]
            else str(Text("waits", "待接受"))
        )
        click.echo(
            f"{one['connection']} {one['stream']}  {one['member']} ({KIND_WORDS[one['kind']]})  "
            f"{one['first_seen']:%Y-%m-%d %H:%M} {one['first_key']}  {state}"
        )
    if not found:
        click.echo(str(Text("Nothing is new", "没有变化")))


@drift.command(
    "accept",
    help=str(
        Text(
            "Accept what is new in STREAM of CONNECTION: the MEMBERS named, or all. Quarantined records are then replayed with "
            "`tongmai quarantine replay`.",
            "接受 CONNECTION 的 STREAM 中的变化：指定的 MEMBERS，或全部。隔离的记录随后用 `tongmai quarantine replay` 重放。",
        )
    ),
    epilog=str(Text("Example:", "示例：")) + " tongmai drift accept crm_main AccountObj vat_no__c",
)
@click.argument("connection")
@click.argument("stream")
@click.argument("members", nargs=-1)
def accept_(connection: str, stream: str, members: tuple[str, ...]) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync.drift import accept

    with connect(database_url()) as database, database.transaction() as cursor:
        count = accept(cursor, connection, stream, members, getpass.getuser())
    if not count:
        raise ConfigurationError(
            f"drift of {connection} {stream}",
            "nothing of that name waits for acceptance",
            "see `tongmai drift list`",
            code="no-drift",
        )
    click.echo(str(Text(f"{count} accepted", f"已接受 {count} 项")))

"""``tongmai db``: migrate the hub database, print its URL."""

from __future__ import annotations

import json

import click

from tongmai.cli.options import JSON_LINE
from tongmai.core.text import Text


@click.group(
    help=str(Text("The hub database.", "中枢数据库。")),
    epilog=str(Text('Example: psql "$(tongmai db url)"', '示例：psql "$(tongmai db url)"')),
)
def db() -> None:
    pass


@db.command(
    help=str(
        Text(
            "Bring the schema to this version; make the golden tables fit the entities.",
            "升级表结构，并使主数据表与实体一致。",
        )
    ),
    epilog=str(Text("Example: tongmai db upgrade", "示例：tongmai db upgrade")),
)
@JSON_LINE
def upgrade(as_json: bool) -> None:
    from masterdata.store import connect
    from masterdata.store import upgrade as migrate
    from tongmai.core.settings import database_url
    from tongmai.sync.content import activate, load_content

    revision = migrate(database_url())
    with connect(database_url()) as database:
        release = activate(database, load_content())
    if as_json:
        click.echo(json.dumps({"revision": revision, "release": release.hex()}))
    else:
        click.echo(
            str(
                Text(
                    f"schema {revision}, release {release.hex()[:12]}", f"表结构 {revision}，发布 {release.hex()[:12]}"
                )
            )
        )


@db.command(
    help=str(Text("Print the URL of the hub database (it holds the password).", "显示中枢数据库地址（含密码）。")),
    epilog=str(Text('Example: psql "$(tongmai db url)"', '示例：psql "$(tongmai db url)"')),
)
@JSON_LINE
def url(as_json: bool) -> None:
    from tongmai.core.settings import database_url

    found = database_url()
    click.echo(json.dumps({"url": found}) if as_json else found)

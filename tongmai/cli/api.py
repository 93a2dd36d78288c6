"""``tongmai api``: serve the REST API; its tokens."""

from __future__ import annotations

import getpass
import json
import logging
from datetime import datetime

import click

from tongmai.cli.opening import JSON, example
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


@click.group(
    help=str(
        Text(
            "The REST API over golden records, and the tokens that may call it.",
            "黄金记录的 REST 接口，以及可调用它的令牌。",
        )
    ),
    epilog=example("tongmai api serve --port 8791"),
)
def api() -> None:
    pass


@api.command(
    help=str(
        Text(
            "Serve the API until Ctrl-C or SIGTERM. What it offers: /api/v1/openapi.json. Put a proxy with TLS before it where "
            "others than this machine call it.",
            "启动接口服务，运行到 Ctrl-C 或 SIGTERM 为止。接口说明：/api/v1/openapi.json。供其他机器调用时，请在前面放置带 TLS 的代理。",
        )
    ),
    epilog=example("tongmai api serve --port 8791"),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=str(Text("Address to listen on.", "监听地址。")))
@click.option(
    "--port", default=8791, show_default=True, help=str(Text("Port; 0 takes a free one.", "端口；0 表示任选空闲端口。"))
)
@click.option(
    "--connections",
    default=8,
    show_default=True,
    type=click.IntRange(1, 16),
    help=str(Text("Connections to the database at most.", "数据库连接数上限。")),
)
@JSON
def serve(host: str, port: int, connections: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.api.hub import Hub
    from tongmai.api.serve import serve as run
    from tongmai.core.settings import database_url

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    url = database_url()
    with connect(url):  # away or not migrated: said now, in words
        pass

    def ready(base: str) -> None:
        if as_json:
            click.echo(json.dumps({"url": base}))
        else:
            click.echo(f"{Text('The API answers on', '接口地址')} {base}/api/v1")

    run(Hub(url, connections), host, port, ready)


@api.group(
    help=str(Text("Tokens: who may read what.", "令牌：谁可以读取什么。")),
    epilog=example("tongmai api token list"),
)
def token() -> None:
    pass


@token.command(
    help=str(
        Text(
            "Make a token and show it once: only a hash of it is kept. Personal fields are masked unless --personal names them.",
            "创建令牌并显示一次：系统只保存其哈希。个人信息字段默认屏蔽，除非以 --personal 指明。",
        )
    ),
    epilog=example(
        "tongmai api token new --name oa --read customer,contact --personal contact.mobile --until 2027-06-30"
    ),
)
@click.option("--name", required=True, help=str(Text("Who will use it.", "使用方名称。")))
@click.option(
    "--read", required=True, metavar="ENTITIES", help=str(Text("Entities with commas; `*` for all.", "实体，逗号分隔；`*` 表示全部。"))
)  # fmt: skip
@click.option(
    "--fields",
    default="",
    metavar="FIELDS",
    help=str(
        Text("Only these fields of their entities, as customer.city.", "所列实体只开放这些字段，如 customer.city。")
    ),
)
@click.option(
    "--personal",
    default="",
    metavar="WORDS",
    help=str(
        Text(
            "Whose personal fields are shown: entities, fields (contact.mobile), or `*`.",
            "开放哪些个人信息字段：实体、字段（contact.mobile）或 `*`。",
        )
    ),
)
@click.option(
    "--steward",
    default="",
    metavar="ENTITIES",
    help=str(
        Text(
            "Of which records it decides which are one: entities with commas, or `*`.",
            "可裁决哪些实体的记录是否相同：实体，逗号分隔，或 `*`。",
        )
    ),
)
@click.option(
    "--until", required=True, metavar="DATE", help=str(Text("When it ends (date or time).", "失效时间（日期或时刻）。"))
)
@click.option(
    "--rate",
    default=0,
    show_default=True,
    type=click.IntRange(0, 1_000_000),
    help=str(Text("Calls a minute at most; 0: no limit.", "每分钟调用上限；0 表示不限。")),
)
@JSON
def new(name: str, read: str, fields: str, personal: str, steward: str, until: str, rate: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.api import tokens
    from tongmai.api.scope import declared
    from tongmai.core import clock
    from tongmai.core.settings import database_url
    from tongmai.sync.content import load_content

    moment = _moment(until)
    if moment <= clock.now():
        raise ConfigurationError(f"--until {until}", "it is over already", "give a later time", code="bad-option")
    scope = declared(load_content().schema, _words(read), _words(fields), _words(personal), _words(steward))
    with connect(database_url()) as database, database.transaction() as cursor:
        text = tokens.create(cursor, name, scope, moment, getpass.getuser(), rate)
    if as_json:
        click.echo(json.dumps({"name": name, "token": text, "until": moment.isoformat(), **scope.as_json()}))
        return
    click.echo(text)
    click.echo(str(Text("Keep it well: it is not shown again.", "请妥善保存：不会再次显示。")), err=True)


@token.command(
    "list",
    help=str(
        Text(
            "Show every token: its scope, when it ends, when it was used last.",
            "列出全部令牌：权限、到期时间、最近使用时间。",
        )
    ),
    epilog=example("tongmai api token list --json"),
)
@JSON
def list_(as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.api import tokens
    from tongmai.core import clock
    from tongmai.core.settings import database_url

    with connect(database_url()) as database, database.transaction() as cursor:
        found = [one.as_json(clock.now()) for one in tokens.every(cursor)]
    if as_json:
        click.echo(json.dumps({"tokens": found}, ensure_ascii=False, default=str))
        return
    states = {"open": Text("open", "有效"), "revoked": Text("revoked", "已吊销"), "over": Text("over", "已到期")}
    for one in found:
        used = f"{one['used_at']:%Y-%m-%d %H:%M}" if one["used_at"] else Text("never", "从未")
        click.echo(
            f"{one['id']}  {one['name']}  {states[one['state']]}  {Text('reads', '读取')} {','.join(one['read'])}  "
            f"{Text('personal', '个人信息')} {','.join(one['personal']) or '-'}  {_steward(one['steward'])}{Text('until', '至')} {one['until']:%Y-%m-%d}  "
            f"{Text('used', '最近使用')} {used}"
        )
    if not found:
        click.echo(str(Text("There is no token", "没有令牌")))


@token.command(
    help=str(Text("End a token at once, by its name or id.", "立即吊销令牌（按名称或编号）。")),
    epilog=example("tongmai api token revoke oa"),
)
@click.argument("name")
@JSON
def revoke(name: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.api import tokens
    from tongmai.core.settings import database_url

    with connect(database_url()) as database, database.transaction() as cursor:
        done = tokens.revoke(cursor, name, getpass.getuser())
    if as_json:
        click.echo(json.dumps({"revoked": done}, ensure_ascii=False))
    else:
        click.echo(f"{Text('Revoked', '已吊销')}: {done}")


def _steward(entities: list[str]) -> str:
    return f"{Text('steward of', '数据管家')} {','.join(entities)}  " if entities else ""


def _words(text: str) -> list[str]:
    return [word for each in text.split(",") if (word := each.strip())]


def _moment(text: str) -> datetime:
    """A date or time; without zone it is local."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            f"--until {text}", "it is no date or time", "write 2027-06-30 or 2027-06-30T18:00", code="bad-option"
        ) from error

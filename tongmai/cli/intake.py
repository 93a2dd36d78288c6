"""``tongmai intake``: receive webhooks until told to stop."""

from __future__ import annotations

import json
import logging
import signal
import threading
from typing import TYPE_CHECKING

import click

from tongmai.core.text import Text

if TYPE_CHECKING:
    from tongmai.intake.writer import Writer

STATES = {
    "waiting": Text("wait for a run of their stream", "等待数据流运行"),
    "taking": Text("are being taken, or their run died", "正在处理，或其运行已中断"),
    "taken": Text("taken", "已处理"),
    "unrouted": Text("have no route: their type is not declared", "没有路由：类型未声明"),
}


@click.command(
    help=str(
        Text(
            "Receive webhooks: verify, store, then answer. A run of the stream's sync takes them in.\n\n"
            "Each connection whose connector declares webhooks has the address /in/CONNECTION/WEBHOOK. Runs until Ctrl-C or SIGTERM.",
            "接收 Webhook：验证、保存，然后应答；由该数据流的同步运行时处理。\n\n"
            "连接器声明了 Webhook 的每个连接都有地址 /in/连接/WEBHOOK。运行到 Ctrl-C 或 SIGTERM 为止。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai intake --port 8790 --public-url https://hub.example.com",
            "示例：tongmai intake --port 8790 --public-url https://hub.example.com",
        )
    ),
)
@click.option("--host", default="127.0.0.1", show_default=True, help=str(Text("Address to listen on.", "监听地址。")))
@click.option(
    "--port", default=8790, show_default=True, help=str(Text("Port; 0 takes a free one.", "端口；0 表示任选空闲端口。"))
)
@click.option(
    "--public-url",
    default="",
    help=str(Text("What senders call us, where a signature covers it.", "发送方使用的地址，签名涉及完整地址时需要。")),
)
@click.option(
    "--max-body",
    default=1_048_576,
    show_default=True,
    type=click.IntRange(min=1),
    help=str(Text("Largest body in bytes.", "请求体的最大字节数。")),
)
@click.option(
    "--keep-days",
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help=str(
        Text(
            "How long events that were taken stay, to recognise repeated ones.",
            "已处理事件保留天数，用于识别重复事件。",
        )
    ),
)
@click.option(
    "--stream",
    "sockets",
    multiple=True,
    metavar="CONNECTION",
    help=str(
        Text(
            "Listen on the socket that this connection opens (钉钉 Stream mode), instead of receiving; may be repeated.",
            "改为监听该连接主动建立的长连接（钉钉 Stream 模式），不接收 HTTP；可重复。",
        )
    ),
)
@click.option(
    "--list",
    "listing",
    is_flag=True,
    help=str(
        Text("Show how many events there are, of which type and state, and end.", "列出各类型、各状态的事件数后退出。")
    ),
)
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line when ready.", "就绪后输出一行 JSON。")))
def intake(
    host: str,
    port: int,
    public_url: str,
    max_body: int,
    keep_days: int,
    sockets: tuple[str, ...],
    listing: bool,
    as_json: bool,
) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.intake.addresses import Addresses
    from tongmai.intake.app import Intake
    from tongmai.intake.journal import counts
    from tongmai.intake.serve import serve
    from tongmai.intake.writer import Writer

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    url = database_url()
    with connect(url) as database:  # away or not migrated: said now, in words
        if listing:
            with database.transaction() as cursor:
                _list(counts(cursor), as_json)
            return
    if sockets:
        _listen(sockets, Writer(url, keep_days=keep_days), as_json)
        return
    addresses = Addresses()
    found = addresses.found()
    unread = _unread({(one.connection, stream) for one in found.addresses.values() for stream in one.webhook.streams})

    def ready(base: str) -> None:
        paths = sorted(address.path for address in found.addresses.values())
        if as_json:
            problems = {name: error.code for name, error in found.problems.items()}
            click.echo(json.dumps({"url": base, "addresses": paths, "problems": problems, "unread": unread}))
            return
        click.echo(f"{Text('Receiving webhooks on', '正在接收 Webhook')} {base}")
        for path in paths:
            click.echo(f"  {(public_url or base).rstrip('/')}{path}")
        _say_unread(unread)
        if not paths:
            click.echo(
                str(Text("  no connection has a webhook with its secrets set", "  没有任何连接的 Webhook 配齐了密钥"))
            )

    serve(Intake(addresses, Writer(url, keep_days=keep_days), max_body, public_url), host, port, ready)


def _unread(told: set[tuple[str, str]]) -> list[str]:
    """Streams that are told of and that no sync reads."""
    from tongmai.sync.specs import Direct, Inbound, load_specs

    syncs = load_specs().syncs.values()
    read = {(one.read.connection, one.read.stream) for one in syncs if isinstance(one, Inbound | Direct)}
    return [".".join(pair) for pair in sorted(told - read)]


def _say_unread(names: list[str]) -> None:
    for name in names:
        click.echo(str(Text(f"  no sync reads {name}: its events wait", f"  没有同步读取 {name}：其事件会一直等待")))


def _listen(names: tuple[str, ...], writer: Writer, as_json: bool) -> None:
    """Until SIGTERM, Ctrl-C, or until a socket ends that nothing but a change can open."""
    from tongmai.intake.listen import listener

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    listeners = [listener(name, writer) for name in dict.fromkeys(names)]
    unread = _unread({(one.connection, stream) for one in listeners for stream in one.streams})
    writer.start()
    try:
        for one in listeners:
            one.start()
        said = False
        while not stop.wait(0.1):
            failed = next((one for one in listeners if one.ended.is_set() and one.error), None)
            if failed is not None and failed.error:
                raise failed.error
            if not said and all(one.opened.is_set() for one in listeners):
                said = True
                _say_listening([one.connection for one in listeners], unread, as_json)
    finally:
        for one in listeners:
            one.stop()
        writer.close()


def _say_listening(names: list[str], unread: list[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"streams": names, "unread": unread}))
        return
    click.echo(f"{Text('Listening on the sockets of', '正在监听长连接：')} {', '.join(names)}")
    _say_unread(unread)


def _list(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"events": rows}, ensure_ascii=False))
        return
    for row in rows:
        state = STATES[str(row["state"])]
        click.echo(f"{row['connection']}/{row['webhook']} {row['type'] or '-'}: {row['count']} {state} ({row['last']})")
    if not rows:
        click.echo(str(Text("No events are stored", "没有已保存的事件")))

"""``tongmai simulate``: serve a simulator of a vendor's system until told to stop."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import click

from connectors.testing.seed import DEFAULT_CUSTOMERS
from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from tongmai.core.text import Text


@click.command(
    help=str(
        Text(
            "Serve a simulator of the system NAME on 127.0.0.1 until Ctrl-C or SIGTERM.",
            "在 127.0.0.1 上启动系统 NAME 的模拟器，直到 Ctrl-C 或 SIGTERM。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai simulate fxiaoke --customers 500 --json",
            "示例：tongmai simulate fxiaoke --customers 500 --json",
        )
    ),
)
@click.argument("name")
@click.option("--port", default=0, help=str(Text("Port; 0 takes a free one.", "端口；0 表示任选空闲端口。")))
@click.option("--seed", default=1, help=str(Text("Seed of the data.", "数据的随机种子。")))
@click.option(
    "--customers", default=DEFAULT_CUSTOMERS, show_default=True, help=str(Text("Number of companies.", "公司数量。"))
)
@click.option("--no-limits", is_flag=True, help=str(Text("Without the vendor's call limits.", "不设厂商的调用限制。")))
@click.option(
    "--state-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help=str(Text("Keep records and ledger in this file between runs.", "在此文件中保存数据和账本，下次继续。")),
)
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line when ready.", "就绪后输出一行 JSON。")))
def simulate(
    name: str, port: int, seed: int, customers: int, no_limits: bool, state_file: Path | None, as_json: bool
) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    vendor = simulator(name, seed=seed, customers=customers, limits=not no_limits)
    if state_file is not None and state_file.exists():
        vendor.state.restore(state_file)
    with SimulatorServer(vendor, port) as server:
        credentials = dict(vendor.credentials(server.url))
        extra = {key: value for key, value in credentials.items() if key != "base_url"}
        connection = json.dumps({"conn_type": "generic", "host": credentials["base_url"], "extra": extra})
        line = {
            "name": name,
            "url": server.url,
            "credentials": {**credentials, "airflow_conn": connection},
            "ledger_url": f"{server.url}/__sim/ledger",
        }
        if as_json:
            click.echo(json.dumps(line, ensure_ascii=False))
        else:
            click.echo(f"{Text('Serving', '正在运行')} {name}: {server.url}")
            click.echo(f"{Text('Accepted writes', '已接受的写入')}: {line['ledger_url']}")
            click.echo(
                f"{Text('For a connection called X', '用于名为 X 的连接')}:\n  export AIRFLOW_CONN_X='{connection}'"
            )
        while not stop.wait(0.5) and server.running:
            pass
    if state_file is not None:
        vendor.state.save(state_file)

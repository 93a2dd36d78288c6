"""``tongmai demo``."""

from __future__ import annotations

import os
import sys

import click

from tongmai.core.text import Text


@click.command(
    help=str(
        Text(
            "Run the whole chain on this machine with simulators, and stay until Ctrl-C.\n\n"
            "With DEMO_EXIT=1 (or --exit): stop everything at the end, exit status 0 only if all balanced.",
            "在本机用模拟器运行整条数据链，直到按下 Ctrl-C。\n\n设置 DEMO_EXIT=1（或 --exit）：结束后停止所有服务，账目全部平衡时退出码为 0。",
        )
    ),
    epilog=str(Text("Example: DEMO_EXIT=1 tongmai demo", "示例：DEMO_EXIT=1 tongmai demo")),
)
@click.option("--exit", "leave", is_flag=True, help=str(Text("Stop everything at the end.", "结束后停止所有服务。")))
@click.option(
    "--customers", default=2000, show_default=True, help=str(Text("Size of the simulated CRM.", "模拟 CRM 的客户数。"))
)
def demo(leave: bool, customers: int) -> None:
    from tongmai.demo.run import tell

    leave = leave or os.environ.get("DEMO_EXIT", "") == "1"
    good = tell(click.echo, stay=not leave, customers=customers)
    click.echo(
        str(Text("all balanced", "账目全部平衡") if good else Text("NOT all well: see above", "存在问题，见上文"))
    )
    sys.exit(0 if good else 1)

"""``tongmai up``, ``down``, ``env``, ``doctor``: the servers below the hub."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import click

from tongmai.core.text import Text

if TYPE_CHECKING:
    from tongmai.stack.receiver import Receiver

AS_JSON = click.option(
    "--json", "as_json", is_flag=True, help=str(Text("One JSON line for machines.", "输出一行 JSON，供程序读取。"))
)

STEPS = {
    "postgres": Text("PostgreSQL: starting", "PostgreSQL：启动中"),
    "hub": Text("hub database: migrating", "中枢数据库：升级中"),
    "migrate": Text("Airflow database: migrating", "Airflow 数据库：升级中"),
    "api-server": Text("Airflow api-server: starting", "Airflow api-server：启动中"),
    "scheduler": Text("Airflow scheduler: starting", "Airflow scheduler：启动中"),
    "dag-processor": Text("Airflow dag-processor: starting", "Airflow dag-processor：启动中"),
    "triggerer": Text("Airflow triggerer: starting", "Airflow triggerer：启动中"),
    "intake": Text("webhook receiver: starting", "Webhook 接收：启动中"),
    "api": Text("REST API: starting", "REST 接口：启动中"),
    "health": Text("waiting until all is healthy", "等待全部服务就绪"),
}


@click.command(
    help=str(
        Text(
            "Start PostgreSQL and Airflow on this machine, migrate both databases, wait until all is healthy. Where a connection "
            "has webhooks whose secrets are set, the receiver is started too; where a token is open, the REST API.",
            "在本机启动 PostgreSQL 和 Airflow，升级两个数据库，等待全部就绪。有连接配置了 Webhook 及其密钥时，一并启动接收服务；"
            "有有效令牌时，一并启动 REST 接口。",
        )
    ),
    epilog=str(Text("Example: tongmai up --only postgres", "示例：tongmai up --only postgres")),
)
@click.option("--only", type=click.Choice(["postgres"]), help=str(Text("Start the database only.", "只启动数据库。")))
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=str(
        Text("Port of Airflow's pages (else 8080, or a free one).", "Airflow 页面端口（默认 8080，被占用则另选）。")
    ),
)
@AS_JSON
def up(only: str | None, port: int | None, as_json: bool) -> None:
    from tongmai.core.settings import database_url, home, site_roots
    from tongmai.stack import airflow, keys, postgres, reading, receiver

    site_roots()  # a wrong TONGMAI_PATH is told here, not by an empty page
    if keys.needs_postgres():
        _say("postgres")
        postgres.start()
    _say("hub")
    from masterdata.store.migrate import upgrade

    revision = upgrade(database_url())
    line: dict[str, object] = {
        "home": str(home()),
        "hub_revision": revision,
        "postgres": "embedded" if keys.needs_postgres() else "external",
    }
    if only != "postgres":
        running = airflow.start(port, _say)
        line |= {"url": running.url, "user": keys.USER, "password_file": str(keys.password_file())}
        receiving = receiver.start(_say)
        line["intake"] = {"url": receiving.url, "addresses": receiving.addresses, "problems": receiving.problems}
        line["api"] = reading.start(_say)
    if as_json:
        click.echo(json.dumps(line, ensure_ascii=False))
    elif only != "postgres":
        click.echo(str(Text("Tongmai is up", "通脉已启动")) + f": {line['url']}")
        click.echo(
            str(Text("user", "用户"))
            + f": {keys.USER}   "
            + str(Text("password in", "密码见"))
            + f": {keys.password_file()}"
        )
        _say_receiving(receiving)
        if line["api"]:
            click.echo(f"{Text('REST API', 'REST 接口')}: {line['api']}/api/v1")
    else:
        click.echo(
            str(Text("PostgreSQL is up, the hub database is at revision", "PostgreSQL 已启动，中枢数据库版本"))
            + f" {revision}"
        )


@click.command(
    help=str(Text("Stop all that `up` started.", "停止 `up` 启动的所有服务。")),
    epilog=str(Text("Example: tongmai down", "示例：tongmai down")),
)
@AS_JSON
def down(as_json: bool) -> None:
    from tongmai.stack import airflow, postgres, reading, receiver

    stopped: list[str] = []
    reading.stop(stopped.append)
    receiver.stop(stopped.append)
    airflow.stop(stopped.append)
    if postgres.stop():
        stopped.append("postgres")
    if as_json:
        click.echo(json.dumps({"stopped": stopped}))
    elif stopped:
        click.echo(str(Text("Stopped", "已停止")) + ": " + ", ".join(stopped))
    else:
        click.echo(str(Text("Nothing was running", "没有正在运行的服务")))


@click.command(
    help=str(
        Text(
            "Print the environment of Airflow and Tongmai as export lines. It holds secrets: for eval, not for a log.",
            "以 export 形式打印 Airflow 与通脉的环境变量。内含密钥：供 eval 使用，勿写入日志。",
        )
    ),
    epilog=str(
        Text('Example: eval "$(tongmai env)" && airflow dags list', '示例：eval "$(tongmai env)" && airflow dags list')
    ),
)
@AS_JSON
def env(as_json: bool) -> None:
    from tongmai.stack.keys import environment

    variables = environment()
    if as_json:
        click.echo(json.dumps(variables, ensure_ascii=False))
        return
    for name, value in sorted(variables.items()):
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command(
    help=str(Text("Check this installation and say what to do next.", "检查本机安装，并给出下一步建议。")),
    epilog=str(Text("Example: tongmai doctor --json", "示例：tongmai doctor --json")),
)
@AS_JSON
def doctor(as_json: bool) -> None:
    from tongmai.stack.doctor import examine

    results = examine()
    failed = any(result.ok is False for result in results)
    if as_json:
        click.echo(
            json.dumps({"ok": not failed, "checks": [result.as_json() for result in results]}, ensure_ascii=False)
        )
    else:
        for result in results:
            sign = {True: click.style("✓", fg="green"), False: click.style("✗", fg="red"), None: "·"}[result.ok]
            click.echo(f"{sign} {result.name}: {result.detail}")
            if result.ok is False:
                click.echo(f"    {Text('next', '下一步')}: {result.next_step}")
    if failed:
        sys.exit(1)


def _say_receiving(found: Receiver) -> None:
    if found.url:
        click.echo(f"{Text('Receiving webhooks at', '正在接收 Webhook')}:")
        for address in found.addresses:
            click.echo(f"  {address}")
    for name, code in found.problems.items():
        click.echo(
            str(
                Text(
                    f"No webhooks of {name} are received ({code}): set its secrets, then run `tongmai up` again; "
                    "`tongmai connector check` says what is missing",
                    f"未接收 {name} 的 Webhook（{code}）：设置其密钥后再次运行 `tongmai up`；`tongmai connector check` 会指出缺少什么",
                )
            )
        )


def _say(step: str) -> None:
    click.echo(str(STEPS[step]), err=True)

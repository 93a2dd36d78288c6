"""``tongmai``: finds the command's module, shows errors as what / why / what next."""

from __future__ import annotations

import importlib
import json
import sys

import click

from tongmai import __version__
from tongmai.cli.speech import speak
from tongmai.core.codes import explain
from tongmai.core.errors import ConfigurationError, TongmaiError
from tongmai.core.finding import nearest
from tongmai.core.text import Text, language

speak()

COMMANDS = {
    "sync": "tongmai.cli.sync:sync",
    "ledger": "tongmai.cli.sync:ledger",
    "trace": "tongmai.cli.trace:trace",
    "golden": "tongmai.cli.golden:golden",
    "search": "tongmai.cli.search:search",
    "api": "tongmai.cli.api:api",
    "quality": "tongmai.cli.quality:quality",
    "quarantine": "tongmai.cli.quarantine:quarantine",
    "dictionary": "tongmai.cli.dictionary:dictionary",
    "suspect": "tongmai.cli.suspect:suspect",
    "drift": "tongmai.cli.drift:drift",
    "flow": "tongmai.cli.flow:flow",
    "guarantee": "tongmai.cli.guarantee:guarantee",
    "db": "tongmai.cli.db:db",
    "check": "tongmai.cli.check:check",
    "mapping": "tongmai.cli.mapping:mapping",
    "match": "tongmai.cli.match:match",
    "review": "tongmai.cli.review:review",
    "connector": "tongmai.cli.connector:connector",
    "schema": "tongmai.cli.schema:schema",
    "lsp": "tongmai.cli.lsp:lsp",
    "lineage": "tongmai.cli.lineage:lineage",
    "intake": "tongmai.cli.intake:intake",
    "simulate": "tongmai.cli.simulate:simulate",
    "up": "tongmai.cli.stack:up",
    "down": "tongmai.cli.stack:down",
    "env": "tongmai.cli.stack:env",
    "doctor": "tongmai.cli.stack:doctor",
    "demo": "tongmai.cli.demo:demo",
}
SUMMARY = {
    "sync": Text("Run a sync or a group of syncs", "运行一个同步或同步组"),
    "ledger": Text("Recount the books of every run", "重新核对每次运行的账目"),
    "trace": Text("Tell the whole story of one record", "查看一条记录的来龙去脉"),
    "golden": Text(
        "Golden records: reasons, stewards' values, as of a moment", "黄金记录：取值原因、人工取值、历史状态"
    ),
    "search": Text("Find golden records; rebuild the index", "查找黄金记录；重建索引"),
    "api": Text("The REST API and its tokens", "REST 接口及其令牌"),
    "quality": Text("Data quality: scores with trends, records that fall short", "数据质量：得分与趋势、不达标的记录"),
    "quarantine": Text("List, show, edit and replay records in quarantine", "查看、修改、重放隔离区记录"),
    "dictionary": Text("Unknown terms; changes of the dictionary by proposal", "未知词条；数据字典变更的提议与批准"),
    "suspect": Text("Writes of which nobody can say whether they were taken", "结果不明、需人工裁决的写入"),
    "drift": Text("What became new in a source's records", "源记录中新出现的内容"),
    "flow": Text("List, show and start instances of flows", "查看、启动流程实例"),
    "guarantee": Text("What each sync and flow can really promise", "每个同步和流程实际能做到的交付保证"),
    "db": Text("The hub database: migrate it, print its URL", "中枢数据库：升级、显示地址"),
    "check": Text("Check every YAML file of the product and the sites", "检查所有 YAML 文件"),
    "mapping": Text("Draft, validate, test and preview mappings", "起草、校验、测试、预览映射"),
    "match": Text("Which records are the same; learn weights", "识别相同的记录；学习权重"),
    "review": Text("Records that may be one: questions, verdicts", "可能相同的记录：待裁决的问题与裁决"),
    "connector": Text("List, check and read connections", "查看、检测、读取连接"),
    "schema": Text("What an editor needs to complete and check files", "供编辑器补全与检查文件的模式"),
    "lsp": Text("The language server for an editor", "编辑器语言服务"),
    "lineage": Text("Where fields come from and go to; the data dictionary", "字段的来源与去向；数据字典"),
    "intake": Text("Receive webhooks", "接收 Webhook"),
    "simulate": Text("Serve a simulator of a vendor's system", "启动厂商系统的模拟器"),
    "up": Text("Start PostgreSQL and Airflow", "启动 PostgreSQL 和 Airflow"),
    "down": Text("Stop what `up` started", "停止 `up` 启动的服务"),
    "env": Text("Print the environment for your own shell", "打印供当前终端使用的环境变量"),
    "doctor": Text("Check this installation", "检查本机安装"),
    "demo": Text("Run the demo", "运行演示"),
}


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, name = target.split(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = nearest(args[0], COMMANDS)
            hint = f" {Text(f'Did you mean `{near}`?', f'是不是 `{near}`？')}" if near else ""
            ctx.fail(str(Text(f"There is no command `{args[0]}`.", f"没有命令 `{args[0]}`。")) + hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(str(Text("Commands", "命令"))):
            formatter.write_dl([(name, str(SUMMARY[name])) for name in COMMANDS])


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=str(Text("Tongmai: enter once, use everywhere.", "通脉：一次录入，处处可用。")),
    epilog=str(
        Text(
            "Example: tongmai sync crm_sales_opportunities --json", "示例：tongmai sync crm_sales_opportunities --json"
        )
    ),
)
@click.version_option(__version__, prog_name="tongmai")
def cli() -> None:
    pass


def main() -> None:
    """Entry point. A deliberate error is printed as what, why and what next, and ends with exit status 1 (2: bad file)."""
    try:
        cli(standalone_mode=True)
    except TongmaiError as error:
        show(error, as_json="--json" in sys.argv)
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)


def show(error: TongmaiError, *, as_json: bool) -> None:
    """Print an error for people on stderr, and for machines as one JSON line on stdout.

    The error's own sentences are English; a Chinese reader is told first, by its code, what it means and what to do.
    """
    meaning = explain(error.code) if language() == "zh" else None
    click.echo(click.style(str(Text("error", "错误")), fg="red", bold=True) + f" [{error.code}] {error.what}", err=True)
    if meaning:
        click.echo(f"  说明: {meaning}", err=True)
    if error.why:
        click.echo(f"  {Text('why', '原因')}: {error.why}", err=True)
    if error.next_step:
        click.echo(f"  {Text('next', '下一步')}: {error.next_step}", err=True)
    findings = error.findings if isinstance(error, ConfigurationError) else ()
    for finding in findings:
        click.echo(finding.render(), err=True)
    if as_json:
        line: dict[str, object] = {
            "error": {"code": error.code, "what": error.what, "why": error.why, "next": error.next_step}
        }
        if findings:
            line["findings"] = [finding.as_json() for finding in findings]
        click.echo(json.dumps(line, ensure_ascii=False))

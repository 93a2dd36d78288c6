"""``tongmai connector``: list connectors and connections, check a connection, read a stream of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import click

from connectors import registry
from connectors.sdk import Page, ReadRequest
from connectors.testing.contract import suite
from connectors.testing.contract.rule import TIER_WORDS
from tongmai.cli.contract import test
from tongmai.cli.discover import discover
from tongmai.cli.forecast import forecast
from tongmai.cli.opening import JSON, example, mistakes, opened_connection, say
from tongmai.cli.scaffold import new
from tongmai.core.errors import TongmaiError
from tongmai.core.secrets import EnvironmentSecrets, variable
from tongmai.core.text import Text, language
from tongmai.sync.guarantee import GUARANTEE_WORDS, of_target
from tongmai.sync.shared import shared_if_there
from tongmai.sync.specs import load_specs


@click.group(
    help=str(Text("List, check, describe and read connections.", "查看、检测、了解、读取连接。")),
    epilog=example("tongmai connector check crm_main"),
)
def connector() -> None:
    pass


@connector.command(
    "list",
    help=str(Text("Show every connector and every configured connection.", "列出所有连接器和已配置的连接。")),
    epilog=example("tongmai connector list --json"),
)
@JSON
def list_(as_json: bool) -> None:
    specs = load_specs()
    environment = EnvironmentSecrets()
    connectors = [_connector_line(name) for name in registry.names()]
    connections = [
        {
            "connection": name,
            "connector": connection.connector,
            "role": connection.role,
            "needs_secret": any(
                s.type == "secret" for s in registry.manifest(connection.connector).connection.values()
            ),
            "secret_in_environment": environment.get(name) is not None,
        }
        for name, connection in sorted(specs.connections.items())
    ]
    if as_json:
        click.echo(json.dumps({"connectors": connectors, "connections": connections}, ensure_ascii=False))
        return
    click.echo(str(Text("Connectors", "连接器")))
    for line in connectors:
        reads = ", ".join(line["streams"]) or str(Text("as its settings say", "由设置决定"))
        writes = ", ".join(f"{name} ({GUARANTEE_WORDS[line['guarantees'][name]]})" for name in line["writes"]) or "-"
        tier = TIER_WORDS[line["tier"]]
        click.echo(
            f"  {line['connector']:<12} {line['label'][language()]}   {Text('tier', '等级')}: {tier}"
            f"   {Text('from', '来源')}: {line['origin'][language()]}"
        )
        click.echo(f"  {'':<12} {Text('reads', '读')}: {reads}   {Text('writes', '写')}: {writes}")
    click.echo(str(Text("Connections", "连接")))
    for item in connections:
        mark = (
            ""
            if item["secret_in_environment"] or not item["needs_secret"]
            else f"   {Text('not set here', '此处未设置')}: {variable(str(item['connection']))}"
        )
        click.echo(f"  {item['connection']:<20} {item['connector']:<12} {item['role']:<8}{mark}")
    if not connections:
        click.echo("  " + str(Text("none (see connections.yaml)", "无（见 connections.yaml）")))
    for finding in mistakes(specs):
        click.echo(finding.render(), err=True)


@connector.command(
    "check",
    help=str(Text("Open the connection NAME and make one cheap call.", "打开连接 NAME 并做一次最小调用。")),
    epilog=example("tongmai connector check crm_main --json"),
)
@click.argument("name")
@JSON
def check(name: str, as_json: bool) -> None:
    opened = opened_connection(name)
    with shared_if_there(say):
        try:
            result = opened.check()
        finally:
            opened.close()
    if as_json:
        click.echo(json.dumps({"connection": name, "ok": result.ok, "detail": result.detail}, ensure_ascii=False))
    else:
        click.echo(f"{name}: {Text('good', '正常') if result.ok else Text('not good', '异常')}  {result.detail}")
    if not result.ok:
        raise click.exceptions.Exit(1)


@connector.command(
    "read",
    help=str(
        Text(
            "Print records of STREAM of the connection NAME, one JSON line each; nothing is stored.",
            "逐行输出连接 NAME 的数据流 STREAM 的记录（JSON）；不保存。",
        )
    ),
    epilog=example("tongmai connector read crm_main AccountObj --limit 5"),
)
@click.argument("name")
@click.argument("stream")
@click.option(
    "--limit", default=10, show_default=True, help=str(Text("Most records (0: all).", "最多条数（0 为全部）。"))
)
@click.option(
    "--since", help=str(Text("Only changes since this time, as 2026-01-31T08:00+08:00.", "只读此时间之后的变化。"))
)
@JSON
def read(name: str, stream: str, limit: int, since: str | None, as_json: bool) -> None:
    request = ReadRequest(stream, since=_time(since) if since else None, full=since is None)
    opened = opened_connection(name)
    count = broken = 0
    with shared_if_there(say):
        try:
            for record in _records(opened.read(request)):
                if limit and count >= limit:
                    break
                count += 1
                line: dict[str, Any] = {"key": record.key, "op": record.op, "version": record.version}
                if record.op == "broken":
                    broken += 1
                    line["problem"] = record.problem
                else:
                    line["record"] = opened.decode(stream, record.raw)
                click.echo(json.dumps(line, ensure_ascii=False, default=str))
        finally:
            opened.close()
    if not as_json:
        click.echo(str(Text(f"{count} record(s), {broken} broken", f"{count} 条记录，其中 {broken} 条损坏")), err=True)


connector.add_command(discover)
connector.add_command(forecast)
connector.add_command(test)
connector.add_command(new)


def _records(pages: Any) -> Any:
    page: Page
    for page in pages:
        yield from page.records


def _connector_line(name: str) -> dict[str, Any]:
    manifest, origin = registry.manifest(name), registry.origin(name)
    return {
        "connector": name,
        "label": {"zh": manifest.label.zh, "en": manifest.label.en},
        "kind": manifest.kind,
        "origin": {"zh": origin.zh, "en": origin.en},
        "streams": list(manifest.streams),
        "writes": list(manifest.writes),
        "tier": suite.tier_of(name),
        "guarantees": {write: of_target(each) for write, each in manifest.writes.items()},
    }


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise TongmaiError(
            f"--since {text}", "not a date and time", "write it as 2026-01-31T08:00:00+08:00", code="bad-time"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

"""``tongmai mapping diff``: what a new version of a mapping would change, on recorded records, in words of the business."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text, language, width

if TYPE_CHECKING:
    from mappings.language.types import CompiledMapping
    from masterdata.store import Database
    from tongmai.sync.content import Content
    from tongmai.sync.recorded import Batch

_BAR = 24


@click.command(
    help=str(
        Text(
            "Run an older version of a mapping and the one in the files over the same records, and say what changes: by field, "
            "with examples. Exit status 1 when something changes.",
            "用旧版本和当前文件中的映射处理同一批记录，按字段说明变化并举例。有变化时退出码为 1。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai mapping diff crm_sales/accounts --against git:HEAD --html diff.html",
            "示例：tongmai mapping diff crm_sales/accounts --against git:HEAD --html diff.html",
        )
    ),
)
@click.argument("name")
@click.option(
    "--against",
    default="live",
    show_default=True,
    help=str(
        Text(
            "The older version: `live` (what the last run used), a release's number or id, a folder, or `git:REV`.",
            "旧版本：`live`（上次运行所用）、发布的序号或编号、目录，或 `git:版本`。",
        )
    ),
)
@click.option(
    "--recorded",
    type=click.IntRange(min=1),
    help=str(Text("Only the last so many stored records (default: all).", "只取最近存储的若干条（默认全部）。")),
)
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=str(Text("The records of this file instead (.jsonl, .csv).", "改用该文件中的记录（.jsonl、.csv）。")),
)
@click.option("--connection", default="", help=str(Text("Only records of this connection.", "只取该连接的记录。")))
@click.option(
    "--fail-on",
    type=click.Choice(["changes", "errors", "never"]),
    default="changes",
    show_default=True,
    help=str(
        Text(
            "When to end with status 1: on any change, only on newly refused records, or never.",
            "何时以 1 退出：有任何变化、仅当有新被拒绝的记录、从不。",
        )
    ),
)
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help=str(Text("Also write a page for people, in one file.", "同时生成一个单文件网页报告。")),
)
@click.option("--show-personal", is_flag=True, help=str(Text("Do not mask personal data.", "不遮盖个人信息。")))
@click.option("--json", "as_json", is_flag=True, help=str(Text("JSON for machines.", "输出 JSON。")))
def diff(
    name: str,
    against: str,
    recorded: int | None,
    file: Path | None,
    connection: str,
    fail_on: str,
    page: Path | None,
    show_personal: bool,
    as_json: bool,
) -> None:
    from mappings.language.wording import Wording
    from tongmai.cli.diff_report import report
    from tongmai.cli.mapping import compiled_mapping, known_mappings
    from tongmai.cli.progress import bar
    from tongmai.core.settings import database_url
    from tongmai.sync.against import find_version, needs_database
    from tongmai.sync.content import load_content
    from tongmai.sync.recorded import known_connection, read_only

    content = load_content()
    new = compiled_mapping(content, known_mappings(content.mappings, (name,))[0])
    if connection:
        known_connection(content, connection)
    with ExitStack() as stack:
        stored = needs_database(against)
        database = stack.enter_context(read_only(database_url())) if stored or file is None else None
        version = find_version(content, name, against, database if stored else None)
        old = compiled_mapping(version.content, name)
        wording = Wording((new, old), (content.schema, version.content.schema), show_personal)
        progress = stack.enter_context(bar(enabled=not as_json))
        same = old.digest == new.digest
        batches = iter(()) if same else _batches(content, database, old, new, file, recorded, connection)
        from tongmai.sync.rerun import rerun

        found, passed_by = rerun(batches, old, new, wording, lambda count: progress(name, "compare", count))
    if not same and not found.totals.read and not passed_by:
        raise nothing_recorded(name)
    files = Text("the files here", "当前文件")
    line = report(name, (version.what, files), (old.digest, new.digest), found, wording, passed_by)
    if page is not None:
        from tongmai.cli.diff_page import render

        page.write_text(render(line, language()), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(line, ensure_ascii=False, default=str))
    else:
        _show(line)
        if page is not None:
            click.echo(str(Text(f"The page is in {page}", f"报告已写入 {page}")))
    if (fail_on == "changes" and found.changes) or (fail_on == "errors" and found.totals.failing):
        sys.exit(1)


def nothing_recorded(name: str) -> ConfigurationError:
    """There is nothing to run a mapping over."""
    return ConfigurationError(
        f"mapping `{name}`",
        "no record that it reads is stored in the hub",
        "run its sync first, or give records with --file",
        code="nothing-recorded",
    )


def _batches(
    content: Content,
    database: Database | None,
    old: CompiledMapping,
    new: CompiledMapping,
    file: Path | None,
    limit: int | None,
    connection: str,
) -> Iterator[Batch]:
    from tongmai.sync.recorded import recorded

    if file is not None:
        return file_batches(file, limit)
    assert database is not None
    return recorded(database, content, (old, new), limit, connection)


def file_batches(file: Path, limit: int | None) -> Iterator[Batch]:
    """The records of a file, as if they were stored; an outbound mapping finds every reference under its own id."""
    from tongmai.cli.mapping import file_records
    from tongmai.sync.recorded import BATCH, Batch, Given

    records = enumerate(islice(file_records(file), limit), 1)
    while some := list(islice(records, BATCH)):
        yield Batch([Given(f"{file.name}:{number}", one) for number, one in some], lambda entity_id, *_: entity_id)


def _show(line: dict[str, Any]) -> None:
    from tongmai.cli.diff_report import KINDS, of_kind

    lang = language()
    click.echo(click.style(f"{line['mapping']} · {line['entity'][lang]}", bold=True))
    click.echo(f"  {line['old']['what'][lang]} → {line['new']['what'][lang]}")
    if line["same_definition"]:
        click.echo(str(Text("The definition is the same: nothing can change.", "定义完全相同：不会有任何变化。")))
        return
    click.echo(line["summary"][lang])
    records = line["records"]
    rest = [
        (records["still_failing"], Text("fail with both", "两版均被拒绝")),
        (records["still_filtered"], Text("are left out by both", "两版均被排除")),
        (records["unreadable"], Text("cannot be decoded", "无法解码")),
        (records["passed_by"], Text("are not for this target", "不属于该目标")),
    ]
    told = [f"{count:,} {text}" for count, text in rest if count]
    if told:
        click.echo("  " + str(Text("; ", "；")).join(told))
    most = max((one["records"] for one in line["fields"]), default=0)
    wide = max((width(_label(one, lang)) for one in line["fields"]), default=0)
    if line["fields"]:
        click.echo("\n" + click.style(str(Text("Fields that change", "变化的字段")), bold=True))
    for one in line["fields"]:
        drawn = "█" * max(1, round(_BAR * one["records"] / most))
        label = _label(one, lang)
        click.echo(f"  {label}{' ' * (wide - width(label))}  {one['records']:>7,}  {drawn}")
        for each in one["examples"]:
            at = str(Text(f" line {each['line']}", f" 第 {each['line']} 行")) if each["line"] else ""
            alike = (
                str(Text(f"  ({each['records']:,} so)", f"（共 {each['records']:,} 条）"))
                if each["records"] > 1
                else ""
            )
            click.echo(f"      {each['old_shown'][lang]} → {each['new_shown'][lang]}{alike}  · {_who(each)}{at}")
    for kind, title in KINDS.items():
        shifts = of_kind(line, kind)
        if shifts:
            click.echo("\n" + click.style(str(title), bold=True))
        for one in shifts:
            code = f" [{one['code']}]" if one["code"] else ""
            click.echo(f"  {one['records']:>7,}  {one['label'][lang]}{code}")
            for each in one["examples"]:
                value = f": `{each['value'][lang]}`" if each.get("value", {}).get(lang) else ""
                click.echo(f"           {_who(each)}{value}")


def _label(one: dict[str, Any], lang: str) -> str:
    shown: str = one["label"][lang]
    return shown if one["field"] in shown else f"{shown} ({one['field']})"


def _who(each: dict[str, Any]) -> str:
    return f"{each['key']} · {each['title']}" if each["title"] and each["title"] != each["key"] else str(each["key"])

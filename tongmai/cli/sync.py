"""``tongmai sync`` and ``tongmai ledger``."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime

import click

from tongmai.cli.options import JSON_LINE
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text, language

QUARANTINED_EXIT = 3


@click.command(
    help=str(
        Text(
            "Run a sync, or a group of syncs one after the other.\n\n"
            "Exit status: 0 balanced and nothing failed; 1 failed or not balanced; 2 a file is wrong; 3 with --strict, records"
            " went to quarantine.",
            "运行一个同步，或按顺序运行一组同步。\n\n"
            "退出码：0 账目平衡且无失败；1 失败或账目不平；2 文件有误；3 使用 --strict 且有记录进入隔离区。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai sync crm_sales_opportunities --json", "示例：tongmai sync crm_sales_opportunities --json"
        )
    ),
)
@click.argument("name")
@click.option("--full", is_flag=True, help=str(Text("Read every record again.", "重新读取全部记录。")))
@click.option(
    "--since", help=str(Text("Read what changed since this time (ISO 8601).", "读取此时间之后的变更（ISO 8601）。"))
)
@click.option(
    "--key", "keys", multiple=True, help=str(Text("Read only this record; may be repeated.", "只读取该记录，可重复。"))
)
@click.option(
    "--dry-run",
    is_flag=True,
    help=str(Text("Do everything but keep nothing and write to no target.", "试运行：不保存，也不写目标系统。")),
)
@click.option(
    "--accept-deletes",
    is_flag=True,
    help=str(
        Text(
            "Believe a whole listing in which most records are missing, a changed mapping that leaves out most of them.",
            "确认全量清单中大部分记录确已删除，或更改后的映射确要排除大部分记录。",
        )
    ),
)
@click.option(
    "--strict", is_flag=True, help=str(Text("Quarantined records count as failure.", "有隔离记录即视为失败。"))
)
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line at the end.", "结束时输出一行 JSON。")))
def sync(
    name: str,
    full: bool,
    since: str | None,
    keys: tuple[str, ...],
    dry_run: bool,
    accept_deletes: bool,
    strict: bool,
    as_json: bool,
) -> None:
    from tongmai.cli.progress import bar
    from tongmai.sync.run import SyncOptions, run_sync

    options = SyncOptions(full=full, since=_time(since), keys=keys, dry_run=dry_run, accept_deletes=accept_deletes)
    with bar(enabled=not as_json) as progress:
        report = run_sync(name, options, progress=progress)
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        click.echo(report.in_words(language()))
        if dry_run:
            click.echo(str(Text("Dry run: nothing was kept, nothing was sent", "试运行：未保存，也未发送")))
    if not report.ok:
        sys.exit(1)
    if strict and (report.inbound["quarantined"] or report.outbound["quarantined"]):
        sys.exit(QUARANTINED_EXIT)


@click.group(
    invoke_without_command=True,
    help=str(
        Text("Recount the books of every stream and target from the tables.", "根据数据表重新核对所有流与目标的账目。")
    ),
    epilog=str(Text("Example: tongmai ledger --json", "示例：tongmai ledger --json")),
)
@JSON_LINE
@click.pass_context
def ledger(context: click.Context, as_json: bool) -> None:
    if context.invoked_subcommand is not None:
        return
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync.ledger import recount_all

    with connect(database_url()) as database, database.transaction() as cursor:
        rows = recount_all(cursor)
    balanced = not any(row["problems"] for row in rows)
    if as_json:
        click.echo(json.dumps({"balanced": balanced, "books": rows}, ensure_ascii=False))
    else:
        for row in rows:
            mark = click.style("✓", fg="green") if not row["problems"] else click.style("✗", fg="red")
            terms = ", ".join(_count(term, count) for term, count in row["terms"].items() if count)
            click.echo(f"{mark} {row['name']}: {terms or '-'}")
            for problem in row["problems"]:
                click.echo(f"    {problem}")
    sys.exit(0 if balanced else 1)


def _count(term: str, count: int) -> str:
    from tongmai.sync.report import WORDS

    return f"{WORDS[term].zh} {count:,}" if language() == "zh" else f"{term} {count:,}"


@ledger.command(
    "write-off",
    help=str(
        Text(
            "Close a red book for good: BOOK is the run or the target that the problem names. Who and why are kept.",
            "核销无法平账的部分：BOOK 为问题中指出的运行或目标。核销人和原因会被记录。",
        )
    ),
    epilog=str(
        Text(
            'Example: tongmai ledger write-off erp_customers --reason "row deleted by hand"',
            '示例：tongmai ledger write-off erp_customers --reason "误删一行"',
        )
    ),
)
@click.argument("book")
@click.option("--reason", required=True, help=str(Text("Why it is right to do so.", "核销原因。")))
@JSON_LINE
def write_off(book: str, reason: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import ledger as books

    with connect(database_url()) as database, database.transaction() as cursor:
        count = books.write_off(cursor, book, reason, getpass.getuser())
    if as_json:
        click.echo(json.dumps({"book": book, "written_off": count}))
    else:
        click.echo(str(Text(f"{count} written off in {book}", f"{book} 核销 {count} 条")))
    sys.exit(0 if count else 1)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "--since", f"`{text}` is not a time", "write it like 2026-11-01T08:00:00+08:00", code="bad-option"
        ) from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)

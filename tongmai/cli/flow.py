"""``tongmai flow``: instances of flows."""

from __future__ import annotations

import json
from typing import Any

import click

from tongmai.cli.options import JSON_LINE
from tongmai.core.text import Text
from tongmai.flows.story import STATES


@click.group(
    help=str(
        Text(
            "List, show and start instances of flows. A flow itself runs like a sync: `tongmai sync NAME`.",
            "查看、启动流程实例。流程本身像同步一样运行：`tongmai sync NAME`。",
        )
    ),
    epilog=str(Text("Example: tongmai flow list order_to_cash", "示例：tongmai flow list order_to_cash")),
)
def flow() -> None:
    pass


@flow.command(
    "list",
    help=str(Text("List instances, the newest first.", "列出实例，最新的在前。")),
    epilog=str(Text("Example: tongmai flow list --state overdue", "示例：tongmai flow list --state overdue")),
)
@click.argument("name", default="")
@click.option("--state", type=click.Choice(STATES), help=str(Text("Only those that stand so.", "只列出该状态的实例。")))
@click.option("--limit", default=50, show_default=True, help=str(Text("How many at most.", "最多列出多少条。")))
@JSON_LINE
def show_list(name: str, state: str | None, limit: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.flows.story import instances, standing
    from tongmai.sync.specs import flow_files

    files = flow_files()
    with connect(database_url()) as database, database.transaction() as cursor:
        found = instances(cursor, name, state or "", limit)
        totals = standing(cursor)
    if name and name not in files and name not in totals:
        raise _unknown(name, list(files))
    if as_json:
        click.echo(json.dumps({"instances": found, "standing": totals}, ensure_ascii=False, default=str))
        return
    for one in found:
        numbers = " ".join(one["numbers"].values()) or str(one["id"])
        step = f"{one['step'] + 1}. {one['at_step']}" if one["at_step"] else ""
        late = click.style(str(Text(" overdue", " 已超时")), fg="red") if one["overdue"] else ""
        click.echo(f"{numbers}  {one['flow']}  {_state(one['state'])}{late}  {step}  {one['note']}".rstrip())
    for each, counts in totals.items():
        if name in ("", each):
            words = ", ".join(f"{_state(word)} {count:,}" for word, count in counts.items() if count)
            click.echo(click.style(f"{each}: {words}", bold=True))
            if each not in files and (counts["running"] or counts["cancelling"]):
                gone = Text(
                    "its file is gone: these stand still until it is back", "其文件已不存在：恢复之前这些实例停止不动"
                )
                click.echo(click.style(f"  {gone}", fg="red"))


@flow.command(
    "show",
    help=str(
        Text(
            "Tell the story of one instance: KEY is its id or a number minted in it.",
            "查看一个实例的经过：KEY 为实例编号，或其中生成的号码。",
        )
    ),
    epilog=str(Text("Example: tongmai flow show HT-2026-000001", "示例：tongmai flow show HT-2026-000001")),
)
@click.argument("key")
@JSON_LINE
def show_one(key: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.flows.story import story

    with connect(database_url()) as database, database.transaction() as cursor:
        found = story(cursor, key)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
    else:
        _tell(found)


@flow.command(
    "start",
    help=str(
        Text(
            "Start an instance by hand: KEY is the entity's id or the key of one of its source records.",
            "手工启动一个实例：KEY 为实体编号，或其任一来源记录的主键。",
        )
    ),
    epilog=str(
        Text("Example: tongmai flow start order_to_cash 6774...", "示例：tongmai flow start order_to_cash 6774...")
    ),
)
@click.argument("name")
@click.argument("key")
@JSON_LINE
def start(name: str, key: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.flows import story
    from tongmai.sync.content import activate, load_content

    content = load_content()
    if name not in content.flows.documents:
        raise _unknown(name, list(content.flows.documents))
    compiled = content.flow(name)
    with connect(database_url()) as database:
        release = activate(database, content)
        with database.transaction() as cursor:
            story.start(cursor, compiled, key, release)
    if as_json:
        click.echo(json.dumps({"flow": name, "started": True}))
    else:
        click.echo(str(Text(f"started; `tongmai sync {name}` serves it", f"已启动，由 `tongmai sync {name}` 执行")))


def _tell(found: dict[str, Any]) -> None:
    numbers = " ".join(found["numbers"].values())
    title = click.style(f"{found['flow']} {numbers or found['id']}", bold=True)
    click.echo(f"{title} · {_state(found['state'])} · {found['entity']} {found['subject']}")
    for one in found["story"]:
        mark = {"done": "✓", "waiting": "…", "undone": "↶"}[one["state"]]
        at = one["ended_at"] or one["began_at"]
        click.echo(
            f"  {mark} {one['position'] + 1:>2}. {one['name']:<40} {at:%Y-%m-%d %H:%M:%S}  {one['detail']}".rstrip()
        )
    for record in found["records"]:
        click.echo(f"\n{record['entity']} {record['id']}")
        for one in record["deliveries"]:
            key = one["remote_key"] or ""
            click.echo(
                f"  {one['at']:%Y-%m-%d %H:%M:%S}  {one['target']}  {one['operation']} {one['outcome']} {key}  {one['reason']}".rstrip()
            )


def _state(word: str) -> Text:
    return {
        "running": Text("under way", "进行中"),
        "cancelling": Text("being called off", "撤销中"),
        "done": Text("done", "已完成"),
        "cancelled": Text("called off", "已撤销"),
        "overdue": Text("overdue", "已超时"),
    }[word]


def _unknown(name: str, known: list[str]) -> Exception:
    from tongmai.core.errors import ConfigurationError
    from tongmai.core.finding import nearest

    near = nearest(name, known)
    return ConfigurationError(
        f"flow `{name}`",
        f"there is no such flow (there are: {', '.join(known) or '-'})",
        f"did you mean `{near}`?" if near else "correct the name",
        code="unknown-flow",
    )

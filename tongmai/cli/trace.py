"""``tongmai trace``: any record's whole story on one page."""

from __future__ import annotations

import json
from typing import Any

import click

from tongmai.core.text import Text

_RULES = {
    "owner": Text("the owner of this field", "该字段的归属系统"),
    "only": Text("the only source that has it", "唯一来源"),
    "trust": Text("the more trusted source", "可信度更高的来源"),
    "recent": Text("the more recent change", "最近的变更"),
    "key": Text("the first of equals", "同等来源中的第一个"),
    "union": Text("all sources together", "合并所有来源"),
    "kept": Text("kept from a source that is gone", "来源已不在，保留原值"),
    "deleted": Text("deleted at its source", "源系统已删除"),
}


@click.command(
    help=str(
        Text(
            "Tell the whole story of one record: KEY is the entity's id or the key of any of its source records.",
            "查看一条记录的完整经过：KEY 为实体编号，或任一来源记录的键。",
        )
    ),
    epilog=str(
        Text('Example: tongmai trace customer "Northwind Optics"', '示例：tongmai trace customer "Northwind Optics"')
    ),
)
@click.argument("entity")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line.", "输出一行 JSON。")))
def trace(entity: str, key: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync.trace import story

    with connect(database_url()) as database, database.transaction() as cursor:
        found = story(cursor, entity, key)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
    else:
        _tell(found)


def _tell(found: dict[str, Any]) -> None:
    from tongmai.core.codes import explained

    title = Text("version", "版本")
    click.echo(click.style(f"{found['entity']} {found['id']}", bold=True) + f" · {title} {found['version']}")
    _heading(Text("Fields", "字段"))
    for name, one in found["fields"].items():
        if one["value"] is None:
            continue
        rule = _RULES.get(one.get("rule", ""), "")
        where = f"{one.get('connection')}.{one.get('stream')}[{one.get('key')}]"
        click.echo(f"  {name:<16} {one['value']}\n  {'':<16} ← {where} · {rule} · {one.get('at', '')}")
        for other in one.get("others", []):
            over = Text("over", "未采用")
            click.echo(f"  {'':<16}   {over} {other['connection']}.{other['stream']}[{other['key']}]: {other['value']}")
    _heading(Text("Sources", "来源"))
    for one in found["sources"]:
        gone = str(Text(" (deleted)", "（已删除）")) if one["deleted"] else ""
        echo = (
            str(Text(f", our own write: {', '.join(one['echo'])}", f"，我方写入：{', '.join(one['echo'])}"))
            if one["echo"]
            else ""
        )
        click.echo(f"  {one['connection']}.{one['stream']}[{one['key']}] {one['role']}{gone}{echo}")
    _heading(Text("History", "历史"))
    for one in found["versions"]:
        click.echo(f"  {one['version']:>3}  {one['at']:%Y-%m-%d %H:%M:%S}  {one['run']}")
        for name, change in one["changes"].items():
            click.echo(f"       {name}: {change['from']} → {change['to']}")
    _heading(Text("Deliveries", "写出"))
    for one in found["deliveries"]:
        reason = f" · {one['reason']}" if one["reason"] else ""
        click.echo(
            f"  {one['at']:%Y-%m-%d %H:%M:%S}  {one['target']}  {one['operation']} {one['outcome']} {one.get('remote_key') or ''}{reason}"
        )
    if found["flows"]:
        _heading(Text("Flows", "流程"))
    for one in found["flows"]:
        numbers = " ".join(one["numbers"].values()) or one["id"]
        click.echo(
            f"  {one['started_at']:%Y-%m-%d %H:%M:%S}  {one['flow']}  {numbers}  {one['state']}  {one['note']}".rstrip()
        )
    if found["findings"]:
        _heading(Text("Data quality", "数据质量"))
        for one in found["findings"]:
            click.echo(f"  {one['field']}: {explained(one['code'], one['message'])} [{one['code']}]")


def _heading(text: Text) -> None:
    click.echo("\n" + click.style(str(text), bold=True))

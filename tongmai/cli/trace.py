"""``tongmai trace``: any record's whole story on one page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from tongmai.cli.labels import in_order, value_of
from tongmai.cli.options import JSON_LINE
from tongmai.core.text import Text

if TYPE_CHECKING:
    from masterdata.matching.scorer import Scorer

_RULES = {
    "owner": Text("the owner of this field", "该字段的归属系统"),
    "only": Text("the only source that has it", "唯一来源"),
    "trust": Text("the more trusted source", "可信度更高的来源"),
    "recent": Text("the more recent change", "最近的变更"),
    "key": Text("the first of equals", "同等来源中的第一个"),
    "union": Text("all sources together", "合并所有来源"),
    "support": Text("what the most trusted sources together say", "可信来源的共同取值"),
    "frequent": Text("what most systems say", "多数系统的取值"),
    "complete": Text("the most complete value", "最完整的取值"),
    "agreed": Text("all sources agree", "各来源一致"),
    "fit": Text("the others are incomplete or wrong", "其余取值不完整或有误"),
    "override": Text("set by a steward", "数据管家人工设定"),
    "derived": Text("follows from another field", "由其他字段推得"),
    "assembled": Text("put together from several records", "由多条记录拼合"),
    "sum": Text("a sum", "合计"),
    "kept": Text("kept from a source that is gone", "来源已不在，保留原值"),
    "deleted": Text("deleted at its source", "源系统已删除"),
    "refused": Text("what was said does not count", "来源给出的值不予采信"),
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
@JSON_LINE
def trace(entity: str, key: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.batch.snapshot import hub_scorer
    from tongmai.batch.stored_why import joins
    from tongmai.core.settings import database_url
    from tongmai.sync.content import load_content
    from tongmai.sync.trace import story

    schema = load_content().schema
    with connect(database_url()) as database, database.transaction() as cursor:
        found = story(cursor, entity, key)
        scorer = hub_scorer(cursor, schema, found["entity"]) if found["entity"] in schema.matching else None
        weights = joins(cursor, scorer, UUID(found["id"])) if scorer is not None else []
    if as_json:
        plain = [{name: value for name, value in one.items() if name != "scored"} for one in weights]
        click.echo(json.dumps({**found, "weights": plain}, ensure_ascii=False, default=str))
    else:
        _tell(found, scorer, weights)


def tell_weights(scorer: Scorer, weights: list[dict[str, Any]]) -> None:
    """Pairs of records with the numbers that add up to their weights, and what came of it."""
    from tongmai.batch.why import bits, summary

    for one in weights:
        what = (
            Text("one entity", "同一实体")
            if one["together"]
            else Text("another entity, open question", "另一实体，待裁决")
        )
        click.echo(f"  {' — '.join(one['pair'])}  {bits(one['weight'])}  {what}")
        for line in summary(scorer, one["scored"]):
            click.echo(f"      {line}")


def _tell(found: dict[str, Any], scorer: Scorer | None, weights: list[dict[str, Any]]) -> None:
    from tongmai.core.codes import explained

    title = Text("version", "版本")
    click.echo(click.style(f"{found['entity']} {found['id']}", bold=True) + f" · {title} {found['version']}")
    _heading(Text("Fields", "字段"))
    tell_fields(found["entity"], found["fields"])
    _heading(Text("Sources", "来源"))
    for one in found["sources"]:
        gone = str(Text(" (deleted)", "（已删除）")) if one["deleted"] else ""
        echo = (
            str(Text(f", our own write: {', '.join(one['echo'])}", f"，我方写入：{', '.join(one['echo'])}"))
            if one["echo"]
            else ""
        )
        click.echo(f"  {one['connection']}.{one['stream']}[{one['key']}] {one['role']}{gone}{echo}")
        _standing(one)
    if found["moves"] or found["acts"] or weights:
        _heading(Text("Identity", "身份"))
    if scorer is not None:
        tell_weights(scorer, weights)
    for one in found["moves"]:
        came = one["to"] == found["id"]
        other = one["from"] if came else one["to"]
        by = Text(f" · act {one['act']}", f" · 处置 {one['act']}") if one["act"] else ""
        what = Text("came from", "来自") if came else Text("went to", "转至")
        click.echo(f"  {one['at']:%Y-%m-%d %H:%M:%S}  {one['name']} {what} {other}{by}")
    for one in found["acts"]:
        tell_act(one)
    _heading(Text("History", "历史"))
    for one in found["versions"]:
        click.echo(f"  {one['version']:>3}  {one['at']:%Y-%m-%d %H:%M:%S}  {one['run']}")
        for name in in_order(found["entity"], one["changes"]):
            change = one["changes"][name]
            before, after = (value_of(found["entity"], name, change[side]) or "-" for side in ("from", "to"))
            click.echo(f"       {name}: {before} → {after}")
    _heading(Text("Deliveries", "写出"))
    for one in found["deliveries"]:
        reason = f" · {one['reason']}" if one["reason"] else ""
        if one["of"] != found["id"]:
            reason += f" · {Text('of', '属于')} {one['of']}"
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


ACTS = {
    "merge": Text("are one", "合并"),
    "unmerge": Text("are no longer one", "拆分"),
    "apart": Text("are not one", "判为不同"),
    "kept": Text("kept together after an edit", "修改后保持在一起"),
}


def tell_act(one: dict[str, Any]) -> None:
    """One act of a steward, on a line."""
    undone = ""
    if one["undone_at"]:
        undone = str(
            Text(
                f" · undone {one['undone_at']:%Y-%m-%d %H:%M} {one['undone_by']}",
                f" · 已于 {one['undone_at']:%Y-%m-%d %H:%M} 由 {one['undone_by']} 撤销",
            )
        )
    number, what = Text(f"act {one['id']}", f"处置 {one['id']}"), ACTS[one["kind"]]
    click.echo(f"  {one['at']:%Y-%m-%d %H:%M:%S}  {number}: {what} · {one['who']}: {one['why']}{undone}")


def tell_fields(entity: str, fields: dict[str, dict[str, Any]]) -> None:
    """Each field that has a value, where it came from and what was not taken."""
    for name in in_order(entity, fields):
        one = fields[name]
        if one["value"] is None:
            continue
        value = value_of(entity, name, one["value"])
        rule = _RULES.get(one.get("rule", ""), "")
        where = f"{one.get('connection')}.{one.get('stream')}[{one.get('key')}]"
        click.echo(f"  {name:<16} {value}\n  {'':<16} ← {where} · {rule} · {one.get('at', '')}")
        for part in one.get("parts", []):
            click.echo(f"  {'':<16}   {Text('and', '及')} {part['connection']}.{part['stream']}[{part['key']}]")
        if one.get("rule") == "override":
            click.echo(f"  {'':<16}   {one['by']}: {one['why']} ({Text('until', '至')} {one['until']})")
        for other in one.get("others", []):
            over = Text("over", "未采用")
            lost = value_of(entity, name, other["value"])
            click.echo(f"  {'':<16}   {over} {other['connection']}.{other['stream']}[{other['key']}]: {lost}")


def _standing(one: dict[str, Any]) -> None:
    """Why what a source's record holds now is not what it says in the golden record."""
    if one["left_out_at"] is not None:
        since = f"{one['left_out_at']:%Y-%m-%d %H:%M:%S}"
        click.echo(
            Text(
                f"      left out by the mapping since {since}; what it said before is "
                + ("kept" if one["speaks"] else "withdrawn"),
                f"      自 {since} 起被映射排除；其原有内容" + ("予以保留" if one["speaks"] else "已撤回"),
            )
        )
    wrong = one["quarantine"]
    if wrong is not None:
        since = f"{wrong['at']:%Y-%m-%d %H:%M:%S}"
        click.echo(
            Text(
                f"      in quarantine since {since} (no. {wrong['id']}): {wrong['reason']} [{wrong['code']}]; "
                + ("what it said before still counts" if one["speaks"] else "it says nothing meanwhile"),
                f"      自 {since} 起在隔离区（编号 {wrong['id']}）：{wrong['reason']} [{wrong['code']}]；"
                + ("其原有内容继续有效" if one["speaks"] else "期间不参与主数据"),
            )
        )


def _heading(text: Text) -> None:
    click.echo("\n" + click.style(str(text), bold=True))

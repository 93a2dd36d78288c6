"""Open questions and what acts did, for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from tongmai.batch.why import lines
from tongmai.cli.labels import entity_label, field_label, in_order, value_of
from tongmai.cli.table import aligned
from tongmai.core.text import Text, language
from tongmai.sync.acts import Outcome
from tongmai.sync.reviewing import BIT, Group

_POINTS = {
    "waiting": Text("deliveries wait", "写出等待"),
    "business": Text("open business", "未结业务"),
    "likelihood": Text("likelihood", "可能性"),
    "age": Text("age", "时间"),
}


def tell_groups(found: Sequence[Group], count: int, following: str | None) -> None:
    """Some of ``count`` questions, each with its entities and where its priority comes from; ``following``: the next page."""
    for one in found:
        points = ", ".join(f"{_POINTS[name]} {value:g}" for name, value in one.points.items() if value)
        title = click.style(f"{entity_label(one.entity)} {one.id}", bold=True)
        click.echo(f"{title}  {Text('priority', '优先级')} {one.priority:g}  ({points})")
        for member in one.members:
            fact = one.facts.get(member, {})
            said = [f"{entity_label(name)} {count}" for name, count in fact.get("open", {}).items() if count]
            if waits := fact.get("waiting"):
                said.append(str(Text(f"deliveries that wait {waits}", f"等待写出 {waits}")))
            click.echo(f"    {member}  {fact.get('name') or ''}  {', '.join(said)}".rstrip())
        for a, b, weight, _ in one.pairs:
            click.echo(f"    {str(a)[:8]} — {str(b)[:8]}  {weight / BIT:+.1f}")
        for kept in one.misfits:
            click.echo(
                Text(
                    f"    records {kept['one']} and {kept['other']} were only kept together after an edit: still one?",
                    f"    记录 {kept['one']} 与 {kept['other']} 因修改而暂留在一起：仍是同一实体吗？",
                )
            )
    if following:
        click.echo(
            Text(
                f"{count} groups are open; the next ones: --after {following}",
                f"共 {count} 组待裁决；下一页：--after {following}",
            )
        )
    if not count:
        click.echo(str(Text("Nothing is open", "没有待裁决的问题")))


def tell_question(found: dict[str, Any]) -> None:
    """Fields side by side, each pair's reasons, and what a merge would do."""
    ids, entity = found["ids"], found["entity"]
    rows = [["", "", *(one[:8] for one in ids)]]
    for field in found["fields"]:
        label = field["label"]["zh" if language() == "zh" else "en"]
        rows.append(
            [
                "=" if field["same"] else "≠",
                label,
                *(value_of(entity, field["field"], value) for value in field["values"]),
            ]
        )
    for line in aligned(rows, 36):
        click.echo(line)
    for one in ids:
        click.echo(f"{one[:8]}: {', '.join(each['name'] for each in found['records'][one])}")
    for pair in found["reasons"]:
        click.echo("\n" + click.style(" — ".join(one[:8] for one in pair["entities"]), bold=True))
        for reason in pair["reasons"]:
            click.echo(f"  {reason}")
        if pair.get("scored") is not None:
            click.echo("    " + " | ".join(pair["pair"]["pair"]))
            for each in lines(found["matcher"].scorer, pair["scored"]):
                click.echo(f"    {each}")
    if "if_merged" in found:
        click.echo("\n" + click.style(str(Text("If they were merged", "若合并")), bold=True))
        _tell_effects(found["if_merged"])


def tell_outcomes(done: Sequence[Outcome], dry_run: bool, as_json: bool, *, undone: bool = False) -> None:
    """What acts did, or (``undone``) what taking one back did; of several the last one knows what all did."""
    if as_json:
        told = [one.plain() for one in done]
        line = {**told[-1], "dry_run": dry_run} if len(told) == 1 else {"acts": told, "dry_run": dry_run}
        click.echo(json.dumps(line, ensure_ascii=False, default=str))
        return
    if dry_run:
        click.echo(click.style(str(Text("Dry run: nothing was kept", "试运行：未保存任何内容")), bold=True))
    for one in done:
        if not dry_run and one.act:
            click.echo(str(_undone(one.act) if undone else _kept(one.act)))
        for dead in one.dead:
            click.echo(f"  {dead} → {Text('is another one now', '已并入其他实体')}")
        for risen in one.risen:
            click.echo(f"  {risen} {Text('stands for itself again', '恢复为独立实体')}")
        if not one.moves:
            click.echo(f"  {Text('every record stays in its entity', '各记录仍属原实体')}")
    if done:
        _tell_effects(done[-1].plain())


def _kept(number: int) -> Text:
    return Text(
        f"act {number} (`tongmai review undo {number}` takes it back)",
        f"处置 {number}（可用 `tongmai review undo {number}` 撤销）",
    )


def _undone(number: int) -> Text:
    return Text(f"act {number} is taken back", f"处置 {number} 已撤销")


def _tell_effects(found: dict[str, Any]) -> None:
    for one in found.get("golden", ()):
        entity, changed = one["entity"], one["fields"]
        if changed:
            click.echo(f"  {entity_label(entity)} {one['id']}")
        for name in in_order(entity, changed):
            before, after = (value_of(entity, name, value) or "-" for value in changed[name])
            click.echo(f"      {field_label(entity, name)}: {before} → {after}")
    for one in found.get("outbox", ()):
        click.echo(
            f"  {Text('to be delivered', '待写出')}: {one['target']} {one['entity_id']} {one['key'] or ''}".rstrip()
        )
    for one in found.get("second_records", ()):
        click.echo(
            str(
                Text(
                    f"  {one['target']} holds it twice: {one['written_to']} is written to, {one['key']} is left as it is "
                    "(`tongmai review corrections`)",
                    f"  {one['target']} 中有两条：写入 {one['written_to']}，{one['key']} 保持不变（`tongmai review corrections`）",
                )
            )
        )
    later = found.get("later")
    if later:
        click.echo(
            str(
                Text(
                    f"  {later['records']} records that refer to it follow with their next sync: from here "
                    f"{later['what']} cannot be opened [{later['code']}]",
                    f"  {later['records']} 条引用它的记录将随下次同步更新：此处无法打开 {later['what']} [{later['code']}]",
                )
            )
        )

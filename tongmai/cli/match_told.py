"""What ``tongmai match`` says when a file is done: numbers, what it took each column for, how labels agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tongmai.batch.run import Matched
from tongmai.core.text import Text


def plain(found: Matched, entity: str) -> dict[str, Any]:
    """As JSON has it."""
    told: dict[str, Any] = {
        "entity": entity,
        "records": len(found.ids),
        "clusters": found.clusters,
        "copies": found.copies,
        "pairs": len(found.resolved.pairs.left),
        "candidates": found.resolved.candidates,
        "weights": found.columns.scorer.weights.version,
        "columns": {column.name: column.field for column in found.how.columns},
        "compared": [column.name for column in found.how.columns if column.field and column.compared],
        "id": found.how.id,
        "source": found.how.source,
        "updated_at": found.how.changed,
    }
    if found.as_rules is not None:
        told["labels"] = found.as_rules._asdict()
    return told


def tell(found: Matched, entity: str, said: str, file: Path, out: Path) -> None:
    """For people. ``said``: the entity that was asked for."""
    click.echo(str(Text(f"{len(found.ids):,} records are {found.clusters:,} of {entity}: {out}",
                        f"{len(found.ids):,} 条记录归为 {found.clusters:,} 个 {entity}：{out}")))  # fmt: skip
    if entity != said:
        click.echo(
            str(
                Text(
                    f"  the columns are those of people: matched as {entity} (--profile entity: as {said} all the same)",
                    f"  各列是个人信息：按 {entity} 匹配（--profile entity 则仍按 {said}）",
                )
            )
        )
    if found.copies:
        click.echo(
            str(
                Text(
                    f"  {found.copies:,} records repeat others in all that is compared",
                    f"  {found.copies:,} 条记录与其他记录的比较内容完全相同",
                )
            )
        )
    click.echo(str(_weights(found, file)))
    _agreement(found)
    for name, role in ((found.how.id, "id"), (found.how.source, "source"), (found.how.changed, "updated_at")):
        if name and name != role:
            click.echo(f"  {name} → {role}")
    along = Text("not compared, for golden records", "不参与比较，用于黄金记录")
    for column in found.how.columns:
        if column.field:
            reason = str(column.reason) if column.compared else f"{column.reason}; {along}"
            click.echo(f"  {column.name} → {column.field}  ({reason})")
    if unused := [column.name for column in found.how.columns if not column.field]:
        click.echo(str(Text(f"  not compared: {', '.join(unused)}", f"  未参与比较：{'、'.join(unused)}")))


def _weights(found: Matched, file: Path) -> Text:
    weights = found.columns.scorer.weights
    if weights.version == file.name:
        return Text(
            "  no weights are there for this entity: learnt from this very file",
            "  该实体没有现成权重：由本文件学习得到",
        )
    if not weights.levels:
        return Text(
            "  no weights are there for this entity, and too few records to learn from: each level weighs what its kind says",
            "  该实体没有现成权重，记录又太少无法学习：各级别按其类型的默认权重计算",
        )
    return Text(f"  weights: {weights.version}", f"  权重版本：{weights.version}")


def _agreement(found: Matched) -> None:
    rules = found.as_rules
    if rules is None:
        return
    click.echo(
        str(
            Text(
                f"  labels, kept as they say: {rules.same:,} pairs the same, of which the rules alone find {rules.found:,}; "
                f"{rules.different:,} different, of which the rules alone would join {rules.wrong:,}",
                f"  标注（按其执行）：{rules.same:,} 对相同，其中规则自身可识别 {rules.found:,} 对；"
                f"{rules.different:,} 对不同，其中规则自身会误并 {rules.wrong:,} 对",
            )
        )
    )

"""``tongmai lineage``: where a field comes from and where it goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.text import Text

if TYPE_CHECKING:
    from tongmai.sync.lineage import Edge


@click.command(
    "lineage",
    help=str(
        Text(
            "Show where fields come from, by which rule, and where they go: ENTITY, ENTITY.FIELD, or all.",
            "显示字段的来源、规则与去向：ENTITY、ENTITY.FIELD，不写则全部。",
        )
    ),
    epilog=str(Text("Example: tongmai lineage customer.level", "示例：tongmai lineage customer.level")),
)
@click.argument("what", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help=str(Text("JSON for machines.", "输出 JSON。")))
@click.option(
    "--openlineage",
    is_flag=True,
    help=str(
        Text(
            "Job events of OpenLineage with column lineage, one a line.",
            "输出含列级血缘的 OpenLineage 事件，每行一个。",
        )
    ),
)
@click.option(
    "--pages",
    type=click.Path(file_okay=False, path_type=Path),
    help=str(
        Text(
            "Write the data dictionary as Markdown pages into this folder.",
            "把数据字典写成 Markdown 页面，存入该文件夹。",
        )
    ),
)
def lineage(what: str, as_json: bool, openlineage: bool, pages: Path | None) -> None:
    from tongmai.cli.reference import dictionary
    from tongmai.sync.content import load_content
    from tongmai.sync.lineage import edges, open_lineage

    content = load_content()
    if pages is not None:
        for file in dictionary.write(pages, content):
            click.echo(file)
        return
    if openlineage:
        for event in open_lineage(content, datetime.now(UTC).isoformat(timespec="seconds")):
            click.echo(json.dumps(event, ensure_ascii=False))
        return
    entity, _, field = what.partition(".")
    entities = content.schema.entities
    if entity and (entity not in entities or (field and field.partition(".")[0] not in entities[entity].fields)):
        known = entities if entity not in entities else entities[entity].fields
        near = nearest(entity if entity not in entities else field, known)
        raise ConfigurationError(
            f"lineage of `{what}`",
            "there is no such entity or field",
            f"did you mean `{near}`?" if near else f"there are: {', '.join(sorted(known))}",
            code="unknown-entity",
        )
    found = [one for one in edges(content) if not entity or one.entity == entity]
    found = [one for one in found if not field or one.about(field)]
    if as_json:
        click.echo(json.dumps({"edges": [one.as_json() for one in found]}, ensure_ascii=False))
        return
    for one in sorted(
        found, key=lambda one: (one.entity, one.field if one.inbound else "".join(one.others), not one.inbound)
    ):
        _show(one)


def _show(one: Edge) -> None:
    outer = f"{one.connection or one.system}.{one.stream}"
    if one.inbound:
        click.echo(f"{one.entity}.{one.field}  ←  {outer}: {', '.join(one.others) or '-'}")
    else:
        click.echo(f"{one.entity or one.mapping}.{', '.join(one.others) or '-'}  →  {outer}: {one.field}")
    click.echo(f"    {one.rule}   ({one.place}{', ' + one.sync if one.sync else ''})")

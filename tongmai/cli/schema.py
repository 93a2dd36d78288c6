"""``tongmai schema``: what an editor needs to complete and check a connector's files."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tongmai.cli import content_schemas, schemas
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


@click.command(
    "schema",
    help=str(
        Text(
            "Print the JSON Schema of a file (KIND: connector, simulator, quality, contract; mapping, mapping_test, value_maps, "
            "sync, entity, terms, survivorship, data_quality, connections), or write all of them into a folder, for an editor to complete and check. "
            "`tongmai connector new` and `tongmai mapping new` do it by themselves.",
            "输出文件的 JSON Schema（KIND：connector、simulator、quality、contract；mapping、mapping_test、value_maps、sync、entity、"
            "terms、survivorship、data_quality、connections），或将全部写入文件夹，供编辑器补全与检查。`tongmai connector new` 与 `tongmai mapping new` 会自动完成。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai schema --into site/.schemas; then the first line of site/connectors/acme/connector.yaml is "
            "# yaml-language-server: $schema=../../.schemas/connector.json",
            "示例：tongmai schema --into site/.schemas；随后 site/connectors/acme/connector.yaml 的首行写作 "
            "# yaml-language-server: $schema=../../.schemas/connector.json",
        )
    ),
)
@click.argument("kind", required=False, type=click.Choice((*schemas.FILES, *content_schemas.KINDS)))
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help=str(Text("The folder for all of them.", "写入全部模式的文件夹。")),
)
def schema(kind: str | None, into: Path | None) -> None:
    if (kind is None) == (into is None):
        raise ConfigurationError(
            "tongmai schema",
            "it takes either KIND or --into",
            f"name one of {', '.join((*schemas.FILES, *content_schemas.KINDS))} to print it, or --into FOLDER to write all",
            code="bad-option",
        )
    if kind in schemas.FILES:
        click.echo(schemas.text(kind), nl=False)
        return
    from tongmai.sync.content import load_content

    content = load_content()
    if into is not None:
        for file in [*schemas.write(into), *schemas.write_content(into, content)]:
            click.echo(file)
        return
    assert kind is not None
    click.echo(json.dumps(content_schemas.schema(kind, content), ensure_ascii=False, indent=1, default=str))

"""``tongmai connector discover``: what a system offers to read, by its own account."""

from __future__ import annotations

import json
from pathlib import Path

import click

from connectors import registry
from connectors.schemas import FOLDER, described, saved
from connectors.sdk import Discovered, Discovering
from connectors.sdk.key import fields_of, named
from tongmai.cli.opening import JSON, declared_connection, example, say
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.settings import site_roots
from tongmai.core.text import Text, display_path, language
from tongmai.sync.shared import shared_if_there
from tongmai.sync.specs import Connection


@click.command(
    "discover",
    help=str(
        Text(
            "Show what the system behind the connection NAME offers: each STREAM (all when none is named), its key, its fields "
            "with their types. The system is asked; where it does not describe itself, the connector's manifest speaks.",
            "列出连接 NAME 背后的系统提供的内容：各 STREAM（不指定则全部）、主键、字段及类型。优先询问系统本身；系统不能自述时，以连接器清单为准。",
        )
    ),
    epilog=example("tongmai connector discover erp_db customer --json"),
)
@click.argument("name")
@click.argument("streams", nargs=-1)
@click.option(
    "--save",
    is_flag=True,
    help=str(
        Text(
            "Keep it as schemas/SYSTEM.yaml of the first site folder: mappings are then checked against it.",
            "保存为首个站点目录的 schemas/系统.yaml，此后按它检查映射。",
        )
    ),
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help=str(Text("Another folder than the first site's, with --save.", "与 --save 同用：改存到此目录。")),
)
@JSON
def discover(name: str, streams: tuple[str, ...], save: bool, into: Path | None, as_json: bool) -> None:
    folder = _folder(into) if save else None
    connection, settings = declared_connection(name)
    opened = registry.open_connection(name, connection.connector, settings)
    try:
        own = isinstance(opened, Discovering)
        if isinstance(opened, Discovering):
            with shared_if_there(say):
                found = opened.discover()
        else:
            found = _declared(name, connection.connector, connection.settings)
    finally:
        opened.close()
    chosen = _chosen(name, found, streams)
    if folder is not None:
        _save(name, connection, chosen if own else [], folder)
    if as_json:
        described = "system" if own else "manifest"
        lines = [
            {"stream": each.stream, "label": each.label, "key": list(each.key), "writable": each.writable, "fields": dict(each.fields)}
            for each in chosen
        ]  # fmt: skip
        click.echo(json.dumps({"connection": name, "described_by": described, "streams": lines}, ensure_ascii=False))
        return
    for each in chosen:
        words = [each.label, str(Text("can be written", "可写入")) if each.writable else ""]
        click.echo("   ".join([each.stream, f"{Text('key', '主键')}: {named(each.key) or '-'}", *filter(None, words)]))
        width = max((len(field) for field in each.fields), default=0)
        for field, kind in each.fields.items():
            click.echo(f"  {field:<{width}}  {kind}")
    if not own:
        note = Text(
            "as the manifest declares it: the system does not describe itself", "以清单声明为准：该系统不能自述"
        )
        click.echo(str(note), err=True)


def _folder(into: Path | None) -> Path:
    roots = site_roots()
    if into is None and not roots:
        raise ConfigurationError(
            "--save",
            "no site folder is named in TONGMAI_PATH",
            "set TONGMAI_PATH to your site folder, or name one with --into",
            code="no-site-folder",
        )
    return into or roots[0] / FOLDER


def _save(name: str, connection: Connection, found: list[Discovered], folder: Path) -> None:
    """Write what the system told. A stream that a connection's settings call otherwise is kept under that name."""
    if not found:
        raise ConfigurationError(
            f"connection `{name}`",
            "the system does not describe itself, so there is nothing to keep",
            "declare the stream's `fields` in the connector, or its `columns` in connections.yaml",
            code="not-described",
        )
    manifest = registry.manifest(connection.connector)
    own = manifest.streams_from_settings or manifest.api_from_settings
    system = name if own else connection.connector
    streams = described(found)
    if manifest.streams_from_settings:
        declared = connection.settings.get("streams") or {}
        places = {stream: entry.get("table") or entry.get("set") or stream for stream, entry in declared.items()}
        streams = {stream: streams[place] for stream, place in places.items() if place in streams}
    file = folder / f"{system}.yaml"
    text = saved(file, system, streams)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    say(
        str(
            Text(
                f"kept {len(streams)} stream(s) in {display_path(str(file))}; `tongmai check` now goes by it",
                f"已将 {len(streams)} 个数据流保存到 {display_path(str(file))}；`tongmai check` 将据此检查",
            )
        )
    )


def _declared(name: str, connector: str, settings: dict[str, object]) -> list[Discovered]:
    manifest = registry.manifest_of(name, connector, settings)
    written = {write.stream for write in manifest.writes.values()}
    return [
        Discovered(
            stream,
            fields_of(each.key),
            each.fields,
            "" if each.label is None else each.label.zh if language() == "zh" else each.label.en,
            stream in written,
        )
        for stream, each in manifest.streams.items()
    ]


def _chosen(name: str, found: list[Discovered], wanted: tuple[str, ...]) -> list[Discovered]:
    known = {each.stream: each for each in found}
    for one in wanted:
        if one not in known:
            near = nearest(one, known)
            raise ConfigurationError(
                f"connection `{name}`: stream `{one}`",
                f"the system offers no such thing (it has: {', '.join(sorted(known)[:30]) or '-'})",
                f"did you mean `{near}`?" if near else "look at the whole list",
                code="unknown-stream",
            )
    return [known[one] for one in wanted] if wanted else found

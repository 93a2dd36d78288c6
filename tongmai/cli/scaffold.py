"""``tongmai connector new``: a connector's folder with a simulator that runs and a suite that passes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from connectors import registry
from tongmai.cli import schemas, templates
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import site_roots
from tongmai.core.text import Text

_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}$")
_PATH = re.compile(r"/(?:[^\s{}?#\"\\]|\{[a-z][a-z0-9_]*\})*$")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*$")


def _help(en: str, zh: str) -> str:
    return str(Text(en, zh))


@click.command(
    "new",
    help=_help(
        "Make the folder of a new connector NAME: manifest, simulator, fixtures, quality, READMEs. What is not given as an "
        "option is asked. Then the bronze rules run against it.",
        "为新连接器 NAME 生成文件夹：清单、模拟器、测试数据、质量表、README。未以选项给出的内容会询问。随后运行铜级规则。",
    ),
    epilog=_help("Example:", "示例：") + " tongmai connector new acme --into site --stream orders --path /v1/orders",
)
@click.argument("name")
@click.option(
    "--into", type=click.Path(file_okay=False, path_type=Path), help=_help("The site folder.", "站点文件夹。")
)
@click.option("--title", help=_help("Its name for people, in English.", "英文名称。"))
@click.option("--title-zh", help=_help("Its name for people, in Chinese.", "中文名称。"))
@click.option("--base-url", help=_help("The API's address.", "API 地址。"))
@click.option("--auth", type=click.Choice(templates.AUTH), help=_help("How calls are let in.", "认证方式。"))
@click.option("--stream", help=_help("The first thing to read, as `orders`.", "首个数据流，如 `orders`。"))
@click.option("--path", help=_help("The path of its list, as /v1/orders.", "列表路径，如 /v1/orders。"))
@click.option("--rows", help=_help("Where rows lie in an answer, as body.data.", "应答中行的位置，如 body.data。"))
@click.option("--key", help=_help("The field that identifies a row.", "标识一行的字段。"))
@click.option("--page", type=click.Choice(templates.PAGES), help=_help("How lists are paged.", "分页方式。"))
@click.option(
    "--cursor", help=_help("The field with the time of last change; empty when none.", "最后修改时间字段；没有则留空。")
)
@click.option("--since", help=_help("The parameter that asks for changes since a time.", "按时间读取变更的参数。"))
def new(name: str, into: Path | None, **given: Any) -> None:
    if not _NAME.match(name):
        raise ConfigurationError(
            f"connector `{name}`",
            "its name is lower case letters, digits and _, and begins with a letter",
            "choose such a name",
            code="connector-name",
        )
    site = into or _site()
    folder = site / "connectors" / name
    if folder.exists():
        raise ConfigurationError(
            f"connector `{name}`",
            f"{folder} exists already",
            "choose another name, or remove it",
            code="connector-exists",
        )
    if name in registry.names():
        raise ConfigurationError(
            f"connector `{name}`",
            f"one of that name exists already in {registry.folder(name)}",
            "choose another name",
            code="connector-exists",
        )
    answers = _answers(name, given)
    schemas.write(site / schemas.FOLDER)
    kinds = {file: kind for kind, (_, file) in schemas.FILES.items()}
    for file, text in templates.files(name, answers).items():
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        head = schemas.modeline(kinds[file], target, site / schemas.FOLDER) if file in kinds else ""
        target.write_text(head + text, encoding="utf-8")
        click.echo(f"  {target}")
    path = os.pathsep.join(dict.fromkeys([str(site.resolve()), *map(str, site_roots())]))
    # A process of its own: it has to see the new site folder.
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tongmai.cli.main import main; main()",
            "connector",
            "test",
            name,
            "--tier",
            "bronze",
        ],
        env={**os.environ, "TONGMAI_PATH": path},
    )
    click.echo(
        str(
            Text(
                f"\nNext:\n  export TONGMAI_PATH={path}\n  tongmai simulate {name}        # the system on your machine\n"
                f"  tongmai connector test {name}  # after each change\n"
                "  docs/tutorial/first-connector.md explains every line; docs/howto/connector.md has each word of the manifest.",
                f"\n接下来：\n  export TONGMAI_PATH={path}\n  tongmai simulate {name}        # 在本机运行该系统\n"
                f"  tongmai connector test {name}  # 每次修改后运行\n"
                "  docs/tutorial/first-connector.zh-CN.md 逐行说明；docs/howto/connector.zh-CN.md 列出清单的每个词。",
            )
        )
    )
    if done.returncode:
        raise click.exceptions.Exit(1)


def _site() -> Path:
    roots = site_roots()
    default = str(roots[0]) if roots else "site"
    return Path(_ask(Text("Site folder", "站点文件夹"), default))


def _answers(name: str, given: dict[str, Any]) -> templates.Answers:
    def of(option: str, question: Text, default: str, choices: tuple[str, ...] = ()) -> str:
        value = given.get(option)
        return str(value) if value is not None else _ask(question, default, choices)

    title = of("title", Text("Name in English", "英文名称"), name.replace("_", " ").title())
    title_zh = of("title_zh", Text("Name in Chinese", "中文名称"), f"{name} 系统")
    base_url = of("base_url", Text("Address of the API", "API 地址"), f"https://api.{name.replace('_', '-')}.example")
    auth = of("auth", Text("How are calls let in", "认证方式"), "bearer", templates.AUTH)
    stream = of("stream", Text("First stream", "首个数据流"), "orders")
    path = of("path", Text("Path of its list", "列表路径"), f"/v1/{stream}")
    rows = of("rows", Text("Where the rows lie in an answer", "应答中行的位置"), "body.data")
    key = of("key", Text("Field that identifies a row", "标识一行的字段"), "id")
    page = of("page", Text("How are lists paged", "分页方式"), "number", templates.PAGES)
    cursor = of(
        "cursor",
        Text("Field with the time of last change (empty: none)", "最后修改时间字段（没有则留空）"),
        "updated_at",
    )
    since = (
        of("since", Text("Parameter for changes since a time", "按时间读取变更的参数"), "updated_since")
        if cursor
        else ""
    )
    for word, value in (("stream", stream), ("key", key), *((("cursor", cursor), ("since", since)) if cursor else ())):
        if not _WORD.match(value):
            raise ConfigurationError(
                f"`{word}`", f"`{value}` is not a name", "use letters, digits and _", code="connector-name"
            )
    if not _PATH.match(path):
        raise ConfigurationError(
            f"path `{path}`",
            "a path begins with / and has no query",
            "write it as /v1/orders; a part that is a setting goes in braces: /repos/{owner}/issues",
            code="connector-name",
        )
    if rows != "body" and not (rows.startswith("body.") and _WORD.match(rows)):
        raise ConfigurationError(
            f"rows `{rows}`",
            "rows are `body` (the answer itself) or a member of it",
            "write it as body.data",
            code="connector-name",
        )
    return templates.Answers(title, title_zh, base_url, auth, stream, path, rows, key, page, cursor, since)


def _ask(question: Text, default: str, choices: tuple[str, ...] = ()) -> str:
    kind = click.Choice(choices) if choices else None
    return str(click.prompt(str(question), default=default, type=kind, show_default=True))

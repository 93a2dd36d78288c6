"""``tongmai mapping``: validate, test, preview, compare and explain mappings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tongmai.cli.mapping_diff import diff
from tongmai.cli.mapping_new import new
from tongmai.cli.mapping_preview import preview
from tongmai.cli.mapping_test import test
from tongmai.cli.sarif import SARIF, write_sarif
from tongmai.core.csvfile import CsvFile
from tongmai.core.errors import ConfigurationError, RecordError
from tongmai.core.finding import Finding, nearest, tidied
from tongmai.core.text import Text

if TYPE_CHECKING:
    from mappings.language.load import Mappings
    from mappings.language.types import CompiledMapping
    from tongmai.sync.content import Content

_JSON = click.option("--json", "as_json", is_flag=True, help=str(Text("JSON for machines.", "输出 JSON。")))


@click.group(
    help=str(Text("Validate, test, preview, compare and explain mappings.", "校验、测试、预览、比较、解释映射。")),
    epilog=str(
        Text("Example: tongmai mapping validate fxiaoke/account", "示例：tongmai mapping validate fxiaoke/account")
    ),
)
def mapping() -> None:
    pass


for _command in (new, test, preview, diff):
    mapping.add_command(_command)


@mapping.command(
    help=str(
        Text("Show every mistake in the mappings (all, or the named ones).", "列出映射中的所有错误（全部或指定）。")
    ),
    epilog=str(
        Text(
            "Example: tongmai mapping validate crm_sales/accounts", "示例：tongmai mapping validate crm_sales/accounts"
        )
    ),
)
@click.argument("names", nargs=-1)
@SARIF
@_JSON
def validate(names: tuple[str, ...], sarif: Path | None, as_json: bool) -> None:
    from tongmai.sync.checking import as_checked

    content = _content()
    wanted = known_mappings(content.mappings, names)
    findings = tidied(as_checked(_findings(content, wanted if names else None), untested=True))
    if sarif is not None:
        write_sarif(sarif, findings)
    errors = sum(finding.severity == "error" for finding in findings)
    if as_json:
        line = {"ok": not errors, "mappings": wanted, "findings": [finding.as_json() for finding in findings]}
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(finding.render() + "\n")
        warnings = len(findings) - errors
        click.echo(
            str(
                Text(
                    f"{len(wanted)} mappings: {errors} errors, {warnings} warnings",
                    f"{len(wanted)} 个映射：{errors} 个错误，{warnings} 个警告",
                )
            )
        )
    if errors:
        sys.exit(1)


@mapping.command(
    help=str(Text("Tell field by field what a mapping does.", "逐个字段说明映射做了什么。")),
    epilog=str(
        Text(
            "Example: tongmai mapping explain fxiaoke/account --python",
            "示例：tongmai mapping explain fxiaoke/account --python",
        )
    ),
)
@click.argument("name")
@click.option(
    "--python", "show_python", is_flag=True, help=str(Text("The generated Python.", "显示生成的 Python 代码。"))
)
@_JSON
def explain(name: str, show_python: bool, as_json: bool) -> None:
    from mappings.language.explain import explain_fields, explain_whole

    content = _content()
    wanted = known_mappings(content.mappings, (name,))[0]
    compiled = compiled_mapping(content, wanted)
    definition = content.mappings.definitions[wanted]
    fields = explain_fields(definition, compiled, content.schema)
    whole = explain_whole(definition, content.mappings.surroundings[wanted].fragments.expressions())
    if as_json:
        line: dict[str, Any] = {
            "mapping": compiled.name,
            "digest": compiled.digest.hex(),
            "outbound": compiled.outbound,
            "direct": compiled.direct,
            "reads": sorted(compiled.reads),
            **whole.as_json(),
            "fields": [field.as_json() for field in fields],
        }
        if show_python:
            line["python"] = compiled.python
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    if show_python:
        click.echo(compiled.python)
        return
    click.echo(f"{compiled.name}  {compiled.digest.hex()[:12]}")
    if whole.key:
        owned = Text("; it goes with its record", "；随所属记录存亡") if whole.owned else ""
        click.echo(f"  {Text('key of a part', '部分的主键')} = {whole.key}{owned}")
    if whole.only_if:
        click.echo(f"  {Text('only records where', '仅限满足条件的记录')} {whole.only_if}")
    for field in fields:
        click.echo(f"  {field.name}  ({field.kind})  {field.place}")
        click.echo(f"      = {field.expression}")
        for step in field.steps:
            click.echo(f"      {step}")
    for signature, text, place in whole.fragments:
        click.echo(f"  {Text('fragment', '片段')} {signature}  {place}\n      = {text}")


@mapping.command(
    help=str(
        Text(
            "The functions of mapping expressions, with an example each; WORD narrows them by name or description.",
            "列出映射表达式的函数及示例；WORD 按名称或说明筛选。",
        )
    ),
    epilog=str(Text("Example: tongmai mapping functions date", "示例：tongmai mapping functions date")),
)
@click.argument("word", default="")
@_JSON
def functions(word: str, as_json: bool) -> None:
    from mappings.language.functions import FUNCTIONS

    known = sorted(FUNCTIONS.values(), key=lambda one: one.name)
    low = word.lower()
    found = [one for one in known if low in one.name or low in one.doc.en.lower() or low in one.doc.zh]
    if as_json:
        lines = [
            {"function": one.name, "signature": one.signature, "en": one.doc.en, "zh": one.doc.zh} for one in found
        ]
        click.echo(json.dumps({"functions": lines}, ensure_ascii=False))
    else:
        for one in found:
            click.echo(f"{click.style(one.signature, bold=True)}\n    {one.doc}\n    {one.example.expression}")
    if word and not found:
        close = nearest(word, FUNCTIONS)
        raise ConfigurationError(
            f"function `{word}`",
            f"none of the {len(known)} functions has this in its name or description",
            f"did you mean `{close}`?" if close else "`tongmai mapping functions` lists all",
            code="unknown-function",
        )


def _content() -> Content:
    from tongmai.sync.content import load_content

    return load_content()


def known_mappings(mappings: Mappings, names: tuple[str, ...]) -> list[str]:
    """The mappings of these names, or all; raises for one that there is not."""
    for name in names:
        if name not in mappings.definitions and not _broken(mappings, name):
            near = nearest(name, mappings.definitions)
            raise ConfigurationError(
                f"mapping `{name}`",
                f"there is no such mapping (there are: {', '.join(sorted(mappings.definitions)) or '-'})",
                f"did you mean `{near}`?" if near else "write its file under mappings/definitions/",
                code="unknown-mapping",
            )
    return list(names) or sorted(mappings.definitions)


def _broken(mappings: Mappings, name: str) -> bool:
    return any(_belongs(finding, name) for finding in mappings.findings)


def _belongs(finding: Finding, name: str) -> bool:
    path = Path(finding.mark.file)
    system, _, stem = name.partition("/")
    return path.parent.name == system and path.name in (f"{stem}.yaml", f"{stem}_test.yaml", "terms.yaml")


def _findings(content: Content, names: list[str] | None) -> list[Finding]:
    if names is None:
        return [*content.schema.findings, *content.mappings.findings]
    return [
        *content.schema.findings,
        *(found for found in content.mappings.findings if any(_belongs(found, name) for name in names)),
    ]


def compiled_mapping(content: Content, name: str) -> CompiledMapping:
    """A mapping ready to run; raises with its mistakes."""
    compiled = content.mappings.by_name.get(name)
    if compiled is None:
        raise ConfigurationError(
            f"mapping `{name}`",
            "it has mistakes",
            f"mend them; `tongmai mapping validate {name}` shows them",
            code="bad-mapping",
            findings=_findings(content, [name]),
        )
    return compiled


def file_records(file: Path) -> Iterator[dict[str, Any]]:
    """The records of a .csv, .jsonl or .json file (a list, or an object that holds one)."""
    if file.suffix == ".json":
        yield from _json_records(file)
        return
    if file.suffix == ".csv":
        yield from (row for _, row in CsvFile(file).rows())
        return
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise RecordError(
                    f"{file}:{number}", f"not JSON: {error}", "one JSON object a line", code="bad-json"
                ) from None
            if not isinstance(record, dict):
                raise RecordError(f"{file}:{number}", "not a JSON object", "one JSON object a line", code="bad-json")
            yield record


def _json_records(file: Path) -> Iterator[dict[str, Any]]:
    try:
        data = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise RecordError(str(file), f"not JSON: {error}", "one JSON document", code="bad-json") from None
    records = _list_in(data)
    if records is None:
        records = [data] if isinstance(data, dict) else []
    yield from (one for one in records if isinstance(one, dict))


def _list_in(data: Any, depth: int = 0) -> list[Any] | None:
    """The records of an answer: itself, or the first list of objects a few steps in (``{"data": {"items": […]}}``)."""
    if isinstance(data, list):
        return data if data and isinstance(data[0], dict) else None
    if not isinstance(data, dict) or depth > 2 or len(data) > 12:
        return None
    return next((found for value in data.values() if (found := _list_in(value, depth + 1)) is not None), None)

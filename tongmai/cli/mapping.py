"""``tongmai mapping``: validate, test, preview and explain mappings."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tongmai.core.errors import ConfigurationError, RecordError
from tongmai.core.finding import Finding, nearest
from tongmai.core.text import Text, display_path

if TYPE_CHECKING:
    from mappings.language.cases import CaseResult
    from mappings.language.load import Mappings
    from mappings.language.types import CompiledMapping, Issue, Mapped
    from tongmai.sync.content import Content

_JSON = click.option("--json", "as_json", is_flag=True, help=str(Text("JSON for machines.", "输出 JSON。")))


@click.group(
    help=str(Text("Validate, test, preview and explain mappings.", "校验、测试、预览、解释映射。")),
    epilog=str(
        Text("Example: tongmai mapping validate fxiaoke/account", "示例：tongmai mapping validate fxiaoke/account")
    ),
)
def mapping() -> None:
    pass


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
@_JSON
def validate(names: tuple[str, ...], as_json: bool) -> None:
    content = _content()
    wanted = _known(content.mappings, names)
    findings = _findings(content, wanted if names else None)
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
    help=str(Text("Run the tests beside the mappings.", "运行映射旁边的测试。")),
    epilog=str(Text("Example: tongmai mapping test fxiaoke/account", "示例：tongmai mapping test fxiaoke/account")),
)
@click.argument("names", nargs=-1)
@_JSON
def test(names: tuple[str, ...], as_json: bool) -> None:
    from mappings.language.cases import run_tests

    content = _content()
    wanted = _known(content.mappings, names)
    results: list[CaseResult] = []
    for name in wanted:
        compiled = _compiled(content, name)
        if name in content.mappings.tests:
            results += run_tests(compiled, content.mappings.tests[name])
    failed = [result for result in results if not result.passed]
    untested = [name for name in wanted if name not in content.mappings.tests]
    ok = not failed and not untested and bool(results)
    if as_json:
        line = {
            "ok": ok,
            "cases": len(results),
            "untested": untested,
            "failed": [case_json(result) for result in failed],
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    else:
        for result in failed:
            show_case(result)
        for name in untested:
            click.echo(str(Text(f"{name}: has no test file", f"{name}：没有测试文件")), err=True)
        passed = len(results) - len(failed)
        click.echo(str(Text(f"{passed} of {len(results)} cases passed", f"{len(results)} 条测试，通过 {passed} 条")))
    if not ok:
        sys.exit(1)


@mapping.command(
    help=str(
        Text(
            "Map records of a file, or records read live from a connection, and show what comes out. Nothing is stored.",
            "用映射试算一个文件或实时读取的记录并显示结果，不保存。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai mapping preview crm_sales/accounts --file docs/examples/crm_sales/accounts.csv --limit 3",
            "示例：tongmai mapping preview crm_sales/accounts --file docs/examples/crm_sales/accounts.csv --limit 3",
        )
    ),
)
@click.argument("name")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=".jsonl, .csv")
@click.option("--connection", help=str(Text("Read live from this connection.", "从该连接实时读取。")))
@click.option("--stream", help=str(Text("Stream (default: the mapping's).", "数据流（默认取映射的）。")))
@click.option(
    "--limit", default=10, show_default=True, type=click.IntRange(min=1), help=str(Text("Records.", "条数。"))
)
@_JSON
def preview(
    name: str, file: Path | None, connection: str | None, stream: str | None, limit: int, as_json: bool
) -> None:
    if (file is None) == (connection is None):
        raise click.UsageError(str(Text("give --file or --connection", "请给出 --file 或 --connection 之一")))
    content = _content()
    compiled = _compiled(content, _known(content.mappings, (name,))[0])
    if file is not None:
        records = list(islice(_file_records(file), limit))
    else:
        records = _live_records(content, connection or "", stream or compiled.stream, limit)
    for record, mapped in zip(records, compiled.run(records, lambda entity_id, *_: entity_id), strict=True):
        line = _mapped_json(mapped)
        if as_json:
            click.echo(json.dumps({"given": record, **line}, ensure_ascii=False, default=str))
        else:
            _show_mapped(record, mapped)


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
    from mappings.language.explain import explain_fields

    content = _content()
    wanted = _known(content.mappings, (name,))[0]
    compiled = _compiled(content, wanted)
    fields = explain_fields(content.mappings.definitions[wanted], compiled, content.schema)
    if as_json:
        line: dict[str, Any] = {
            "mapping": compiled.name,
            "digest": compiled.digest.hex(),
            "outbound": compiled.outbound,
            "reads": sorted(compiled.reads),
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
    for field in fields:
        click.echo(f"  {field.name}  ({field.kind})  {field.place}")
        click.echo(f"      = {field.expression}")
        for step in field.steps:
            click.echo(f"      {step}")


def _content() -> Content:
    from tongmai.sync.content import load_content

    return load_content()


def _known(mappings: Mappings, names: tuple[str, ...]) -> list[str]:
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


def _compiled(content: Content, name: str) -> CompiledMapping:
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


def _file_records(file: Path) -> Iterator[dict[str, Any]]:
    if file.suffix == ".csv":
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from csv.DictReader(lines)
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


def _live_records(content: Content, name: str, stream: str, limit: int) -> list[dict[str, Any]]:
    from connectors.sdk import ReadRequest
    from tongmai.sync.connections import open_named
    from tongmai.sync.shared import shared_if_there

    known = content.specs.connections
    if name not in known:
        near = nearest(name, known)
        raise ConfigurationError(
            f"connection `{name}`",
            f"there is no such connection (there are: {', '.join(sorted(known)) or '-'})",
            f"did you mean `{near}`?" if near else "add it to connections.yaml",
            code="unknown-connection",
        )
    connector = open_named(content, name)
    with shared_if_there(lambda note: click.echo(note, err=True)):
        try:
            records: list[dict[str, Any]] = []
            for page in connector.read(ReadRequest(stream)):
                records += [connector.decode(stream, each.raw) for each in page.records if each.op == "upsert"]
                if len(records) >= limit:
                    break
            return records[:limit]
        finally:
            connector.close()


def _issue_json(issue: Issue) -> dict[str, str]:
    return {
        "field": issue.field,
        "code": issue.code,
        "message": issue.message,
        "place": issue.place,
        "value": issue.value,
    }


def _mapped_json(mapped: Mapped) -> dict[str, Any]:
    return {
        "fields": mapped.fields,
        "references": {
            name: {"entity": ref.entity, "key": ref.key, "stream": ref.stream, "optional": ref.optional, "by": ref.by}
            for name, ref in mapped.references.items()
        },
        "errors": [_issue_json(issue) for issue in mapped.errors],
        "findings": [_issue_json(issue) for issue in mapped.findings],
        "filtered": mapped.filtered,
    }


def _show_mapped(record: dict[str, Any], mapped: Mapped) -> None:
    click.echo("— " + json.dumps(record, ensure_ascii=False, default=str)[:160])
    if mapped.filtered:
        click.echo("  " + str(Text("left out by only_if", "被 only_if 排除")))
    for name, value in mapped.fields.items():
        click.echo(f"  {name}: {json.dumps(value, ensure_ascii=False)}")
    for name, ref in mapped.references.items():
        click.echo(f"  {name}: → {ref.entity} {f'{ref.by}=' if ref.by else ''}{ref.key}")
    for kind, issues in ((Text("error", "错误"), mapped.errors), (Text("finding", "质量问题"), mapped.findings)):
        for issue in issues:
            click.echo(f"  {kind} {issue.field}: {issue.message} [{issue.code}] {issue.place}")


def case_json(result: CaseResult) -> dict[str, Any]:
    """A test case's outcome for machines."""
    return {
        "mapping": result.mapping,
        "case": result.case,
        "place": result.place,
        "differences": [each.en for each in result.differences],
    }


def show_case(result: CaseResult) -> None:
    """A failed case for people."""
    file, _, line = result.place.rpartition(":")
    click.echo(f"{display_path(file)}:{line}  {result.mapping}: {result.case}")
    for each in result.differences:
        click.echo(f"    {each}")

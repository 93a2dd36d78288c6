"""``tongmai mapping preview``: what a mapping makes of records, source beside result. Nothing is stored or written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tongmai.core.text import Text, language

if TYPE_CHECKING:
    from mappings.language.types import CompiledMapping, Issue, Mapped
    from mappings.language.wording import Wording
    from tongmai.sync.content import Content
    from tongmai.sync.recorded import Batch, Given


@click.command(
    help=str(
        Text(
            "Map records of a file, records read live from a connection, or records stored in the hub, and show what comes out "
            "beside what went in. Nothing is stored and nothing is written.",
            "用映射试算文件中的记录、实时读取的记录或中枢中已存储的记录，并列显示来源与结果；不保存，也不写出。",
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
@click.option(
    "--connection",
    default="",
    help=str(
        Text(
            "Read live from this connection; with --recorded, only what is stored of it.",
            "从该连接实时读取；与 --recorded 同用时只取该连接已存储的记录。",
        )
    ),
)
@click.option(
    "--recorded",
    type=click.IntRange(min=1),
    help=str(
        Text(
            "The last so many records stored in the hub: source records, or golden records of an outbound mapping.",
            "中枢中最近存储的若干条：源记录；写出映射则为主数据记录。",
        )
    ),
)
@click.option(
    "--stream", help=str(Text("Stream read live (default: the mapping's).", "实时读取的数据流（默认取映射的）。"))
)
@click.option(
    "--limit",
    default=10,
    show_default=True,
    type=click.IntRange(min=1),
    help=str(Text("Records of a file or a live read.", "文件或实时读取的条数。")),
)
@click.option("--show-personal", is_flag=True, help=str(Text("Do not mask personal data.", "不遮盖个人信息。")))
@click.option("--json", "as_json", is_flag=True, help=str(Text("JSON for machines.", "输出 JSON。")))
def preview(
    name: str,
    file: Path | None,
    connection: str,
    recorded: int | None,
    stream: str | None,
    limit: int,
    show_personal: bool,
    as_json: bool,
) -> None:
    from mappings.language.wording import Wording
    from tongmai.cli.mapping import compiled_mapping, known_mappings
    from tongmai.cli.mapping_diff import nothing_recorded
    from tongmai.sync.content import load_content

    if (file is not None) + (recorded is not None or bool(connection)) != 1 or (stream and not connection):
        raise click.UsageError(
            str(
                Text(
                    "give --file, --recorded or --connection (with --stream only to read live)",
                    "请给出 --file、--recorded 或 --connection 之一（--stream 只用于实时读取）",
                )
            )
        )
    content = load_content()
    compiled = compiled_mapping(content, known_mappings(content.mappings, (name,))[0])
    wording = Wording((compiled,), (content.schema,), show_personal)
    totals: Counter[str] = Counter()
    with _batches(
        content, compiled, file, connection, recorded, stream or compiled.source_stream or compiled.stream, limit
    ) as batches:
        for batch in batches:
            totals["passed_by"] += batch.passed_by
            results = iter(compiled.run([one.record for one in batch.readable], batch.resolve))
            for one in batch.given:
                mapped = next(results) if not one.problem else None
                _count(totals, mapped)
                if as_json:
                    click.echo(json.dumps(_as_json(compiled, wording, one, mapped), ensure_ascii=False, default=str))
                else:
                    _show(compiled, wording, one, mapped)
    if recorded is not None and not totals["read"] and not totals["passed_by"]:
        raise nothing_recorded(name)
    if not as_json:
        _show_totals(totals)


@contextmanager
def _batches(
    content: Content,
    compiled: CompiledMapping,
    file: Path | None,
    connection: str,
    recorded: int | None,
    stream: str,
    limit: int,
) -> Iterator[Iterator[Batch]]:
    from tongmai.cli.mapping_diff import file_batches
    from tongmai.core.settings import database_url
    from tongmai.sync import recorded as stored
    from tongmai.sync.shared import shared_if_there

    if file is not None:
        yield file_batches(file, limit)
    elif recorded is not None:
        if connection:
            stored.known_connection(content, connection)
        with stored.read_only(database_url()) as database:
            yield stored.recorded(database, content, (compiled,), recorded, connection)
    else:
        with shared_if_there(lambda note: click.echo(note, err=True)):
            yield iter([stored.live(content, compiled, connection, stream, limit)])


def _count(totals: Counter[str], mapped: Mapped | None) -> None:
    from mappings.language.changes import fate

    totals["read"] += 1
    totals["unreadable" if mapped is None else fate(mapped)] += 1
    if mapped is not None:
        totals["errors"] += len(mapped.errors)
        totals["findings"] += len(mapped.findings)


def _left_out(compiled: CompiledMapping, record: Mapping[str, Any]) -> list[str]:
    """Members of the record that no field is made of."""
    used = compiled.reads | {one for reads in compiled.line_reads.values() for one in reads}
    tops = {name.removeprefix("head.").partition(".")[0] for name in used} | used | {"id", "head"}
    return [name for name in record if name not in tops]


def _masked(compiled: CompiledMapping, wording: Wording, record: Mapping[str, Any]) -> dict[str, Any]:
    """The record without personal data. Of members that the mapping does not read nobody said what they are: masked too."""
    from mappings.language.wording import MASK

    if wording.show_personal:
        return dict(record)
    left, personal = set(_left_out(compiled, record)), wording.sources()
    tops = personal | {name.partition(".")[0] for name in personal} | left
    return {name: MASK if name in tops and value not in (None, "", []) else value for name, value in record.items()}


def _as_json(compiled: CompiledMapping, wording: Wording, one: Given, mapped: Mapped | None) -> dict[str, Any]:
    if mapped is None:
        return {"key": one.key, "problem": one.problem}
    private = wording.private(one.record, (mapped,))
    return {
        "key": wording.masked(one.key, private),
        "given": _masked(compiled, wording, one.record),
        "fields": {name: wording.raw(name, value) for name, value in mapped.fields.items()},
        "references": {name: wording.raw(name, reference) for name, reference in mapped.references.items()},
        "errors": [_issue_json(wording.issue(issue, private)) for issue in mapped.errors],
        "findings": [_issue_json(wording.issue(issue, private)) for issue in mapped.findings],
        "filtered": mapped.filtered,
        "left_out": _left_out(compiled, one.record),
    }


def _issue_json(issue: Issue) -> dict[str, str]:
    return {
        "field": issue.field,
        "code": issue.code,
        "message": issue.message,
        "place": issue.place,
        "value": issue.value,
    }


def _show(compiled: CompiledMapping, wording: Wording, one: Given, mapped: Mapped | None) -> None:
    from mappings.language.changes import fate
    from tongmai.cli.table import aligned
    from tongmai.core.codes import explained

    if mapped is None:
        click.echo(
            click.style(f"\n■ {one.key}", bold=True) + f"  {Text('cannot be decoded', '无法解码')}: {one.problem}"
        )
        return
    private = wording.private(one.record, (mapped,))
    key, became = wording.masked(one.key, private), fate(mapped)
    click.echo(click.style(f"\n■ {key}", bold=True) + f"  {_FATES[became]}")
    if became != "filtered":
        heads = (str(Text("field", "字段")), str(Text("source", "来源")), str(Text("result", "结果")))
        for line in aligned([heads, *_table(compiled, wording, one.record, mapped)]):
            click.echo("  " + line)
    for kind, issues in ((Text("error", "错误"), mapped.errors), (Text("finding", "质量提示"), mapped.findings)):
        for issue in issues:
            shown = wording.issue(issue, private)
            # The particulars are English; a Chinese reader is told first, by the code, what they mean.
            words = explained(shown.code, shown.message) if language() == "zh" else shown.message
            click.echo(f"  ! {kind} {shown.field}: {words} [{shown.code}] {shown.place}")
    left = _left_out(compiled, one.record)
    if left:
        click.echo(f"  {Text('not used', '未使用')}: {', '.join(left)}")


_FATES = {
    "mapped": Text("is mapped", "已映射"),
    "failed": Text("would go to quarantine", "将进入隔离区"),
    "filtered": Text("left out by only_if", "被 only_if 排除"),
}


def _table(
    compiled: CompiledMapping, wording: Wording, record: Mapping[str, Any], mapped: Mapped
) -> Iterator[tuple[str, str, str]]:
    """Field, what it is made of, what came out; below a list each line's fields."""
    from mappings.language.changes import flat

    given = _masked(compiled, wording, record)
    for name, value in flat(mapped).items():
        reads = compiled.reads_of.get(name) or compiled.reads_of.get(name.partition(".")[0], frozenset())
        source = "  ".join(f"{each}={_plain(_at(given, each))}" for each in sorted(reads))
        yield (wording.short_label(name), source, _result(wording, name, value))
        lines = value if isinstance(value, list) and value and isinstance(value[0], dict) else []
        for number, line in enumerate(lines):
            for field, one in line.items():
                yield (
                    f"  [{number}] {wording.short_label(f'{name}.{field}')}",
                    "",
                    str(wording.value(f"{name}.{field}", one)),
                )


def _result(wording: Wording, field: str, value: Any) -> str:
    """A value as it is, and behind it what a term is called."""
    shown = str(wording.value(field, value))
    is_term = isinstance(value, str) and wording.is_term(field, value) and not wording.hidden(field)
    return f"{value} ({shown})" if is_term else shown


def _at(record: Mapping[str, Any], name: str) -> Any:
    """The member that a source name stands for; a part of it where the name has dots and the record is nested."""
    if name in record:
        return record[name]
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else value
    return None if value is record else value


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _show_totals(totals: Counter[str]) -> None:
    en = [
        f"{totals['read']} record{'s' * (totals['read'] != 1)}: {totals['mapped']} mapped, {totals['failed']} to quarantine, {totals['filtered']} left out"
    ]
    zh = [
        f"共 {totals['read']} 条记录：已映射 {totals['mapped']}，将隔离 {totals['failed']}，被排除 {totals['filtered']}"
    ]
    if totals["unreadable"]:
        en.append(f"{totals['unreadable']} cannot be decoded")
        zh.append(f"无法解码 {totals['unreadable']}")
    if totals["passed_by"]:
        en.append(f"{totals['passed_by']} are not for this target")
        zh.append(f"不属于该目标 {totals['passed_by']}")
    en.append(f"{totals['errors']} errors, {totals['findings']} findings")
    zh.append(f"错误 {totals['errors']}，质量提示 {totals['findings']}")
    click.echo("\n" + str(Text("; ".join(en), "；".join(zh))))

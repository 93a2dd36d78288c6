"""``tongmai mapping new``: a draft of a mapping from what a source gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.settings import site_roots
from tongmai.core.text import Text, display_path

if TYPE_CHECKING:
    from mappings.drafting import Proposal
    from mappings.drafting.write import Draft
    from tongmai.sync.content import Content


@click.command(
    help=str(
        Text(
            "Draft a mapping of SOURCE (`system.stream`) to ENTITY: proposals with confidence and reasons, by names, synonyms, pinyin, "
            "types and values. Nothing is taken over silently: the draft runs in no sync until a person has looked at it.",
            "为 SOURCE（`系统.数据流`）到 ENTITY 起草映射：按名称、同义词、拼音、类型和取值给出建议、置信度与理由。"
            "不会静默采用：人工确认前，同步不会运行草稿。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai mapping new web_shop.orders sales_order --file orders.jsonl",
            "示例：tongmai mapping new web_shop.orders sales_order --file orders.jsonl",
        )
    ),
)
@click.argument("source")
@click.argument("entity")
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=str(Text("Records of the source: .jsonl, .json or .csv.", "来源的记录：.jsonl、.json 或 .csv。")),
)
@click.option(
    "--connection",
    help=str(
        Text("Read live from this connection (default: the system's name).", "从该连接实时读取（默认与系统同名）。")
    ),
)
@click.option(
    "--sample",
    default=200,
    show_default=True,
    type=click.IntRange(min=1, max=5000),
    help=str(Text("How many records to look at.", "查看的记录数。")),
)
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help=str(
        Text("The site folder (default: the first of TONGMAI_PATH).", "站点目录（默认取 TONGMAI_PATH 中的第一个）。")
    ),
)
@click.option(
    "--json", "as_json", is_flag=True, help=str(Text("JSON for machines; writes nothing.", "输出 JSON，不写文件。"))
)
def new(
    source: str, entity: str, file: Path | None, connection: str | None, sample: int, into: Path | None, as_json: bool
) -> None:
    from mappings.drafting import profile, propose
    from mappings.drafting.key import part_key
    from mappings.drafting.write import Draft
    from tongmai.sync.content import load_content

    content = load_content()
    system, _, stream = source.partition(".")
    if not stream:
        raise ConfigurationError(
            f"source `{source}`", "it is not `system.stream`", "write for example web_shop.orders", code="bad-option"
        )
    _known_entity(content, entity)
    whole, _, place = stream.partition("/")
    records, declared = _records(content, system, whole, file, connection, sample)
    if place:
        records = _parts(source, records, tuple(place.split(".")), sample)
    fields = profile(records, declared, part=bool(place))
    proposals = propose(fields, content.schema.entities[entity], content.schema)
    if as_json:
        click.echo(json.dumps({"proposals": [_json(one) for one in proposals]}, ensure_ascii=False))
        return
    root = into or next(iter(site_roots()), None)
    if root is None:
        raise ConfigurationError(
            f"draft of `{source}`",
            "there is no site folder to write it to",
            "set TONGMAI_PATH to a folder of yours, or name one with --into",
            code="no-site",
        )
    name = f"{system}/{stream.replace('/', '_').replace('.', '_').lower()}"
    draft = Draft(
        name, stream, content.schema.entities[entity], proposals, fields, key=part_key(records) if place else None
    )
    written = _write(content, draft, root, records)
    _show(proposals, written)


def _known_entity(content: Content, entity: str) -> None:
    entities = content.schema.entities
    if entity not in entities:
        near = nearest(entity, entities)
        raise ConfigurationError(
            f"entity `{entity}`",
            f"there is no such entity (there are: {', '.join(sorted(entities))})",
            f"did you mean `{near}`?" if near else "declare it under masterdata/",
            code="unknown-entity",
        )


def _records(
    content: Content, system: str, stream: str, file: Path | None, connection: str | None, sample: int
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    from tongmai.cli.mapping import file_records
    from tongmai.sync.recorded import read_now
    from tongmai.sync.shared import shared_if_there

    if file is not None:
        records: list[Mapping[str, Any]] = list(islice(file_records(file), sample))
    else:
        with shared_if_there(lambda note: click.echo(note, err=True)):
            found = read_now(content, connection or system, stream, sample)
        records = [one.record for one in found if not one.problem]
    if not records:
        raise ConfigurationError(
            f"source `{system}.{stream}`",
            "it gave no record to look at",
            "give a file with records, or a connection whose stream has some",
            code="nothing-to-draft",
        )
    return records, {}


def _parts(
    source: str, records: list[Mapping[str, Any]], path: tuple[str, ...], sample: int
) -> list[Mapping[str, Any]]:
    """What stands at a place of the records, as a sync of it would read it."""
    from tongmai.sync.recorded import Given, parts_of

    found = parts_of([Given(str(number), one) for number, one in enumerate(records)], path, sample)
    good = [one.record for one in found if not one.problem]
    if not good:
        why = next((one.problem for one in found), f"no record has anything at `{'.'.join(path)}`")
        raise ConfigurationError(
            f"source `{source}`",
            why,
            "behind the stream stands where an object, or a list of objects, is: web_shop.orders/buyer",
            code="nothing-to-draft",
        )
    return good


def _write(content: Content, draft: Draft, root: Path, records: list[Mapping[str, Any]]) -> list[Path]:
    from mappings.drafting import draft_files
    from mappings.drafting.write import term_maps
    from tongmai.cli import schemas

    folder = root / "mappings"
    main = folder / f"{draft.name}.yaml"
    if main.exists():
        raise ConfigurationError(
            f"draft of `{draft.name}`",
            f"{main} is there already",
            "remove it, or give it another name",
            code="file-exists",
        )
    written = []
    schemas.write_content(root / schemas.FOLDER, content)
    draft = replace(draft, head=schemas.modeline("mapping", main, root / schemas.FOLDER))
    terms = folder / draft.system / "terms.yaml"
    maps = term_maps(draft)
    known = terms.read_text(encoding="utf-8") if terms.exists() else ""
    fresh = {name: text for name, text in maps.items() if f"\n{name}:" not in f"\n{known}"}
    if fresh:
        terms.parent.mkdir(parents=True, exist_ok=True)
        terms.write_text(known + "".join(fresh.values()), encoding="utf-8")
        written.append(terms)
    sample = _example(draft, records)
    for name, text in draft_files(draft, sample, {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    # What the draft makes of the sample, for a person to judge: only now are its files there to be compiled.
    expect = _result(content, draft, folder, sample)
    for name, text in draft_files(draft, sample, expect).items():
        (folder / name).write_text(text, encoding="utf-8")
    return written


def _result(content: Content, draft: Draft, folder: Path, sample: Mapping[str, Any]) -> dict[str, Any]:
    from mappings.language import load_mappings
    from tongmai.core.settings import content_folders

    folders = [*content_folders("mappings/definitions", "mappings"), folder]
    found = load_mappings(list(dict.fromkeys(folders)), content.schema, lambda _: None).by_name.get(draft.name)
    if found is None:
        return {}
    mapped = found.run([sample], None)[0]
    return {name: value for name, value in mapped.fields.items() if value is not None}


def _example(draft: Draft, records: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The record with the most of what is used, cut down to it."""
    from mappings.drafting.write import SURE

    used = {
        one.source.path.split(".")[0].split("[")[0]
        for one in draft.proposals
        if not one.source.inside and one.confidence >= SURE
    }
    names = {name for record in records for name in record if name in used or f'field("{name}")' in used}
    best = max(records, key=lambda record: sum(record.get(name) not in (None, "", []) for name in names))
    return {name: value for name, value in best.items() if name in names}


def _json(one: Proposal) -> dict[str, Any]:
    return {
        "field": one.target,
        "source": f"{one.source.inside}[].{one.source.path}" if one.source.inside else one.source.path,
        "expression": one.expression,
        "confidence": round(one.confidence, 2),
        "reasons": [{"en": each.en, "zh": each.zh} for each in one.reasons],
        "terms": one.terms,
    }


def _show(proposals: list[Proposal], written: list[Path]) -> None:
    width = max((len(one.target) for one in proposals), default=0)
    for one in proposals:
        click.echo(
            f"{round(one.confidence * 100):3} %  {one.target:<{width}}  {one.expression}   ({', '.join(map(str, one.reasons))})"
        )
    for path in written:
        click.echo(f"{Text('written', '已写入')}: {display_path(str(path))}")
    name = "/".join(written[-1].with_suffix("").parts[-2:]).removesuffix("_test") if written else ""
    click.echo(
        str(
            Text(
                f"Look at each line, complete the value maps and the test, then: tongmai mapping validate {name} && tongmai mapping test {name}",
                f"请逐行确认，补全取值对照与测试，然后执行：tongmai mapping validate {name} && tongmai mapping test {name}",
            )
        )
    )

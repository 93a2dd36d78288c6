"""``tongmai match``: whole files matched, weights learnt, pairs explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tongmai.cli.files import ENCODING, OUT
from tongmai.cli.match_load import load
from tongmai.cli.options import AT, COLUMN, ENTITY, FILE, FILE_OR_HUB, JSON_LINE, LABELS, SNAPSHOT, WEIGHTS
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


def _told(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        column, equals, target = pair.partition("=")
        if not equals:
            raise ConfigurationError(
                f"--column {pair}",
                "it is written COLUMN=FIELD",
                "for example --column 客户=legal_name",
                code="bad-option",
            )
        found[column] = target
    return found


@click.group(
    invoke_without_command=True,
    help=str(
        Text(
            "Match the records of a CSV file: which are the same customer, person, product. No database is needed for files.",
            "对 CSV 文件中的记录做匹配：哪些是同一个客户、人员或产品。处理文件不需要数据库。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai match --entity customer --in records.csv --out clusters.csv",
            "示例：tongmai match --entity customer --in records.csv --out clusters.csv",
        )
    ),
)
@ENTITY
@click.option("--in", "file", type=FILE, help=str(Text("Records: CSV with a column `id`.", "记录：含 `id` 列的 CSV。")))
@click.option("--out", type=OUT, help=str(Text("Where `id, cluster_id` is written.", "写出 `id, cluster_id` 的文件。")))
@click.option(
    "--profile",
    type=click.Choice(["auto", "entity"]),
    default="auto",
    show_default=True,
    help=str(
        Text(
            "Columns are recognised by name and values. `auto`: customers whose columns are those of people are matched as "
            "members; `entity`: as --entity says.",
            "按列名和取值识别各列。`auto`：若客户文件各列是个人信息，则按会员匹配；`entity`：始终按 --entity。",
        )
    ),
)
@click.option(
    "--column",
    "told",
    multiple=True,
    help=str(
        Text(
            "COLUMN=FIELD (or id, source, updated_at) over what is recognised; an empty field leaves it out.",
            "COLUMN=FIELD（或 id、source、updated_at）：指定列对应的字段；字段留空则不用该列。",
        )
    ),
)
@ENCODING
@AT
@click.option(
    "--golden", type=OUT, help=str(Text("Write one golden record per cluster here.", "每个聚类写出一条黄金记录。"))
)
@click.option(
    "--explain",
    type=OUT,
    help=str(Text("Write why each pair was joined or not (JSON lines).", "写出每对记录合并与否的原因（JSON 行）。")),
)
@LABELS
@WEIGHTS
@SNAPSHOT
@JSON_LINE
@click.pass_context
def match(
    context: click.Context,
    entity: str,
    file: Path | None,
    out: Path | None,
    profile: str,
    told: tuple[str, ...],
    encoding: str,
    at: str,
    golden: Path | None,
    explain: Path | None,
    labels: Path | None,
    weights: Path | None,
    taken: Path | None,
    as_json: bool,
) -> None:
    if context.invoked_subcommand is not None:
        return
    if file is None or out is None:
        raise click.UsageError(str(Text("--in and --out are needed", "需要 --in 和 --out")))
    from tongmai.batch.people import entity_of
    from tongmai.batch.run import How, write_clusters
    from tongmai.batch.run import match as run
    from tongmai.batch.snapshot import load_snapshot
    from tongmai.cli import match_told
    from tongmai.cli.progress import bar

    schema = _schema()
    chosen = entity_of(file, schema, entity, encoding) if profile == "auto" else entity
    with bar(enabled=not as_json) as progress:
        how = How(_told(told), at, encoding, load_snapshot(taken) if taken else None, weights, labels)
        found = run(file, schema, chosen, how, progress)
    write_clusters(found, out)
    if explain is not None:
        from tongmai.batch.why import write_why

        write_why(found, explain)
    if golden is not None:
        from tongmai.batch.golden import write_golden

        write_golden(schema.entities[chosen], found, file, golden)
    if as_json:
        click.echo(json.dumps(match_told.plain(found, chosen), ensure_ascii=False))
    else:
        match_told.tell(found, chosen, entity, file, out)


def _schema() -> Any:
    from tongmai.sync.content import load_content

    content = load_content()
    wrong = [each for each in content.schema.findings if each.severity == "error"]
    if wrong:
        raise ConfigurationError("the master data's files", "they have mistakes", "", code="content", findings=wrong)
    return content.schema


@match.command(
    "train",
    help=str(
        Text(
            "Learn what each level of a comparison weighs, from a file's records or the hub's. Labels make it better; of the "
            "hub's records stewards' decisions are the labels.",
            "从文件或枢纽中的记录学习各比较级别的权重。有标注则更准；对枢纽中的记录，数据管家的裁决即为标注。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai match train --entity customer --in records.csv --out weights.json\n\n"
            "Of the hub: tongmai match train --entity customer --from-hub --out masterdata/customer/weights.json",
            "示例：tongmai match train --entity customer --in records.csv --out weights.json\n\n"
            "对枢纽：tongmai match train --entity customer --from-hub --out masterdata/customer/weights.json",
        )
    ),
)
@ENTITY
@click.option("--in", "file", type=FILE, help=str(Text("Records: CSV with a column `id`.", "记录：含 `id` 列的 CSV。")))
@click.option(
    "--from-hub",
    is_flag=True,
    help=str(Text("The hub's records, with what stewards decided.", "使用枢纽中的记录，并以数据管家的裁决为标注。")),
)
@click.option(
    "--labels",
    type=FILE,
    help=str(
        Text(
            "Pairs that are known: `id_a, id_b, same`, or `id, entity_id`.",
            "已知的记录对：`id_a, id_b, same` 或 `id, entity_id`。",
        )
    ),
)
@click.option("--out", type=OUT, required=True, help=str(Text("The file of weights.", "权重文件。")))
@click.option(
    "--name",
    default="",
    help=str(Text("The version's name (default: the file's and a digest).", "版本名（默认为文件名加内容摘要）。")),
)
@click.option("--trained", default="", help=str(Text("What is said of the sample.", "对样本的说明。")))
@COLUMN
@ENCODING
def train(
    entity: str,
    file: Path | None,
    from_hub: bool,
    labels: Path | None,
    out: Path,
    name: str,
    trained: str,
    told: tuple[str, ...],
    encoding: str,
) -> None:
    if (file is None) != from_hub or (from_hub and (labels or told)):
        raise click.UsageError(
            str(
                Text(
                    "either --in (with --labels and --column) or --from-hub is needed",
                    "需要 --in（可配合 --labels、--column）或 --from-hub 之一",
                )
            )
        )
    from dataclasses import replace

    from masterdata.matching.learn import LEAST, learnable
    from masterdata.matching.stored import written
    from tongmai.batch import labels as known
    from tongmai.batch.run import load
    from tongmai.batch.training import train as learn_weights
    from tongmai.cli.progress import bar

    with bar(enabled=True) as progress:
        pairs: Mapping[tuple[int, int], bool] = {}
        if file is None:
            from masterdata.store import connect
            from tongmai.batch.snapshot import load_hub
            from tongmai.core.settings import database_url

            with connect(database_url()) as database:
                columns, pairs = load_hub(database, _schema(), entity, progress)
        else:
            columns, ids, _ = load(file, _schema(), entity, _told(told), progress, encoding)
            if labels:
                pairs = known.read(labels, ids, columns, encoding)
        if not learnable(columns):
            raise ConfigurationError(
                f"{columns.size:,} records of {file.name if file else 'the hub'}",
                f"fewer than {LEAST} pairs of them share a key: what could be learnt would be chance",
                "take more records; until then each level weighs what its kind says",
                code="too-few-records",
            )
        found = learn_weights(columns, pairs, name, out.stem)
    source = file.name if file else "the hub"
    labelled = f"{len(pairs):,} pairs with labels" if pairs else "without labels"
    said = trained or f"{columns.size:,} records of {source}, {labelled}"
    out.write_text(written(replace(found.weights, frequencies={}), entity, said), encoding="utf-8")
    count, share = found.report["candidates"], found.report["share"]
    click.echo(str(Text(f"{count:,} candidate pairs, {share:.1%} of them the same, {len(pairs):,} labelled: {out}",
                        f"{count:,} 个候选对，其中 {share:.1%} 为同一实体，{len(pairs):,} 对有标注：{out}")))  # fmt: skip
    if (before := found.before) is not None and (after := found.after) is not None:
        click.echo(
            str(
                Text(
                    f"  of {after.same:,} labelled the same the new weights merge {after.found:,} without asking (before: "
                    f"{before.found:,}), of {after.different:,} labelled different {after.wrong:,} (before: {before.wrong:,})",
                    f"  {after.same:,} 对标注为相同，新权重可自动合并 {after.found:,} 对（此前 {before.found:,} 对）；"
                    f"{after.different:,} 对标注为不同，会误并 {after.wrong:,} 对（此前 {before.wrong:,} 对）",
                )
            )
        )


@match.command(
    "snapshot",
    help=str(
        Text(
            "Take stock of how common values and keys are, in a file or in the hub: rare ones prove more. The hub matches by its "
            "latest snapshot.",
            "统计文件或枢纽中取值与键的常见程度：越罕见越有证明力。枢纽按最近一次快照做匹配。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai match snapshot --entity customer\n\nOf a file: tongmai match snapshot --in records.csv --out taken.json",
            "示例：tongmai match snapshot --entity customer\n\n对文件：tongmai match snapshot --in records.csv --out taken.json",
        )
    ),
)
@ENTITY
@FILE_OR_HUB
@click.option(
    "--out", type=OUT, help=str(Text("With --in: where the snapshot is written.", "配合 --in：快照写出的文件。"))
)
@COLUMN
@ENCODING
@JSON_LINE
def snapshot(
    entity: str, file: Path | None, out: Path | None, told: tuple[str, ...], encoding: str, as_json: bool
) -> None:
    if (file is None) != (out is None) or (told and file is None):
        raise click.UsageError(
            str(
                Text(
                    "--in and --out go together, and --column with them; without them the hub's records are taken",
                    "--in 与 --out 须同时给出，--column 与它们配合；都不给则取枢纽中的记录",
                )
            )
        )
    from tongmai.cli.progress import bar

    with bar(enabled=not as_json) as progress:
        if file is not None and out is not None:
            from masterdata.matching.snapshot import snapshot as snapshot_of
            from masterdata.matching.stored import written
            from tongmai.batch.run import load

            columns, _, _ = load(file, _schema(), entity, _told(told), progress, encoding)
            taken = snapshot_of(columns)
            out.write_text(written(taken, entity, f"{taken.records:,} records of {file.name}"), encoding="utf-8")
        else:
            from masterdata.store import connect
            from tongmai.batch.snapshot import take
            from tongmai.core.settings import database_url

            with connect(database_url()) as database:
                taken = take(database, _schema(), entity, progress)
    if as_json:
        found = {"entity": entity, "version": taken.version, "records": taken.records, "caps": taken.caps}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    where = Text(f": {out}", f"：{out}") if out else Text(", the hub matches by it from now on", "，枢纽自此按它匹配")
    click.echo(str(Text(f"{taken.records:,} records of {entity}, snapshot {taken.version}{where.en}",
                        f"{entity} 共 {taken.records:,} 条记录，快照 {taken.version}{where.zh}")))  # fmt: skip


match.add_command(load)

from tongmai.cli import match_explain  # noqa: E402, F401  it adds its command to the group

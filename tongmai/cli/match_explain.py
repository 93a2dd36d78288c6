"""``tongmai match explain``: why two records of a file, or of the hub, are the same or not; how an entity came to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tongmai.cli.files import ENCODING
from tongmai.cli.match import FILE, _schema, _told, match
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


@match.command(
    "explain",
    help=str(
        Text(
            "Why two records are, or are not, the same: weights that add up, vetoes, decisions, what is missing. Of a file with "
            "--in; else of the hub, where ONE and OTHER are entity ids or source keys, as CONNECTION/STREAM/KEY. Without OTHER: "
            "how an entity of the hub came to be.",
            "说明两条记录为何相同或不同：可加总的权重、否决项、裁决、缺失的证据。配合 --in 针对文件；否则针对枢纽，ONE 和 OTHER 为实体编号"
            "或来源键（连接/流/键）。省略 OTHER 则说明枢纽中一个实体的由来。",
        )
    ),
    epilog=str(
        Text(
            "Example: tongmai match explain crm_main/AccountObj/a1 erp_main/BD_Customer/100042\n\n"
            "Of a file: tongmai match explain crm-1 erp-9 --in records.csv",
            "示例：tongmai match explain crm_main/AccountObj/a1 erp_main/BD_Customer/100042\n\n"
            "对文件：tongmai match explain crm-1 erp-9 --in records.csv",
        )
    ),
)
@click.argument("one")
@click.argument("other", default="")
@click.option(
    "--entity", default="customer", show_default=True, help=str(Text("What the records are.", "记录的实体。"))
)
@click.option(
    "--in",
    "file",
    type=FILE,
    help=str(
        Text("Records: CSV with a column `id` (default: the hub's).", "记录：含 `id` 列的 CSV（默认取枢纽中的记录）。")
    ),
)
@click.option(
    "--column",
    "told",
    multiple=True,
    help=str(Text("COLUMN=FIELD over what is recognised.", "COLUMN=FIELD：指定列对应的字段。")),
)
@ENCODING
@click.option("--json", "as_json", is_flag=True, help=str(Text("One JSON line.", "输出一行 JSON。")))
def explain(
    one: str, other: str, entity: str, file: Path | None, told: tuple[str, ...], encoding: str, as_json: bool
) -> None:
    if file is None:
        if told:
            raise click.UsageError(str(Text("--column goes with --in", "--column 须与 --in 配合")))
        _of_hub(entity, one, other, as_json)
    elif not other:
        raise click.UsageError(str(Text("of a file two records are named", "针对文件须给出两条记录")))
    else:
        _of_file(entity, one, other, file, told, encoding, as_json)


def _of_file(
    entity: str, one: str, other: str, file: Path, told: tuple[str, ...], encoding: str, as_json: bool
) -> None:
    from tongmai.batch.run import match as run
    from tongmai.batch.why import lines
    from tongmai.batch.why import told as as_told

    found = run(file, _schema(), entity, _told(told), "likely", lambda *_: None, encoding=encoding)
    number = {key: at for at, key in enumerate(found.ids)}
    for key in (one, other):
        if key not in number:
            raise ConfigurationError(
                f"{file.name}: no record `{key}`", "", "name records of the file", code="unknown-record"
            )
    columns, at = found.columns, found.resolved.entity
    scored = columns.scorer.score(columns.features(number[one]), columns.features(number[other]))
    together = at[number[one]] == at[number[other]]
    if as_json:
        click.echo(json.dumps(as_told(columns.scorer, one, other, scored, together), ensure_ascii=False))
        return
    for line in lines(columns.scorer, scored):
        click.echo(str(line))
    members = [key for key, first in zip(found.ids, at, strict=True) if first == at[number[one]]]
    if together:
        click.echo(str(Text(f"in one cluster of {len(members)}: {', '.join(members[:20])}",
                            f"同属一个含 {len(members)} 条记录的聚类：{'、'.join(members[:20])}")))  # fmt: skip
    else:
        click.echo(str(Text("in different clusters", "属于不同的聚类")))


def _of_hub(entity: str, one: str, other: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.batch import stored_why
    from tongmai.batch.snapshot import hub_scorer
    from tongmai.core.settings import database_url
    from tongmai.sync.trace import find_records

    schema = _schema()
    with connect(database_url()) as database, database.transaction() as cursor:
        scorer = hub_scorer(cursor, schema, entity)
        sides = []
        for key in (one, other) if other else (one,):
            entity_id, named = find_records(cursor, entity, key)
            every = stored_why.members(cursor, entity_id)
            sides.append([each for each in every if each.id in named] or every)
        found: dict[str, Any] = (
            stored_why.explain(cursor, scorer, *sides) if other else stored_why.history(cursor, sides[0][0].entity_id)
        )
    if not other:
        _tell_history(found, as_json)
        return
    scored = found.pop("scored", None)
    if as_json:
        reasons = [{"en": each.en, "zh": each.zh} for each in found["reasons"]]
        click.echo(json.dumps({**found, "reasons": reasons}, ensure_ascii=False, default=str))
        return
    from tongmai.batch.why import lines

    same = (
        Text("they are one entity", "是同一实体")
        if found["together"]
        else Text("they are not one entity", "不是同一实体")
    )
    click.echo(click.style(f"{same}: {' | '.join(found['entities'])}", bold=True))
    for reason in found["reasons"]:
        click.echo(f"  {reason}")
    if scored is None:
        return
    click.echo(f"\n{' | '.join(found['pair']['pair'])}")
    for line in lines(scorer, scored):
        click.echo(f"  {line}")
    for each in found["keys"]:
        generic = Text(" generic", " 通用") if each["generic"] else ""
        shared = Text("share the key", "共有的键")
        click.echo(f"  {shared} {each['block']} = {each['value']}  ({each['records']} / {each['cap']}{generic})")


def _tell_history(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    from tongmai.cli.trace import tell_act

    click.echo(click.style(found["id"], bold=True))
    names = {each["record"]: each["name"] for each in found["members"]}
    for each in found["members"]:
        seat = (
            Text(f"seat {each['seat']}, born {each['birth']}", f"序号 {each['seat']}，原编号 {each['birth']}")
            if each["seat"] is not None
            else Text("written by us, not compared", "我方写入，不参与比较")
        )
        click.echo(f"  {each['name']}  {seat}")
    for each in found["edges"]:
        veto = Text(" forbidden", " 否决") if each["veto"] else ""
        click.echo(f"  {names[each['one']]} — {names[each['other']]}  {each['weight']:+.3f}{veto}")
    for each in found["moves"]:
        click.echo(f"  {each['at']:%Y-%m-%d %H:%M:%S}  {each['name']}  {each['from']} → {each['to']}")
    for each in found["acts"]:
        tell_act(each)

"""``tongmai match explain``: why two records of a file, or of the hub, are the same or not; how an entity came to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from tongmai.cli.files import ENCODING
from tongmai.cli.match import _schema, _told, match
from tongmai.cli.options import AT, COLUMN, ENTITY, FILE_OR_HUB, JSON_LINE, LABELS, SNAPSHOT, WEIGHTS
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text


@match.command(
    "explain",
    help=str(
        Text(
            "Why two records are, or are not, the same: weights that add up, vetoes, decisions, what is missing. Of a file with "
            "--in; else of the hub, where ONE and OTHER are entity ids or source keys, as CONNECTION/STREAM/KEY. Without OTHER: "
            "how the entity, or the cluster of the file, came to be.",
            "说明两条记录为何相同或不同：可加总的权重、否决项、裁决、缺失的证据。配合 --in 针对文件；否则针对枢纽，ONE 和 OTHER 为实体编号"
            "或来源键（连接/流/键）。省略 OTHER 则说明该实体（或文件中的聚类）的由来。",
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
@ENTITY
@FILE_OR_HUB
@COLUMN
@ENCODING
@AT
@LABELS
@WEIGHTS
@SNAPSHOT
@JSON_LINE
def explain(
    one: str,
    other: str,
    entity: str,
    file: Path | None,
    told: tuple[str, ...],
    encoding: str,
    at: str,
    labels: Path | None,
    weights: Path | None,
    taken: Path | None,
    as_json: bool,
) -> None:
    if file is not None:
        from tongmai.batch.run import How
        from tongmai.batch.snapshot import load_snapshot

        how = How(_told(told), at, encoding, load_snapshot(taken) if taken else None, weights, labels)
        _of_file(entity, one, other, file, how, as_json)
        return
    if told or labels or weights or taken:
        raise click.UsageError(
            str(
                Text(
                    "--column, --labels, --weights and --snapshot go with --in",
                    "--column、--labels、--weights、--snapshot 须与 --in 配合",
                )
            )
        )
    _of_hub(entity, one, other, as_json)


def _of_file(entity: str, one: str, other: str, file: Path, how: Any, as_json: bool) -> None:
    from tongmai.batch.file_why import common_keys, reasons, story
    from tongmai.batch.people import entity_of
    from tongmai.batch.run import match as run
    from tongmai.batch.why import lines
    from tongmai.batch.why import told as as_told

    schema = _schema()
    found = run(file, schema, entity_of(file, schema, entity, how.encoding), how, lambda *_: None)
    number = {key: at for at, key in enumerate(found.ids)}
    for key in (one, other) if other else (one,):
        if key not in number:
            raise ConfigurationError(
                f"{file.name}: no record `{key}`", "", "name records of the file", code="unknown-record"
            )
    if not other:
        _tell_story(story(found, number[one]), as_json)
        return
    columns, at = found.columns, found.resolved.entity
    a, b = number[one], number[other]
    scored = columns.scorer.score(columns.features(a), columns.features(b))
    keys = common_keys(columns, a, b)
    why = reasons(found, a, b, scored, keys)
    if as_json:
        line = as_told(columns.scorer, one, other, scored, at[a] == at[b])
        line |= {"keys": keys, "reasons": [{"en": each.en, "zh": each.zh} for each in why]}
        click.echo(json.dumps(line, ensure_ascii=False))
        return
    same = Text("in one cluster", "同属一个聚类") if at[a] == at[b] else Text("in different clusters", "属于不同的聚类")
    click.echo(click.style(f"{one} | {other}: {same}", bold=True))
    for reason in why:
        click.echo(f"  {reason}")
    for each in lines(columns.scorer, scored):
        click.echo(str(each))
    _tell_keys(keys)
    if at[a] == at[b]:
        _tell_story(story(found, a), as_json)


def _tell_story(told: dict[str, Any], as_json: bool) -> None:
    """A cluster of a file."""
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    from tongmai.batch.file_why import SHOWN
    from tongmai.batch.why import bits

    names = ", ".join(told["records"][:SHOWN]) + (" …" if len(told["records"]) > SHOWN else "")
    count = len(told["records"])
    click.echo(str(Text(f"in one cluster of {count}: {names}", f"同属一个含 {count} 条记录的聚类：{names}")))
    for each in told["pairs"]:
        click.echo(f"  {' — '.join(each['pair'])}  {bits(each['weight'])}")
    if told["outside"]:
        click.echo(str(Text("nearest records outside of it:", "聚类之外最接近的记录：")))
    for each in told["outside"]:
        veto = Text("  forbidden", "  否决") if each["veto"] else ""
        click.echo(f"  {' — '.join(each['pair'])}  {bits(each['weight'])}{veto}")


def _tell_keys(keys: list[dict[str, Any]]) -> None:
    for each in keys:
        generic = Text(" generic", " 通用") if each["generic"] else ""
        shared = Text("share the key", "共有的键")
        click.echo(f"  {shared} {each['block']} = {each['value']}  ({each['records']} / {each['cap']}{generic})")


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
    _tell_keys(found["keys"])


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

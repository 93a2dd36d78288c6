"""``tongmai review bulk``, ``corrections`` and ``labels``."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tongmai.cli.files import OUT
from tongmai.cli.opening import JSON, example
from tongmai.cli.options import ENTITY
from tongmai.cli.review import DRY, WHY, review
from tongmai.core.text import Text

SHOWN = 10
STATES = {
    "open": Text("open", "待裁决"),
    "off already": Text("switched off there already", "目标中已停用"),
    "queued": Text("approved, on its way", "已批准，待写出"),
    "approved": Text("approved, not carried out", "已批准，未执行"),
    "by hand": Text(
        "approved; the target cannot do it, switch it off there by hand", "已批准；目标不支持停用，请人工处理"
    ),
    "done": Text("done", "已完成"),
    "rejected": Text("stays as it is", "保持不变"),
    "void": Text("void: it is an entity's only record again", "作废：已恢复为实体的唯一记录"),
}


@review.command(
    help=str(
        Text(
            "Many verdicts at once, all or none: from a list (columns a, b, verdict (merge, apart), why), or one verdict on every "
            "open pair from a weight on. Without --yes it only shows what would happen.",
            "批量裁决，全部成功或全部不做：来自清单（列 a、b、verdict（merge、apart）、why），或对不低于某权重的全部待定记录对作同一裁决。"
            "不加 --yes 时只显示效果。",
        )
    ),
    epilog=example('tongmai review bulk --all --min-weight 3 --verdict merge --why "looked through" --yes'),
)
@click.option(
    "--in", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=str(Text("The list.", "清单。"))
)
@click.option("--all", "every", is_flag=True, help=str(Text("Every open pair.", "全部待定记录对。")))
@click.option(
    "--min-weight", type=float, help=str(Text("With --all: of so many bits at least.", "配合 --all：不低于该比特数。"))
)
@click.option("--verdict", type=click.Choice(["merge", "apart"]), help=str(Text("With --all.", "配合 --all。")))
@click.option(
    "--why",
    default="",
    metavar="TEXT",
    help=str(Text("The reason of lines that say none.", "未写理由的行所用的理由。")),
)
@click.option("--yes", is_flag=True, help=str(Text("Carry it out.", "执行。")))
@ENTITY
@JSON
def bulk(
    file: Path | None,
    every: bool,
    min_weight: float | None,
    verdict: str | None,
    why: str,
    yes: bool,
    entity: str,
    as_json: bool,
) -> None:
    if (file is None) != every or every != (min_weight is not None and verdict is not None):
        raise click.UsageError(
            str(
                Text(
                    "either --in, or --all with --min-weight and --verdict is needed",
                    "需要 --in，或 --all 配合 --min-weight 与 --verdict",
                )
            )
        )
    from tongmai.cli.review_shown import tell_outcomes
    from tongmai.sync import acts, desk

    if file is not None:
        verdicts = desk.verdicts_of(file)
    else:
        assert verdict is not None and min_weight is not None
        verdicts = desk.verdicts_on_all(entity, verdict, round(1000 * min_weight))
    done = acts.bulk(entity, verdicts, who=getpass.getuser(), why=why, dry_run=not yes) if verdicts else []
    if as_json:
        line = {"verdicts": len(verdicts), "dry_run": not yes, "acts": [one.plain() for one in done]}
        click.echo(json.dumps(line, ensure_ascii=False, default=str))
        return
    click.echo(str(Text(f"{len(verdicts)} verdicts", f"{len(verdicts)} 条裁决")))
    tell_outcomes(done, not yes, as_json)
    if not yes and verdicts:
        click.echo(str(Text("Add --yes to carry it out", "加 --yes 执行")))


@review.group(
    help=str(
        Text(
            "Second records of one entity in a target: nothing is written to them; approve that one be switched off there.",
            "目标系统中同一实体的多余记录：系统不再写入它们；批准后可在目标中停用。",
        )
    ),
    epilog=example("tongmai review corrections list"),
)
def corrections() -> None:
    pass


@corrections.command(
    "list",
    help=str(Text("Second records, and what was decided of them.", "列出多余记录及其裁决。")),
    epilog=example("tongmai review corrections list --state open"),
)
@click.option("--state", type=click.Choice(list(STATES)), help=str(Text("Only in this state.", "只看该状态。")))
@ENTITY
@JSON
def corrections_list(state: str | None, entity: str, as_json: bool) -> None:
    from tongmai.sync.correcting import listed

    found = listed(entity, state or "")
    if as_json:
        click.echo(json.dumps({"corrections": found}, ensure_ascii=False, default=str))
        return
    for one in found:
        written = Text(f"written to is {one['written_to']}", f"写入的是 {one['written_to']}")
        said = f" · {one['who']}: {one['why']}" if one["verdict"] else ""
        click.echo(f"{one['target']}  {one['key']}  {one['entity_id']}  {written} · {STATES[one['state']]}{said}")
        _children(one)
    if not found:
        click.echo(str(Text("No target holds a record twice", "目标系统中没有多余记录")))


TARGET = click.option(
    "--target", default="", help=str(Text("The sync that writes there, where several hold it.", "写入目标的同步；多个目标都有时须指明。"))
)  # fmt: skip


@corrections.command(
    help=str(
        Text(
            "Approve that a second record be switched off in its target; an unmerge switches it on again. KEY: its key there.",
            "批准在目标中停用一条多余记录；拆分后会重新启用。KEY 为其在目标中的主键。",
        )
    ),
    epilog=example('tongmai review corrections approve 100042 --why "entered twice"'),
)
@click.argument("key")
@TARGET
@ENTITY
@WHY
@DRY
@JSON
def approve(key: str, target: str, entity: str, why: str, dry_run: bool, as_json: bool) -> None:
    _decide(entity, key, target, why, dry_run, as_json, approve=True)


@corrections.command(
    help=str(Text("Say that a second record stays in its target as it is.", "决定多余记录在目标中保持不变。")),
    epilog=example('tongmai review corrections reject 100042 --why "has its own ledger"'),
)
@click.argument("key")
@TARGET
@ENTITY
@WHY
@DRY
@JSON
def reject(key: str, target: str, entity: str, why: str, dry_run: bool, as_json: bool) -> None:
    _decide(entity, key, target, why, dry_run, as_json, approve=False)


def _decide(entity: str, key: str, target: str, why: str, dry_run: bool, as_json: bool, *, approve: bool) -> None:
    from tongmai.sync.correcting import decide

    found = decide(entity, key, approve=approve, who=getpass.getuser(), why=why, target=target, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({**found, "dry_run": dry_run}, ensure_ascii=False, default=str))
        return
    if dry_run:
        click.echo(click.style(str(Text("Dry run: nothing was kept", "试运行：未保存任何内容")), bold=True))
    click.echo(f"{found['target']}  {found['key']}  {STATES[found['state']]}")
    _children(found)


def _children(one: Mapping[str, Any]) -> None:
    """What hangs on a second record, and who moves it."""
    where, written = one["connection"], one["written_to"]
    if "children_unknown" in one:
        why = one["children_unknown"]
        click.echo(
            f"  {Text(f'what hangs on it in {where} is not known: {why}', f'{where} 中挂在其下的记录未知：{why}')}"
        )
    if not one.get("children"):
        return
    unread = Text("cannot be read", "无法读取")
    named = ", ".join(
        f"{each['stream']}/{each['key']} ({unread if each['fields'] is None else ', '.join(each['fields'])})"
        for each in one["children"][:SHOWN]
    )
    more = f" … ({len(one['children'])})" if len(one["children"]) > SHOWN else ""
    text = Text(
        f"still hangs on it in {where}: {named}{more}; whoever keeps {where} moves it to {written}",
        f"{where} 中仍挂在其下：{named}{more}；请由 {where} 的维护人员改挂到 {written}",
    )
    click.echo(f"  {text}")


@review.command(
    help=str(
        Text(
            "Write stewards' decisions as labels: id_a, id_b, same, each record as CONNECTION/STREAM/KEY. To learn from them "
            "together with the hub's records: `tongmai match train --from-hub`.",
            "把裁决导出为标注：id_a、id_b、same，记录写作 连接/流/键。与枢纽记录一起学习：`tongmai match train --from-hub`。",
        )
    ),
    epilog=example("tongmai review labels --out labels.csv"),
)
@click.option("--out", type=OUT, required=True, help=str(Text("The file.", "输出文件。")))
@ENTITY
@JSON
def labels(out: Path, entity: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.batch.labels import write
    from tongmai.core.settings import database_url

    with connect(database_url()) as database, database.transaction() as cursor:
        count = write(cursor, entity, out)
    if as_json:
        click.echo(json.dumps({"labels": count, "out": str(out)}, ensure_ascii=False))
    else:
        click.echo(str(Text(f"{count} labels: {out}", f"{count} 条标注：{out}")))

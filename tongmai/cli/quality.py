"""``tongmai quality``: judge the data, show scores with their trend, list the records that fall short."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from tongmai.cli.opening import JSON, example
from tongmai.cli.table import aligned
from tongmai.core.text import Text, language

ENTITIES = click.option(
    "--entity",
    "entities",
    multiple=True,
    metavar="NAME",
    help=str(Text("Only this entity; may be given several times.", "仅此实体；可多次给出。")),
)
SOURCE = click.option(
    "--source",
    default="",
    metavar="NAME",
    help=str(
        Text(
            "Only `golden`, a connection, or one of its streams as `connection.stream`.",
            "仅 `golden`（黄金记录）、某个连接，或其数据流（写作 `连接.数据流`）。",
        )
    ),
)
LEAST = click.option(
    "--min",
    "least",
    type=click.FloatRange(0, 100),
    help=str(
        Text(
            "Fail (exit status 1) where a score is lower. Golden records count, or what --source names.",
            "得分低于此值时以状态码 1 退出；按黄金记录计，或按 --source 指定的来源。",
        )
    ),
)


@click.group(
    help=str(
        Text(
            "Data quality: completeness, validity, consistency, timeliness and uniqueness, by the rules of each entity.",
            "数据质量：按各实体的规则评估完整性、有效性、一致性、及时性和唯一性。",
        )
    ),
    epilog=example("tongmai quality run --min 90"),
)
def quality() -> None:
    pass


@quality.command(
    help=str(
        Text(
            "Judge every record and keep the figures. Without --entity: all entities that have rules.",
            "评估每条记录并保存结果。不写 --entity 时评估所有有规则的实体。",
        )
    ),
    epilog=example("tongmai quality run --entity customer --min 90"),
)
@ENTITIES
@LEAST
@JSON
def run(entities: tuple[str, ...], least: float | None, as_json: bool) -> None:
    from tongmai.cli.progress import bar
    from tongmai.quality.run import run_quality

    with bar(enabled=not as_json) as progress:
        names = run_quality(entities, progress)
    _tell(names, "", least, as_json, rules=False)


@quality.command(
    help=str(
        Text(
            "Show the newest scores with their change against the run before, a week and a month ago; with --entity also every rule.",
            "显示最新得分，以及与上次、一周前、一个月前相比的变化；给出 --entity 时还显示各条规则。",
        )
    ),
    epilog=example("tongmai quality show --entity customer --source erp_main"),
)
@ENTITIES
@SOURCE
@LEAST
@JSON
def show(entities: tuple[str, ...], source: str, least: float | None, as_json: bool) -> None:
    _tell(entities, source, least, as_json, rules=bool(entities))


@quality.command(
    help=str(
        Text(
            "List the records that break rules, worst first, with the values that the rules are about; personal fields are not shown.",
            "列出不符合规则的记录（最差的在前）及规则涉及的取值；不显示个人信息字段。",
        )
    ),
    epilog=example("tongmai quality failures --entity customer --rule completeness.uscc --limit 50"),
)
@click.option("--entity", required=True, metavar="NAME", help=str(Text("The entity.", "实体。")))
@click.option("--rule", default="", metavar="NAME", help=str(Text("Only what breaks this rule.", "仅不符合此规则的。")))
@SOURCE
@click.option(
    "--key",
    default="",
    metavar="KEY",
    help=str(Text("Only this record: the entity's id or a source key.", "仅此记录：实体编号或来源键。")),
)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help=str(Text("How many.", "条数。"))
)
@JSON
def failures(entity: str, rule: str, source: str, key: str, limit: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.quality.failures import failures as failed
    from tongmai.sync.content import load_content

    schema = load_content().schema
    with connect(database_url()) as database, database.transaction() as cursor:
        found = failed(cursor, schema, entity, rule=rule, source=source, key=key, limit=limit)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    click.echo(str(Text(f"{found['total']} record(s) fall short", f"{found['total']} 条记录不达标")))
    for one in found["records"]:
        click.echo(click.style(f"{one['score']:6.2f}  {one['source']}  {one['key'] or one['entity_id']}", bold=True))
        for broken in one["failed"]:
            click.echo(f"        {broken['rule']}: {_word(broken['label'])}")
        for name, value in one["values"].items():
            golden = one["golden"].get(name)
            beside = f"  ({Text('golden', '黄金记录')}: {golden})" if golden is not None else ""
            click.echo(f"          {name} = {'-' if value is None else value}{beside}")


def _tell(entities: Sequence[str], source: str, least: float | None, as_json: bool, *, rules: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.quality.standing import below, standing
    from tongmai.sync.content import load_content

    schema = load_content().schema
    with connect(database_url()) as database, database.transaction() as cursor:
        found = standing(cursor, schema, entities, source)
    low = below(found, least, source) if least is not None else []
    if as_json:
        click.echo(json.dumps({"ok": not low, "entities": found, "below": low}, ensure_ascii=False))
    else:
        for entity in found:
            _tell_entity(entity, rules)
        for one in low:
            click.echo(
                click.style(
                    str(
                        Text(
                            f"{one['entity']} ({one['source']}): {one['score']} is under {least:g}",
                            f"{one['entity']}（{one['source']}）：{one['score']} 低于 {least:g}",
                        )
                    ),
                    fg="red",
                )
            )
    if low:
        sys.exit(1)


def _tell_entity(entity: dict[str, Any], rules: bool) -> None:
    click.echo(click.style(f"{entity['entity']} · {_word(entity['label'])}", bold=True) + f" · {entity['at'][:16]}")
    if not any(place["records"] for place in entity["places"]):
        click.echo(f"  {Text('no records', '没有记录')}")
        return
    rows = [[str(each) for each in (
        Text("source", "来源"), Text("records", "记录"), Text("flawed", "不达标"), Text("score", "得分"),
        Text("before", "上次"), Text("week", "一周"), Text("month", "一月"), "")]]  # fmt: skip
    for place in entity["places"]:
        parts = "  ".join(f"{_word(one['label'])} {_number(one['score'])}" for one in place["dimensions"])
        rows.append([place["source"], str(place["records"]), str(place["flawed"]), *_trend(place), parts])
    for line in aligned(rows):
        click.echo("  " + line)
    for place in entity["places"] if rules else ():
        broken = [one for one in place["rules"] if one["checked"]]
        if not broken:
            continue
        click.echo(f"  {click.style(place['source'], bold=True)}")
        rows = [[str(each) for each in (
            Text("rule", "规则"), Text("checked", "检查"), Text("failed", "未通过"), Text("score", "得分"), Text("before", "上次"),
            Text("week", "一周"), Text("month", "一月"), Text("costs", "扣分"), "")]]  # fmt: skip
        rows += [
            [
                one["rule"],
                str(one["checked"]),
                str(one["failed"]),
                *_trend(one),
                _number(one["cost"]),
                _word(one["label"]),
            ]
            for one in broken
        ]
        for line in aligned(rows):
            click.echo("    " + line)


def _trend(one: dict[str, Any]) -> list[str]:
    change = one["change"]
    return [_number(one["score"]), *(_signed(change[word]) for word in ("previous", "week", "month"))]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}"


def _word(label: dict[str, str]) -> str:
    return label[language()]

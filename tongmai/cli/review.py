"""``tongmai review``: open questions about identity, and what stewards say to them."""

from __future__ import annotations

import getpass
import json
from typing import Any

import click

from tongmai.cli.opening import JSON, example
from tongmai.cli.options import ENTITY
from tongmai.core.text import Text

WHY = click.option(
    "--why", required=True, metavar="TEXT", help=str(Text("The reason, kept with it.", "理由，随之保存。"))
)
DRY = click.option(
    "--dry-run", is_flag=True, help=str(Text("Show what it would do and keep nothing.", "只显示效果，不保存。"))
)
KEY = Text("Entity ids or source keys, as CONNECTION/STREAM/KEY.", "实体编号或来源键（连接/流/键）。")


@click.group(
    help=str(
        Text(
            "Which records are one customer, person, product: open questions, and the answers, which can all be taken back.",
            "哪些记录是同一个客户、人员或产品：待裁决的问题，以及可随时撤回的裁决。",
        )
    ),
    epilog=example("tongmai review list"),
)
def review() -> None:
    pass


@review.command(
    "list",
    help=str(
        Text(
            "Open questions, gathered in groups, the most pressing first: deliveries that wait, open business, likelihood, age.",
            "按组列出待裁决的问题，最紧要的在前：等待的写出、未结业务、可能性、存在时间。",
        )
    ),
    epilog=example("tongmai review list --entity customer --min-weight 0"),
)
@click.option("--entity", default="", help=str(Text("Only of this entity.", "只看该实体。")))
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help=str(Text("At most so many groups.", "最多组数。")),
)
@click.option(
    "--min-weight", type=float, help=str(Text("Only pairs of so many bits at least.", "只看不低于该比特数的记录对。"))
)
@click.option(
    "--after", default="", metavar="NEXT",
    help=str(Text("The page behind this one: what the page before gave as next.", "下一页：上一页给出的 next。")),
)  # fmt: skip
@JSON
def list_(entity: str, limit: int, min_weight: float | None, after: str, as_json: bool) -> None:
    from tongmai.cli.review_shown import tell_groups
    from tongmai.sync.desk import open_questions
    from tongmai.sync.queue import place

    least = None if min_weight is None else round(1000 * min_weight)
    found = open_questions(entity, least, limit, place(after) if after else None)
    following = found.next.text() if found.next else None
    if as_json:
        line = {"groups": [each.plain() for each in found.groups], "open": found.open, "next": following}
        click.echo(json.dumps(line, ensure_ascii=False, default=str))
    else:
        tell_groups(found.groups, found.open, following)


@review.command(
    help=str(
        Text(
            "Lay out one question: fields side by side, reasons, and what a merge would do. KEYS: a group, or its entities. "
            + KEY.en,
            "展开一个问题：字段对照、理由、合并的效果。KEYS 为组或其中的实体。" + KEY.zh,
        )
    ),
    epilog=example("tongmai review show crm_main/AccountObj/a1 erp_main/BD_Customer/100042"),
)
@click.argument("keys", nargs=-1, required=True)
@ENTITY
@JSON
def show(keys: tuple[str, ...], entity: str, as_json: bool) -> None:
    from tongmai.cli.review_shown import tell_question
    from tongmai.sync.desk import question

    found = question(entity, keys)
    if not as_json:
        tell_question(found)
        return
    for each in found["reasons"]:
        each.pop("scored", None)
        each["reasons"] = [{"en": one.en, "zh": one.zh} for one in each["reasons"]]
    click.echo(
        json.dumps({key: value for key, value in found.items() if key != "matcher"}, ensure_ascii=False, default=str)
    )


def _act(kind: str, entity: str, why: str, dry_run: bool, as_json: bool, **named: Any) -> None:
    from tongmai.cli.review_shown import tell_outcomes
    from tongmai.sync.acts import Verdict, act

    found = act(entity, Verdict(kind, **named), who=getpass.getuser(), why=why, dry_run=dry_run)
    tell_outcomes([found], dry_run, as_json)


def _verdict(kind: str, about: Text, shown: str) -> None:
    """A command that says one thing of several entities."""

    @review.command(
        kind, help=str(Text(f"{about.en} {KEY.en}", f"{about.zh}{KEY.zh}")), epilog=example(f"tongmai review {shown}")
    )
    @click.argument("keys", nargs=-1, required=True)
    @ENTITY
    @WHY
    @DRY
    @JSON
    def say(keys: tuple[str, ...], entity: str, why: str, dry_run: bool, as_json: bool) -> None:
        _act(kind, entity, why, dry_run, as_json, keys=keys)


_verdict(
    "merge",
    Text(
        "They are one. What is one already and was only kept together after an edit is confirmed.",
        "它们是同一实体。已是同一实体、只因修改而暂留的，则予以确认。",
    ),
    'merge crm_main/AccountObj/a1 erp_main/BD_Customer/100042 --why "same licence"',
)
_verdict(
    "apart",
    Text(
        "They are not one, and never will be, whatever their records say, until it is undone.",
        "它们不是同一实体；在撤销之前，无论记录如何变化都不会合并。",
    ),
    'apart a1 a2 --why "mother and daughter company"',
)


@review.command(
    help=str(
        Text(
            "Take records out of the entity they are in; those that are named together stay together.",
            "把记录从所在实体中拆出；一起列出的记录仍在一起。",
        )
    ),
    epilog=example('tongmai review unmerge a1 --record erp_main/BD_Customer/100042 --why "a branch"'),
)
@click.argument("key")
@click.option(
    "--record", "records", multiple=True, required=True, metavar="CONNECTION/STREAM/KEY",
    help=str(Text("A record to take out; may be repeated.", "要拆出的记录，可重复。")),
)  # fmt: skip
@ENTITY
@WHY
@DRY
@JSON
def unmerge(key: str, records: tuple[str, ...], entity: str, why: str, dry_run: bool, as_json: bool) -> None:
    from tongmai.sync.desk import records_of

    _act("unmerge", entity, why, dry_run, as_json, records=records_of(entity, key, records))


@review.command(
    help=str(
        Text(
            "Take an act back: what it held together or apart is again as the records say.",
            "撤销一次裁决：恢复为记录本身所示。",
        )
    ),
    epilog=example("tongmai review undo 17"),
)
@click.argument("act", type=int)
@ENTITY
@click.option("--why", default="", metavar="TEXT", help=str(Text("The reason, kept with it.", "理由，随之保存。")))
@DRY
@JSON
def undo(act: int, entity: str, why: str, dry_run: bool, as_json: bool) -> None:
    from tongmai.cli.review_shown import tell_outcomes
    from tongmai.sync.acts import undo as take_back

    done = take_back(entity, act, who=getpass.getuser(), why=why, dry_run=dry_run)
    tell_outcomes([done], dry_run, as_json, undone=True)


@review.command(
    help=str(Text("What was decided, the newest first.", "列出裁决，最新的在前。")),
    epilog=example("tongmai review acts --entity customer --limit 20"),
)
@click.option("--entity", default="", help=str(Text("Only of this entity.", "只看该实体。")))
@click.option("--kept", is_flag=True, help=str(Text("Also what was only kept after an edit.", "包括因修改而暂留的。")))
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1), help=str(Text("At most so many.", "最多条数。"))
)
@JSON
def acts(entity: str, kept: bool, limit: int, as_json: bool) -> None:
    from tongmai.cli.trace import tell_act
    from tongmai.sync.desk import acts_done

    found = acts_done(entity, limit, kept=kept)
    if as_json:
        click.echo(json.dumps({"acts": found}, ensure_ascii=False, default=str))
        return
    for one in found:
        tell_act(one)
    if not found:
        click.echo(str(Text("Nothing was decided yet", "尚无裁决")))


from tongmai.cli import review_more  # noqa: E402, F401  it adds its commands to the group

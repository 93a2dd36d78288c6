"""``tongmai dictionary``: unknown terms, proposals, their impact, approval."""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import Any

import click

from tongmai.cli.opening import example
from tongmai.cli.options import BY, JSON_LINE
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text, language


@click.group(
    help=str(
        Text(
            "The dictionary's terms: what records say that it does not know, and changes by proposal and approval.",
            "数据字典的词条：记录中未知的取值，以及经提议和批准的变更。",
        )
    ),
    epilog=example("tongmai dictionary unknown"),
)
def dictionary() -> None:
    pass


@dictionary.command(
    help=str(Text("Values in quarantine that the dictionary does not know.", "隔离区中数据字典不认识的取值。")),
    epilog=example("tongmai dictionary unknown --json"),
)
@JSON_LINE
def unknown(as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import proposals
    from tongmai.sync.content import load_content

    content = load_content()
    with connect(database_url()) as database, database.transaction() as cursor:
        found = proposals.unknown(cursor, content)
    if as_json:
        _line({"unknown": found})
        return
    for one in found:
        where = f"{one['connection']}.{one['stream']}"
        click.echo(
            str(
                Text(
                    f"{one['list'] or '-'}  `{one['value']}`  {where} {one['field']}  {one['records']} record(s), as {one['example']}",
                    f"{one['list'] or '-'}  `{one['value']}`  {where} {one['field']}  {one['records']} 条，如 {one['example']}",
                )
            )
        )
    click.echo(str(Text(f"{len(found)} unknown value(s)", f"共 {len(found)} 个未知取值")))


@dictionary.command(
    help=str(
        Text(
            "Propose a term, what systems say for one that is there, or (--change, --retire) a change of one, from FILE or by "
            "options. Without --zh and --en it adds values only. Refused when the dictionary would have mistakes with it.",
            "提议一个词条，为已有词条补充各系统的取值，或变更（--change）、停用（--retire）已有词条，可用 FILE 或选项给出。"
            "不写 --zh 和 --en 则只补充取值。会造成错误的提议不予接受。",
        )
    ),
    epilog=example(
        "tongmai dictionary propose --list opportunity_stage --term tendering --zh 投标中 --en Tendering"
        " --value fxiaoke:s6 --out fxiaoke=s6"
    ),
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--list", "name", default="", help=str(Text("The term list.", "词表。")))
@click.option("--term", default="", help=str(Text("The term.", "词条。")))
@click.option("--zh", default="", help=str(Text("Its Chinese label.", "中文名称。")))
@click.option("--en", default="", help=str(Text("Its English label.", "英文名称。")))
@click.option("--after", default="", help=str(Text("The term it comes after.", "排在哪个词条之后。")))
@click.option("--next", "following", multiple=True, help=str(Text("A term that may follow.", "其后允许的词条。")))
@click.option("--follows", multiple=True, help=str(Text("A term that it may follow.", "可从哪个词条转入。")))
@click.option(
    "--change",
    "changes",
    is_flag=True,
    help=str(
        Text("The term is there: what is given replaces what was said of it.", "词条已存在：所给内容取代原有内容。")
    ),
)
@click.option(
    "--retire",
    "retired",
    is_flag=True,
    help=str(Text("Take the term out of use; records that have it keep it.", "停用词条；已有此词条的记录保留不变。")),
)
@click.option(
    "--instead",
    default="",
    help=str(
        Text(
            "With --retire: the term that systems' values mean from now on.",
            "与 --retire 同用：各系统的取值今后对应的词条。",
        )
    ),
)
@click.option(
    "--value",
    "inward",
    multiple=True,
    metavar="SYSTEM:VALUE",
    help=str(Text("What a system says for it.", "某系统对它的取值。")),
)
@click.option(
    "--out",
    "outward",
    multiple=True,
    metavar="SYSTEM=VALUE",
    help=str(Text("What a system is sent.", "写给某系统的取值。")),
)
@click.option("--why", default="", help=str(Text("Why it is needed.", "提议理由。")))
@BY
@JSON_LINE
def propose(
    file: Path | None,
    name: str,
    term: str,
    zh: str,
    en: str,
    after: str,
    following: tuple[str, ...],
    follows: tuple[str, ...],
    changes: bool,
    retired: bool,
    instead: str,
    inward: tuple[str, ...],
    outward: tuple[str, ...],
    why: str,
    who: str,
    as_json: bool,
) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import proposals
    from tongmai.sync.content import load_content

    if (file is None) == (not name):
        raise ConfigurationError(
            "dictionary propose", "either FILE or --list is needed, not both", "see --help", code="bad-option"
        )
    if file is not None:
        found = proposals.read_proposal(file)
    else:
        data: dict[str, Any] = {
            "list": name,
            "term": term,
            "zh": zh,
            "en": en,
            "after": after,
            "follows": list(follows),
            "changes": changes,
            "retired": retired,
            "instead": instead,
        }
        data["values"] = _values(inward, outward)
        if following:
            data["next"] = list(following)
        given = {key: value for key, value in data.items() if value}
        found = proposals.parse(json.dumps(given, ensure_ascii=False), "--list")
    with connect(database_url()) as database:
        number = proposals.propose(database, load_content(), found, who or getpass.getuser(), why)
    if as_json:
        _line({"proposal": number, "list": found.list, "term": found.term})
        return
    click.echo(
        str(
            Text(
                f"proposal {number}: {found.key}; see `tongmai dictionary impact {number}`",
                f"提议 {number}：{found.key}；影响见 `tongmai dictionary impact {number}`",
            )
        )
    )


def _values(inward: tuple[str, ...], outward: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    values: dict[str, dict[str, Any]] = {}
    for pair, sign, option in [*((one, ":", "--value") for one in inward), *((one, "=", "--out") for one in outward)]:
        system, found, value = pair.partition(sign)
        if not found or not system or not value:
            raise ConfigurationError(
                option, f"`{pair}` is not SYSTEM{sign}VALUE", f"write it like crm{sign}s6", code="bad-option"
            )
        if option == "--value":
            values.setdefault(system, {}).setdefault("in", []).append(value)
        else:
            values.setdefault(system, {})["out"] = value
    return values


@dictionary.command(
    "list",
    help=str(Text("Open proposals, oldest first.", "列出未决的提议。")),
    epilog=example("tongmai dictionary list --all"),
)
@click.option("--all", "everything", is_flag=True, help=str(Text("Decided ones too.", "包括已决的。")))
@JSON_LINE
def list_(everything: bool, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import proposals

    with connect(database_url()) as database, database.transaction() as cursor:
        found = proposals.proposals(cursor, everything=everything)
    if as_json:
        _line({"proposals": found})
        return
    states = {
        "open": Text("open", "未决"),
        "approved": Text("approved", "已批准"),
        "rejected": Text("rejected", "已驳回"),
    }
    for one in found:
        who = f"{one['proposed_by']} → {one['decided_by']}" if one["decided_by"] else one["proposed_by"]
        click.echo(f"{one['id']:>5}  {one['list']}.{one['term']}  [{states[one['state']]}]  {who}  {one['why']}")
    click.echo(str(Text(f"{len(found)} proposal(s)", f"共 {len(found)} 个提议")))


@dictionary.command(
    help=str(
        Text(
            "What a proposal touches: fields, mappings, syncs, how many stored and quarantined records.",
            "提议的影响：字段、映射、同步，以及涉及多少条已存和隔离的记录。",
        )
    ),
    epilog=example("tongmai dictionary impact 3"),
)
@click.argument("number", type=int)
@JSON_LINE
def impact(number: int, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import impact as weigh
    from tongmai.sync import proposals
    from tongmai.sync.content import load_content

    content = load_content()
    with connect(database_url()) as database, database.transaction() as cursor:
        stored = proposals.proposal(cursor, number)
        term = proposals.parse(stored["content"], f"proposal {number}")
        found = weigh.impact(cursor, content, term, stored["content"])
    if as_json:
        _line({"proposal": number, **found})
        return
    click.echo(stored["content"].rstrip())
    click.echo(f"{Text('fields', '字段')}: {', '.join(found['fields']) or '-'}")
    for one in found["mappings"]:
        click.echo(f"{Text('mapping', '映射')}: {one['mapping']}  {one['file']}")
    for one in found["syncs"]:
        click.echo(f"{Text('sync', '同步')}: {one['sync']} ({one['mapping']})  {one['records']}")
    click.echo(
        str(
            Text(
                f"{found['records']} stored record(s) are mapped again, {found['golden']} golden record(s) use the list, "
                f"{found['holding']} of them this term, {found['quarantined']} record(s) leave quarantine",
                f"重新映射 {found['records']} 条已存记录；{found['golden']} 条黄金记录使用该词表，其中 {found['holding']} 条为此词条；"
                f"{found['quarantined']} 条记录可离开隔离区",
            )
        )
    )

    if found["overrides"]:
        click.echo(
            str(
                Text(
                    f"{found['overrides']} value(s) that stewards set are this term and stay: `tongmai golden release` takes one back",
                    f"{found['overrides']} 个人工取值为此词条，不会改变：可用 `tongmai golden release` 撤回",
                )
            )
        )


@dictionary.command(
    help=str(
        Text(
            "Write the term into the site folder, which makes a new release, and replay the records that waited for it.",
            "将词条写入站点目录，由此产生新发布，并重放等待它的记录。",
        )
    ),
    epilog=example('tongmai dictionary approve 3 --by 张敏 --why "agreed in the weekly meeting"'),
)
@click.argument("number", type=int)
@click.option("--why", required=True, help=str(Text("The reason of the decision.", "批准理由。")))
@click.option(
    "--site",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=str(Text("The site folder; else the last of TONGMAI_PATH.", "站点目录；默认取 TONGMAI_PATH 的最后一个。")),
)
@BY
@JSON_LINE
def approve(number: int, why: str, site: Path | None, who: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.core.text import display_path
    from tongmai.sync import proposals
    from tongmai.sync.content import load_content
    from tongmai.sync.replaying import replay_entries

    with connect(database_url()) as database:
        path, release, term = proposals.approve(database, number, who or getpass.getuser(), why, site)
        content = load_content()
        with database.transaction() as cursor:
            waiting = proposals.touched_entries(proposals.unknown(cursor, content), content, term)
    report = replay_entries(tuple(waiting)) if waiting else None
    if as_json:
        line = {"proposal": number, "file": display_path(str(path)), "release": release.hex(), "replayed": len(waiting)}
        _line({**line, "replay": report.as_json() if report else None})
    else:
        click.echo(
            str(
                Text(
                    f"approved: {path.name} is in {display_path(str(path.parent))}, release {release.hex()[:12]}; "
                    f"{len(waiting)} record(s) replayed",
                    f"已批准：{path.name} 写入 {display_path(str(path.parent))}，发布 {release.hex()[:12]}；重放 {len(waiting)} 条记录",
                )
            )
        )
        if report is not None:
            click.echo(report.in_words(language()))
    sys.exit(0 if report is None or report.ok else 1)


@dictionary.command(
    help=str(Text("Close a proposal without a change.", "驳回提议，不作变更。")),
    epilog=example('tongmai dictionary reject 3 --by 张敏 --why "signed covers it"'),
)
@click.argument("number", type=int)
@click.option("--why", required=True, help=str(Text("The reason of the decision.", "驳回理由。")))
@BY
@JSON_LINE
def reject(number: int, why: str, who: str, as_json: bool) -> None:
    from masterdata.store import connect
    from tongmai.core.settings import database_url
    from tongmai.sync import proposals

    with connect(database_url()) as database:
        proposals.reject(database, number, who or getpass.getuser(), why)
    if as_json:
        _line({"proposal": number, "state": "rejected"})
    else:
        click.echo(str(Text(f"proposal {number} rejected", f"已驳回提议 {number}")))


def _line(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))

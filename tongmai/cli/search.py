"""``tongmai search``: find golden records; make stale rows of the index anew."""

from __future__ import annotations

import json

import click

from masterdata.model import Entity
from tongmai.cli.opening import JSON, example
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.text import Text

_HOW = {
    "code": Text("code", "编号"),
    "phone": Text("telephone", "电话"),
    "name": Text("the whole name", "名称完全相同"),
    "start": Text("its beginning", "开头相同"),
    "brand": Text("brand word", "字号"),
    "part": Text("part of it", "包含"),
    "initials": Text("initials", "拼音首字母"),
    "sound": Text("pinyin, or the same sound", "拼音或读音相同"),
    "slip": Text("all but a typing error", "容错"),
}


@click.group(
    help=str(
        Text(
            "Find golden records by part of a name, pinyin, initials, a code or a telephone.",
            "按名称的一部分、拼音、首字母、编号或电话查找黄金记录。",
        )
    ),
    epilog=example("tongmai search find customer 拓金"),
)
def search() -> None:
    pass


@search.command(
    help=str(Text("Find records, the best fit first. A slip is tolerated.", "查找记录，最合适的在前；容许一处笔误。")),
    epilog=example("tongmai search find customer shtj --json"),
)
@click.argument("entity")
@click.argument("text")
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help=str(Text("At most so many.", "最多条数。")))  # fmt: skip
@JSON
def find(entity: str, text: str, limit: int, as_json: bool) -> None:
    from masterdata.golden import search as searching
    from masterdata.golden import write as golden
    from masterdata.search import query
    from masterdata.store import connect
    from tongmai.core.settings import database_url

    if not text.strip():
        raise ConfigurationError("TEXT", "it is empty", "write what you look for", code="bad-option")
    model = _searched(entity)[0]
    with connect(database_url()) as database, database.transaction() as cursor:
        found = searching.search(cursor, entity, query(text), model.search.fields(), limit)
        records = golden.load(cursor, [one.id for one in found])
        stale = searching.stale(cursor, model)
    names = [name for _, own in model.search.kinds() for name in own]
    hits = []
    for one in found:
        fields = records[one.id].fields
        name = next((fields[each] for each in names if fields.get(each)), "")
        hit = {"field": one.hit.field, "how": one.hit.how, "score": round(one.hit.score, 2)}
        hits.append({"id": str(one.id), "name": name, **hit})
    if as_json:
        click.echo(json.dumps({"hits": hits, "stale": stale}, ensure_ascii=False))
        return
    from tongmai.cli.labels import field_label

    for hit in hits:
        why = f"{field_label(entity, str(hit['field']))}: {_HOW[str(hit['how'])]}"
        click.echo(f"{hit['id']}  {hit['name']}  ({why})")
    if not hits:
        click.echo(str(Text("Nothing fits", "没有合适的记录")))
    if stale:
        click.echo(
            str(Text(f"{stale} records are not in the index: run `tongmai search rebuild`", f"{stale} 条记录不在索引中：请运行 `tongmai search rebuild`")),
            err=True,
        )  # fmt: skip


@search.command(
    help=str(
        Text(
            "Put records into the index that are missing or were read by other rules: after the first upgrade, and after `search:` "
            "of an entity was changed. Syncs may run meanwhile.",
            "把缺失的、或按旧规则写入的记录放入索引：首次升级之后，以及实体的 `search:` 改动之后运行。同步可照常运行。",
        )
    ),
    epilog=example("tongmai search rebuild customer"),
)
@click.argument("entity", required=False, default="")
@click.option(
    "--all", "every", is_flag=True, help=str(Text("Also those that are as they should be.", "包括无需重建的记录。"))
)
@JSON
def rebuild(entity: str, every: bool, as_json: bool) -> None:
    from masterdata.golden import search as searching
    from masterdata.store import connect
    from tongmai.cli.progress import bar
    from tongmai.core.settings import database_url

    models = _searched(entity)
    done: dict[str, int] = {}
    with connect(database_url()) as database, bar(enabled=not as_json) as progress:
        for model in models:
            done[model.entity] = 0
            for count in searching.rebuild(database, model, every=every):
                done[model.entity] = count
                progress(model.entity, "index", count)
        if not entity:
            with database.transaction() as cursor:
                gone = searching.forget(cursor, [model.entity for model in models])
        else:
            gone = 0
    if as_json:
        click.echo(json.dumps({"rebuilt": done, "dropped": gone}))
        return
    for name, count in done.items():
        if count:
            click.echo(str(Text(f"{name}: {count} records", f"{name}：{count} 条")))
    if not any(done.values()):
        click.echo(str(Text("Everything is as it should be", "索引无需重建")))


def _searched(entity: str) -> list[Entity]:
    """The entity, or all, that say by which fields they are searched."""
    from tongmai.sync.content import load_content

    models = {name: each for name, each in load_content().schema.entities.items() if each.search.kinds()}
    if not entity:
        return list(models.values())
    if entity not in models:
        near = nearest(entity, models)
        raise ConfigurationError(
            f"entity `{entity}`",
            f"it says no fields to search by (searched are: {', '.join(models)})",
            f"did you mean `{near}`?" if near else "add `search:` to its entity.yaml",
            code="not-searched",
        )
    return [models[entity]]

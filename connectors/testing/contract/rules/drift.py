"""What the system has, as it says itself, and what is noticed when it changes."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sdk.contract import Connector, Discovered, Discovering
from connectors.sdk.drift import Member, members
from connectors.sdk.key import fields_of
from connectors.testing.contract.fixture import filled
from connectors.testing.contract.rule import rule
from connectors.testing.contract.stand import Stand, pages, records
from tongmai.core.text import Text


@rule(
    "drift.reported",
    "gold",
    Text("A new field of the source, or one of another kind, is noticed", "来源新增字段或字段类型变化会被发现"),
    Text(
        "A field that nobody sees is a field that nobody maps; a number that became text breaks the day's reports.",
        "看不见的字段不会被映射；数字变成文本会破坏报表。",
    ),
)
def reported(stand: Stand) -> Iterator[Text]:
    drifting = {name: each for name, each in stand.fixture.streams.items() if each.drift}
    if not drifting:
        yield Text(
            "no stream of fixtures/contract.yaml has `drift`: members that are new, or of another kind",
            "fixtures/contract.yaml 中没有数据流写有 `drift`（新成员，或类型改变的成员）",
        )
    for name, fixture in drifting.items():
        connection = stand.open()
        before = _seen(connection, name)
        key = sorted(stand.keys(name))[0]
        fields = filled(fixture.drift, stand.first, n=stand.number())
        stand.system.write(stand.object(name), "update", key, fields)
        fresh = stand.open()  # one that knew the fields from before may not be asked
        news = _seen(fresh, name) - before
        wanted = set(fixture.drift)
        told = {member for member, _ in news} | _discovered(fresh, stand, name, wanted)
        for member in sorted(wanted - told):
            yield Text(
                f"{name}: the source's `{member}` is new or of another kind, and neither a read nor `discover` shows it",
                f"{name}：来源的 `{member}` 是新增或类型已变，读取和 discover 均未体现",
            )


def _seen(connection: Connector, name: str) -> set[Member]:
    """Every member of every record, as the engine keeps them to tell what is new."""
    found: set[Member] = set()
    for record in records(pages(connection, name, full=True)):
        found |= members(record.raw)
    return found


def _discovered(connection: Connector, stand: Stand, name: str, wanted: set[str]) -> set[str]:
    """Members that only `discover` tells of, and the manifest does not know yet."""
    known = stand.manifest.streams.get(name)
    if not isinstance(connection, Discovering):
        return set()
    of = _entry(connection.discover(), stand, name)
    return {member for member in wanted if of and member in of.fields and not (known and member in known.fields)}


def _entry(found: list[Discovered], stand: Stand, name: str) -> Discovered | None:
    wanted = stand.fixture.discovered.get(name, name)
    return next((each for each in found if each.stream == wanted), None)


@rule(
    "discover.lists",
    "gold",
    Text(
        "`discover` lists what the system has, with its fields and their types", "`discover` 列出系统对象、字段和类型"
    ),
    Text(
        "A mapping begins with what is there, not with what a document of last year says.",
        "映射从系统现状出发，而不是去年的文档。",
    ),
    needs=("discovers",),
)
def lists(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    if not isinstance(connection, Discovering):
        yield Text(
            "fixtures/contract.yaml says `discovers`, and it cannot",
            "fixtures/contract.yaml 写了 `discovers`，但并不支持",
        )
        return
    found = connection.discover()
    names = {each.stream for each in found}
    if len(names) < len(found):
        yield Text("a name is listed twice", "有名称重复列出")
    for name in stand.fixture.streams:
        of = _entry(found, stand, name)
        if of is None:
            if stand.fixture.discovered.get(name, name):
                yield Text(f"{name} is not listed", f"未列出 {name}")
            continue
        untyped = sorted(field for field, kind in of.fields.items() if not kind)
        if untyped or not of.fields:
            yield Text(
                f"{name}: without a type: {', '.join(untyped[:5]) or 'all'}",
                f"{name}：没有类型：{', '.join(untyped[:5]) or '全部'}",
            )
        known = stand.manifest.streams.get(name)
        if known is None:
            continue
        if known.key and of.key and set(of.key) != set(fields_of(known.key)):
            yield Text(
                f"{name}: its key is {', '.join(of.key)}, not {known.key}",
                f"{name}：主键是 {', '.join(of.key)}，而非 {known.key}",
            )
        flat = not any("." in each for each in of.fields)  # else it tells of a part of the record
        missing = sorted(each for each in known.fields if each not in of.fields and "." not in each)
        if missing and flat:
            yield Text(
                f"{name}: the manifest has {', '.join(missing[:5])}, the system has not",
                f"{name}：清单有 {', '.join(missing[:5])}，系统没有",
            )

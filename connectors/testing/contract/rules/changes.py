"""Reading changes: nothing lost, nothing read again without need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from connectors.sdk.contract import ReadRequest
from connectors.testing.contract.rule import NotForThisError, differ, rule
from connectors.testing.contract.stand import Stand, checkpoint, live, pages, records
from tongmai.core.record import Page
from tongmai.core.text import Text

_NEEDS = ("cursor",)


def incremental(stand: Stand) -> list[str]:
    """The streams whose changes can be read."""
    found = []
    for name, each in stand.fixture.streams.items():
        known = stand.manifest.streams.get(name)
        if each.incremental if each.incremental is not None else bool(known and known.cursor):
            found.append(name)
    return found


@rule(
    "change.found",
    "silver",
    Text("A read of changes finds what was made and changed, and little else", "增量读取找到新增和变更"),
    Text("It is what runs every few minutes.", "它每隔几分钟运行一次。"),
    needs=_NEEDS,
)
def found(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in incremental(stand):
        mark = checkpoint(pages(connection, name, full=True))
        if mark is None:
            yield Text(f"{name}: a whole read gives no checkpoint", f"{name}：全量读取没有给出检查点")
            continue
        all_keys = stand.keys(name)
        changed = sorted(all_keys)[0]
        stand.change(name, changed)
        wanted = {stand.insert(name), changed}
        got = live(pages(connection, name, checkpoint=mark))
        yield from differ(f"{name}: changes", f"{name}：变更", wanted, got & wanted)
        if len(all_keys) > 10 and len(got) > len(all_keys) // 2:
            yield Text(
                f"{name}: {len(got)} of {len(all_keys)} were read again",
                f"{name}：重新读取了 {len(got)}/{len(all_keys)} 条",
            )


@rule(
    "change.checkpoint",
    "silver",
    Text("A checkpoint stands still when nothing changes", "无变更时检查点不动"),
    Text("One that runs ahead of what was seen loses late commits.", "超前的检查点会丢失迟到的提交。"),
    needs=_NEEDS,
)
def still(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in incremental(stand):
        first = checkpoint(pages(connection, name, full=True))
        second = checkpoint(pages(connection, name, checkpoint=first)) or first
        third = checkpoint(pages(connection, name, checkpoint=second)) or second
        if third != second:
            yield Text(f"{name}: {second} became {third}", f"{name}：{second} 变为 {third}")
        key = stand.insert(name)
        if key not in live(pages(connection, name, checkpoint=third)):
            yield Text(f"{name}: a record made after it is not found", f"{name}：之后新增的记录没有找到")


@rule(
    "change.resumes",
    "silver",
    Text("A read that breaks off goes on from its last checkpoint without a loss", "中断后从检查点继续不丢失"),
    Text("A crash in the middle is normal.", "中途崩溃是常态。"),
    needs=_NEEDS,
)
def resumes(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in incremental(stand):
        mark = checkpoint(pages(connection, name, full=True))
        wanted = {stand.insert(name) for _ in range(12)}
        for stop in (1, 2, 3):
            kept: list[Page] = []
            reached = mark
            reading = connection.read(ReadRequest(name, checkpoint=mark))
            for page in reading:
                kept.append(page)
                reached = page.checkpoint or reached
                if len(kept) == stop:
                    break
            reading.close()  # type: ignore[attr-defined]
            rest = pages(connection, name, checkpoint=reached)
            yield from differ(
                f"{name} after {stop} page(s)", f"{name} 第 {stop} 页后", wanted, (live(kept) | live(rest)) & wanted
            )


def _disturbed(stand: Stand, kind: str, **fault: object) -> Iterator[Text]:
    """What whole reads and reads of changes gave must be what the system has in the end, although ``kind`` struck meanwhile."""
    struck = 0
    for name in incremental(stand):
        connection = stand.open()
        view: dict[str, bytes] = {}
        back = timedelta(minutes=5)
        mark = checkpoint(_seen(view, pages(connection, name, full=True)))
        for _ in range(15):
            stand.insert(name)
        stand.fault(name, kind, times=2, object=stand.object(name), **fault)
        for _ in range(3):
            mark = checkpoint(_seen(view, pages(connection, name, checkpoint=mark, lookback=back))) or mark
        struck += stand.system.fired()
        stand.system.faults([])
        _seen(view, pages(connection, name, checkpoint=mark, lookback=back))
        whole = pages(connection, name, full=True)
        yield from differ(f"{name} whole", f"{name} 全量", stand.keys(name), live(whole))
        stale = sorted(record.key for record in records(whole) if view.get(record.key) != record.fingerprint)
        if stale:
            some = ", ".join(stale[:5])
            yield Text(
                f"{name}: {len(stale)} changes were not read ({some})", f"{name}：{len(stale)} 条变更没有读到（{some}）"
            )
    if not struck:
        raise NotForThisError(f"no `{kind}` fault struck", f"故障 `{kind}` 没有触发")


def _seen(view: dict[str, bytes], found: list[Page]) -> list[Page]:
    """Take down what pages gave."""
    view.update((record.key, record.fingerprint) for record in records(found))
    return found


@rule(
    "change.ties",
    "silver",
    Text("Records with one and the same time of change are all read", "修改时间相同的记录全部读到"),
    Text("A batch job stamps thousands of records alike.", "批处理会给成千上万条记录同一时间。"),
    needs=("cursor", "http"),
)
def ties(stand: Stand) -> Iterator[Text]:
    yield from _disturbed(stand, "tie", count=20)


@rule(
    "change.page-shift",
    "silver",
    Text("Records that move between pages are not lost", "翻页时移动的记录不丢"),
    Text("People work while we read.", "读取时用户仍在操作。"),
    needs=("http",),
)
def shift(stand: Stand) -> Iterator[Text]:
    struck = 0
    for name in stand.fixture.streams:
        connection = stand.open()
        stand.fault(name, "page_shift", times=3, count=3, after=1, object=stand.object(name))
        found = pages(connection, name, full=True)
        struck += stand.system.fired()
        stand.system.faults([])
        yield from differ(f"{name}", f"{name}", stand.keys(name), live(found))
    if not struck:
        raise NotForThisError("no fault struck: no list has pages", "故障没有触发：没有分页的列表")


@rule(
    "change.late-commit",
    "silver",
    Text(
        "Changes that appear below the checkpoint are read within the look-back", "低于检查点的迟到变更在回看范围内读到"
    ),
    Text("A long transaction commits with an old time.", "长事务提交时带着旧的时间。"),
    needs=("cursor", "http"),
)
def late(stand: Stand) -> Iterator[Text]:
    yield from _disturbed(stand, "late_commit", count=3, seconds=5)


@rule(
    "change.deletes",
    "silver",
    Text("What was deleted is found out, as the manifest says", "按清单所述发现删除"),
    Text("A customer that is gone there must not live on here.", "对方已删除的客户不应在此继续存在。"),
    needs=("deletes",),
)
def deletes(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in stand.fixture.streams:
        known = stand.manifest.streams.get(name)
        if known is not None and known.deletes == "never":
            continue
        first = pages(connection, name, full=True)
        key = sorted((stand.keys(name) & live(first)) - set(stand.fixture.streams[name].keep))[0]
        stand.delete(name, key)
        whole = pages(connection, name, full=True)
        if known is not None and known.deletes == "visible" and name in incremental(stand):
            told = {r.key for r in records(pages(connection, name, checkpoint=checkpoint(first))) if r.op == "delete"}
            if key not in told:
                yield Text(
                    f"{name}: a read of changes does not tell that {key} is gone",
                    f"{name}：增量读取没有报告 {key} 已删除",
                )
        if key in live(whole):
            yield Text(f"{name}: the deleted {key} is still given", f"{name}：已删除的 {key} 仍被返回")

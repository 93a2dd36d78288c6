"""Several at once: what a schedule of many syncs does to one account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from connectors.sdk.contract import Written
from connectors.testing.contract.rule import differ, rule
from connectors.testing.contract.rules.writes import entries, key_of, payload
from connectors.testing.contract.stand import Stand, live, pages
from tongmai.core.errors import RemoteRefusedError, TongmaiError
from tongmai.core.text import Text

_TOGETHER = 4


def together(work: list[Callable[[], Any]]) -> list[Any]:
    """What each gave, or the ``TongmaiError`` it ended with; all begin at the same moment."""
    gate = threading.Barrier(len(work))
    found: list[Any] = [None] * len(work)

    def one(at: int) -> None:
        gate.wait(30)
        try:
            found[at] = work[at]()
        except TongmaiError as error:
            found[at] = error

    threads = [threading.Thread(target=one, args=(at,)) for at in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@rule(
    "parallel.reads",
    "platinum",
    Text("Connections that read at the same time see each the whole", "同时读取的多个连接各自得到全部记录"),
    Text("Syncs of one system run side by side.", "同一系统的多个同步会并行运行。"),
)
def reads(stand: Stand) -> Iterator[Text]:
    for name in stand.fixture.streams:
        connections = [stand.open() for _ in range(_TOGETHER)]
        for got in together([lambda each=each: pages(each, name, full=True) for each in connections]):  # type: ignore[misc]  # noqa: B023
            if isinstance(got, TongmaiError):
                yield Text(f"{name}: {type(got).__name__}: {got}", f"{name}：{type(got).__name__}：{got}")
            else:
                yield from differ(f"stream {name}", f"数据流 {name}", stand.keys(name), live(got))


@rule(
    "parallel.token",
    "platinum",
    Text("Connections that meet one expired token fetch one new one", "多个连接遇到同一失效令牌时只取一次新令牌"),
    Text(
        "Where a login ends the one before, they would lock each other out for ever.",
        "新登录会使旧令牌失效时，它们会互相踢出。",
    ),
    needs=("token",),
)
def token(stand: Stand) -> Iterator[Text]:
    name = next(iter(stand.fixture.streams))
    connections = [stand.open() for _ in range(_TOGETHER)]
    for each in connections:
        pages(each, name, full=True)
    stand.system.forget()
    stand.system.expire()
    for got in together([lambda each=each: pages(each, name, full=True) for each in connections]):  # type: ignore[misc]
        if isinstance(got, TongmaiError):
            yield Text(f"{type(got).__name__}: {got}", f"{type(got).__name__}：{got}")
    fetched = sum(many for path, many in stand.system.calls().items() if stand.fixture.token_path in path)
    if fetched != 1:
        yield Text(f"{fetched} tokens were fetched for one expiry", f"一次失效取了 {fetched} 次令牌")


@rule(
    "parallel.writes",
    "platinum",
    Text("Connections that write at the same time lose nothing and double nothing", "同时写入的多个连接不丢失也不重复"),
    Text("Several targets of one account are delivered to at once.", "同一账号的多个目标会同时投递。"),
    needs=("writes",),
)
def writes(stand: Stand) -> Iterator[Text]:
    for name, fixture in stand.fixture.writes.items():
        before = len(entries(stand, name))
        keys = [key_of(stand) for _ in range(_TOGETHER)]
        items = [(stand.open().writer(name), payload(stand, fixture, key), key) for key in keys]
        got = together([lambda item=item: item[0].create(item[1], item[2]) for item in items])  # type: ignore[misc]
        for each in got:
            if not isinstance(each, Written):
                yield Text(f"{name}: {type(each).__name__}: {each}", f"{name}：{type(each).__name__}：{each}")
        taken = len(entries(stand, name)) - before
        if taken != _TOGETHER:
            yield Text(f"{name}: the system took {taken} of {_TOGETHER}", f"{name}：系统受理了 {taken}/{_TOGETHER}")
        made = [each.key for each in got if isinstance(each, Written)]
        if len(set(made)) != len(made):
            yield Text(f"{name}: two creates were told one key", f"{name}：两次新建得到同一主键")


@rule(
    "parallel.one-key",
    "platinum",
    Text(
        "Where our key is enforced, several creates with one key at once make one record",
        "声明主键唯一时，同时以同一主键新建只产生一条",
    ),
    Text("A run that was thought dead may still be writing.", "被认为已死的任务可能仍在写入。"),
    needs=("writes", "enforced"),
)
def one_key(stand: Stand) -> Iterator[Text]:
    for name, fixture in stand.fixture.writes.items():
        if not stand.manifest.writes[name].key_enforced:
            continue
        before = len(entries(stand, name))
        key = key_of(stand)
        data = payload(stand, fixture, key)
        writers = [stand.open().writer(name) for _ in range(_TOGETHER)]
        got = together([lambda each=each: each.create(data, key) for each in writers])  # type: ignore[misc]  # noqa: B023
        made = {each.key for each in got if isinstance(each, Written)}
        if len(made) != 1:
            yield Text(
                f"{name}: they were told the keys {', '.join(sorted(made)) or '-'}",
                f"{name}：得到的主键为 {', '.join(sorted(made)) or '-'}",
            )
        if len(entries(stand, name)) - before > 1:
            yield Text(
                f"{name}: the system made {len(entries(stand, name)) - before} records",
                f"{name}：系统新建了 {len(entries(stand, name)) - before} 条",
            )
        for each in got:
            if not isinstance(each, (Written, RemoteRefusedError)):
                yield Text(f"{name}: {type(each).__name__}: {each}", f"{name}：{type(each).__name__}：{each}")

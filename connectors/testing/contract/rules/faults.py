"""A system that breaks in the middle of a read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.testing.contract.rule import NotForThisError, differ, rule
from connectors.testing.contract.stand import Stand, live, pages
from tongmai.core.errors import TongmaiError
from tongmai.core.text import Text

_HTTP = ("http",)


def _survives(stand: Stand, kind: str, **fault: Any) -> Iterator[Text]:
    """Every stream is read whole although the fault strikes its second request."""
    struck = 0
    for name in stand.fixture.streams:
        connection = stand.open()
        stand.fault(name, kind, **{"after": 1, "times": 1, **fault})
        found = pages(connection, name, full=True)
        struck += stand.system.fired()
        stand.system.faults([])
        yield from differ(f"stream {name}", f"数据流 {name}", stand.keys(name), live(found))
    if not struck:
        raise NotForThisError(f"no `{kind}` fault struck", f"故障 `{kind}` 没有触发")


def _kept(id: str, title: Text, kind: str, **fault: Any) -> None:
    why = Text(
        "A read that can be repeated must not fail for it, nor lose a record.", "可以重试的读取不应因此失败或丢失记录。"
    )

    @rule(id, "silver", title, why, needs=_HTTP)
    def check(stand: Stand) -> Iterator[Text]:
        yield from _survives(stand, kind, **fault)


_kept("fault.no-answer", Text("An answer that never comes", "没有应答"), "timeout_before", seconds=2)
_kept("fault.reset", Text("A connection that is reset in the middle of an answer", "应答中途连接被重置"), "reset_body")
_kept("fault.truncated", Text("An answer of which half is missing", "应答只有一半"), "truncate")
_kept("fault.web-page", Text("A web page instead of data", "返回网页而不是数据"), "html", status=200)
_kept("fault.server-errors", Text("A burst of HTTP 502", "连续的 HTTP 502"), "status", status=502, times=2)
_kept("fault.slow-drip", Text("An answer that comes in small pieces", "应答一点一点返回"), "slow_drip", seconds=0.4)


@rule(
    "fault.slow-down",
    "silver",
    Text("A system that asks for fewer calls is given time", "系统要求降速时等待"),
    Text("Going on at the same speed gets an account blocked.", "继续高速调用会导致账号被封。"),
    needs=_HTTP,
)
def slow_down(stand: Stand) -> Iterator[Text]:
    fault = stand.fixture.slow_down or {"kind": "status", "status": 429, "retry_after": 1}
    yield from _survives(stand, **{"times": 2, **fault})


@rule(
    "fault.lasting",
    "silver",
    Text("A system that stays away ends the read after a few tries, in words", "系统持续不可用时，有限重试后明确报错"),
    Text("A run that hangs is worse than one that fails.", "挂起比失败更糟。"),
    needs=_HTTP,
)
def lasting(stand: Stand) -> Iterator[Text]:
    name = next(iter(stand.fixture.streams))
    connection = stand.open()
    pages(connection, name, full=True)  # so that no login is counted
    stand.system.forget()
    stand.fault(name, "status", status=503, times=0)
    try:
        pages(connection, name, full=True)
    except TongmaiError as error:
        for part, value in (("what", error.what), ("why", error.why), ("next", error.next_step)):
            if not value:
                yield Text(f"the error does not say {part}", f"错误缺少 {part}")
        calls = sum(stand.system.calls().values())
        most = int(stand.settings().get("retries", 4)) + 2
        if calls > most:
            yield Text(f"it called {calls} times (allowed: {most})", f"调用了 {calls} 次（最多 {most}）")
        return
    yield Text("the read ends as if all were well", "读取看起来一切正常")


@rule(
    "fault.partial-page",
    "silver",
    Text("A read that fails never ends with a complete page", "失败的读取不会给出 complete"),
    Text("Half a listing taken for a whole one deletes the other half.", "把半个列表当作完整列表会删除另一半。"),
    needs=_HTTP,
)
def partial(stand: Stand) -> Iterator[Text]:
    for name in stand.fixture.streams:
        connection = stand.open()
        stand.fault(name, "status", status=500, times=0, after=1)
        complete = False
        try:
            for page in connection.read(_whole(name)):
                complete = complete or page.complete
        except TongmaiError:
            if complete:
                yield Text(f"{name}: a page was complete before the read failed", f"{name}：读取失败前已给出 complete")
        stand.system.faults([])


def _whole(name: str) -> Any:
    from connectors.sdk.contract import ReadRequest

    return ReadRequest(name, full=True)

"""What a vendor allows, and what it asks for when it was too much."""

from __future__ import annotations

import time
from collections.abc import Iterator

from connectors.sdk.contract import Connector
from connectors.testing.contract.paced import PacedQuota, overrun, paced
from connectors.testing.contract.rule import NotForThisError, rule
from connectors.testing.contract.rules.parallel import together
from connectors.testing.contract.rules.writes import key_of, payload
from connectors.testing.contract.stand import Stand, pages
from tongmai.core.errors import TongmaiError
from tongmai.core.text import Text

_ROUNDS = 6
_SLACK = 0.05
"""Seconds between the answer and the moment we note."""
_READ = 0.5
"""Seconds in which the first must have told the others, well within those it has to wait."""
_PATIENCE = 10.0


@rule(
    "limit.kept",
    "gold",
    Text("Never more calls than the limits of the manifest reach the system", "到达系统的调用从不超过清单声明的限额"),
    Text(
        "Beyond them an account is slowed down, blocked or billed, and everybody else who uses it too.",
        "超限会导致账号被限速、封禁或计费，并影响使用该账号的所有人。",
    ),
    needs=("limits", "http"),
)
def kept(stand: Stand) -> Iterator[Text]:
    stand.system.pace()
    # Opened first: signing in is not what is counted here.
    connections = [stand.open(**stand.fixture.limits_met) for _ in range(2)]
    settings = stand.merged(**stand.fixture.limits_met)
    stand.system.listen()
    refused = stand.system.too_fast()
    with paced(stand.system) as counted:
        got = together([lambda each=each: _work(stand, each) for each in connections])  # type: ignore[misc]
    for each in got:
        if isinstance(each, TongmaiError):
            yield Text(f"{type(each).__name__}: {each}", f"{type(each).__name__}：{each}")
    for bucket, came, path in overrun(stand.manifest, settings, stand.system.heard()):
        name = bucket.name.partition("/")[2]
        yield Text(
            f"limit `{name}`: {came} calls came where {bucket.calls or bucket.concurrent} are allowed (last: {path})",
            f"限额 `{name}`：允许 {bucket.calls or bucket.concurrent} 次，到达 {came} 次（最后一次：{path}）",
        )
    if stand.system.too_fast() > refused:
        many = stand.system.too_fast() - refused
        yield Text(f"the system refused {many} calls for coming too fast", f"系统因过快拒绝了 {many} 次调用")
    if not counted.waited:
        yield Text(
            "no call had to wait: give settings that make the limits small as `limits_met` in fixtures/contract.yaml",
            "没有调用需要等待：请在 fixtures/contract.yaml 的 `limits_met` 中给出更小的限额设置",
        )


def _work(stand: Stand, connection: Connector) -> None:
    """Checks, reads and writes of one connection."""
    for _ in range(_ROUNDS):
        connection.check()
    for name in stand.fixture.streams:
        pages(connection, name, full=True)
    for name, fixture in stand.fixture.writes.items():
        key = key_of(stand)
        connection.writer(name).create(payload(stand, fixture, key), key)


@rule(
    "limit.retry-after",
    "gold",
    Text("Nothing is called before the time that the system asked for", "系统要求的等待时间之前不再调用"),
    Text("Who comes back too early is blocked for longer.", "提前重试会被封得更久。"),
    needs=("http",),
)
def retry_after(stand: Stand) -> Iterator[Text]:
    for name, fixture in stand.fixture.streams.items():
        # A limit is what tells the others of an account: it has to apply, and is met in no time.
        stand.system.pace()
        limits = stand.fixture.limits_met if stand.manifest.limits else {}
        one, other = stand.open(**limits), stand.open(**limits)
        for each in (one, other):
            each.check()
        stand.system.listen()
        stand.system.faults([{"kind": "status", "status": 429, "retry_after": 1, "path": fixture.faults, "times": 1}])
        with paced(stand.system) as counted:
            begun: list[float] = []

            def follow(
                other: Connector = other, name: str = name, begun: list[float] = begun, counted: PacedQuota = counted
            ) -> None:
                until = time.monotonic() + _PATIENCE
                while not stand.system.fired() and time.monotonic() < until:
                    time.sleep(0.002)
                begun.append(stand.system.now())
                # The others are told once the first has read the answer.
                counted.held.wait(_READ)
                if stand.manifest.limits:
                    pages(other, name, full=True)

            got = together([lambda one=one, name=name: pages(one, name, full=True), follow])  # type: ignore[misc]
        struck = stand.system.fired()
        stand.system.faults([])
        if not struck:
            continue
        for each in got:
            if isinstance(each, TongmaiError):
                yield Text(f"{name}: {type(each).__name__}: {each}", f"{name}：{type(each).__name__}：{each}")
        after = [each.at for each in stand.system.heard() if each.at > begun[0]]
        if after and min(after) < begun[0] + 1 - _SLACK:
            early = min(after) - begun[0]
            yield Text(
                f"{name}: asked to wait 1 s, the account was used again after {early:.2f} s",
                f"{name}：要求等待 1 秒，{early:.2f} 秒后该账号又被使用",
            )
        return
    raise NotForThisError("no read could be slowed down", "没有可限速的读取")

"""Tokens and sessions."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.sdk.contract import ReadRequest
from connectors.testing.contract.rule import differ, rule
from connectors.testing.contract.stand import Stand, live, pages
from tongmai.core.errors import AuthenticationError
from tongmai.core.text import Text

_TOKEN = ("token",)


def _fetched(stand: Stand) -> int:
    return sum(count for path, count in stand.system.calls().items() if stand.fixture.token_path in path)


@rule(
    "token.expired",
    "silver",
    Text("A token that ends in the middle of a read is renewed, once", "读取中途令牌失效时续期一次"),
    Text("Tokens end when they like: by time, by another login, by an administrator.", "令牌随时可能失效。"),
    needs=_TOKEN,
)
def expired(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    for name in stand.fixture.streams:
        stand.system.forget()
        got = []
        for at, page in enumerate(connection.read(ReadRequest(name, full=True))):
            got.append(page)
            if at == 0:
                before = _fetched(stand)
                stand.system.expire()
        yield from differ(f"stream {name}", f"数据流 {name}", stand.keys(name), live(got))
        if _fetched(stand) - before > 1:
            yield Text(
                f"{name}: {_fetched(stand) - before} tokens were fetched for one expiry",
                f"{name}：一次失效取了 {_fetched(stand) - before} 次令牌",
            )


@rule(
    "token.kept",
    "silver",
    Text("Connections of one account share a token", "同一账号的连接共用令牌"),
    Text(
        "Vendors limit logins, and some let a new login end the old one.",
        "厂商限制登录次数，有的新登录会使旧令牌失效。",
    ),
    needs=_TOKEN,
)
def kept(stand: Stand) -> Iterator[Text]:
    stand.open().check()
    stand.system.forget()
    stand.open().check()
    if _fetched(stand):
        yield Text("a second connection logs in again", "第二个连接重新登录")


@rule(
    "token.no-storm",
    "silver",
    Text(
        "A token that is refused again and again ends in an error, not in a storm of logins",
        "令牌持续被拒时报错而不是反复登录",
    ),
    Text("Accounts are locked for it.", "账号会因此被锁定。"),
    needs=_TOKEN,
)
def storm(stand: Stand) -> Iterator[Text]:
    name = next(iter(stand.fixture.streams))
    connection = stand.open()
    pages(connection, name, full=True)
    stand.system.forget()
    stand.system.faults([{"kind": "expired_token", "path": stand.fixture.streams[name].faults, "times": 0}])
    try:
        pages(connection, name, full=True)
    except AuthenticationError:
        if _fetched(stand) > 2:
            yield Text(f"{_fetched(stand)} logins", f"登录 {_fetched(stand)} 次")
        return
    yield Text("the read succeeds with a token that is refused each time", "令牌每次被拒，读取仍然成功")

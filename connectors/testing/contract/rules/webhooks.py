"""Events that the system sends: proven, young, and turned into what the manifest says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from connectors.sdk.webhook import Accepted, Handshaken, Refused, Request, cipher, receive, send, signature
from connectors.sdk.webhook.model import Webhook
from connectors.testing.contract.fixture import filled
from connectors.testing.contract.rule import NotForThisError, rule
from connectors.testing.contract.stand import Stand, pages, records
from tongmai.core.text import Text

_WEBHOOKS = ("webhooks",)
_OLD = 60


def sent(stand: Stand, name: str, webhook: Webhook, now: float, part: str = "event", **other: Any) -> Request:
    """A request as the system sends it: the fixture's event, signed and encrypted as it is declared."""
    settings = {**stand.settings(), **other}
    given = filled(getattr(stand.fixture.webhooks[name], part), stand.first, n=1)
    return send(webhook, settings, json.dumps(given, ensure_ascii=False).encode(), now, path=f"/{name}")


@rule(
    "webhook.known",
    "gold",
    Text("The suite knows an event of every webhook", "契约测试掌握每个 Webhook 的事件"),
    Text("What is never sent in a test is first sent in production.", "测试中没发送过的，第一次发送就是在生产。"),
    needs=_WEBHOOKS,
    needs_system=False,
)
def known(stand: Stand) -> Iterator[Text]:
    for name in stand.manifest.webhooks:
        if name not in stand.fixture.webhooks:
            yield Text(
                f"fixtures/contract.yaml knows no webhook `{name}`", f"fixtures/contract.yaml 中没有 Webhook `{name}`"
            )


@rule(
    "webhook.arrives",
    "gold",
    Text("An event arrives as the record it holds, or as the key to read again", "事件以其记录或待重读的主键到达"),
    Text("Else a change waits for the next read, or is lost.", "否则变更要等到下次读取，甚至丢失。"),
    needs=_WEBHOOKS,
)
def arrives(stand: Stand) -> Iterator[Text]:
    connection = stand.open()
    now = time.time()
    for name, webhook in stand.webhooks().items():
        fixture = stand.fixture.webhooks[name]
        got = receive(webhook, stand.settings(), sent(stand, name, webhook, now), now)
        if not isinstance(got, Accepted):
            yield Text(f"{name}: it is {_word(got)}", f"{name}：结果为 {_word(got)}")
            continue
        key = str(filled(fixture.key, stand.first, n=1))
        event = next((each for each in got.events if (each.stream, each.key) == (fixture.stream, key)), None)
        if event is None or event.op == "broken":
            told = ", ".join(f"{each.stream or '-'} {each.key or '-'} {each.op}" for each in got.events) or "nothing"
            yield Text(
                f"{name}: {fixture.stream} {key} is expected, got {told}",
                f"{name}：应为 {fixture.stream} {key}，得到 {told}",
            )
        elif event.raw is None:
            found = [each.key for each in records(pages(connection, event.stream, keys=(key,))) if each.op == "upsert"]
            if found != [key]:
                yield Text(f"{name}: {key} cannot be read by its key", f"{name}：无法按主键读取 {key}")
        elif not connection.decode(event.stream, event.raw):
            yield Text(f"{name}: the record of {key} is empty", f"{name}：{key} 的记录为空")


@rule(
    "webhook.forged",
    "gold",
    Text("A request that is not the system's is refused", "并非来自该系统的请求会被拒绝"),
    Text("Anybody who knows the address could write into the hub.", "否则知道地址的任何人都能写入中枢。"),
    needs=_WEBHOOKS,
)
def forged(stand: Stand) -> Iterator[Text]:
    now = time.time()
    settings = stand.settings()
    for name, webhook in stand.webhooks().items():
        good = sent(stand, name, webhook, now)
        for what, what_zh, request in _forgeries(stand, name, webhook, good, now):
            got = receive(webhook, settings, request, now)
            if not isinstance(got, Refused) or got.status not in (400, 401, 403):
                yield Text(f"{name}, {what}: it is {_word(got)}", f"{name}，{what_zh}：结果为 {_word(got)}")


def _forgeries(
    stand: Stand, name: str, webhook: Webhook, good: Request, now: float
) -> Iterator[tuple[str, str, Request]]:
    secret = webhook.verify.secret
    if secret:
        other = "whsec_" + "b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA==" if _whsec(webhook) else "another-secret"
        yield "another secret", "其他密钥", sent(stand, name, webhook, now, **{secret: other})
    unsigned = replace(
        good,
        headers={key: value for key, value in good.headers.items() if key == "content-type"},
        query={},
    )
    yield "no signature", "没有签名", unsigned
    if webhook.verify.kind != "token" or webhook.decrypt:
        half = len(good.body) // 2
        swapped = b"A" if good.body[half : half + 1] != b"A" else b"B"
        yield "a changed byte", "改动一个字节", replace(good, body=good.body[:half] + swapped + good.body[half + 1 :])


@rule(
    "webhook.replayed",
    "gold",
    Text("A request that was kept and sent again changes nothing", "被截留后重发的请求不产生变化"),
    Text("A signature stays good for ever, unless its age is looked at.", "不检查时间，签名就永远有效。"),
    needs=_WEBHOOKS,
)
def replayed(stand: Stand) -> Iterator[Text]:
    now = time.time()
    settings = stand.settings()
    for name, webhook in stand.webhooks().items():
        request = sent(stand, name, webhook, now)
        standard = webhook.verify.kind == "standard-webhooks"
        if standard or webhook.replay:
            window = webhook.replay.seconds if webhook.replay else 300
            late = receive(webhook, settings, request, now + window + _OLD)
            if not isinstance(late, Refused):
                yield Text(
                    f"{name}: {window + _OLD} s later it is {_word(late)}",
                    f"{name}：{window + _OLD} 秒后结果为 {_word(late)}",
                )
        first, second = receive(webhook, settings, request, now), receive(webhook, settings, request, now + 1)
        if not isinstance(first, Accepted) or not isinstance(second, Accepted):
            continue  # `webhook.arrives` says so
        for one, again in zip(first.events, second.events, strict=True):
            if one.id != again.id or (one.raw and not one.id and not one.version):
                yield Text(
                    f"{name}: a second copy of {one.type} {one.key} cannot be told from a new event",
                    f"{name}：{one.type} {one.key} 的副本与新事件无法区分",
                )


@rule(
    "webhook.handshake",
    "gold",
    Text(
        "The system's try of the address is answered as it wants, and is no event",
        "按系统要求应答地址验证，且不作为事件",
    ),
    Text("Without it no system sends anything.", "否则系统不会发送任何事件。"),
    needs=_WEBHOOKS,
)
def handshake(stand: Stand) -> Iterator[Text]:
    now = time.time()
    settings = stand.settings()
    shaken = {name: each for name, each in stand.webhooks().items() if each.handshakes}
    if not shaken:
        raise NotForThisError("no webhook is tried by a handshake", "没有需要握手验证的 Webhook")
    for name, webhook in shaken.items():
        fixture = stand.fixture.webhooks[name]
        if not fixture.handshake or not fixture.answer:
            yield Text(
                f"{name}: fixtures/contract.yaml has no `handshake` and `answer`",
                f"{name}：fixtures/contract.yaml 中没有 `handshake` 和 `answer`",
            )
            continue
        got = receive(webhook, settings, sent(stand, name, webhook, now, "handshake"), now)
        if not isinstance(got, Handshaken):
            yield Text(f"{name}: it is {_word(got)}", f"{name}：结果为 {_word(got)}")
            continue
        said = _said(webhook, settings, got.reply.body)
        if fixture.answer not in said:
            yield Text(f"{name}: the answer lacks `{fixture.answer}`", f"{name}：应答中没有 `{fixture.answer}`")


def _said(webhook: Webhook, settings: dict[str, Any], body: bytes) -> str:
    """An answer's text, decrypted where it is encrypted."""
    if webhook.answer.kind != "encrypted" or webhook.decrypt is None:
        return body.decode()
    return cipher.decrypt(webhook.decrypt, settings, json.loads(body)[webhook.answer.names["encrypted"]]).decode()


def _whsec(webhook: Webhook) -> bool:
    return webhook.verify.kind == "standard-webhooks" or webhook.verify.secret_form == signature.WHSEC.rstrip("_")


def _word(got: Any) -> str:
    return f"refused ({got.status} {got.code})" if isinstance(got, Refused) else type(got).__name__.lower()

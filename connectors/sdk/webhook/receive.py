"""Take a request apart as its webhook is declared: handshake, signature, age, encryption, events."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.sdk.webhook import cipher, signature
from connectors.sdk.webhook.answer import reply, said
from connectors.sdk.webhook.events import events
from connectors.sdk.webhook.outcome import Accepted, Handshaken, Outcome, RefusedError
from connectors.sdk.webhook.request import Opened, Request, parse, plain

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Handshake, Verify, Webhook

STANDARD_ID = "header.webhook-id"
STANDARD_TIMESTAMP = "header.webhook-timestamp"
STANDARD_SIGNATURE = "webhook-signature"
STANDARD_WINDOW = 300

Entropy = Callable[[int], bytes]


def receive(
    webhook: Webhook,
    settings: Mapping[str, Any],
    request: Request,
    now: float,
    entropy: Entropy = secrets.token_bytes,
) -> Outcome:
    """What to make of ``request`` at ``now`` (seconds since 1970). Never raises for what a sender can do.

    Raises ``ConfigurationError`` when a secret of ours cannot be used.
    """
    opened = Opened(request, webhook.format)
    try:
        if any(one.unsigned for one in webhook.handshakes):
            greeted = _unsigned(webhook, settings, opened, now, entropy)
            if greeted is not None:
                return greeted
        _open_body(opened, webhook)
        _verify(webhook, settings, opened)
        _check_age(webhook, opened, now)
        _decrypt(webhook, settings, opened)
        for handshake in webhook.handshakes:
            if not handshake.unsigned and _is(handshake, opened):
                return Handshaken(_greeting(webhook, settings, handshake, opened, now, entropy))
        if request.method != "POST" and not any(place.startswith("query.") for place in _record_places(webhook)):
            raise RefusedError(405, "webhook-method", "events come by POST", "事件须以 POST 发送")
        _parse_event(opened, webhook)
        return Accepted(events(webhook, opened), reply(webhook, settings, now, entropy))
    except RefusedError as error:
        return error.refused


def pieces_of(webhook: Webhook, settings: Mapping[str, Any], opened: Opened) -> dict[str, bytes]:
    """What the signature covers, by the names in ``over``. Raises ``RefusedError`` when something is not there."""
    request = opened.request
    known: dict[str, str | bytes] = {
        "body": request.body,
        "method": request.method,
        "path": request.path,
        "url": request.url,
        "timestamp": opened.word(webhook.timestamp),
        "nonce": opened.word(webhook.nonce),
        "encrypted": opened.word(webhook.decrypt.text) if webhook.decrypt else "",
    }
    if "secret" in webhook.verify.over:
        known["secret"] = str(settings[webhook.verify.secret])
    found: dict[str, bytes] = {}
    for name in webhook.verify.over:
        if name.startswith("text."):
            value: str | bytes = name.removeprefix("text.")
        elif name in known:
            value = known[name]
            if name in ("timestamp", "nonce", "encrypted") and not value:
                raise _missing(name)
        else:
            value = plain(opened.value(name))
        found[name] = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return found


def _open_body(opened: Opened, webhook: Webhook) -> None:
    """Parse the body only where a place in it is needed before it is trusted."""
    if opened.body is None:
        before = [*webhook.timestamp, *webhook.nonce, *webhook.verify.at, *webhook.verify.over]
        before += webhook.decrypt.text if webhook.decrypt else ()
        if any(place.startswith("body.") for place in before):
            opened.body = parse(opened.request.body, webhook.format)


def _verify(webhook: Webhook, settings: Mapping[str, Any], opened: Opened) -> None:
    how = webhook.verify
    if how.kind == "none":
        return
    if how.kind == "token":
        good = _token_fits(how, settings, opened)
    elif how.kind == "standard-webhooks":
        given = opened.request.headers.get(STANDARD_SIGNATURE, "")
        event_id, timestamp = opened.word((STANDARD_ID,)), opened.word((STANDARD_TIMESTAMP,))
        for name, value in (("webhook-signature", given), ("webhook-id", event_id), ("webhook-timestamp", timestamp)):
            if not value:
                raise _missing(name)
        keys = signature.standard_keys(str(settings[how.secret]), how.secret)
        good = signature.standard_fits(keys, event_id, timestamp, opened.request.body, given)
    else:
        given = opened.word(how.at)
        if not given:
            raise _missing("signature")
        good = signature.fits(how, settings, pieces_of(webhook, settings, opened), given)
    if not good:
        raise RefusedError(401, "webhook-signature", "the signature does not fit", "签名不符")


def _token_fits(how: Verify, settings: Mapping[str, Any], opened: Opened) -> bool:
    given = opened.word(how.at)
    if not given:
        raise _missing("token")
    wanted = str(settings[how.secret])
    if not how.user:
        return signature.same(given, how.prefix + wanted)
    scheme, _, encoded = given.partition(" ")
    try:
        pair = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    fits = signature.same(pair, f"{settings[how.user]}:{wanted}".encode())
    return fits and scheme.lower() == "basic"


def _check_age(webhook: Webhook, opened: Opened, now: float) -> None:
    standard = webhook.verify.kind == "standard-webhooks"
    if webhook.replay is None and not standard:
        return
    window = webhook.replay.seconds if webhook.replay else STANDARD_WINDOW
    divisor = 1000 if webhook.replay and webhook.replay.unit == "ms" else 1
    stamp = opened.word((STANDARD_TIMESTAMP,) if standard else webhook.timestamp)
    if not stamp:
        raise _missing("timestamp")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise RefusedError(400, "webhook-timestamp", "the timestamp is no number", "时间戳不是数字")
    if abs(now - int(stamp) / divisor) > window:
        raise RefusedError(
            401,
            "webhook-old",
            f"the timestamp is more than {window} s off our clock",
            f"时间戳与本机时钟相差超过 {window} 秒",
        )


def _decrypt(webhook: Webhook, settings: Mapping[str, Any], opened: Opened) -> None:
    if webhook.decrypt is None or opened.decrypted is not None:
        return
    encrypted = opened.word(webhook.decrypt.text)
    if not encrypted:
        raise _missing("encrypted text")
    try:
        opened.decrypted = cipher.decrypt(webhook.decrypt, settings, encrypted)
    except cipher.CipherError:
        # Not why: who sends such texts on purpose learns from it.
        raise RefusedError(401, "webhook-encryption", "the text cannot be decrypted", "密文无法解密") from None


def _parse_event(opened: Opened, webhook: Webhook) -> None:
    if opened.event is None:
        if opened.body is None:
            opened.body = parse(opened.request.body, webhook.format)
        opened.event = opened.body if webhook.decrypt is None else parse(opened.decrypted or b"", webhook.format)


def _unsigned(
    webhook: Webhook, settings: Mapping[str, Any], opened: Opened, now: float, entropy: Entropy
) -> Handshaken | None:
    """A handshake that the sender does not sign: it has to decrypt, and to know the token where one is declared."""
    try:
        opened.body = parse(opened.request.body, webhook.format)
        _decrypt(webhook, settings, opened)
        _parse_event(opened, webhook)
    except RefusedError:
        opened.body = opened.decrypted = opened.event = None
        return None  # no such handshake; the request is judged as an event
    for one in webhook.handshakes:
        if not one.unsigned or not _is(one, opened):
            continue
        if one.token and not signature.same(opened.word(one.token_at), str(settings[one.token])):
            raise RefusedError(401, "webhook-signature", "the token does not fit", "令牌不符")
        return Handshaken(_greeting(webhook, settings, one, opened, now, entropy))
    return None


def _is(handshake: Handshake, opened: Opened) -> bool:
    if handshake.method and handshake.method != opened.request.method:
        return False
    if not handshake.when:
        return True
    if any(place.startswith("event") for place in handshake.when) and opened.event is None:
        try:
            opened.event = parse(
                opened.decrypted if opened.decrypted is not None else opened.request.body, opened.format
            )
        except RefusedError:
            return False
    if any(place.startswith("body") for place in handshake.when) and opened.body is None:
        opened.body = parse(opened.request.body, opened.format)
    value = opened.word(handshake.when)
    return bool(value) and (not handshake.equals or value in handshake.equals)


def _greeting(
    webhook: Webhook,
    settings: Mapping[str, Any],
    handshake: Handshake,
    opened: Opened,
    now: float,
    entropy: Entropy,
) -> Any:
    if not handshake.echo:
        return reply(webhook, settings, now, entropy)
    if any(place.startswith("body") for place in handshake.echo) and opened.body is None:
        opened.body = parse(opened.request.body, opened.format)
    if any(place.startswith("event") for place in handshake.echo):
        _parse_event(opened, webhook)
    return said(opened.word(handshake.echo), handshake.name)


def _record_places(webhook: Webhook) -> list[str]:
    return [place for route in webhook.events.types.values() for place in route.keys]


def _missing(name: str) -> RefusedError:
    return RefusedError(401, "webhook-unsigned", f"the request has no {name}", f"请求中没有 {name}")

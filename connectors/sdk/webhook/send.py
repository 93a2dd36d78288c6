"""Make a request as the system would send it: for simulators, for tests, and for our own outbound events."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.sdk.webhook import cipher, signature
from connectors.sdk.webhook.answer import nonce_of
from connectors.sdk.webhook.receive import pieces_of
from connectors.sdk.webhook.request import Opened, Request, parse

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Webhook

CONTENT_TYPES = {
    "json": "application/json; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
}


def send(
    webhook: Webhook,
    settings: Mapping[str, Any],
    event: bytes,
    now: float,
    *,
    method: str = "POST",
    path: str = "/",
    url: str = "",
    event_id: str = "",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    entropy: Callable[[int], bytes] = secrets.token_bytes,
) -> Request:
    """A signed (and encrypted, where declared) request that carries ``event``, the body's bytes before encryption.

    ``settings`` are the receiver's; for ``rsa`` the secret is the private key. ``headers`` and ``query`` are what else it has.
    """
    how = webhook.verify
    request = Request(
        method,
        path,
        url or path,
        dict(query or {}),
        {
            "content-type": CONTENT_TYPES[webhook.format],
            **{name.lower(): value for name, value in (headers or {}).items()},
        },
        event,
    )
    if how.kind == "standard-webhooks":
        return _standard(webhook, settings, request, round(now), event_id or "msg_" + nonce_of(entropy))
    body: dict[str, Any] = {}
    unit = webhook.replay.unit if webhook.replay else "s"
    stamp = round(now * 1000) if unit == "ms" else round(now)
    if webhook.timestamp:
        request = _put(request, body, webhook.timestamp[0], stamp)
    if webhook.nonce:
        request = _put(request, body, webhook.nonce[0], nonce_of(entropy))
    if webhook.decrypt:
        encrypted = cipher.encrypt(webhook.decrypt, settings, event, entropy)
        request = _put(request, body, _text_place(webhook, method), encrypted)
        request = replace(request, body=_written(body, webhook.format))
    if how.kind == "none":
        return request
    if how.kind == "token":
        return _put(request, body, how.at[0], _token(webhook, settings))
    opened = Opened(request, webhook.format)
    if webhook.decrypt or any(name.startswith("body.") for name in how.over):
        opened.body = parse(request.body, webhook.format)
    made = signature.make(how, settings, pieces_of(webhook, settings, opened))
    request = _put(request, body, how.at[0], made)
    return replace(request, body=_written(body, webhook.format)) if how.at[0].startswith("body.") else request


def standard_headers(given_keys: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks; with several keys one signature each."""
    keys = signature.standard_keys(given_keys, "secret")
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature.standard(keys, event_id, timestamp, body),
    }


def _standard(webhook: Webhook, settings: Mapping[str, Any], request: Request, stamp: int, event_id: str) -> Request:
    headers = standard_headers(str(settings[webhook.verify.secret]), event_id, stamp, request.body)
    return replace(request, headers={**request.headers, **headers})


def _text_place(webhook: Webhook, method: str) -> str:
    """A GET has no body: its encrypted text goes where the query has a place for one."""
    assert webhook.decrypt is not None
    wanted = "query." if method == "GET" else "body."
    return next((place for place in webhook.decrypt.text if place.startswith(wanted)), webhook.decrypt.text[0])


def _put(request: Request, body: dict[str, Any], place: str, value: Any) -> Request:
    root, _, name = place.partition(".")
    if root == "header":
        return replace(request, headers={**request.headers, name.lower(): str(value)})
    if root == "query":
        return replace(request, query={**request.query, name: str(value)})
    *parents, last = name.split(".")
    for step in parents:
        body = body.setdefault(step, {})
    body[last] = value
    return request


def _written(body: Mapping[str, Any], format: str) -> bytes:
    if not body:
        return b""
    if format == "json":
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    if format == "form":
        return urlencode(body).encode()
    members = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in body.items())
    return f"<xml>{members}</xml>".encode()


def _token(webhook: Webhook, settings: Mapping[str, Any]) -> str:
    import base64

    how = webhook.verify
    secret = str(settings[how.secret])
    if how.user:
        return "Basic " + base64.b64encode(f"{settings[how.user]}:{secret}".encode()).decode()
    return how.prefix + secret

"""What a sender is answered, in its own form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from connectors.sdk.webhook import cipher, signature
from connectors.sdk.webhook.outcome import Reply

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Webhook

JSON = "application/json; charset=utf-8"
_NONCE = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


def reply(webhook: Webhook, settings: Mapping[str, Any], now: float, entropy: Callable[[int], bytes]) -> Reply:
    """The answer to an accepted event."""
    answer = webhook.answer
    if answer.kind == "json":
        return Reply(body=json.dumps(answer.json_body, ensure_ascii=False).encode(), content_type=JSON)
    if answer.kind == "text":
        return Reply(body=answer.text.encode())
    if answer.kind == "empty":
        return Reply()
    assert webhook.decrypt is not None
    timestamp = round(now * 1000) if answer.unit == "ms" else round(now)
    nonce = nonce_of(entropy)
    encrypted = cipher.encrypt(webhook.decrypt, settings, answer.text.encode(), entropy)
    made = sealed(webhook, settings, str(timestamp), nonce, encrypted)
    values: dict[str, Any] = {
        "signature": made,
        "timestamp": timestamp if answer.timestamp_as == "number" else str(timestamp),
        "nonce": nonce,
        "encrypted": encrypted,
    }
    body = {name: values[word] for word, name in answer.names.items()}
    return Reply(body=json.dumps(body).encode(), content_type=JSON)


def sealed(webhook: Webhook, settings: Mapping[str, Any], timestamp: str, nonce: str, encrypted: str) -> str:
    """The signature of an encrypted answer: as a request's, over the answer's own timestamp, nonce and text."""
    pieces = {"timestamp": timestamp.encode(), "nonce": nonce.encode(), "encrypted": encrypted.encode()}
    pieces["secret"] = str(settings[webhook.verify.secret]).encode()
    return signature.make(webhook.verify, settings, pieces)


def said(word: str, name: str) -> Reply:
    """An echo: bare text, or a JSON object with one member."""
    if not name:
        return Reply(body=word.encode("utf-8", "replace"))
    return Reply(body=json.dumps({name: word}, ensure_ascii=False).encode("utf-8", "replace"), content_type=JSON)


def nonce_of(entropy: Callable[[int], bytes]) -> str:
    """Sixteen letters and digits."""
    return "".join(_NONCE[byte % len(_NONCE)] for byte in entropy(16))

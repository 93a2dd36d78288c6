"""Signatures of the K3Cloud WebAPI: the login signature and the signed headers of a stateless call."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import quote

_MASK = b"0054f397c6234378b09ca7d3e5debce7"
"""Public constant of the vendor's SDK, not a secret."""
_MASKED_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls: data centre, integration user, third-party app, language and organisation."""

    acct_id: str
    user: str
    app_id: str
    app_secret: str
    lcid: int = 2052
    org: str = "0"


def login_sign(identity: Identity, timestamp: int) -> str:
    """The sign of ``LoginBySign``: SHA-256 over the five parts, sorted and joined."""
    parts = (identity.acct_id, identity.user, identity.app_id, identity.app_secret, str(timestamp))
    return hashlib.sha256("".join(sorted(parts)).encode()).hexdigest()


def client_secret(app_id: str) -> str:
    """The gateway secret hidden in an app id; empty when the app id has none."""
    _, _, masked = app_id.partition("_")
    if len(masked) != _MASKED_LENGTH:
        return ""
    plain = base64.b64decode(masked)
    return base64.b64encode(bytes(a ^ b for a, b in zip(plain, _MASK, strict=False))).decode()


def signed_headers(identity: Identity, path: str, timestamp: int, nonce: str) -> dict[str, str]:
    """The headers of one call to ``path`` (the URL's path, not encoded)."""
    encoded = quote(path).replace("/", "%2F")
    call = f"POST\n{encoded}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"
    who = f"{identity.acct_id},{identity.user},{identity.lcid},{identity.org}"
    return {
        "X-Api-ClientID": identity.app_id.partition("_")[0],
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": str(timestamp),
        "x-api-nonce": nonce,
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": _signature(client_secret(identity.app_id), call),
        "X-Kd-Appkey": identity.app_id,
        "X-Kd-Appdata": base64.b64encode(who.encode()).decode(),
        "X-Kd-Signature": _signature(identity.app_secret, identity.app_id + who),
    }


def _signature(key: str, text: str) -> str:
    """Base64 of the hexadecimal HMAC, as the vendor does it (not of its bytes)."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest().encode()).decode()

"""Tencent Cloud's signature of API 3.0: a key derived by day and service, over a canonical request."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from connectors.sdk.auth.authority import Fixed
from connectors.sdk.auth.filled import JSON, Texts
from connectors.sdk.auth.spec import Tc3
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing

_NAME = "TC3-HMAC-SHA256"
_SIGNED = "content-type;host"


class Tc3Authority(Fixed):
    """Signs every call anew. Action, version and region are headers of the call."""

    def __init__(self, spec: Tc3, texts: Texts, client: HttpClient) -> None:
        self._texts = texts
        self._client = client
        self._id, self._key = texts.filled(spec.secret_id), texts.filled(spec.secret_key)
        self._service, self._token = texts.filled(spec.service), texts.filled(spec.token)

    def sign(self, request: Outgoing) -> str:
        if not self._client.trusts(request):
            return ""
        scope = self._texts.moment()
        if not request.header("Content-Type"):
            request.set_header("Content-Type", JSON)
        stamp = int(scope["now"].timestamp())
        request.set_header("X-TC-Timestamp", str(stamp))
        token = self._token(scope)
        if token:
            request.set_header("X-TC-Token", token)
        authorization = tc3(request, self._client.base, self._id(scope), self._key(scope), self._service(scope), stamp)
        request.set_header("Authorization", authorization)
        return ""


def tc3(request: Outgoing, base: str, secret_id: str, secret_key: str, service: str, stamp: int) -> str:
    """The Authorization header of a request at a second of Unix time."""
    url = urlsplit(request.url(base))
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(url.query, keep_blank_values=True))
    )
    head = f"content-type:{request.header('Content-Type').strip().lower()}\nhost:{url.netloc.lower()}\n"
    body = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join((request.method, url.path or "/", query, head, _SIGNED, body))
    date = datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join((_NAME, str(stamp), scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{_NAME} Credential={secret_id}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}"

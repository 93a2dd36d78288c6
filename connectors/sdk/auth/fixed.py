"""Credentials that stay the same: keys, basic, bearer."""

from __future__ import annotations

import base64

from connectors.sdk.auth.authority import Fixed
from connectors.sdk.auth.filled import Putting, Texts
from connectors.sdk.auth.spec import ApiKey, Basic, Bearer, Put
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing


class Constant(Fixed):
    """Puts fixed values on every call."""

    def __init__(self, spec: ApiKey | Bearer, texts: Texts, client: HttpClient) -> None:
        put = spec.send if isinstance(spec, ApiKey) else Put(headers={"Authorization": f"Bearer {spec.token}"})
        self._putting = Putting(put, texts)
        self._texts = texts
        self._client = client

    def sign(self, request: Outgoing) -> str:
        if self._client.trusts(request):
            self._putting.put(request, self._texts.moment(), self._client.what(request))
        return ""


class UserAndPassword(Fixed):
    """Basic authentication, in UTF-8."""

    def __init__(self, spec: Basic, texts: Texts, client: HttpClient) -> None:
        scope = texts.moment()
        pair = f"{texts.filled(spec.user)(scope)}:{texts.filled(spec.password)(scope)}"
        self._header = "Basic " + base64.b64encode(pair.encode()).decode()
        client.redact.add(self._header.removeprefix("Basic "))
        self._client = client

    def sign(self, request: Outgoing) -> str:
        if self._client.trusts(request):
            request.set_header("Authorization", self._header)
        return ""

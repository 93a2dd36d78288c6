"""Any login: a request whose answer brings a token, a session or a cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from connectors.sdk import wire
from connectors.sdk.auth.authority import Authority
from connectors.sdk.auth.fetched import Fetched
from connectors.sdk.auth.filled import FORM, JSON, MOMENT, Texts
from connectors.sdk.auth.spec import Call, Login
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.places import shape
from connectors.sdk.token import Token


class LoginAuthority(Fetched):
    """A session of one account. ``signs``: what signs the login itself."""

    def __init__(self, spec: Login, texts: Texts, client: HttpClient, signs: Authority | None) -> None:
        self._spec = spec
        self._signs = signs
        self._trust(spec.request, texts, client)
        identity = texts.identity(spec, without=("send", "skew", "logout", "paths"))
        super().__init__(texts, client, identity, self._request, spec.answer, spec.send, skew=spec.skew)

    def close(self) -> None:
        """End the session, if the manifest says how and no other process can be using it."""
        store = self.cache.store
        if self._spec.logout is None or store.durable:
            return
        token = store.load(self.cache.key)
        if token is not None:
            request = outgoing(self._spec.logout, self.texts, self.scope(token))
            self.client.exchange(request, write=False, judge=False)
            store.save(self.cache.key, Token("", 0))

    def _request(self, before: Token | None) -> Outgoing:
        request = outgoing(self._spec.request, self.texts, self.texts.moment())
        if self._signs:
            self._signs.sign(request)
        return request

    @staticmethod
    def _trust(call: Call, texts: Texts, client: HttpClient) -> None:
        """The login's address stands in the manifest or the settings: it may be called, with credentials."""
        url = texts.filled(call.url)(texts.moment())
        client.addresses.trust(Outgoing("", url).url(client.base))


def outgoing(call: Call, texts: Texts, scope: Mapping[str, Any]) -> Outgoing:
    """The request that a manifest's call makes in this scope."""
    more = tuple(name for name in ("token", "part") if name in scope)

    def group(given: Mapping[str, str]) -> dict[str, str]:
        return {name: texts.filled(text, *more)(scope) for name, text in given.items()}

    request = Outgoing(call.method, texts.filled(call.url, *more)(scope), list(group(call.query).items()))
    request.headers = group(call.headers)
    if call.json_ is not None:
        names = frozenset(texts.settings) | MOMENT | frozenset(more)
        request.body = wire.canonical(shape(call.json_, names)(scope))
        if not request.header("Content-Type"):
            request.set_header("Content-Type", JSON)
    elif call.form:
        request.body = urlencode(group(call.form)).encode()
        if not request.header("Content-Type"):
            request.set_header("Content-Type", FORM)
    return request

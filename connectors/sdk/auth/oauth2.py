"""OAuth 2.0 token endpoints: four grants."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

from connectors.sdk import wire
from connectors.sdk.auth import jwt
from connectors.sdk.auth.fetched import REFRESH, Fetched
from connectors.sdk.auth.filled import FORM, JSON, Texts
from connectors.sdk.auth.spec import OAuth2
from connectors.sdk.http import HttpClient
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.token import Token
from tongmai.core.errors import ConfigurationError, OutcomeUnknownError, RetryableError

_NAMES = {
    "client_credentials": "client_credentials",
    "refresh_token": "refresh_token",
    "password": "password",
    "jwt_bearer": "urn:ietf:params:oauth:grant-type:jwt-bearer",
}


class OAuth2Authority(Fetched):
    """A token of one client."""

    def __init__(self, spec: OAuth2, texts: Texts, client: HttpClient) -> None:
        self._spec = spec
        self._url = texts.filled(spec.token_url)(texts.moment())
        client.addresses.trust(self._url)
        identity = texts.identity(spec, without=("send", "skew", "paths"))
        super().__init__(
            texts, client, identity, self._request, spec.answer, spec.send, skew=spec.skew, once=spec.single_use
        )

    def sign(self, request: Outgoing) -> str:
        if self._spec.single_use and not self.cache.store.durable:
            raise ConfigurationError(
                f"{self.client.name}: refresh token",
                "it is good once, and tokens are kept in this process only: the next one would be lost",
                "run it where the hub database is reachable",
                code="token-not-durable",
            )
        return super().sign(request)

    def _fetch(self, before: Token | None) -> Token:
        try:
            return super()._fetch(before)
        except OutcomeUnknownError as error:
            raise RetryableError(
                error.what,
                error.why,
                "the refresh token is tried once more; if it was taken, authorise the connection again",
                code="interrupted",
            ) from None

    def _request(self, before: Token | None) -> Outgoing:
        spec, scope = self._spec, self.texts.moment()
        parameters = {"grant_type": _NAMES[spec.grant], **self._proof(scope, before)}
        if spec.scope:
            parameters["scope"] = self._text(spec.scope, scope)
        parameters.update({name: self._text(text, scope) for name, text in spec.parameters.items()})
        who = {"client_id": self._text(spec.client_id, scope), "client_secret": self._text(spec.client_secret, scope)}
        request = Outgoing("POST", self._url, headers={"Accept": JSON})
        if spec.credentials == "basic":
            pair = ":".join(quote_plus(value) for value in who.values())
            request.set_header("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())
        else:
            parameters = {**{name: value for name, value in who.items() if value}, **parameters}
        if spec.credentials == "query":
            request.query = list(parameters.items())
        elif spec.credentials == "json":
            request.set_header("Content-Type", JSON)
            request.body = wire.canonical(parameters)
        else:
            request.set_header("Content-Type", FORM)
            request.body = urlencode(parameters).encode()
        return request

    def _proof(self, scope: Mapping[str, Any], before: Token | None) -> dict[str, str]:
        spec = self._spec
        if spec.grant == "password":
            return {"username": self._text(spec.user, scope), "password": self._text(spec.password, scope)}
        if spec.grant == "refresh_token":
            kept = before.part(REFRESH) if before else ""
            return {"refresh_token": kept or self._text(spec.refresh_token, scope)}
        if spec.jwt is None:
            return {}
        claims = {name: self._text(text, scope) for name, text in spec.jwt.claims.items()}
        header = {name: self._text(text, scope) for name, text in spec.jwt.header.items()}
        key = self._text(spec.jwt.key, scope)
        what = f"{self.client.name}: auth.jwt.key"
        made = jwt.assertion(spec.jwt.algorithm, key, claims, header, int(time.time()), spec.jwt.lifetime, what)
        return {"assertion": made}

    def _text(self, text: str, scope: Mapping[str, Any]) -> str:
        return str(self.texts.filled(text)(scope))

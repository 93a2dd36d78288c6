"""How the simulated system lets callers in: three grants, sessions that end after a time without calls."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.vendors.salesforce.simulator_refused import RefusedError

CLIENT_ID = "3MVG9tongmai.demo.client"
CLIENT_SECRET = "demo-secret-of-the-connected-app"  # noqa: S105 (the simulator's own)
REFRESH_TOKEN = "5Aep861demo.refresh.token"  # noqa: S105
USER = "user1@tongmai.example"
STRANGER = "user2@tongmai.example"
"""A user of the organisation who has not approved the application."""
LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST = 190
"""Seconds that an assertion may still be good: three minutes, and some for clocks that differ."""


@lru_cache(maxsize=1)
def private_key() -> rsa.RSAPrivateKey:
    """The key whose certificate the connected application has."""
    return rsa.generate_private_key(65537, 2048)


def private_pem() -> str:
    """The same as a setting holds it."""
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return private_key().private_bytes(serialization.Encoding.PEM, form, plain).decode()


class Logins:
    """Gives tokens and knows which still count."""

    def __init__(self, state: State, seed: int) -> None:
        self._state = state
        self._seed = seed
        self._made = 0
        self._sessions: dict[str, float] = {}

    def expire(self) -> None:
        """End every session."""
        self._sessions.clear()

    def let_in(self, request: Request) -> None:
        """Refuse a call without a good token; a good one stays good for a while longer."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        now = self._state.clock.now()
        if kind not in ("Bearer", "OAuth") or self._sessions.get(token, 0) <= now:
            raise RefusedError("INVALID_SESSION_ID", "Session expired or invalid", 401)
        self._sessions[token] = now + float(self._state.switches["session_minutes"]) * 60

    def answer(self, request: Request) -> Reply:
        """``/services/oauth2/token`` and ``/services/oauth2/revoke``."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode(), keep_blank_values=True).items()}
        if request.path.endswith("/revoke"):
            asked = form.get("token") or parse_qs(request.query).get("token", [""])[-1]
            known = self._sessions.pop(asked, None)
            return json_reply({}, 200) if known else _refused("unsupported_token_type", "this token is not known")
        grant = form.get("grant_type", "")
        if grant == "client_credentials":
            return self._client(request, form)
        if grant == _JWT:
            return self._assertion(request, form.get("assertion", ""))
        if grant == "refresh_token":
            return self._refresh(request, form)
        return _refused("unsupported_grant_type", "grant type not supported")

    def _client(self, request: Request, form: dict[str, str]) -> Reply:
        if request.headers.get("host", "").partition(":")[0] in LOGIN_HOSTS:
            return _refused("invalid_grant", "request not supported on this domain")
        bad = self._wrong_client(*_client_of(request, form))
        return bad or self._session(request, own=True)

    def _refresh(self, request: Request, form: dict[str, str]) -> Reply:
        client, secret = _client_of(request, form)
        bad = self._wrong_client(client, secret if secret else CLIENT_SECRET)
        if bad is None and form.get("refresh_token") != REFRESH_TOKEN:
            bad = _refused("invalid_grant", "expired access/refresh token")
        return bad or self._session(request)

    def _wrong_client(self, client: str, secret: str) -> Reply | None:
        if client != CLIENT_ID:
            return _refused("invalid_client_id", "client identifier invalid")
        return None if secret == CLIENT_SECRET else _refused("invalid_client", "invalid client credentials", 401)

    def _assertion(self, request: Request, text: str) -> Reply:
        try:
            head, body, signature = text.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
            good = header.get("alg") == "RS256"
            private_key().public_key().verify(
                _decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
            )
        except (ValueError, InvalidSignature):
            return _refused("invalid_grant", "invalid assertion")
        now = self._state.clock.now()
        if not good:
            return _refused("invalid_grant", "algorithm not supported")
        if claims.get("iss") != CLIENT_ID:
            return _refused("invalid_client_id", "client identifier invalid")
        own = f"http://{request.headers.get('host', '')}"
        if claims.get("aud") not in (*(f"https://{host}" for host in LOGIN_HOSTS), own, own.replace("http:", "https:")):
            return _refused("invalid_grant", "audience is invalid")
        if not now < _seconds(claims.get("exp")) <= now + _LONGEST:
            return _refused("invalid_grant", "expired authorization code")
        if claims.get("sub") != USER:
            return _refused("invalid_grant", "user hasn't approved this consumer")
        return self._session(request)

    def _session(self, request: Request, *, own: bool = False) -> Reply:
        self._made += 1
        now = self._state.clock.now()
        token = f"00D5g!{hashlib.sha256(f'{self._seed} {self._made}'.encode()).hexdigest()}"
        self._sessions[token] = now + float(self._state.switches["session_minutes"]) * 60
        url = f"http://{request.headers.get('host', '')}"
        answer: dict[str, Any] = {
            "access_token": token,
            "signature": base64.b64encode(hashlib.sha256(token.encode()).digest()).decode(),
            "scope": "api",
            "instance_url": url,
            "id": f"{url}/id/00D5g0000000001EAA/0055g0000000001AAA",
            "token_type": "Bearer",
            "issued_at": str(int(now * 1000)),
        }
        return json_reply({**answer, "api_instance_url": url} if own else answer)


def _client_of(request: Request, form: dict[str, str]) -> tuple[str, str]:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind == "Basic":
        client, _, secret = base64.b64decode(given).decode().partition(":")
        return unquote_plus(client), unquote_plus(secret)
    return form.get("client_id", ""), form.get("client_secret", "")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(error: str, text: str, status: int = 400) -> Reply:
    return json_reply({"error": error, "error_description": text}, status)


def _seconds(value: Any) -> float:
    """A time in an assertion; clients also send it as text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0

"""Texts of an ``auth:`` section, compiled, and what they are filled with."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel

from connectors.sdk import wire
from connectors.sdk.auth import check
from connectors.sdk.auth.spec import Put
from connectors.sdk.functions import as_text
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.places import Filled, filling, roots
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError

MOMENT = frozenset(check.MOMENT)
_ELSEWHERE = check.ANSWER | frozenset(check.SEEN) | {"token", "part", "signature"}
"""Names that a section's texts may use and that are no settings."""
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Texts:
    """Compiles and fills the texts of one connection: its settings, the moment, and names of the place at hand."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self._names = frozenset(settings) | MOMENT

    def moment(self, kind: str = "hex", length: int = 16) -> dict[str, Any]:
        """The settings with a time and a nonce: the scope of one request."""
        return {**self.settings, "now": now(), "nonce": _nonce(kind, length)}

    def filled(self, text: str, *more: str) -> Filled:
        """The text as a function of a scope; ``more``: names it may use beside the settings."""
        given = filling(text, self._names | frozenset(more))
        return lambda scope: as_text(given(scope))

    def identity(self, spec: BaseModel, *, without: Iterable[str] = ()) -> tuple[str, ...]:
        """What tells one set of credentials from another: the section itself and the settings that it uses."""
        tree = spec.model_dump(mode="json", by_alias=True, exclude=set(without))
        used = sorted(roots(_texts(tree), self._names | _ELSEWHERE) - _ELSEWHERE - MOMENT)
        values = [f"{name}={as_text(self.settings[name])}" for name in used]
        return (str(wire.canonical(tree), "utf-8"), str(self.settings["base_url"]).rstrip("/"), *values)


class Putting:
    """Puts filled texts into a request."""

    def __init__(self, put: Put, texts: Texts, *more: str) -> None:
        def compiled(group: Mapping[str, str]) -> dict[str, Filled]:
            return {name: texts.filled(text, *more) for name, text in group.items()}

        self._headers = compiled(put.headers)
        self._query = compiled(put.query)
        self._cookies = compiled(put.cookies)
        self._body = compiled(put.body)

    def put(self, request: Outgoing, scope: Mapping[str, Any], what: str) -> None:
        """Put everything on; what the request has under the same name is replaced."""
        for name, fill in self._headers.items():
            request.set_header(name, _header(fill(scope), name, what))
        for name, fill in self._query.items():
            request.set_query(name, fill(scope))
        if self._cookies:
            _put_cookies(request, {name: _header(fill(scope), name, what) for name, fill in self._cookies.items()})
        if self._body:
            _put_body(request, {name: fill(scope) for name, fill in self._body.items()}, what)


def _put_cookies(request: Outgoing, values: Mapping[str, str]) -> None:
    pairs = [each.strip().partition("=") for each in request.header("Cookie").split(";") if each.strip()]
    jar = {name: value for name, _, value in pairs} | dict(values)
    request.set_header("Cookie", "; ".join(f"{name}={value}" for name, value in jar.items()))


def _put_body(request: Outgoing, values: Mapping[str, str], what: str) -> None:
    kind = request.header("Content-Type").partition(";")[0].strip().lower()
    if kind == FORM:
        kept = [pair for pair in form_of(request) if pair[0] not in values]
        request.body = urlencode(kept + list(values.items())).encode()
        return
    if kind not in ("", JSON) and not kind.endswith("+json"):
        raise ConfigurationError(
            what,
            f"credentials go into the body, and the body is {kind}",
            "let the call send JSON or a form, or put the credentials into a header",
            code="auth-body",
        )
    tree = wire.parse(request.body) if request.body else {}
    if not isinstance(tree, dict):
        raise ConfigurationError(
            what, "credentials go into the body, and the body is no object", "send an object", code="auth-body"
        )
    request.body = wire.canonical({**tree, **values})
    if not kind:
        request.set_header("Content-Type", JSON)


def form_of(request: Outgoing) -> list[tuple[str, str]]:
    """The parameters of a form body; none for another body."""
    if not request.header("Content-Type").lower().startswith(FORM):
        return []
    return parse_qsl(request.body.decode(), keep_blank_values=True)


def _header(value: str, name: str, what: str) -> str:
    if any(char in value for char in "\r\n\0"):
        raise ConfigurationError(
            what, f"the value for {name} has a line break in it", "correct the setting", code="auth-header"
        )
    return value


def _nonce(kind: str, length: int) -> str:
    if kind == "uuid":
        return str(uuid.uuid4())
    if kind == "digits":
        return "".join(secrets.choice("0123456789") for _ in range(length))
    return secrets.token_hex(length)[:length]


def _texts(tree: Any) -> list[str]:
    """Texts with places in a dumped section. Expressions of answers have no braces, so they name nothing here."""
    if isinstance(tree, str):
        return [tree]
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in _texts(value)]
    return [text for value in tree for text in _texts(value)] if isinstance(tree, list) else []

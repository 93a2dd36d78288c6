"""A declared request, compiled once, made into what is sent each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from connectors.sdk import places, wire
from connectors.sdk.declared.model import METHODS, Requests
from connectors.sdk.declared.texts import READING, WRITING
from connectors.sdk.expression import Scope
from connectors.sdk.functions import as_text
from connectors.sdk.outgoing import Outgoing


class Request:
    """``spec`` is a ``ReadRequestSpec`` or ``WriteRequestSpec``; ``names`` are the connection's settings.

    ``about``: the stream or target it is for, by which call limits may tell calls apart.
    """

    def __init__(
        self, spec: Any, names: frozenset[str], every: Requests, about: Mapping[str, str] | None = None
    ) -> None:
        self.about = dict(about or {})
        allowed = names | READING | WRITING
        self.method = next(name for name in METHODS if getattr(spec, name))
        self.path: str = getattr(spec, self.method)
        absolute = self.path.startswith(("http://", "https://", "{"))
        self._path = places.filling(self.path, allowed, quoted=not absolute)
        self._query = places.shape({**every.query, **spec.query}, allowed)
        self._headers = places.shape({**every.headers, **spec.headers}, allowed)
        self._body = places.shape(spec.body, allowed) if spec.body is not None else None
        self._form = places.shape(spec.form, allowed) if spec.form else None
        self._raw = places.filling(spec.raw, allowed) if spec.raw else None

    def fill(self, scope: Scope) -> Outgoing:
        """The request with its places filled."""
        headers = {name: as_text(value) for name, value in self._headers(scope).items()}
        body = b""
        if self._body is not None:
            body = wire.canonical(self._body(scope))
            headers.setdefault("Content-Type", "application/json")
        elif self._form is not None:
            body = urlencode(_pairs(self._form(scope))).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif self._raw is not None:
            body = as_text(self._raw(scope)).encode()
        path = as_text(self._path(scope))
        return Outgoing(self.method.upper(), path, _pairs(self._query(scope)), headers, body, self.path)


def _pairs(members: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Members as name and text; a list gives its name several times."""
    found: list[tuple[str, str]] = []
    for name, value in members.items():
        for each in value if isinstance(value, list) else [value]:
            found.append((name, as_text(each)))
    return found

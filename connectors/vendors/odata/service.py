"""Calls of one OData service: addresses, both versions' envelopes and errors, CSRF tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin

import msgspec

from connectors.sdk import wire
from connectors.sdk.declared.caller import Caller, Heard
from connectors.sdk.declared.rows import listed
from connectors.sdk.entries import completed
from connectors.sdk.manifest import Manifest
from connectors.sdk.outgoing import Outgoing
from tongmai.core.errors import AuthenticationError, ProtocolError, RemoteRefusedError

_V2_TEXT = "body.error.innererror.errordetails[0].message | default(body.error.message.value)"
_TEXT = f"{_V2_TEXT} | default(body.error.details[0].message) | default(body.error.message)"
_MEANS = (
    ('status == 403 and (headers["x-csrf-token"] | lower) == "required"', "refused", '"csrf"'),
    ("status == 403", "denied", "body.error.code"),
    ("status == 404", "gone", "body.error.code"),
    ("status == 409", "exists", "body.error.code"),
    ("status == 410", "cursor-dead", '"410"'),
    ("status == 412", "refused", '"changed"'),
    ("status == 423", "slow-down", '"locked"'),
    (
        f'status == 400 and "being processed by" in ({_V2_TEXT} | default(body.error.message) | text)',
        "slow-down",
        '"locked"',
    ),
    ("status in [400, 405, 406, 413, 415, 422, 428, 501]", "refused", "body.error.code"),
    ('status == 200 and "application/xml" in (headers["content-type"] | default(""))', "ok", ""),
)
CSRF, CHANGED = "odata-csrf", "odata-changed"
_MOST_PAGES = 1_000_000


def manifest_for(manifest: Manifest, settings: Mapping[str, Any]) -> Manifest:
    """The manifest with the login and the limits of this connection, and with what answers of OData mean."""
    logins: dict[str, dict[str, Any]] = {
        "basic": {"kind": "basic", "user": "{user}", "password": "{password}"},
        "api_key": {"kind": "api_key", "send": {"headers": {str(settings["api_key_header"]): "{api_key}"}}},
        "oauth2": {
            "kind": "oauth2",
            "grant": "client_credentials",
            "token_url": "{token_url}",
            "client_id": "{user}",
            "client_secret": "{password}",
            "credentials": "basic",
            **({"scope": "{scope}"} if settings.get("scope") else {}),
        },
    }
    login = logins.get(str(settings["login"]))
    errors = [{"when": when, "means": means, "code": code, "text": _TEXT} for when, means, code in _MEANS]
    return completed(manifest, auth=login, errors=errors, limits=settings["limits"])


class Service:
    """One service."""

    def __init__(self, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self.caller = Caller(settings, manifest_for(manifest, settings))
        self.version = str(settings["version"])
        self._base = f"{self.caller.client.base}/"
        self._query = [(str(name), str(value)) for name, value in settings["query"].items()]
        self._headers = {
            "Accept": "application/json;IEEE754Compatible=true" if self.version == "v4" else "application/json"
        }
        if self.version == "v4":
            self._headers |= {"OData-MaxVersion": "4.01"}
        else:
            self._headers |= {"MaxDataServiceVersion": "2.0", "DataServiceVersion": "2.0"}
        self._csrf_ahead = bool(settings["csrf"])
        self._csrf = ""

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        shown: str = "",
    ) -> Heard:
        """Read; ``path`` may be a link of an answer, which has its query in it."""
        whole = path.startswith(("http://", "https://"))
        pairs = [] if whole and "?" in path else [*self._query, *(query or {}).items()]
        return self.caller.send(Outgoing("GET", path, pairs, {**self._headers, **(headers or {})}, b"", shown))

    def pages(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[list[Any], Heard]]:
        """The rows of a list, page by page as the service's own links lead, each decoded with all digits."""
        shown, seen = path, set()
        heard = self.get(path, query, headers, shown)
        for _ in range(_MOST_PAGES):
            rows, onward = self.rows(heard)
            yield rows, heard
            if not onward:
                return
            if onward in seen:
                break
            seen.add(onward)
            heard = self.get(onward, headers=headers, shown=shown)
        raise ProtocolError(
            self.what(path), "the same link comes again: the list does not end", "tell the service's operator",
            code="endless-list",
        )  # fmt: skip

    def rows(self, heard: Heard) -> tuple[list[Any], str]:
        """The rows of an answer and the whole address of what follows."""
        body = heard.scope["body"]
        if self.version == "v2":
            inner = body.get("d") if isinstance(body, Mapping) else None
            found, onward = (inner.get("results"), inner.get("__next")) if isinstance(inner, Mapping) else (inner, None)
        else:
            found, onward = (
                (body.get("value"), body.get("@odata.nextLink", body.get("@nextLink")))
                if isinstance(body, Mapping)
                else (None, None)
            )
        if not isinstance(found, list):
            raise self.shape("a list of entities", f"`version` is {self.version}")
        raws = listed(found, self.caller.name)
        rows = [wire.parse(bytes(raw)) if isinstance(raw, msgspec.Raw) else raw for raw in raws]
        return rows, self.link(onward)

    def link(self, onward: Any) -> str:
        """The whole address of a link, which may be relative."""
        return urljoin(self._base, str(onward)) if onward else ""

    def follow(self, onward: str) -> tuple[list[Any], str]:
        """More rows of an expanded list."""
        return self.rows(self.get(self.link(onward), shown="(expanded)"))

    def entity(self, heard: Heard) -> dict[str, Any]:
        """The one entity of an answer."""
        body = heard.scope["body"]
        inner = body.get("d") if self.version == "v2" and isinstance(body, Mapping) else body
        if not isinstance(inner, Mapping):
            raise self.shape("an entity", f"`version` is {self.version}")
        found = wire.parse(heard.answer.body)
        return dict(found["d"] if self.version == "v2" else found)

    def etag(self, heard: Heard, entity: Mapping[str, Any]) -> str:
        """The entity's change stamp for If-Match; empty when it has none."""
        inside = (entity.get("__metadata") or {}).get("etag") if self.version == "v2" else entity.get("@odata.etag")
        return str(inside or heard.scope["headers"].get("etag") or "")

    def write(
        self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None, shown: str = ""
    ) -> Heard:
        """Send a change, with a CSRF token where the system wants one; a refused token is fetched again once."""
        if self._csrf_ahead and not self._csrf:
            self._fetch_csrf()
        try:
            return self._write(method, path, body, headers or {}, shown)
        except RemoteRefusedError as error:
            if error.code != CSRF:
                raise
        self._fetch_csrf()
        try:
            return self._write(method, path, body, headers or {}, shown)
        except RemoteRefusedError as error:
            if error.code != CSRF:
                raise
            raise AuthenticationError(
                error.what,
                "the CSRF token is refused, also a new one",
                "look whether something between here and the system drops its cookies",
                code=CSRF,
            ) from None

    def _write(self, method: str, path: str, body: Any, headers: Mapping[str, str], shown: str) -> Heard:
        own = {**self._headers, "Content-Type": "application/json", **headers}
        if self._csrf:
            own["X-CSRF-Token"] = self._csrf
        sent = b"" if body is None else wire.canonical(body)
        return self.caller.send(Outgoing(method, path, list(self._query), own, sent, shown), write=True)

    def _fetch_csrf(self) -> None:
        heard = self.get("", headers={"X-CSRF-Token": "Fetch"})
        self._csrf = str(heard.scope["headers"].get("x-csrf-token") or "")
        self.caller.redact.add(self._csrf)
        if not self._csrf:
            raise AuthenticationError(
                self.what(""), "the system asks for a CSRF token and gives none", "check the user's rights", code=CSRF
            )

    def what(self, path: str) -> str:
        """A call in a word, for errors."""
        return f"{self.caller.name}: {path or 'service document'}"

    def shape(self, wanted: str, hint: str) -> ProtocolError:
        """The error for an answer that is JSON, and not OData of this version."""
        return ProtocolError(
            self.caller.name, f"{wanted} is expected, the answer holds none ({hint})",
            "check `version`, and that base_url is the root of the service", code="odata-shape",
        )  # fmt: skip

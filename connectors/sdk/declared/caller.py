"""Calls of a declared connector: sign, send, judge; a refused token is renewed, a busy system asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.sdk import http_errors
from connectors.sdk.auth.open import authority
from connectors.sdk.declared.answers import ErrorTable, GoneError, TokenRefusedError
from connectors.sdk.declared.request import Request
from connectors.sdk.expression import Scope
from connectors.sdk.functions import as_text
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.lazy import opened
from connectors.sdk.limits import Limits
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.places import filling
from connectors.sdk.settings import CONNECTION_NAME, secret_values
from connectors.sdk.token import RENEWALS
from tongmai.core.errors import (
    AuthenticationError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)
from tongmai.core.secrets import Redactor

if TYPE_CHECKING:
    from connectors.sdk.manifest import Manifest

_NOTHING = object()
_REFUSING = (400, 404, 405, 406, 409, 410, 411, 412, 413, 415, 422, 424, 428)
"""Statuses by which a system says that it did not take a write."""


@dataclass(frozen=True)
class Heard:
    """A good answer; ``scope`` holds ``body``, ``status``, ``headers`` and the settings, for expressions."""

    answer: Answer
    scope: dict[str, Any]


class Caller:
    """Makes the calls of one connection. May be used by several threads at once."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        manifest: Manifest,
        sign: Callable[[Outgoing, Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.settings = dict(settings)
        self.name = str(settings[CONNECTION_NAME])
        self.manifest = manifest
        self.names = frozenset(manifest.connection)
        self.own_names = _own_names(manifest, self.settings)
        self.redact = Redactor(secret_values(manifest, settings))
        own = [
            str(settings[name])
            for name, each in manifest.connection.items()
            if each.type == "url" and settings.get(name)
        ]
        self.client = HttpClient(settings, self.redact, own_urls=own)
        self._sign = sign
        self._authority = authority(manifest.auth, settings, self.client, self.redact) if manifest.auth else None
        self._limits = Limits(manifest, settings, self.client.calls)
        self.client.admit = self._admit
        self._table = ErrorTable(manifest.connector, manifest.errors, self.names, manifest.requests.throttle_wait)

    def request(self, spec: Any, **about: str) -> Request:
        """A request of the manifest, compiled; ``about``: the stream or target it is for."""
        return Request(spec, self.names, self.manifest.requests, about)

    def call(self, request: Request, scope: Scope, *, write: bool = False, path: str = "", file: bool = False) -> Heard:
        """The answer of one request. ``path`` takes the place of the request's own (a next page's address); ``file``: a
        good answer is no JSON."""
        filled = request.fill(scope)
        if path:
            filled.path, filled.query = path, []
        return self.send(filled, write=write, file=file, about=request.about)

    def send(
        self, filled: Outgoing, *, write: bool = False, file: bool = False, about: Mapping[str, str] | None = None
    ) -> Heard:
        """The answer of a request that is not of the manifest; ``filled`` is copied for each try."""
        what = self.client.what(filled)
        told = {**(about or {}), "method": filled.method}
        return self.client.retry(lambda: self._try(filled, what, write, told, file))

    def _try(self, filled: Outgoing, what: str, write: bool, about: dict[str, str], file: bool) -> Heard:
        used = ""

        def once() -> Heard:
            nonlocal used
            if self._authority is not None:
                self._authority.ready(filled)
            # Signed after the wait: a signature has a time in it.
            with self._limits.call(filled.shown, **about):
                outgoing = filled.copy()
                used = self._signed(outgoing)
                try:
                    return self._send(outgoing, what, write, file)
                except RetryableError as error:
                    self._limits.hold(filled.shown, error.after or 0, **about)
                    raise

        for _ in range(RENEWALS):
            try:
                return once()
            except TokenRefusedError as refused:
                if self._authority is None or not used or not self._authority.refused(used):
                    raise AuthenticationError(refused.what, refused.why, refused.next_step, code=refused.code) from None
        try:
            return once()
        except TokenRefusedError as refused:
            raise AuthenticationError(
                refused.what, f"{refused.why}; also with a new token", refused.next_step, code=refused.code
            ) from None

    def _admit(self, request: Outgoing) -> None:
        """A login counts too. It waits for no free slot: who holds one may be waiting for this very login."""
        self._limits.count(request.shown, method=request.method)

    def _signed(self, outgoing: Outgoing) -> str:
        used = self._authority.sign(outgoing) if self._authority else ""
        if self._sign:
            self._sign(outgoing, self.settings)
        return used

    def _send(self, outgoing: Outgoing, what: str, write: bool, file: bool) -> Heard:
        answer = self.client.exchange(outgoing, write=write, judge=False)
        body = _body(answer)
        scope = {
            **self.settings,
            "body": None if body is _NOTHING else body,
            "status": answer.status,
            "headers": _Headers(answer.headers),
        }
        error = self._judge(what, answer, None if file and body is _NOTHING else body, scope, write)
        if error is not None:
            raise self._redacted(error)
        return Heard(answer, scope)

    def _judge(self, what: str, answer: Answer, body: Any, scope: dict[str, Any], write: bool) -> TongmaiError | None:
        try:
            found = self._table.judge(what, scope, write)
        except ValueError as error:
            if write:
                return OutcomeUnknownError(what, f"the answer cannot be judged: {error}", code="answer-shape")
            raise
        if isinstance(found, TongmaiError):
            return found
        if found is None:
            return None
        if answer.status == 401 and self._authority is not None:
            return TokenRefusedError(what, "HTTP 401", "check credentials and rights", code=f"http-{answer.status}")
        if write and answer.status in _REFUSING:
            hint = "mend the record or the mapping, then replay it; `errors` in the manifest can show the system's own words"
            return RemoteRefusedError(what, f"HTTP {answer.status}", hint, code=f"http-{answer.status}")
        if answer.status == 404:
            return GoneError(
                what,
                "HTTP 404",
                "the record is not there, or the path in the manifest is wrong",
                code=f"http-{answer.status}",
            )
        http_errors.judge_status(answer.status, answer.headers, what, write)
        if body is _NOTHING and answer.body:
            raise http_errors.not_json(what, answer.headers, answer.body, write)
        return None

    def _redacted(self, error: TongmaiError) -> TongmaiError:
        error.why = self.redact(error.why)
        error.args = (error.what, error.why, error.next_step)
        return error

    def close(self) -> None:
        """End what nobody else uses, close its connections."""
        if self._authority is not None:
            self._authority.close()
        self.client.close()


class _Headers(dict[str, str]):
    """Headers, found whatever their case, and with ``_`` for ``-``: ``headers.retry_after``."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in given.items()})

    def get(self, name: Any, default: Any = None) -> Any:
        text = str(name).lower()
        return super().get(text, super().get(text.replace("_", "-"), default))


def _body(answer: Answer) -> Any:
    """The JSON of an answer; ``_NOTHING`` when there is none in it."""
    if not answer.body:
        return None
    try:
        return opened(answer.body)
    except ValueError:
        return _NOTHING


def _own_names(manifest: Manifest, settings: Mapping[str, Any]) -> dict[str, str]:
    """What this company calls fields whose names in mappings are others."""
    allowed = frozenset(manifest.connection)
    said = {name: as_text(filling(place, allowed)(settings)) for name, place in manifest.names.items()}
    return {name: own for name, own in said.items() if own and own != name}

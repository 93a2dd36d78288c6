"""Tokens that a call brings: kept, shared, renewed before they end and when they are refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from connectors.sdk import moment, wire
from connectors.sdk.auth.filled import Putting, Texts
from connectors.sdk.auth.spec import Put, TokenAnswer
from connectors.sdk.expression import compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_errors import judge_status
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.token import Token, TokenCache
from tongmai.core.errors import AuthenticationError, ProtocolError, RetryableError
from tongmai.core.secrets import Redactor

ROOTS = frozenset({"body", "status", "headers", "cookies"})
REFRESH = "refresh token"
"""The part of a kept token that holds its refresh token; a space keeps it apart from the manifest's own parts."""


class Reading:
    """Reads a token out of an answer."""

    def __init__(self, spec: TokenAnswer, redact: Redactor) -> None:
        def compiled(source: str) -> Callable[[Mapping[str, Any]], Any]:
            return compile_expression(source, ROOTS) if source else lambda _: None

        self._spec = spec
        self._redact = redact
        self._token, self._why = compiled(spec.token), compiled(spec.why)
        self._good, self._busy = compiled(spec.good or "true"), compiled(spec.busy)
        self._in, self._at = compiled(spec.expires_in), compiled(spec.expires_at)
        self._refresh = compiled(spec.refresh_token)
        self._parts = {name: compiled(source) for name, source in spec.parts.items()}

    def read(self, answer: Answer, asked: float, what: str, before: Token | None) -> Token:
        """The token. Raises ``AuthenticationError`` for a refusal, ``RetryableError`` when the system is busy."""
        scope = {
            "body": _body(answer), "status": answer.status, "headers": answer.headers, "cookies": answer.cookies,
        }  # fmt: skip
        try:
            self._judge(answer, scope, what)
            value = self._token(scope)
            if value is None or value == "" or isinstance(value, (dict, list)):
                why = f"HTTP {answer.status}, and the answer has no `{self._spec.token}`"
                hint = "check the credentials, and base_url"
                raise AuthenticationError(what, why, hint, code="no-token")
            refresh = self._refresh(scope) or (before.part(REFRESH) if before else "")
            parts = {name: as_text(read(scope)) for name, read in self._parts.items()}
            expires = self._expires(scope, asked)
        except ValueError as error:
            why = self._redact(str(error))
            raise ProtocolError(what, why, "check the manifest's `answer`", code="no-token") from None
        text = as_text(value)
        for secret in (text, refresh):
            self._redact.add(secret)
        return Token(text, expires, tuple(sorted({**parts, REFRESH: as_text(refresh)}.items())))

    def _judge(self, answer: Answer, scope: Mapping[str, Any], what: str) -> None:
        said = as_text(self._why(scope)).strip()[:300]
        why = self._redact(f"HTTP {answer.status}" + (f": {said}" if said else ""))
        if self._busy(scope):
            raise RetryableError(what, why, "the system asks for fewer calls", code="http-busy")
        if answer.status in (400, 401, 403) or not self._good(scope):
            hint = "check the credentials, their rights, and whether they have run out"
            raise AuthenticationError(what, why, hint, code="token-refused")
        judge_status(answer.status, answer.headers, what, write=False)

    def _expires(self, scope: Mapping[str, Any], asked: float) -> float:
        at, seconds = self._at(scope), self._in(scope)
        if at is not None and at != "":
            ends = moment.read(at, self._spec.form).timestamp()
        elif seconds is not None and seconds != "":
            try:
                ends = asked + float(Decimal(str(seconds))) / (1000 if self._spec.unit == "ms" else 1)
            except ArithmeticError:
                raise ValueError(f"`{seconds}` is no number of seconds") from None
        else:
            ends = asked + self._spec.lifetime
        return min(ends, asked + self._spec.at_most) if self._spec.at_most else ends


class Fetched:
    """An authority whose token a call brings: ``ask`` makes that call's request, given the token before."""

    def __init__(
        self,
        texts: Texts,
        client: HttpClient,
        identity: tuple[str, ...],
        ask: Callable[[Token | None], Outgoing],
        answer: TokenAnswer,
        send: Put,
        *,
        skew: float,
        once: bool = False,
    ) -> None:
        self.client = client
        self.texts = texts
        self.cache = TokenCache(identity, self._fetch, skew=skew)
        self._ask = ask
        self._once = once
        self._reading = Reading(answer, client.redact)
        self._putting = Putting(send, texts, "token", "part")

    def ready(self, request: Outgoing) -> None:
        if self.client.trusts(request):
            self.cache.get()

    def sign(self, request: Outgoing) -> str:
        if not self.client.trusts(request):
            return ""
        token = self.cache.get()
        self.client.redact.add(token.value)
        self._putting.put(request, self.scope(token), self.client.what(request))
        return token.serial

    def refused(self, used: str) -> bool:
        if not used:
            return False
        self.cache.refresh(used)
        return True

    def close(self) -> None:
        """The token stays for others."""

    def scope(self, token: Token) -> dict[str, Any]:
        """The names that the manifest's texts may use beside a token."""
        return {**self.texts.moment(), "token": token.value, "part": dict(token.parts)}

    def _fetch(self, before: Token | None) -> Token:
        def attempt() -> Token:
            request = self._ask(before)
            self.client.admit(request)
            asked = time.time()
            # A refresh token that is good once is sent once: whether a lost answer took it, nobody knows.
            answer = self.client.exchange(request, write=self._once, judge=False)
            return self._reading.read(answer, asked, self.client.what(request), before)

        return attempt() if self._once else self.client.retry(attempt)


def _body(answer: Answer) -> Any:
    try:
        return wire.parse(answer.body)
    except ValueError:
        return answer.body.decode("utf-8", "replace")

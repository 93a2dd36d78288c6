"""Calls to the K3Cloud WebAPI: signed or signed-in, and what each message code means.

Every business failure is HTTP 200. A live session wins over signatures; "session lost" with signed headers means that
the credentials are wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.token import Token, TokenCache
from connectors.vendors.kingdee.sign import Identity, login_sign, signed_headers
from tongmai.core.errors import (
    AuthenticationError,
    FatalError,
    OutcomeUnknownError,
    ProtocolError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)
from tongmai.core.secrets import Redactor

_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
_LOGIN = "Kingdee.BOS.WebApi.ServicesStub.AuthService.LoginBySign"
_SESSION_SECONDS = 8 * 3600
"""A session has no documented lifetime; what counts is the server's "session lost"."""
_LOST, _EXCEPTION, _DATABASE = 1, 4, 6
_RIGHTS = (2, 7, 15)
_BUSY = (13, 14)
_LOST_MARKS = (b"ctx == null", "会话信息已丢失".encode(), "未登录".encode())
_TEXT_ERROR = b"response_error:"
Json = dict[str, Any]


class KingdeeApi:
    """One account set, seen by one integration user."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        base = str(settings["base_url"])
        if urlsplit(base).path in ("", "/"):
            base = base.rstrip("/") + "/k3cloud"
        self.redact = Redactor([settings["app_secret"]])
        self.client = HttpClient({**settings, "base_url": base}, self.redact)
        self._who = Identity(
            str(settings["acct_id"]),
            str(settings["user"]),
            str(settings["app_id"]),
            str(settings["app_secret"]),
            int(settings["lcid"]),
            str(settings["org"]),
        )
        self._signed = settings["auth"] == "signed"
        self._throttle_wait = float(settings["throttle_wait"])
        identity = (base, self._who.acct_id, self._who.user, self._who.app_id, self._who.app_secret)
        self._sessions = TokenCache(identity, self._login)

    def call(self, name: str, body: Json, *, write: bool = False) -> Any:
        """The answer of a DynamicFormService call. A lost session is renewed (when signing in)."""
        if self._signed:
            return self._call(name, body, write, None)
        try:
            return self._sessions.spend(lambda session: self._call(name, body, write, session), _SessionLostError)
        except _SessionLostError as error:
            raise AuthenticationError(
                error.what, error.why, "a new session was lost at once; check the user", code="kingdee-1"
            ) from None

    def _call(self, name: str, body: Json, write: bool, session: Token | None) -> Any:
        path = f"{_SERVICE}{name}.common.kdsvc"
        what = f"{self.client.name}: {name}"
        headers: Callable[[], Mapping[str, str]] = lambda: self._sign(path)  # noqa: E731
        if session is not None:
            value = session.value
            headers = lambda: {"kdservice-sessionid": value}  # noqa: E731

        def accept(answer: Any, _: Answer) -> Any:
            failure = _failure_of(answer)
            if failure is not None:
                raise self._error(what, failure, write)
            return answer

        try:
            return self.client.post(
                path,
                body,
                write=write,
                headers=headers,
                inspect=lambda answer: self._inspect(what, answer, write),
                accept=accept,
            )
        except (ProtocolError, AuthenticationError) as error:
            if session is not None and not write and error.code in ("http-redirect", "http-401"):
                raise _SessionLostError(error.what, error.why, error.next_step, code=error.code) from None
            raise

    def _sign(self, path: str) -> Mapping[str, str]:
        now = int(time.time())
        return signed_headers(self._who, self.client.url_path(path), now, str(now))

    def _inspect(self, what: str, answer: Answer, write: bool) -> None:
        """Failures that are not JSON."""
        start = answer.body[:400]
        if any(mark in start for mark in _LOST_MARKS) and not start.lstrip().startswith((b"{", b"[")):
            raise self._lost(what, "session lost")
        if start.startswith(_TEXT_ERROR):
            text = self.redact(start[len(_TEXT_ERROR) :].decode("utf-8", "replace").strip()[:200])
            if write:
                raise OutcomeUnknownError(
                    what, text, "look the record up before trying again", code="kingdee-response-error"
                )
            raise ProtocolError(what, text, "see the server's log", code="kingdee-response-error")

    def _error(self, what: str, failure: Json, write: bool) -> TongmaiError:
        number = failure.get("MsgCode")
        texts = [str(item.get("Message", "")) for item in failure.get("Errors") or [] if isinstance(item, dict)]
        why = self.redact(f"MsgCode {number}: {'; '.join(texts) or 'no message'}")
        code = f"kingdee-{number}"
        if number == _LOST:
            return self._lost(what, why)
        if number in _BUSY:
            hint = "another user holds the record" if number == _BUSY[0] else "the server's call limit"
            return RetryableError(what, why, f"{hint}; it is tried again", code=code, after=self._throttle_wait)
        if number in _RIGHTS:
            return AuthenticationError(what, why, "check the integration user's rights and licence", code=code)
        if number == _DATABASE:
            if write:
                return OutcomeUnknownError(what, why, "look the record up before trying again", code=code)
            # A filter value of the wrong type answers with the same code as a deadlock: trying again is bounded.
            return RetryableError(what, why, "it is tried again", code=code)
        if write and number == _EXCEPTION:
            # It says that something broke, not what was kept: a refusal would leave a half-made record to people.
            return OutcomeUnknownError(what, why, "look the record up before trying again", code=code)
        if write:
            return RemoteRefusedError(what, why, "mend the record or the mapping, then replay it", code=code)
        hint = (
            "name fields this account set lacks in without_fields, renamed ones in field_names"
            if number == 9
            else "check form and fields"
        )
        return FatalError(what, why, hint, code=code)

    def _lost(self, what: str, why: str) -> TongmaiError:
        if self._signed:
            hint = "with signed headers this means wrong credentials: check app_id, app_secret, user and the authorisation list"
            return AuthenticationError(what, why, hint, code="kingdee-1")
        return _SessionLostError(what, why, code="kingdee-1")

    def _login(self, _: Token | None) -> Token:
        what = f"{self.client.name}: LoginBySign"
        started = time.time()

        def accept(answer: Any, _: Answer) -> Token:
            if not isinstance(answer, dict) or "LoginResultType" not in answer:
                raise ProtocolError(what, "the answer has no LoginResultType", "check base_url", code="kingdee-login")
            session = answer.get("KDSVCSessionId")
            if answer["LoginResultType"] not in (1, -5) or not isinstance(session, str) or not session:
                why = self.redact(f"LoginResultType {answer['LoginResultType']}: {answer.get('Message', '')}")
                hint = "check acct_id, user, app_id, app_secret and the server's clock"
                raise AuthenticationError(what, why, hint, code="kingdee-login")
            self.redact.add(session)
            return Token(session, started + _SESSION_SECONDS)

        now = int(started)
        who = self._who
        parameters = [who.acct_id, who.user, who.app_id, now, login_sign(who, now), who.lcid]
        return self.client.post(f"{_LOGIN}.common.kdsvc", {"parameters": parameters}, accept=accept)


class _SessionLostError(AuthenticationError):
    """The session is not valid (any more): sign in again, once."""


def _failure_of(answer: Any) -> Json | None:
    """The ``ResponseStatus`` of a failed call, wherever it is wrapped: bare, in one array, in two."""
    inner = answer
    for _ in range(2):
        if isinstance(inner, list) and len(inner) == 1:
            inner = inner[0]
    if isinstance(inner, dict) and isinstance(inner.get("Result"), dict):
        status = inner["Result"].get("ResponseStatus")
        if isinstance(status, dict) and status.get("IsSuccess") is False:
            return status
    return None

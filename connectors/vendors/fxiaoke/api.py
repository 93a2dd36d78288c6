"""Calls to Fxiaoke: tokens in both credential styles, and what each error code means.

The vendor answers HTTP 200 to everything; only ``errorCode`` 0 is success, and ``errorMessage`` is not stable.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.limits import Limits
from connectors.sdk.manifest import Manifest
from connectors.sdk.token import Token, TokenCache
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

_TOKEN_REFUSED = 20016
_BUSY = (14001, 30004)
_QUOTA = (30002, 30003)
_AUTH = (15003, 20005, 20006, 20012, 20014, 20015, 20016, 20017, 20020, 20021, 20022, 20023)
_UNSURE = (-1, -2, 50009)
Json = dict[str, Any]


class FxiaokeApi:
    """One tenant, seen by one acting employee."""

    def __init__(self, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self.redact = Redactor([settings["app_secret"], settings["permanent_code"]])
        self.client = HttpClient(settings, self.redact)
        self._settings = settings
        self._body_style = settings["auth_style"] == "body"
        self._limits = Limits(manifest, settings, self.client.calls)
        self._throttle_wait = float(settings["throttle_wait"])
        names = ("base_url", "app_id", "app_secret", "permanent_code", "auth_style")
        self._tokens = TokenCache(tuple(str(settings[name]) for name in names), self._fetch_token)

    def call(self, path: str, body: Json, *, write: bool = False) -> Json:
        """The answer of one call. A refused token is renewed."""
        try:
            return self._tokens.spend(lambda token: self._call(path, body, token, write), _TokenRefusedError)
        except _TokenRefusedError as error:
            raise AuthenticationError(
                error.what,
                f"{error.why}; also with a new token",
                "check app_id, permanent_code, user and the IP white list; the vendor hands out the same token for 6600 s",
                code="fxiaoke-20016",
            ) from None

    def _call(self, path: str, body: Json, token: Token, write: bool) -> Json:
        self.redact.add(token.value)
        headers: dict[str, str] = {}
        if self._body_style:
            identity = {"corpAccessToken": token.value, "corpId": token.part("corpId")}
            body = {**identity, "currentOpenUserId": self._settings["user"], **body}
        else:
            headers = {"authorization": f"Bearer {token.value}", "x-fs-ea": token.part("ea")}
            headers["x-fs-userid"] = str(self._settings["user"])
        return self.client.post(
            path,
            body,
            write=write,
            headers=lambda: headers,
            params=lambda: {"thirdTraceId": str(uuid4())},
            before=lambda: self._limited(path),
            busy=lambda error: self._limits.hold(path, error.after or 0),
            accept=lambda answer, _: self._accept(path, answer, write),
        )

    def _limited(self, path: str) -> None:
        self._limits.wait(path)

    def _accept(self, path: str, answer: Any, write: bool) -> Json:
        what = f"{self.client.name}: {path}"
        if not isinstance(answer, dict) or not isinstance(answer.get("errorCode"), int):
            why = "the answer has no errorCode"
            if write:
                raise OutcomeUnknownError(what, why, "look the record up before trying again", code="fxiaoke-shape")
            raise ProtocolError(what, why, "check base_url", code="fxiaoke-shape")
        code = answer["errorCode"]
        if code != 0:
            if code in _BUSY:
                self._limits.hold(path, self._throttle_wait)
            raise self._error(what, code, str(answer.get("errorMessage", "")), write)
        return answer

    def _error(self, what: str, number: int, message: str, write: bool) -> TongmaiError:
        why = self.redact(f"errorCode {number}: {message}")
        code = f"fxiaoke-{number}"
        if number == _TOKEN_REFUSED:
            return _TokenRefusedError(what, why, code=code)
        if number in _BUSY:
            return RetryableError(
                what, why, "the vendor's call limit; lower calls_per_20_seconds", code=code, after=self._throttle_wait
            )
        if number in _QUOTA:
            hint = "the quota is back at midnight" if number == _QUOTA[0] else "buy API quota from the vendor"
            return FatalError(what, why, hint, code=code)
        if number in _AUTH:
            return AuthenticationError(what, why, "check app_id, user and their rights in the CRM", code=code)
        if number in _UNSURE:
            if write:
                return OutcomeUnknownError(what, why, "look the record up before trying again", code=code)
            return RetryableError(what, why, "it is tried again", code=code)
        if write:
            return RemoteRefusedError(what, why, "mend the record or the mapping, then replay it", code=code)
        return FatalError(
            what,
            why,
            "check the object's and the fields' names in this tenant (settings object_names, field_names)",
            code=code,
        )

    def _fetch_token(self, _: Token | None) -> Token:
        settings = self._settings
        body = {name: settings[key] for name, key in _TOKEN_BODY}
        if self._body_style:
            path, value, tenant = "/cgi/corpAccessToken/get/V2", "corpAccessToken", "corpId"
        else:
            path, value, tenant = "/oauth2.0/token", "accessToken", "ea"
            body["grantType"] = "app_secret"
        asked = time.time()

        def accept(answer: Any, _: Answer) -> Token:
            what = f"{self.client.name}: {path}"
            if not isinstance(answer, dict):
                raise ProtocolError(what, "the answer is not an object", "check base_url", code="fxiaoke-shape")
            number = answer.get("errorCode")
            if number in _BUSY:
                self._limits.hold(path, self._throttle_wait)
            if number in _BUSY or number in _UNSURE:
                why = f"errorCode {number}"
                raise RetryableError(
                    what,
                    why,
                    "10 token calls a minute, one at a time",
                    code=f"fxiaoke-{number}",
                    after=self._throttle_wait,
                )
            text, part = answer.get(value), answer.get(tenant)
            if number != 0 or not isinstance(text, str) or not isinstance(part, str):
                why = self.redact(f"errorCode {number}: {answer.get('errorMessage', '')}")
                hint = "check app_id, app_secret and permanent_code"
                raise AuthenticationError(what, why, hint, code=f"fxiaoke-{number}")
            self.redact.add(text)
            return Token(text, asked + float(answer.get("expiresIn") or 0), ((tenant, part),))

        return self.client.post(
            path,
            body,
            params=lambda: {"thirdTraceId": str(uuid4())},
            before=lambda: self._limited(path),
            busy=lambda error: self._limits.hold(path, error.after or 0),
            accept=accept,
        )


_TOKEN_BODY = (("appId", "app_id"), ("appSecret", "app_secret"), ("permanentCode", "permanent_code"))


class _TokenRefusedError(AuthenticationError):
    """The vendor does not take this token (any more)."""

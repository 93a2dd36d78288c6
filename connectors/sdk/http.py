"""The HTTP client of a connection: one kept-alive session, bounded answers, and errors that say what to do next.

What a failure means depends on whether the call writes. A read may always be tried again. A write is tried again only
when nothing can have been taken (connection refused, the vendor said "slow down"); when it was sent and no trustworthy
answer came, ``OutcomeUnknownError`` says so at once.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from connectors.sdk import wire
from connectors.sdk.gate import pass_gate
from connectors.sdk.settings import CONNECTION_NAME
from connectors.sdk.wire_gate import GatedAdapter
from tongmai.core.clock import now
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    ProtocolError,
    RetryableError,
    TongmaiError,
)
from tongmai.core.secrets import Redactor

log = logging.getLogger("tongmai.http")

LONGEST_WAIT = 60.0
"""Seconds one retry waits at most; a vendor that asks for more ends the run with ``RetryableError.after``."""
_CHUNK = 65536
_AWAY = (502, 503, 504)
T = TypeVar("T")


class TransientProtocolError(ProtocolError):
    """A broken answer to a read: worth another try, fatal when every try breaks."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Calls:
    """What this client did: calls by path, tries beyond the first, bytes received, seconds spent."""

    by_path: Counter[str] = field(default_factory=Counter)
    retries: int = 0
    received: int = 0
    seconds: float = 0.0


class HttpClient:
    """Calls one system. Made from the standard HTTP settings (``http: true``); used by one thread at a time.

    Proxy, CA and ``.netrc`` of the environment are not looked at: what a connection uses stands in its settings.
    """

    def __init__(
        self, settings: Mapping[str, Any], redact: Redactor, *, headers: Mapping[str, str] | None = None
    ) -> None:
        self.name = str(settings.get(CONNECTION_NAME) or urlsplit(settings["base_url"]).netloc)
        self.calls = Calls()
        self.redact = redact
        self._base = str(settings["base_url"]).rstrip("/")
        self._timeout = (float(settings["connect_timeout"]), float(settings["read_timeout"]))
        self._limit = int(settings["max_body_bytes"])
        self._retries = int(settings["retries"])
        self._wait = wait_random_exponential(multiplier=float(settings["retry_wait"]), max=LONGEST_WAIT)
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, GatedAdapter())
        self._session.verify = _ca_file(self.name, settings.get("ca_file"))
        self._session.headers.update({"User-Agent": "Tongmai", "Accept": "application/json", **(headers or {})})
        proxy = settings.get("proxy")
        if proxy:
            self._session.proxies = {"http": proxy, "https": proxy}
            redact.add(urlsplit(proxy).password or "")

    def url_path(self, path: str) -> str:
        """The path of a call's URL, as signatures need it."""
        return urlsplit(f"{self._base}/{path.lstrip('/')}").path

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()

    def post(
        self,
        path: str,
        body: Any,
        *,
        write: bool = False,
        headers: Callable[[], Mapping[str, str]] | None = None,
        params: Callable[[], Mapping[str, str]] | None = None,
        before: Callable[[], None] | None = None,
        inspect: Callable[[Answer], None] | None = None,
        accept: Callable[[Any, Answer], T],
    ) -> T:
        """POST JSON and return what ``accept`` makes of the JSON answer.

        ``accept`` raises ``RetryableError`` for an answer that means "try again, nothing was taken". ``headers`` and
        ``params`` (of the URL; never a secret) are asked for each try, since signatures and trace ids must be fresh;
        ``before`` is called before each try, as to wait for a call limit. ``inspect`` sees the answer before it is taken
        for JSON, and may raise.
        """
        data = body if isinstance(body, bytes) else wire.canonical(body)

        def attempt() -> T:
            if before:
                before()
            own = {"Content-Type": "application/json", **(headers() if headers else {})}
            answer = self._send("POST", path, data, own, write, params() if params else {})
            if inspect:
                inspect(answer)
            return accept(self._json(answer, path, write), answer)

        return self.retry(attempt)

    def retry(self, attempt: Callable[[], T]) -> T:
        """Call until it does not raise ``RetryableError``, at most 1 + ``retries`` times."""
        retrying = Retrying(
            stop=stop_after_attempt(self._retries + 1),
            wait=self._pause,
            retry=retry_if_exception(_worth_another_try),
            before_sleep=self._note_retry,
            reraise=True,
        )
        return retrying(attempt)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, RetryableError) else None
        return asked + self._wait(state) / 10 if asked is not None else self._wait(state)

    def _note_retry(self, state: RetryCallState) -> None:
        self.calls.retries += 1
        error = state.outcome.exception() if state.outcome else None
        log.info(
            "http.retry connection=%s try=%d wait=%.2f why=%s",
            self.name,
            state.attempt_number,
            state.upcoming_sleep,
            self.redact(str(error)),
        )

    def _send(
        self, method: str, path: str, data: bytes, headers: Mapping[str, str], write: bool, params: Mapping[str, str]
    ) -> Answer:
        if write:
            pass_gate()
        started = time.monotonic()
        self.calls.by_path[path] += 1
        what = f"{self.name}: {method} {path}"
        status = 0
        body = b""
        try:
            with self._session.request(
                method,
                f"{self._base}/{path.lstrip('/')}",
                data=data,
                params=dict(params),
                headers=dict(headers),
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as reply:
                status = reply.status_code
                body = self._body(reply, what, write)
                answer = Answer(status, reply.headers, body, reply.cookies.get_dict())
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._network_error(error, what, write) from None
        finally:
            seconds = time.monotonic() - started
            self.calls.seconds += seconds
            self.calls.received += len(body)
            log.debug(
                "http.call connection=%s method=%s path=%s status=%d bytes=%d ms=%.0f",
                self.name,
                method,
                self.redact(path),
                status,
                len(body),
                seconds * 1000,
            )
        self._judge_status(answer, what, write)
        return answer

    def _body(self, reply: requests.Response, what: str, write: bool) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in reply.iter_content(_CHUNK):
            size += len(chunk)
            if size > self._limit:
                raise _distrust(
                    what,
                    f"the answer is larger than max_body_bytes ({self._limit:,} bytes)",
                    "raise max_body_bytes of this connection if such answers are right, or lower its page size",
                    "body-too-large",
                    write,
                )
            chunks.append(chunk)
        return b"".join(chunks)

    def _judge_status(self, answer: Answer, what: str, write: bool) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        after = _retry_after(answer.headers)
        why = f"HTTP {status}"
        if status == 429 or (status == 503 and after is not None):
            raise RetryableError(what, why, "the system asks for fewer calls", code="http-busy", after=after)
        if status in _AWAY or status == 500:
            if write:
                raise _unknown(what, why)
            raise RetryableError(what, why, "the system is away; it is tried again", code=f"http-{status}", after=after)
        if status in (401, 403, 407):
            raise AuthenticationError(what, why, "check credentials, rights and IP white list", code=f"http-{status}")
        if 300 <= status < 400:
            raise _distrust(
                what,
                f"{why}: sent elsewhere, as for a login page",
                "check base_url, and whether a proxy or single sign-on stands before the system",
                "http-redirect",
                write,
            )
        raise ProtocolError(what, why, "check base_url: the system does not know this path", code=f"http-{status}")

    def _json(self, answer: Answer, path: str, write: bool) -> Any:
        what = f"{self.name}: POST {path}"
        try:
            return wire.parse(answer.body)
        except ValueError:
            kind = answer.headers.get("Content-Type", "no content type")
            start = answer.body[:60].decode("utf-8", "replace").strip()
            if start[:1] == "<":
                why = f"JSON is expected, got a web page ({kind})"
                hint = "check base_url, and whether a proxy or login page stands before the system"
            else:
                why = f"the answer is not whole JSON ({len(answer.body):,} bytes, {kind})"
                hint = "if it stays so, ask the system's operator"
            raise _distrust(what, why, hint, "not-json", write) from None

    def _network_error(self, error: Exception, what: str, write: bool) -> TongmaiError:
        """What a failed call means, by whether the request can have reached the system."""
        why = _network_reason(error)
        if isinstance(error, requests.exceptions.SSLError) and not _read_timed_out(error):
            return FatalError(
                what,
                f"no trusted TLS connection: {self.redact(_innermost(error))[:200]}",
                "name the CA's PEM file in the setting ca_file; verification cannot be switched off",
                code="tls",
            )
        if isinstance(error, requests.exceptions.ProxyError):
            return RetryableError(
                what, "the proxy cannot be reached or refused", "check the setting proxy", code="proxy"
            )
        if _never_sent(error):
            return RetryableError(what, why, "check that the system is up and base_url is right", code="unreachable")
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
            return ConfigurationError(what, "base_url is not a usable address", "correct it", code="bad-url")
        if write:
            return _unknown(what, why)
        return RetryableError(what, why, "it is tried again", code="interrupted")


def _worth_another_try(error: BaseException) -> bool:
    if isinstance(error, RetryableError):
        return error.after is None or error.after <= LONGEST_WAIT
    return isinstance(error, TransientProtocolError)


def _never_sent(error: Exception) -> bool:
    """True when no connection came about, so the system cannot have seen the request."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    inner: BaseException | None = error
    for _ in range(6):
        if isinstance(inner, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError)):
            return True
        reason = getattr(inner, "reason", None)
        nested = (
            reason
            if isinstance(reason, BaseException)
            else next((arg for arg in getattr(inner, "args", ()) if isinstance(arg, BaseException)), None)
        )
        inner = nested
        if inner is None:
            return False
    return False


def _read_timed_out(error: Exception) -> bool:
    return isinstance(error, requests.exceptions.ReadTimeout)


def _network_reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection within connect_timeout"
    if isinstance(error, requests.exceptions.ReadTimeout) or "timed out" in str(error):
        return "no answer within read_timeout"
    if _never_sent(error):
        return "connection refused, or the host is not known"
    return "the connection broke before the answer was whole"


def _innermost(error: BaseException) -> str:
    while True:
        reason = getattr(error, "reason", None)
        nested = (
            reason
            if isinstance(reason, BaseException)
            else next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        )
        if nested is None:
            return str(error)
        error = nested


def _unknown(what: str, why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(what, f"{why}, after the write was sent", "look the record up before trying again")


def _distrust(what: str, why: str, next_step: str, code: str, write: bool) -> TongmaiError:
    """The error for an answer that cannot be trusted."""
    if write:
        return OutcomeUnknownError(what, why, "look the record up before trying again", code=code)
    if code == "not-json":
        return TransientProtocolError(what, why, next_step, code=code)
    return ProtocolError(what, why, next_step, code=code)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now()).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None


def _ca_file(name: str, path: object) -> bool | str:
    if not path:
        return True
    if not Path(str(path)).is_file():
        raise ConfigurationError(
            f"connection `{name}`", f"ca_file {path} does not exist", "correct the path", code="ca-file"
        )
    return str(path)

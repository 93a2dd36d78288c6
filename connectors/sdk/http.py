"""The HTTP client of a connection: kept-alive connections, bounded answers, and errors that say what to do next.

What a failure means depends on whether the call writes. A read may always be tried again. A write is tried again only
when nothing can have been taken (connection refused, the vendor said "slow down"); when it was sent and no trustworthy
answer came, ``OutcomeUnknownError`` says so at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.cookies import RequestsCookieJar
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from connectors.sdk import http_errors, wire
from connectors.sdk.addresses import Addresses, origin
from connectors.sdk.gate import pass_gate
from connectors.sdk.http_calls import Calls
from connectors.sdk.http_errors import StartOverError, TransientProtocolError
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.settings import CONNECTION_NAME
from connectors.sdk.wire_gate import GatedAdapter
from tongmai.core.errors import ConfigurationError, RetryableError
from tongmai.core.secrets import Redactor

log = logging.getLogger("tongmai.http")

LONGEST_PAUSE = 60.0
"""Seconds to which the waits between tries grow at most where the vendor asks for none."""
_CHUNK = 65536
_MOVED = (301, 302, 303, 307, 308)
_HARMLESS = ("accept", "accept-language", "user-agent", "range", "if-none-match", "if-modified-since")
"""Headers that may be sent to another host: everything else may hold a credential."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. Header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: Mapping[str, str] = field(default_factory=dict)


class HttpClient:
    """Calls one system. Made from the standard HTTP settings (``http: true``). Several threads may call at once.

    Proxy, CA and ``.netrc`` of the environment are not looked at: what a connection uses stands in its settings.
    ``own_urls``: further addresses from the settings whose hosts may see the connection's credentials.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        redact: Redactor,
        *,
        headers: Mapping[str, str] | None = None,
        own_urls: Iterable[str] = (),
    ) -> None:
        self.name = str(settings.get(CONNECTION_NAME) or urlsplit(settings["base_url"]).netloc)
        self.calls = Calls()
        self.redact = redact
        self.base = str(settings["base_url"]).rstrip("/")
        self._timeout = (float(settings["connect_timeout"]), float(settings["read_timeout"]))
        self._limit = int(settings["max_body_bytes"])
        self._retries = int(settings["retries"])
        self._redirects = int(settings["redirects"])
        self._wait = wait_random_exponential(multiplier=float(settings["retry_wait"]), max=LONGEST_PAUSE)
        self._longest = float(settings["longest_wait"])
        self.addresses = Addresses(
            self.name,
            self.base,
            _hosts(self.name, settings["allowed_hosts"]),
            anything=settings["private_addresses"] == "allow",
        )
        for url in own_urls:
            self.addresses.trust(url)
        self.admit: Callable[[Outgoing], None] = lambda _: None
        """Called before a login's own calls, so that they are counted too."""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies = _Cookies()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, GatedAdapter(self.addresses))
        self._session.verify = _ca_file(self.name, settings.get("ca_file"))
        self._session.headers.update({"User-Agent": "Tongmai", "Accept": "application/json", **(headers or {})})
        proxy = settings.get("proxy")
        if proxy:
            self._session.proxies = {"http": proxy, "https": proxy}
            redact.add(urlsplit(proxy).password or "")

    def url_path(self, path: str) -> str:
        """The path of a call's URL, as signatures need it."""
        return urlsplit(Outgoing("", path).url(self.base)).path

    def close(self) -> None:
        """Close the session's connections."""
        self._session.close()

    def exchange(self, request: Outgoing, *, write: bool, judge: bool = True) -> Answer:
        """Send once and return the whole answer. Raises what a failed call means, and, with ``judge``, a failed status.

        A read follows redirects as far as the settings allow; on another host it goes on without credentials.
        """
        what = self.what(request)
        url = request.url(self.base)
        headers: Mapping[str, str] = request.headers
        left = 0 if write or request.method not in ("GET", "HEAD") else self._redirects
        while True:
            self.addresses.check(url, what)
            answer = self._send(request, url, headers, what, write)
            target = answer.headers.get("Location", "") if answer.status in _MOVED else ""
            if not target or not left:
                break
            left -= 1
            before, url = url, urljoin(url, target)
            if origin(url) != origin(before):
                headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
        if judge:
            http_errors.judge_status(answer.status, answer.headers, what, write)
        return answer

    def what(self, request: Outgoing) -> str:
        """The call in a word, for errors: connection, method, path."""
        return self.redact(f"{self.name}: {request.method} {request.shown}")

    def trusts(self, request: Outgoing) -> bool:
        """Whether the request goes to a host that may see the connection's credentials."""
        return self.addresses.own(request.url(self.base))

    def json(self, answer: Answer, what: str, write: bool) -> Any:
        """The answer's JSON, numbers exact. Raises what an answer means that is none."""
        try:
            return wire.parse(answer.body)
        except ValueError:
            raise http_errors.not_json(what, answer.headers, answer.body, write) from None

    def post(
        self,
        path: str,
        body: Any,
        *,
        write: bool = False,
        headers: Callable[[], Mapping[str, str]] | None = None,
        params: Callable[[], Mapping[str, str]] | None = None,
        before: Callable[[], None] | None = None,
        busy: Callable[[RetryableError], None] | None = None,
        inspect: Callable[[Answer], None] | None = None,
        accept: Callable[[Any, Answer], T],
    ) -> T:
        """POST JSON and return what ``accept`` makes of the JSON answer.

        ``accept`` raises ``RetryableError`` for an answer that means "try again, nothing was taken". ``headers`` and
        ``params`` (of the URL; never a secret) are asked for each try, since signatures and trace ids must be fresh;
        ``before`` is called before each try, as to wait for a call limit; ``busy`` is told of a try that may be repeated, as
        to hold that limit. ``inspect`` sees the answer before it is taken
        for JSON, and may raise.
        """
        data = body if isinstance(body, bytes) else wire.canonical(body)

        def attempt() -> T:
            if before:
                before()
            own = {"Content-Type": "application/json", **(headers() if headers else {})}
            request = Outgoing("POST", path, list((params() if params else {}).items()), own, data)
            try:
                answer = self.exchange(request, write=write)
            except RetryableError as error:
                if busy:
                    busy(error)
                raise
            if inspect:
                inspect(answer)
            return accept(self.json(answer, self.what(request), write), answer)

        return self.retry(attempt)

    def retry(self, attempt: Callable[[], T]) -> T:
        """Call until it does not raise ``RetryableError``, at most 1 + ``retries`` times."""
        retrying = Retrying(
            stop=stop_after_attempt(self._retries + 1),
            wait=self._pause,
            retry=retry_if_exception(self._worth_another_try),
            before_sleep=self._note_retry,
            reraise=True,
        )
        return retrying(attempt)

    def _worth_another_try(self, error: BaseException) -> bool:
        """A vendor that asks for a longer pause than ``longest_wait`` ends the run with ``RetryableError.after``."""
        if isinstance(error, StartOverError):
            return False
        if isinstance(error, RetryableError):
            return error.after is None or error.after <= self._longest
        return isinstance(error, TransientProtocolError)

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, RetryableError) else None
        return asked + self._wait(state) / 10 if asked is not None else self._wait(state)

    def _note_retry(self, state: RetryCallState) -> None:
        self.calls.retried()
        error = state.outcome.exception() if state.outcome else None
        log.info(
            "http.retry connection=%s try=%d wait=%.2f why=%s",
            self.name,
            state.attempt_number,
            state.upcoming_sleep,
            self.redact(str(error)),
        )

    def _send(self, request: Outgoing, url: str, headers: Mapping[str, str], what: str, write: bool) -> Answer:
        if write:
            pass_gate()
        started = time.monotonic()
        status = size = 0
        try:
            with self._session.request(
                request.method,
                url,
                data=request.body or None,
                headers=dict(headers),
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as reply:
                status = reply.status_code
                body = self._body(reply, what, write)
                size = len(body)
                return Answer(status, reply.headers, body, reply.cookies.get_dict())
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise http_errors.network_error(error, what, write, self.redact) from None
        finally:
            seconds = time.monotonic() - started
            self.calls.called(request.shown, len(request.body), size, seconds)
            log.debug(
                "http.call connection=%s method=%s path=%s status=%d sent=%d bytes=%d ms=%.0f",
                self.name,
                request.method,
                self.redact(request.shown),
                status,
                len(request.body),
                size,
                seconds * 1000,
            )

    def _body(self, reply: requests.Response, what: str, write: bool) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in reply.iter_content(_CHUNK):
            size += len(chunk)
            if size > self._limit:
                raise http_errors.distrust(
                    what,
                    f"the answer is larger than max_body_bytes ({self._limit:,} bytes)",
                    "raise max_body_bytes of this connection if such answers are right, or lower its page size",
                    "body-too-large",
                    write,
                )
            chunks.append(chunk)
        return b"".join(chunks)


class _Cookies(RequestsCookieJar):
    """A jar that one thread may read while another one stores what an answer brought."""

    def __iter__(self) -> Iterator[Cookie]:  # type: ignore[override]
        with self._cookies_lock:  # type: ignore[attr-defined]
            return iter(list(super().__iter__()))


def _hosts(name: str, given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
        raise ConfigurationError(
            f"connection `{name}`",
            "allowed_hosts must be a list of host names",
            "write it as [files.example.com, '*.example.com']",
            code="connection-settings",
        )
    return given


def _ca_file(name: str, path: object) -> bool | str:
    if not path:
        return True
    if not Path(str(path)).is_file():
        raise ConfigurationError(
            f"connection `{name}`", f"ca_file {path} does not exist", "correct the path", code="ca-file"
        )
    return str(path)

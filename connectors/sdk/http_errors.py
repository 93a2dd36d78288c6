"""What a failed call means: which error, by what failed and whether the call writes."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import requests
import urllib3

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

_AWAY = (500, 502, 503, 504)


class StartOverError(RetryableError):
    """The same call would never be answered: whoever walks a list begins it again, and the client does not repeat it."""


class TransientProtocolError(ProtocolError):
    """A broken answer to a read: worth another try, fatal when every try breaks."""


def judge_status(status: int, headers: Mapping[str, str], what: str, write: bool) -> None:
    """Raise what an HTTP status other than 2xx means."""
    if 200 <= status < 300:
        return
    after = retry_after(headers)
    why = f"HTTP {status}"
    if status == 429 or (status == 503 and after is not None):
        raise RetryableError(what, why, "the system asks for fewer calls", code="http-busy", after=after)
    if status in _AWAY:
        if write:
            raise unknown(what, why)
        raise RetryableError(what, why, "the system is away; it is tried again", code=f"http-{status}", after=after)
    if status in (401, 403, 407):
        raise AuthenticationError(what, why, "check credentials, rights and IP white list", code=f"http-{status}")
    if 300 <= status < 400:
        raise distrust(
            what,
            f"{why}: sent elsewhere, as for a login page",
            "check base_url, and whether a proxy or single sign-on stands before the system",
            "http-redirect",
            write,
        )
    raise ProtocolError(what, why, "check base_url: the system does not know this path", code=f"http-{status}")


def not_json(what: str, headers: Mapping[str, str], body: bytes, write: bool) -> TongmaiError:
    """The error for an answer that should be JSON and is not."""
    kind = headers.get("Content-Type", "no content type")
    if body[:60].strip()[:1] == b"<":
        why = f"JSON is expected, got a web page ({kind})"
        hint = "check base_url, and whether a proxy or login page stands before the system"
    else:
        why = f"the answer is not whole JSON ({len(body):,} bytes, {kind})"
        hint = "if it stays so, ask the system's operator"
    return distrust(what, why, hint, "not-json", write)


def network_error(error: Exception, what: str, write: bool, redact: Redactor) -> TongmaiError:
    """What a call without an answer means, by whether the request can have reached the system."""
    why = _network_reason(error)
    if isinstance(error, requests.exceptions.SSLError) and not isinstance(error, requests.exceptions.ReadTimeout):
        return FatalError(
            what,
            f"no trusted TLS connection: {redact(_innermost(error))[:200]}",
            "name the CA's PEM file in the setting ca_file; verification cannot be switched off",
            code="tls",
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return RetryableError(what, "the proxy cannot be reached or refused", "check the setting proxy", code="proxy")
    if _never_sent(error):
        return RetryableError(what, why, "check that the system is up and base_url is right", code="unreachable")
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return ConfigurationError(what, "base_url is not a usable address", "correct it", code="bad-url")
    if write:
        return unknown(what, why)
    return RetryableError(what, why, "it is tried again", code="interrupted")


def unknown(what: str, why: str) -> OutcomeUnknownError:
    """The error for a write without a trustworthy answer."""
    return OutcomeUnknownError(what, f"{why}, after the write was sent", "look the record up before trying again")


def distrust(what: str, why: str, next_step: str, code: str, write: bool) -> TongmaiError:
    """The error for an answer that cannot be trusted."""
    if write:
        return OutcomeUnknownError(what, why, "look the record up before trying again", code=code)
    if code == "not-json":
        return TransientProtocolError(what, why, next_step, code=code)
    return ProtocolError(what, why, next_step, code=code)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of a ``Retry-After`` header; None when there is none that can be read."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now()).total_seconds()) if value else None
    except (ValueError, TypeError):
        return None


def _never_sent(error: Exception) -> bool:
    """True when no connection came about, so the system cannot have seen the request."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    inner: BaseException | None = error
    for _ in range(6):
        if isinstance(inner, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.NameResolutionError)):
            return True
        inner = _nested(inner) if inner is not None else None
    return False


def _nested(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    return next((arg for arg in error.args if isinstance(arg, BaseException)), None)


def _network_reason(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection within connect_timeout"
    if isinstance(error, requests.exceptions.ReadTimeout) or "timed out" in str(error):
        return "no answer within read_timeout"
    if _never_sent(error):
        return "connection refused, or the host is not known"
    return "the connection broke before the answer was whole"


def _innermost(error: BaseException) -> str:
    while (inner := _nested(error)) is not None:
        error = inner
    return str(error)

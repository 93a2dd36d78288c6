"""What goes wrong in a request, in the house's form and the reader's language."""

from __future__ import annotations

from typing import Any

from tongmai.core.codes import explain
from tongmai.core.errors import ConfigurationError, RetryableError, TongmaiError
from tongmai.core.text import Text


class ApiError(TongmaiError):
    """A request that cannot be served: ``status`` of HTTP, and what, why, what next in both languages."""

    default_code = "api-failed"

    def __init__(
        self, status: int, what: Text, why: Text, step: Text, *, code: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(what.en, why.en, step.en, code=code)
        self.status = status
        self.said = (what, why, step)
        self.headers = headers or {}


_STATUS = {"not-found": 404, "too-many-records": 422, "no-quality-run": 404, "no-override": 404, "no-version-then": 404}
"""Errors from deeper inside that the caller's own words bring about."""


def status_of(error: TongmaiError) -> int:
    """The status of any deliberate error."""
    if isinstance(error, ApiError):
        return error.status
    if isinstance(error, RetryableError):
        return 503
    if error.code in _STATUS:
        return _STATUS[error.code]
    return 422 if isinstance(error, ConfigurationError) else 500


def told(error: TongmaiError, language: str) -> dict[str, Any]:
    """The body of an answer. Errors from deeper inside have English sentences; their code is explained in both."""
    meaning = explain(error.code)
    if isinstance(error, ApiError):
        what, why, step = (text.in_language(language) for text in error.said)
    else:
        what, why, step = error.what, error.why, error.next_step
    body = {"code": error.code, "what": what, "why": why, "next": step}
    return {"error": {**body, "meaning": meaning.in_language(language) if meaning else ""}}


def language_of(accepted: str) -> str:
    """``zh`` or ``en`` from an Accept-Language header; English where neither is asked for."""
    best, weight = "en", 0.0
    for part in accepted.lower().split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            own = float(quality) if quality else 1.0
        except ValueError:
            own = 0.0
        if own > weight and name[:2] in ("zh", "en"):
            best, weight = name[:2], own
    return best

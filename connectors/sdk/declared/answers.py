"""What an answer means: the manifest's error table, then the HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.sdk.declared.model import ErrorRule, Meaning
from connectors.sdk.declared.texts import ANSWER
from connectors.sdk.expression import Expression, compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.http_errors import StartOverError
from connectors.sdk.lazy import plain
from tongmai.core.errors import (
    AuthenticationError,
    FatalError,
    OutcomeUnknownError,
    RecordError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

_LONGEST_TEXT = 300


class TokenRefusedError(AuthenticationError):
    """The system does not take this token (any more)."""


class CursorDeadError(StartOverError):
    """A page cursor is no longer known: the list has to be read from its beginning."""


class GoneError(RemoteRefusedError):
    """The record is not there (any more)."""


class ExistsError(RemoteRefusedError):
    """A record with our key is there already."""


@dataclass(frozen=True)
class _Row:
    means: Meaning
    when: Expression
    code: Expression | None
    text: Expression | None
    wait: Expression | None


class ErrorTable:
    """The compiled error table of one connector."""

    def __init__(self, connector: str, rules: Sequence[ErrorRule], names: frozenset[str], wait: float) -> None:
        self._connector = connector
        self._wait = wait
        allowed = ANSWER | names
        compiled = [
            _Row(
                rule.means,
                compile_expression(rule.when, allowed),
                *(compile_expression(text, allowed) if text else None for text in (rule.code, rule.text, rule.wait)),
            )
            for rule in rules
        ]
        self._rows = compiled

    def judge(self, what: str, scope: dict[str, Any], write: bool) -> TongmaiError | bool | None:
        """The error an answer stands for; None when a rule says ``ok``; False when no rule holds."""
        for row in self._rows:
            if row.when(scope):
                return None if row.means == "ok" else self._error(row, what, scope, write)
        return False

    def _error(self, row: _Row, what: str, scope: dict[str, Any], write: bool) -> TongmaiError:
        status = scope["status"]
        number = _text(row.code(scope)) if row.code else str(status)
        words = _text(row.text(scope)) if row.text else ""
        why = " ".join(part for part in (f"HTTP {status}" if status >= 300 else "", number, words) if part)
        code = f"{self._connector}-{number}"[:80]
        match row.means:
            case "token-expired":
                return TokenRefusedError(what, why, "check credentials and rights", code=code)
            case "denied":
                return AuthenticationError(what, why, "check credentials, rights and IP white list", code=code)
            case "slow-down":
                asked = _seconds(row.wait(scope)) if row.wait else None
                after = self._wait if asked is None else asked
                return RetryableError(what, why, "the vendor's call limit; it is tried again", code=code, after=after)
            case "quota-gone":
                return FatalError(
                    what, why, "the account's quota is used up: wait until it is back, or buy more", code=code
                )
            case "away":
                if write:
                    return OutcomeUnknownError(what, why, "look the record up before trying again", code=code)
                return RetryableError(what, why, "it is tried again", code=code)
            case "cursor-dead":
                return CursorDeadError(what, why, "the list is read again from its beginning", code=code)
            case "gone":
                return GoneError(what, why, "the record is not in the system (any more)", code=code)
            case "exists":
                return ExistsError(what, why, "a record with our key is there", code=code)
        if write:
            return RemoteRefusedError(what, why, "mend the record or the mapping, then replay it", code=code)
        return FatalError(
            what, why, "check the request in the manifest and the connection's settings and rights", code=code
        )


def row_error(
    what: str, code: Any, text: Any, connector: str, kind: type[RecordError] = RemoteRefusedError
) -> RecordError:
    """The refusal of one row of a batch."""
    number = _text(code) or "refused"
    why = f"{number} {_text(text)}".strip()
    return kind(what, why, "mend the record or the mapping, then replay it", code=f"{connector}-{number}"[:80])


def _text(value: Any) -> str:
    if value is None:
        return ""
    return as_text(plain(value))[:_LONGEST_TEXT]


def _seconds(value: Any) -> float | None:
    try:
        return max(0.0, float(as_text(value)))
    except ValueError:
        return None

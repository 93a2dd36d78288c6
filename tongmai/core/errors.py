"""Every error the hub raises on purpose, grouped by what to do next.

::

    TongmaiError                 what failed, why, what to do next
    ├── ConfigurationError       a file or a setting is wrong: mend it, nothing was started
    ├── RecordError              one record is wrong: it goes to quarantine, its neighbours go on
    │   └── RemoteRefusedError   the target refused this record
    ├── RetryableError           the other side is busy or away: try again, ``after`` seconds if it said so
    ├── OutcomeUnknownError      a write may or may not have been taken: look up before trying again
    └── FatalError               stop the run: retrying cannot help
        ├── AuthenticationError  credentials refused
        ├── ProtocolError        the answer is not what the system promises (truncated, wrong shape)
        └── StateError           our own database or state folder is not as it must be
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tongmai.core.finding import Finding


class TongmaiError(Exception):
    """Base of all deliberate errors.

    ``what`` names system, stream and key; ``why`` says what came and what is allowed; ``next_step`` what to do.
    ``code`` is a stable kebab-case word for machines. Never put a secret or a whole payload in any of them.
    """

    default_code = "error"

    def __init__(self, what: str, why: str = "", next_step: str = "", *, code: str = "") -> None:
        super().__init__(what, why, next_step)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.code = code or self.default_code

    def __str__(self) -> str:
        text = self.what
        if self.why:
            text += f": {self.why}"
        if self.next_step:
            text += f". Next: {self.next_step}"
        return text


class ConfigurationError(TongmaiError):
    """A file or a setting is wrong. ``findings`` lists every mistake found, not only the first."""

    default_code = "configuration"

    def __init__(
        self,
        what: str,
        why: str = "",
        next_step: str = "",
        *,
        code: str = "",
        findings: Sequence[Finding] = (),
    ) -> None:
        super().__init__(what, why, next_step, code=code)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        head = super().__str__()
        return "\n".join([head, *(f.render() for f in self.findings)]) if self.findings else head


class RecordError(TongmaiError):
    """One record cannot go on; it is kept in quarantine with this reason."""

    default_code = "bad-record"


class RemoteRefusedError(RecordError):
    """The target system understood the write and refused it."""

    default_code = "remote-refused"


class RetryableError(TongmaiError):
    """The other side is busy or away. ``after``: seconds it asked us to wait, if it said so."""

    default_code = "retryable"

    def __init__(
        self, what: str, why: str = "", next_step: str = "", *, code: str = "", after: float | None = None
    ) -> None:
        super().__init__(what, why, next_step, code=code)
        self.after = after


class OutcomeUnknownError(TongmaiError):
    """A write was sent and no trustworthy answer came: it may have been taken."""

    default_code = "outcome-unknown"


class FatalError(TongmaiError):
    """Stop the run; retrying cannot help."""

    default_code = "fatal"


class AuthenticationError(FatalError):
    """Credentials were refused."""

    default_code = "authentication"


class ProtocolError(FatalError):
    """The answer is not what the system promises: truncated, wrong content type, wrong shape."""

    default_code = "protocol"


class StateError(FatalError):
    """Our own database or state folder is not as it must be."""

    default_code = "state"

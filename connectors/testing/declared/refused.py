"""What a declared simulator does not do."""

from __future__ import annotations


class RefusedError(Exception):
    """``kind`` is a member of ``Answers``."""

    def __init__(self, kind: str, code: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.message = message

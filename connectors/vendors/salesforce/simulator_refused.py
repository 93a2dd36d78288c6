"""What the simulated system refuses."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """An answer that says no: ``code`` as errorCode, with the fields it is about."""

    def __init__(self, code: str, message: str, status: int = 400, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.fields = code, message, status, fields

    def body(self) -> list[dict[str, Any]]:
        """The array that a whole answer consists of."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return [{**error, "fields": list(self.fields)}] if self.fields else [error]

    def row(self) -> dict[str, Any]:
        """The form in a list of outcomes, where the code has another name."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

"""Tokens of the API: made, shown once, kept as a hash, looked up, revoked."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from masterdata.store import Cursor
from tongmai.api.scope import Scope, from_json
from tongmai.core.errors import ConfigurationError

PREFIX = "tm"
_COLUMNS = "id, name, scope, rate, created_by, created_at, until, used_at, revoked_at, revoked_by, hash"


@dataclass(frozen=True)
class Token:
    """Who calls. ``rate``: requests a minute, 0 for as many as come."""

    id: str
    name: str
    scope: Scope
    rate: int
    created_by: str
    created_at: datetime
    until: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str

    def state(self, now: datetime) -> str:
        """``open``, ``revoked`` or ``over``."""
        if self.revoked_at is not None:
            return "revoked"
        return "over" if self.until <= now else "open"

    def as_json(self, now: datetime) -> dict[str, Any]:
        """For ``tongmai api token list``."""
        return {
            "id": self.id, "name": self.name, "state": self.state(now), **self.scope.as_json(), "rate": self.rate,
            "until": self.until, "used_at": self.used_at, "created_by": self.created_by, "created_at": self.created_at,
            "revoked_at": self.revoked_at, "revoked_by": self.revoked_by,
        }  # fmt: skip


def create(cursor: Cursor, name: str, scope: Scope, until: datetime, by: str, rate: int) -> str:
    """A new token; its text is returned here and never again. 256 random bits need no slow hash."""
    cursor.execute("select 1 from hub.api_token where name = %s and revoked_at is null", (name,))
    if cursor.fetchone():
        raise ConfigurationError(
            f"token `{name}`", "one of that name is there already", "revoke it first, or choose another name", code="token-exists"
        )  # fmt: skip
    number, secret = secrets.token_hex(5), secrets.token_urlsafe(32)

    cursor.execute(
        """insert into hub.api_token (id, name, hash, scope, rate, created_by, until) values (%s, %s, %s, %s, %s, %s, %s)""",
        (number, name, _hash(secret), orjson.dumps(scope.as_json()).decode(), rate, by, until),
    )
    return f"{PREFIX}_{number}_{secret}"


def find(cursor: Cursor, text: str) -> Token | None:
    """The token of this text, revoked ones and those that are over too; None where there is none."""
    prefix, _, rest = text.partition("_")
    number, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret or "\0" in number:
        return None
    cursor.execute(f"select {_COLUMNS} from hub.api_token where id = %s", (number,))
    row = cursor.fetchone()
    if row is None or not hmac.compare_digest(bytes(row[-1]), _hash(secret)):
        return None
    return _token(row)


def every(cursor: Cursor) -> list[Token]:
    """All of them, the newest first."""
    cursor.execute(f"select {_COLUMNS} from hub.api_token order by created_at desc, id")
    return [_token(row) for row in cursor]


def any_open(cursor: Cursor) -> bool:
    """Whether somebody may call."""
    cursor.execute("select exists (select 1 from hub.api_token where revoked_at is null and until > now())")
    row = cursor.fetchone()
    return bool(row and row[0])


def revoke(cursor: Cursor, name: str, by: str) -> str:
    """End the token of this name or id at once; returns its name."""
    cursor.execute(
        """update hub.api_token set revoked_at = now(), revoked_by = %s
            where revoked_at is null and (name = %s or id = %s) returning name""",
        (by, name, name),
    )
    row = cursor.fetchone()
    if row is None:
        raise ConfigurationError(
            f"token `{name}`", "none of that name or id is open", "see `tongmai api token list`", code="no-token"
        )
    return str(row[0])


def used(cursor: Cursor, number: str) -> None:
    """Note the time of use."""
    cursor.execute("update hub.api_token set used_at = now() where id = %s", (number,))


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _token(row: tuple[Any, ...]) -> Token:
    return Token(row[0], row[1], from_json(row[2]), *row[3:-1])

"""Access tokens in the hub database, sealed by a key that only the holder of the credentials can make."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.sdk.token import Token, TokenKey
from masterdata.store.lease import Leases
from tongmai.core.errors import RetryableError, StateError
from tongmai.sync.shared.line import Connection, Line

PATIENCE = 120.0
"""Seconds somebody waits for another process that is fetching a token of the same credentials."""
_NONCE = 12


class SharedTokens:
    """One token for all processes; fetched by one at a time, under a lease that ends with its holder."""

    durable = True

    def __init__(self, line: Line) -> None:
        self._line = line
        self._leases: Leases | None = None
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._seen: dict[str, Token] = {}

    def load(self, key: TokenKey) -> Token | None:
        """The token as this process saw it last, or as the database has it. Under ``lock``: as the database has it."""
        token = self._seen.get(key.name)
        if token is not None and token.expires > time.time() + 120:
            return token
        rows = self._line.run("select sealed, expires from hub.token where name = %s", (key.name,))
        if not rows:
            return None
        token = _opened(key, bytes(rows[0][0]), float(rows[0][1]))
        self._seen[key.name] = token
        return token

    def save(self, key: TokenKey, token: Token) -> None:
        """Returns when the token is on disk. Raises when another process has taken over the right to fetch it."""
        sealed = _sealed(key, token)

        def store(connection: Connection) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute("set local synchronous_commit = on")
                if self._leases is not None:
                    self._leases.guard(cursor)
                cursor.execute(
                    """insert into hub.token (name, sealed, expires) values (%s, %s, %s)
                       on conflict (name) do update
                          set sealed = excluded.sealed, expires = excluded.expires, updated = clock_timestamp()""",
                    (key.name, sealed, token.expires),
                )

        self._line.use(store)
        self._seen[key.name] = token

    def lock(self, key: TokenKey) -> Iterator[None]:
        """Held by one thread of one process; ends when that process dies."""
        name = f"token:{key.name}"
        with self._guard:
            local = self._locks.setdefault(key.name, threading.Lock())
        with local:
            leases = self._open_leases()
            try:
                if not leases.acquire(name, PATIENCE):
                    raise RetryableError(
                        "shared tokens",
                        f"another process has been fetching this token for {PATIENCE:.0f} s",
                        "run it again; if it stays so, look for a run that hangs",
                        code="token-busy",
                    )
            except psycopg.Error as error:
                raise RetryableError(
                    "hub database",
                    f"shared tokens cannot be reached: {str(error).strip().splitlines()[0]}",
                    "is PostgreSQL running? Nothing was called; run it again",
                    code="database-away",
                ) from None
            self._seen.pop(key.name, None)
            try:
                yield
            finally:
                leases.release(name)

    def close(self) -> None:
        """Give back what is held."""
        with self._guard:
            if self._leases is not None:
                self._leases.close()
            self._leases = None

    def _open_leases(self) -> Leases:
        with self._guard:
            if self._leases is None:
                self._leases = Leases(self._line.url)
            return self._leases


def _cipher(key: TokenKey) -> AESGCM:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"tongmai token store").derive(key.secret)
    return AESGCM(derived)


def _sealed(key: TokenKey, token: Token) -> bytes:
    plain = json.dumps([token.value, token.serial, dict(token.parts)]).encode()
    nonce = os.urandom(_NONCE)
    return nonce + _cipher(key).encrypt(nonce, plain, key.name.encode())


def _opened(key: TokenKey, sealed: bytes, expires: float) -> Token:
    try:
        plain = _cipher(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], key.name.encode())
    except InvalidTag:
        raise StateError(
            "shared tokens",
            "a token in hub.token was not sealed with the credentials whose name it bears",
            f"delete the row {key.name[:12]}… from hub.token; it is fetched again",
            code="token-sealed",
        ) from None
    value, serial, parts = json.loads(plain)
    return Token(value, expires, tuple(sorted(parts.items())), serial)

"""Access tokens: kept until shortly before they expire, fetched by one caller at a time.

Where tokens are kept is a port. The process-local one here serves a single worker; a shared one can take its place with
``use``.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the second (``time.time()``) it expires. ``parts``: what else came with it, as a tenant id."""

    value: str = field(repr=False)
    expires: float
    parts: tuple[tuple[str, str], ...] = ()

    def part(self, name: str) -> str:
        """A part by name; empty when it did not come."""
        return dict(self.parts).get(name, "")


class TokenStore(Protocol):
    """Keeps tokens by key; ``lock`` is held while one is fetched, by one caller anywhere the store reaches."""

    def load(self, key: str) -> Token | None: ...

    def save(self, key: str, token: Token) -> None: ...

    def lock(self, key: str) -> Iterator[None]:
        """A generator used as a context manager."""
        ...


class ProcessTokens:
    """Tokens of this process, shared by all its threads and connections."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def load(self, key: str) -> Token | None:
        return self._tokens.get(key)

    def save(self, key: str, token: Token) -> None:
        self._tokens[key] = token

    def lock(self, key: str) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield


_store: TokenStore = ProcessTokens()


def use(store: TokenStore) -> None:
    """Keep tokens in another store from now on."""
    global _store  # the one place where the process chooses its store
    _store = store


class TokenCache:
    """The token of one set of credentials.

    ``identity`` names them (address, app, secret): its hash is the key in the store. ``fetch`` asks the vendor. A token
    is renewed ``skew`` seconds before it expires.
    """

    def __init__(
        self,
        identity: tuple[str, ...],
        fetch: Callable[[], Token],
        *,
        skew: float = 60,
        clock: Callable[[], float] = time.time,
        store: TokenStore | None = None,
    ) -> None:
        self._key = hashlib.sha256("\x1f".join(identity).encode()).hexdigest()
        self._fetch = fetch
        self._skew = skew
        self._clock = clock
        self._store = store or _store

    def get(self) -> Token:
        """A token that is not about to expire."""
        token = self._store.load(self._key)
        return token if token is not None and self._good(token) else self._renew("")

    def refresh(self, refused: str) -> Token:
        """A token after the vendor refused ``refused``: another caller's newer one if there is one, else a fresh one."""
        return self._renew(refused)

    def _renew(self, refused: str) -> Token:
        with contextmanager(self._store.lock)(self._key):
            token = self._store.load(self._key)
            if token is not None and self._good(token) and token.value != refused:
                return token
            token = self._fetch()
            self._store.save(self._key, token)
            return token

    def _good(self, token: Token) -> bool:
        return self._clock() < token.expires - self._skew

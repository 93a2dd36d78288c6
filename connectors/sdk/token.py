"""Access tokens: kept until shortly before they expire, fetched by one caller at a time.

Where tokens are kept is a port. The process-local one here serves a single process; a shared one can take its place with
``use``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the second (``time.time()``) it expires. ``parts``: what else came with it, as a tenant id.

    ``serial`` names one fetch: a vendor may hand out the same value again.
    """

    value: str = field(repr=False)
    expires: float
    parts: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    serial: str = ""

    def part(self, name: str) -> str:
        """A part by name; empty when it did not come."""
        return dict(self.parts).get(name, "")


class TokenKey:
    """Names the tokens of one set of credentials (``identity``: kind, address, app, secret) without telling them.

    ``name`` may be seen; ``secret`` (32 bytes) encrypts what is kept. Both come from the credentials by a slow function, so
    that neither a name nor a stolen table lets weak credentials be guessed quickly.
    """

    def __init__(self, identity: tuple[str, ...]) -> None:
        self._identity = identity

    @property
    def name(self) -> str:
        """64 hexadecimal digits."""
        return hmac.new(_slow(self._identity), b"name", hashlib.sha256).hexdigest()

    @property
    def secret(self) -> bytes:
        """Material for a key, only for whoever holds the credentials."""
        return hmac.new(_slow(self._identity), b"secret", hashlib.sha256).digest()


@lru_cache(maxsize=256)
def _slow(identity: tuple[str, ...]) -> bytes:
    joined = "\x1f".join(identity).encode()
    return hashlib.scrypt(joined, salt=b"tongmai token", n=2**14, r=8, p=1, dklen=32)


class TokenStore(Protocol):
    """Keeps tokens, also expired ones; ``lock`` is held while one is fetched, by one caller anywhere the store reaches."""

    durable: bool
    """A token saved is still there after this process has died."""

    def load(self, key: TokenKey) -> Token | None: ...

    def save(self, key: TokenKey, token: Token) -> None: ...

    def lock(self, key: TokenKey) -> Iterator[None]:
        """A generator used as a context manager."""
        ...


class ProcessTokens:
    """Tokens of this process, shared by all its threads and connections."""

    durable = False

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def load(self, key: TokenKey) -> Token | None:
        return self._tokens.get(key.name)

    def save(self, key: TokenKey, token: Token) -> None:
        self._tokens[key.name] = token

    def lock(self, key: TokenKey) -> Iterator[None]:
        with self._guard:
            lock = self._locks.setdefault(key.name, threading.Lock())
        with lock:
            yield


_store: TokenStore = ProcessTokens()


def use(store: TokenStore) -> TokenStore:
    """Keep tokens in another store from now on; gives the one before."""
    global _store  # the one place where the process chooses its store
    before, _store = _store, store
    return before


def in_use() -> TokenStore:
    """Where tokens are kept."""
    return _store


RENEWALS = 2
"""How often a call renews a token that is refused. Two, not one: with several processes, or a vendor that ends sessions at
random, a new token can be refused as well without anything being wrong. Not more: accounts are locked for many logins."""


class TokenCache:
    """The token of one set of credentials.

    ``identity`` names them (address, app, secret). ``fetch`` asks the vendor; it is given the token before (expired or
    refused), or None. A token is renewed ``skew`` seconds before it expires, a short-lived one at half its time.
    """

    def __init__(
        self,
        identity: tuple[str, ...],
        fetch: Callable[[Token | None], Token],
        *,
        skew: float = 60,
        clock: Callable[[], float] = time.time,
        store: TokenStore | None = None,
    ) -> None:
        self.key = TokenKey(identity)
        self._fetch = fetch
        self._skew = skew
        self._clock = clock
        self._chosen = store

    @property
    def store(self) -> TokenStore:
        """Where the token is kept."""
        return self._chosen or _store

    def get(self) -> Token:
        """A token that is not about to expire."""
        token = self.store.load(self.key)
        return token if token is not None and self._good(token) else self._renew("")

    def refresh(self, refused: str) -> Token:
        """A token after the vendor refused the one of this serial: another caller's newer one if there is one, else a fresh one."""
        return self._renew(refused)

    def spend(self, call: Callable[[Token], T], refused: type[Exception]) -> T:
        """The answer of a call with a token; one that is ``refused`` is renewed, ``RENEWALS`` times at most. Then it raises."""
        token = self.get()
        for _ in range(RENEWALS):
            try:
                return call(token)
            except refused:
                token = self.refresh(token.serial)
        return call(token)

    def _renew(self, refused: str) -> Token:
        with contextmanager(self.store.lock)(self.key):
            token = self.store.load(self.key)
            if token is not None and self._good(token) and token.serial != refused:
                return token
            fresh = replace(self._fetch(token), serial=secrets.token_hex(8))
            left = fresh.expires - self._clock()
            if left < 2 * self._skew:
                fresh = replace(fresh, expires=fresh.expires - left / 2 + self._skew)
            # Kept before it is used: a single-use refresh token beside it must not be lost.
            self.store.save(self.key, fresh)
            return fresh

    def _good(self, token: Token) -> bool:
        return self._clock() < token.expires - self._skew

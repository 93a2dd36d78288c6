"""Without a hub database: the process's own tokens and limits, and one word about it once one of them is really used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from connectors.sdk import quota, token
from connectors.sdk.quota import Ask, Bucket, Priority, Quota, Taken
from connectors.sdk.token import Token, TokenKey, TokenStore


@contextmanager
def alone(tell: Callable[[], None]) -> Iterator[None]:
    """Within, ``tell`` is called once, when a token is fetched or a limited call is made; never when neither happens."""
    told = False

    def once() -> None:
        nonlocal told
        if not told:
            told = True
            tell()

    tokens, counted = token.in_use(), quota.in_use()
    token.use(_Tokens(tokens, once))
    quota.use(_Quota(counted, once))
    try:
        yield
    finally:
        token.use(tokens)
        quota.use(counted)


class _Tokens:
    def __init__(self, inner: TokenStore, once: Callable[[], None]) -> None:
        self._inner, self._once = inner, once
        self.durable = inner.durable

    def load(self, key: TokenKey) -> Token | None:
        return self._inner.load(key)

    def save(self, key: TokenKey, token: Token) -> None:
        self._once()
        self._inner.save(key, token)

    def lock(self, key: TokenKey) -> Iterator[None]:
        yield from self._inner.lock(key)


class _Quota:
    def __init__(self, inner: Quota, once: Callable[[], None]) -> None:
        self._inner, self._once = inner, once

    def take(self, asks: Sequence[Ask], priority: Priority) -> Taken:
        if asks:
            self._once()
        return self._inner.take(asks, priority)

    def give_back(self, slots: Sequence[str]) -> None:
        self._inner.give_back(slots)

    def hold(self, buckets: Sequence[Bucket], seconds: float) -> None:
        self._inner.hold(buckets, seconds)

    def forecast(self, bucket: Bucket, calls: int, priority: Priority) -> float:
        return self._inner.forecast(bucket, calls, priority)

"""The limits of one connection: waits until a call may be made, and tells everyone what the vendor asked for."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Protocol

from connectors.sdk import quota
from connectors.sdk.functions import as_text
from connectors.sdk.http_calls import Calls
from connectors.sdk.limit import EACH, Limit
from connectors.sdk.moment import zone
from connectors.sdk.places import filling
from connectors.sdk.quota import Ask, Bucket, Priority, Taken, current_priority
from connectors.sdk.settings import CONNECTION_NAME
from connectors.sdk.token import TokenKey
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError, RetryableError

LONGEST_WAIT = 300.0
"""Seconds a call waits at most for room in the vendor's window; where that lasts longer, the run ends and comes back."""
_POLL = 5.0
log = logging.getLogger("tongmai.quota")


class _Setting(Protocol):
    type: str
    from_connection: str


class _Manifest(Protocol):
    """What is needed of a manifest."""

    connector: str
    account: tuple[str, ...]
    limits: tuple[Limit, ...]

    @property
    def connection(self) -> Mapping[str, Any]: ...


def account(manifest: _Manifest, settings: Mapping[str, Any]) -> str:
    """A name for the vendor account behind a connection: two connections with one account share its limits.

    Which settings tell accounts apart, the manifest says (``account``); else the address, the login and every secret.
    """
    names = manifest.account or tuple(
        name
        for name, setting in manifest.connection.items()
        if setting.type == "secret" or setting.from_connection in ("host", "login")
    )
    values = (f"{name}={as_text(settings.get(name))}" for name in sorted(names))
    return TokenKey(("account", manifest.connector, *values)).name[:32]


class Limits:
    """Made from the manifest's ``limits`` and the connection's settings. Several threads may use it at once."""

    def __init__(
        self,
        manifest: _Manifest,
        settings: Mapping[str, Any],
        calls: Calls,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = str(settings.get(CONNECTION_NAME) or manifest.connector)
        self._limits = manifest.limits
        self._settings = settings
        self._calls = calls
        self._account = account(manifest, settings) if manifest.limits else ""
        self._sleep = sleep

    @contextmanager
    def call(self, path: str, **names: Any) -> Iterator[None]:
        """Wait until a call of this path may be made; within, it counts as under way."""
        slots = self.wait(path, **names)
        try:
            yield
        finally:
            if slots:
                quota.in_use().give_back(slots)

    def wait(self, path: str, **names: Any) -> tuple[str, ...]:
        """Wait until a call of this path may be made, and count it; gives the slots to be given back."""
        return self._taken(path, self.asks(path, **names))

    def count(self, path: str, **names: Any) -> None:
        """Wait until a call of this path may be made, and count it, however many are under way."""
        asks = [replace(ask, bucket=replace(ask.bucket, concurrent=0)) for ask in self.asks(path, **names)]
        self._taken(path, [ask for ask in asks if ask.bucket.calls])

    def _taken(self, path: str, asks: Sequence[Ask]) -> tuple[str, ...]:
        if not asks:
            return ()
        started = time.monotonic()
        rank = current_priority()
        longest = self._longest(asks)
        while True:
            taken: Taken = quota.in_use().take(asks, rank)
            if taken.wait <= 0:
                break
            if taken.wait > longest:
                raise self._used_up(path, asks, taken.wait)
            log.debug("quota.wait connection=%s path=%s priority=%s s=%.2f", self._connection, path, rank, taken.wait)
            self._sleep(min(taken.wait, _POLL) * random.uniform(1.0, 1.02))  # noqa: S311 (apart from each other)
        waited = time.monotonic() - started
        if waited > 0.001:
            self._calls.waited(path, waited)
        return taken.slots

    def _longest(self, asks: Sequence[Ask]) -> float:
        """Room in a window is waited for; what lasts longer than that is a pause the vendor asked for, and has its own bound."""
        windows = [ask.bucket.slot * ask.bucket.span + 2 * ask.bucket.guard for ask in asks if ask.bucket.calls]
        room = min(LONGEST_WAIT, max(windows, default=0.0) + quota.GRACE)
        return max(room, float(self._settings.get("longest_wait") or 0))

    def hold(self, path: str, seconds: float, **names: Any) -> None:
        """The vendor asked for fewer calls: nobody calls under the same limits for so long."""
        buckets = [ask.bucket for ask in self.asks(path, **names)]
        if buckets and seconds > 0:
            quota.in_use().hold(buckets, seconds)

    def forecast(self, path: str, calls: int, priority: Priority = "backfill", **names: Any) -> float:
        """Seconds that so many calls of a path take, when nobody else calls."""
        asks = self.asks(path, **names)
        return max((quota.in_use().forecast(a.bucket, calls * a.cost, priority) for a in asks), default=0.0)

    def counts(self, path: str, **names: Any) -> bool:
        """Whether calls of a path are counted at all."""
        return any(ask.bucket.calls for ask in self.asks(path, **names))

    def asks(self, path: str, **names: Any) -> list[Ask]:
        """What a call of a path takes, of which buckets."""
        asks = []
        for index, limit in enumerate(self._limits):
            if limit.paths and not any(fnmatchcase(path, pattern) for pattern in limit.paths):
                continue
            scope = {**self._settings, **names, "path": path}
            calls, concurrent = self._number(limit.calls, scope), self._number(limit.concurrent, scope)
            if not calls and not concurrent:
                continue
            cost = self._number(limit.cost, scope)
            if calls and cost > calls:
                raise ConfigurationError(
                    f"{self._connection}: {path}", f"one call costs {cost} of a limit of {calls}", code="bad-limit"
                )
            asks.append(Ask(self._bucket(limit, index, calls, concurrent, scope), cost))
        return asks

    def _bucket(self, limit: Limit, index: int, calls: int, concurrent: int, scope: Mapping[str, Any]) -> Bucket:
        each = {"connection": "", "path": str(scope["path"])}.get(limit.each)
        if each is None:
            each = as_text(filling(limit.each, frozenset(self._settings) | EACH)(scope))
        shift = (now().astimezone(zone(limit.zone)).utcoffset() or timedelta()).total_seconds() if limit.zone else 0.0
        return Bucket(
            f"{self._account}/{limit.name or index}/{each}",
            calls,
            float(limit.seconds),
            fixed=limit.window == "fixed",
            shift=-shift,
            concurrent=concurrent,
            share=limit.backfill,
        )

    def _number(self, value: int | str, scope: Mapping[str, Any]) -> int:
        if isinstance(value, int):
            return value
        text = as_text(filling(value, frozenset(self._settings) | EACH)(scope))
        if not text.isdigit():
            why = f"`{value}` gives `{text}`, which is no whole number"
            raise ConfigurationError(f"{self._connection}: limits", why, "correct the setting", code="bad-limit")
        return int(text)

    def _used_up(self, path: str, asks: Sequence[Ask], wait: float) -> RetryableError:
        limits = ", ".join(f"{a.bucket.calls} in {a.bucket.seconds:.0f} s" for a in asks if a.bucket.calls)
        return RetryableError(
            f"{self._connection}: {path}",
            f"the system asked for a pause, or the account's calls are used up ({limits}); the next one is free in {wait:.0f} s",
            "run it again after that, or ask the vendor for more",
            code="quota-used-up",
            after=wait if math.isfinite(wait) else None,
        )

"""Call limits in the hub database: one short statement for all buckets of a call, by the database's clock."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

from connectors.sdk.quota import GRACE, RANKS, SLOT_POLL, Ask, Bucket, Priority, State, Taken, forecast
from masterdata.store.lease import identity, provably_gone
from tongmai.core.errors import TongmaiError
from tongmai.sync.shared.line import Line

LEASE = 30.0
"""Seconds after which the slot of a process comes back that nobody has heard of."""
_LOOK_EVERY = 1.0
log = logging.getLogger("tongmai.quota")

_TAKE = """select wait, given from hub.quota_take(%s::text[], %s::int[], %s::float8[], %s::int[], %s::float8[],
  %s::float8[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int, %s::text, %s::float8, %s::float8, %s::float8)"""


class SharedQuota:
    """Counts the calls of every process with the same database."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._renewing: threading.Thread | None = None
        self._looked = 0.0

    def take(self, asks: Sequence[Ask], priority: Priority) -> Taken:
        buckets = [ask.bucket for ask in asks]
        if not buckets:
            return Taken(0.0)
        rows = self._line.run(
            _TAKE,
            (
                [each.name for each in buckets],
                [each.calls for each in buckets],
                [each.slot for each in buckets],
                [each.span for each in buckets],
                [each.shift for each in buckets],
                [each.guard for each in buckets],
                [ask.bucket.low_calls(ask.cost) for ask in asks],
                [each.concurrent for each in buckets],
                [each.low_concurrent for each in buckets],
                [ask.cost for ask in asks],
                RANKS[priority],
                identity() if any(each.concurrent for each in buckets) else "",
                LEASE,
                GRACE,
                SLOT_POLL,
            ),
        )
        wait, given = float(rows[0][0]), list(rows[0][1] or ())
        if given:
            self._keep(given)
        if wait > 0 and any(each.concurrent for each in buckets):
            self._free_the_dead(buckets)
        return Taken(wait, tuple(str(each) for each in given))

    def give_back(self, slots: Sequence[str]) -> None:
        """A database that is away gets them back when they run out."""
        numbers = [int(each) for each in slots]
        with self._lock:
            self._held.difference_update(numbers)
        try:
            self._line.run("delete from hub.quota_slot where id = any(%s)", (numbers,))
        except TongmaiError as error:
            log.warning("quota slots not given back, they run out by themselves: %s", error)

    def hold(self, buckets: Sequence[Bucket], seconds: float) -> None:
        self._line.run(
            """insert into hub.quota as q (bucket, held)
               select b, extract(epoch from clock_timestamp()) + %s::float8 from unnest(%s::text[]) b order by b
               on conflict (bucket) do update set held = greatest(q.held, excluded.held)""",
            (seconds, [each.name for each in buckets]),
        )

    def forecast(self, bucket: Bucket, calls: int, priority: Priority) -> float:
        rows = self._line.run(
            """select slots, taken, low, held, extract(epoch from clock_timestamp())::float8
                 from hub.quota where bucket = %s""",
            (bucket.name,),
        )
        if not rows:
            return forecast(State(), bucket, calls, priority, time.time())
        slots, taken, low, held, now = rows[0]
        state = State(dict(zip(slots, taken, strict=True)), dict(zip(slots, low, strict=True)), held)
        return forecast(state, bucket, calls, priority, now)

    def close(self) -> None:
        """Give back what is still held."""
        self._stop.set()
        if self._renewing is not None:
            self._renewing.join(LEASE)
        if self._held:
            self.give_back([str(each) for each in self._held])

    def _keep(self, given: Sequence[int]) -> None:
        with self._lock:
            self._held.update(given)
            if self._renewing is None:
                self._renewing = threading.Thread(target=self._renew, name="quota slots", daemon=True)
                self._renewing.start()

    def _renew(self) -> None:
        while not self._stop.wait(LEASE / 3):
            with self._lock:
                held = list(self._held)
            if not held:
                continue
            try:
                self._line.run(
                    "update hub.quota_slot set until = clock_timestamp() + %s * interval '1 second' where id = any(%s)",
                    (LEASE, held),
                )
            except TongmaiError as error:
                log.warning("quota slots not renewed: %s", error)

    def _free_the_dead(self, buckets: Sequence[Bucket]) -> None:
        """A process of this machine that was killed need not be waited for."""
        if time.monotonic() < self._looked + _LOOK_EVERY:
            return
        self._looked = time.monotonic()
        names = [each.name for each in buckets if each.concurrent]
        rows = self._line.run("select id, holder from hub.quota_slot where bucket = any(%s)", (names,))
        gone = [number for number, holder in rows if provably_gone(holder)]
        if gone:
            self._line.run("delete from hub.quota_slot where id = any(%s)", (gone,))

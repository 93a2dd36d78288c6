"""Deliver a target's outbox: decide, freeze, write, book. Ordered per entity; nothing is sent twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from connectors.sdk import RemoteRecord, Writer, Written
from masterdata.golden import write as golden
from masterdata.store import Cursor
from tongmai.core.errors import OutcomeUnknownError, RemoteRefusedError, RetryableError, TongmaiError
from tongmai.core.failpoint import reach
from tongmai.sync import outcome as book
from tongmai.sync import targets
from tongmai.sync.echo import TargetState
from tongmai.sync.plan import Parcel, Route, plan

BATCH = 200
CHUNK = 25
ATTEMPTS = 4
log = logging.getLogger("tongmai.deliver")

_CLAIM = """
select distinct on (entity_id) id, entity_id, state, attempts, operation, remote_key, payload, whole, values, idempotency_key
  from hub.outbox where target = %s and not id = any(%s) and state <> 'waiting' order by entity_id, id
"""


@dataclass
class Delivery:
    """One target being served in one run. The caller holds the target's lock, so nobody else writes to it."""

    route: Route
    writer: Writer
    tried: set[int] = field(default_factory=set)

    def drain(self) -> Iterator[int]:
        """Serve the outbox until nothing more can be done now; yields how many rows were taken so far.

        Raises the error that stopped it when the target is away; what was not served stays in the outbox.
        """
        taken = 0
        while parcels := self._claim():
            taken += len(parcels)
            self.tried.update(parcel.outbox_id for parcel in parcels)
            self._serve(parcels)
            yield taken

    def _claim(self) -> list[Parcel]:
        """The oldest open row of each entity. Rows tried in this run and left open are for the next run."""
        with self.route.database.transaction() as cursor:
            cursor.execute(
                f"select * from ({_CLAIM}) first order by id limit %s", (self.route.name, list(self.tried), BATCH)
            )
            parcels = [Parcel(*row) for row in cursor]
            blocked = self._behind_tried(cursor, parcels)
            parcels = [parcel for parcel in parcels if parcel.entity_id not in blocked]
            ids = [parcel.entity_id for parcel in parcels]
            current = golden.load(cursor, ids)
            states = targets.load(cursor, self.route.name, ids)
            for parcel in parcels:
                parcel.golden = current[parcel.entity_id].fields
                parcel.provenance = current[parcel.entity_id].provenance
                parcel.state = states.get(parcel.entity_id)
            self.route.prefetch(cursor, [parcel.golden for parcel in parcels])
        return parcels

    def _behind_tried(self, cursor: Cursor, parcels: Sequence[Parcel]) -> set[UUID]:
        """Entities with an older row that this run could not finish: order per entity forbids to overtake it."""
        cursor.execute(
            "select entity_id from hub.outbox where target = %s and id = any(%s) and state = 'frozen'",
            (self.route.name, list(self.tried)),
        )
        return {row[0] for row in cursor}

    def _serve(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            plan(self.route, parcel)
        self._look_up([p for p in parcels if p.operation == "create" and not p.outcome])
        with self.route.database.transaction() as cursor:
            book.freeze(cursor, self.route, [p for p in parcels if not p.outcome])
            book.settle(cursor, self.route, [p for p in parcels if p.outcome])
        reach("deliver.frozen")
        sending = [p for p in parcels if not p.outcome]
        for start in range(0, len(sending), CHUNK):
            chunk = sending[start : start + CHUNK]
            stopped = self._send_all(chunk)
            with self.route.database.transaction() as cursor:
                book.settle(cursor, self.route, [p for p in chunk if p.outcome])
            if stopped is not None:
                raise stopped

    def _send_all(self, chunk: Sequence[Parcel]) -> TongmaiError | None:
        """Send one after the other; the error that says it is no use going on, if there was one."""
        for parcel in chunk:
            try:
                reach("deliver.before-remote")
                written = self._send(parcel)
                reach("deliver.after-remote")
            except RemoteRefusedError as error:
                parcel.close("quarantined", error.why or error.what, code=error.code)
            except OutcomeUnknownError as error:
                # Stays frozen: the next run looks it up by our key before it writes again.
                log.warning("outcome unknown target=%s entity=%s: %s", self.route.name, parcel.entity_id, error)
                parcel.close("retry", str(error), code=error.code)
                return error
            except TongmaiError as error:
                parcel.close("retry", str(error), code=error.code)
                return error
            else:
                parcel.written = written
                parcel.close("delivered", "")
        return None

    def _send(self, parcel: Parcel) -> Written:
        calls = Retrying(
            retry=retry_if_exception_type(RetryableError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            reraise=True,
        )
        written: Written = calls(self._call, parcel)
        return written

    def _call(self, parcel: Parcel) -> Written:
        if parcel.operation == "create":
            return self.writer.create(parcel.payload, parcel.idempotency_key)
        assert parcel.remote_key is not None
        if parcel.operation == "deactivate":
            return self.writer.deactivate(parcel.remote_key)
        written = Written(parcel.remote_key)
        if parcel.payload:
            written = self.writer.update(parcel.remote_key, parcel.payload)
        if parcel.operation == "activate":
            written = self.writer.activate(parcel.remote_key)
        return written

    def _look_up(self, creating: Sequence[Parcel]) -> None:
        """Search before create: our own key first, then the natural keys the mapping names."""
        remaining = list(creating)
        for name in self.route.mapping.search:
            values = sorted({value for p in remaining if (value := p.search_value(name))})
            if not values:
                continue
            found = self._find(name, values)
            for parcel in remaining:
                hits = found.get(parcel.search_value(name) or "", [])
                if hits:
                    self._link(parcel, name, hits)
            remaining = [p for p in remaining if p.operation == "create" and not p.outcome]

    def _find(self, name: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        calls = Retrying(
            retry=retry_if_exception_type(RetryableError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            reraise=True,
        )
        found: dict[str, list[RemoteRecord]] = calls(self.writer.find, name, values)
        return found

    def _link(self, parcel: Parcel, name: str, hits: Sequence[RemoteRecord]) -> None:
        """The record is there already: write into it instead of creating a twin."""
        owners = self.route.owners([hit.key for hit in hits])
        free = [hit for hit in hits if owners.get(hit.key, parcel.entity_id) == parcel.entity_id]
        if len(free) > 1:
            keys = ", ".join(hit.key for hit in free[:5])
            parcel.close("quarantined", f"{len(free)} records there have this {name}: {keys}", code="ambiguous-target")
        elif not free:
            parcel.close(
                "quarantined", f"the record with this {name} belongs to another entity", code="linked-elsewhere"
            )
        else:
            parcel.state = TargetState(free[0].key)
            parcel.found = free[0].fields
            plan(self.route, parcel)

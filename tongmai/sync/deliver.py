"""Deliver a target's outbox: decide, freeze, write, book. Ordered per entity; nothing is sent twice."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from connectors.sdk import Batching, Finishing, RemoteRecord, Writer, Written
from connectors.sdk.gate import gated
from connectors.sdk.quota import adopt, current_priority
from masterdata.golden import write as golden
from masterdata.matching import normal_name
from masterdata.store import Cursor
from masterdata.store.database import forget_plans, hold
from masterdata.store.lease import FencedError
from tongmai.core.errors import OutcomeUnknownError, RemoteRefusedError, RetryableError, TongmaiError
from tongmai.core.failpoint import reach
from tongmai.sync import outcome as book
from tongmai.sync import quarantine, standing, targets
from tongmai.sync.echo import TargetState
from tongmai.sync.plan import Parcel, Route, plan

BATCH = 200
CHUNK = 50
ATTEMPTS = 4
LOOK_EVERY = 30.0
UNKNOWN_IN_A_ROW = 3
FINISHED = ("create", "update", "activate")
TAKEN = ("delivered", "suppressed", "superseded")
log = logging.getLogger("tongmai.deliver")

_CLAIM = """
select id, entity_id, state, attempts, operation, remote_key, payload, whole, values, idempotency_key, decided
  from hub.outbox o
 where target = %(target)s and (state = 'open' or state = 'frozen'
          and (decided <> '' or operation = any(%(at_once)s) or frozen_at is null
               or frozen_at < clock_timestamp() - %(settle)s * interval '1 second')) and id > %(after)s and not id = any(%(held)s)
   and not exists (select 1 from hub.outbox p where p.target = o.target and p.entity_id = o.entity_id and p.id < o.id offset 0)
 order by id limit %(limit)s
"""
_UNSETTLED = """
select extract(epoch from min(frozen_at) - clock_timestamp())::float + %(settle)s from hub.outbox
 where target = %(target)s and state = 'frozen' and decided = '' and not operation = any(%(at_once)s)
   and frozen_at >= clock_timestamp() - %(settle)s * interval '1 second' and not id = any(%(held)s)
"""
# A run that was killed may have sent a row long after it had frozen it: that is counted from now, once.
_LEFT = """
with left_behind as (
  update hub.outbox o set frozen_at = clock_timestamp()
   where o.target = %(target)s and o.state = 'frozen' and o.decided = '' and not o.operation = any(%(at_once)s)
     and not exists (select 1 from hub.delivery d
                      where d.entity_id = o.entity_id and d.outbox_id = o.id and d.attempt >= o.attempts)
  returning o.*)
insert into hub.delivery (outbox_id, target, entity_id, run_id, outcome, operation, idempotency_key, payload, remote_key, attempt, reason)
select id, target, entity_id, %(run)s, 'retry', operation, idempotency_key, payload, remote_key, attempts,
       'the run that froze it ended before it booked what became of it' from left_behind
"""


@dataclass
class Delivery:
    """One target being served in one run, over one writer a lane.

    The caller holds the locks of the target and of its stream: nobody else writes there or reads from there. ``look``
    reads what people changed in the target meanwhile: what they said of a field they own must be heard before we write.
    ``rehearse``: decide and look up, but send nothing; the caller rolls everything back.
    """

    route: Route
    writers: Sequence[Writer]
    look: Callable[[], None]
    rehearse: bool = False
    _looked_at: float = float("-inf")
    _unsure: list[TongmaiError] = field(default_factory=list)
    _held: list[int] = field(default_factory=list)
    _told: dict[int, Written | TongmaiError] = field(default_factory=dict)

    def drain(self) -> Iterator[int]:
        """Serve the outbox until nothing more can be done now; yields how many rows were taken so far.

        Raises the error that stopped it when the target is away; what was not served stays in the outbox. A write whose
        outcome is unknown stays frozen for the next run and holds up only its own entity; it is raised at the end.
        """
        taken, after = 0, 0
        with self.route.database.transaction() as cursor:
            cursor.execute(_LEFT, {**self._rules(), "target": self.route.name, "run": self.route.run})
        with ThreadPoolExecutor(len(self.writers), "lane", adopt, (current_priority(),)) as lanes:
            while True:
                parcels = self._claim(after)
                if not parcels and after == 0:
                    if self._settled():
                        continue
                    if self._unsure:
                        raise self._unsure[0]
                    return
                if parcels and time.monotonic() - self._looked_at > LOOK_EVERY:
                    self.look()
                    self._looked_at = time.monotonic()
                    continue
                # A second row of one entity becomes the oldest only once the first is done: look again from the start.
                after = parcels[-1].outbox_id if parcels else 0
                taken += len(parcels)
                self._serve(lanes, parcels)
                yield taken

    def _settled(self) -> bool:
        """Wait for what an earlier run left in doubt to settle; False when there is nothing to wait for."""
        if self.rehearse:
            return False
        with self.route.database.transaction() as cursor:
            cursor.execute(_UNSETTLED, {**self._rules(), "target": self.route.name, "held": self._held})
            row = cursor.fetchone()
        if row is None or row[0] is None:
            return False
        log.info("letting doubtful writes settle target=%s seconds=%.1f", self.route.name, row[0])
        time.sleep(max(0.0, row[0]))
        return True

    def _rules(self) -> dict[str, Any]:
        """Which frozen rows may be looked at: a second create with an enforced key is refused, so that one need not settle."""
        return {"settle": self.route.settle, "at_once": ["create"] if self.route.enforced else []}

    def _claim(self, after: int) -> list[Parcel]:
        """The next rows that are the oldest of their entity."""
        with self.route.database.transaction() as cursor:
            forget_plans(cursor)
            cursor.execute(
                _CLAIM,
                {**self._rules(), "target": self.route.name, "after": after, "limit": BATCH, "held": self._held},
            )
            parcels = [Parcel(*row) for row in cursor]
            ids = [parcel.entity_id for parcel in parcels]
            current = golden.load(cursor, ids)
            states = targets.load(cursor, self.route.name, ids)
            for parcel in parcels:
                record, state = current[parcel.entity_id], states.get(parcel.entity_id)
                parcel.golden, parcel.provenance, parcel.state = record.fields, record.provenance, state
                parcel.seen = (record.version, record.provenance, deepcopy(state))
            standing.note(cursor, self.route.name, self.route.stream_id, parcels, self.route.doubt_from)
            self.route.read_before(cursor, parcels)
            self.route.prefetch(cursor, [parcel.golden for parcel in parcels])
        return parcels

    def _serve(self, lanes: Executor, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            plan(self.route, parcel)
        parcels = self._unlike(parcels)
        self._look_up([p for p in parcels if p.operation == "create" and not p.outcome])
        for parcel in parcels:
            if parcel.merged_into is not None and parcel.operation == "create" and not parcel.outcome:
                parcel.close("superseded", f"not taken, and it is one with {parcel.merged_into} now")
        self._finish(
            [
                p
                for p in parcels
                if p.queue_state == "frozen" and p.operation in FINISHED and p.outcome in TAKEN and not p.decided
            ]
        )
        with self.route.database.transaction() as cursor:
            hold(cursor, [f"entity:{self.route.entity.entity}"])
            # What changed since it was claimed is claimed again: nobody queued it anew, since its row was there.
            parcels = self._still_so(cursor, parcels)
            book.freeze(cursor, self.route, [p for p in parcels if not p.outcome])
            book.settle(cursor, self.route, [p for p in parcels if p.outcome])
        self._held += [p.outbox_id for p in parcels if p.outcome == "retry"]
        reach("deliver.frozen")
        sending = [p for p in parcels if not p.outcome]
        size = max(CHUNK, self._together * len(self.writers))
        for start in range(0, len(sending), size):
            chunk = sending[start : start + size]
            stopped = self._send_all(lanes, chunk)
            with self.route.database.transaction() as cursor:
                book.settle(cursor, self.route, [p for p in chunk if p.outcome])
                if stopped is not None:
                    book.unsent(cursor, [p for p in sending[start:] if p.untaken or not p.outcome])
            self._held += [p.outbox_id for p in chunk if p.outcome == "retry"]
            if stopped is not None:
                raise stopped

    def _still_so(self, cursor: Cursor, parcels: Sequence[Parcel]) -> list[Parcel]:
        """The parcels whose golden record and target state are what their plan was made from, and which are alive as then."""
        ids = [parcel.entity_id for parcel in parcels]
        current = golden.load(cursor, ids)
        states = targets.load(cursor, self.route.name, ids)
        gone = standing.merged(cursor, [parcel.entity_id for parcel in parcels if parcel.operation == "create"])
        return [
            p
            for p in parcels
            if p.seen == (current[p.entity_id].version, current[p.entity_id].provenance, states.get(p.entity_id))
            and (p.merged_into is not None or p.entity_id not in gone)
        ]

    def _send_all(self, lanes: Executor, chunk: Sequence[Parcel]) -> TongmaiError | None:
        """Send a chunk, each lane its share in order; the error that says it is no use going on, if there was one."""
        if self.rehearse:
            for parcel in chunk:
                parcel.close("delivered", "dry run: nothing was sent")
            return None
        shares = [chunk[number :: len(self.writers)] for number in range(len(self.writers))]
        stopped = lanes.map(self._send_share, self.writers, shares)
        return next((error for error in list(stopped) if error is not None), None)

    @property
    def _together(self) -> int:
        """How many records one call to the target takes."""
        writer = self.writers[0]
        return writer.together if isinstance(writer, Batching) else 1

    def _send_together(self, writer: Writer, share: Sequence[Parcel]) -> None:
        """Creates and updates of a share in as few calls as the target allows; each parcel gets what became of it."""
        if not isinstance(writer, Batching) or writer.together < 2:
            return
        creates = [p for p in share if p.operation == "create"]
        updates = [p for p in share if p.operation == "update" and p.payload and p.remote_key is not None]
        with gated(self.route.database.check_leases):
            if len(creates) > 1:
                told = writer.create_many([(p.payload, p.idempotency_key) for p in creates])
                self._told.update((p.outbox_id, each) for p, each in zip(creates, told, strict=True))
            if len(updates) > 1:
                told = writer.update_many([(p.remote_key or "", p.payload) for p in updates])
                self._told.update((p.outbox_id, each) for p, each in zip(updates, told, strict=True))

    def _send_share(self, writer: Writer, share: Sequence[Parcel]) -> TongmaiError | None:
        unknown = 0
        self._send_together(writer, share)
        for parcel in share:
            try:
                reach("deliver.before-remote")
                parcel.written = self._send(writer, parcel)
                reach("deliver.after-remote")
            except RemoteRefusedError as error:
                unknown = 0
                doubt = self._doubt(writer, parcel, error)
                if doubt is None:
                    parcel.close("quarantined", error.why or error.what, code=error.code)
                else:
                    parcel.close("retry", str(doubt), code=doubt.code)
                    self._unsure.append(doubt)
            except TongmaiError as error:
                # Stays frozen: whether it was taken or not, the next run looks it up by our key before it writes again.
                log.warning("not delivered target=%s entity=%s: %s", self.route.name, parcel.entity_id, error)
                parcel.close("retry", str(error), code=error.code)
                parcel.untaken = _worth_another_try(error)
                unknown += 1
                if not isinstance(error, OutcomeUnknownError) or unknown == UNKNOWN_IN_A_ROW:
                    return error
                self._unsure.append(error)
            else:
                parcel.close("delivered", "")
                unknown = 0
        return None

    def _doubt(self, writer: Writer, parcel: Parcel, refusal: RemoteRefusedError) -> TongmaiError | None:
        """What speaks against a create having been refused for good: our own record is there, taken after we had looked."""
        route = self.route
        value = parcel.search_value(route.our_key) if route.our_key in route.mapping.search else ""
        if parcel.operation != "create" or not value:
            return None
        try:
            found = writer.find(route.our_key, [value])
        except TongmaiError as error:
            return error
        why = f"refused ({refusal.why or refusal.what}), and a record with our key is there"
        return OutcomeUnknownError(refusal.what, why, "the next run looks it up", code="taken-late") if found else None

    def _send(self, writer: Writer, parcel: Parcel) -> Written:
        told = self._told.pop(parcel.outbox_id, None)
        if isinstance(told, Written):
            return told
        if told is not None and not _worth_another_try(told):
            raise told
        calls = Retrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            reraise=True,
        )
        # A write may be several calls, as save and submit: a lease that is lost in between stops the rest.
        with gated(self.route.database.check_leases):
            written: Written = calls(self._call, writer, parcel)
        return written

    def _call(self, writer: Writer, parcel: Parcel) -> Written:
        self.route.database.check_leases()
        if parcel.operation == "create":
            return writer.create(parcel.payload, parcel.idempotency_key)
        assert parcel.remote_key is not None
        if parcel.operation == "deactivate":
            return writer.deactivate(parcel.remote_key)
        written = Written(parcel.remote_key)
        # Switched on first: many systems let nobody change a record that is switched off.
        if parcel.operation == "activate":
            written = writer.activate(parcel.remote_key)
        if parcel.payload:
            written = writer.update(parcel.remote_key, parcel.payload)
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
        self._wait_for_twins([p for p in remaining if p.queue_state != "frozen"])

    def _unlike(self, parcels: Sequence[Parcel]) -> list[Parcel]:
        """The parcels without creates that one look-up would not tell apart: they are claimed again once the first of them
        is there to be found. Records of a direct sync are matched with nothing before they come here."""
        kept: list[Parcel] = []
        seen: set[tuple[str, str]] = set()
        for parcel in parcels:
            creating = self.route.entity.inner and parcel.operation == "create" and not parcel.outcome
            keys = {(name, parcel.search_value(name)) for name in self.route.mapping.search if creating}
            keys = {key for key in keys if key[1]}
            if not keys & seen:
                kept.append(parcel)
            seen |= keys
        return kept

    def _finish(self, parcels: Sequence[Parcel]) -> None:
        """What is found to be taken already may lack its last step, as an order that was saved and never submitted."""
        writer = self.writers[0]
        if self.rehearse or not isinstance(writer, Finishing):
            return
        for parcel in parcels:
            if parcel.state is None:
                continue
            try:
                self.route.database.check_leases()
                with gated(self.route.database.check_leases):
                    writer.finish(parcel.state.remote_key)
            except RemoteRefusedError as error:
                parcel.close("quarantined", error.why or error.what, code=error.code)
            except FencedError:
                raise
            except TongmaiError as error:
                log.warning("not finished target=%s entity=%s: %s", self.route.name, parcel.entity_id, error)
                parcel.close("retry", str(error), code=error.code)
                self._held.append(parcel.outbox_id)
                self._unsure.append(error)

    def _wait_for_twins(self, creating: Sequence[Parcel]) -> None:
        """A record of the target in quarantine was not matched: what it may be the twin of is not created yet."""
        matching = self.route.entity.matching
        names = [name for name in (matching.legal_code, matching.name, *matching.exact) if name]
        with self.route.database.transaction() as cursor:
            suspects = quarantine.unmatched(cursor, self.route.stream_id) if creating and names else {}
        for number, text in suspects.items():
            for parcel in creating:
                values = [normal_name(str(parcel.golden[name])) for name in names if parcel.golden.get(name)]
                if not parcel.outcome and any(value in text for value in values):
                    parcel.close(
                        "waiting", f"quarantine entry {number} of the target may be this record: settle it first"
                    )

    def _find(self, name: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        calls = Retrying(
            retry=retry_if_exception(_worth_another_try),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=5),
            reraise=True,
        )
        found: dict[str, list[RemoteRecord]] = calls(self.writers[0].find, name, values)
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


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, RetryableError) and not isinstance(error, FencedError)

"""Bulk jobs of a vendor: one table for many records, opened, filled, started, watched; its outcomes put back to the records.

A job that died with us is found by its id (``note`` told it before anything was sent), or its records by our key.
"""

from __future__ import annotations

import csv
import io
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.sdk import places
from connectors.sdk.contract import Written
from connectors.sdk.declared.answers import row_error
from connectors.sdk.declared.caller import Caller
from connectors.sdk.declared.model import Bulk, BulkResult
from connectors.sdk.declared.request import Request
from connectors.sdk.declared.table import Table, Tables
from connectors.sdk.declared.texts import ANSWER, WRITING
from connectors.sdk.expression import compile_expression
from connectors.sdk.functions import as_text
from tongmai.core.clock import now
from tongmai.core.errors import (
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    RecordError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

log = logging.getLogger("tongmai.bulk")
Outcome = Written | TongmaiError
Row = Mapping[str, Any]
Note = Callable[[str], None]


class Jobs:
    """The jobs of one writable object of one connection."""

    def __init__(self, caller: Caller, name: str, spec: Bulk) -> None:
        self._caller = caller
        self._name = name
        self._spec = spec
        self._what = f"{caller.name}: {name} in bulk"
        self._names = ANSWER | caller.names
        self._made: dict[int, Request] = {}

    def least(self, operation: str) -> float:
        """From how many records on a job is worth it; infinite where there is none for this operation."""
        return self._number(self._spec.least) if operation in self._spec.match else float("inf")

    def run(self, operation: str, rows: Sequence[Row], *, note: Note = lambda job: None) -> list[Outcome]:
        """Outcomes in the order of ``rows`` (members ``payload``, ``our_key`` or ``key``).

        ``note`` is told each job's id before a record is sent, so that ``resume`` can be called after a crash.
        """
        outcomes: list[Outcome | None] = [None] * len(rows)
        for table in self._tables(operation, rows, outcomes):
            try:
                job = self._open(operation)
                note(job)
                self._fill(operation, job, table)
                self._settle(operation, job, table, outcomes)
            except TongmaiError as error:
                for at in table.places.values():
                    if outcomes[at] is None:
                        outcomes[at] = error
        return [self._unknown(each) for each in outcomes]

    def resume(self, operation: str, job: str, rows: Sequence[Row]) -> list[Outcome]:
        """Outcomes of a job that was noted before. One that was never started is given up: then nothing was taken."""
        outcomes: list[Outcome | None] = [None] * len(rows)
        state, _ = self._state(operation, job)
        if state in self._spec.opened:
            self._call(self._spec.abort, operation, job)
            why = f"job {job} was never started and is given up"
            return [
                RetryableError(self._what, why, "nothing was taken; it is tried again", code="bulk-unstarted")
            ] * len(rows)
        for table in self._tables(operation, rows, outcomes, whole=True):
            self._settle(operation, job, table, outcomes)
        return [self._unknown(each) for each in outcomes]

    # -- one job -----------------------------------------------------------------------------------------------------

    def _open(self, operation: str) -> str:
        # A job that was opened and whose answer was lost holds nothing: opening is repeated like a read.
        heard = self._call(self._spec.open, operation)
        job = as_text(compile_expression(self._spec.job, self._names)(heard.scope))
        if not job:
            raise RetryableError(self._what, "the answer names no job", "nothing was sent yet", code="bulk-no-job")
        return job

    def _fill(self, operation: str, job: str, table: Table) -> None:
        try:
            self._call(self._spec.upload, operation, job, table=table.text, write=True)
        except OutcomeUnknownError as error:
            self._call(self._spec.abort, operation, job)
            raise RetryableError(
                error.what, error.why, "the job is given up before its start", code="bulk-upload"
            ) from None
        try:
            self._call(self._spec.start, operation, job, write=True)
        except (OutcomeUnknownError, RemoteRefusedError) as error:
            # Whether it was started, the job itself knows.
            if self._state(operation, job)[0] in self._spec.opened:
                self._call(self._spec.abort, operation, job)
                raise RetryableError(
                    error.what, error.why, "the job is given up before its start", code="bulk-start"
                ) from None

    def _settle(self, operation: str, job: str, table: Table, outcomes: list[Outcome | None]) -> None:
        failed = self._watched(operation, job)
        for result in self._spec.results:
            for row in self._result(result, operation, job):
                at = table.places.get(row.get(table.match, ""))
                if at is not None:
                    outcomes[at] = self._outcome(result, row, failed, job)
        log.info(
            "bulk.done connection=%s object=%s job=%s rows=%d", self._caller.name, self._name, job, len(table.places)
        )

    def _watched(self, operation: str, job: str) -> str:
        """Wait for the job's end; why it failed, empty when it did not."""
        pause, patience = self._number(self._spec.pause), self._number(self._spec.patience)
        until = time.monotonic() + patience
        while True:
            state, scope = self._state(operation, job)
            if state in self._spec.done:
                return ""
            if state in self._spec.failed:
                why = compile_expression(self._spec.why, self._names)(scope) if self._spec.why else ""
                return as_text(why) or state
            if time.monotonic() >= until:
                raise OutcomeUnknownError(
                    self._what,
                    f"job {job} is still `{state}` after {patience:.0f} s",
                    "resume it, or look the records up by our key",
                    code="bulk-unfinished",
                )
            time.sleep(pause)

    def _state(self, operation: str, job: str) -> tuple[str, Mapping[str, Any]]:
        heard = self._call(self._spec.watch, operation, job)
        return as_text(compile_expression(self._spec.state, self._names)(heard.scope)), heard.scope

    def _result(self, result: BulkResult, operation: str, job: str) -> Iterator[dict[str, str]]:
        heard = self._call(result, operation, job, file=True)
        text = heard.answer.body.decode("utf-8-sig")
        yield from csv.DictReader(io.StringIO(text, newline=""))

    def _outcome(self, result: BulkResult, row: dict[str, str], failed: str, job: str) -> Outcome:
        def ask(text: str) -> Any:
            scope = {**self._caller.settings, "row": row}
            return compile_expression(text, self._names | {"row"})(scope) if text else None

        if result.means == "ok":
            key = as_text(ask(result.key))
            return Written(key) if key else self._unknown(None)
        code, text = as_text(ask(result.code)), as_text(ask(result.text))
        kind = self._caller.manifest.connector
        if result.means == "refused" and not ask(result.again):
            return row_error(self._what, code, text, kind, RemoteRefusedError)
        if failed:
            return FatalError(
                self._what, f"job {job}: {failed}", "mend what the system says, then send again", code="bulk-failed"
            )
        why = " ".join(part for part in (code, text) if part) or f"job {job} did not come to this record"
        return RetryableError(self._what, why, "nothing was taken; it is tried again", code="bulk-again")

    def _unknown(self, outcome: Outcome | None) -> Outcome:
        if outcome is not None:
            return outcome
        why = "the job's results do not hold this record"
        return OutcomeUnknownError(self._what, why, "look it up by our key before trying again", code="bulk-missing")

    # -- parts -------------------------------------------------------------------------------------------------------

    def _tables(
        self, operation: str, rows: Sequence[Row], outcomes: list[Outcome | None], *, whole: bool = False
    ) -> Iterator[Table]:
        """The rows as tables of bearable size; what cannot stand in one has its refusal at once."""
        match = as_text(self._filled(self._spec.match[operation], operation))  # type: ignore[index]
        member = "our_key" if operation == "create" else "key"
        most = (len(rows) or 1, 1 << 62) if whole else (self._spec.most_rows, self._spec.most_bytes)
        made = Tables(match, self._spec.nothing, *most)
        for at, row in enumerate(rows):
            try:
                full = made.add(at, row["payload"], as_text(row.get(member)))
            except ValueError as error:
                refused: RecordError = row_error(self._what, "bulk-value", str(error), self._caller.manifest.connector)
                outcomes[at] = refused
                continue
            if full is not None:
                yield full
        last = made.end()
        if last is not None:
            yield last

    def _call(
        self, spec: Any, operation: str, job: str = "", *, table: str = "", write: bool = False, file: bool = False
    ) -> Any:
        if id(spec) not in self._made:
            self._made[id(spec)] = self._caller.request(spec)
        scope = {**self._scope(operation), "job": job, "table": table}
        return self._caller.call(self._made[id(spec)], scope, write=write, file=file)

    def _scope(self, operation: str) -> dict[str, Any]:
        return {**self._caller.settings, "now": now(), "page": {}, "object": self._name, "operation": operation}

    def _filled(self, place: Any, operation: str) -> Any:
        return places.filling(place, WRITING | self._caller.names)(self._scope(operation))

    def _number(self, value: Any) -> float:
        found = self._filled(value, "") if isinstance(value, str) else value
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise ConfigurationError(self._what, f"`{found}` is no number", "correct the setting", code="bulk-number")
        return float(found)

"""Writes one declared object: create, update, switch off and on, look up, and several at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from connectors.sdk import places, wire
from connectors.sdk.contract import RemoteRecord, Written
from connectors.sdk.declared.answers import ExistsError, GoneError, row_error
from connectors.sdk.declared.bulk import Jobs
from connectors.sdk.declared.caller import Caller, Heard
from connectors.sdk.declared.model import Batch, Calls, Find, Operation
from connectors.sdk.declared.request import Request
from connectors.sdk.declared.rows import inside, listed
from connectors.sdk.declared.texts import ANSWER, CURRENT, MADE, WRITING
from connectors.sdk.expression import compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.lazy import plain
from connectors.sdk.manifest import Write
from tongmai.core.clock import now
from tongmai.core.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

NUMBERS = ("decimal", "integer", "number")
"""Source types of a stream's fields that are numbers."""
Payload = Mapping[str, Any]
PayloadHook = Callable[[str, dict[str, Any], str], dict[str, Any]]


class DeclaredWriter:
    """Writes one object of the manifest's ``writes``."""

    def __init__(self, caller: Caller, name: str, write: Write, hook: PayloadHook | None = None) -> None:
        self._caller = caller
        self._name = name
        self._what = f"{caller.name}: {name}"
        self._write = write
        self._calls: Calls = write.calls or Calls()
        self._hook = hook
        self._names = caller.names
        self._made: dict[int, Request] = {}
        stream = caller.manifest.streams.get(write.stream) if write.numbers else None
        self._numbers = [name for name, kind in stream.fields.items() if kind in NUMBERS] if stream else []

    # -- looking up --------------------------------------------------------------------------------------------------

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Records by one searchable field: value → records."""
        spec = self._calls.find_by.get(field) or self._calls.find
        if spec is None:
            raise self._undeclared("find")
        found: dict[str, list[RemoteRecord]] = {}
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), spec.size):
            self._find_some(spec, field, wanted[start : start + spec.size], found)
        return found

    def _find_some(self, spec: Find, field: str, values: list[str], found: dict[str, list[RemoteRecord]]) -> None:
        names = ANSWER | self._names
        rows = compile_expression(spec.rows, names)
        key = compile_expression(spec.key, names | {"row", "field"})
        value = compile_expression(spec.value, names | {"row", "field"}) if spec.value else None
        try:
            own = self._caller.own_names.get(field, field)
            heard = self._caller.call(self._request(spec), self._scope(field=own, values=values))
        except GoneError:
            return
        renamed = {own: name for name, own in self._caller.own_names.items()}
        for raw in listed(rows(heard.scope), self._what):
            row = wire.decode(self._name, bytes(raw)) if isinstance(raw, msgspec.Raw) else plain(raw)
            if renamed and isinstance(row, dict):
                row = {renamed.get(name, name): value for name, value in row.items()}
            scope = {**heard.scope, "row": row, "field": field}
            shown = as_text(value(scope) if value else inside(row, field))
            where, remote = next((each for each in values if each == shown), None), key(scope)
            if where is not None and remote not in (None, ""):
                found.setdefault(where, []).append(RemoteRecord(as_text(remote), row))

    # -- one at a time -----------------------------------------------------------------------------------------------

    def create(self, payload: Payload, key: str) -> Written:
        """Create a record; one that has our key already is that record."""
        operation = self._calls.create
        if operation is None:
            raise self._undeclared("create")
        self._is_allowed("create", operation)
        key = self._ours(payload, key)
        try:
            heard = self._call(operation, self._hooked(payload, "create"), our_key=key)
        except ExistsError as error:
            return self._existing(key, error)
        return self._finished(operation, self._key_of(operation, heard, payload, key), heard)

    def _ours(self, payload: Payload, key: str) -> str:
        """What the record holds as our key: what the payload has there."""
        return as_text(payload.get(self._write.our_key)) or key

    def _existing(self, key: str, error: ExistsError) -> Written:
        field = self._write.our_key
        if not field or (self._calls.find is None and field not in self._calls.find_by):
            raise error
        found = self.find(field, [key]).get(key, [])
        if len(found) != 1:
            raise error
        self.finish(found[0].key)
        return Written(found[0].key)

    def _key_of(self, operation: Operation, heard: Heard, payload: Payload, our_key: str) -> str:
        names = MADE | self._names
        place = compile_expression(operation.key, names) if operation.key else None
        value = place({**heard.scope, "payload": payload, "our_key": our_key}) if place else None
        if value in (None, ""):
            raise OutcomeUnknownError(
                f"{self._what}: create",
                "the answer holds no key",
                "look the record up before trying again",
                code="no-key",
            )
        return as_text(value)

    def update(self, remote_key: str, payload: Payload) -> Written:
        """Change the given fields."""
        return self._changed("update", self._calls.update, remote_key, self._hooked(payload, "update"))

    def deactivate(self, remote_key: str) -> Written:
        """Switch a record off; one that is gone is off."""
        try:
            return self._changed("deactivate", self._calls.deactivate, remote_key, {})
        except GoneError:
            return Written(remote_key)

    def activate(self, remote_key: str) -> Written:
        """Switch a record on again."""
        return self._changed("activate", self._calls.activate, remote_key, {})

    def finish(self, remote_key: str) -> None:
        """The steps that follow a create."""
        for step in self._calls.create.then if self._calls.create else ():
            self._call(self._calls.actions[step], {}, key=remote_key)

    def _changed(self, name: str, operation: Operation | None, key: str, payload: Payload) -> Written:
        if operation is None:
            raise self._undeclared(name)
        self._is_allowed(name, operation)
        scope = self._prepared(operation, self._scope(payload=dict(payload), key=key, our_key=""))
        if operation.already and compile_expression(operation.already, CURRENT | self._names)(scope):
            return Written(key)
        return self._finished(operation, key, self._caller.call(self._request(operation), scope, write=True))

    def _is_allowed(self, name: str, operation: Operation) -> None:
        allowed = operation.allowed
        if allowed and not compile_expression(allowed, self._names)(self._caller.settings):
            raise RemoteRefusedError(
                f"{self._what}: {name}",
                f"the connection's settings do not allow it (`{allowed}` does not hold)",
                "change the setting if it is wanted, or leave such records out in the mapping",
                code="not-allowed",
            )

    def _finished(self, operation: Operation, key: str, heard: Heard) -> Written:
        for step in operation.then:
            heard = self._call(self._calls.actions[step], {}, key=key)
        version = ""
        if operation.version:
            version = as_text(compile_expression(operation.version, ANSWER | self._names)(heard.scope))
        return Written(key, version)

    def _call(self, operation: Operation, payload: Payload, *, key: str = "", our_key: str = "") -> Heard:
        scope = self._prepared(operation, self._scope(payload=dict(payload), key=key, our_key=our_key))
        return self._caller.call(self._request(operation), scope, write=True)

    def _prepared(self, operation: Operation, scope: dict[str, Any]) -> dict[str, Any]:
        """The scope with the answer of what is asked before."""
        if operation.before is not None:
            before = self._caller.call(self._request(operation.before), scope)
            scope["current"] = {name: before.scope[name] for name in ANSWER}
        return scope

    # -- several at once ---------------------------------------------------------------------------------------------

    @property
    def together(self) -> int:
        """How many creates or updates one call takes; 1 when there is no such call."""
        sizes = [batch.size for batch in (self._calls.create_many, self._calls.update_many) if batch]
        return min(sizes) if sizes else 1

    def create_many(self, items: Sequence[tuple[Payload, str]]) -> list[Written | TongmaiError]:
        """Creates (payload and our key) in one call; each has its own outcome, in order."""
        batch = self._calls.create_many
        if batch is None:
            return [_outcome(lambda p=payload, k=key: self.create(p, k)) for payload, key in items]  # type: ignore[misc]
        items = [(payload, self._ours(payload, key)) for payload, key in items]
        rows = [{"payload": self._hooked(payload, "create"), "our_key": key} for payload, key in items]
        outcomes = self._batch(batch, rows) if len(rows) < self.bulk_from("create") else self.jobs.run("create", rows)
        for at, outcome in enumerate(outcomes):
            if isinstance(outcome, ExistsError):
                outcomes[at] = _outcome(lambda k=items[at][1], e=outcome: self._existing(k, e))  # type: ignore[misc]
            elif isinstance(outcome, Written) and self._calls.create and self._calls.create.then:
                outcomes[at] = _outcome(lambda w=outcome: self._with_steps(w))  # type: ignore[misc]
        return outcomes

    def _with_steps(self, written: Written) -> Written:
        """A record made in a batch, after the steps that follow a create."""
        self.finish(written.key)
        return written

    def update_many(self, items: Sequence[tuple[str, Payload]]) -> list[Written | TongmaiError]:
        """Updates (key and payload) in one call; each has its own outcome, in order."""
        batch = self._calls.update_many
        if batch is None:
            return [_outcome(lambda k=key, p=payload: self.update(k, p)) for key, payload in items]  # type: ignore[misc]
        rows = [{"payload": self._hooked(payload, "update"), "key": key} for key, payload in items]
        return self._batch(batch, rows) if len(rows) < self.bulk_from("update") else self.jobs.run("update", rows)

    def bulk_from(self, operation: str) -> float:
        """From how many records on a job is used; infinite where there are none."""
        return self.jobs.least(operation) if self._calls.bulk else math.inf

    @cached_property
    def jobs(self) -> Jobs:
        """The vendor's bulk jobs of this object."""
        if self._calls.bulk is None:
            raise self._undeclared("bulk")
        return Jobs(self._caller, self._name, self._calls.bulk)

    def _batch(self, batch: Batch, rows: list[dict[str, Any]]) -> list[Written | TongmaiError]:
        found: list[Written | TongmaiError] = []
        added = places.shape(batch.add, WRITING | self._names)
        for start in range(0, len(rows), batch.size):
            some = rows[start : start + batch.size]
            if batch.add:
                some = [{**row, "payload": {**added({**self._scope(), **row}), **row["payload"]}} for row in some]
            try:
                heard = self._caller.call(self._request(batch), self._scope(rows=some), write=True)
                found.extend(self._outcomes(batch, heard, some))
            except TongmaiError as error:
                found.extend([error] * len(some))
        return found

    def _outcomes(self, batch: Batch, heard: Heard, rows: list[dict[str, Any]]) -> list[Written | TongmaiError]:
        names = ANSWER | self._names
        told = [plain(each) for each in listed(compile_expression(batch.rows, names)(heard.scope), self._what)]
        told = [wire.parse(bytes(each)) if isinstance(each, msgspec.Raw) else each for each in told]
        if len(told) != len(rows):
            raise OutcomeUnknownError(
                self._what,
                f"{len(rows)} records were sent, {len(told)} outcomes came back",
                "look the records up before trying again",
                code="batch-shape",
            )
        return [self._one(batch, {**heard.scope, "row": each}, row) for each, row in zip(told, rows, strict=True)]

    def _one(self, batch: Batch, scope: dict[str, Any], row: dict[str, Any]) -> Written | TongmaiError:
        def ask(text: str) -> Any:
            return compile_expression(text, ANSWER | self._names | {"row"})(scope) if text else None

        if ask(batch.ok):
            key = row.get("key") or ask(batch.key)
            if key in (None, ""):
                return OutcomeUnknownError(self._what, "an outcome holds no key", "look the record up", code="no-key")
            return Written(as_text(key))
        code, text = ask(batch.code), ask(batch.text)
        kind = self._caller.manifest.connector
        if ask(batch.exists):
            return row_error(self._what, code, text, kind, ExistsError)
        if ask(batch.again):
            return RetryableError(
                self._what, f"{as_text(code)} {as_text(text)}".strip(), "it is tried again", code=kind
            )
        return row_error(self._what, code, text, kind, RemoteRefusedError)

    # -- parts -------------------------------------------------------------------------------------------------------

    def _hooked(self, payload: Payload, operation: str) -> dict[str, Any]:
        made = self._hook(self._name, dict(payload), operation) if self._hook else dict(payload)
        made.update((name, _number(made[name])) for name in self._numbers if name in made)
        own = self._caller.own_names
        return {own.get(name, name): value for name, value in made.items()} if own else made

    def _scope(self, **given: Any) -> dict[str, Any]:
        return {**self._caller.settings, "now": now(), "page": {}, "object": self._name, **given}

    def _request(self, spec: Any) -> Request:
        if id(spec) not in self._made:
            self._made[id(spec)] = self._caller.request(spec, target=self._name)
        return self._made[id(spec)]

    def _undeclared(self, name: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._what}: {name}",
            "the manifest declares no such call",
            f"declare `{name}` under `calls`, or do not use it for this object",
            code="undeclared-call",
        )


def _outcome(call: Callable[[], Written]) -> Written | TongmaiError:
    try:
        return call()
    except TongmaiError as error:
        return error


def _number(value: Any) -> Any:
    """A number that a mapping wrote as text, exact; what is none stays as it is, for the system to refuse."""
    if not isinstance(value, str):
        return value
    try:
        found = Decimal(value)
    except ArithmeticError:
        return value
    return found if found.is_finite() else value

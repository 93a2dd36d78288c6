"""What a connector promises the engine. The engine calls nothing else.

A vendor's ``hooks.py`` has one function ``connect(settings, manifest) -> Connector``. ``settings`` is a plain dictionary:
the settings of ``connections.yaml`` merged with the secret (the Airflow connection of the same name), checked against the
manifest's ``connection:`` section, defaults filled in. Connectors are used by one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from tongmai.core.errors import TongmaiError
from tongmai.core.record import Page


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read.

    ``checkpoint`` is the text the connector gave with an earlier page (None: from the beginning). ``full`` asks for
    every live record whatever the checkpoint says; only such a read may end with ``Page.complete``. ``since`` (aware)
    overrides the checkpoint. ``keys`` asks for just these records. ``lookback`` is how far an incremental read goes
    back behind its checkpoint.
    """

    stream: str
    checkpoint: str | None = None
    full: bool = False
    since: datetime | None = None
    keys: tuple[str, ...] = ()
    lookback: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Answer of ``check``: who we are to the system, and what it told about itself."""

    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """A record found in the target: its key in the paired stream, its fields as the target names them."""

    key: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """A write the target accepted: the record's key in the paired stream, and the target's change stamp if it gave one."""

    key: str
    version: str = ""


class Writer(Protocol):
    """Writes one kind of object of one connection.

    Payloads are plain dictionaries in the target's own terms. Errors: ``RemoteRefusedError`` (this record is refused,
    say why in its words), ``RetryableError`` (nothing was written), ``OutcomeUnknownError`` (it may have been written),
    ``FatalError`` (stop).
    """

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Look up existing records by one searchable field: value → records that have it (missing when none)."""
        ...

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Create a record. ``key`` is our idempotency key; the payload already holds it where the target keeps it."""
        ...

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Change the given fields of an existing record, and nothing else."""
        ...

    def deactivate(self, remote_key: str) -> Written:
        """Switch a record off, as the target does it (forbid, invalidate, archive). Doing it twice is no error."""
        ...

    def activate(self, remote_key: str) -> Written:
        """Switch a record on again. Doing it twice is no error."""
        ...


@runtime_checkable
class Finishing(Protocol):
    """What a writer adds whose writes take several calls. Optional."""

    def finish(self, remote_key: str) -> None:
        """Take the steps that follow a write of ours whose answer was lost, as submitting; no error when they were taken."""
        ...


@runtime_checkable
class Batching(Protocol):
    """What a writer adds whose target takes several records in one call. Optional."""

    @property
    def together(self) -> int:
        """How many records one call takes at most; 1 when there is no such call for this object."""
        ...

    def create_many(self, items: Sequence[tuple[Mapping[str, Any], str]]) -> Sequence[Written | TongmaiError]:
        """Creates (payload, our key): what became of each, in order. Nothing is raised for one of them."""
        ...

    def update_many(self, items: Sequence[tuple[str, Mapping[str, Any]]]) -> Sequence[Written | TongmaiError]:
        """Updates (the record's key, payload): what became of each, in order."""
        ...


@runtime_checkable
class Acknowledging(Protocol):
    """What a connector adds that has something to do once its records are safe, as moving a file away. Optional."""

    def stored(self, checkpoint: str) -> None:
        """All that was given up to and with the page of this checkpoint is committed.

        A kill may come before this call: then those records are read again, and nothing is new in them.
        """
        ...


@dataclass(frozen=True, slots=True)
class Detail:
    """What a system tells of one field beside its type. ``values``: the only ones it has, with their labels (empty: any).

    ``length``: most characters (0: not told). ``writable``: None where it is not told. ``fields``: of an object, or of a
    list's items.
    """

    label: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    length: int = 0
    writable: bool | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Discovered:
    """Something that the system offers to read: its key, its fields with their source types, whether it can be written.

    ``details``: by field, for those of which more is told.
    """

    stream: str
    key: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    writable: bool = False
    details: Mapping[str, Detail] = field(default_factory=dict)


@runtime_checkable
class Discovering(Protocol):
    """What a connector adds that can list what the system holds. Optional."""

    def discover(self) -> list[Discovered]:
        """Everything that could be declared as a stream, as the system describes it now."""
        ...


class Connector(Protocol):
    """One open connection to a system."""

    def check(self) -> CheckResult:
        """Log in and make the cheapest useful call. Raises a ``TongmaiError`` that says what to mend."""
        ...

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages of records, oldest change first where the source has an order.

        A page's checkpoint is never above a value really seen. Raises ``RetryableError`` or ``FatalError``; pages
        given before stay valid.
        """
        ...

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        """The dictionary a mapping sees, from a record's raw bytes. Raises ``RecordError`` when they do not decode."""
        ...

    def writer(self, target: str) -> Writer:
        """The writer of one object of the manifest's ``writes:`` section."""
        ...

    def close(self) -> None:
        """Release connections. The connector is not used afterwards."""
        ...

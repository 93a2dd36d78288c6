"""What a compiled mapping takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tongmai.core.finding import Mark


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference a mapping found: the key of a record in a stream of the same connection.

    ``stream`` is empty when any stream of that connection which feeds ``entity`` will do. With ``by`` the key is the
    value of that canonical field instead, whichever connection the entity came from. An ``optional`` reference
    that cannot be resolved is a finding and is filled when its target arrives; otherwise the record goes to quarantine.
    """

    entity: str
    key: str
    stream: str = ""
    optional: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """What went wrong with one field of one record; ``lines[2].price`` is a field of its third line.

    ``place`` is ``file:line`` of the mapping.
    """

    field: str
    code: str
    message: str
    place: str
    value: str = ""


@dataclass(slots=True)
class Mapped:
    """What became of one record.

    ``fields`` are canonical and JSON-safe: text; integers as int; decimals as text without exponent or trailing zeros;
    dates ``YYYY-MM-DD``; times ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` (UTC); booleans; lists of these; None for empty.
    Lines are a list of dictionaries, each with every field that the entity declares for a line.
    ``references`` are inbound fields still to be resolved (not in ``fields``; None in a line, under the name
    ``lines[2].product``). ``errors`` send the record to quarantine,
    ``findings`` do not. ``filtered`` is true when the mapping's ``only_if`` refused the record.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    errors: list[Issue] = field(default_factory=list)
    findings: list[Issue] = field(default_factory=list)
    filtered: bool = False


class Resolve(Protocol):
    """Outbound look-up: the key that ``entity_id`` has in ``stream`` of the target's connection, or None.

    With ``field`` it is the value of that canonical field, as the record there has it.
    """

    def __call__(self, entity_id: str, stream: str, field: str = "") -> str | None: ...


@dataclass(frozen=True, slots=True)
class Part:
    """A stream that is made of parts of another stream's records: ``orders/buyer`` of ``orders``.

    ``path``: where the part, or the list of parts, stands in a record. ``key``: the part's key (None: empty; raises
    ``RecordError``) of a part with the record it is of under ``head``. ``owned``: it goes with its record. ``takes``: whether the mapping's ``only_if`` lets
    it in (a condition that cannot be told does).
    """

    stream: str
    parent: str
    path: tuple[str, ...]
    owned: bool
    takes: Callable[[Mapping[str, Any]], bool]
    key: Callable[[Mapping[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping ready to run. Inbound when ``entity`` is its target; outbound when ``entity`` is its source; direct when
    both sides are systems: from ``source_stream`` of ``source_system`` to the payload of ``stream``, without an entity.

    ``digest``: 16 bytes over the definition and every term list it uses. ``reads``: fields of the source that it uses.
    ``reads_of``: for each top-level target field, the source fields it is made of. ``create_only``: outbound fields sent
    only when a record is created; ``if_empty``: only where the target has nothing. ``search``: payload fields by which an existing record is looked up before a create, in
    order. ``line_reads``: for each field of a line (``lines.price``), and for a list's own condition, what it is made of; a
    field of the record is ``head.name``, one of an entity's lines ``lines.price``. ``remote_fields``: the (stream, canonical field) pairs that ``remote_key`` asks for. ``by_fields``: the
    (entity, canonical field) pairs that references go by. ``sends``: the (entity, canonical field) pairs of other records
    that go out with it. ``python`` is the generated source. ``leaves_out``: it has an ``only_if``.
    ``refs``: the (entity, stream) pairs that references go to by a record's key, each with the place that says so first.
    """

    name: str
    file: str
    system: str
    stream: str
    entity: str
    outbound: bool
    digest: bytes
    reads: frozenset[str]
    reads_of: Mapping[str, frozenset[str]]
    create_only: frozenset[str]
    search: tuple[str, ...]
    python: str
    run: Callable[[Sequence[Mapping[str, Any]], Resolve | None], list[Mapped]]
    line_reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    if_empty: frozenset[str] = frozenset()
    remote_fields: frozenset[tuple[str, str]] = frozenset()
    by_fields: frozenset[tuple[str, str]] = frozenset()
    part: Part | None = None
    sends: frozenset[tuple[str, str]] = frozenset()
    source_system: str = ""
    source_stream: str = ""
    leaves_out: bool = False
    refs: Mapping[tuple[str, str], Mark] = field(default_factory=dict)

    @property
    def direct(self) -> bool:
        """Whether it goes from a stream to a payload, past every entity."""
        return bool(self.source_system)

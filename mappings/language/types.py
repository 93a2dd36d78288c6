"""What a compiled mapping takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference a mapping found: the key of a record in a stream of the same connection.

    ``stream`` is empty when any stream of that connection which feeds ``entity`` will do. An ``optional`` reference
    that cannot be resolved is a finding and is filled when its target arrives; otherwise the record goes to quarantine.
    """

    entity: str
    key: str
    stream: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Issue:
    """What went wrong with one field of one record. ``place`` is ``file:line`` of the mapping."""

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
    ``references`` are inbound fields still to be resolved (not in ``fields``). ``errors`` send the record to quarantine,
    ``findings`` do not. ``filtered`` is true when the mapping's ``only_if`` refused the record.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    errors: list[Issue] = field(default_factory=list)
    findings: list[Issue] = field(default_factory=list)
    filtered: bool = False


class Resolve(Protocol):
    """Outbound look-up: the key that ``entity_id`` has in ``stream`` of the target's connection, or None."""

    def __call__(self, entity_id: str, stream: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping ready to run. Inbound when ``entity`` is its target; outbound when ``entity`` is its source.

    ``digest``: 16 bytes over the definition and every term list it uses. ``reads``: fields of the source that it uses.
    ``reads_of``: for each top-level target field, the source fields it is made of. ``create_only``: outbound fields sent
    only when a record is created. ``search``: payload fields by which an existing record is looked up before a create, in
    order. ``python`` is the generated source.
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

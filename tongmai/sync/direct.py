"""Direct syncs: a source's records into a target without an entity of the dictionary, each on an inner entity's way.

The engine knows one way of a record: inbox, mapping, golden record, outbox, target. A direct sync goes it too, over an
entity of its own whose fields are the payload's. That entity is in no dictionary, has no golden table, is matched with
nothing; a source record and its entity are one to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import orjson

from connectors.sdk.manifest import Write as Object
from mappings.language.types import CompiledMapping, Issue, Mapped, Resolve
from masterdata.model import Entity
from masterdata.model.entity import JSON, Field, FieldType, Label, Matching
from masterdata.model.survivorship import Survivorship
from tongmai.sync.specs import Direct, Inbound, Outbound

PREFIX = "direct/"
_TAKEN = frozenset({"id", "status"})


def inner_name(sync: str) -> str:
    """The inner entity of a direct sync; also the stream under which the target's keys are kept."""
    return PREFIX + sync


def is_inner(entity: str) -> bool:
    """Whether an entity is a direct sync's own."""
    return entity.startswith(PREFIX)


def inner_field(name: str) -> str:
    """The inner entity's field for a field of the payload: `id` and `status` mean something of their own to the engine."""
    return f"payload:{name}" if name in _TAKEN else name


def reading(spec: Direct) -> Inbound:
    """The half that reads."""
    return Inbound(sync=spec.sync, read=spec.read, map=spec.map, deletes=spec.deletes, left_out=spec.left_out)


def writing(spec: Direct) -> Outbound:
    """The half that writes. There is no baseline: every create is looked up in the target first."""
    return Outbound(
        sync=spec.sync, write=spec.write, of=inner_name(spec.sync), map=spec.map, deletes=spec.deletes, baseline="",
        guarantee=spec.guarantee, doubt=spec.doubt,
    )  # fmt: skip


def entity(spec: Direct, mapping: CompiledMapping) -> Entity:
    """The inner entity: a field for each of the payload's, and the status that a deletion at the source changes."""
    name = Label(zh=spec.sync, en=spec.sync)
    fields = {
        inner_field(one): Field(type=FieldType(JSON), label=Label(zh=one, en=one)) for one in sorted(mapping.reads_of)
    }
    fields["status"] = Field(type=FieldType("text"), label=Label(zh="状态", en="Status"))
    # Not validated: a payload's names are the target's, not ours.
    return Entity.model_construct(
        entity=inner_name(spec.sync), label=name, fields=fields, matching=Matching(), survivorship=Survivorship(), rules=()
    )  # fmt: skip


def into(spec: Direct, mapping: CompiledMapping) -> CompiledMapping:
    """The mapping as the inbound one of the inner entity."""

    def run(records: Sequence[Mapping[str, Any]], resolve: Resolve | None) -> list[Mapped]:
        found = mapping.run(records, resolve)
        for one in found:
            _check_json(one)
            one.fields = {inner_field(name): value for name, value in one.fields.items()}
            one.fields["status"] = "active"
        return found

    return replace(mapping, entity=inner_name(spec.sync), stream=mapping.source_stream, outbound=False, run=run)


def out_of(spec: Direct, mapping: CompiledMapping, target: Object) -> CompiledMapping:
    """The outbound mapping of the inner entity: its fields as they are, and our key where the mapping gives none.

    Its digest stays when the mapping changes: what the change makes of the records is in the fields themselves, and only
    that is to be sent.
    """
    names = {inner_field(name): name for name in mapping.reads_of}
    own = {target.our_key} - {"", *mapping.reads_of}

    def run(records: Sequence[Mapping[str, Any]], resolve: Resolve | None) -> list[Mapped]:
        return [
            Mapped({names[one]: record[one] for one in names if one in record} | dict.fromkeys(own, record["id"]))
            for record in records
        ]

    nothing: frozenset[str] = frozenset()
    return replace(
        mapping,
        entity=inner_name(spec.sync),
        digest=blake2b(f"direct\x1f{''.join(own)}".encode(), digest_size=16).digest(),
        reads=frozenset(names),
        reads_of={name: frozenset({one}) for one, name in names.items()} | dict.fromkeys(own, nothing),
        create_only=mapping.create_only | own,
        search=(*sorted(own & set(target.search)), *mapping.search),
        line_reads={},
        run=run,
        part=None,
    )


def _check_json(mapped: Mapped) -> None:
    """What no JSON can hold goes to quarantine: it could be neither kept nor sent."""
    for name, value in mapped.fields.items():
        try:
            orjson.dumps(value)
        except TypeError as error:
            mapped.errors.append(
                Issue(name, "no-json", f"the value cannot be written as JSON: {error}", "", repr(value))
            )

"""Lineage: from which systems and fields each field of an entity comes, by which rule, and to which systems it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.language.definition import Definition, Target
from mappings.language.types import CompiledMapping
from mappings.language.write import describe
from tongmai import __version__
from tongmai.sync.content import Content
from tongmai.sync.specs import Direct, Inbound, Outbound

PRODUCER = f"urn:tongmai:{__version__}"
_FACET = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"
_SCHEMA = "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent"


@dataclass(frozen=True)
class Edge:
    """One field made of others. ``inbound``: ``field`` is the entity's (``lines.price`` in lines), ``others`` the
    source's; else ``field`` is the target's and ``others`` are the entity's (the source's, of a direct mapping, which has no entity). ``rule`` is what the mapping says, ``place``
    where. ``sync`` and ``connection`` are empty for a mapping that no sync uses."""

    entity: str
    field: str
    others: tuple[str, ...]
    inbound: bool
    mapping: str
    system: str
    stream: str
    rule: str
    place: str
    sync: str = ""
    connection: str = ""

    def about(self, field: str) -> bool:
        """Whether it says something of a field of the entity."""
        names = (self.field,) if self.inbound else self.others
        return any(name == field or name.partition(".")[0] == field for name in names)

    def subtype(self, other: str) -> str:
        """What OpenLineage calls the step from one of ``others``: taken as it is, or made into something else."""
        return "IDENTITY" if self.rule == other else "TRANSFORMATION"

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "entity": self.entity,
            "direction": "in" if self.inbound else "out",
            "field": self.field,
            "from": list(self.others),
            "mapping": self.mapping,
            "dataset": f"{self.connection or self.system}.{self.stream}",
            "sync": self.sync,
            "rule": self.rule,
            "place": self.place,
        }


@dataclass(frozen=True)
class Road:
    """One sync's way: from a dataset to a dataset (namespace and name, as OpenLineage calls them), field by field."""

    source: tuple[str, str]
    target: tuple[str, str]
    edges: tuple[Edge, ...]


def road(content: Content, sync: str, every: Sequence[Edge] | None = None) -> Road | None:
    """The way of a sync; None for a group or flow, and where its mapping has mistakes. ``every``: what ``edges`` gave."""
    spec = content.specs.syncs.get(sync)
    own = tuple(one for one in (edges(content) if every is None else every) if one.sync == sync)
    if not own:
        return None
    outer = (f"tongmai://{own[0].connection}", own[0].stream)
    inner = ("tongmai://hub", own[0].entity)
    if isinstance(spec, Direct):  # no entity lies between
        inner = (f"tongmai://{spec.read.connection}", spec.read.stream)
    return Road(outer, inner, own) if own[0].inbound else Road(inner, outer, own)


def edges(content: Content) -> list[Edge]:
    """Every edge of every mapping, once for each sync that uses it."""
    used: dict[str, list[tuple[str, str]]] = {}
    for name, spec in content.specs.syncs.items():
        if isinstance(spec, Inbound):
            used.setdefault(spec.map, []).append((name, spec.read.connection))
        elif isinstance(spec, Outbound | Direct):
            used.setdefault(spec.map, []).append((name, spec.write.connection))
    found: list[Edge] = []
    for name, compiled in content.mappings.by_name.items():
        definition = content.mappings.definitions[name]
        for sync, connection in used.get(name, [("", "")]):
            found += _edges(definition, compiled, sync, connection)
    return found


def _edges(definition: Definition, compiled: CompiledMapping, sync: str, connection: str) -> Iterator[Edge]:
    for target in definition.every_target():
        reads = _reads(compiled, target)
        yield Edge(
            compiled.entity,
            target.full_name,
            tuple(sorted(reads)),
            not compiled.outbound,
            compiled.name,
            compiled.system,
            compiled.stream,
            describe(target.node),
            definition.place(target.mark),
            sync,
            connection,
        )


def _reads(compiled: CompiledMapping, target: Target) -> frozenset[str]:
    if target.line_of:
        return compiled.line_reads.get(target.full_name, frozenset())
    return compiled.reads_of.get(target.path[0], frozenset())


def open_lineage(content: Content, at: str) -> list[dict[str, Any]]:
    """A design-time job event of OpenLineage for each sync, with the column lineage of what it writes.

    ``at``: when, ISO 8601 with zone. Datasets are ``tongmai://connection`` and a stream, and ``tongmai://hub`` and an entity.
    """
    events = []
    every = edges(content)
    for name, spec in content.specs.syncs.items():
        found = road(content, name, every)
        if found is None:
            continue
        source, target = ({"namespace": one[0], "name": one[1]} for one in (found.source, found.target))
        doc = getattr(spec, "doc", None)
        events.append(
            {
                "eventTime": at,
                "producer": PRODUCER,
                "schemaURL": _EVENT,
                "job": {
                    "namespace": "tongmai",
                    "name": name,
                    "facets": _documentation(doc.en) if doc is not None else {},
                },
                "inputs": [source],
                "outputs": [{**target, "facets": _facets(found.edges, source)}],
            }
        )
    return events


def _facets(own: Sequence[Edge], source: Mapping[str, str]) -> dict[str, Any]:
    fields = {
        one.field: {
            "inputFields": [
                {
                    **source,
                    "field": name,
                    "transformations": [
                        {
                            "type": "DIRECT",
                            "subtype": one.subtype(name),
                            "description": one.rule,
                        }
                    ],
                }
                for name in one.others
            ]
        }
        for one in own
        if one.others
    }
    schema = [{"name": one.field} for one in own]
    return {
        "columnLineage": {"_producer": PRODUCER, "_schemaURL": _FACET, "fields": fields},
        "schema": {"_producer": PRODUCER, "_schemaURL": _SCHEMA, "fields": schema},
    }


def _documentation(text: str) -> dict[str, Any]:
    url = "https://openlineage.io/spec/facets/1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet"
    return {"documentation": {"_producer": PRODUCER, "_schemaURL": url, "description": text}}

"""Everything that was written in YAML, loaded together, and the release it makes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from connectors import registry
from connectors.sdk.manifest import Manifest
from mappings.language.load import Mappings, load_mappings
from mappings.language.types import CompiledMapping
from masterdata.golden.ddl import create_tables
from masterdata.golden.rollup import create_indexes
from masterdata.model import Entity, Schema, load_schema
from masterdata.store import Database
from masterdata.store.database import lock_number
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, nearest
from tongmai.core.settings import content_folders
from tongmai.sync.specs import Connection, Group, Inbound, Outbound, Spec, Specs, load_specs

CONNECTIONS = "connections.yaml"


@dataclass(frozen=True)
class Content:
    """Entities, mappings, syncs and connections of the product and the sites. Mistakes are in each part's findings."""

    schema: Schema
    mappings: Mappings
    specs: Specs

    def sync(self, name: str) -> Spec:
        """A sync or group that can be run; raises with every mistake in the files it needs."""
        spec = self.specs.syncs.get(name)
        broken = [f for f in self.specs.findings if Path(f.mark.file).stem == name]
        if any(f.code == "sync.unknown-connection" for f in broken):  # perhaps it is there, with mistakes
            broken += [f for f in self.specs.findings if Path(f.mark.file).name == CONNECTIONS]
        if spec is None and not broken:
            names = ", ".join(self.specs.syncs) or "-"
            near = nearest(name, self.specs.syncs)
            raise ConfigurationError(
                f"sync `{name}`",
                f"there is no such sync (there are: {names})",
                f"did you mean `{near}`?"
                if near
                else "write dags/syncs/NAME.yaml, or a file in a site folder's syncs/",
                code="unknown-sync",
            )
        self._refuse(f"sync `{name}`", [*_errors(self.schema.findings), *_errors(broken)])
        assert spec is not None
        for member in spec.syncs if isinstance(spec, Group) else ():
            self.sync(member)
        if isinstance(spec, Inbound | Outbound):
            self.mapping(spec)
        return spec

    def mapping(self, spec: Inbound | Outbound) -> CompiledMapping:
        """The mapping a sync names; raises with its mistakes."""
        found = self.mappings.by_name.get(spec.map)
        file = spec.map.split("/")[-1] + ".yaml"
        system = spec.map.split("/")[0]
        wrong = [
            f
            for f in _errors(self.mappings.findings)
            if Path(f.mark.file).parent.name == system and Path(f.mark.file).name in (file, "terms.yaml")
        ]
        self._refuse(f"mapping `{spec.map}`", wrong)
        if found is None:
            near = nearest(spec.map, self.mappings.by_name)
            raise ConfigurationError(
                f"sync `{spec.sync}`",
                f"there is no mapping `{spec.map}`",
                f"did you mean `{near}`?" if near else f"write mappings/definitions/{spec.map}.yaml",
                code="unknown-mapping",
            )
        if found.outbound != isinstance(spec, Outbound):
            raise ConfigurationError(
                f"sync `{spec.sync}`",
                f"mapping `{spec.map}` goes the other way",
                "name a mapping from this stream to an entity, or from the entity to this object",
                code="mapping-direction",
            )
        return found

    def connection(self, name: str) -> Connection:
        """A connection by name."""
        return self.specs.connections[name]

    def entity(self, name: str) -> Entity:
        """An entity by name."""
        return self.schema.entities[name]

    def inbound_of(self, connection: str, stream: str) -> Inbound | None:
        """The inbound sync that reads this stream."""
        for spec in self.specs.syncs.values():
            if isinstance(spec, Inbound) and spec.read.connection == connection and spec.read.stream == stream:
                return spec
        return None

    @staticmethod
    def _refuse(what: str, findings: list[Finding]) -> None:
        if findings:
            raise ConfigurationError(
                what,
                f"{len(findings)} mistake(s) in its files",
                "mend them; `tongmai check` shows all",
                code="bad-yaml",
                findings=findings,
            )


def load_content() -> Content:
    """Read and compile everything. Never raises for a mistake in a file."""
    schema = load_schema(content_folders("masterdata/entities", "masterdata"))
    mappings = load_mappings(content_folders("mappings/definitions", "mappings"), schema, _manifest)
    return Content(schema, mappings, load_specs())


def _manifest(connector: str) -> Manifest | None:
    """The manifest of a connector for the mappings' checks; None when there is no such connector."""
    return registry.manifest(connector) if connector in registry.names() else None


def activate(database: Database, content: Content) -> bytes:
    """Store the content as a release, content-addressed, and make the golden tables fit. Returns the release's id."""
    files = {str(name): text for name, text in sorted(_texts())}
    body = json.dumps(files, ensure_ascii=False, sort_keys=True).encode()
    identity = blake2b(body, digest_size=16).digest()
    with database.transaction() as cursor:
        cursor.execute("select 1 from hub.release where id = %s", (identity,))
        if cursor.fetchone():
            return identity
        cursor.execute("select pg_advisory_xact_lock(%s)", (lock_number("release"),))
        create_tables(cursor, content.schema)
        create_indexes(cursor, content.schema)
        cursor.execute(
            "insert into hub.release (id, schema, content) values (%s, %s, %s) on conflict do nothing",
            (identity, content.schema.digest(), zlib.compress(body)),
        )
    return identity


def _texts() -> Iterable[tuple[str, str]]:
    kinds = [
        ("masterdata/entities", "masterdata", "*/*.yaml"),
        ("mappings/definitions", "mappings", "*/*.yaml"),
        ("dags/syncs", "syncs", "*.yaml"),
        (".", ".", "connections.yaml"),
        ("connectors/vendors", "connectors", "*/connector.yaml"),
    ]
    for product, site, pattern in kinds:
        for number, folder in enumerate(content_folders(product, site)):
            for file in sorted(folder.glob(pattern)):
                yield f"{number}/{site}/{file.relative_to(folder)}", file.read_text(encoding="utf-8", errors="replace")


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]

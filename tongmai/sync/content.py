"""Everything that was written in YAML, loaded together, and the release it makes."""

from __future__ import annotations

import json
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from connectors import registry
from connectors.schemas import FOLDER as SCHEMAS
from connectors.schemas import SchemaFile, laid_over, load_schemas
from connectors.sdk.manifest import Manifest
from mappings.kpis import compile_kpis
from mappings.language.criteria import Watched, watched_fields
from mappings.language.load import Mappings, load_mappings
from mappings.language.types import CompiledMapping
from masterdata.golden import registered
from masterdata.golden.ddl import create_tables
from masterdata.golden.rollup import create_indexes, rollups
from masterdata.golden.views import fits, refresh, views
from masterdata.model import Entity, Schema, load_schema
from masterdata.model.kpi import Kpis, load_kpis
from masterdata.store import Database
from masterdata.store.database import lock_number
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.core.finding import Finding, Mark, nearest
from tongmai.core.settings import content_folders
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document
from tongmai.flows.compiled import CompiledFlow, compile_flow
from tongmai.flows.own import CONNECTION as OWN
from tongmai.flows.own import manifest as own_manifest
from tongmai.flows.spec import HUB, Flows, load_flows
from tongmai.sync import direct, referrers
from tongmai.sync.guarantee import check_promise
from tongmai.sync.specs import Connection, Direct, Group, Inbound, Outbound, Read, Spec, Specs, load_specs
from tongmai.sync.triggers import Trigger

CONNECTIONS = "connections.yaml"


@dataclass(frozen=True)
class Content:
    """Entities, mappings, syncs and connections of the product and the sites. Mistakes are in each part's findings."""

    schema: Schema
    mappings: Mappings
    specs: Specs
    flows: Flows
    schemas: dict[str, SchemaFile] = field(default_factory=dict)
    schema_findings: list[Finding] = field(default_factory=list)
    kpis: Kpis = field(default_factory=Kpis)
    kpi_queries: dict[str, str] = field(default_factory=dict)
    compiled: dict[str, tuple[CompiledFlow | None, list[Finding]]] = field(default_factory=dict)

    def flow(self, name: str) -> CompiledFlow:
        """A flow ready to run; raises with every mistake in its files."""
        found, findings = self._compiled(name)
        self._refuse(f"flow `{name}`", [*_errors(self.schema.findings), *_errors(findings)])
        if found is None:
            step = next((step for step in self.flows.flows[name].steps if step.map not in self.mappings.by_name), None)
            raise ConfigurationError(
                f"flow `{name}`",
                f"mapping `{step.map if step else '-'}` has mistakes",
                "mend it; `tongmai check` shows all",
                code="bad-yaml",
            )
        return found

    def triggers(self, entity: str) -> tuple[Trigger, ...]:
        """What starts flows when a record of ``entity``, or one that sums it up, changes.

        A flow with mistakes would miss what happens now, so it stops the runs it listens to until it is mended.
        """
        if direct.is_inner(entity):
            return ()
        self._refuse("flows", _errors(self.flows.findings))
        heard = {entity, *(one.parent.entity for one in rollups(self.schema) if one.child.entity == entity)}
        return tuple(self.flow(name).trigger for name, flow in self.flows.flows.items() if flow.entity in heard)

    def _compiled(self, name: str) -> tuple[CompiledFlow | None, list[Finding]]:
        if name not in self.compiled:
            self.compiled[name] = compile_flow(self, name)
        return self.compiled[name]

    def sync(self, name: str) -> Spec:
        """A sync or group that can be run; raises with every mistake in the files it needs."""
        spec = self.specs.syncs.get(name)
        broken = [f for f in self.specs.findings if Path(f.mark.file).stem == name]
        if any(f.code == "sync.unknown-connection" for f in broken):  # perhaps it is there, with mistakes
            broken += [f for f in self.specs.findings if Path(f.mark.file).name == CONNECTIONS]
        if spec is None and not broken:
            known = [*self.specs.syncs, *self.flows.documents]
            near = nearest(name, known)
            raise ConfigurationError(
                f"sync `{name}`",
                f"there is no such sync or flow (there are: {', '.join(known) or '-'})",
                f"did you mean `{near}`?"
                if near
                else "write dags/syncs/NAME.yaml, or a file in a site folder's syncs/",
                code="unknown-sync",
            )
        self._refuse(f"sync `{name}`", [*_errors(self.schema.findings), *_errors(broken)])
        assert spec is not None
        for member in spec.syncs if isinstance(spec, Group) else ():
            if member not in self.flows.flows:
                self.sync(member)
        if not isinstance(spec, Group):
            self.triggers(self.mapping(spec).entity)
        if isinstance(spec, Outbound | Direct):
            whole = self.specs.documents[name]
            document = Document(whole.file, whole.data, whole.values, whole.keys)
            check_promise(self, name, spec.guarantee, document, "sync")
            self._refuse(f"sync `{name}`", document.findings)
        return spec

    def mapping(self, spec: Inbound | Outbound | Direct) -> CompiledMapping:
        """The mapping a sync names; raises with its mistakes. For one half of a direct sync it is that half's."""
        whole = self.specs.syncs.get(spec.sync)
        found = self._named(whole if isinstance(whole, Direct) else spec)
        if not isinstance(whole, Direct) or isinstance(spec, Direct):
            return found
        if isinstance(spec, Inbound):
            return direct.into(whole, found)
        connection = self.connection(spec.write.connection)
        manifest = registry.manifest_of(spec.write.connection, connection.connector, connection.settings)
        return direct.out_of(whole, found, manifest.writes[spec.write.object])

    def _named(self, spec: Inbound | Outbound | Direct) -> CompiledMapping:
        found = self.mappings.by_name.get(spec.map)
        file = spec.map.split("/")[-1] + ".yaml"
        system = spec.map.split("/")[0]
        wrong = [
            f
            for f in _errors(self.mappings.findings)
            if Path(f.mark.file).parent.name == system and Path(f.mark.file).name in (file, "terms.yaml")
        ]
        self._refuse(f"mapping `{spec.map}`", wrong)
        if found is not None and self.mappings.definitions[spec.map].data.draft:
            raise ConfigurationError(
                f"sync `{spec.sync}`",
                f"mapping `{spec.map}` is a draft",
                "look at each of its lines, then take `draft: true` away",
                code="draft-mapping",
            )
        if found is None:
            near = nearest(spec.map, self.mappings.by_name)
            raise ConfigurationError(
                f"sync `{spec.sync}`",
                f"there is no mapping `{spec.map}`",
                f"did you mean `{near}`?" if near else f"write mappings/definitions/{spec.map}.yaml",
                code="unknown-mapping",
            )
        if found.direct != isinstance(spec, Direct) or found.outbound == isinstance(spec, Inbound):
            raise ConfigurationError(
                f"sync `{spec.sync}`",
                f"mapping `{spec.map}` goes the other way",
                "name a mapping from this stream to an entity, from the entity to this object, or, where the sync reads and "
                "writes, from this stream to this object",
                code="mapping-direction",
            )
        return found

    def connection(self, name: str) -> Connection:
        """A connection by name; the hub's own is always there."""
        if name == HUB:
            return OWN
        return self.specs.connections[name]

    def entity(self, name: str) -> Entity:
        """An entity by name; a direct sync's own by that sync."""
        spec = self.specs.syncs.get(name.removeprefix(direct.PREFIX))
        if direct.is_inner(name) and isinstance(spec, Direct):
            return direct.entity(spec, self._named(spec))
        return self.schema.entities[name]

    def inbound_of(self, connection: str, stream: str) -> Inbound | None:
        """The inbound sync that reads this stream; for the hub's own streams the flow's step, as if it were one."""
        if connection == HUB:
            flow, _, entity = stream.partition("/")
            steps = self.flows.flows[flow].creates if flow in self.flows.flows else ()
            made = next((step for step in steps if step.create == entity), None)
            if made is None:
                return None
            return Inbound(sync=stream, read=Read(connection=HUB, stream=stream), map=made.map)
        for spec in self.specs.syncs.values():
            if not isinstance(spec, Inbound | Direct):
                continue
            if (spec.read.connection, spec.read.stream) == (connection, stream):
                return direct.reading(spec) if isinstance(spec, Direct) else spec
        return None

    def watched(self, entity: str) -> tuple[Watched, ...]:
        """The fields of an entity whose changes from term to term are looked at; raises with the mistakes of conditions."""
        return () if direct.is_inner(entity) else watched_fields(self.schema, self.schema.entities[entity])

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


def load_content(terms: Mapping[str, str] | None = None) -> Content:
    """Read and compile everything. Never raises for a mistake in a file.

    ``terms``: files (name → text) that are taken as if they lay in a site's ``dictionary/`` too.
    """
    if not terms:
        return _load(lambda product, site: content_folders(product, site), load_specs())
    with tempfile.TemporaryDirectory(prefix="tm-terms-") as folder:
        for name, text in terms.items():
            Path(folder, name).write_text(text, encoding="utf-8")

        def folders(product: str, site: str) -> list[Path]:
            return [*content_folders(product, site), *([Path(folder)] if site == "dictionary" else [])]

        return _load(folders, load_specs())


def load_release(database: Database, release: bytes, current: Content) -> Content:
    """Entities, mappings and flows as they were in a release; syncs and connections as they are now."""
    with database.transaction() as cursor:
        cursor.execute("select content from hub.release where id = %s", (release,))
        row = cursor.fetchone()
    if row is None:
        raise StateError(
            f"release {release.hex()}",
            "it is not in hub.release",
            "restore the hub database from a backup",
            code="no-release",
        )
    texts: dict[str, str] = json.loads(zlib.decompress(row[0]))
    with tempfile.TemporaryDirectory(prefix="tm-release-") as folder:
        for name, text in texts.items():
            file = Path(folder, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

        def folders(product: str, site: str) -> list[Path]:
            found = sorted(Path(folder).glob(f"*/{site}"), key=lambda path: int(path.parent.name))
            return [path for path in found if path.is_dir()]

        return _load(folders, current.specs)


def load_roots(roots: Sequence[Path], current: Content) -> Content:
    """Entities, mappings and flows as they are in other folders: a checkout of the product, then sites. Syncs as they are now."""
    product_of, *sites = roots

    def folders(product: str, site: str) -> list[Path]:
        found = [product_of / product, *(root / site for root in sites)]
        return [folder for folder in found if folder.is_dir()]

    return _load(folders, current.specs)


def _load(folders: Callable[[str, str], list[Path]], specs: Specs) -> Content:
    schema = load_schema(folders("masterdata/entities", "masterdata"), folders("masterdata/dictionary", "dictionary"))
    flows = load_flows(folders("dags/flows", "flows"))
    schemas, wrong = load_schemas(folders(SCHEMAS, SCHEMAS))

    def manifest(connector: str) -> Manifest | None:
        """What a system offers, for the mappings' checks: by its manifest, and by what it told of itself."""
        found = declared(connector)
        return None if found is None else laid_over(found, schemas.get(connector))

    def declared(connector: str) -> Manifest | None:
        """The manifest of a connector, or of a connection whose settings declare what it has."""
        if connector == HUB:
            return own_manifest(schema, flows)
        known = registry.names()
        connection = specs.connections.get(connector)
        if connector in known:
            return registry.manifest(connector)
        if connection is None or connection.connector not in known:
            return None
        try:
            return registry.manifest_of(connector, connection.connector, connection.settings)
        except ConfigurationError:
            return None  # said with the connections' own mistakes

    mappings = load_mappings(folders("mappings/definitions", "mappings"), schema, manifest)
    wrong += _unknown_systems(schemas, folders(SCHEMAS, SCHEMAS), [*registry.names(), *specs.connections])
    kpis = load_kpis(folders("masterdata/kpis", "kpis"), schema)
    queries, findings = compile_kpis(kpis, schema)
    kpis.findings += findings
    return Content(schema, mappings, specs, flows, schemas, wrong, kpis, queries)


def _unknown_systems(schemas: Iterable[str], folders: list[Path], known: Iterable[str]) -> list[Finding]:
    """Schema files of systems that there are not: nothing is checked against them."""
    findings: list[Finding] = []
    for name in sorted(set(schemas) - set(known)):
        file = next(folder / f"{name}.yaml" for folder in folders if (folder / f"{name}.yaml").is_file())
        en = f"there is no connector or connection `{name}`; give the file the system's name, or delete it"
        zh = f"没有连接器或连接 `{name}`；请改用系统的名称，或删除该文件"
        findings.append(Finding(Mark(str(file), 1, 1), "schema.unknown-system", Text(en, zh), nearest(name, known)))
    return findings


def activate(database: Database, content: Content) -> bytes:
    """Store the content as a release, content-addressed, and make the golden tables fit. Returns the release's id."""
    files = {str(name): text for name, text in sorted(_texts())}
    body = json.dumps(files, ensure_ascii=False, sort_keys=True).encode()
    identity = blake2b(body, digest_size=16).digest()
    with database.transaction() as cursor:
        cursor.execute("select 1 from hub.release where id = %s", (identity,))
        known, wanted = cursor.fetchone() is not None, views(content.schema, content.kpis, content.kpi_queries)
        if known and fits(cursor, wanted):
            return identity
        cursor.execute("select pg_advisory_xact_lock(%s)", (lock_number("release"),))
        # Another run may have done it while this one waited; what is right already is left alone, since others write there.
        cursor.execute("select 1 from hub.release where id = %s", (identity,))
        if cursor.fetchone() is not None and fits(cursor, wanted):
            return identity
        create_tables(cursor, content.schema)
        create_indexes(cursor, content.schema)
        referrers.create_indexes(cursor, content.schema)
        registered.create_indexes(cursor, content.schema)
        refresh(cursor, wanted)
        cursor.execute(
            "insert into hub.release (id, schema, content) values (%s, %s, %s) on conflict do nothing",
            (identity, content.schema.digest(), zlib.compress(body)),
        )
    return identity


def _texts() -> Iterable[tuple[str, str]]:
    kinds = [
        ("masterdata/entities", "masterdata", "*/*.yaml"),
        ("masterdata/dictionary", "dictionary", "*.yaml"),
        ("masterdata/kpis", "kpis", "*.yaml"),
        ("mappings/definitions", "mappings", "*/*.yaml"),
        ("mappings/definitions", "mappings", "*/tables/*.csv"),
        ("mappings/definitions", "mappings", "variables.yaml"),
        ("mappings/calendars", "calendars", "*.yaml"),
        ("dags/syncs", "syncs", "*.yaml"),
        ("dags/flows", "flows", "*.yaml"),
        (".", ".", "connections.yaml"),
        (SCHEMAS, SCHEMAS, "*.yaml"),
        ("connectors/vendors", "connectors", "*/connector.yaml"),
    ]
    for product, site, pattern in kinds:
        for number, folder in enumerate(content_folders(product, site)):
            for file in sorted(folder.glob(pattern)):
                yield f"{number}/{site}/{file.relative_to(folder)}", file.read_text(encoding="utf-8", errors="replace")


def _errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]

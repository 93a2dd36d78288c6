"""Everything that can be wrong in the YAML of the product and the sites, found without a database or a network."""

from __future__ import annotations

from connectors import registry
from connectors.sdk.manifest import Manifest
from mappings.language import CompiledMapping, compile_condition
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, Mark, nearest
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document
from tongmai.flows.compiled import compile_flow
from tongmai.sync.content import CONNECTIONS, Content
from tongmai.sync.guarantee import BLIND, check_promise, promise
from tongmai.sync.specs import Connection, Inbound, Outbound


def check_content(content: Content) -> list[Finding]:
    """Every mistake, in the order of the files; links between syncs, connections, mappings and entities included."""
    findings = [*content.schema.findings, *content.specs.findings, *content.mappings.findings]
    findings += _connections(content)
    findings += content.flows.findings
    for name in content.flows.flows:
        findings += compile_flow(content, name)[1]
    for name, spec in content.specs.syncs.items():
        whole = content.specs.documents[name]
        before = Document(whole.file, whole.data, whole.values, whole.keys)
        if isinstance(spec, Inbound):
            _inbound(content, spec, before)
        elif isinstance(spec, Outbound):
            _outbound(content, spec, before)
        findings += before.findings
    unique = {(f.mark, f.code, f.message.en): f for f in findings}
    return sorted(unique.values(), key=lambda f: (f.mark.file, f.mark.line, f.mark.column))


def _connections(content: Content) -> list[Finding]:
    findings: list[Finding] = []
    known = registry.names()
    for connector in {each.connector for each in content.specs.connections.values()} & set(known):
        try:
            registry.manifest(connector)
        except ConfigurationError as error:
            findings += error.findings
            known.remove(connector)
    for name, connection in content.specs.connections.items():
        if connection.connector in known:
            findings += _declarations(content, name, connection)
    return findings


def _declarations(content: Content, name: str, connection: Connection) -> list[Finding]:
    """Mistakes in the streams and writes that a connection's settings declare."""
    try:
        registry.manifest_of(name, connection.connector, connection.settings)
    except ConfigurationError as error:
        place = Mark(str(content.specs.roots[name] / CONNECTIONS), 1, 1)
        return [
            Finding(
                place,
                "connection.settings",
                Text(f"{error.what}: {error.why}", f"连接 `{name}` 的设置有误：{error.why}"),
            )
        ]
    return []


def _manifest(content: Content, connection: str, document: Document, key: str) -> Manifest | None:
    """The manifest behind a sync's connection; an unknown connector is a mistake, a broken manifest is reported elsewhere."""
    found = content.specs.connections.get(connection)
    if found is None:
        return None
    known = registry.names()
    if found.connector not in known:
        names = ", ".join(known) or "-"
        document.add(
            document.mark(key, "connection"),
            "sync.unknown-connector",
            f"connection `{connection}` uses the unknown connector `{found.connector}` (there are: {names})",
            f"连接 `{connection}` 使用了未知的连接器 `{found.connector}`（现有：{names}）",
            nearest(found.connector, known),
        )
        return None
    try:
        return registry.manifest_of(connection, found.connector, found.settings)
    except ConfigurationError:
        return None  # its mistakes are among the findings of ``_connections``


def _mapping(content: Content, spec: Inbound | Outbound, document: Document) -> CompiledMapping | None:
    """The sync's mapping when it exists, compiles and goes the right way."""
    mappings = content.mappings
    if spec.map not in mappings.definitions:
        names = ", ".join(sorted(mappings.definitions)) or "-"
        broken = any(f.mark.file.endswith(f"{spec.map}.yaml") for f in mappings.findings)
        if not broken:
            document.add(
                document.mark("map"),
                "sync.unknown-mapping",
                f"unknown mapping `{spec.map}` (there are: {names})",
                f"未知的映射 `{spec.map}`（现有：{names}）",
                nearest(spec.map, mappings.definitions),
            )
        return None
    found = mappings.by_name.get(spec.map)
    if found is None:
        return None
    if found.outbound != isinstance(spec, Outbound):
        document.add(
            document.mark("map"),
            "sync.mapping-direction",
            f"mapping `{spec.map}` goes the other way",
            f"映射 `{spec.map}` 的方向相反",
        )
        return None
    return found


def _inbound(content: Content, spec: Inbound, document: Document) -> None:
    manifest = _manifest(content, spec.read.connection, document, "read")
    if manifest is not None:
        _stream(spec, manifest, document)
    mapping = _mapping(content, spec, document)
    if mapping is not None and mapping.stream != spec.read.stream:
        document.add(
            document.mark("read", "stream"),
            "sync.other-stream",
            f"the sync reads `{spec.read.stream}`, the mapping `{spec.map}` is for `{mapping.stream}`",
            f"同步读取 `{spec.read.stream}`，而映射 `{spec.map}` 针对 `{mapping.stream}`",
            mapping.stream,
        )
    if mapping is not None and manifest is not None and not manifest.streams_from_settings:
        _same_system(spec.map, mapping, manifest, document)


def _same_system(name: str, mapping: CompiledMapping, manifest: Manifest, document: Document) -> None:
    if mapping.system != manifest.connector:
        document.add(
            document.mark("map"),
            "sync.other-system",
            f"mapping `{name}` is for `{mapping.system}`, the connection is `{manifest.connector}`",
            f"映射 `{name}` 针对 `{mapping.system}`，而连接属于 `{manifest.connector}`",
        )


def _stream(spec: Inbound, manifest: Manifest, document: Document) -> None:
    known = set(manifest.streams)
    if spec.read.stream not in known:
        names = ", ".join(sorted(known)) or "-"
        document.add(
            document.mark("read", "stream"),
            "sync.unknown-stream",
            f"unknown stream `{spec.read.stream}` of `{spec.read.connection}` (there are: {names})",
            f"连接 `{spec.read.connection}` 没有数据流 `{spec.read.stream}`（现有：{names}）",
            nearest(spec.read.stream, known),
        )


def _outbound(content: Content, spec: Outbound, document: Document) -> None:
    manifest = _manifest(content, spec.write.connection, document, "write")
    mapping = _mapping(content, spec, document)
    entities = content.schema.entities
    entity = entities.get(spec.of)
    if entity is None:
        names = ", ".join(sorted(entities)) or "-"
        document.add(
            document.mark("of"),
            "sync.unknown-entity",
            f"unknown entity `{spec.of}` (there are: {names})",
            f"未知的实体 `{spec.of}`（现有：{names}）",
            nearest(spec.of, entities),
        )
    elif spec.when:
        try:
            compile_condition(spec.when, entity, content.schema, document.mark("when"))
        except ConfigurationError as error:
            document.findings += error.findings
    if mapping is not None:
        _outbound_mapping(spec, mapping, document)
        if manifest is not None and not manifest.writes_from_settings:
            _same_system(spec.map, mapping, manifest, document)
    if manifest is not None:
        _target(content, spec, manifest, mapping, document)


def _outbound_mapping(spec: Outbound, mapping: CompiledMapping, document: Document) -> None:
    if mapping.entity != spec.of:
        document.add(
            document.mark("of"),
            "sync.other-entity",
            f"the sync is of `{spec.of}`, the mapping `{spec.map}` of `{mapping.entity}`",
            f"同步针对 `{spec.of}`，而映射 `{spec.map}` 针对 `{mapping.entity}`",
            mapping.entity,
        )
    if mapping.stream != spec.write.object:
        document.add(
            document.mark("write", "object"),
            "sync.other-object",
            f"the sync writes `{spec.write.object}`, the mapping `{spec.map}` is for `{mapping.stream}`",
            f"同步写入 `{spec.write.object}`，而映射 `{spec.map}` 针对 `{mapping.stream}`",
            mapping.stream,
        )


def _target(
    content: Content, spec: Outbound, manifest: Manifest, mapping: CompiledMapping | None, document: Document
) -> None:
    target = manifest.writes.get(spec.write.object)
    if target is None:
        names = ", ".join(sorted(manifest.writes)) or "-"
        document.add(
            document.mark("write", "object"),
            "sync.unknown-object",
            f"connector `{manifest.connector}` cannot write `{spec.write.object}` (it writes: {names})",
            f"连接器 `{manifest.connector}` 不能写 `{spec.write.object}`（可写：{names}）",
            nearest(spec.write.object, manifest.writes),
        )
        return
    if spec.deletes == "deactivate" and not target.deactivate and "deletes" in document.data:
        document.add(
            document.mark("deletes"),
            "sync.cannot-deactivate",
            f"`{manifest.connector}` cannot switch a `{spec.write.object}` off; write `deletes: ignore`",
            f"`{manifest.connector}` 不能停用 `{spec.write.object}`，请写 `deletes: ignore`",
            "ignore",
        )
    baseline = content.specs.syncs.get(spec.baseline)
    if isinstance(baseline, Inbound) and baseline.read.stream != target.stream:
        document.add(
            document.mark("baseline"),
            "sync.baseline-stream",
            f"the baseline reads `{baseline.read.stream}`; written records are read back in `{target.stream}`",
            f"基线读取 `{baseline.read.stream}`，而写入的记录在 `{target.stream}` 中读回",
        )
    check_promise(content, spec.sync, spec.guarantee, document, "sync")
    if spec.doubt == "resend" and (found := promise(content, spec.sync)) is not None and found.guarantee != BLIND:
        document.add(
            document.mark("doubt"),
            "sync.doubt",
            f"`doubt` is for targets where nothing can be looked up; this one reaches `{found.guarantee}`",
            f"`doubt` 只用于无法查证的目标；该同步可达到 `{found.guarantee}`",
        )

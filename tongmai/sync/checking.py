"""Everything that can be wrong in the YAML of the product and the sites, found without a database or a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connectors import registry
from connectors.sdk.manifest import Manifest
from mappings.language import CompiledMapping, check_condition
from mappings.language.definition import Definition
from tongmai.batch.run import weights_in
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, Mark, nearest, tidied
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document
from tongmai.flows.compiled import compile_flow
from tongmai.quality.compiled import check_quality
from tongmai.sync.content import CONNECTIONS, Content
from tongmai.sync.guarantee import BLIND, check_promise, promise
from tongmai.sync.personal import check_personal
from tongmai.sync.referring import check_references
from tongmai.sync.specs import Connection, Direct, Inbound, Outbound
from tongmai.sync.writers import check_writers

NOT_CHECKED = frozenset(
    f"mapping.{name}"
    for name in (
        "no-tests",
        "not-total-in",
        "never-equal",
        "constant-condition",
        "repeated-condition",
        "needless-default",
        "value-not-taken",
    )
)
"""Warnings while it runs, errors in a check."""


def check_content(content: Content) -> list[Finding]:
    """Every mistake, in the order of the files; links between syncs, connections, mappings and entities included."""
    findings = [*content.schema.findings, *content.specs.findings, *content.mappings.findings]
    findings += content.schema_findings
    findings += content.kpis.findings
    findings += check_quality(content.schema)
    findings += _weights(content)
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
        elif isinstance(spec, Direct):
            _direct(content, spec, before)
        findings += before.findings
    findings += check_writers(content)
    findings += check_references(content)
    findings += [_draft(each) for each in content.mappings.definitions.values() if each.data.draft]
    return tidied(as_checked(findings))


def as_checked(findings: Iterable[Finding], *, untested: bool = False) -> list[Finding]:
    """Makes errors of what a mapping may run with and is not called checked with: no tests, branches that nothing reaches,
    values that no value map knows. ``untested``: a mapping without tests stays a warning."""
    refused = NOT_CHECKED - {"mapping.no-tests"} if untested else NOT_CHECKED
    return [replace(f, severity="error") if f.code in refused else f for f in findings]


def _weights(content: Content) -> list[Finding]:
    """Files of learnt weights that cannot be read."""
    found = []
    for entity, file in sorted(content.schema.weights.items()):
        try:
            weights_in(file)
        except ConfigurationError as error:
            message = Text(f"these are no weights of `{entity}`: {error.why}", f"这不是 `{entity}` 的权重：{error.why}")
            found.append(Finding(Mark(str(file), 1, 1), "matching.bad-weights", message))
    return found


def _draft(definition: Definition) -> Finding:
    return Finding(
        definition.document.key_mark("draft"),
        "mapping.draft",
        Text(
            "these are proposals that nobody has looked at; take this line away once you have",
            "这些是尚未确认的建议；确认后请删除本行",
        ),
    )


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


def _mapping(content: Content, spec: Inbound | Outbound | Direct, document: Document) -> CompiledMapping | None:
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
    if found.direct != isinstance(spec, Direct) or found.outbound == isinstance(spec, Inbound):
        document.add(
            document.mark("map"),
            "sync.mapping-direction",
            f"mapping `{spec.map}` goes {_way(found, 'en')}, the sync {_way(spec, 'en')}",
            f"映射 `{spec.map}` {_way(found, 'zh')}，而该同步{_way(spec, 'zh')}",
        )
        return None
    return found


def _way(one: CompiledMapping | Inbound | Outbound | Direct, lang: str) -> str:
    """From where to where a mapping or a sync goes."""
    direct = one.direct if isinstance(one, CompiledMapping) else isinstance(one, Direct)
    inward = not one.outbound if isinstance(one, CompiledMapping) else isinstance(one, Inbound)
    if direct:
        return str({"en": "from a stream to an object", "zh": "从数据流到对象"}[lang])
    words = {
        "en": ("from a stream to an entity", "from an entity to an object"),
        "zh": ("从数据流到实体", "从实体到对象"),
    }
    return words[lang][0 if inward else 1]


def _direct(content: Content, spec: Direct, document: Document) -> None:
    source = _manifest(content, spec.read.connection, document, "read")
    manifest = _manifest(content, spec.write.connection, document, "write")
    mapping = _mapping(content, spec, document)
    _read_side(content, spec, source, mapping, document)
    if mapping is not None:
        _written_object(spec, mapping, document)
        if manifest is not None:
            _same_system(spec.map, mapping.system, spec.write.connection, manifest, document)
    target = manifest.writes.get(spec.write.object) if manifest is not None else None
    if manifest is None or not _target(content, spec, manifest, document) or target is None:
        return
    if spec.read.connection == spec.write.connection and spec.read.stream.partition("/")[0] == target.stream:
        document.add(
            document.mark("write", "object"),
            "sync.direct-loop",
            f"what it writes comes back in the stream `{target.stream}` that it reads: each record would make another",
            f"写入的记录会出现在它读取的数据流 `{target.stream}` 中，每条记录都会再生成一条",
        )
    if mapping is not None and target.search and not mapping.search:
        names = ", ".join(target.search)
        document.add(
            document.mark("map"),
            "sync.direct-without-search",
            f"`{spec.map}` has no `search`, and a direct sync reads no baseline: records that are in the target already "
            f"would be created again (searchable: {names})",
            f"`{spec.map}` 没有 `search`，而直连同步不读取基线：目标中已有的记录会被重复新建（可查：{names}）",
        )


def _inbound(content: Content, spec: Inbound, document: Document) -> None:
    manifest = _manifest(content, spec.read.connection, document, "read")
    _read_side(content, spec, manifest, _mapping(content, spec, document), document)


def _read_side(
    content: Content,
    spec: Inbound | Direct,
    manifest: Manifest | None,
    mapping: CompiledMapping | None,
    document: Document,
) -> None:
    """What is read is there, and is what the mapping is for."""
    if mapping is not None and mapping.part is not None:
        _part(content, spec, mapping.part.parent, document)
    elif manifest is not None:
        _stream(spec, manifest, document)
    if mapping is None:
        return
    system, stream = (
        (mapping.source_system, mapping.source_stream) if mapping.direct else (mapping.system, mapping.stream)
    )
    if stream != spec.read.stream:
        document.add(
            document.mark("read", "stream"),
            "sync.other-stream",
            f"the sync reads `{spec.read.stream}`, the mapping `{spec.map}` is for `{stream}`",
            f"同步读取 `{spec.read.stream}`，而映射 `{spec.map}` 针对 `{stream}`",
            stream,
        )
    if manifest is not None and (mapping.direct or not manifest.streams_from_settings):
        _same_system(spec.map, system, spec.read.connection if mapping.direct else "", manifest, document)


def _part(content: Content, spec: Inbound | Direct, parent: str, document: Document) -> None:
    """Parts are taken of records that another sync reads."""
    if content.inbound_of(spec.read.connection, parent) is None:
        document.add(
            document.mark("read", "stream"),
            "sync.part-of-nothing",
            f"no sync reads `{parent}` of `{spec.read.connection}`, so there is nothing to take `{spec.read.stream}` of",
            f"没有同步读取 `{spec.read.connection}` 的 `{parent}`，无法从中取 `{spec.read.stream}`",
        )


def _same_system(name: str, system: str, connection: str, manifest: Manifest, document: Document) -> None:
    """``connection``: its name will do as well, where a mapping may be for one connection's own declarations."""
    if system not in (manifest.connector, connection):
        document.add(
            document.mark("map"),
            "sync.other-system",
            f"mapping `{name}` is for `{system}`, the connection is `{manifest.connector}`",
            f"映射 `{name}` 针对 `{system}`，而连接属于 `{manifest.connector}`",
        )


def _stream(spec: Inbound | Direct, manifest: Manifest, document: Document) -> None:
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
        document.findings += check_condition(spec.when, entity, content.schema, document.mark("when"))
    if mapping is not None:
        _outbound_mapping(spec, mapping, document)
        check_personal(content, spec, mapping, document)
        if manifest is not None and not manifest.writes_from_settings:
            _same_system(spec.map, mapping.system, "", manifest, document)
    if manifest is not None and _target(content, spec, manifest, document):
        baseline, target = content.specs.syncs.get(spec.baseline), manifest.writes[spec.write.object]
        if isinstance(baseline, Inbound) and baseline.read.stream != target.stream:
            document.add(
                document.mark("baseline"),
                "sync.baseline-stream",
                f"the baseline reads `{baseline.read.stream}`; written records are read back in `{target.stream}`",
                f"基线读取 `{baseline.read.stream}`，而写入的记录在 `{target.stream}` 中读回",
            )


def _outbound_mapping(spec: Outbound, mapping: CompiledMapping, document: Document) -> None:
    if mapping.entity != spec.of:
        document.add(
            document.mark("of"),
            "sync.other-entity",
            f"the sync is of `{spec.of}`, the mapping `{spec.map}` of `{mapping.entity}`",
            f"同步针对 `{spec.of}`，而映射 `{spec.map}` 针对 `{mapping.entity}`",
            mapping.entity,
        )
    _written_object(spec, mapping, document)


def _written_object(spec: Outbound | Direct, mapping: CompiledMapping, document: Document) -> None:
    if mapping.stream != spec.write.object:
        document.add(
            document.mark("write", "object"),
            "sync.other-object",
            f"the sync writes `{spec.write.object}`, the mapping `{spec.map}` is for `{mapping.stream}`",
            f"同步写入 `{spec.write.object}`，而映射 `{spec.map}` 针对 `{mapping.stream}`",
            mapping.stream,
        )


def _target(content: Content, spec: Outbound | Direct, manifest: Manifest, document: Document) -> bool:
    """Whether the object can be written at all; what else is wrong goes into the document."""
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
        return False
    if spec.deletes == "deactivate" and not target.deactivate and "deletes" in document.data:
        document.add(
            document.mark("deletes"),
            "sync.cannot-deactivate",
            f"`{manifest.connector}` cannot switch a `{spec.write.object}` off; write `deletes: ignore`",
            f"`{manifest.connector}` 不能停用 `{spec.write.object}`，请写 `deletes: ignore`",
            "ignore",
        )
    if document.data.get("guarantee", spec.guarantee) == spec.guarantee:  # else its own mistake is said already
        check_promise(content, spec.sync, spec.guarantee, document, "sync")
    if spec.doubt == "resend" and (found := promise(content, spec.sync)) is not None and found.guarantee != BLIND:
        document.add(
            document.mark("doubt"),
            "sync.doubt",
            f"`doubt` is for targets where nothing can be looked up; this one reaches `{found.guarantee}`",
            f"`doubt` 只用于无法查证的目标；该同步可达到 `{found.guarantee}`",
        )
    return True

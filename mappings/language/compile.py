"""A definition → checked → Python source → a function over a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from connectors.sdk.manifest import Lines, Manifest, Stream, Write
from mappings.language import trees
from mappings.language.definition import Definition, Each, Target
from mappings.language.expression import Expression
from mappings.language.fragments import Fragments
from mappings.language.known import known_fields
from mappings.language.lines import LinesWriter
from mappings.language.options import check_options
from mappings.language.part import HEAD_OF, bound_part, part_of, part_scope, part_without_key
from mappings.language.place import Place
from mappings.language.reach import Asked
from mappings.language.rules import RuleSource, rule_lines
from mappings.language.scope import Module, Scope, Watch, canonical_scope, source_kinds
from mappings.language.tables import Table
from mappings.language.types import CompiledMapping
from mappings.language.valuemaps import ValueMap
from mappings.language.workdays import Workdays
from mappings.language.write import INDENT, FieldWriter, comment
from masterdata.model.entity import LINES, Entity, Field, Label
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark, nearest
from tongmai.core.text import Text

LANGUAGE = 1
"""Part of every digest: raised when the same file would give other values."""


@dataclass
class Surroundings:
    """What a definition is compiled against. ``source``, ``source_maps``: the other system of a direct mapping, in which
    ``maps`` are the target's."""

    schema: Schema
    manifest: Manifest | None = None
    maps: Mapping[str, ValueMap] = field(default_factory=dict)
    rules: tuple[RuleSource, ...] = ()
    fragments: Fragments = field(default_factory=Fragments)
    tables: Mapping[str, Table] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    calendars: Mapping[str, Workdays] = field(default_factory=dict)
    source: Manifest | None = None
    source_maps: Mapping[str, ValueMap] = field(default_factory=dict)


def entity_of(definition: Definition, schema: Schema) -> Entity | None:
    """The entity of a mapping; of a direct one, one without fields."""
    if definition.direct:
        return Entity(entity="", label=Label(zh="", en=""), fields={})
    return schema.entities.get(definition.entity)


def compile_definition(
    definition: Definition, around: Surroundings, watch: Watch | None = None, used: set[str] | None = None
) -> tuple[CompiledMapping | None, list[Finding]]:
    """The mapping ready to run, or None and every mistake found. ``watch`` is told what each record reaches, ``used``
    gets what the mapping uses of what lies beside it."""
    module = Module(
        fragments=around.fragments.expressions(),
        tables=around.tables,
        variables=around.variables,
        calendars=around.calendars,
        watch=watch,
    )

    def find(mark: Mark, code: str, en: str, zh: str, suggestion: str = "") -> None:
        module.findings.append(Finding(mark, f"mapping.{code}", Text(en, zh), suggestion))

    entity = entity_of(definition, around.schema)
    if entity is None:
        names = ", ".join(sorted(around.schema.entities)) or "-"
        key = "from" if definition.outbound else "to"
        find(
            definition.document.mark(key),
            "unknown-entity",
            f"unknown entity `{definition.entity}` (there are: {names})",
            f"未知的实体 `{definition.entity}`（现有：{names}）",
            nearest(definition.entity, around.schema.entities),
        )
        return None, module.findings
    _check_ends(definition, around, find)
    check_options(definition, entity, around.manifest, find)
    scope = _scope(definition, entity, around, module)
    body: list[str] = []
    condition: set[str] = set()
    if definition.only_if is not None:
        scope.reads, scope.notes = condition, False
        body += _only_if(definition, definition.only_if, scope)
        scope.notes = True
    part = part_of(definition, scope, find)
    declared = _declared_lines(definition, around.manifest)
    read = _read_lines(definition, around.source) if definition.direct else declared
    reads_of: dict[str, set[str]] = {}
    line_reads: dict[str, frozenset[str]] = {}
    for target in definition.targets:
        spec = None if definition.outbound else _field(entity, target, find)
        if not definition.outbound and spec is None:
            continue
        scope.reads = reads_of.setdefault(target.path[0], set())
        if scope.head is not None:
            scope.head.reads = set()
        if isinstance(target.node, Each):
            _check_lines(definition, target, spec, declared, find)
            of_line = spec.fields if spec is not None else {}
            lines = LinesWriter(definition, target, scope, spec, "", entity, of_line, declared, read)
            body += lines.lines()
            line_reads |= lines.line_reads
        else:
            body += FieldWriter(definition, target, scope, spec).lines()
        if scope.head is not None:
            scope.reads |= {f"head.{name}" for name in scope.head.reads}
    if not definition.outbound:
        body += rule_lines(definition, entity, around.schema, around.rules, module)
    if used is not None:
        used |= set(module.used)
    if any(finding.severity == "error" for finding in module.findings):
        return None, list(dict.fromkeys(module.findings))
    source = _source(definition, module, body, part)
    namespace: dict[str, Any] = {"__name__": f"generated mapping {definition.name}"}
    if watch is not None:
        namespace["hit"] = watch.hit
    exec(compile(source, f"<mapping {definition.name}>", "exec"), namespace)  # noqa: S102 - built from checked parts only
    every = condition.union(*reads_of.values())
    ours = frozenset() if definition.reads_source else frozenset({"id"})
    compiled = CompiledMapping(
        name=definition.name,
        file=str(definition.file),
        system=definition.system,
        stream=definition.stream,
        entity=definition.entity,
        outbound=definition.outbound,
        digest=digest(definition, module, entity),
        reads=frozenset(every - ours),
        reads_of={name: frozenset(names - ours) for name, names in reads_of.items()},
        create_only=frozenset(definition.data.create_only),
        if_empty=frozenset(definition.data.if_empty),
        search=definition.data.search,
        python=source,
        run=namespace["run"],
        line_reads=line_reads,
        remote_fields=frozenset(module.remote_fields),
        by_fields=frozenset(module.by_fields),
        sends=frozenset(module.sends),
        part=bound_part(definition, namespace) if part else None,
        source_system=definition.source_system,
        source_stream=definition.source_stream,
        leaves_out=definition.only_if is not None,
        refs=module.refs,
    )
    return compiled, list(dict.fromkeys(module.findings))


def digest(definition: Definition, module: Module, entity: Entity) -> bytes:
    """16 bytes that change when the mapping could give something else: its text, terms and value maps used, the entity."""
    shape: dict[str, Any] = {
        "language": LANGUAGE,
        "definition": {key: value for key, value in definition.document.data.items() if key != "replaces"},
        "used": module.used,
        **({"layers": definition.layers} if definition.layers else {}),
        "entity": {
            "name": entity.entity,
            "fields": {name: [str(each.type), each.required, each.expected] for name, each in entity.fields.items()},
            "rules": [rule.model_dump() for rule in entity.rules],
        },
    }
    lines = {
        name: {one: [str(spec.type), spec.required, spec.expected] for one, spec in each.fields.items()}
        for name, each in entity.fields.items()
        if each.fields
    }
    if lines:
        shape["lines"] = lines
    if definition.data.bad_value.get("default", "quarantine") != "quarantine" and not definition.outbound:
        shape["required-quarantines"] = True  # before, the default was also for required fields
    text = json.dumps(shape, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).digest()


def _scope(definition: Definition, entity: Entity, around: Surroundings, module: Module) -> Scope:
    manifest = around.source if definition.direct else around.manifest
    streams = None
    if manifest is not None and not manifest.streams_from_settings:
        streams = frozenset(manifest.streams)
    if not definition.reads_source:
        scope = canonical_scope(
            entity, around.schema, module, lambda name: f"get({name!r})", notes=True, direction="out"
        )
    else:
        name = definition.read_stream
        declared = manifest.streams.get(definition.parent or name) if manifest is not None else None
        kinds = None
        if declared is not None and declared.fields:
            kinds = source_kinds(declared.fields) | dict.fromkeys(declared.lines, "list")
        what = Text(f"source field of {name}", f"源字段（{name}）")
        custom = declared.custom if declared is not None else ""
        known = known_fields(declared)
        side = "direct" if definition.direct else "in"
        scope = Scope(around.schema, module, kinds, what, lambda name: f"get({name!r})", side, custom, known=known)
        if definition.parent:
            scope = part_scope(definition, scope, declared)
    target = around.manifest if definition.outbound else None
    if target is not None and (write := target.writes.get(definition.stream)) is not None:
        scope.written = known_fields(target.streams.get(write.stream))
    scope.maps = around.maps
    if definition.direct:
        scope.maps, scope.maps_out = around.source_maps, around.maps
    scope.streams = streams
    return scope


def _field(entity: Entity, target: Target, find: Any) -> Any:
    spec = entity.fields.get(target.name)
    if spec is None:
        names = ", ".join(entity.fields)
        find(
            target.mark,
            "unknown-target-field",
            f"`{entity.entity}` has no field `{target.name}` (fields: {names})",
            f"实体 `{entity.entity}` 没有字段 `{target.name}`（字段：{names}）",
            nearest(target.name, entity.fields),
        )
    elif spec.sum:
        find(
            target.mark,
            "sum-field",
            f"`{target.name}` is summed up from `{spec.sum}`; no source brings it",
            f"`{target.name}` 由 `{spec.sum}` 合计而来，不能由来源写入",
        )
        return None
    elif spec.type.many and spec.type.name == "ref":
        find(target.mark, "list-of-references", "a list of references cannot be mapped", "暂不支持引用列表")
        return None
    elif (spec.type.name == LINES) != isinstance(target.node, Each):
        wanted = "{each: …, fields: {…}}" if spec.type.name == LINES else f"an expression, it is {spec.type}"
        zh = "{each: …, fields: {…}}" if spec.type.name == LINES else f"表达式，其类型为 {spec.type}"
        find(target.mark, "type-mismatch", f"`{target.name}` takes {wanted}", f"`{target.name}` 应写作 {zh}")
        return None
    return spec


def _declared_lines(definition: Definition, manifest: Manifest | None) -> dict[str, Lines]:
    """The lists that the manifest names in the mapping's stream or written object."""
    if manifest is None:
        return {}
    side: Stream | Write | None = (
        manifest.writes.get(definition.stream) if definition.outbound else manifest.streams.get(definition.stream)
    )
    return dict(side.lines) if side is not None else {}


def _read_lines(definition: Definition, source: Manifest | None) -> dict[str, Lines]:
    """The lists that the source's manifest names in the stream that a direct mapping reads."""
    stream = source.streams.get(definition.source_stream) if source is not None else None
    return dict(stream.lines) if stream is not None else {}


def _check_source(definition: Definition, source: Manifest | None, find: Any) -> None:
    """A direct mapping reads a stream that its other system has."""
    system, stream = definition.source_system, definition.parent or definition.source_stream
    if source is None:
        find(
            definition.document.mark("from"),
            "unknown-system",
            f"there is no connector and no connection `{system}`, or its settings have mistakes",
            f"没有连接器或连接 `{system}`，或其设置有误",
        )
    elif stream not in source.streams and (source.streams or not source.streams_from_settings):
        names = ", ".join(sorted(source.streams)) or "-"
        near = nearest(stream, source.streams)
        find(
            definition.document.mark("from"),
            "unknown-stream",
            f"connector `{system}` has no stream `{stream}` (there are: {names})",
            f"连接器 `{system}` 没有数据流 `{stream}`（现有：{names}）",
            f"{system}.{near}" if near else "",
        )


def _check_lines(
    definition: Definition, target: Target, spec: Field | None, declared: Mapping[str, Lines], find: Any
) -> None:
    """Every required field of a line is mapped; a payload's list is one that the system declares, where it declares any."""
    if definition.outbound:
        if declared and target.name not in declared:
            names = ", ".join(sorted(declared))
            find(
                target.mark,
                "unknown-target-field",
                f"`{definition.system}` writes no lines `{target.name}` (there are: {names})",
                f"`{definition.system}` 没有可写的明细 `{target.name}`（现有：{names}）",
                nearest(target.name, declared),
            )
        return
    mapped = {one.name for one in definition.every_target() if one.line_of == target.name}
    for name, line in (spec.fields if spec is not None else {}).items():
        if line.required and name not in mapped:
            find(
                target.mark,
                "missing-required",
                f"`{name}` is required of each of the lines `{target.name}` and not mapped",
                f"明细 `{target.name}` 的必填字段 `{name}` 没有映射",
            )
        said = f"{target.name}.{name}"
        if line.required and definition.data.bad_value.get(said, "quarantine") != "quarantine":
            find(
                definition.document.mark("bad_value", said),
                "required-quarantines",
                f"`{said}` is required: a bad value can only be quarantined",
                f"`{said}` 是必填字段，坏值只能进入隔离区",
                "quarantine",
            )


def _check_ends(definition: Definition, around: Surroundings, find: Any) -> None:
    """What it reads and what it writes is there."""
    unnamed = part_without_key(definition, around.source if definition.direct else around.manifest, find)
    if definition.direct or not unnamed:
        _check_stream(definition, around.manifest, find)
    if definition.direct and not unnamed:
        _check_source(definition, around.source, find)


def _check_stream(definition: Definition, manifest: Manifest | None, find: Any) -> None:
    if manifest is None or (manifest.streams_from_settings and not definition.outbound):
        return
    known: Mapping[str, Any] = manifest.writes if definition.outbound else manifest.streams
    name = definition.stream if definition.outbound else definition.parent or definition.stream
    if name in known or (manifest.writes_from_settings and not known):
        return
    names = ", ".join(sorted(known)) or "-"
    key = "to" if definition.outbound else "from"
    near = nearest(definition.stream, known)
    kind = Text("write", "写入对象") if definition.outbound else Text("stream", "数据流")
    find(
        definition.document.mark(key),
        "unknown-stream",
        f"connector `{definition.system}` has no {kind.en} `{definition.stream}` (there are: {names})",
        f"连接器 `{definition.system}` 没有{kind.zh} `{definition.stream}`（现有：{names}）",
        f"{definition.system}.{near}" if near else "",
    )


def _only_if(definition: Definition, place: Place, scope: Scope) -> list[str]:
    piece = Expression(place, scope, asked=Asked()).piece
    left = scope.module.point("branch", Text("a record left out by `only_if`", "被 `only_if` 排除的记录"), place.mark)
    lines = [
        f"# only_if: {comment(place.text)}",
        "try:",
        f"    if not {piece.code}:",
        *([f"        {left}"] if left else []),
        "        mapped.filtered = True",
        "        continue",
        "except Exception as error:",
        f"    errors.append(issue(error, 'only_if', {definition.place(place.mark)!r}))",
        "    continue",
    ]
    return [INDENT + line for line in lines]


def _source(definition: Definition, module: Module, body: list[str], part: list[str]) -> str:
    from mappings.language import runtime

    head = [
        f'"""Generated from {comment(definition.relative)}: {comment(definition.data.source)} to {comment(definition.data.target)}."""',
        "",
    ]
    lines = [
        *(f"{name} = {code}" for name, code in module.constants.items()),
        *([""] if module.constants else []),
        "",
        "def run(records, resolve=None):",
        "    done = []",
        "    for record in records:",
        *(HEAD_OF if definition.parent else ["        get = record.get"]),
        "        fields, references, errors, findings, notes = {}, {}, [], [], []",
        "        mapped = Mapped(fields, references, errors, findings)",
        "        done.append(mapped)",
        *body,
        "    return done",
        "",
        *part,
    ]
    used = sorted((trees.names("\n".join(lines)) & set(runtime.__all__)) | {"Mapped"})
    return "\n".join([*head, f"from mappings.language.runtime import {', '.join(used)}", "", *lines])

"""A definition → checked → Python source → a function over a batch."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from connectors.sdk.manifest import Lines, Manifest, Stream, Write
from mappings.language import trees
from mappings.language.definition import Definition, Each, Target
from mappings.language.expression import Expression
from mappings.language.lines import LinesWriter
from mappings.language.place import Place
from mappings.language.rules import RuleSource, rule_lines
from mappings.language.scope import Module, Scope, canonical_scope, source_kinds
from mappings.language.types import CompiledMapping
from mappings.language.valuemaps import ValueMap
from mappings.language.write import INDENT, FieldWriter, comment
from masterdata.model.entity import LINES, Entity, Field
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark, nearest
from tongmai.core.text import Text

LANGUAGE = 1
"""Part of every digest: raised when the same file would give other values."""


@dataclass
class Surroundings:
    """What a definition is compiled against."""

    schema: Schema
    manifest: Manifest | None = None
    maps: Mapping[str, ValueMap] = field(default_factory=dict)
    rules: tuple[RuleSource, ...] = ()


def compile_definition(definition: Definition, around: Surroundings) -> tuple[CompiledMapping | None, list[Finding]]:
    """The mapping ready to run, or None and every mistake found."""
    module = Module()

    def find(mark: Mark, code: str, en: str, zh: str, suggestion: str = "") -> None:
        module.findings.append(Finding(mark, f"mapping.{code}", Text(en, zh), suggestion))

    entity = around.schema.entities.get(definition.entity)
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
    _check_stream(definition, around.manifest, find)
    _check_options(definition, entity, around.manifest, find)
    scope = _scope(definition, entity, around, module)
    body: list[str] = []
    condition: set[str] = set()
    if definition.data.only_if:
        scope.reads, scope.notes = condition, False
        body += _only_if(definition, scope)
        scope.notes = True
    declared = _declared_lines(definition, around.manifest)
    reads_of: dict[str, set[str]] = {}
    line_reads: dict[str, frozenset[str]] = {}
    for target in definition.targets:
        spec = None if definition.outbound else _field(entity, target, find)
        if not definition.outbound and spec is None:
            continue
        scope.reads = reads_of.setdefault(target.path[0], set())
        if isinstance(target.node, Each):
            _check_lines(definition, target, spec, declared, find)
            lines = LinesWriter(
                definition, target, scope, spec, entity, spec.fields if spec is not None else {}, declared
            )
            body += lines.lines()
            line_reads |= lines.line_reads
        else:
            body += FieldWriter(definition, target, scope, spec).lines()
    if not definition.outbound:
        body += rule_lines(definition, entity, around.schema, around.rules, module)
    if any(finding.severity == "error" for finding in module.findings):
        return None, module.findings
    source = _source(definition, module, body)
    namespace: dict[str, Any] = {"__name__": f"generated mapping {definition.name}"}
    exec(compile(source, f"<mapping {definition.name}>", "exec"), namespace)  # noqa: S102 - built from checked parts only
    every = condition.union(*reads_of.values())
    compiled = CompiledMapping(
        name=definition.name,
        file=str(definition.file),
        system=definition.system,
        stream=definition.stream,
        entity=definition.entity,
        outbound=definition.outbound,
        digest=digest(definition, module, entity),
        reads=frozenset(every - {"id"} if definition.outbound else every),
        reads_of={
            name: frozenset(names - {"id"} if definition.outbound else names) for name, names in reads_of.items()
        },
        create_only=frozenset(definition.data.create_only),
        search=definition.data.search,
        python=source,
        run=namespace["run"],
        line_reads=line_reads,
        remote_fields=frozenset(module.remote_fields),
        by_fields=frozenset(module.by_fields),
    )
    return compiled, module.findings


def digest(definition: Definition, module: Module, entity: Entity) -> bytes:
    """16 bytes that change when the mapping could give something else: its text, terms and value maps used, the entity."""
    shape: dict[str, Any] = {
        "language": LANGUAGE,
        "definition": {key: value for key, value in definition.document.data.items() if key != "replaces"},
        "used": module.used,
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
    manifest = around.manifest
    streams = None
    if manifest is not None and not manifest.streams_from_settings:
        streams = frozenset(manifest.streams)
    if definition.outbound:
        scope = canonical_scope(
            entity, around.schema, module, lambda name: f"get({name!r})", notes=True, direction="out"
        )
    else:
        declared = manifest.streams.get(definition.stream) if manifest is not None else None
        kinds = None
        if declared is not None and declared.fields:
            kinds = source_kinds(declared.fields) | dict.fromkeys(declared.lines, "list")
        what = Text(f"source field of {definition.stream}", f"源字段（{definition.stream}）")
        custom = declared.custom if declared is not None else ""
        scope = Scope(around.schema, module, kinds, what, lambda name: f"get({name!r})", "in", custom)
    scope.maps = around.maps
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


def _check_stream(definition: Definition, manifest: Manifest | None, find: Any) -> None:
    if manifest is None or (manifest.streams_from_settings and not definition.outbound):
        return
    known: Mapping[str, Any] = manifest.writes if definition.outbound else manifest.streams
    if definition.stream in known or (manifest.writes_from_settings and not known):
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


def _check_options(definition: Definition, entity: Entity, manifest: Manifest | None, find: Any) -> None:
    document, data = definition.document, definition.data
    tops = {target.path[0] for target in definition.targets}
    names = {target.full_name for target in definition.every_target()}
    for key in data.bad_value:
        if key != "default" and key not in names:
            find(
                document.key_mark("bad_value", key),
                "unknown-target-field",
                f"`{key}` is not among the mapping's fields",
                f"`{key}` 不在本映射的字段中",
                nearest(key, {*names, "default"}),
            )
    if not definition.outbound:
        for option in ("search", "create_only"):
            if option in document.data:
                find(
                    document.key_mark(option),
                    "outbound-only",
                    f"`{option}` belongs in an outbound mapping",
                    f"`{option}` 只用于写出映射",
                )
        for name, spec in entity.fields.items():
            if spec.required and name not in names:
                find(
                    document.key_mark("fields"),
                    "missing-required",
                    f"`{name}` is required by `{entity.entity}` and not mapped",
                    f"实体 `{entity.entity}` 的必填字段 `{name}` 没有映射",
                )
            if spec.required and data.bad_value.get(name, "quarantine") != "quarantine":
                find(
                    document.mark("bad_value", name),
                    "required-quarantines",
                    f"`{name}` is required: a bad value can only be quarantined",
                    f"`{name}` 是必填字段，坏值只能进入隔离区",
                    "quarantine",
                )
        return
    for option, listed in (("search", data.search), ("create_only", data.create_only)):
        for index, name in enumerate(listed):
            if name not in tops:
                find(
                    document.mark(option, index),
                    "unknown-target-field",
                    f"`{name}` is not among the mapping's fields",
                    f"`{name}` 不在本映射的字段中",
                    nearest(name, tops),
                )
    write = manifest.writes.get(definition.stream) if manifest is not None else None
    for index, name in enumerate(data.search if write is not None else ()):
        if write is not None and name in tops and name not in write.search:
            allowed = ", ".join(write.search) or "-"
            find(
                document.mark("search", index),
                "not-searchable",
                f"`{definition.system}` cannot look up `{name}` (searchable: {allowed})",
                f"`{definition.system}` 不能按 `{name}` 查找（可查：{allowed}）",
                nearest(name, write.search),
            )


def _only_if(definition: Definition, scope: Scope) -> list[str]:
    mark = definition.document.mark("only_if")
    piece = Expression(Place(definition.data.only_if, mark), scope).piece
    lines = [
        f"# only_if: {comment(definition.data.only_if)}",
        "try:",
        f"    if not {piece.code}:",
        "        mapped.filtered = True",
        "        continue",
        "except Exception as error:",
        f"    errors.append(issue(error, 'only_if', {definition.place(mark)!r}))",
        "    continue",
    ]
    return [INDENT + line for line in lines]


def _source(definition: Definition, module: Module, body: list[str]) -> str:
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
        "        get = record.get",
        "        fields, references, errors, findings, notes = {}, {}, [], [], []",
        "        mapped = Mapped(fields, references, errors, findings)",
        "        done.append(mapped)",
        *body,
        "    return done",
        "",
    ]
    tree = trees.parse("\n".join(lines))
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used = sorted((words & set(runtime.__all__)) | {"Mapped"})
    return "\n".join([*head, f"from mappings.language.runtime import {', '.join(used)}", "", *lines])

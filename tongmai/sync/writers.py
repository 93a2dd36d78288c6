"""Who writes what: two syncs that write one field, and fields that go round between systems without an owner."""

from __future__ import annotations

import ast
import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors import registry
from mappings.language import CompiledMapping
from mappings.language.trees import parse_expression
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, Mark
from tongmai.core.text import Text
from tongmai.sync.content import Content
from tongmai.sync.specs import Direct, Inbound, Outbound

Node = tuple[str, str, str]
"""(`connection` or ``=``, stream or entity, field); ``=`` is the hub itself."""
_HUB = "="


def check_writers(content: Content) -> list[Finding]:
    """Mistakes that show only when all syncs are looked at together."""
    return [*_two_writers(content), *_cycles(content)]


def _mapped(content: Content) -> Iterator[tuple[str, Inbound | Outbound | Direct, CompiledMapping]]:
    """The syncs whose mappings compile, by name."""
    for name, spec in sorted(content.specs.syncs.items()):
        if isinstance(spec, Inbound | Outbound | Direct):
            mapping = content.mappings.by_name.get(spec.map)
            fits = mapping is not None and mapping.outbound != isinstance(spec, Inbound)
            if mapping is not None and fits and mapping.direct == isinstance(spec, Direct):
                yield name, spec, mapping


def _two_writers(content: Content) -> list[Finding]:
    findings: list[Finding] = []
    writers: dict[tuple[str, str], list[tuple[str, Outbound, CompiledMapping]]] = {}
    for name, spec, mapping in _mapped(content):
        if not isinstance(spec, Outbound):
            continue  # a direct sync makes records of its own, of another source
        there = (spec.write.connection, spec.write.object)
        for other, before, mapped in writers.get(there, []):
            # what is written once, at creation, is written by one of them only
            shared = sorted((set(mapping.reads_of) - mapping.create_only) & (set(mapped.reads_of) - mapped.create_only))
            if shared and not _apart(before.when, spec.when):
                words = ", ".join(shared)
                en = (
                    f"`{words}` of `{spec.write.object}` in `{spec.write.connection}` is written by sync `{other}` too;"
                    " the later write wins. Leave the field to one, or part the records with `when`"
                )
                zh = (
                    f"`{spec.write.connection}` 的 `{spec.write.object}` 中，字段 `{words}` 也由同步 `{other}` 写入，后写的会覆盖；"
                    "请只由一个写入，或用 `when` 分开记录"
                )
                findings.append(Finding(_mark(content, name, "map"), "sync.two-writers", Text(en, zh)))
        writers.setdefault(there, []).append((name, spec, mapping))
    return findings


def _apart(one: str, other: str) -> bool:
    """Whether two conditions can be seen never to hold of the same record: they ask one field for different values."""
    first, second = _wanted(one), _wanted(other)
    return any(
        (kind == "==" and other_kind == "==" and value != other_value) or (kind != other_kind and value == other_value)
        for name, kind, value in first
        for other_name, other_kind, other_value in second
        if name == other_name
    )


def _wanted(condition: str) -> list[tuple[str, str, str]]:
    """(What is compared, `==` or `!=`, the constant) of all that must hold together."""
    try:
        tree = parse_expression(condition) if condition else None
    except SyntaxError:
        return []  # said with the sync's own mistakes
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    found = []
    for part in parts:
        if isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.comparators[0], ast.Constant):
            kind = {ast.Eq: "==", ast.NotEq: "!="}.get(type(part.ops[0]))
            if kind is not None:
                found.append((ast.dump(part.left), kind, repr(part.comparators[0].value)))
    return found


@dataclass
class _Ways:
    """Field to field, with the sync that carries it."""

    steps: dict[Node, dict[Node, str]] = field(default_factory=dict)

    def add(self, source: Node, target: Node, sync: str) -> None:
        self.steps.setdefault(source, {}).setdefault(target, sync)

    def path(self, start: Node, goal: Node, *, first: Node | None = None) -> list[Node]:
        """The shortest way, both ends in it; empty when there is none."""
        queue: deque[list[Node]] = deque([[start]])
        seen = set()
        while queue:
            way = queue.popleft()
            for after in sorted(self.steps.get(way[-1], {})):
                if first is not None and len(way) == 1 and after != first:
                    continue
                if after == goal:
                    return [*way, after]
                if after not in seen:
                    seen.add(after)
                    queue.append([*way, after])
        return []


def _cycles(content: Content) -> list[Finding]:
    owners = {spec.owner for entity in content.schema.entities.values() for spec in entity.fields.values()}
    return [finding for owner in sorted({"", *owners}) for finding in _cycles_of(content, owner)]


def _cycles_of(content: Content, owner: str) -> list[Finding]:
    """Cycles of fields with this owner ("": nobody). An owner decides nothing between objects that are all of its role."""
    ways = _ways(content, owner)
    findings: list[Finding] = []
    said: set[frozenset[Node]] = set()
    for node in sorted(ways.steps, key=lambda each: (each[0] != _HUB, each)):
        way = _round(ways, node) if node[0] == _HUB else [] if owner else _past_the_hub(ways, node)
        if not way or frozenset(way) in said:
            continue
        said.add(frozenset(way))
        syncs = [ways.steps[one][two] for one, two in itertools.pairwise(way)]
        last = max(sync for sync in syncs if not isinstance(content.specs.syncs[sync], Inbound))
        shown = " → ".join(_shown(one) for one in way)
        fields = ", ".join(dict.fromkeys(f"{one[1]}.{one[2]}" for one in way if one[0] == _HUB)) or "-"
        findings.append(
            Finding(
                _mark(content, last, "map"),
                "sync.writer-cycle",
                _words(owner, shown, ", ".join(dict.fromkeys(syncs)), fields),
            )
        )
    return findings


def _words(owner: str, shown: str, syncs: str, fields: str) -> Text:
    if owner:
        return Text(
            f"this goes round: {shown} (syncs: {syncs}); `owner: {owner}` decides nothing for {fields}, since all of these"
            " are of that role: each overwrites the other. Take the field out of one mapping",
            f"字段循环写入：{shown}（同步：{syncs}）；这些对象角色都是 `{owner}`，{fields} 的 `owner: {owner}` 无法裁决，"
            "会互相覆盖。请从其中一个映射中去掉该字段",
        )
    return Text(
        f"this goes round: {shown} (syncs: {syncs}); nobody owns {fields}, so each"
        " overwrites the other. Write `owner:` at the entity's field, or take it out of one mapping",
        f"字段循环写入：{shown}（同步：{syncs}）；{fields} 没有归属，会互相覆盖。"
        "请在实体字段上写 `owner:`，或从其中一个映射中去掉",
    )


def _object(node: Node) -> tuple[str, str]:
    """The object that a field of a system is of; a part of a record is of its record's."""
    return node[0], node[1].partition("/")[0]


def _round(ways: _Ways, node: Node) -> list[Node]:
    """A way from an entity's field through two objects and back: what the hub writes to each, each brings back."""
    loops: dict[tuple[str, str], list[Node]] = {}
    for after in sorted(ways.steps.get(node, {})):
        back = ways.path(node, node, first=after)
        objects = {_object(one) for one in back if one[0] != _HUB}
        if len(objects) > 1:
            return back
        for one in objects:
            loops.setdefault(one, back)
    if len(loops) < 2:
        return []
    first, second = sorted(loops)[:2]
    return [*loops[first], *loops[second][1:]]


def _past_the_hub(ways: _Ways, node: Node) -> list[Node]:
    """A way through direct syncs alone: nothing on it could have an owner."""
    way = ways.path(node, node)
    return way if len({one[0] for one in way}) > 1 and all(one[0] != _HUB for one in way) else []


def _ways(content: Content, owner: str) -> _Ways:
    """Every step of a field that this role owns, between connections of that role; of one that nobody owns ("")."""
    ways = _Ways()
    entities = content.schema.entities
    for name, spec, mapping in _mapped(content):
        if isinstance(spec, Direct):
            there = _written_stream(content, spec)
            for target, reads in mapping.reads_of.items():
                for read in _tops(reads) if target not in mapping.create_only else ():
                    ways.add(
                        (spec.read.connection, spec.read.stream, read), (spec.write.connection, there, target), name
                    )
            continue
        entity = entities.get(mapping.entity)
        end = spec.read.connection if isinstance(spec, Inbound) else spec.write.connection
        connection = content.specs.connections.get(end)
        if entity is None or (owner and (connection is None or connection.role != owner)):
            continue
        if isinstance(spec, Inbound):
            for target, reads in mapping.reads_of.items():
                if target in entity.fields and entity.fields[target].owner == owner:
                    for read in _tops(reads):
                        ways.add((spec.read.connection, spec.read.stream, read), (_HUB, mapping.entity, target), name)
            continue
        stream = _read_back(content, spec)
        for target, reads in mapping.reads_of.items():
            if target in mapping.create_only:
                continue  # written once, never over what is there
            for read in reads:
                if read in entity.fields and entity.fields[read].owner == owner:
                    ways.add((_HUB, mapping.entity, read), (spec.write.connection, stream, target), name)
    return ways


def _written_stream(content: Content, spec: Direct) -> str:
    """The stream that some sync reads of the object, where it is called the same."""
    connection = content.specs.connections.get(spec.write.connection)
    if connection is None or connection.connector not in registry.names():
        return spec.write.object
    try:
        manifest = registry.manifest_of(spec.write.connection, connection.connector, connection.settings)
    except ConfigurationError:
        return spec.write.object  # said with the connection's own mistakes
    write = manifest.writes.get(spec.write.object)
    return write.stream if write is not None else spec.write.object


def _read_back(content: Content, spec: Outbound) -> str:
    """The stream in which what is written can be read."""
    baseline = content.specs.syncs.get(spec.baseline)
    return baseline.read.stream if isinstance(baseline, Inbound) else spec.write.object


def _tops(reads: Iterable[str]) -> set[str]:
    """Members of a record, without what is inside them: payloads are written member by member."""
    return {name.removeprefix("head.").partition(".")[0] for name in reads}


def _shown(node: Node) -> str:
    return f"{node[1]}.{node[2]}" if node[0] == _HUB else f"{node[0]}: {node[1]}.{node[2]}"


def _mark(content: Content, sync: str, *path: str) -> Mark:
    return content.specs.documents[sync].mark(*path)

"""References by a record's key to streams that no sync reads: they would wait for ever."""

from __future__ import annotations

from collections.abc import Iterator

from mappings.language.types import CompiledMapping
from tongmai.core.finding import Finding, nearest
from tongmai.core.text import Text
from tongmai.sync.content import Content
from tongmai.sync.specs import Direct, Inbound


def check_references(content: Content) -> list[Finding]:
    """A warning for each stream that a mapping in use refers to and that no sync reads into the entity it names."""
    findings = []
    for connection, mapping in _used(content):
        read = dict(_read(content, connection))
        for (entity, stream), mark in mapping.refs.items():
            into = sorted(name for name, one in read.items() if one == entity)
            if (stream in into) if stream else into:
                continue
            there = ", ".join(into) or "-"
            if not stream:
                en = f"no sync reads a stream of `{connection}` into `{entity}`, so none of its records is ever found"
                zh = f"没有同步把 `{connection}` 的数据流读入 `{entity}`，引用永远找不到"
            elif stream in read:
                en = f"`{stream}` of `{connection}` is read into `{read[stream]}`, not into `{entity}` (read into it: {there})"
                zh = f"`{connection}` 的 `{stream}` 读入 `{read[stream]}` 而不是 `{entity}`（读入该实体的：{there}）"
            else:
                en = f"no sync reads `{stream}` of `{connection}`, so its records never arrive (read into `{entity}`: {there})"
                zh = f"没有同步读取 `{connection}` 的 `{stream}`，其记录永远不会到达（读入 `{entity}` 的：{there}）"
            near = nearest(stream, into) or (into[0] if len(into) == 1 else "")
            findings.append(Finding(mark, "mapping.ref-to-nothing", Text(en, zh), near, "warning"))
    return findings


def _used(content: Content) -> Iterator[tuple[str, CompiledMapping]]:
    """The mappings of inbound syncs, each with the connection whose records it maps."""
    for spec in content.specs.syncs.values():
        found = content.mappings.by_name.get(spec.map) if isinstance(spec, Inbound | Direct) else None
        if isinstance(spec, Inbound | Direct) and found is not None:
            yield spec.read.connection, found


def _read(content: Content, connection: str) -> Iterator[tuple[str, str]]:
    """Each stream that a sync reads of a connection, with the entity it goes into; empty where the mapping has mistakes."""
    for spec in content.specs.syncs.values():
        if isinstance(spec, Inbound) and spec.read.connection == connection:
            definition = content.mappings.definitions.get(spec.map)
            yield spec.read.stream, definition.entity if definition is not None else ""

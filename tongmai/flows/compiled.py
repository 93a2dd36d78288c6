"""A flow file checked against everything it names, with its conditions compiled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from mappings.language import CompiledMapping, compile_condition
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, nearest
from tongmai.core.yamlfile import Document
from tongmai.flows.spec import HUB, Flow, Step
from tongmai.sync.specs import Outbound
from tongmai.sync.triggers import Condition, Trigger

if TYPE_CHECKING:
    from tongmai.sync.content import Content


@dataclass(frozen=True)
class CompiledFlow:
    """A flow ready to run. By position of the step: ``conditions``, ``mappings``, ``about`` (the entity it looks at)."""

    spec: Flow
    trigger: Trigger
    cancelled: Condition | None
    conditions: Mapping[int, Condition]
    mappings: Mapping[int, CompiledMapping]
    about: Mapping[int, str]
    digest: bytes

    @property
    def name(self) -> str:
        """The flow's name."""
        return self.spec.flow


@dataclass
class _Checks:
    content: Content
    flow: Flow
    document: Document
    made: list[str] = field(default_factory=list)

    def wrong(self, path: Sequence[str | int], code: str, en: str, zh: str, suggestion: str = "") -> None:
        self.document.add(self.document.mark(*path), f"flow.{code}", en, zh, suggestion)

    def condition(self, text: str, entity: str, path: Sequence[str | int]) -> Condition | None:
        """A condition over an entity's fields."""
        try:
            schema = self.content.schema
            return compile_condition(text, schema.entities[entity], schema, self.document.mark(*path))[0]
        except ConfigurationError as error:
            self.document.findings += error.findings
            return None

    def mapping(self, step: Step, index: int) -> CompiledMapping | None:
        path = ("steps", index, "map")
        mappings = self.content.mappings
        found = mappings.by_name.get(step.map)
        if found is None:
            if step.map not in mappings.definitions:
                names = ", ".join(sorted(name for name in mappings.definitions if name.startswith(HUB + "/"))) or "-"
                self.wrong(
                    path,
                    "unknown-mapping",
                    f"unknown mapping `{step.map}` (from the hub there are: {names})",
                    f"未知的映射 `{step.map}`（来自 hub 的有：{names}）",
                    nearest(step.map, mappings.definitions),
                )
            return None
        if found.outbound or (found.system, found.stream) != (HUB, self.flow.entity) or found.entity != step.create:
            self.wrong(
                path,
                "mapping-direction",
                f"the mapping has to be `from: hub.{self.flow.entity}`, `to: {step.create}`",
                f"映射应为 `from: hub.{self.flow.entity}`、`to: {step.create}`",
            )
            return None
        return found

    def entity_of(self, step: Step, index: int) -> str:
        """The entity a write or wait step is about."""
        known = [self.flow.entity, *self.made]
        sync = self.content.specs.syncs.get(step.write) if step.write else None
        if step.write and not isinstance(sync, Outbound):
            names = sorted(n for n, s in self.content.specs.syncs.items() if isinstance(s, Outbound) and s.of in known)
            self.wrong(
                ("steps", index, "write"),
                "unknown-sync",
                f"`{step.write}` is no outbound sync (of these entities there are: {', '.join(names) or '-'})",
                f"`{step.write}` 不是写出同步（这些实体的有：{', '.join(names) or '-'}）",
                nearest(step.write, names),
            )
            return ""
        entity = step.of or (sync.of if isinstance(sync, Outbound) else self.flow.entity)
        if entity not in known:
            self.wrong(
                ("steps", index, "of" if step.of else step.kind),
                "unknown-entity",
                f"`{entity}` is neither what starts the flow nor made by an earlier step (there are: {', '.join(known)})",
                f"`{entity}` 既不是触发对象，也不是前面步骤创建的（现有：{', '.join(known)}）",
                nearest(entity, known),
            )
            return ""
        if isinstance(sync, Outbound) and sync.of != entity:
            self.wrong(
                ("steps", index, "of"),
                "other-entity",
                f"sync `{step.write}` writes `{sync.of}`, not `{entity}`",
                f"同步 `{step.write}` 写的是 `{sync.of}`，不是 `{entity}`",
                sync.of,
            )
        return entity


def compile_flow(content: Content, name: str) -> tuple[CompiledFlow | None, list[Finding]]:
    """The flow ready to run, or None, and every mistake in its file and its links."""
    whole = content.flows.documents[name]
    flow = content.flows.flows.get(name)
    if flow is None:
        return None, whole.findings
    document = Document(whole.file, whole.data, whole.values, whole.keys, list(whole.findings))
    checks = _Checks(content, flow, document)
    entities = content.schema.entities
    if flow.entity not in entities:
        names = ", ".join(sorted(entities))
        checks.wrong(
            ("trigger",),
            "unknown-entity",
            f"unknown entity `{flow.entity}` (there are: {names})",
            f"未知的实体 `{flow.entity}`（现有：{names}）",
            nearest(flow.entity, entities),
        )
        return None, document.findings
    becomes = checks.condition(flow.condition, flow.entity, ("trigger",)) if flow.condition else None
    cancelled = checks.condition(flow.cancel, flow.entity, ("cancel",)) if flow.cancel else None
    conditions: dict[int, Condition] = {}
    mappings: dict[int, CompiledMapping] = {}
    about: dict[int, str] = {}
    minted: set[str] = set()
    for index, step in enumerate(flow.steps):
        if step.kind == "mint":
            if step.mint in minted or step.mint in entities[flow.entity].fields:
                checks.wrong(
                    ("steps", index, "mint"),
                    "name-taken",
                    f"`{step.mint}` is minted twice or is a field of `{flow.entity}`",
                    f"`{step.mint}` 重复，或与 `{flow.entity}` 的字段同名",
                )
            minted.add(step.mint)
        elif step.kind == "create":
            if step.create in (*checks.made, flow.entity):
                checks.wrong(
                    ("steps", index, "create"),
                    "made-twice",
                    f"`{step.create}` is made twice, or starts the flow",
                    f"`{step.create}` 重复创建，或本身就是触发对象",
                )
            found = checks.mapping(step, index)
            if found is not None:
                mappings[index] = found
            checks.made.append(step.create)
        else:
            about[index] = checks.entity_of(step, index)
            condition = (
                checks.condition(step.wait, about[index], ("steps", index, "wait"))
                if about[index] and step.wait
                else None
            )
            if condition is not None:
                conditions[index] = condition
    from tongmai.sync.guarantee import flow_guarantee  # it reads compiled content

    flow_guarantee(content, flow, document)
    if document.findings:
        return None, document.findings
    digest = _digest(flow, mappings.values())
    trigger = Trigger(flow.flow, flow.entity, becomes, digest)
    return CompiledFlow(flow, trigger, cancelled, conditions, mappings, about, digest), []


def _digest(flow: Flow, mappings: Iterable[CompiledMapping]) -> bytes:
    parts = [one.digest.hex() for one in mappings]
    text = json.dumps([flow.model_dump(mode="json"), parts], sort_keys=True, ensure_ascii=True)
    return blake2b(text.encode(), digest_size=16).digest()

"""What each sync and flow can promise, computed from what its weakest hop can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors import registry
from connectors.sdk.manifest import Write
from mappings.language import CompiledMapping
from tongmai.core.errors import ConfigurationError
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document
from tongmai.sync import direct
from tongmai.sync.specs import GUARANTEES, Direct, Group, Inbound, Outbound, Spec

if TYPE_CHECKING:
    from tongmai.flows.spec import Flow
    from tongmai.sync.content import Content

ONCE, DETECTABLE, BLIND, AT_MOST = GUARANTEES
GUARANTEE_WORDS = {
    ONCE: Text("effectively-once", "效果恰好一次"),
    DETECTABLE: Text("at-least-once, detectable", "至少一次，可核对"),
    BLIND: Text("at-least-once, blind", "至少一次，不可核对"),
    AT_MOST: Text("at-most-once", "至多一次"),
}
SHORT = {
    ONCE: Text("nothing lost, nothing doubled", "不丢、不重"),
    DETECTABLE: Text("a doubt is looked up in the target and shown", "有疑问时到目标系统查证并显示"),
    BLIND: Text("a double cannot be detected", "无法发现重复写入"),
    AT_MOST: Text("something may be lost", "可能丢失"),
}


@dataclass(frozen=True)
class Promise:
    """What a sync or flow can promise, which hop limits it, and why."""

    name: str
    guarantee: str
    hop: str
    why: Text

    def weaker_than(self, guarantee: str) -> bool:
        """Whether a file that declares ``guarantee`` promises too much."""
        return GUARANTEES.index(self.guarantee) > GUARANTEES.index(guarantee)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {
            "name": self.name,
            "guarantee": self.guarantee,
            "hop": self.hop,
            "why": self.why.en,
            "why_zh": self.why.zh,
        }


def of_target(target: Write) -> str:
    """The best that a target allows, whatever the mapping uses of it."""
    if target.our_key and (target.key_enforced or target.our_key in target.search):
        return ONCE
    return DETECTABLE if target.search else BLIND


def of_write(name: str, create: str, target: Write, mapping: CompiledMapping, where: str) -> Promise:
    """The promise of one outbound hop: by our key in the target, by a look-up, or by nothing."""
    key = target.our_key
    written = bool(key) and key in mapping.reads_of
    if create == "never":
        why = Text("it only changes records it knows by their key", "只修改已知主键的记录")
        return Promise(name, ONCE, where, why)
    if written and target.key_enforced:
        why = Text(
            f"the target keeps our key in `{key}` and refuses a second one", f"目标用 `{key}` 保存我方主键并拒绝重复"
        )
        return Promise(name, ONCE, where, why)
    if written and key in mapping.search:
        why = Text(
            f"every doubtful write is looked up by our key `{key}` before it is repeated",
            f"有疑问的写入先按我方主键 `{key}` 查找，再决定是否重发",
        )
        return Promise(name, ONCE, where, why)
    if mapping.search:
        names = ", ".join(mapping.search)
        why = Text(
            f"a doubtful write is looked up by {names} only: our key is not kept there",
            f"目标不保存我方主键，有疑问的写入只能按 {names} 查找",
        )
        return Promise(name, DETECTABLE, where, why)
    why = Text("the target keeps no key of ours and nothing is looked up there", "目标不保存我方主键，也无法查找")
    return Promise(name, BLIND, where, why)


def promise(content: Content, name: str) -> Promise | None:
    """The promise of a sync, a group or a flow; None when its files are not sound enough to tell."""
    spec: Spec | None = content.specs.syncs.get(name)
    flow = content.flows.flows.get(name)
    if isinstance(spec, Inbound):
        where = f"{spec.read.connection}.{spec.read.stream}"
        why = Text(
            "records and checkpoint are stored in one transaction, by fingerprint",
            "记录与断点在同一事务落库，按指纹去重",
        )
        return Promise(name, ONCE, where, why)
    if isinstance(spec, Outbound | Direct):  # reading promises as much as any write can
        return _outbound(content, spec)
    if isinstance(spec, Group):
        return _weakest(name, [promise(content, member) for member in spec.syncs])
    if flow is not None:
        own = Promise(
            name,
            ONCE,
            "hub",
            Text("a step and what it makes are one transaction", "每一步与其结果在同一事务中完成"),
        )
        writes = [promise(content, step.write) for step in flow.steps if step.write]
        return _weakest(name, [own, *writes])
    return None


def _outbound(content: Content, spec: Outbound | Direct) -> Promise | None:
    connection = content.specs.connections.get(spec.write.connection)
    mapping = content.mappings.by_name.get(spec.map)
    if connection is None or mapping is None:
        return None
    try:
        manifest = registry.manifest_of(spec.write.connection, connection.connector, connection.settings)
    except ConfigurationError:
        return None
    target = manifest.writes.get(spec.write.object)
    if target is None or mapping.direct != isinstance(spec, Direct):
        return None
    if isinstance(spec, Direct):
        mapping, spec = direct.out_of(spec, mapping, target), direct.writing(spec)
    return of_write(spec.sync, spec.create, target, mapping, f"{spec.write.connection}.{spec.write.object}")


def _weakest(name: str, hops: Iterable[Promise | None]) -> Promise | None:
    """The weakest hop decides; one that cannot be told leaves the whole untold."""
    found = list(hops)
    if any(hop is None for hop in found):
        return None
    worst = max((hop for hop in found if hop is not None), key=lambda hop: GUARANTEES.index(hop.guarantee))
    return Promise(name, worst.guarantee, worst.hop, worst.why)


def check_promise(content: Content, name: str, declared: str, document: Document, area: str) -> None:
    """A file that declares more than its weakest hop can give is refused."""
    found = promise(content, name)
    if found is None or not found.weaker_than(declared):
        return
    key = "guarantee" if "guarantee" in document.data else area
    document.add(
        document.mark(key),
        f"{area}.guarantee",
        f"`{declared}` cannot be given: {found.hop} reaches `{found.guarantee}` ({found.why.en}); "
        f"write `guarantee: {found.guarantee}` to accept that",
        f"达不到 `{declared}`：{found.hop} 只能做到 `{found.guarantee}`（{found.why.zh}）；"
        f"若接受，请写 `guarantee: {found.guarantee}`",
        found.guarantee,
    )


def flow_guarantee(content: Content, flow: Flow, document: Document) -> None:
    """The same for a flow."""
    check_promise(content, flow.flow, flow.guarantee, document, "flow")

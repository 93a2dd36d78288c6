"""What people read about a sync in Airflow: its page, its tags, its description. The same file always gives the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from tongmai.core.settings import content_folders, product_root, site_roots
from tongmai.core.text import Text
from tongmai.flows.spec import Flow
from tongmai.sync.guarantee import Promise
from tongmai.sync.specs import Connection, Direct, Group, Inbound, Outbound, Spec

_TO = re.compile(r"^to:\s*([\w.-]+)", re.MULTILINE)
HEADER = 2000
GUARANTEES = {
    "effectively-once": Text("effectively once: nothing lost, nothing doubled", "效果恰好一次：不丢、不重"),
    "at-least-once, detectable": Text(
        "at least once: a doubt is looked up in the target and shown", "至少一次，可核对：有疑问时到目标系统查证并显示"
    ),
    "at-least-once, blind": Text(
        "at least once, blind: a double cannot be detected", "至少一次，不可核对：无法发现重复写入"
    ),
    "at-most-once": Text("at most once: something may be lost (for alerts only)", "至多一次：可能丢失（仅用于提醒）"),
}
DELETES = {
    "deactivate": Text("a deleted record is switched off, never erased", "删除的记录停用，不清除"),
    "ignore": Text("deletions are ignored", "忽略删除"),
}
LEFT_OUT = {
    "deactivate": Text(
        "a record that the mapping's condition no longer lets in is switched off, as if it were deleted",
        "映射条件不再纳入的记录停用，与删除相同",
    ),
    "keep": Text(
        "a record that the mapping's condition no longer lets in keeps what it said",
        "映射条件不再纳入的记录保留原有内容",
    ),
}


def describe(name: str, spec: Spec | Flow) -> str:
    """One line in both languages."""
    return f"{spec.label.zh} · {spec.label.en}" if spec.label else name


def tags(spec: Spec, connections: Mapping[str, Connection]) -> list[str]:
    """Sorted: direction, connection, role, entity, guarantee, and the file's own."""
    found = set(spec.tags)
    if isinstance(spec, Group):
        found.add("group")
    else:
        ends = [spec.read.connection] if isinstance(spec, Inbound | Direct) else []
        ends += [spec.write.connection] if isinstance(spec, Outbound | Direct) else []
        found.add("direct" if isinstance(spec, Direct) else "in" if isinstance(spec, Inbound) else "out")
        found |= {*ends, *(connections[one].role for one in ends if one in connections)}
        entity = "" if isinstance(spec, Direct) else entity_of(spec)
        if entity:
            found.add(entity)
        found.add(guarantee_of(spec))
    return sorted(found)


def guarantee_of(spec: Inbound | Outbound | Direct) -> str:
    """Reading stores a record and its checkpoint in one transaction: effectively once. Writing: what the file promises."""
    return "effectively-once" if isinstance(spec, Inbound) else spec.guarantee


def entity_of(spec: Inbound | Outbound) -> str:
    """The entity a sync is about: named in an outbound file, in the head of the mapping of an inbound one."""
    if isinstance(spec, Outbound):
        return spec.of
    for folder in content_folders("mappings/definitions", "mappings"):
        file = folder / f"{spec.map}.yaml"
        if file.is_file():
            with file.open(encoding="utf-8", errors="replace") as text:
                found = _TO.search(text.read(HEADER))
            return found[1] if found else ""
    return ""


def page(name: str, spec: Spec, file: Path, found: Promise | None = None) -> str:
    """The DAG's documentation page, Chinese first, then English."""
    return "\n\n".join([_page(name, spec, file, "zh", found), "---", _page(name, spec, file, "en", found)])


def promised(declared: str, found: Promise | None, lang: str) -> str:
    """The guarantee as it is computed, with the hop that limits it and why; what the file declares where it is not known."""
    if found is None:
        return GUARANTEES[declared].in_language(lang)
    return f"{GUARANTEES[found.guarantee].in_language(lang)}{'；' if lang == 'zh' else '; '}{_code(found.hop)} — {found.why.in_language(lang)}"


def place(file: Path) -> str:
    """The file as people call it: relative to the product or to its site folder."""
    for root in (product_root(), *site_roots()):
        if file.is_relative_to(root):
            return str(file.relative_to(root))
    return str(file)


def _page(name: str, spec: Spec, file: Path, lang: str, found: Promise | None) -> str:
    def say(en: str, zh: str) -> str:
        return zh if lang == "zh" else en

    lines = [f"### {_label(spec, lang) or name}"]
    if spec.doc:
        lines.append(say(spec.doc.en, spec.doc.zh))
    facts: list[tuple[str, str]] = []
    if isinstance(spec, Inbound):
        facts += [
            (
                say("Reads", "读取"),
                say("{1} of connection {0}", "连接 {0} 的 {1}").format(
                    _code(spec.read.connection), _code(spec.read.stream)
                ),
            ),
            (say("Writes", "写入"), say("golden records of {}", "{} 的主数据").format(_code(entity_of(spec) or "?"))),
            (say("Mapping", "映射"), _code(spec.map)),
            (say("Deletions", "删除"), DELETES[spec.deletes].in_language(lang)),
            (say("Left out", "排除"), LEFT_OUT[spec.left_out].in_language(lang)),
        ]
    elif isinstance(spec, Direct):
        of = say("{1} of connection {0}", "连接 {0} 的 {1}")
        facts += [
            (say("Reads", "读取"), of.format(_code(spec.read.connection), _code(spec.read.stream))),
            (say("Writes", "写入"), of.format(_code(spec.write.connection), _code(spec.write.object))),
            (
                say("Mapping", "映射"),
                say("{}, direct: no golden record", "{}，直连：不经过主数据").format(_code(spec.map)),
            ),
            (say("Creates", "新建"), say("after looking for an existing record", "先查找已有记录再新建")),
            (say("Deletions", "删除"), DELETES[spec.deletes].in_language(lang)),
            (say("Left out", "排除"), LEFT_OUT[spec.left_out].in_language(lang)),
        ]
    elif isinstance(spec, Outbound):
        facts += [
            (
                say("Reads", "读取"),
                say("golden records of {}", "{} 的主数据").format(_code(spec.of))
                + (say(", where ", "，条件 ") + _code(spec.when) if spec.when else ""),
            ),
            (
                say("Writes", "写入"),
                say("{1} of connection {0}", "连接 {0} 的 {1}").format(
                    _code(spec.write.connection), _code(spec.write.object)
                ),
            ),
            (say("Mapping", "映射"), _code(spec.map)),
            (
                say("Creates", "新建"),
                say("after looking for an existing record", "先查找已有记录再新建")
                if spec.create == "search-first"
                else say("never", "从不"),
            ),
            (
                say("Baseline", "基线"),
                say("armed once {} has read the target whole", "{} 完整读过目标系统后才开始写入").format(
                    _code(spec.baseline)
                ),
            ),
            (say("Deletions", "删除"), DELETES[spec.deletes].in_language(lang)),
        ]
    else:
        facts.append((say("Runs in this order", "依次运行"), " → ".join(_code(member) for member in spec.syncs)))
    if not isinstance(spec, Group):
        facts.append((say("Guarantee", "保证"), promised(guarantee_of(spec), found, lang)))
    elif found is not None:
        facts.append((say("Guarantee", "保证"), promised(found.guarantee, found, lang)))
    facts.append((say("Schedule", "调度"), schedule(every(spec), lang)))
    facts.append((say("File", "文件"), _code(place(file))))
    colon = say(": ", "：")
    lines.append("\n".join(f"- **{left}**{colon}{right}" for left, right in facts))
    lines.append(_ledger(spec, lang))
    return "\n\n".join(lines)


def schedule(span: timedelta | None, lang: str) -> str:
    """How often something runs, in words."""
    if span:
        return f"每 {_span(span, lang)}" if lang == "zh" else f"every {_span(span, lang)}"
    return "手动或由同步组启动" if lang == "zh" else "started by hand, or by a group"


def every(spec: Spec) -> timedelta | None:
    """How often it runs by itself."""
    if isinstance(spec, Direct):
        return spec.read.every or spec.write.every
    if isinstance(spec, Inbound):
        return spec.read.every
    return spec.write.every if isinstance(spec, Outbound) else spec.every


def _ledger(spec: Spec, lang: str) -> str:
    if lang == "zh":
        return (
            "**怎么看账目**：每次运行的“通脉账目 Ledger”页与任务日志列出每条记录的去向。"
            "读到 = 未变 + 回声 + 过滤 + 被取代 + 隔离 + 已并入 + 待处理；"
            "排队 = 已写入 + 无需发送 + 被取代 + 隔离 + 取消 + 等待 + 待处理。"
            "两式不平，运行即为红色。被隔离的记录不拖累其他记录，可用 `tongmai quarantine list` 查看。"
        )
    return (
        "**How to read the ledger**: the page “通脉账目 Ledger” of each run, and the task's log, say what became of every record. "
        "read = unchanged + echo + filtered + superseded + quarantined + applied + pending; "
        "queued = delivered + suppressed + superseded + quarantined + cancelled + waiting + pending. "
        "A run whose equations do not close is red. A record in quarantine holds up no other one; see `tongmai quarantine list`."
    )


def _label(spec: Spec, lang: str) -> str:
    return "" if spec.label is None else (spec.label.zh if lang == "zh" else spec.label.en)


def _span(span: timedelta | None, lang: str) -> str:
    seconds = int(span.total_seconds()) if span else 0
    for size, en, zh in ((86400, "day", "天"), (3600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {zh}" if lang == "zh" else f"{count} {en}{'' if count == 1 else 's'}"
    return str(span)


def _code(word: str) -> str:
    return f"`{word}`"

"""What a run did, in the terms of the two equations, for machines and in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tongmai.core.text import Text

IN_TERMS = ("read", "unchanged", "echo", "filtered", "superseded", "quarantined", "applied", "pending")
OUT_TERMS = ("queued", "delivered", "suppressed", "superseded", "quarantined", "cancelled", "waiting", "pending")
AGAIN_TERMS = ("again", "applied", "echo", "filtered", "quarantined")

WORDS = {
    "read": Text("read from the source", "从源系统读到"),
    "unchanged": Text("unchanged since last time", "与上次相同"),
    "echo": Text("our own write coming back", "我方写入的回声"),
    "filtered": Text("left out by the mapping's condition", "按映射条件排除"),
    "superseded": Text("replaced by a newer version", "被更新的版本取代"),
    "quarantined": Text("in quarantine, to be mended", "进入隔离区，待处理"),
    "applied": Text("applied to golden records", "已并入主数据"),
    "pending": Text("still to do", "尚未处理"),
    "again": Text("mapped again from what is stored", "从已存数据重新映射"),
    "queued": Text("queued for the target", "排队等待写入目标"),
    "delivered": Text("delivered to the target", "已写入目标系统"),
    "suppressed": Text("not sent: the target has it already", "无需发送：目标已一致"),
    "cancelled": Text("cancelled", "已取消"),
    "waiting": Text("waiting for another record or for an answer", "等待其他记录或人工答复"),
}
INSTANCES = {
    "running": Text("under way", "进行中"),
    "cancelling": Text("being called off", "撤销中"),
    "done": Text("done", "已完成"),
    "cancelled": Text("called off", "已撤销"),
    "overdue": Text("overdue: a step takes longer than it should", "已超时：某一步超过规定时间"),
    "steps": Text("steps passed in this run", "本次通过的步骤"),
}


def zeros(terms: tuple[str, ...]) -> dict[str, int]:
    """Every term with 0."""
    return dict.fromkeys(terms, 0)


@dataclass
class SyncReport:
    """One run of a sync or a group. ``balanced``: both equations closed when recounted from the tables. ``again``: records
    mapped anew without being read (a changed mapping, a reference that arrived). ``retryable``: what failed was busy or
    away, ``retry_after`` seconds if it said so (for the caller; not kept)."""

    sync: str
    run: str
    inbound: dict[str, int] = field(default_factory=lambda: zeros(IN_TERMS))
    outbound: dict[str, int] = field(default_factory=lambda: zeros(OUT_TERMS))
    balanced: bool = True
    problems: list[str] = field(default_factory=list)
    error: str = ""
    error_code: str = ""
    members: list[SyncReport] = field(default_factory=list)
    instances: dict[str, int] = field(default_factory=dict)
    drift: list[str] = field(default_factory=list)
    again: dict[str, int] = field(default_factory=lambda: zeros(AGAIN_TERMS))
    retryable: bool = field(default=False, compare=False)
    retry_after: float | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Balanced and nothing failed; quarantined records alone do not count as failure."""
        return self.balanced and not self.error

    def as_json(self) -> dict[str, Any]:
        """The public JSON line of ``tongmai sync --json``."""
        line: dict[str, Any] = {
            "sync": self.sync,
            "run": self.run,
            "in": self.inbound,
            "out": self.outbound,
            "balanced": self.balanced,
        }
        if any(self.again.values()):
            line["again"] = self.again
        if self.drift:
            line["drift"] = self.drift
        if self.problems:
            line["problems"] = self.problems
        if self.error:
            line["error"] = {"code": self.error_code, "text": self.error}
        if self.instances:
            line["instances"] = self.instances
        if self.members:
            line["members"] = [member.as_json() for member in self.members]
        return line

    def in_words(self, lang: str) -> str:
        """The ledger in plain words, one term a line; terms that are 0 are left out."""
        zh = lang == "zh"
        lines = [f"{self.sync} · {self.run}"]
        titles = (Text("In", "读入"), Text("Mapped again", "重新映射"), Text("Out", "写出"))
        for title, terms in zip(titles, (self.inbound, self.again, self.outbound), strict=True):
            if any(terms.values()):
                lines.append(title.in_language(lang))
                lines += [f"  {n:>8,}  {WORDS[t].in_language(lang)}" for t, n in terms.items() if n]
        if self.instances:
            lines.append("流程实例" if zh else "Instances")
            lines += [f"  {n:>8,}  {INSTANCES[t].in_language(lang)}" for t, n in self.instances.items() if n]
        if self.balanced:
            lines.append("账目平衡：每条记录都有去处" if zh else "The books balance: every record is accounted for")
        else:
            lines.append("账目不平：" + "；".join(self.problems) if zh else "NOT BALANCED: " + "; ".join(self.problems))
        if self.drift:
            lines.append(("源记录出现新内容：" if zh else "New in the source's records: ") + ", ".join(self.drift))
        if self.error:
            lines.append(("运行失败：" if zh else "FAILED: ") + self.error)
        for member in self.members:
            lines += ["", member.in_words(lang)]
        return "\n".join(lines)


def total(sync: str, run: str, members: list[SyncReport]) -> SyncReport:
    """A group's report: the sums of its members."""
    report = SyncReport(sync, run, members=members)
    for member in members:
        for terms, own in (
            (report.inbound, member.inbound),
            (report.again, member.again),
            (report.outbound, member.outbound),
        ):
            for term, count in own.items():
                terms[term] += count
        report.problems += member.problems
        report.drift += [f"{member.sync}: {each}" for each in member.drift]
    report.balanced = all(member.balanced for member in members)
    report.error = "; ".join(f"{member.sync}: {member.error}" for member in members if member.error)
    report.error_code = next((member.error_code for member in members if member.error), "")
    return report

"""The typed model of ``dags/flows/<name>.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field as Option
from pydantic import field_validator, model_validator

from tongmai.core import yamlfile
from tongmai.core.finding import Finding, Mistake
from tongmai.core.yamlfile import Document
from tongmai.sync.specs import Duration, Label, Notify, Strict

HUB = "hub"
"""The connection, role and connector under which a flow's own records stand beside those of other systems."""
_TRIGGER = re.compile(
    r"(?P<entity>[a-z][a-z0-9_]*) (?:becomes (?P<condition>\S.*)|is (?P<created>created))$", re.DOTALL
)
_PART = re.compile(r"\{([^{}]*)\}")
_SEQUENCE = re.compile(r"seq(?::0([1-9]\d?))?$")
_DATES = ("year", "month", "day")
KINDS = ("mint", "create", "write", "wait")


class Step(Strict):
    """One step: ``mint`` a number, ``create`` a record through a mapping, let a sync ``write`` it, ``wait`` for a condition."""

    mint: str = Option(
        default="", description="The sequence a number is taken from; also the number's name in mappings."
    )
    format: str = Option(default="", alias="as", description='How the number is written, as "HT-{year}-{seq:06}".')
    create: str = Option(default="", description="The entity of which a record is made.")
    map: str = Option(default="", description="The mapping that makes it, from `hub.<entity of the trigger>`.")
    write: str = Option(default="", description="The outbound sync that has to have written the record.")
    wait: str = Option(default="", description="A condition that has to hold.")
    of: str = Option(default="", description="Whose condition or record: an entity made before; else the trigger's.")
    within: Duration | None = Option(default=None, description="After this time the instance is shown as overdue.")
    label: Label | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        given = [kind for kind in KINDS if getattr(self, kind)]
        if len(given) != 1:
            raise Mistake(
                f"a step has exactly one of {', '.join(KINDS)}", f"一个步骤只能有以下之一：{'、'.join(KINDS)}"
            )
        kind = given[0]
        wanted = {"mint": ("format",), "create": ("map",)}.get(kind, ())
        allowed = {*wanted, *(("of", "within") if kind in ("write", "wait") else ())}
        for name in ("format", "map", "of", "within"):
            shown = "as" if name == "format" else name
            if getattr(self, name) and name not in allowed:
                raise Mistake(f"`{shown}` does not belong to a `{kind}` step", f"`{shown}` 不能用于 `{kind}` 步骤")
            if name in wanted and not getattr(self, name):
                raise Mistake(f"a `{kind}` step needs `{shown}`", f"`{kind}` 步骤需要 `{shown}`")
        if kind == "mint":
            number_parts(self.format)
        return self

    @property
    def kind(self) -> str:
        """``mint``, ``create``, ``write`` or ``wait``."""
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def name(self) -> str:
        """What the step is called in lists: its kind and its object."""
        return f"{self.kind} {getattr(self, self.kind)}"


class Flow(Strict):
    """A flow: what starts it, what calls it off, its steps in order."""

    flow: str
    trigger: str
    cancel: str = Option(default="", description="A condition of the trigger's record that calls the instance off.")
    steps: tuple[Step, ...] = Option(min_length=1)
    zone: str = Option(default="Asia/Shanghai", description="The time zone of dates in numbers.")
    every: Duration | None = None
    guarantee: Literal["effectively-once", "at-least-once, detectable", "at-least-once, blind", "at-most-once"] = (
        "effectively-once"
    )
    label: Label | None = None
    doc: Label | None = None
    tags: tuple[str, ...] = ()
    notify: Notify = Notify()

    @field_validator("trigger")
    @classmethod
    def _trigger(cls, value: str) -> str:
        if not _TRIGGER.match(value):
            raise Mistake(
                "write `<entity> becomes <condition>` or `<entity> is created`",
                "请写作 `<实体> becomes <条件>` 或 `<实体> is created`",
            )
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise Mistake(
                f"`{value}` is not a time zone (like Asia/Shanghai)", f"`{value}` 不是时区（如 Asia/Shanghai）"
            )
        return value

    @property
    def entity(self) -> str:
        """Whose change starts it."""
        match = _TRIGGER.match(self.trigger)
        assert match is not None
        return match["entity"]

    @property
    def condition(self) -> str:
        """What the record has to become; empty when its creation is enough."""
        match = _TRIGGER.match(self.trigger)
        assert match is not None
        return (match["condition"] or "").strip()

    @property
    def creates(self) -> tuple[Step, ...]:
        """The steps that make records."""
        return tuple(step for step in self.steps if step.kind == "create")

    def clock(self) -> ZoneInfo:
        """The zone of its dates."""
        return ZoneInfo(self.zone)


def stream_of(flow: str, entity: str) -> str:
    """The stream of the hub's own connection in which a flow's records of an entity stand."""
    return f"{flow}/{entity}"


def number_parts(form: str) -> tuple[list[str], int]:
    """The date parts of a number's format, and how many digits its sequence has (0: as many as needed)."""
    width = None
    dates = []
    for part in _PART.findall(form):
        sequence = _SEQUENCE.match(part)
        if sequence and width is None:
            width = int(sequence[1] or 0)
        elif part in _DATES and part not in dates:
            dates.append(part)
        else:
            raise Mistake(
                f"`{{{part}}}` is not known here (use {{year}}, {{month}}, {{day}}, and {{seq:06}} once)",
                f"`{{{part}}}` 不可用（可用 {{year}}、{{month}}、{{day}}，以及一次 {{seq:06}}）",
            )
    if width is None:
        raise Mistake("a number needs its sequence: {seq:06}", "号码需要流水号：{seq:06}")
    if set(dates) != set(_DATES[: len(dates)]):
        raise Mistake(
            "{month} needs {year} beside it and {day} needs both: numbers would come again",
            "{month} 须与 {year} 同用，{day} 须与二者同用，否则号码会重复",
        )
    return dates, width


@dataclass
class Flows:
    """Every flow by name, its file, and every mistake found in the files themselves."""

    flows: dict[str, Flow] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def minted_for(self, entity: str) -> frozenset[str]:
        """Names of the numbers that mappings of records of this entity's flows can use."""
        return frozenset(
            step.mint for flow in self.flows.values() if flow.entity == entity for step in flow.steps if step.mint
        )


def load_flow(file: Path) -> tuple[Flow | None, Document]:
    """One flow file by itself; its mistakes are in the document's findings."""
    document = yamlfile.load(file)[0]
    if document.data is None and document.findings:
        return None, document
    flow = yamlfile.check(document, Flow, "flow")
    if flow is not None and flow.flow != file.stem:
        document.add(
            document.mark("flow"),
            "flow.name",
            f"the file is called `{file.stem}`",
            f"文件名是 `{file.stem}`",
            file.stem,
        )
    return flow, document


def load_flows(folders: list[Path]) -> Flows:
    """All flows of these folders, the first one of a name counts."""
    found = Flows()
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")):
            flow, document = load_flow(file)
            if file.stem in found.documents:
                document.add(
                    document.mark(), "flow.exists", f"flow `{file.stem}` exists already", f"流程 `{file.stem}` 已存在"
                )
                found.findings += document.findings
                continue
            found.documents[file.stem] = document
            if flow is not None:
                found.flows[file.stem] = flow
            else:
                found.findings += document.findings
    return found

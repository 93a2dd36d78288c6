"""One instance of a flow, and how far it can go with what is known now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from connectors.sdk import Record, fingerprint
from tongmai.flows.compiled import CompiledFlow


@dataclass(frozen=True)
class Delivered:
    """What became of an entity at a target: ``settled`` when nothing of it is on its way, ``note`` what holds it up."""

    known: bool = False
    settled: bool = True
    note: str = ""


@dataclass
class World:
    """What the instances of a batch look at: golden fields by entity id, deliveries by target and id; by entity and
    instance, what create steps stored, and why it is in quarantine where it is."""

    golden: Mapping[UUID, Mapping[str, Any]]
    delivered: Mapping[tuple[str, UUID], Delivered]
    stored: Collection[tuple[str, UUID]]
    blocked: Mapping[tuple[str, UUID], str]


@dataclass
class Instance:
    """One flow for one subject. ``made``: entity → id of what its create steps made. ``done``: steps it passed just now."""

    id: UUID
    subject: UUID
    occurrence: int
    state: str
    step: int
    minted: dict[str, str]
    made: dict[str, str]
    started_at: datetime
    note: str = ""
    done: list[int] = field(default_factory=list)
    wants: str = ""  # the sequence it needs a number of before it can go on
    again: bool = False  # it is to be looked at again once what it stored is applied
    ended: bool = False

    def wanted(self, flow: CompiledFlow, world: World) -> list[int]:
        """Positions of the create steps whose records are to be as the subject is now."""
        creates = [index for index in flow.mappings if index <= self.step]
        if self.state == "running" or self.state == "done":
            return creates
        return [index for index in creates if (flow.spec.steps[index].create, self.id) in world.stored]

    def record(self, flow: CompiledFlow, index: int, subject: Mapping[str, Any]) -> Record:
        """What a create step stores: what its mapping reads of the subject, the numbers, and whether it was called off."""
        whole = {
            **subject,
            **self.minted,
            "id": str(self.subject),
            "flow": flow.name,
            "instance": str(self.id),
            "started_on": self.started_at.astimezone(flow.spec.clock()).date().isoformat(),
            "flow_state": "cancelled" if self.state in ("cancelling", "cancelled") else "running",
        }
        # Lines and what stands in them are read under the name of their list.
        reads = {name.partition(".")[0] for name in flow.mappings[index].reads}
        source = {name: value for name, value in sorted(whole.items()) if name in reads}
        raw = orjson.dumps(source, option=orjson.OPT_SORT_KEYS)
        return Record(str(self.id), raw, fingerprint(raw))


def advance(flow: CompiledFlow, one: Instance, world: World) -> None:
    """Go as many steps as can be gone; ``note`` says what it waits for."""
    one.done, one.wants, one.note, one.again = [], "", "", False
    subject = world.golden.get(one.subject, {})
    if one.state == "running" and flow.cancelled and flow.cancelled([{**subject, "id": str(one.subject)}])[0]:
        # What it made is switched off first; only then its targets can be asked whether they have heard of it.
        one.state, one.again = "cancelling", True
        return
    if one.state == "cancelling":
        _wind_up(flow, one, world)
        return
    while one.step < len(flow.spec.steps):
        if not _passed(flow, one, world):
            return
        one.done.append(one.step)
        one.step += 1
    one.state, one.ended = "done", True


def _passed(flow: CompiledFlow, one: Instance, world: World) -> bool:
    index = one.step
    step = flow.spec.steps[index]
    if step.kind == "mint":
        one.wants = "" if step.mint in one.minted else step.mint
        return not one.wants
    if step.kind == "create":
        if step.create in one.made:
            return True
        one.note = world.blocked.get((step.create, one.id), "")
        return False
    about = flow.about[index]
    entity = one.subject if about == flow.spec.entity else UUID(one.made[about])
    if step.kind == "wait":
        fields = {**world.golden.get(entity, {}), "id": str(entity)}
        return flow.conditions[index]([fields])[0]
    at_target = world.delivered.get((step.write, entity), Delivered())
    one.note = at_target.note
    return at_target.known and at_target.settled


def _wind_up(flow: CompiledFlow, one: Instance, world: World) -> None:
    """Called off: what was made is switched off everywhere; it ends when every target has heard of it."""
    for index, step in enumerate(flow.spec.steps):
        if step.kind == "create" and step.create not in one.made and (step.create, one.id) in world.stored:
            one.note = world.blocked.get((step.create, one.id), "")
            return
        if step.kind == "write" and flow.about[index] in one.made:
            at_target = world.delivered.get((step.write, UUID(one.made[flow.about[index]])), Delivered())
            if not at_target.settled:
                one.note = at_target.note
                return
    one.state, one.ended = "cancelled", True

"""Whatever people type where, and whatever a system's mapping loses: after one round of writes all is quiet.

The decisions are the product's own (``observe``, ``survive``, ``differs``, ``plan``, what a booked write makes known); the
systems are dictionaries, so that thousands of histories can be tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sdk import Written
from mappings.language.types import CompiledMapping, Mapped
from masterdata.model import Entity
from masterdata.survivorship import Contribution, survive
from tongmai.sync import outcome
from tongmai.sync.echo import Home, TargetState, differs, observe
from tongmai.sync.plan import Parcel, Route, plan
from tongmai.sync.specs import Outbound

ONE = UUID(int=1)
LABEL = {"zh": "一", "en": "one"}
FIELDS = {"free": {"owner": ""}, "owned": {"owner": "crm"}}
DEAL = Entity.model_validate(
    {
        "entity": "deal",
        "label": LABEL,
        "fields": {name: {"type": "text", "label": LABEL, **more} for name, more in FIELDS.items()},
    }
)
LOSSES: dict[str, Callable[[str], str]] = {
    "nothing": lambda text: text,
    "case": str.lower,
    "length": lambda text: text[:2],
    "all but one": lambda text: "x" if text else "",
}


def mapping(loses: Callable[[str], str], *, outbound: bool) -> CompiledMapping:
    """Field to field of the same name; on the way in something may be lost."""

    def run(records: Any, resolve: Any) -> list[Mapped]:
        made = [{name: one.get(name) for name in FIELDS if name in one} for one in records]
        if not outbound:
            made = [{name: loses(value) if value else None for name, value in one.items()} for one in made]
        return [Mapped(one) for one in made]

    reads = {name: frozenset({name}) for name in FIELDS}
    return CompiledMapping(
        "m", "m.yaml", "s", "s", "deal", outbound, b"m", frozenset(FIELDS), reads, frozenset(), (), "", run
    )


@dataclass
class Object:
    """A stream that is read and written: its records by key. The lowest key is the one we write to."""

    connection: str
    stream: str
    loses: str
    records: dict[str, dict[str, str]]
    state: TargetState | None = None
    said: dict[str, Contribution] = field(default_factory=dict)
    typed: dict[tuple[str, str], str] = field(default_factory=dict)
    writes: int = 0

    def __post_init__(self) -> None:
        self.home = Home(self.connection, self.stream)
        self.inbound = mapping(LOSSES[self.loses], outbound=False)


class Hub:
    def __init__(self, objects: list[Object]) -> None:
        self.objects, self.clock = objects, 0
        for one in objects:
            for key, record in one.records.items():
                one.typed |= {(key, name): value for name, value in record.items()}
            self.read(one)

    def read(self, one: Object) -> None:
        for key, record in sorted(one.records.items()):
            self.clock += 1
            fields = one.inbound.run([record], None)[0].fields
            before = one.said.get(key)
            old = before.fields if before else {}
            one.state = one.state or TargetState(key)
            echo = set(observe(one.state, fields, FIELDS, {})) if one.state.remote_key == key else set()
            echo -= {n for n, v in fields.items() if before and old.get(n) == v and n not in before.echo}
            stamp = {
                n: before.changed[n] if before and old.get(n) == v else f"{self.clock:09}" for n, v in fields.items()
            }
            number = 10 * self.objects.index(one) + int(key[1:])
            one.said[key] = Contribution(
                number, one.connection, one.connection, one.stream, key, fields, stamp, frozenset(echo)
            )

    def golden(self) -> tuple[dict[str, Any], dict[str, Any]]:
        every = [one for each in self.objects for one in each.said.values()]
        return survive(DEAL, sorted(every, key=lambda c: c.record_id))

    def write(self, one: Object) -> None:
        self.read(one)  # as every run that writes does first
        fields, told = self.golden()
        if not differs(one.state, fields, told, FIELDS, one.home):
            return
        spec = Outbound.model_validate(
            {"sync": "out", "write": {"connection": one.connection, "object": one.stream}, "of": "deal", "map": "m", "baseline": "in"}
        )  # fmt: skip
        route = Route(
            "out", spec, None, one.connection, one.home, 1, DEAL, mapping(str, outbound=True), one.inbound,
            frozenset(FIELDS), None, "run", b"", True, "",
        )  # type: ignore[arg-type]  # fmt: skip
        parcel = Parcel(1, ONE, "open", 0, "", None, {}, {}, {}, "", golden=fields, provenance=told, state=one.state)
        plan(route, parcel)
        if not parcel.outcome:
            assert (parcel.operation, parcel.remote_key) == ("update", min(one.records))
            own = [
                name
                for name in parcel.payload
                if name in told and (told[name]["connection"], told[name]["stream"]) == one.home
            ]
            assert not own, "an object is told what it said itself"
            parcel.values = outcome._expected(route, parcel)
            parcel.close("delivered", "")
            parcel.written = Written(str(parcel.remote_key))
            one.writes += 1
            record = one.records[str(parcel.remote_key)]
            record |= {name: value or "" for name, value in parcel.payload.items()}
        one.state = outcome.after(route, parcel) or one.state

    def type(self, one: Object, key: str, name: str, value: str) -> None:
        one.records[key][name] = value
        one.typed[key, name] = value


texts = st.sampled_from(["", "Abc", "abc", "abd", "B"])
records = st.fixed_dictionaries(dict.fromkeys(FIELDS, texts))
PLACES = (("crm", "Order"), ("crm", "Confirmation"), ("erp", "SaleOrder"))


@st.composite
def hubs(draw: st.DrawFn) -> Hub:
    several = st.integers(1, 2).flatmap(lambda n: st.fixed_dictionaries({f"k{i}": records for i in range(n)}))
    return Hub([Object(*place, draw(st.sampled_from(sorted(LOSSES))), draw(several)) for place in PLACES])


steps = st.lists(
    st.tuples(st.sampled_from(["type", "type", "read", "write"]), st.integers(0, 2), st.integers(0, 1), st.sampled_from(sorted(FIELDS)), texts),
    max_size=14,
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(hubs(), steps, st.permutations(range(3)))
def test_what_is_quiet_stays_quiet(hub: Hub, history: list[tuple[str, int, int, str, str]], order: list[int]) -> None:
    for what, number, which, name, value in history:
        one = hub.objects[number]
        if what == "type":
            keys = sorted(one.records)
            hub.type(one, keys[which % len(keys)], name, value)
        else:
            (hub.read if what == "read" else hub.write)(one)
    in_order = [hub.objects[number] for number in order]
    for one in in_order:
        hub.read(one)
    counts = [one.writes for one in hub.objects]
    golden = hub.golden()[0]
    for one in in_order:
        hub.write(one)
    assert all(one.writes - before <= 1 for one, before in zip(hub.objects, counts, strict=True))
    counts = [one.writes for one in hub.objects]
    for one in [*in_order, *reversed(in_order)]:
        hub.write(one)
    assert [one.writes for one in hub.objects] == counts, "something went round"
    fields, told = hub.golden()
    assert fields == golden, "our own writes voted"
    for name in FIELDS:
        source = told.get(name)
        for one in hub.objects:
            assert one.state is not None
            if source and one.home == (source["connection"], source["stream"]):
                said = one.typed[source["key"], name]
                assert fields[name] == LOSSES[one.loses](said), "a golden value is one that a person typed"
            else:
                assert one.state.known.get(name) == fields[name], "every other object has it"

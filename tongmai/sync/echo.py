"""What a target is known to hold, per field; which values read from it are our own write coming back, or its own. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from masterdata.survivorship import REFUSED


class Home(NamedTuple):
    """The object that a target writes: a stream of a connection, in which its records are read back."""

    connection: str
    stream: str


@dataclass
class TargetState:
    """One entity at one target.

    ``known``: canonical values the target holds as far as we know. ``written``: what reading back our last write gives,
    for the fields nobody changed there since. ``gone``: the target deleted its record.
    """

    remote_key: str
    active: bool = True
    gone: bool = False
    known: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    map_digest: bytes = b""


def observe(
    state: TargetState, read: Mapping[str, Any], reads: Collection[str], in_flight: Mapping[str, Any]
) -> frozenset[str]:
    """Take note of a record read back from the target; returns the fields that are an echo.

    ``reads`` are the canonical fields we write there; ``in_flight`` is what ``Parcel.values`` says of a write whose
    outcome is not yet known: reading its values shows that it was taken. A value is an echo while it equals what we
    wrote. Once somebody changes it there it is theirs, for good: changing it back to what we had written is an edit too.
    """
    echoes = set()
    flying: Mapping[str, Any] = in_flight.get("written", {})
    for name, value in read.items():
        if name in flying and flying[name] == value:
            state.known[name], state.written[name] = in_flight["known"][name], value
            echoes.add(name)
            continue
        if name in state.written and state.written[name] == value:
            echoes.add(name)
            continue
        state.written.pop(name, None)
        if name in reads:
            state.known[name] = value
    return frozenset(echoes)


def mapped_anew(state: TargetState, old: Mapping[str, Any], new: Mapping[str, Any], echoes: Collection[str]) -> None:
    """The same raw record was mapped again: nobody changed anything there, our notes follow the new mapping."""
    for name, value in new.items():
        if name not in old or old[name] == value:
            continue
        if name in echoes:
            if state.written.get(name) == old[name]:
                state.written[name] = value
        elif name in state.known and state.known[name] == old[name]:
            state.known[name] = value


def news(
    state: TargetState,
    golden: Mapping[str, Any],
    provenance: Mapping[str, Any],
    name: str,
    home: Home | None,
    reads: Collection[str] = (),
) -> bool:
    """Whether the target lacks the golden value of a field and that value came from elsewhere.

    ``reads`` tell which fields of lines we write there: what else the target keeps in a line is no reason to write.
    """
    if name in state.known and _holds(state.known[name], golden.get(name), name, reads):
        return False
    return not said_there(provenance, name, home)


def said_there(provenance: Mapping[str, Any], name: str, home: Home | None) -> bool:
    """Whether a golden value came from the object that the target writes, whichever of its records said it.

    A part of a record (stream ``orders/buyer``) speaks for its record's object. ``home`` is None where nothing that the
    target says is read, so no value can be its own. An address put together from several records is the own of each
    that gave a part (``parts``): written over, it would be an echo, and its part would be lost. What was
    refused is empty in the golden record and nobody's wish: as if said everywhere.
    """
    told = provenance.get(name)
    if told and told.get("rule") == REFUSED:
        return True
    if home is None or not told:
        return False
    # A list is told: its first value must get there.
    parts = told.get("parts", ()) if told.get("rule") == "assembled" else ()
    return any(Home(one["connection"], one["stream"].partition("/")[0]) == home for one in (told, *parts))


def differs(
    state: TargetState | None,
    golden: Mapping[str, Any],
    provenance: Mapping[str, Any],
    reads: Collection[str],
    home: Home | None,
) -> bool:
    """Whether there is anything to write to the target."""
    return state is None or any(news(state, golden, provenance, name, home, reads) for name in reads if "." not in name)


def _holds(known: Any, wanted: Any, name: str, reads: Collection[str]) -> bool:
    """Whether a known value is the wanted one, as far as we write it."""
    if known == wanted or not (isinstance(known, list) and isinstance(wanted, list)) or len(known) != len(wanted):
        return bool(known == wanted)
    fields = [one.partition(".")[2] for one in reads if one.startswith(f"{name}.")]
    return bool(fields) and all(
        mine.get(one) == theirs.get(one) for mine, theirs in zip(known, wanted, strict=True) for one in fields
    )

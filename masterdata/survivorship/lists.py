"""Lists that keep what every source says: each value once, the best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from masterdata.normal import phones
from masterdata.survivorship.contribution import Contribution
from masterdata.survivorship.forms import e164
from masterdata.survivorship.rank import Ballot, Booth, ballot, decided, ranked


def union(
    booth: Booth, voters: Sequence[Contribution], fields: dict[str, Any], why: dict[str, Any], area: str = ""
) -> list[Ballot]:
    """Put the lists together. ``parts`` of the reason name the records beside the first that gave what it does not have.

    ``area``: the area code of telephone numbers that lack one.
    """
    name = booth.name
    records = ranked(booth, [Ballot(c, c.fields[name], "", c.changed.get(name, "")) for c in voters])
    live = [one.by for one in records if not one.by.deleted] or [records[0].by]
    if name in booth.entity.survivorship.fields:
        order = ranked(booth, _whole(booth, list(_values(booth, live)), area))
    else:
        order = [Ballot(c, value, repr(value), c.changed.get(name, "")) for c in live for value in _items(c, name)]
    kept = _put(booth, order, fields)
    if not kept:
        return order
    first = kept[0].by
    others = [{**one.by.origin(), "value": one.value} for one in records if one.by is not first]
    alone = [Ballot(one.by, None, str(at), one.at) for at, one in enumerate(records)]
    why[name] = {
        **first.origin(),
        "rule": "union" if len(voters) > 1 else decided(booth, alone),
        "at": kept[0].at,
        "others": others,
    }
    parts = _givers(kept, first)
    if parts:
        why[name]["parts"] = parts
    return order


def _put(booth: Booth, order: Sequence[Ballot], fields: dict[str, Any]) -> list[Ballot]:
    """Fill the field with the first of each key; returns those."""
    kept: dict[Any, Ballot] = {}
    for one in order:
        kept.setdefault(one.key, one)
    if booth.rules.most:
        kept = dict(list(kept.items())[: booth.rules.most])
    written = [e164(key) if booth.rules.kind == "phone" else _written(booth, one.value) for key, one in kept.items()]
    fields[booth.name] = written or None
    return list(kept.values())


def _whole(booth: Booth, ballots: Sequence[Ballot], area: str) -> list[Ballot]:
    """Telephone numbers without area code as the only whole number that ends so, or else with the area code given."""
    if booth.rules.kind != "phone":
        return list(ballots)
    ends: dict[str, set[str]] = {}
    for one in ballots:
        if "-" in one.key:
            ends.setdefault(one.key.partition("-")[2], set()).add(one.key)
    found = []
    for one in ballots:
        key = one.key
        if local(key):
            known = ends.get(key, set())
            key = min(known) if len(known) == 1 else f"{area}-{key}" if area else key
        found.append(replace(one, key=key))
    return found


def _givers(kept: Sequence[Ballot], first: Contribution) -> list[dict[str, str]]:
    """The other records of whose values some are kept."""
    found = {tuple(one.by.origin().items()): one.by.origin() for one in kept if one.by is not first}
    return [found[key] for key in sorted(found)]


def _values(booth: Booth, live: Sequence[Contribution]) -> Iterator[Ballot]:
    for one in live:
        for place, value in enumerate(_items(one, booth.name)):
            apart = phones.numbers(value) if booth.rules.kind == "phone" and isinstance(value, str) else ()
            for each in apart or (value,):
                found = ballot(booth, one, each, place)
                if found is not None:
                    yield found


def _items(one: Contribution, name: str) -> list[Any]:
    value = one.fields[name]
    return value if isinstance(value, list) else [value]


def _written(booth: Booth, value: Any) -> Any:
    return (
        booth.form.write(value) if isinstance(value, str) and booth.name in booth.entity.survivorship.fields else value
    )


def local(number: str) -> bool:
    """Whether a telephone number lacks its area code."""
    return number.isdigit() and len(number) in (7, 8)

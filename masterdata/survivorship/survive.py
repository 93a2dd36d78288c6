"""Choose each golden field among the contributions, and remember why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from masterdata.model import Entity
from masterdata.model.entity import JSON
from masterdata.survivorship.assemble import assemble
from masterdata.survivorship.before import BEFORE, before_our_write
from masterdata.survivorship.contribution import EMPTY, REFUSED, Contribution, Override, newest
from masterdata.survivorship.derive import derived
from masterdata.survivorship.lists import union
from masterdata.survivorship.rank import Ballot, Booth, ballot, decided, faded, ranked, rules_of

Fields = dict[str, Any]
Why = dict[str, Any]


def survive(
    entity: Entity,
    contributions: Sequence[Contribution],
    overrides: Sequence[Override] = (),
    today: int | None = None,
) -> tuple[Fields, Why]:
    """The golden fields and, per field, ``{connection, stream, key, rule, at, others: [{…, value}]}``.

    Values of a deleted record count only when no living one has a value. A field with an owner takes the owner's value
    when the owner has one; otherwise the entity's rules decide, at last the lower source key. Our own echo never votes,
    so a value its source cleared does not come back from where we wrote it; but what it was written over counts again once
    the record it came from is of another entity (``before_our_write``). A payload's field is what its one source gave,
    empty or not, and absent where it gave none. Where sources say something and none of it counts (``never``) the field is
    empty by the rule ``refused``, with the origin of what was refused and what it ``said``: nobody asked for emptiness.

    ``today``: the day (as an ordinal) by which values have aged; the newest change of all when it is not given, so that
    the result is the same whenever it is computed. ``overrides`` as they stand now (`in_force`).
    """
    today = newest(contributions) if today is None else today
    contributions = [*contributions, *before_our_write(contributions, overrides)]
    fields: Fields = {}
    why: Why = {}
    orders: dict[str, list[Ballot]] = {}
    grouped = {name: group for group in entity.survivorship.together for name in group}
    for name, spec in entity.fields.items():
        rules = rules_of(entity.survivorship, name)
        booth = Booth(entity, name, rules, today)
        if spec.type.name == JSON:
            _payload(name, contributions, fields, why)
            continue
        if name in grouped:
            if name not in fields:
                _together(entity, grouped[name], contributions, today, fields, why)
            continue
        voters = [c for c in contributions if c.votes(name)]
        if not voters:
            fields[name] = None
        elif spec.survive == "union":
            orders[name] = union(booth, voters, fields, why)
        elif name not in entity.survivorship.fields and entity.survivorship.rank == ("trust", "recent"):
            orders[name] = _plainly(booth, voters, fields, why)
        else:
            orders[name] = _picked(booth, voters, fields, why)
    for name in entity.fields:
        own = [one for one in overrides if one.field == name]
        if own:
            _overridden(
                Booth(entity, name, rules_of(entity.survivorship, name), today), own, contributions, fields, why
            )
    derived(entity, contributions, orders, fields, why, today)
    for name, rules in entity.survivorship.fields.items():
        if rules.assemble and orders.get(name) and why[name]["rule"] not in ("owner", "override", "kept"):
            assemble(Booth(entity, name, rules, today), orders[name], fields, why)
    _deactivate(entity, contributions, fields, why)
    _refused(entity, contributions, today, fields, why)
    return {name: fields[name] for name in entity.fields if name in fields}, why


def _payload(name: str, contributions: Sequence[Contribution], fields: Fields, why: Why) -> None:
    voters = [c for c in contributions if name not in c.echo and name in c.fields]
    if voters:
        voters.sort(key=lambda c: (c.connection, c.stream, c.key))
        voters.sort(key=lambda c: c.changed.get(name, ""), reverse=True)
        voters.sort(key=lambda c: c.deleted)
        fields[name] = voters[0].fields[name]
        why[name] = _told(voters[0], "only", name, voters[1:])


def _told(best: Contribution, rule: str, name: str, others: Iterable[Contribution]) -> dict[str, Any]:
    return {
        **best.origin(),
        "rule": rule,
        "at": best.changed.get(name, ""),
        "others": [{**c.origin(), "value": c.fields[name]} for c in others],
    }


def _plainly(booth: Booth, voters: Sequence[Contribution], fields: Fields, why: Why) -> list[Ballot]:
    """A field of which nothing special is said, in one look at each value: most fields of most entities."""
    name = booth.name
    order = ranked(booth, [Ballot(c, c.fields[name], "", c.changed.get(name, "")) for c in voters])
    best = order[0]
    fields[name] = best.value
    rule = "only"
    rival = next((one for one in order[1:] if not one.by.deleted), None)
    owner = booth.entity.fields[name].owner
    if best.by.deleted:
        rule = "kept"
    elif owner and best.by.role == owner:
        rule = "owner"
    elif rival is not None:
        rule = "trust" if faded(booth, best) != faded(booth, rival) else "recent" if best.at != rival.at else "key"
    why[name] = _told(best.by, rule, name, (one.by for one in order[1:]))
    return order


def _picked(booth: Booth, voters: Sequence[Contribution], fields: Fields, why: Why) -> list[Ballot]:
    name = booth.name
    if len(voters) == 1 and not booth.rules.never and not booth.rules.only:  # nobody to compare with
        order = [Ballot(voters[0], voters[0].fields[name], "", voters[0].changed.get(name, ""))]
    else:
        order = ranked(booth, (one for c in voters if (one := ballot(booth, c, c.fields[name])) is not None))
    if not order:
        fields[name] = None
        return []
    best = order[0]
    written = booth.form.write(best.value) if isinstance(best.value, str) else best.value
    fields[name] = written
    why[name] = {
        **best.by.origin(),
        "rule": decided(booth, order),
        "at": best.at,
        "others": [{**one.by.origin(), "value": one.value} for one in order[1:]],
    }
    if written != best.value:
        why[name]["said"] = best.value
    return order


def _together(
    entity: Entity,
    group: Sequence[str],
    contributions: Sequence[Contribution],
    today: int,
    fields: Fields,
    why: Why,
) -> None:
    """All fields of a group from one record: the first field's rules decide among records, fuller ones before."""
    booths = {name: Booth(entity, name, rules_of(entity.survivorship, name), today) for name in group}
    units = []
    for one in contributions:
        given = {
            name: found
            for name, booth in booths.items()
            if one.votes(name) and (found := ballot(booth, one, one.fields[name])) is not None
        }
        if given:
            key = tuple(given[name].key if name in given else "" for name in group)
            last = any(each.last for each in given.values())
            at = max(each.at for each in given.values())
            units.append(Ballot(one, given, key, at, last))
    lead = booths[group[0]]
    order = ranked(lead, units)
    if order and not lead.rules.rank:
        order.sort(key=lambda unit: (unit.by.deleted, unit.last, -len(unit.value)))
    for name in group:
        fields[name] = None
        if not order or name not in order[0].value:
            continue
        won = order[0].value[name]
        fields[name] = booths[name].form.write(won.value) if isinstance(won.value, str) else won.value
        why[name] = {
            **won.by.origin(),
            "rule": decided(lead, order),
            "at": won.at,
            "together": list(group),
            "others": [
                {**unit.by.origin(), "value": unit.value[name].value} for unit in order[1:] if name in unit.value
            ],
        }


def _overridden(
    booth: Booth, own: Sequence[Override], contributions: Sequence[Contribution], fields: Fields, why: Why
) -> None:
    """Let a steward's value compete: it wins over what is trusted no more than it."""
    name = booth.name
    best = max(own, key=lambda one: (not one.ended, one.trust, one.at, one.id))
    told = why.get(name)
    others = [{**_origin(told), "value": fields[name]}, *told["others"]] if told else []
    found = {**best.origin(), "rule": "override", "at": best.at.isoformat(), "by": best.by, "why": best.why,
             "until": best.until.isoformat(), "others": others}  # fmt: skip
    if best.ended:
        held = any(name in c.echo and c.fields.get(name) == best.value for c in contributions)
        if told is None and held:
            fields[name], why[name] = best.value, {**found, "rule": "kept"}
    elif told is None or best.trust >= _trust(booth, told, contributions):
        fields[name], why[name] = best.value, found
    else:
        told["others"] = [{**best.origin(), "value": best.value}, *told["others"]]


def _origin(told: Mapping[str, Any]) -> dict[str, Any]:
    return {word: told[word] for word in ("connection", "stream", "key")}


def _trust(booth: Booth, told: Mapping[str, Any], contributions: Sequence[Contribution]) -> float:
    """The trust that the winner has today; a record that is gone has none."""
    winner = next((c for c in contributions if c.origin() == _origin(told)), None)
    if winner is None or winner.deleted:
        return 0
    return faded(booth, Ballot(winner, None, "", winner.changed.get(booth.name, "")))


def _refused(
    entity: Entity, contributions: Sequence[Contribution], today: int, fields: Mapping[str, Any], why: Why
) -> None:
    for name in entity.fields:
        if name in why or fields.get(name) not in EMPTY:
            continue
        if any(name in group and not why.keys().isdisjoint(group) for group in entity.survivorship.together):
            continue  # the record that gave the others of its group gave none
        said = [c for c in contributions if c.votes(name) and not c.deleted and not c.stream.startswith(BEFORE)]
        if said:
            booth = Booth(entity, name, rules_of(entity.survivorship, name), today)
            order = ranked(
                booth, [Ballot(c, c.fields[name], repr(c.fields[name]), c.changed.get(name, "")) for c in said]
            )
            why[name] = {**_told(order[0].by, REFUSED, name, (one.by for one in order[1:])), "said": order[0].value}


def _deactivate(entity: Entity, contributions: Sequence[Contribution], fields: Fields, why: Why) -> None:
    """Switched off, not removed, when those who decide deleted their records.

    The owner role of ``status`` decides where it has contributed, else every source that knows the entity by itself (a
    record that only we wrote is no evidence).
    """
    if "status" not in entity.fields or why.get("status", {}).get("rule") == "override":
        return
    owner = entity.fields["status"].owner
    deciders = [c for c in contributions if owner and c.role == owner and "status" not in c.echo]
    deciders = deciders or [c for c in contributions if "status" not in c.echo]
    if deciders and all(c.deleted for c in deciders):
        newest_one = max(deciders, key=lambda c: (c.changed.get("", ""), c.connection, c.stream, c.key))
        fields["status"] = "inactive"
        at = newest_one.changed.get("", "")
        why["status"] = {**newest_one.origin(), "rule": "deleted", "at": at, "others": []}

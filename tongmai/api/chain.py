"""The decision chain of a customer or an opportunity: who decides what, for whom they are, and to whom they report, as trees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from tongmai.api import record
from tongmai.api.session import Session
from tongmai.core import clock

HIGHEST = 20
_PARTS = """
select d.id, coalesce(p.redirect_to, d.contact_id) as contact, coalesce(r.redirect_to, d.reports_to_id) as above,
       d.opportunity_id as opportunity, d.role, d.stance, d.influence, d.valid_from, d.valid_to,
       (d.valid_from is null or d.valid_from <= %(on)s) and (d.valid_to is null or d.valid_to >= %(on)s) as current
  from golden.decision_role d
  left join hub.entity p on p.id = d.contact_id
  left join hub.entity r on r.id = d.reports_to_id
 where d.status is distinct from 'inactive' and d.contact_id is not null and (
"""
_OF_CUSTOMERS = """d.customer_id = any(%(customers)s)
    or d.opportunity_id in (select o.id from golden.opportunity o where o.customer_id = any(%(customers)s)))"""
_OF_OPPORTUNITIES = """d.opportunity_id = any(%(opportunities)s)
    or (d.opportunity_id is null and d.customer_id = any(%(customers)s)))"""
_PEOPLE = """
select c.id, coalesce(r.redirect_to, c.reports_to_id), c.role from golden.contact c
  left join hub.entity r on r.id = c.reports_to_id
 where {}
"""
_OWN = "c.customer_id = any(%s) and c.role is not null and c.status is distinct from 'inactive'"
SAID = ("opportunity", "role", "stance", "influence", "valid_from", "valid_to")


@dataclass
class _Person:
    above: UUID | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)
    reports: list[UUID] = field(default_factory=list)
    ring: bool = False


def chain(
    call: Session, customers: Sequence[UUID], opportunities: Sequence[UUID] = (), on: date | None = None
) -> dict[str, Any] | None:
    """The people with a part in these customers' decisions (of ``opportunities``: in these, or in general), each below whom
    they report to; whoever stands between them is there too. None where the token may not see contacts.

    ``on``: the day by which a part is current, else today. What is said in a decision role counts more than what a contact says of itself; a ring of reports is cut and marked.
    """
    entities = call.content.schema.entities
    if not {"contact", "decision_role"} <= set(entities) or not call.scope.reads("contact"):
        return None
    found: dict[UUID, _Person] = {}
    _parts(call, found, customers, opportunities, on or clock.now().date())
    _rest(call, found, customers)
    shown = record.load(call.cursor, entities["contact"], call.scope, list(found))
    people = {one: person for one, person in found.items() if one in shown}
    _rings(people)
    for one, person in people.items():
        if person.above in people and not person.ring:
            people[person.above].reports.append(one)
    order = list(call.content.schema.terms["contact_role"].terms)
    roots = [one for one, person in people.items() if person.ring or person.above not in people]
    return {"people": len(people), "roots": _told(people, roots, shown, order)}


def _parts(
    call: Session, people: dict[UUID, _Person], customers: Sequence[UUID], opportunities: Sequence[UUID], on: date
) -> None:
    """What decision roles say; the current one that is the latest says to whom somebody reports."""
    model = call.content.schema.entities["decision_role"]
    seen = call.scope.visible(model)
    if not {"contact", "customer", "opportunity"} <= seen:
        return
    where = _OF_OPPORTUNITIES if opportunities else _OF_CUSTOMERS
    call.cursor.execute(
        _PARTS + where + " order by current desc, d.valid_from desc nulls last, d.id",
        {"customers": list(customers), "opportunities": list(opportunities), "on": on},
    )
    for row in call.cursor.fetchall():
        one, contact, above, *said, current = row
        person = people.setdefault(contact, _Person())
        if current and person.above is None and "reports_to" in seen and above != contact:
            person.above = above
        told = {name: value for name, value in zip(SAID, said, strict=True) if name in seen}
        person.parts.append({"id": one, **told, "current": current})


def _rest(call: Session, people: dict[UUID, _Person], customers: Sequence[UUID]) -> None:
    """Contacts that say their role themselves, and all on the way up."""
    seen = call.scope.visible(call.content.schema.entities["contact"])

    def add(rows: Iterable[tuple[Any, ...]], *, own: bool = False) -> None:
        for one, above, role in rows:
            person = people.setdefault(one, _Person())
            if person.above is None and "reports_to" in seen and above != one:
                person.above = above
            if own and not person.parts:
                person.parts.append({"id": None, "role": role, "current": True})

    if {"customer", "role"} <= seen:
        call.cursor.execute(_PEOPLE.format(_OWN), (list(customers),))
        add(call.cursor.fetchall(), own=True)
    looked: set[UUID] = set()
    for _ in range(HIGHEST):
        wanted = {one for person in people.values() if (one := person.above) is not None} | set(people)
        if wanted <= looked:
            return
        call.cursor.execute(_PEOPLE.format("c.id = any(%s)"), (list(wanted - looked),))
        looked |= wanted
        add(call.cursor.fetchall())


def _rings(people: Mapping[UUID, _Person]) -> None:
    """Cut each ring above its lowest id."""
    for one in sorted(people):
        way, at = [one], people[one].above
        while at is not None and at in people and at not in way and not people[at].ring:
            way.append(at)
            at = people[at].above
        if at is not None and at in way:
            people[min(way[way.index(at) :])].ring = True


def _told(
    people: Mapping[UUID, _Person], ids: Iterable[UUID], shown: Mapping[UUID, Any], order: Sequence[str]
) -> list[dict[str, Any]]:
    """The most influential first, then by role."""

    def weight(one: UUID) -> tuple[int, int, UUID]:
        current = [part for part in people[one].parts if part["current"]]
        roles = [order.index(part["role"]) for part in current if part.get("role") in order]
        return -max((part.get("influence") or 0 for part in current), default=0), min(roles, default=len(order)), one

    return [
        {
            "contact": shown[one],
            "parts": people[one].parts,
            "ring": people[one].ring,
            "reports": _told(people, people[one].reports, shown, order),
        }
        for one in sorted(ids, key=weight)
    ]

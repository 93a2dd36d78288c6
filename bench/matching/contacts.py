"""Contacts at companies as four systems hold them, with truth: a person at one company.

Colleagues share a company and its telephone, namesakes are common, some people have moved to another company and kept
their mobile number: they are another contact there.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.matching.chance import Draw, Weighted
from bench.matching.company import Company, Person, draw_person, draw_person_name
from bench.matching.family import World, draw_family
from bench.matching.fields import FIELDS, Given
from bench.matching.naming import typed_name
from bench.matching.noise import HABITS, LEVELS
from bench.matching.words import JOBS

COLUMNS = ("source", "name", "customer", "title", "mobile", "phone", "email")
_COUNTS = Weighted([(1, 34), (2, 32), (3, 20), (4, 10), (5, 4)])
_SOURCES = Weighted([("crm", 40), ("erp", 18), ("oa", 18), ("shop", 24)])
_FILLED = {
    "crm": {"customer": 1.0, "title": 0.6, "mobile": 0.8, "phone": 0.4, "email": 0.4},
    "erp": {"customer": 1.0, "title": 0.1, "mobile": 0.5, "phone": 0.75, "email": 0.2},
    "oa": {"customer": 0.95, "title": 0.3, "mobile": 0.7, "phone": 0.3, "email": 0.2},
    "shop": {"customer": 0.6, "title": 0.05, "mobile": 0.95, "phone": 0.1, "email": 0.5},
}
NOISE = LEVELS["medium"]
Row = dict[str, str]


def sample(records: int, seed: int) -> Iterator[tuple[str, Row]]:
    """(contact, record); the same seed gives the same records."""
    chance = Draw(f"{seed} contacts")
    world = World(f"{seed}", records)
    moved: list[Person] = []
    written = number = 0
    while written < records:
        number += 1
        for place, company in enumerate(draw_family(chance, world, number)):
            staff = company.people + [draw_person(chance, company.domain) for _ in range(chance.below(3))]
            if moved and chance.happens(0.06):
                person = moved.pop(chance.below(len(moved)))
                staff.append(person._replace(mail=draw_person(chance, company.domain).mail))
            if chance.happens(0.03):
                moved.append(staff[0])
            if chance.happens(0.03):  # a colleague of the same family name, or a relative in the firm
                staff.append(
                    staff[0]._replace(name=staff[0].name[0] + draw_person_name(chance)[1:], mobile="", mail="")
                )
            for which, person in enumerate(staff):
                job = chance.one(JOBS)
                for _ in range(_COUNTS.draw(chance)):
                    if written < records:
                        written += 1
                        yield f"C{number:06d}-{place}-{which}", _record(chance, company, person, job)


def _record(chance: Draw, company: Company, person: Person, job: str) -> Row:
    source = _SOURCES.draw(chance)
    customer, short = typed_name(chance, company, HABITS[source], NOISE)
    given = Given(chance, company, NOISE, 0.3 * chance.next(), short, person, source)
    row: Row = {"source": source, "name": FIELDS["contact"](given)}
    values = {
        "customer": customer,
        "title": job if chance.happens(0.8) else chance.one(JOBS),
        "phone": FIELDS["phone"](given),
    }
    if person.mobile:
        values["mobile"] = FIELDS["mobile"](given)
    if person.mail:
        values["email"] = FIELDS["email"](given)
    return row | {name: value for name, value in values.items() if chance.happens(_FILLED[source][name])}

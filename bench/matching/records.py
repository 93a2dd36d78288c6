"""The records that four systems hold of one company."""

from __future__ import annotations

from bench.matching.chance import Draw, Weighted
from bench.matching.company import Company
from bench.matching.fields import FIELDS, Given
from bench.matching.naming import typed_name
from bench.matching.noise import HABITS, Noise

COLUMNS = (
    "id", "source", "name", "alias", "name_en", "uscc", "contact", "phone", "mobile", "email", "province", "city", "address",
    "legal_person", "website", "industry", "updated_at",
)  # fmt: skip
# how many records a company has; 2.45 on average
COUNTS = Weighted([(1, 31), (2, 29), (3, 19), (4, 11.5), (5, 5), (6, 2.5), (7, 1.2), (8, 0.6), (10, 0.2)])
_SOURCES = Weighted([("crm", 34), ("erp", 28), ("oa", 15), ("shop", 23)])
_DAYS = 7 * 365

Row = dict[str, str]


def records_of(chance: Draw, made: Company, noise: Noise) -> list[Row]:
    """One to ten records; a system holds a company more than once now and then."""
    rows: list[Row] = []
    seen: set[str] = set()
    for _ in range(COUNTS.draw(chance)):
        source = _SOURCES.draw(chance)
        if source in seen and not chance.happens(0.35):
            source = _SOURCES.draw(chance)
        seen.add(source)
        rows.append(_record(chance, made, source, noise))
    return rows


def _record(chance: Draw, made: Company, source: str, noise: Noise) -> Row:
    habit, happens = HABITS[source], chance.happens
    day = int(_DAYS * chance.next() ** 0.7)
    # the older, the likelier it says what was true once
    age = noise.stale * (1 - day / _DAYS)
    name, short = typed_name(chance, made, habit, noise)
    row: Row = {"source": source, "name": name, "updated_at": _moment(chance, day)}
    person = made.people[0] if happens(0.72 - 0.3 * age) else chance.one(made.people)
    given = Given(chance, made, noise, age, short, person, source)
    for field, share in habit.filled.items():
        if happens(share * (1 - noise.missing)):
            value = FIELDS[field](given)
            if value:
                row[field] = value
    return row


def _moment(chance: Draw, day: int) -> str:
    year, rest = divmod(day, 365)
    month, date = divmod(min(rest, 359), 30)
    seconds = chance.below(36_000)
    clock = f"{8 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{2019 + year + (month + 10) // 12}-{(month + 10) % 12 + 1:02d}-{min(date, 27) + 1:02d}T{clock}+08:00"

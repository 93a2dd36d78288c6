"""People of Western address forms, typed more than once: what the shipped weights of `member` learn such forms from.

Names, streets and suburbs are built of syllables, so nothing in them is of febrl, on which those weights are measured.
Households share a family name and a door.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.matching.chance import Draw, Weighted
from bench.matching.sample import slip

COLUMNS = (
    "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth", "soc_sec_id",
)  # fmt: skip
_BEGIN = "b br c ch d dr f fl g gr h j k kl l m n p ph r s sh st t th tr v w z".split()
_MIDDLE = "a e i o u ai ea ie oo ou ey".split()
_END = " l m n r s t ck ld nd ng rd ss th ton ley man field".split(" ")
_KINDS = "street street street place crescent avenue avenue road close court circuit drive way".split()
_STATES = Weighted([("nw", 35), ("vc", 25), ("ql", 20), ("sa", 10), ("wa", 9), ("ts", 1)])
_LETTERS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
_COPIES = Weighted([(0, 40), (1, 32), (2, 13), (3, 7), (4, 4), (5, 3), (6, 1)])
_PRESENT = {
    "given_name": 0.97,
    "surname": 0.99,
    "street_number": 0.97,
    "address_1": 0.98,
    "address_2": 0.84,
    "date_of_birth": 0.97,
}
Row = dict[str, str]


class Places:
    """The pools of one country: some names are common, most are not."""

    def __init__(self, chance: Draw) -> None:
        self.given = _pool(chance, 700, 2)
        self.family = _pool(chance, 3000, 2)
        self.streets = _pool(chance, 2500, 2)
        self.premises = _pool(chance, 3000, 3)
        self.suburbs = _pool(chance, 1200, 3)


def _word(chance: Draw, most: int) -> str:
    size = 1 + chance.below(most)
    return "".join(chance.one(_BEGIN) + chance.one(_MIDDLE) for _ in range(size)) + chance.one(_END)


def _pool(chance: Draw, size: int, syllables: int) -> Weighted[str]:
    words = dict.fromkeys(_word(chance, syllables) for _ in range(size))
    return Weighted([(word, 1 / (place + 12)) for place, word in enumerate(words) if len(word) > 2])


def sample(records: int, seed: int) -> Iterator[tuple[str, Row]]:
    """(person, record); the same seed gives the same records."""
    chance = Draw(f"{seed} persons")
    places = Places(chance)
    written = number = 0
    while written < records:
        door = _door(chance, places)
        family = places.family.draw(chance)
        for _ in range(1 if chance.happens(0.93) else 2 + chance.below(2)):
            number += 1
            person = _person(chance, places, family, door)
            for copy in range(1 + _COPIES.draw(chance)):
                if written < records:
                    written += 1
                    yield f"P{number:06d}", person if copy == 0 else _copy(chance, places, person)


def _door(chance: Draw, places: Places) -> Row:
    return {
        "street_number": str(1 + int(250 * chance.next() ** 2)),
        "address_1": f"{places.streets.draw(chance)} {chance.one(_KINDS)}",
        "address_2": places.premises.draw(chance) if chance.happens(0.8) else f"flat {1 + chance.below(30)}",
        "suburb": places.suburbs.draw(chance),
        "postcode": str(2 + chance.below(6)) + chance.digits(3),
        "state": _STATES.draw(chance),
    }


def _person(chance: Draw, places: Places, family: str, door: Mapping[str, str]) -> Row:
    born = f"{1920 + chance.below(85)}{1 + chance.below(12):02d}{1 + chance.below(28):02d}"
    row = {"given_name": places.given.draw(chance), "surname": family, **door, "date_of_birth": born}
    kept = {name: value for name, value in row.items() if chance.happens(_PRESENT.get(name, 1.0))}
    return {**kept, "soc_sec_id": str(1 + chance.below(9)) + chance.digits(6)}


def _copy(chance: Draw, places: Places, person: Mapping[str, str]) -> Row:
    """Typed again, with up to ten things other than before."""
    row = dict(person)
    for _ in range(1 + int(9 * chance.next() ** 2)):
        _spoil(chance, places, row)
    return row


def _spoil(chance: Draw, places: Places, row: Row) -> None:
    field = chance.one([name for name in COLUMNS if row.get(name)] or ["state"])
    kind = chance.next()
    digits = field in ("street_number", "postcode", "date_of_birth", "soc_sec_id")
    if kind < 0.55:
        row[field] = slip(chance, row[field], _DIGITS if digits else _LETTERS + " ")
    elif kind < 0.68:
        row.pop(field)
    elif kind < 0.75:
        row["given_name"], row["surname"] = row.get("surname", ""), row.get("given_name", "")
    elif kind < 0.81:
        row["suburb"], row["address_2"] = row.get("address_2", ""), row.get("suburb", "")
    else:  # another value: moved, married, a pet name, another document's number
        row[field] = {**_door(chance, places), **_person(chance, places, places.family.draw(chance), {})}.get(field, "")

"""A registered company as it really is: the truth that the records of four systems are written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from bench.matching.chance import Draw, Weighted
from bench.matching.codes import draw_code
from bench.matching.letters import inventory, spelled
from bench.matching.places import City, cities, weights
from bench.matching.words import (
    BRAND,
    COMPOUND,
    ENGLISH,
    FORMS,
    FREE_MAIL,
    GIVEN,
    INDUSTRY_WEIGHT,
    MAILBOXES,
    MOBILE_PREFIXES,
    PARK_WORDS,
    PARKS,
    ROADS,
    SURNAMES,
    TRADES,
)  # fmt: skip

_SURNAMES = Weighted([(name, 1 / (place + 3) ** 0.9) for place, name in enumerate(SURNAMES)])
_BRAND = Weighted([(letter, 1 / (place + 40)) for place, letter in enumerate(dict.fromkeys(BRAND))])
_FORMS = Weighted([((form, english), weight) for form, weight, english in FORMS])
_FREE = Weighted(FREE_MAIL)
_INDUSTRIES = Weighted(list(zip(TRADES, INDUSTRY_WEIGHT, strict=True)))


class Person(NamedTuple):
    name: str
    mobile: str
    mail: str


class Address(NamedTuple):
    """Levels of an address; `road` holds the park's name where there is one, `rest` building and room."""

    city: City
    district: str
    road: str
    number: str
    park: str
    rest: str

    def full(self) -> str:
        city = "" if self.city.name == self.city.province else self.city.name
        return f"{self.city.province}{city}{self.district}{self.road}{self.number}号{self.park}{self.rest}"


@dataclass(slots=True)
class Company:
    """One legal entity (a branch has a code of its own, so it is one)."""

    kind: str
    family: int
    city: City
    division: str
    district: str
    place: str
    brand: str
    trade: str
    form: str
    industry: str
    name: str
    short: str
    english: str
    uscc: str
    legal_person: str
    addresses: list[Address]
    phones: list[str]
    people: list[Person]
    domain: str
    mail: str
    former: str = ""
    parent: Company | None = None
    id: str = ""
    branch: str = ""
    nicknames: list[str] = field(default_factory=list)


def draw_city(chance: Draw) -> City:
    return chance.weighted(cities(), weights())


def draw_brand(chance: Draw) -> str:
    """Two to four characters; most of the liked ones, some from anywhere."""
    size = 2 if chance.happens(0.64) else 3 if chance.happens(0.62) else 4
    return "".join(chance.one(inventory()) if chance.happens(0.05) else _BRAND.draw(chance) for _ in range(size))


def draw_person_name(chance: Draw) -> str:
    surname = chance.one(COMPOUND) if chance.happens(0.006) else _SURNAMES.draw(chance)
    return surname + chance.one(GIVEN) + (chance.one(GIVEN) if chance.happens(0.66) else "")


def draw_mobile(chance: Draw) -> str:
    return chance.one(MOBILE_PREFIXES) + chance.digits(8)


def draw_person(chance: Draw, domain: str) -> Person:
    name, mobile = draw_person_name(chance), draw_mobile(chance)
    sounds = spelled(name)
    if domain and chance.happens(0.6):
        initials = sounds[0] + "".join(sound[0] for sound in sounds[1:])
        return Person(name, mobile, f"{chance.one(('.'.join(sounds), ''.join(sounds), initials))}@{domain}")
    free = _FREE.draw(chance)
    if free == "qq.com":
        return Person(name, mobile, str(chance.below(9) + 1) + chance.digits(7 + chance.below(3)) + "@qq.com")
    return Person(name, mobile, "".join(sounds) + chance.digits(chance.below(4) + 1) + "@" + free)


def draw_phone(chance: Draw, city: City) -> str:
    """Area code and local number with nothing between; formats come later."""
    return city.area_code + "-" + chance.one("23456788") + chance.digits(city.local - 1)


class Park(NamedTuple):
    district: str
    road: str
    number: str
    name: str


def draw_park(chance: Draw, city: City) -> Park:
    name = chance.one(PARK_WORDS) + chance.one(PARKS)
    return Park(chance.one(city.districts)[1], draw_road(chance), str(chance.below(900) + 1), name)


def draw_road(chance: Draw) -> str:
    side = chance.one("东西南北中") if chance.happens(0.3) else ""
    kind = chance.one(("路", "路", "路", "路", "街", "大道", "大街", "巷", "路"))
    return chance.one(ROADS) + side + kind


def draw_address(chance: Draw, city: City, district: str, parks: list[Park]) -> Address:
    """One in six sits in one of a city's office parks, which have one road number for all."""
    floor = chance.below(24) + 1
    room = f"{floor}{chance.below(20) + 1:02d}"
    house = chance.below(18) + 1
    rest = chance.one(
        (f"{house}号楼{room}室", f"{chance.one('ABCD')}座{room}室", f"{floor}楼", f"{room}室", f"{house}幢{room}")
    )
    if chance.happens(0.16):
        park = chance.one(parks)
        return Address(city, park.district, park.road, park.number, park.name, rest)
    number = str(chance.below(60) + 1 if chance.happens(0.3) else chance.below(1800) + 1)
    return Address(city, district, draw_road(chance), number, "", rest if chance.happens(0.75) else "")


def draw_industry(chance: Draw) -> tuple[str, str]:
    industry = _INDUSTRIES.draw(chance)
    return industry, chance.one(TRADES[industry])


def draw_form(chance: Draw) -> tuple[str, str]:
    return _FORMS.draw(chance)


def draw_place(chance: Draw, city: City, district: str) -> str:
    """How the place stands in a registered name."""
    kind = chance.next()
    if kind < 0.60:
        return city.short
    if kind < 0.80:
        return city.name
    if kind < 0.92:
        return city.province_short
    return district if district and district[-1] in "市县" else city.short


def legal_name(chance: Draw, place: str, brand: str, trade: str, form: str) -> str:
    """Place + brand + trade + form in the usual arrangements."""
    kind = chance.next()
    if kind < 0.74:
        return f"{place}{brand}{trade}{form}"
    if kind < 0.86:
        return f"{brand}({place.removesuffix('市')}){trade}{form}"
    if kind < 0.92:
        return f"{brand}{trade}({place.removesuffix('市')}){form}"
    return f"{brand}{trade}{form}"


def english_name(place: str, brand: str, trade: str, form: str) -> str:
    words = [word for chinese, word in ENGLISH.items() if chinese in trade][:2]
    tail = next(english for name, _, english in FORMS if name == form)
    head = "".join(spelled(brand)).capitalize()
    return " ".join(part for part in (place_english(place), head, *words, tail) if part)


@cache
def place_english(place: str) -> str:
    """Read as a word, because 重 of 重庆 is chong."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(place)).capitalize()


def draw_domain(chance: Draw, brand: str, trade: str, taken: set[str]) -> str:
    """The brand's pinyin, with something added when it is gone already."""
    sounds = spelled(brand)
    options = ["".join(sounds)] if chance.happens(0.5) else ["".join(sounds) + "".join(s[0] for s in spelled(trade))]
    ending = chance.one((".com", ".com", ".com", ".cn", ".com.cn", ".net"))
    while options[-1] + ending in taken:
        options.append(options[0] + chance.digits(len(options)))
    taken.add(options[-1] + ending)
    return options[-1] + ending


def draw_mail(chance: Draw, domain: str, people: list[Person]) -> str:
    return f"{chance.one(MAILBOXES)}@{domain}" if domain and chance.happens(0.5) else people[0].mail


def draw_uscc(chance: Draw, form: str, division: str) -> str:
    return draw_code(chance, "92" if form in ("经营部", "商行") else "91", division)

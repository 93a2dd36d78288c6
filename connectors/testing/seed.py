"""Seeded Chinese business data: one list of companies from which every simulator takes its own view.

The same seed and number give the same data in every process. Of ``customers`` companies:

* every one has an original record in the CRM, 15 % of those without legal code;
* 12 % have a second CRM record and 3 % of all also a third, made by another seller: the name in full-width brackets, with
  spaces, with a glued-on note, or in short form; 60 % of these without legal code; the telephone is kept in 70 %;
* 30 % are also customers in the ERP; 20 % of those records have no legal code, 25 % write the name another way;
* 5 % share brand and trade with an earlier company of another city and are unrelated to it;
* 3 % are branches (分公司) of an earlier company: own record, own code, never the same as their head office;
* each CRM account has one contact, every third a second one; every fourth an opportunity.

Companies founded in the list keep a number (``C000001``); ``Seed`` names it for each record, which is the ground truth.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from connectors.testing import words

DEFAULT_CUSTOMERS = 2000
_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of a company."""

    name: str
    title: str
    mobile: str
    email: str


@dataclass(frozen=True, slots=True)
class Company:
    """What is true of a company, whatever the systems say. ``head``: the number of the head office of a branch."""

    number: str
    name: str
    brand: str
    place: tuple[str, str, str, str, str]
    trade: tuple[str, str, str]
    code: str
    phone: str
    address: str
    people: tuple[Person, ...]
    level: str
    founded: int
    head: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One record of a company in one system: how that system writes it."""

    company: Company
    copy: int
    name: str
    code: str
    phone: str


@dataclass(frozen=True, slots=True)
class Seed:
    """Companies, and the records that the CRM and the ERP have of them."""

    companies: tuple[Company, ...]
    crm: tuple[View, ...]
    erp: tuple[View, ...]


def generate(seed: int = 1, customers: int = DEFAULT_CUSTOMERS) -> Seed:
    """The data of a seed."""
    rng = random.Random(seed)  # noqa: S311 (made-up data, repeatable by design)
    companies: list[Company] = []
    names: set[str] = set()
    for index in range(customers):
        companies.append(_company(rng, index, companies, names))
    crm: list[View] = []
    erp: list[View] = []
    for company in companies:
        crm += _crm_views(rng, company)
        if rng.random() < 0.30:
            erp.append(_erp_view(rng, company))
    return Seed(tuple(companies), tuple(crm), tuple(erp))


def legal_code(rng: random.Random, division: str) -> str:
    """A made-up 统一社会信用代码 with valid check characters (GB 32100, GB 11714)."""
    digits = "".join(rng.choice("0123456789") for _ in range(8))
    total = sum(int(d) * w for d, w in zip(digits, _ORGANISATION_WEIGHTS, strict=True))
    check = {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))
    body = f"91{division}{digits}{check}"
    weighted = sum(_CODE_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return body + _CODE_ALPHABET[(31 - weighted % 31) % 31]


def _company(rng: random.Random, index: int, earlier: list[Company], names: set[str]) -> Company:
    kind = rng.random()
    heads = [c for c in (rng.choice(earlier) for _ in range(3)) if not c.head] if earlier else []
    place = rng.choice(words.PLACES)
    trade = rng.choice(words.TRADES)
    brand = _brand(rng)
    head = ""
    if heads and kind < 0.03:
        parent = heads[0]
        place = rng.choice([p for p in words.PLACES if p != parent.place])
        brand, trade, head = parent.brand, parent.trade, parent.number
        name = f"{parent.name}{place[0]}分公司"
    else:
        if heads and kind < 0.08:
            twin = heads[0]
            place = rng.choice([p for p in words.PLACES if p != twin.place])
            brand, trade = twin.brand, twin.trade
        form = rng.choices([f for f, _ in words.FORMS], [w for _, w in words.FORMS])[0]
        name = _legal_name(rng, place[0], brand, trade[0], form)
    while name in names:
        brand = _brand(rng)
        head = ""
        name = _legal_name(rng, place[0], brand, trade[0], "有限公司")
    names.add(name)
    return Company(
        number=f"C{index + 1:06d}",
        name=name,
        brand=brand,
        place=place,
        trade=trade,
        code=legal_code(rng, place[3]),
        phone=f"{place[4]}-{rng.randint(2, 8)}{rng.randint(0, 10**7 - 1):07d}"[: len(place[4]) + 9],
        address=f"{place[1] if place[1] != place[2] else ''}{place[2]}{rng.choice(words.ROADS)}{rng.randint(1, 999)}号",
        people=tuple(_person(rng, brand) for _ in range(2 if index % 3 == 0 else 1)),
        level=rng.choices(("A", "B", "C"), (15, 35, 50))[0],
        founded=rng.randint(1998, 2024),
        head=head,
    )


def _legal_name(rng: random.Random, place: str, brand: str, trade: str, form: str) -> str:
    return f"{brand}（{place}）{trade}{form}" if rng.random() < 0.15 else f"{place}{brand}{trade}{form}"


def _brand(rng: random.Random) -> str:
    brand = rng.choice(words.BRAND_FIRST) + rng.choice(words.BRAND_SECOND)
    return brand + rng.choice(words.BRAND_THIRD) if rng.random() < 0.5 else brand


def _person(rng: random.Random, brand: str) -> Person:
    name = rng.choice(words.SURNAMES) + "".join(rng.choice(words.GIVEN) for _ in range(rng.choice((1, 2, 2))))
    mobile = f"1{rng.choice('35789')}{rng.randint(0, 10**9 - 1):09d}"
    mail = f"user{rng.randint(1000, 999999)}@c{sum(map(ord, brand)) % 9973:04d}.example"
    return Person(name, rng.choice(words.TITLES), mobile, mail)


def _crm_views(rng: random.Random, company: Company) -> list[View]:
    first = View(company, 0, company.name, "" if rng.random() < 0.15 else company.code, company.phone)
    views = [first]
    draw = rng.random()
    for copy in range(1, 1 + (2 if draw < 0.03 else 1 if draw < 0.12 else 0)):
        phone = company.phone if rng.random() < 0.70 else company.people[0].mobile
        code = "" if rng.random() < 0.60 else company.code
        views.append(View(company, copy, _variant(rng, company), code, phone))
    return views


def _erp_view(rng: random.Random, company: Company) -> View:
    name = _variant(rng, company) if rng.random() < 0.25 else company.name
    return View(company, 0, name, "" if rng.random() < 0.20 else company.code, company.phone)


def _variant(rng: random.Random, company: Company) -> str:
    """The name as someone else typed it; always unlike the registered one."""
    ways: list[Callable[[str], str]] = [
        lambda name: name + rng.choice(words.NOTES),
        lambda name: name[:2] + " " + name[2:],
        lambda name: name.replace("（", "(").replace("）", ")") if "（" in name else name + " ",
        lambda name: name.replace("有限公司", "（有限公司）", 1) if "有限公司" in name else name + "　",
        lambda name: (
            name.replace("有限责任公司", "有限公司") if "有限责任公司" in name else name.replace("有限公司", "公司", 1)
        ),
    ]
    name = rng.choice(ways)(company.name)
    return name if name != company.name else name + "（重复）"


def truth(views: tuple[View, ...], key_of: dict[tuple[str, int], str]) -> dict[str, object]:
    """For the control API: company number → what is true of it and the keys of its records."""
    companies: dict[str, dict[str, object]] = {}
    keys: dict[str, list[str]] = {}
    for view in views:
        company = view.company
        keys.setdefault(company.number, []).append(key_of[company.number, view.copy])
        companies[company.number] = {"name": company.name, "code": company.code, "head": company.head}
    return {number: {**facts, "keys": keys[number]} for number, facts in companies.items()}

"""Companies come in families: head office and branches, subsidiaries, strangers of the same or a like-sounding brand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from bench.matching import company as draw
from bench.matching.chance import Draw
from bench.matching.company import Company, Park
from bench.matching.letters import homophones
from bench.matching.places import City, cities, weights

# Records of one company, on average (see records.COUNTS): only the size of the pools below depends on it.
RECORDS_PER_COMPANY = 2.45


@dataclass
class World:
    """What companies of a city share: parks, bookkeeping agents' phones, persons who lend their name to many."""

    seed: str
    records: int
    domains: set[str] = field(default_factory=set)
    _parks: dict[str, list[Park]] = field(default_factory=dict)
    _texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def parks(self, city: City) -> list[Park]:
        if city.name not in self._parks:
            chance = Draw(f"{self.seed} park {city.province}{city.name}")
            self._parks[city.name] = [draw.draw_park(chance, city) for _ in range(self._size(city, 18))]
        return self._parks[city.name]

    def agencies(self, city: City) -> list[str]:
        return self._shared("agency", city, 160, draw.draw_phone)

    def name_lenders(self, city: City) -> list[str]:
        return self._shared("lender", city, 150, lambda chance, _: draw.draw_person_name(chance))

    def _shared(self, kind: str, city: City, companies_each: int, one: Callable[[Draw, City], str]) -> list[str]:
        if (kind, city.name) not in self._texts:
            chance = Draw(f"{self.seed} {kind} {city.province}{city.name}")
            self._texts[kind, city.name] = [one(chance, city) for _ in range(self._size(city, companies_each))]
        return self._texts[kind, city.name]

    def _size(self, city: City, companies_each: int) -> int:
        """One for so many companies of the city, so that sharing is as common at any number of records."""
        share = self._share[city.province + city.name]
        return 1 + round(self.records / RECORDS_PER_COMPANY * share / companies_each)

    @cached_property
    def _share(self) -> dict[str, float]:
        before = [0.0, *weights()]
        return {
            city.province + city.name: (after - start) / before[-1]
            for city, start, after in zip(cities(), before, weights(), strict=False)
        }


def draw_family(chance: Draw, world: World, number: int) -> list[Company]:
    """A company and whoever is easily taken for it."""
    head = single(chance, world, number)
    found = [head]
    # first: it may turn the head into a group, and branches begin with its name
    if chance.happens(0.06):
        found += _subsidiaries(chance, world, head)
    if chance.happens(0.09):
        found += _branches(chance, world, head)
    if chance.happens(0.09):
        for _ in range(1 + chance.below(3)):
            found.append(_namesake(chance, world, head, head.brand))
    if chance.happens(0.05):
        at = chance.below(len(head.brand))
        others = homophones(head.brand[at])
        if others:
            brand = head.brand[:at] + chance.one(others) + head.brand[at + 1 :]
            found.append(_namesake(chance, world, head, brand))
    return found


def single(
    chance: Draw,
    world: World,
    family: int,
    *,
    city: City | None = None,
    brand: str = "",
    trade: tuple[str, str] | None = None,
    kind: str = "company",
) -> Company:
    """A company on its own; what is given is kept."""
    city = city or draw.draw_city(chance)
    division, district = chance.one(city.districts)
    brand = brand or draw.draw_brand(chance)
    industry, words = trade or draw.draw_industry(chance)
    form, _ = draw.draw_form(chance)
    place = draw.draw_place(chance, city, district)
    if form in ("经营部", "商行"):
        place = (city.name if chance.happens(0.5) else city.short) + (district if chance.happens(0.7) else "")
        name = f"{place}{brand}{words}{form}"
    else:
        name = draw.legal_name(chance, place, brand, words, form)
    domain = draw.draw_domain(chance, brand, words, world.domains) if chance.happens(0.55) else ""
    people = [draw.draw_person(chance, domain) for _ in range(1 + chance.below(3))]
    lent = chance.happens(0.04)
    legal = chance.one(world.name_lenders(city)) if lent else draw.draw_person_name(chance)
    if chance.happens(0.2):
        legal = people[0].name
    own = [draw.draw_phone(chance, city) for _ in range(1 + chance.happens(0.35))]
    if chance.happens(0.05):
        own[0] = chance.one(world.agencies(city))
    addresses = [draw.draw_address(chance, city, district, world.parks(city)) for _ in range(1 + chance.happens(0.22))]
    made = Company(
        kind, family, city, division, district, place, brand, words, form, industry, name, "",
        draw.english_name(city.short if name.startswith(place) else "", brand, words, form),
        draw.draw_uscc(chance, form, division), legal, addresses, own, people, domain,
        draw.draw_mail(chance, domain, people),
    )  # fmt: skip
    made.short = short_name(chance, made)
    made.former = _former(chance, made) if chance.happens(0.13) else ""
    return made


def short_name(chance: Draw, made: Company) -> str:
    """What people call it: mostly a part of the name, sometimes characters picked out of it, rarely neither."""
    kind, brand, trade = chance.next(), made.brand, made.trade
    head = trade[:2]
    if kind < 0.26:
        return brand + head
    if kind < 0.44:
        return brand if len(brand) > 2 or chance.happens(0.45) else brand + trade
    if kind < 0.60:
        return made.city.short + brand
    if kind < 0.72:
        return made.city.short + brand + trade
    if kind < 0.84:
        return brand + trade
    if kind < 0.96:
        # gaps: 浙江华信恒达电子科技 → 浙华电子, 华达科技
        tail = trade[-2:] if len(trade) > 2 else head
        return chance.one((made.city.short[0] + brand[0] + tail, brand[0] + brand[-1] + tail, brand + trade[0]))
    return draw.draw_brand(chance) + (head if chance.happens(0.4) else "")


def _former(chance: Draw, made: Company) -> str:
    """An earlier registered name: another form, trade or place, seldom another brand."""
    kind = chance.next()
    if kind < 0.40:
        form = {"有限公司": "有限责任公司", "股份有限公司": "有限公司", "集团有限公司": "有限公司"}.get(
            made.form, "有限公司"
        )
        return made.name.removesuffix(made.form) + form
    if kind < 0.70:
        return f"{made.place}{made.brand}{draw.draw_industry(chance)[1]}{made.form}"
    if kind < 0.85:
        return f"{made.city.province_short}{made.brand}{made.trade}{made.form}"
    return f"{made.place}{draw.draw_brand(chance)}{made.trade}{made.form}"


def _branches(chance: Draw, world: World, head: Company) -> list[Company]:
    """分公司: a code and an address of its own, the company's full name in front."""
    found: list[Company] = []
    for _ in range(1 + chance.below(4)):
        made = single(
            chance, world, head.family, brand=head.brand, trade=(head.industry, head.trade), kind="branch",
            city=head.city if chance.happens(0.2) else None,
        )  # fmt: skip
        where = (made.district if made.city is head.city else "") or made.city.short
        if where in {other.branch for other in found}:
            continue
        made.branch, made.parent, made.form = where, head, head.form
        made.name = f"{head.name}{where}{'第二' if chance.happens(0.03) else ''}分公司"
        made.short = f"{head.short}{where}{chance.one(('分公司', '分公司', '', '分'))}"
        made.english = f"{head.english} {draw.place_english(where)} Branch"
        made.former = f"{head.former}{where}分公司" if head.former and chance.happens(0.5) else ""
        _share_with(chance, made, head, domain=0.85, phone=0.12, address=0.0, legal=0.12)
        found.append(made)
    return found


def _subsidiaries(chance: Draw, world: World, head: Company) -> list[Company]:
    """Legal entities of their own with the group's brand."""
    if chance.happens(0.5) and head.form in ("有限公司", "股份有限公司"):
        head.name, head.form = head.name.removesuffix(head.form) + "集团有限公司", "集团有限公司"
        head.english = draw.english_name(
            head.city.short if head.name.startswith(head.place) else "", head.brand, head.trade, head.form
        )
    found = []
    for _ in range(1 + chance.below(4)):
        made = single(
            chance, world, head.family, brand=head.brand, kind="subsidiary",
            city=head.city if chance.happens(0.45) else None,
            trade=(head.industry, head.trade) if chance.happens(0.25) else None,
        )  # fmt: skip
        if made.city is head.city and made.trade == head.trade:
            continue
        made.parent = head
        _share_with(chance, made, head, domain=0.45, phone=0.12, address=0.20, legal=0.25)
        found.append(made)
    return found


def _share_with(
    chance: Draw, made: Company, head: Company, *, domain: float, phone: float, address: float, legal: float
) -> None:
    if head.domain and chance.happens(domain):
        made.domain = head.domain
        made.people = [draw.draw_person(chance, head.domain) for _ in made.people]
        made.mail = head.mail if chance.happens(0.3) else made.people[0].mail
    if chance.happens(phone):
        made.phones = [head.phones[0]]
    if made.city is head.city and chance.happens(address):
        made.addresses = [head.addresses[0]]
    if chance.happens(legal):
        made.legal_person = head.legal_person


def _namesake(chance: Draw, world: World, head: Company, brand: str) -> Company:
    """Another company of the brand elsewhere, or of a like-sounding one anywhere; nothing else in common."""
    same = brand == head.brand
    city = draw.draw_city(chance) if same or chance.happens(0.5) else head.city
    trade = (head.industry, head.trade) if chance.happens(0.5) and city is not head.city else None
    kind = "namesake" if same else "sound"
    made = single(chance, world, head.family, city=city, brand=brand, trade=trade, kind=kind)
    bare = f"{made.brand}{made.trade}{made.form}"
    if made.name in (bare, head.name):
        # no registrar gives out a name twice; only the head may go without its place
        made.name = f"{made.city.name}{bare}"
    return made

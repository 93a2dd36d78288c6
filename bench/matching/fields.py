"""How each field but the name gets typed into a system."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bench.matching.chance import Draw
from bench.matching.codes import mistyped
from bench.matching.company import Address, Company, Person, draw_mobile, draw_phone
from bench.matching.letters import homophones, traditional, wide
from bench.matching.naming import soiled
from bench.matching.noise import Noise
from bench.matching.words import DEPARTMENTS, INDUSTRY_PLAIN, JOBS


class Given(NamedTuple):
    """One record in the making; `age` runs from 0 (written today) to the noise's staleness."""

    chance: Draw
    company: Company
    noise: Noise
    age: float
    short: bool
    person: Person
    source: str


def alias(at: Given) -> str:
    if at.short and at.chance.happens(0.5):
        return soiled(at.chance, at.company.name, at.company, at.noise)
    if at.company.former and at.chance.happens(0.45):
        return at.company.former
    return at.company.short


def name_en(at: Given) -> str:
    english = at.company.english
    return english.replace("Co., Ltd.", "Co.,Ltd") if at.chance.happens(0.3) else english


def uscc(at: Given) -> str:
    """The code: a parent's on a branch, the nine characters of before 2015, mistyped, or written in another form."""
    chance, noise, code = at.chance, at.noise, at.company.uscc
    if at.company.branch and at.company.parent and chance.happens(noise.code_of_parent):
        code = at.company.parent.uscc
    if chance.happens(noise.code_old * (2.0 if at.source == "erp" else 0.6) * (0.4 + at.age)):
        code = code[8:17]
        return f"{code[:8]}-{code[8]}" if chance.happens(0.5) else code
    if chance.happens(noise.code_mistyped):
        code = mistyped(chance, code)
    if not chance.happens(noise.form):
        return code
    spaced, dashed = f"{code[:6]} {code[6:]}", f"{code[:8]}-{code[8:]}"
    return chance.one((code.lower(), spaced, f"{code[:4]} {code[4:8]} {code[8:12]} {code[12:]}", dashed, wide(code), f"税号{code}", f"{code}。"))  # fmt: skip


def contact(at: Given) -> str:
    chance, name = at.chance, at.person.name
    if chance.happens(at.noise.homophone / 2):
        place = chance.below(len(name))
        name = name[:place] + chance.one(homophones(name[place]) or name[place]) + name[place + 1 :]
    if chance.happens(at.noise.person_title):
        return name[0] + chance.one(JOBS) if chance.happens(0.4) else name + chance.one(JOBS)
    return _person(at, name)


def legal_person(at: Given) -> str:
    right = at.chance.happens(0.93 - 0.1 * at.age)
    return _person(at, at.company.legal_person if right else at.chance.one(at.company.people).name)


def _person(at: Given, name: str) -> str:
    chance = at.chance
    if chance.happens(at.noise.form * 0.6):
        spaced = f"{name[0]} {name[1:]}"
        return chance.one((spaced, spaced, f"{name}({chance.one(DEPARTMENTS)})", f"{name}/{chance.one(DEPARTMENTS)}", f" {name}", traditional(name)))  # fmt: skip
    return traditional(name) if chance.happens(at.noise.traditional / 2) else name


def phone(at: Given) -> str:
    chance, company, noise = at.chance, at.company, at.noise
    number = company.phones[0]
    if len(company.phones) > 1 and chance.happens(0.25 + 0.4 * at.age):
        number = company.phones[1]
    elif chance.happens(0.04 + 0.10 * at.age):
        number = draw_phone(chance, company.city)
    area, local = number.split("-")
    if chance.happens(noise.phone_wrong):
        place = chance.below(len(local))
        local = local[:place] + chance.digits(1) + local[place + 1 :]
    if chance.happens(noise.phone_bare):
        return local
    kind = chance.next()
    if kind < 0.42:
        return f"{area}-{local}"
    if kind < 0.62:
        return area + local
    if kind < 0.70:
        return f"({area}){local}"
    if kind < 0.80:
        return f"+86-{area[1:]}-{local}" if kind < 0.75 else f"86{area[1:]}{local}"
    if kind < 0.89:
        return f"{area}-{local}-{chance.digits(3)}"
    if kind < 0.96:
        return f"{area} {local[:4]} {local[4:]}"
    return f"{area}-{local}/{draw_mobile(chance) if chance.happens(0.5) else at.person.mobile}"


def mobile(at: Given) -> str:
    chance, number = at.chance, at.person.mobile
    if chance.happens(0.03 + 0.08 * at.age):
        number = draw_mobile(chance)
    if chance.happens(at.noise.mobile_wrong):
        place = 3 + chance.below(8)
        number = number[:place] + chance.digits(1) + number[place + 1 :]
    kind = chance.next()
    if kind < 0.36:
        return number
    if kind < 0.49:
        return f"{number[:3]}-{number[3:7]}-{number[7:]}"
    if kind < 0.64:
        return f"{number[:3]} {number[3:7]} {number[7:]}"
    if kind < 0.77:
        return f"+86{number}"
    return f"+86 {number}" if kind < 0.89 else f"86-{number}" if kind < 0.96 else wide(number)


def email(at: Given) -> str:
    chance = at.chance
    own = at.source in ("crm", "shop") or chance.happens(0.4)
    mail = at.person.mail if own else at.company.mail
    if not chance.happens(at.noise.form):
        return mail
    return chance.one((mail.upper(), mail.capitalize(), f"{mail};", f"{mail} ", f"{at.person.name}<{mail}>", wide(mail), mail.replace(".com", ",com"), f"mailto:{mail}"))  # fmt: skip


def province(at: Given) -> str:
    return at.company.city.province if at.chance.happens(0.6) else at.company.city.province_short


def city(at: Given) -> str:
    if at.chance.happens(0.03):
        return at.company.district
    return at.company.city.name if at.chance.happens(0.62) else at.company.city.short


def address(at: Given) -> str:
    chance, places = at.chance, at.company.addresses
    where = places[0]
    if len(places) > 1 and chance.happens(0.3 + 0.4 * at.age):
        where = places[1]
    elif chance.happens(at.noise.address_other * (2 if at.source == "shop" else 1)):
        # a works, a warehouse
        where = where._replace(
            road=chance.one("东西南北") + "环路", number=str(chance.below(900) + 1), park="", rest=""
        )
    return written(chance, where, at.noise)


def written(chance: Draw, where: Address, noise: Noise) -> str:
    """An address at one of the usual levels of detail."""
    kind, town = chance.next(), where.city
    if kind < 0.30:
        head = f"{town.province}{'' if town.name == town.province else town.name}{where.district}"
    elif kind < 0.45:
        head = f"{town.province_short}{'' if town.name == town.province else town.short}{where.district}"
    elif kind < 0.66:
        head = f"{town.name if kind < 0.58 else town.short}{where.district}"
    elif kind < 0.86:
        head = where.district
    else:
        head = town.name if kind < 0.92 else ""
    sign = chance.one(("号", "号", "号", "号", "號", "", "#"))
    rest = where.rest
    if chance.happens(noise.address_short):
        rest = ""
    elif chance.happens(0.25):
        rest = rest.replace("号楼", "#").replace("室", "").replace("座", "-").replace("幢", "栋")
    # without 号 a number would run into the building's
    sign = sign or ("-" if rest[:1].isdigit() else "")
    road = f"{where.road}{where.number}{sign}" if not where.park or chance.happens(0.7) else ""
    text = f"{head}{road}{where.park}{rest}"
    if chance.happens(noise.spaces):
        text = f"{head} {road} {where.park}{rest}".strip()
    return (
        wide(text) if chance.happens(noise.width) else traditional(text) if chance.happens(noise.traditional) else text
    )


def website(at: Given) -> str:
    if not at.company.domain:
        return ""
    return at.chance.one(("www.", "http://www.", "https://www.", "", "http://", "WWW.")) + at.company.domain


def industry(at: Given) -> str:
    plain = at.source in ("crm", "shop")
    return at.chance.one(INDUSTRY_PLAIN[at.company.industry]) if plain else at.company.industry


FIELDS: dict[str, Callable[[Given], str]] = {
    "alias": alias, "name_en": name_en, "uscc": uscc, "contact": contact, "phone": phone, "mobile": mobile, "email": email,
    "province": province, "city": city, "address": address, "legal_person": legal_person, "website": website, "industry": industry,
}  # fmt: skip

"""Fields that follow from others: a province from its city, a city from an address, an area code from a city."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from masterdata.model import Entity
from masterdata.normal import phones
from masterdata.normal.codes import code
from masterdata.normal.company import company
from masterdata.normal.places import area_codes, division_codes, levels, place_names
from masterdata.survivorship.contribution import HUB, Contribution
from masterdata.survivorship.forms import city, province
from masterdata.survivorship.lists import local, union
from masterdata.survivorship.rank import Ballot, Booth, rules_of

Rule = Callable[[str], str]


def derived(
    entity: Entity,
    contributions: Sequence[Contribution],
    orders: Mapping[str, Sequence[Ballot]],
    fields: dict[str, Any],
    why: dict[str, Any],
    today: int,
) -> None:
    """Fill what no source says, one step at a time until nothing follows any more; then give area codes to telephones."""
    rules = {name: rule for name, rule in entity.survivorship.fields.items() if rule.derived and name in entity.fields}
    plain = {name: rule for name, rule in rules.items() if rule.kind != "phone"}
    open_ = [name for name in plain if fields.get(name) is None]
    while open_:
        done = []
        for name in open_:
            found = _first(entity, name, contributions, orders, fields, why)
            if found is not None:
                fields[name], why[name] = found
                done.append(name)
        if not done:
            break
        open_ = [name for name in open_ if name not in done]
    for name, rule in rules.items():
        if rule.kind == "phone" and any(local(each) for each in fields.get(name) or ()):
            _areas(Booth(entity, name, rule, today), contributions, fields, why)


def _first(
    entity: Entity,
    name: str,
    contributions: Sequence[Contribution],
    orders: Mapping[str, Sequence[Ballot]],
    fields: Mapping[str, Any],
    why: Mapping[str, Any],
) -> tuple[str, dict[str, Any]] | None:
    rule = entity.survivorship.fields[name]
    for source in rule.derived:
        made = RULES.get((rule.kind, rules_of(entity.survivorship, source).kind))
        for value in _texts(source, orders, fields) if made else ():
            found = made(value) if made else ""
            if found:
                told = why.get(source, {})
                return found, {
                    "connection": HUB,
                    "stream": "derived",
                    "key": source,
                    "rule": "derived",
                    "at": told.get("at", ""),
                    "from": {word: told[word] for word in ("connection", "stream", "key") if word in told},
                    "others": [],
                }
    return None


def _texts(source: str, orders: Mapping[str, Sequence[Ballot]], fields: Mapping[str, Any]) -> Iterator[str]:
    """The golden value, then what else is said of the field."""
    value = fields.get(source)
    yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
    yield from (one.value for one in orders.get(source, ()) if isinstance(one.value, str))


def _areas(booth: Booth, contributions: Sequence[Contribution], fields: dict[str, Any], why: dict[str, Any]) -> None:
    """Complete telephone numbers that lack their area code by that of the city."""
    name = booth.name
    area = next((found for each in booth.rules.derived if (found := _area(fields.get(each)))), "")
    if not area or why[name]["rule"] == "override":
        return
    union(booth, [c for c in contributions if c.votes(name)], fields, why, area)
    why[name]["derived"] = list(booth.rules.derived)


def _area(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    found = levels(value)
    return _area_of().get((_short(found[0]), _short(found[1]))) or ""


@cache
def _area_of() -> dict[tuple[str, str], str]:
    """(province, city) in short forms → the area code; a city of several codes has none here."""
    found: dict[tuple[str, str], list[str]] = {}
    for number, place in area_codes().items():
        found.setdefault(place, []).append(number)
    return {place: numbers[0] for place, numbers in found.items() if len(numbers) == 1}


def _short(name: str) -> str:
    known = place_names().get(name)
    return known.short if known else name


def _of_phone(text: str, depth: int) -> str:
    number = phones.number(text)
    found = area_codes().get(phones.area(number))
    return _full(*found, depth) if found else ""


def _of_code(text: str, depth: int) -> str:
    read = code(text)
    found = division_codes().get(read.text[2:6]) if read.valid and len(read.text) == 18 else None
    return _full(*found, depth) if found else ""


def _of_company(text: str, depth: int) -> str:
    place = company(text).place
    found = place_names().get(place) or place_names().get(place + "市")
    return _full(found.province, found.city, depth) if found else ""


def _full(above: str, inner: str, depth: int) -> str:
    """The full name of a province (depth 0) or city (1) from the short forms of both."""
    if depth == 0:
        return province(above)
    return (levels(above + inner)[1] or city(inner)) if inner else ""


RULES: dict[tuple[str, str], Rule] = {
    ("province", "city"): lambda text: levels(text)[0] or province(text),
    ("province", "address"): lambda text: levels(text)[0],
    ("province", "phone"): lambda text: _of_phone(text, 0),
    ("province", "legal_code"): lambda text: _of_code(text, 0),
    ("province", "company_name"): lambda text: _of_company(text, 0),
    ("city", "address"): lambda text: levels(text)[1],
    ("city", "phone"): lambda text: _of_phone(text, 1),
    ("city", "legal_code"): lambda text: _of_code(text, 1),
    ("city", "company_name"): lambda text: _of_company(text, 1),
}
"""(kind, kind of the field it follows from) → the value, or nothing."""

"""An address put together from the levels that several records write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from masterdata.normal.places import levels
from masterdata.normal.script import han, simplified
from masterdata.survivorship.forms import FORMS
from masterdata.survivorship.rank import Ballot, Booth, faded

_ROAD = re.compile(
    r"^(?P<road>.*?(?:大道|大街|公路|胡同|路|街|道|巷|弄|里))(?P<number>[0-9]{1,5}(?:[-之][0-9]{1,4}(?=号|$))?)(?P<sign>号院|号|#|弄|-)?(?P<rest>.*)$"
)
_UNIT = re.compile(r"室|楼|层|座|幢|栋|单元")


class Levels(NamedTuple):
    """A written address in the levels that are put together."""

    province: str
    city: str
    district: str
    road: str
    number: str
    sign: str
    rest: str

    @property
    def spot(self) -> tuple[str, str]:
        """Where it is within its city: road and number, or what stands in their place."""
        return (self.road, self.number) if self.road else ("", self.rest)

    def written(self) -> str:
        """In full."""
        city = "" if self.city == self.province else self.city
        number = f"{self.number}{self.sign or '号'}" if self.number else ""
        return f"{self.province}{city}{self.district}{self.road}{number}{self.rest}"


@lru_cache(maxsize=65536)
def read(text: str, province: str, city: str) -> Levels:
    """The levels of an address; what it leaves out at its head is read as lying in the city that is known."""
    plain = "".join(simplified(unicodedata.normalize("NFKC", text)).split())
    above, inner, district, rest = levels(plain)
    if not inner and city and (not above or above == province):
        head = province + ("" if city == province else city)
        tail = rest if above else plain
        above, inner, district, rest = levels(head + tail)
    found = _ROAD.match(rest)
    if found is None:
        return Levels(above, inner, district, "", "", "", rest)
    sign = {"号院": "号院", "弄": "弄", "号": "号", "#": "号"}.get(found["sign"] or "", "")
    return Levels(above, inner, district, found["road"], found["number"], sign, found["rest"])


def assemble(booth: Booth, order: Sequence[Ballot], fields: dict[str, Any], why: dict[str, Any]) -> None:
    """Write the address in full: the spot that most trust stands behind, its head and its tail from whoever writes them."""
    kinds = {booth.entity.survivorship.fields[name].kind: name for name in booth.rules.assemble}
    province, city = (_known(fields, kinds.get(kind, ""), kind) for kind in ("province", "city"))
    living = [one for one in order if not one.by.deleted and isinstance(one.value, str) and han(one.value)]
    living = [one for one in living if not one.last] or living
    each = [(one, read(one.value, province, city)) for one in living]
    each = [(one, found) for one, found in each if found.road or found.rest]  # 上海 alone is no address to complete
    if not each:
        return
    spot = _spot(booth, each)
    near = [(one, found) for one, found in each if found.spot == spot]
    main, base = max(near, key=lambda pair: _tail(pair[1]))
    headed, head = max(near, key=lambda pair: bool(pair[1].city) + bool(pair[1].district))
    signed = next((found.sign for _, found in near if found.sign), "号")
    whole = base._replace(province=head.province, city=head.city, district=head.district, sign=signed)
    text = whole.written()
    if text == fields[booth.name]:
        return
    why[booth.name] = {
        **main.by.origin(),
        "rule": "assembled",
        "at": main.at,
        "said": main.value,
        "others": [{**one.by.origin(), "value": one.value} for one in order if one is not main],
    }
    bare = read(main.value, "", "")
    if headed is not main and (head.city, head.district) != (bare.city, bare.district):
        why[booth.name]["parts"] = [headed.by.origin()]
    levels_of = [kinds[kind] for kind in ("province", "city") if kind in kinds and _added(kind, whole, near)]
    if levels_of:
        why[booth.name]["levels"] = levels_of
    fields[booth.name] = text


def _known(fields: Mapping[str, Any], name: str, kind: str) -> str:
    """What a field of the golden record says of a level, in full."""
    value = fields.get(name) if name else None
    if not isinstance(value, str):
        return ""
    found = FORMS[kind].write(value)
    return "" if FORMS[kind].tests["unknown"](found) else found


def _added(kind: str, whole: Levels, near: Sequence[tuple[Ballot, Levels]]) -> bool:
    """Whether a level is there that none of the addresses writes."""
    return bool(getattr(whole, kind)) and not any(getattr(read(one.value, "", ""), kind) for one, _ in near)


def _spot(booth: Booth, each: Sequence[tuple[Ballot, Levels]]) -> tuple[str, str]:
    """The place with the most trust of different systems behind it; of equals the one that ranks first."""
    voices: dict[tuple[str, str], dict[str, float]] = {}
    for one, found in each:
        said = voices.setdefault(found.spot, {})
        said[one.by.connection] = max(said.get(one.by.connection, 0.0), faded(booth, one))
    return max(voices, key=lambda spot: (bool(spot[0]), round(sum(sorted(voices[spot].values())), 6)))


def _tail(found: Levels) -> tuple[bool, int]:
    return _UNIT.search(found.rest) is not None, len(found.rest)

"""Kinds of comparison for how somebody is reached: telephone, mail and web site, street address."""

from __future__ import annotations

from collections.abc import Mapping

from masterdata.matching.kinds.kind import Judged, Kind, Level
from masterdata.normal import mail
from masterdata.normal.address import Address, address
from masterdata.normal.phones import numbers, tail
from tongmai.core.text import Text

MOST = 6
Texts = Mapping[str, tuple[str, ...]]


def _read_phone(texts: Texts) -> tuple[str, ...] | None:
    found = dict.fromkeys(each for text in texts["phone"] for each in numbers(text))
    return tuple(sorted(found)[:MOST]) or None


def _judge_phone(a: tuple[str, ...], b: tuple[str, ...]) -> Judged:
    both = [each for each in a if each in b and "*" not in each]
    if both:
        return Judged("same", both[0])
    pairs = [(one, other) for one in a for other in b]
    tails = [
        tail(one) for one, other in pairs if ("-" in one) != ("-" in other) and tail(one) and tail(one) == tail(other)
    ]
    if tails:
        return Judged("tail", min(tails))
    if any(_as_masked(one, other) for one, other in pairs):
        return Judged("masked")
    if any(_one_digit(one, other) for one, other in pairs):
        return Judged("slip")
    return Judged("different")


def _as_masked(one: str, other: str) -> bool:
    """Whether two mobile numbers, one of them masked, may be the same."""
    return "*" in one + other and len(one) == len(other) == 11 and one[:3] == other[:3] and one[-4:] == other[-4:]


def _one_digit(one: str, other: str) -> bool:
    """One digit wrong, or two neighbours swapped."""
    if len(one) != len(other) or len(one) < 8 or "*" in one + other:
        return False
    apart = [at for at, (x, y) in enumerate(zip(one, other, strict=True)) if x != y]
    if len(apart) == 2 and apart[1] == apart[0] + 1:
        return one[apart[0]] == other[apart[1]] and one[apart[1]] == other[apart[0]]
    return len(apart) == 1


def _tails(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for each in value if (found := tail(each))))


PHONE = Kind(
    "phone",
    Text("Telephone numbers", "电话"),
    ("phone",),
    (
        Level("same", 9.0, Text("a number in common", "有相同号码")),
        Level("tail", 7.0, Text("the same number, one without area code", "号码相同，其一无区号")),
        Level("masked", 5.0, Text("what is not hidden is the same", "未隐去的部分相同")),
        Level("slip", 3.0, Text("one digit apart", "相差一位")),
        Level("different", -1.5, Text("no number in common", "没有相同号码")),
    ),
    _read_phone,
    _judge_phone,
    {
        "number": lambda value: tuple(each for each in value if "*" not in each),
        "tail": _tails,
        "hidden": lambda value: tuple(dict.fromkeys(each[:3] + each[-4:] for each in value if len(each) == 11)),
    },
    lambda value: (*(each for each in value if "*" not in each), *_tails(value)),
)


def _read_mail(texts: Texts) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    addresses = dict.fromkeys(found for text in texts["mail"] if (found := mail.address(text)))
    domains = dict.fromkeys(found for each in addresses if (found := mail.domain_of_mail(each)))
    domains.update(dict.fromkeys(found for text in texts["site"] if (found := mail.domain_of_site(text))))
    return (tuple(sorted(addresses)[:MOST]), tuple(sorted(domains)[:MOST])) if addresses or domains else None


def _judge_mail(a: tuple[tuple[str, ...], tuple[str, ...]], b: tuple[tuple[str, ...], tuple[str, ...]]) -> Judged:
    same = [each for each in a[0] if each in b[0]]
    if same:
        return Judged("same", same[0])
    shared = [each for each in a[1] if each in b[1]]
    if shared:
        return Judged("same_domain", shared[0])
    return Judged("other_domain" if a[1] and b[1] else "other_mail")


MAIL = Kind(
    "mail",
    Text("Mail addresses and web sites", "邮箱与网址"),
    ("mail", "site"),
    (
        Level("same", 10.0, Text("an address in common", "有相同邮箱")),
        Level("same_domain", 7.0, Text("a domain of their own in common", "企业域名相同")),
        Level("other_mail", -0.5, Text("other addresses", "邮箱不同")),
        Level("other_domain", -3.0, Text("other domains of their own", "企业域名不同")),
    ),
    _read_mail,
    _judge_mail,
    {"mail": lambda value: value[0], "domain": lambda value: value[1]},
    lambda value: (*value[0], *value[1]),
)


def _read_address(texts: Texts) -> tuple[str, ...] | None:
    best: Address | None = None
    for text in texts["address"]:
        found = address(text)
        if best is None or sum(map(bool, found)) > sum(map(bool, best)):
            best = found
    return tuple(best) if best is not None and (best.road or best.site or best.district) else None


def _judge_address(a: tuple[str, ...], b: tuple[str, ...]) -> Judged:
    one, other = Address(*a), Address(*b)
    if one.city and other.city and one.city != other.city:
        return Judged("other_city")
    if one.site and one.site == other.site and not (one.number and other.number and one.number != other.number):
        token = one.site
        if one.room and other.room:
            return Judged("same_room" if one.room == other.room else "other_room", token)
        return Judged("same_number" if one.number == other.number != "" else "same_site", token)
    if one.road and other.road:
        if not (one.road == other.road or one.road.endswith(other.road) or other.road.endswith(one.road)):
            return Judged("other_road")
        if not one.number or not other.number:
            return Judged("same_road")
        if one.number.partition("-")[0] != other.number.partition("-")[0]:
            return Judged("other_number")
        token = f"{min(one.road, other.road, key=lambda each: (len(each), each))} {one.number.partition('-')[0]}"
        if one.room and other.room:
            return Judged("same_room" if one.room == other.room else "other_room", token)
        return Judged("same_number", token)
    if one.district and other.district:
        return Judged("same_district" if one.district == other.district else "other_road")
    return Judged("open")


def _place_of_door(value: tuple[str, ...]) -> tuple[str, ...]:
    found = Address(*value)
    doors = [f"{found.road} {found.number.partition('-')[0]}"] if found.road and found.number else []
    return tuple(doors + ([f"{found.site} {found.room}"] if found.site and found.room else []))


ADDRESS = Kind(
    "address",
    Text("Street address", "地址"),
    ("address",),
    (
        Level("same_room", 10.0, Text("the same house and room", "门牌与房号相同")),
        Level("same_number", 7.0, Text("the same house", "门牌相同")),
        Level("other_room", 4.0, Text("the same house, other rooms", "门牌相同，房号不同")),
        Level("same_road", 3.0, Text("the same road", "道路相同")),
        Level("same_site", 2.0, Text("the same park or building", "园区或楼宇相同")),
        Level("same_district", 1.0, Text("the same district", "区县相同")),
        Level("open", 0.0, Text("too little is known", "信息不足")),
        Level("other_number", -1.0, Text("the same road, other numbers", "道路相同，门牌不同")),
        Level("other_road", -2.0, Text("other roads", "道路不同")),
        Level("other_city", -3.0, Text("other cities", "城市不同")),
    ),
    _read_address,
    _judge_address,
    {"door": _place_of_door},
    lambda value: (*_place_of_door(value), *((value[7],) if value[7] else ())),
)


KINDS = (PHONE, MAIL, ADDRESS)

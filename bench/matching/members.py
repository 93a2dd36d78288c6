"""Retail members over till, web shop, mini-program and Tmall, with truth.

Families share a telephone and a door, numbers are handed on to other people, a shop's till types its own number for walk-in
buyers, and Tmall hides the middle of everything. Some records hold nothing that any other of the same person holds: that is
the ceiling which ``python -m bench.weights.others`` prints beside the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.matching import company as draw
from bench.matching.chance import Draw, Weighted
from bench.matching.family import World
from bench.matching.letters import homophones, spelled
from bench.matching.noise import LEVELS
from bench.matching.sample import slip
from bench.matching.words import BRAND, FREE_MAIL

COLUMNS = (
    "source", "name", "nickname", "gender", "date_of_birth", "card_number", "unionid", "openid", "phone", "email", "city", "address",
)  # fmt: skip
PEOPLE_A_SHOP = 400
_SIZES = Weighted([(1, 45), (2, 25), (3, 20), (4, 10)])
_COUNTS = Weighted([(1, 34), (2, 30), (3, 20), (4, 10), (5, 4), (6, 2)])
_CHANNELS = Weighted([("pos", 34), ("shop", 22), ("mini", 26), ("tmall", 18)])
_FREE = Weighted(FREE_MAIL)
_NICK_WORDS = "小 大 阿 爱 爸 妈 猫 狗 鱼 花 月 星 晴 雨 风 云 糖 果 豆 米 茶 梦 心 海 山 乐 安 静 甜 酷 宝 贝".split()
Row = dict[str, str]


@dataclass
class Buyer:
    """A person as they are."""

    id: str
    name: str
    gender: str
    born: str
    phones: list[str]
    mail: str
    nickname: str
    homes: list[draw.Address]
    card: str
    unionid: str
    openids: dict[str, str] = field(default_factory=dict)


def sample(records: int, seed: int) -> Iterator[tuple[str, Row]]:
    """(person, record); the same seed gives the same records."""
    chance = Draw(f"{seed} members")
    world = World(f"{seed}", records)
    shops = [draw.draw_mobile(chance) for _ in range(1 + records // PEOPLE_A_SHOP // 2)]
    given_up: list[str] = []
    written = number = 0
    while written < records:
        for buyer in _family(chance, world, given_up, number):
            number += 1
            for channel in _channels(chance):
                if written < records:
                    written += 1
                    yield buyer.id, {"source": channel, **WRITE[channel](chance, buyer, shops)}


def _family(chance: Draw, world: World, given_up: list[str], number: int) -> list[Buyer]:
    city = draw.draw_city(chance)
    _, district = chance.one(city.districts)
    home = draw.draw_address(chance, city, district, world.parks(city))
    shared = draw.draw_mobile(chance)
    head = draw.draw_person_name(chance)
    found = []
    for place in range(_SIZES.draw(chance)):
        name = draw.draw_person_name(chance)
        if place > 1 or (place == 1 and chance.happens(0.15)):
            name = head[0] + name[1:]
        own = shared if place == 0 or chance.happens(0.06 if place < 2 else 0.15) else draw.draw_mobile(chance)
        if chance.happens(0.03) and given_up:
            own = given_up.pop(chance.below(len(given_up)))
        phones = [own]
        if chance.happens(0.12):
            phones.append(draw.draw_mobile(chance))
            given_up.append(phones[1])
        homes = [home]
        if chance.happens(0.2):
            homes.append(draw.draw_address(chance, city, chance.one(city.districts)[1], world.parks(city)))
        year = (1950 if place < 2 else 1985) + chance.below(45 if place < 2 else 25)
        born = f"{year}-{1 + chance.below(12):02d}-{1 + chance.below(28):02d}"
        person = name if place else head
        found.append(
            Buyer(
                f"M{number + place:07d}", person, chance.one("男女"), born, phones, _mail(chance, person, own), _nickname(chance, person),
                homes, "8" + chance.digits(9), "o" + chance.digits(12),
            )
        )  # fmt: skip
    return found


def _mail(chance: Draw, name: str, phone: str) -> str:
    free = _FREE.draw(chance)
    if free == "qq.com":
        return str(1 + chance.below(9)) + chance.digits(8) + "@qq.com"
    return (phone if chance.happens(0.2) else "".join(spelled(name)) + chance.digits(1 + chance.below(4))) + "@" + free


def _nickname(chance: Draw, name: str) -> str:
    kind = chance.next()
    if kind < 0.25:
        return chance.one("小大阿") + name[-1]
    if kind < 0.5:
        return "".join(spelled(name)) + chance.digits(chance.below(4) + 1)
    if kind < 0.6:
        return chance.one(("微信用户", "A", "开心", "平安是福"))
    words = "".join(chance.one(_NICK_WORDS) for _ in range(2 + chance.below(3)))
    return words + (chance.digits(2) if chance.happens(0.4) else chance.one(BRAND))


def _channels(chance: Draw) -> list[str]:
    """Two accounts of one channel are possible, but not common."""
    found: list[str] = []
    for _ in range(_COUNTS.draw(chance)):
        channel = _CHANNELS.draw(chance)
        if channel in found and not chance.happens(0.3):
            channel = _CHANNELS.draw(chance)
        found.append(channel)
    return found


def _phone(chance: Draw, buyer: Buyer) -> str:
    """The newer number mostly; sometimes mistyped."""
    number = buyer.phones[1] if len(buyer.phones) > 1 and chance.happens(0.35) else buyer.phones[0]
    if chance.happens(0.015):
        at = 3 + chance.below(8)
        number = number[:at] + chance.digits(1) + number[at + 1 :]
    return number


def _called(chance: Draw, name: str) -> str:
    if chance.happens(0.03):
        at = chance.below(len(name))
        return name[:at] + chance.one(homophones(name[at]) or name[at]) + name[at + 1 :]
    return name


def _pos(chance: Draw, buyer: Buyer, shops: list[str]) -> Row:
    row: Row = {}
    kind = chance.next()
    if kind < 0.45:
        row["name"] = _called(chance, buyer.name)
    elif kind < 0.75:
        row["name"] = buyer.name[0] + ("女士" if buyer.gender == "女" else "先生")
    if chance.happens(0.7):
        row["card_number"] = buyer.card if chance.happens(0.97) else slip(chance, buyer.card, "0123456789")
    if chance.happens(0.93) or not row:
        row["phone"] = chance.one(shops) if chance.happens(0.04) else _phone(chance, buyer)
    if chance.happens(0.4):
        row["gender"] = buyer.gender
    if chance.happens(0.35):
        row["date_of_birth"] = buyer.born
    return row


def _shop(chance: Draw, buyer: Buyer, shops: list[str]) -> Row:
    row = {"phone": _phone(chance, buyer)}
    if chance.happens(0.85):
        row["name"] = _called(chance, buyer.name)
    if chance.happens(0.6):
        row["email"] = buyer.mail
    if chance.happens(0.75):
        home = chance.one(buyer.homes)
        row |= {"address": draw_written(chance, home), "city": home.city.name}
    if chance.happens(0.5):
        row["nickname"] = buyer.nickname
    if chance.happens(0.25):
        row["unionid"] = f"wechat:{buyer.unionid}"
    if chance.happens(0.3):
        row["date_of_birth"] = buyer.born
    return row


def draw_written(chance: Draw, home: draw.Address) -> str:
    """An address as buyers type it."""
    from bench.matching.fields import written

    return written(chance, home, LEVELS["medium"])


def _mini(chance: Draw, buyer: Buyer, shops: list[str]) -> Row:
    app = chance.one(("mini1", "mini1", "mini2"))
    row = {"openid": f"{app}:{buyer.openids.setdefault(app, chance.digits(12))}"}
    if chance.happens(0.8):
        row["unionid"] = f"wechat:{buyer.unionid}"
    if chance.happens(0.9):
        row["phone"] = _phone(chance, buyer)
    if chance.happens(0.8):
        row["nickname"] = buyer.nickname if chance.happens(0.85) else _nickname(chance, buyer.name)
    if chance.happens(0.4):
        row["gender"] = buyer.gender
    if chance.happens(0.3):
        row["date_of_birth"] = buyer.born
    if chance.happens(0.25):
        row["name"] = _called(chance, buyer.name)
    return row


def _tmall(chance: Draw, buyer: Buyer, shops: list[str]) -> Row:
    """A buyer's own id differs from one application to the next; a brand member has agreed to show the telephone."""
    app = chance.one(("tmall1", "tmall1", "tmall1", "tmall2"))
    row = {"openid": f"{app}:{buyer.openids.setdefault(app, chance.digits(12))}"}
    row["nickname"] = f"{buyer.nickname[0]}**{buyer.nickname[-1]}"
    number = _phone(chance, buyer)
    if chance.happens(0.5):
        row["phone"] = number
        if chance.happens(0.5):
            row["card_number"] = buyer.card
    elif chance.happens(0.95):
        row["phone"] = f"{number[:3]}****{number[-4:]}"
    if chance.happens(0.85):
        row["name"] = buyer.name[0] + "*" * (len(buyer.name) - 1)
    if chance.happens(0.85):
        home = chance.one(buyer.homes)
        row |= {"city": home.city.name, "address": f"{home.city.province}{home.city.name}{home.district}***"}
    return row


WRITE = {"pos": _pos, "shop": _shop, "mini": _mini, "tmall": _tmall}

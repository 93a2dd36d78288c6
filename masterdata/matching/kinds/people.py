"""Kinds of comparison for people: whole names, and the given and family names of a form."""

from __future__ import annotations

from collections.abc import Mapping

from rapidfuzz.distance import JaroWinkler

from masterdata.matching.kinds.kind import Judged, Kind, Level, first
from masterdata.normal.person import masked, person
from masterdata.normal.script import folded, han, sound
from tongmai.core.text import Text

Texts = Mapping[str, tuple[str, ...]]


def _read_person(texts: Texts) -> str | None:
    found = person(first(texts["name"]))
    return found if found.strip("*") else None


def _judge_person(a: str, b: str) -> Judged:
    if a == b:
        return Judged("family" if len(a) == 1 else "same", a)
    if masked(a) or masked(b):
        return Judged(_shown(a, b))
    if han(a) and han(b):
        if sound(a) == sound(b):
            return Judged("sound")
        if len(a) == 1 or len(b) == 1:
            return Judged("family") if a[0] == b[0] else Judged("different")
        return Judged("different")
    if han(a) or han(b):
        return Judged("open")
    return Judged("alike") if JaroWinkler.similarity(a, b) >= 0.92 else Judged("different")


def _shown(a: str, b: str) -> str:
    """The level of two names of which one is masked: whether what both show is the same, as 张* and *伟 of 张伟."""
    begins = sorted((a.partition("*")[0], b.partition("*")[0]), key=len)
    ends = sorted((a.rpartition("*")[2], b.rpartition("*")[2]), key=len)
    if not (begins[0] or ends[0]):
        return "open"
    return "family" if begins[1].startswith(begins[0]) and ends[1].endswith(ends[0]) else "different"


PERSON = Kind(
    "person",
    Text("Name of a person", "人名"),
    ("name",),
    (
        Level("same", 8.0, Text("the same name", "姓名相同")),
        Level("sound", 5.0, Text("sounds the same", "读音相同")),
        Level("alike", 5.0, Text("spelt alike", "拼写相近")),
        Level("family", 2.0, Text("the same family name, the rest is not known", "同姓，名未知")),
        Level("open", 0.0, Text("nothing that both show", "没有双方都可见的部分")),
        Level("different", -3.0, Text("different names", "姓名不同")),
    ),
    _read_person,
    _judge_person,
    {
        "name": lambda value: (value,) if len(value) > 1 and "*" not in value else (),
        "sound": lambda value: (sound(value),) if len(value) > 1 and "*" not in value else (),
        "family": lambda value: (value[:1] if han(value) else value.rpartition(" ")[2],) if value[0] != "*" else (),
    },
    lambda value: (value,) if len(value) > 1 else (),
)


def _read_form(texts: Texts) -> tuple[str, str] | None:
    given, family = folded(first(texts["given"])).replace(" ", ""), folded(first(texts["family"])).replace(" ", "")
    return (given, family) if given or family else None


def _judge_form(a: tuple[str, str], b: tuple[str, str]) -> Judged:
    if a == b and all(a):
        return Judged("same", _whole(a))
    straight = _closeness(a[0], b[0]) + _closeness(a[1], b[1])
    crossed = _closeness(a[0], b[1]) + _closeness(a[1], b[0])
    if crossed >= 1.9 and crossed > straight:
        return Judged("swapped", _whole(a) if sorted(a) == sorted(b) else "")
    given, family = _closeness(a[0], b[0]), _closeness(a[1], b[1])
    best, worst = max(given, family), min(given, family)
    if best >= 1:
        token = a[1] if family >= 1 else a[0]
        if worst >= 0.88:
            return Judged("one_alike", token)
        return Judged("one_same" if worst >= 0.7 or worst == 0.5 else "one_other", token)
    if best >= 0.88:
        return Judged("both_alike" if worst >= 0.88 else "one_close")
    return Judged("different")


def _whole(name: tuple[str, str]) -> str:
    return "|".join(sorted(name))


def _closeness(a: str, b: str) -> float:
    """1 for the same, 0.5 where one is missing, else how alike two words are."""
    if not a or not b:
        return 0.5
    return 1.0 if a == b else min(0.99, JaroWinkler.similarity(a, b))


GIVEN_AND_FAMILY = Kind(
    "given_and_family",
    Text("Given and family name", "名与姓"),
    ("given", "family"),
    (
        Level("same", 14.0, Text("both are the same", "姓与名都相同")),
        Level("swapped", 12.0, Text("the same, given and family name swapped", "姓与名互换")),
        Level("one_alike", 10.0, Text("one is the same, the other alike", "其一相同，另一相近")),
        Level("both_alike", 8.0, Text("both are alike", "姓与名都相近")),
        Level("one_same", 5.0, Text("one is the same, the other open", "其一相同，另一未知或略似")),
        Level("one_other", 1.0, Text("one is the same, the other is not", "其一相同，另一不同")),
        Level("one_close", -1.0, Text("one is alike, the other is not", "其一相近，另一不同")),
        Level("different", -8.0, Text("different names", "姓名不同")),
    ),
    _read_form,
    _judge_form,
    {
        "given": lambda value: (value[0],) if value[0] else (),
        "family": lambda value: (value[1],) if value[1] else (),
        "both": lambda value: (_whole(value),) if all(value) else (),
    },
    lambda value: (*(each for each in value if each), *((_whole(value),) if all(value) else ())),
)


def _read_people(texts: Texts) -> tuple[str, str] | None:
    """(legal representative, contact)."""
    found = person(first(texts["legal"])), person(first(texts["contact"]))
    return found if any(found) else None


def _judge_people(a: tuple[str, str], b: tuple[str, str]) -> Judged:
    heads = _judge_person(a[0], b[0]).level if a[0] and b[0] else ""
    contacts = _judge_person(a[1], b[1]).level if a[1] and b[1] else ""
    same = ("same", "sound", "alike")
    if heads in same:
        return Judged("both" if contacts in same else "same_head", min(a[0], b[0]))
    if contacts in same:
        return Judged("same_contact" if not heads else "same_contact_other_head", min(a[1], b[1]))
    crossed = [one for one, other in ((a[0], b[1]), (a[1], b[0])) if len(one) > 1 and one == other]
    if crossed:
        return Judged("crossed", min(crossed))
    if "family" in (heads, contacts):
        return Judged("family")
    if heads == "different":
        return Judged("other_head")
    return Judged("other_contact" if contacts == "different" else "open")


PEOPLE = Kind(
    "people",
    Text("Legal representative and contact", "法定代表人与联系人"),
    ("legal", "contact"),
    (
        Level("both", 14.0, Text("both are the same", "法定代表人与联系人都相同")),
        Level("same_head", 8.0, Text("the same legal representative", "法定代表人相同")),
        Level("same_contact", 8.0, Text("the same contact", "联系人相同")),
        Level(
            "same_contact_other_head",
            4.0,
            Text("the same contact, other legal representatives", "联系人相同，法定代表人不同"),
        ),
        Level(
            "crossed",
            7.0,
            Text("the one's contact is the other's legal representative", "一方联系人是另一方法定代表人"),
        ),
        Level("family", 1.0, Text("the same family name, the rest is not known", "同姓，名未知")),
        Level("open", 0.0, Text("nothing to compare", "无可比较")),
        Level("other_contact", -2.0, Text("other contacts", "联系人不同")),
        Level("other_head", -3.0, Text("other legal representatives", "法定代表人不同")),
    ),
    _read_people,
    _judge_people,
    {
        "legal": lambda value: (value[0],) if len(value[0]) > 1 and "*" not in value[0] else (),
        "contact": lambda value: (value[1],) if len(value[1]) > 1 and "*" not in value[1] else (),
        "any": lambda value: tuple({each for each in value if len(each) > 1 and "*" not in each}),
    },
    lambda value: tuple(each for each in value if len(each) > 1),
)

KINDS = (PERSON, PEOPLE, GIVEN_AND_FAMILY)

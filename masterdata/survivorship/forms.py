"""What a kind of value is: when two are the same, how one is written, how complete it is, what can be wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from masterdata.normal import mail, phones
from masterdata.normal.address import address as levels_of
from masterdata.normal.codes import code
from masterdata.normal.company import company, nothing, tidy, whole
from masterdata.normal.person import masked, person
from masterdata.normal.places import levels, place_names
from masterdata.normal.script import folded, han, simplified

_JOB = re.compile(
    r"(?:先生|女士|小姐|太太|老师|董事长|总经理|副总经理|副总|经理|总监|主任|厂长|店长|会计|老板|总|工)$|^(?:小|老|阿)(?=[\u4e00-\u9fff]$)"
)
_BESIDE = re.compile(r"[（(/\\\-].*$|[0-9].*$")
_SITE = re.compile(r"^(?:[a-z]+://)?(?:www\d?\.)?", re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """``key``: equal for values that are the same (empty: no value at all). ``write``: the value as it is kept.
    ``full``: how complete it is. ``tests``: what can be wrong with it, by the word that rules say it with."""

    key: Callable[[str], str]
    write: Callable[[str], str]
    full: Callable[[str], int]
    tests: Mapping[str, Callable[[str], bool]]


def _plain(text: str) -> str:
    return folded(text).replace(" ", "") if han(text) else folded(text)


def _trimmed(text: str) -> str:
    return " ".join(text.split())


def _full_name(text: str) -> int:
    """A name with its form, or of a body that has none, before a short one; a Chinese name before a foreign one."""
    parts = company(text)
    ended = bool(parts.form or parts.branch) or (not parts.latin and whole(text))
    return (2 if ended else 0) + (1 if han(text) else 0)


@lru_cache(maxsize=65536)
def _person(text: str) -> str:
    """Without what stands beside a name: a job, a department, blanks; 张经理 → 张."""
    bare = " ".join(simplified(unicodedata.normalize("NFKC", text)).split())
    if not han(bare):
        return bare
    bare = _BESIDE.sub("", bare.replace(" ", "").replace("·", ""))
    while len(bare) > 1 and (cut := _JOB.sub("", bare)) != bare and cut:
        bare = cut
    return bare


def _code(text: str) -> str:
    """A code out of its label: 税号9144…, as text that can be compared."""
    read = code(text)
    return read.text or folded(text)


def _phone(text: str) -> str:
    found = phones.numbers(text)
    return found[0] if found else ""


def e164(number: str) -> str:
    """A whole number of China with its country, as canonical telephones are; others stay."""
    whole = "-" in number or (number.isdigit() and len(number) in (10, 11))
    return "+86" + number.replace("-", "").removeprefix("0") if whole and not number.startswith("+") else number


def _mail_in(text: str) -> str:
    """The address in a text, the domain in small letters, the rest as it is written."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",com", ".com")
    found = mail.address(plain)
    at = plain.lower().find(found) if found else -1
    if at < 0:
        return found
    local, _, domain = plain[at : at + len(found)].rpartition("@")
    return f"{local}@{domain.lower()}"


def _mail(text: str) -> str:
    return _mail_in(text).lower()


def _site(text: str) -> str:
    """The host and path, without scheme, www and a closing stroke."""
    return _SITE.sub("", unicodedata.normalize("NFKC", text).strip()).rstrip("/").lower()


@lru_cache(maxsize=8192)
def province(text: str) -> str:
    """A province in full: 江苏 → 江苏省; empty where the text begins with none."""
    return levels(simplified(unicodedata.normalize("NFKC", text)))[0]


@lru_cache(maxsize=8192)
def city(text: str) -> str:
    """The city a text names or lies in, in full: 南京, 玄武区 → 南京市; empty where nothing proves one."""
    plain = "".join(simplified(unicodedata.normalize("NFKC", text)).split())
    found = levels(plain)
    if found[1] or found[2]:
        return found[1] or found[2]
    known = place_names().get(plain)
    if known is None or not known.city:
        return ""
    return levels(known.province + known.city)[1] or known.city


def _full_address(text: str) -> int:
    return sum(map(bool, levels_of(text)))


def _size(text: str) -> int:
    return len(text)


FORMS: dict[str, Form] = {
    "text": Form(_plain, _trimmed, _size, {"note": nothing}),
    "company_name": Form(
        lambda text: _plain(tidy(text)),
        tidy,
        _full_name,
        {
            "note": nothing,
            "latin": lambda text: not han(text),
            "short": lambda text: not whole(text),
            "untidy": lambda text: _plain(tidy(text)) != _plain(text),
        },
    ),
    "person": Form(
        lambda text: person(_person(text)),
        _person,
        lambda text: min(2, len(_person(text))),
        {
            "note": nothing,
            "masked": lambda text: masked(text) or (han(text) and len(_person(text)) == 1),
            "untidy": lambda text: _plain(_person(text)) != _plain(text),
        },
    ),
    "legal_code": Form(_code, _code, lambda text: len(_code(text)), {"invalid": lambda text: not _right_code(text)}),
    "phone": Form(
        _phone,
        lambda text: e164(_phone(text)),
        lambda text: len(_phone(text)),
        {
            "invalid": lambda text: not _phone(text),
            "masked": lambda text: "*" in _phone(text),
            "local": lambda text: _phone(text).isdigit() and len(_phone(text)) in (7, 8),
        },
    ),
    "mail": Form(
        _mail,
        _mail_in,
        _size,
        {"invalid": lambda text: not _mail(text), "free": lambda text: not mail.domain_of_mail(_mail(text))},
    ),
    "site": Form(
        _site,
        _trimmed,
        _size,
        {
            "invalid": lambda text: "." not in _site(text) or bool(re.search(r"[\s@]", _site(text))),
            "free": lambda text: _site(text).partition("/")[0] in mail.FREE,
        },
    ),
    "province": Form(
        lambda text: province(text) or _plain(text),
        lambda text: province(text) or _trimmed(text),
        _size,
        {"unknown": lambda text: not province(text)},
    ),
    "city": Form(
        lambda text: city(text) or _plain(text),
        lambda text: city(text) or _trimmed(text),
        _size,
        {"unknown": lambda text: not city(text)},
    ),
    "address": Form(
        lambda text: "|".join(levels_of(text)[3:5]) if levels_of(text).road else _plain(text),
        _trimmed,
        _full_address,
        {"note": nothing, "short": lambda text: not levels_of(text).road and not levels_of(text).site},
    ),
}


def _right_code(text: str) -> bool:
    """A whole code of 18 characters with right check characters."""
    read = code(text)
    return read.valid and len(read.text) == 18

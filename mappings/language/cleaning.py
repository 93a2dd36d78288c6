"""Functions that clean text: names of companies, codes, phone numbers, mail addresses."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from mappings.language.values import Note, raw_text, shown
from masterdata.normal import codes

_BRACKETS = str.maketrans("()[]{}〔〕【】〖〗《》「」『』〈〉﹙﹚", "（）（）（）（）（）（）（）（）（）（）（）")
_FORMS = (
    "股份有限公司|有限责任公司|有限公司|集团公司|股份公司|分公司|子公司|公司|事务所|合作社|研究院|研究所|"
    "办事处|经营部|代表处|医院|大学|学院|中心|集团|厂|店|院"
)
_FORM_IN_BRACKETS = re.compile(r"（(" + "股份有限公司|有限责任公司|有限公司" + r")）$")
_NOTES = (
    "老客户|新客户|大客户|潜在客户|重要客户|意向客户|客户|老客|已停用|停用|已作废|作废|禁用|勿用|不用|重复|待删除|删除|"
    "已注销|注销|测试|VIP|vip|Vip|黑名单|待核实|备用"
)
_PERSON_OR_PLACE = r"（[^（）]{1,8}(?:经理|总监|总|主任|先生|女士|区|部|组)）"
_NOTE_TAIL = re.compile(
    rf"(?P<form>{_FORMS}|）)(?P<notes>(?:[-—_/、,，;；:：*#·.\s]*(?:（?(?:{_NOTES})）?|{_PERSON_OR_PLACE})[!！*]*)+)$"
)
_CJK_GAP = re.compile(r"(?<=[^\x00-\x7f])\s+(?=\S)|(?<=\S)\s+(?=[^\x00-\x7f])")
_PHONE_NOISE = re.compile(r"[\s()（）.·\-–—]+")
_EXTENSION = re.compile(r"(?:转|ext\.?|x|#|分机)\s*[0-9]{1,6}$", re.IGNORECASE)
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0(?:10[0-9]{8}|2[0-9][0-9]{8}|[3-9][0-9]{2}[0-9]{7,8})")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def _trimmed(value: Any) -> str | None:
    text = raw_text(value)
    return (text.strip() or None) if text is not None else None


def trim(value: Any) -> str | None:
    """Text without blanks at its ends."""
    return _trimmed(value)


def lower(value: Any) -> str | None:
    """Small letters."""
    text = raw_text(value)
    return None if text is None else text.lower()


def upper(value: Any) -> str | None:
    """Capital letters."""
    text = raw_text(value)
    return None if text is None else text.upper()


def company_name(value: Any) -> str | None:
    """A company's name with widths, brackets, blanks and glued notes put in order."""
    text = _trimmed(value)
    return _company_name(text) if text else None


@lru_cache(maxsize=16384)
def _company_name(text: str) -> str | None:
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if name.isascii():
        return name or None
    name = _CJK_GAP.sub("", name.translate(_BRACKETS))
    name = re.sub(r"\s*（\s*([^（）]*?)\s*）\s*", r"（\1）", name)
    cut = _NOTE_TAIL.search(name)
    while cut:
        name = name[: cut.start("notes")]
        cut = _NOTE_TAIL.search(name)
    name = _FORM_IN_BRACKETS.sub(r"\1", name)
    return name.strip() or None


def uscc(value: Any, notes: list[Note]) -> str | None:
    """A 统一社会信用代码 with a right check digit, or None and a finding.

    Letters that no code has (I, O, S, Z) are read as the digits they look like where that makes the code right.
    """
    text = raw_text(value)
    if text is None or text.isspace() or not text:
        return None
    code = "".join(unicodedata.normalize("NFKC", text).upper().replace("-", "").split())
    if len(code) == 18 and not all(char in codes.ALPHABET for char in code):
        read = codes.code(code)
        if read.valid:
            notes.append(("uscc-misread", f"`{shown(text)}` was read as `{read.text}`", shown(text)))
            return read.text
    if len(code) != 18 or not all(char in codes.ALPHABET for char in code):
        notes.append(
            ("bad-uscc", f"`{shown(text)}` is not a code of 18 digits and letters (no I, O, S, V, Z)", shown(text))
        )
        return None
    if codes.check(code) != code[17]:
        meant = sorted(codes.repairs(code))
        hint = f"; one slip away: {', '.join(f'`{one}`' for one in meant)}" if meant else ""
        notes.append(("bad-check-digit", f"the check digit of `{code}` is wrong{hint}", shown(text)))
        return None
    return code


def phone(value: Any, notes: list[Note]) -> str | None:
    """A phone number as E.164 (`+8613800138000`), or None and a finding. Numbers without a country are Chinese."""
    text = raw_text(value)
    if text is None or text.isspace() or not text:
        return None
    bare = unicodedata.normalize("NFKC", text).strip()
    cut = _EXTENSION.sub("", bare)
    if cut != bare:
        notes.append(("phone-extension", f"the extension of `{shown(text)}` was left out", shown(text)))
    digits = _PHONE_NOISE.sub("", cut)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if _ABROAD.fullmatch(digits):
        return digits
    national = digits.removeprefix("+86")
    if national == digits and len(digits) == 13 and digits.startswith("86"):
        national = digits[2:]
    if _MOBILE.fullmatch(national) or _SERVICE.fullmatch(national):
        return "+86" + national
    for candidate in (national, "0" + national) if digits.startswith("+86") else (national,):
        if _LANDLINE.fullmatch(candidate):
            return "+86" + candidate[1:]
    notes.append(
        ("bad-phone", f"`{shown(text)}` is neither a mobile number nor a landline with its area code", shown(text))
    )
    return None


def email(value: Any, notes: list[Note]) -> str | None:
    """A mail address with its domain in small letters, or None and a finding."""
    text = _trimmed(value)
    if text is None:
        return None
    address = unicodedata.normalize("NFKC", text)
    if not _EMAIL.fullmatch(address) or ".." in address or address.startswith("."):
        notes.append(("bad-email", f"`{shown(text)}` is not a mail address", shown(text)))
        return None
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"

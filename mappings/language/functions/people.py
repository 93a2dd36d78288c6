"""Functions on what names and reaches people and companies: codes, phones, mail, names, identity cards, masks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

from mappings.language import cleaning
from mappings.language.functions.given import text_of
from mappings.language.functions.registry import TEXTUAL, Example, Topic, word
from mappings.language.values import BadValueError, Note, raw_text, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("People and companies", "人员与企业"))
_add = TOPIC.add
MAX_NAME = 200
_COMPOUND = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "闾丘",
        "子车",
        "亓官",
        "司寇",
        "巫马",
        "公西",
        "颛孙",
        "壤驷",
        "公良",
        "漆雕",
        "乐正",
        "宰父",
        "谷梁",
        "拓跋",
        "夹谷",
        "轩辕",
        "令狐",
        "段干",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "羊舌",
        "微生",
        "公户",
        "公玉",
        "公仪",
        "梁丘",
        "公仲",
        "公上",
        "公门",
        "公山",
        "公坚",
        "左丘",
        "公伯",
        "西门",
        "公祖",
        "第五",
        "公乘",
        "贯丘",
        "公皙",
        "南荣",
        "东里",
        "东宫",
        "仲长",
        "子书",
        "子桑",
        "即墨",
        "达奚",
        "褚师",
        "吴铭",
        "纳兰",
        "歐陽",
        "諸葛",
        "司馬",
        "東方",
        "獨孤",
        "夏侯",
        "尉遲",
        "鍾離",
        "長孫",
        "鮮于",
    ]
)
_TITLE = re.compile(r"(?:先生|女士|小姐|太太|老师|总经理|经理|总监|主任|总)$")
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "du",
        "la",
        "le",
        "ten",
        "ter",
        "bin",
        "al",
        "el",
    ]
)
_ID = re.compile(r"[0-9]{17}[0-9X]")
_OLD_ID = re.compile(r"[0-9]{15}")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"

_add(
    TEXTUAL,
    "uscc",
    Text(
        "A unified social credit code; a wrong one is a finding and the value stays empty.",
        "统一社会信用代码；校验不通过记为数据质量问题，该值留空。",
    ),
    Example("code | uscc", {"code": "91310000ma1fl0ub1w"}, None),
    notes=True,
)(cleaning.uscc)
_add(
    TEXTUAL,
    "phone",
    Text(
        "A phone number as E.164; numbers without a country are Chinese; a bad one is a finding.",
        "电话号码转为 E.164 格式；没有国家码的按中国号码处理；不合规的记为数据质量问题。",
    ),
    Example("tel | phone", {"tel": "021-6432 1234"}, "+862164321234"),
    notes=True,
)(cleaning.phone)
_add(
    TEXTUAL,
    "email",
    Text("A mail address; a bad one is a finding.", "电子邮箱；不合规的记为数据质量问题。"),
    Example("mail | email", {"mail": "Li@ACME.example"}, "Li@acme.example"),
    notes=True,
)(cleaning.email)


def id_check(body: str) -> str:
    """The check character of an identity number from its first 17 digits (GB 11643)."""
    return _CHECK[sum(int(digit) * weight for digit, weight in zip(body[:17], _WEIGHTS, strict=True)) % 11]


def _id_number(text: str) -> str:
    """A right number of 18 characters. It is personal: no refusal ever says it."""
    number = "".join(unicodedata.normalize("NFKC", text).upper().split())
    if _OLD_ID.fullmatch(number):
        number = f"{number[:6]}19{number[6:]}"
        number += id_check(number)
    if not _ID.fullmatch(number):
        raise BadValueError(
            "bad-id-number", "the value is no identity number of 18 digits (the last may be X) or 15 digits"
        )
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadValueError("bad-id-number", "the value holds no day of the calendar as its birthday") from None
    if id_check(number) != number[17]:
        raise BadValueError("bad-check-digit", "the value has a wrong check digit")
    return number


def _right_id(value: Any, notes: list[Note]) -> str | None:
    text = raw_text(value)
    if text is None or not text.strip():
        return None
    try:
        return _id_number(text[:MAX_NAME])
    except BadValueError as error:
        notes.append((error.code, error.message, ""))
        return None


@_add(
    TEXTUAL,
    "text",
    Text(
        "A Chinese identity number of 18 characters (15 digits are extended); a wrong one is a finding.",
        "18 位身份证号（15 位自动升位）；校验不通过记为数据质量问题。",
    ),
    Example("no | id_card", {"no": "11010519491231002x"}, "11010519491231002X"),
    notes=True,
)
def id_card(value: Any, notes: list[Note]) -> str | None:
    """An identity number with a right check digit, or None and a finding."""
    return _right_id(value, notes)


@_add(
    TEXTUAL,
    "date",
    Text("The birthday in a Chinese identity number.", "身份证号中的出生日期。"),
    Example("no | id_birthday", {"no": "11010519491231002X"}, "1949-12-31"),
    notes=True,
)
def id_birthday(value: Any, notes: list[Note]) -> str | None:
    """The birthday of a right identity number, or None and a finding."""
    number = _right_id(value, notes)
    return None if number is None else f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


@_add(
    TEXTUAL,
    "text",
    Text("`male` or `female`, by a Chinese identity number.", "按身份证号得出性别：`male` 或 `female`。"),
    Example("no | id_sex", {"no": "11010519491231002X"}, "female"),
    notes=True,
)
def id_sex(value: Any, notes: list[Note]) -> str | None:
    """The sex in a right identity number, or None and a finding."""
    number = _right_id(value, notes)
    return None if number is None else ("male" if int(number[16]) % 2 else "female")


def name_parts(value: Any) -> tuple[str, str]:
    """(family name, given name) of a person; titles such as 先生 and 经理 are left out."""
    text = text_of(value, MAX_NAME)
    if text is None:
        return "", ""
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if any("\u3400" <= char <= "\u9fff" for char in name):
        return _chinese_parts(name.replace(" ", ""))
    if "," in name:
        family, _, given = name.partition(",")
        return family.strip(), given.strip()
    words = name.split()
    if len(words) < 2:
        return "", name
    begin = len(words) - 1
    while begin > 1 and words[begin - 1] in _PARTICLES:
        begin -= 1
    return " ".join(words[begin:]), " ".join(words[:begin])


def _chinese_parts(name: str) -> tuple[str, str]:
    if "·" in name or "•" in name:
        return "", name
    bare = _TITLE.sub("", name) if len(name) > 1 else name
    name = bare or name
    size = 2 if name[:2] in _COMPOUND else 1
    return name[:size], name[size:]


@_add(
    TEXTUAL,
    "text",
    Text(
        "The family name: compound Chinese ones, Western order and `Smith, John`; nothing for names such as 买买提·艾力.",
        "姓：识别复姓、西文姓名顺序及 `Smith, John`；带间隔号的姓名没有姓。",
    ),
    Example("name | family_name", {"name": "欧阳娜娜"}, "欧阳"),
)
def family_name(value: Any) -> str | None:
    """The family name of a person."""
    return name_parts(value)[0] or None


@_add(
    TEXTUAL,
    "text",
    Text("The given name.", "名。"),
    Example("name | given_name", {"name": "Ludwig van Beethoven"}, "Ludwig"),
)
def given_name(value: Any) -> str | None:
    """The given name of a person."""
    return name_parts(value)[1] or None


def _mask_phone(text: str) -> str:
    return text[:-8] + "****" + text[-4:] if len(text) >= 7 else "*" * len(text)


def _mask_name(text: str) -> str:
    family, given = name_parts(text)
    if any("\u3400" <= char <= "\u9fff" for char in text):
        kept = family if family and given else family or text[:1]
        return kept + "*" * max(1, len(given) if family else len(text) - 1)
    return " ".join(each[0] + "*" * max(1, len(each) - 1) for each in text.split())


def _mask_mail(text: str) -> str:
    local, at, domain = text.rpartition("@")
    return f"{local[0]}***@{domain}" if at and local and domain else "***"


def _mask_id(text: str) -> str:
    return text[:6] + "*" * (len(text) - 10) + text[-4:] if len(text) in (15, 18) else "*" * len(text)


def _mask_bank(text: str) -> str:
    return "*" * (len(text) - 4) + text[-4:] if len(text) >= 10 else "*" * len(text)


def _mask_all(text: str) -> str:
    return "***"


_MASKS: dict[str, Callable[[str], str]] = {
    "phone": _mask_phone,
    "name": _mask_name,
    "mail": _mask_mail,
    "id": _mask_id,
    "bank": _mask_bank,
    "all": _mask_all,
}


@_add(
    TEXTUAL,
    "text",
    Text(
        "A value that a reader may see: 138****1234, 张*, l***@acme.example, 110101********1234, last 4 of an account; "
        "what does not look like its kind is hidden whole.",
        "脱敏：138****1234、张*、l***@acme.example、110101********1234、账号后 4 位；形式不符的全部隐去。",
    ),
    Example("tel | mask(phone)", {"tel": "13800138000"}, "138****8000"),
    word("kind", *_MASKS),
)
def mask(value: Any, kind: str) -> str | None:
    """A value with most of it hidden."""
    text = text_of(value, MAX_NAME)
    text = "".join(text.split()) if text and kind != "name" else (text or "").strip()
    if kind not in _MASKS:
        raise BadValueError("bad-argument", f"`{shown(kind)}` is no kind of mask ({', '.join(_MASKS)})", kind)
    return _MASKS[kind](text) if text else None

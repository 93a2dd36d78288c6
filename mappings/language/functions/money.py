"""Functions on amounts of money: as people write them, in Chinese capitals, percent, currencies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mappings.language.functions.given import text_of
from mappings.language.functions.numbers import rounded
from mappings.language.functions.registry import NUMERIC, TEXTUAL, Example, Function, Parameter, Topic, count, value
from mappings.language.values import BadValueError, div, mul, number, plain, shown
from tongmai.core.text import Text

TOPIC = Topic(Text("Money, percent, currencies", "金额、百分比、币种"))
_add = TOPIC.add
_SIGNS = r"(?:人民币|RMB|CNY|USD|EUR|HKD|JPY|GBP|US\$|HK\$|[¥$€£])"
_SCALES = {"": 0, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "K": 3, "M": 6}
_AMOUNT = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+])?{_SIGNS}?(?P<inner>[-+])?(?P<digits>[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]{{1,40}})"
    rf"(?P<after>\.[0-9]{{0,20}})?(?P<scale>百万|千万|万|亿|千|K|M)?(?:元|圆|块)?整?{_SIGNS}?(?P<close>\))?"
)
_DIGITS = {
    char: value_
    for value_, chars in enumerate(
        ("零〇", "壹一", "贰二两貳", "叁三參", "肆四", "伍五", "陆六陸", "柒七", "捌八", "玖九")
    )
    for char in chars
}
_TENS = {"拾": 10, "十": 10, "佰": 100, "百": 100, "仟": 1000, "千": 1000}
_CAPITALS = "零壹贰叁肆伍陆柒捌玖"
_PERCENT = re.compile(r"([-+]?[0-9]{1,40}(?:\.[0-9]{0,40})?)\s*([%‰])")
MAX_WRITTEN = 100
CURRENCIES = frozenset(
    [
        "AED",
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNH",
        "CNY",
        "COP",
        "CZK",
        "DKK",
        "EGP",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "JPY",
        "KES",
        "KRW",
        "KWD",
        "KZT",
        "LKR",
        "MAD",
        "MMK",
        "MNT",
        "MOP",
        "MXN",
        "MYR",
        "NGN",
        "NOK",
        "NZD",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "QAR",
        "RON",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "UAH",
        "USD",
        "VND",
        "ZAR",
        "BDT",
        "KHR",
        "LAK",
        "UZS",
        "ARS",
    ]
)
_CURRENCY_NAMES = {
    "RMB": "CNY", "¥": "CNY", "人民币": "CNY", "元": "CNY", "人民币元": "CNY", "CN¥": "CNY", "$": "USD", "US$": "USD", "美元": "USD",
    "美金": "USD", "€": "EUR", "欧元": "EUR", "£": "GBP", "英镑": "GBP", "HK$": "HKD", "港币": "HKD", "港元": "HKD", "日元": "JPY",
    "日圆": "JPY", "JP¥": "JPY", "台币": "TWD", "新台币": "TWD", "NT$": "TWD", "韩元": "KRW", "韩币": "KRW", "₩": "KRW",
    "新加坡元": "SGD", "新加坡币": "SGD", "S$": "SGD", "澳元": "AUD", "A$": "AUD", "加元": "CAD", "加拿大元": "CAD", "C$": "CAD",
    "瑞士法郎": "CHF", "瑞郎": "CHF", "卢布": "RUB", "₽": "RUB", "卢比": "INR", "₹": "INR", "泰铢": "THB", "฿": "THB", "越南盾": "VND",
    "₫": "VND", "澳门元": "MOP", "澳门币": "MOP", "林吉特": "MYR", "马来西亚林吉特": "MYR", "印尼盾": "IDR", "菲律宾比索": "PHP",
}  # fmt: skip


def _refused(value_: Any, what: str) -> BadValueError:
    return BadValueError("not-a-number", f"`{shown(value_)}` is not {what}", value_)


@_add(
    NUMERIC,
    "number",
    Text(
        "An amount as people write it: `¥1,234.50`, `1.2万`, `(500.00)`, `人民币壹佰元整`; the currency is left out.",
        "人工书写的金额：`¥1,234.50`、`1.2万`、`(500.00)`、`人民币壹佰元整`；币种略去。",
    ),
    Example("amount | money", {"amount": "人民币壹万贰仟元伍角整"}, "12000.5"),
)
def money(found: Any) -> Decimal | None:
    """An exact amount; a spelling that could mean two amounts is refused."""
    if found.__class__ is not str:
        return number(found)
    if len(found) > MAX_WRITTEN:
        raise _refused(found, "an amount of money")
    return _money(found)


@lru_cache(maxsize=8192)
def _money(found: str) -> Decimal | None:
    text = "".join(unicodedata.normalize("NFKC", found).replace("￥", "¥").split())
    if not text:
        return None
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return _capitals(text, found)
    part = match.groupdict()
    if bool(part["open"]) != bool(part["close"]) or sum(bool(part[each]) for each in ("open", "sign", "inner")) > 1:
        raise _refused(found, "an amount of money")
    exact = Decimal(part["digits"].replace(",", "") + (part["after"] or "")).scaleb(_SCALES[part["scale"] or ""])
    return -exact if part["open"] or "-" in (part["sign"], part["inner"]) else exact


def _capitals(text: str, found: str) -> Decimal:
    """An amount in Chinese numerals: units of ten within groups of 万 and 亿, then 角 and 分."""
    body = re.sub(r"^(?:人民币|RMB|CNY)", "", text)
    negative, body = body.startswith("负"), body.removeprefix("负")
    body = re.sub(r"[整正]$", "", body)
    match = re.fullmatch(r"(?:(.+?)[元圆圓])?(?:零?(.)角)?(?:零?(.)分)?", body) if body else None
    if match is None or not any(match.groups()):
        match = re.fullmatch(r"(.+)()()", body)
    if match is None:
        raise _refused(found, "an amount of money")
    yuan, jiao, fen = match.groups()
    cents = 10 * _digit(jiao, found) + _digit(fen, found)
    exact = Decimal((_integer(yuan, found) if yuan else 0) * 100 + cents).scaleb(-2)
    return -exact if negative else exact


def _digit(char: str | None, found: str) -> int:
    if not char:
        return 0
    if char not in _DIGITS:
        raise _refused(found, "an amount of money")
    return _DIGITS[char]


def _integer(text: str, found: str) -> int:
    """亿, then 万, then what is left; 三万五 is refused, for some mean 35000 by it."""
    for sign, factor in (("亿", 10**8), ("億", 10**8), ("万", 10**4), ("萬", 10**4)):
        if sign in text:
            before, _, after = text.rpartition(sign) if factor == 10**8 else text.partition(sign)
            big = _integer(before, found) if before else 0
            small = _integer(after, found) if after else 0
            if not big or small >= factor or (len(after) == 1 and small):
                raise _refused(found, "an amount of money")
            return big * factor + small
    return _group(text, found)


def _group(text: str, found: str) -> int:
    """A number below 10,000: each unit of ten is smaller than the one before."""
    result, digit, last, zero = 0, None, 10**5, False
    for char in text:
        if char in _DIGITS and not digit:
            digit = _DIGITS[char]
            zero = zero or digit == 0
        elif char in _TENS and _TENS[char] < last and (digit is not None or _TENS[char] == 10):
            last = _TENS[char]
            result, digit = result + (1 if digit is None else digit) * last, None
        else:
            raise _refused(found, "an amount of money")
    if digit and last in (100, 1000) and not zero:
        raise _refused(found, "an amount of money")
    return result + (digit or 0)


@_add(
    NUMERIC,
    "text",
    Text("An amount in Chinese capitals, as contracts and invoices need it.", "金额大写（合同、发票用）。"),
    Example("amount | money_capitals", {"amount": "10203.05"}, "壹万零贰佰零叁元零伍分"),
)
def money_capitals(found: Any) -> str | None:
    """An amount of at most 16 digits before the point and two after it, in capitals."""
    exact = number(found)
    if exact is None:
        return None
    cents = exact * 100
    if cents != cents.to_integral_value() or abs(exact) >= 10**16:
        raise BadValueError(
            "not-a-number",
            f"`{shown(plain(exact))}` has parts of a cent, or more than 16 digits before the point",
            exact,
        )
    yuan, rest = divmod(abs(int(cents)), 100)
    jiao, fen = divmod(rest, 10)
    whole_ = _in_capitals(yuan) + "元" if yuan else ""
    tail = _CAPITALS[jiao] + "角" if jiao else ("零" if fen and yuan else "")
    tail += _CAPITALS[fen] + "分" if fen else "整"
    return ("负" if exact < 0 and cents else "") + (whole_ or ("零元" if not rest else "")) + tail


def _in_capitals(count_: int) -> str:
    groups, words = ["", "万", "亿", "万亿"], ""
    for index in range(3, -1, -1):
        group = count_ // 10 ** (4 * index) % 10**4
        if not group:
            continue
        higher = count_ // 10 ** (4 * index + 4)
        gap = bool(words) and (group < 1000 or higher % 10**4 == 0)
        name = groups[index]
        if index == 3 and count_ // 10**8 % 10**4:
            name = "万"  # 万亿 is said once: 壹万贰仟亿
        words += ("零" if gap else "") + _four(group) + name
    return words


def _four(group: int) -> str:
    words, zero = "", False
    for size, sign in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
        digit = group // size % 10
        if digit:
            words += ("零" if zero and words else "") + _CAPITALS[digit] + sign
        zero = not digit
    return words


@_add(
    TEXTUAL,
    "number",
    Text(
        "`12.5%` as 0.125, `3‰` as 0.003; a number without the sign is refused.",
        "`12.5%` 转为 0.125，`3‰` 转为 0.003；没有百分号的数值不接受。",
    ),
    Example("rate | percent", {"rate": "12.5%"}, "0.125"),
)
def percent(found: Any) -> Decimal | None:
    """A share written with its sign."""
    text = text_of(found, MAX_WRITTEN)
    if text is None or not text.strip():
        return None
    match = _PERCENT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if match is None:
        raise _refused(found, "a number with %")
    return Decimal(match[1]).scaleb(-2 if match[2] == "%" else -3)


@_add(
    NUMERIC,
    "text",
    Text("0.125 as `12.5%`, rounded half up if digits are named.", "0.125 转为 `12.5%`，写位数则四舍五入。"),
    Example("rate | to_percent(1)", {"rate": "0.12345"}, "12.3%"),
    count("digits", required=False),
)
def to_percent(found: Any, digits: Any = None) -> str | None:
    """A share as percent."""
    exact = mul(found, 100)
    if exact is None:
        return None
    shown_ = exact if digits is None else rounded(exact, digits, "half_up")
    return None if shown_ is None else plain(shown_) + "%"


@_add(
    TEXTUAL,
    "text",
    Text(
        "The ISO 4217 code of a currency: RMB, ¥, 人民币 → CNY; an unknown one is a bad value.",
        "币种的 ISO 4217 代码：RMB、¥、人民币 → CNY；不认识的为坏值。",
    ),
    Example("cur | currency", {"cur": "人民币"}, "CNY"),
)
def currency(found: Any) -> str | None:
    """A currency's code."""
    text = text_of(found, MAX_WRITTEN)
    word_ = unicodedata.normalize("NFKC", text).replace("￥", "¥").strip() if text else ""
    if not word_:
        return None
    code = word_.upper()
    if code in CURRENCIES:
        return code
    if code not in _CURRENCY_NAMES:
        raise BadValueError(
            "unknown-currency", f"`{shown(word_)}` is no currency known here (as CNY, RMB, ¥, 人民币)", found
        )
    return _CURRENCY_NAMES[code]


def exchanged(found: Any, one: Any, two: Any, rates: Mapping[str, str], name: str) -> Decimal | None:
    """An amount of one currency in another, by a table that says how much of its base one of each is worth."""
    exact, source, target = number(found), currency(one), currency(two)
    if exact is None or source is None or target is None:
        return None
    for code in (source, target):
        if code not in rates:
            known = ", ".join(sorted(rates))
            raise BadValueError(
                "unknown-currency", f"`{name}` in terms.yaml has no rate of {code} (there are: {known})", code
            )
    return exact if source == target else div(mul(exact, rates[source]), rates[target])


TOPIC(
    Function(
        "exchange",
        (value("from", *TEXTUAL), value("to", *TEXTUAL), Parameter("rates", "word")),
        NUMERIC,
        "number",
        Text(
            "An amount of one currency in another, by `rates` in the system's terms.yaml (worth of one unit in `base`); not rounded.",
            "按本系统 terms.yaml 中的 `rates`（一单位折合 `base` 多少）换算币种；不舍入。",
        ),
        Example('amount | exchange(cur, "CNY", group_rates)', {"amount": "100", "cur": "USD"}, "712.5"),
    )
)

"""Codes with right check characters (GB 32100-2015, GB 11714), and the ways in which people mistype them."""

from __future__ import annotations

from bench.matching.chance import Draw

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_USCC_WEIGHTS = [pow(3, at, 31) for at in range(17)]
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORG_VALUE = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_CONFUSED = {
    "0": "O",
    "1": "I",
    "2": "Z",
    "5": "S",
    "8": "B",
    "B": "8",
    "6": "G",
    "G": "6",
    "U": "V",
    "D": "O",
    "M": "N",
}


def organisation_code(body: str) -> str:
    """Eight characters and their check character."""
    check = 11 - sum(_ORG_VALUE[letter] * weight for letter, weight in zip(body, _ORG_WEIGHTS, strict=True)) % 11
    return body + ("X" if check == 10 else "0" if check == 11 else str(check))


def credit_code(kind: str, division: str, body: str) -> str:
    """A unified social credit code: `kind` is department and category (91 a company), `division` 6 digits (GB 2260)."""
    head = kind + division + organisation_code(body)
    total = sum(_VALUE[letter] * weight for letter, weight in zip(head, _USCC_WEIGHTS, strict=True))
    return head + ALPHABET[(31 - total % 31) % 31]


def draw_code(chance: Draw, kind: str, division: str) -> str:
    """A new code: since 2015 the body begins with MA (now MAC, MAD …), before that it was digits."""
    if chance.happens(0.55):
        body = "MA" + "".join(ALPHABET[chance.below(31)] for _ in range(6))
    else:
        body = chance.one("1235677") + chance.digits(7)
    return credit_code(kind, division, body)


def mistyped(chance: Draw, code: str) -> str:
    """One or two characters wrong, swapped, left out, doubled, or taken for a letter that looks alike."""
    for _ in range(2 if chance.happens(0.25) else 1):
        at = chance.below(len(code) - 1)
        kind = chance.next()
        if kind < 0.30:
            code = code[:at] + chance.one(ALPHABET) + code[at + 1 :]
        elif kind < 0.55:
            code = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        elif kind < 0.63:
            code = code[:at] + code[at + 1 :]
        elif kind < 0.70:
            code = code[:at] + code[at] + code[at:]
        else:
            places = [place for place, letter in enumerate(code) if letter in _CONFUSED]
            at = chance.one(places or [at])
            code = code[:at] + _CONFUSED.get(code[at], "0") + code[at + 1 :]
    return code

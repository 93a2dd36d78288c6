"""What somebody types, as sets of tokens: of each set all must be there. Sets that tolerate a slip are asked last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from masterdata.normal.phones import number
from masterdata.normal.script import folded, han
from masterdata.search.entry import plain, plain_code, plain_company, syllables
from masterdata.search.token import CODE_ENDS, CODE_STARTS, INITIALS, STARTS, pairs, sounds

LONGEST = 100
MOST_WAYS = 4
SLIPS = 8
"""A slip is looked for in as many characters."""
_LETTERS = re.compile(r"[a-z]+")
_CODE = re.compile(r"[0-9@]")


@dataclass(frozen=True)
class Query:
    """``first``: sets that fit exactly or best, ``then``: parts and sounds, ``slips``: with one character wrong."""

    text: str
    brand: str
    words: tuple[str, ...]
    code: str
    digits: str
    heard: tuple[tuple[str, ...], ...]
    letters: str
    first: tuple[frozenset[str], ...]
    then: tuple[frozenset[str], ...]
    slips: tuple[frozenset[str], ...]


def query(written: str) -> Query:
    """A query; one without a letter or digit asks for nothing."""
    written = written[:LONGEST]
    text, brand = plain_company(written)
    words = tuple(word for each in folded(written).split() if (word := plain(each)))
    code = plain_code(written) if _CODE.search(written) else ""
    digits = "".join(filter(str.isdigit, number(written) or written)) if not han(written) else ""
    letters = text if _LETTERS.fullmatch(text) else ""
    heard = (tuple(syllables(text, brand)),) if han(text) else tuple(_read(letters)) if letters else ()
    first, then, slips = list(_exact(text, code, digits)), list(_parts(text, words)), list[frozenset[str]]()
    then += [frozenset(sounds(list(way)) if len(way) > 1 else {f"y{way[0]}"}) for way in heard if way]
    if len(letters) in INITIALS or len(letters) > INITIALS[-1]:
        then.append(frozenset({f"i{letters[: INITIALS[-1]]}"}))
    slips += _slipped(text)
    slips += _slipped_code(code)
    if brand != text and len(brand) > 1:
        slips.append(frozenset({f"={brand}"}))
    return Query(text, brand, words, code, digits, heard, letters, _only(first), _only(then), _only(slips))


def _only(sets: list[frozenset[str]]) -> tuple[frozenset[str], ...]:
    return tuple(each for each in dict.fromkeys(sets) if each)


def _exact(text: str, code: str, digits: str) -> Iterator[frozenset[str]]:
    if text:
        yield frozenset({f"={text}"})
    if code:
        yield frozenset({f"c={code}"})
        if CODE_STARTS[0] <= len(code) < 18:  # the longest start alone: a shorter one fits what begins otherwise too
            yield frozenset({f"c^{code[: max(size for size in CODE_STARTS if size <= len(code))]}"})
    if len(digits) >= 7:
        yield frozenset({f"n={digits}"})
        yield frozenset({f"n${digits[-7:]}"})
    elif len(digits) >= 4:
        yield frozenset({f"n${digits[-4:]}"})
    if len(code) >= CODE_ENDS[0]:
        yield frozenset({f"c${code[-max(size for size in CODE_ENDS if size <= len(code)) :]}"})
    if text:
        yield frozenset({f"^{text[:STARTS]}", *pairs(text)})


def _parts(text: str, words: tuple[str, ...]) -> Iterator[frozenset[str]]:
    yield frozenset(pairs(text))
    if len(words) > 1:
        yield frozenset(pair for word in words for pair in pairs(word))


def _read(letters: str) -> Iterator[tuple[str, ...]]:
    """The ways to read letters, with and without the last syllable: of ``she`` there may be more to come."""
    for way in _ways(letters):
        yield way
        if len(way) > 1:
            yield way[:-1]


def _ways(letters: str) -> Iterator[tuple[str, ...]]:
    """The ways to read letters as syllables, the longest first; the last may be only begun and is left out then."""
    known = _syllables()
    steps: list[list[int]] = []
    ends = {at for at in range(1, len(letters) + 1) if at == len(letters) or _begins(letters[at:])}
    for at in reversed(
        range(len(letters))
    ):  # only from where the end can be reached: letters of no language take no time
        found = [at + size for size in range(1, 7) if letters[at : at + size] in known]
        steps.insert(0, [end for end in found if end in ends])
        if steps[0]:
            ends.add(at)
    left: list[tuple[int, tuple[str, ...]]] = [(0, ())]
    done = 0
    while left and done < MOST_WAYS:
        at, way = left.pop()
        further = steps[at] if at < len(letters) else []
        if not further and way:
            done += 1
            yield way
        left += [(end, (*way, letters[at:end])) for end in further]


@cache
def _syllables() -> frozenset[str]:
    from pypinyin.constants import PINYIN_DICT

    from masterdata.normal.script import sound

    found = {sound(chr(each)) for each in PINYIN_DICT if 0x4E00 <= each <= 0x9FFF}
    return frozenset(each for each in found if each.isascii() and len(each) > 1) | {"a", "e", "o"}


@lru_cache(maxsize=4096)
def _begins(rest: str) -> bool:
    return any(each.startswith(rest) for each in _syllables())


def _slipped(text: str) -> Iterator[frozenset[str]]:
    """One character wrong, missing, too many, or two swapped; the tokens with one character between make up for it."""
    text = text[:SLIPS]
    if len(text) < 3:
        return
    for at in range(len(text)):
        before, after = text[:at], text[at + 1 :]
        own = {*pairs(before), *pairs(after)}
        if text.isascii():  # letters have no tokens with one between: what stands around the slip must do
            own = {*pairs(before), *pairs(text[at + 2 :])}
            if len(own) > 2:
                yield frozenset(own)
            elif at:  # a short word: what is missing here, or wrong just here, leaves more of it
                yield from _enough(({*pairs(before), *pairs(text[at:])}, {*pairs(before), *pairs(after)}))
            continue
        if at and after:
            yield frozenset({*own, f"s{before[-1]}{after[0]}"})  # another character stands there
            yield frozenset({*own, f"g{before[-1]}{after[0]}"})  # none stands there
        elif own:
            yield frozenset(own)
        if at:
            rest = text[at:]
            yield frozenset({*pairs(before), *pairs(rest), f"s{before[-1]}{rest[0]}"})  # one is missing here
            yield frozenset(pairs(text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]))


def _enough(sets: Iterable[set[str]]) -> Iterator[frozenset[str]]:
    """Fewer than three pairs of letters fit too many names."""
    return (frozenset(each) for each in sets if len(each) > 2)


def _slipped_code(code: str) -> Iterator[frozenset[str]]:
    """A slip is in the first or in the second half: the other one finds it."""
    if len(code) >= 9:
        start, end = max(size for size in CODE_STARTS if size <= len(code)), CODE_ENDS[-1]
        yield frozenset({f"c^{code[:start]}"})
        yield frozenset({f"c${code[-end:]}"})

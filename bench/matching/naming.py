"""How a company's name gets typed into a system."""

from __future__ import annotations

from collections.abc import Callable

from bench.matching.chance import Draw
from bench.matching.company import Company
from bench.matching.family import short_name
from bench.matching.letters import homophones, look_alikes, spelled, traditional, wide
from bench.matching.noise import Habit, Noise
from bench.matching.words import DEPARTMENTS, JOBS, NOTES

_BRACKETS = (("（", "）"), ("（", "）"), ("(", ")"), ("[", "]"), ("【", "】"), ("〔", "〕"), (" ", " "))


def typed_name(chance: Draw, made: Company, habit: Habit, noise: Noise) -> tuple[str, bool]:
    """The name as a record has it, and whether it is a short one."""
    kind, loose = chance.next(), noise.loose
    if kind < habit.short * loose:
        text, short = _short(chance, made), True
    elif (kind := kind - habit.short * loose) < habit.variant * loose:
        text, short = _variant(chance, made), False
    elif (kind := kind - habit.variant * loose) < habit.former * loose:
        text, short = made.former or made.name, False
    elif (kind := kind - habit.former * loose) < habit.foreign * loose:
        return _foreign(chance, made), True
    else:
        text, short = made.name, False
    return soiled(chance, text, made, noise), short


def _short(chance: Draw, made: Company) -> str:
    """Nearly always the company's own short name; now and then one made up on the spot."""
    if chance.happens(0.72):
        return made.short
    if made.parent and made.branch:
        name = short_name(chance, made.parent)
        return chance.one(
            (f"{name}{made.branch}分公司", f"{name}({made.branch})", f"{made.parent.short}{made.branch}分公司")
        )
    return short_name(chance, made)


def _variant(chance: Draw, made: Company) -> str:
    """Another form, no form, no place, the place added, in brackets or longer."""
    name, kind = made.name, chance.next()
    tail = f"{made.branch}分公司" if made.branch and made.parent else ""
    stem = name.removesuffix(tail) if tail else name
    bare = stem.removesuffix(made.form)
    if kind < 0.30:
        return bare + chance.one(("公司", "有限责任公司", "有限公司", "股份有限公司", "", "有限公")) + tail
    if kind < 0.45:
        return bare + tail
    if tail:
        return stem + chance.one(("(" + tail + ")", "-" + tail, made.branch + "分部", made.branch + "分司"))
    if kind < 0.65:
        return name.removeprefix(made.place).replace(f"({made.place.removesuffix('市')})", "")
    if kind < 0.80:
        plain = name.removeprefix(made.place)
        return (
            f"{made.city.province_short}{made.city.name}{plain}" if chance.happens(0.4) else f"{made.city.name}{plain}"
        )
    return f"{made.brand}({made.city.short}){made.trade}{made.form}"


def _foreign(chance: Draw, made: Company) -> str:
    if chance.happens(0.5):
        return made.english.upper() if chance.happens(0.3) else made.english
    sounds = spelled(made.short)
    return "".join(sounds) if chance.happens(0.5) else " ".join(sound.capitalize() for sound in sounds)


def soiled(chance: Draw, text: str, made: Company, noise: Noise) -> str:
    """Slips of hand, eye and input method; notes of colleagues."""
    happens = chance.happens
    if happens(noise.homophone):
        text = _replaced(chance, text, made, homophones)
    if happens(noise.look_alike):
        text = _replaced(chance, text, made, look_alikes)
    if happens(noise.slip) and len(text) > 5:
        at = chance.below(len(text) - 1)
        text = chance.one((text[:at] + text[at + 1 :], text[:at] + text[at + 1] + text[at] + text[at + 2 :], text[:at] + text[at:at + 1] + text[at:]))  # fmt: skip
    if happens(noise.group):
        text = text.replace("集团", "") if "集团" in text else _with_group(text, made)
    if "(" in text and happens(noise.brackets):
        left, right = chance.one(_BRACKETS)
        text = text.replace("(", left).replace(")", right)
    if happens(noise.traditional):
        text = traditional(text)
    if happens(noise.note):
        text = _noted(chance, text, made)
    if happens(noise.spaces):
        at = chance.below(len(text))
        text = chance.one((f" {text}", f"{text} ", f"{text[:at]} {text[at:]}", f"{text}　"))
    if happens(noise.width):
        text = wide(text)
    return text


def _replaced(chance: Draw, text: str, made: Company, others: Callable[[str], str]) -> str:
    """One character of the brand, else of the rest, for one like it."""
    places = [at for at, letter in enumerate(text) if letter in made.brand and others(letter)]
    places = places if places and chance.happens(0.75) else [at for at, letter in enumerate(text) if others(letter)]
    if not places:
        return text
    at = chance.one(places)
    return text[:at] + chance.one(others(text[at])) + text[at + 1 :]


def _with_group(text: str, made: Company) -> str:
    if made.form in text and "有限公司" in made.form:
        return text.replace(made.form, f"(集团){made.form}")
    return f"{text}集团"


def _noted(chance: Draw, text: str, made: Company) -> str:
    kind = chance.next()
    person = chance.one(made.people).name
    if kind < 0.45:
        note = chance.one(NOTES)
    elif kind < 0.62:
        note = chance.one(DEPARTMENTS)
    elif kind < 0.85:
        note = person[0] + chance.one(JOBS) if chance.happens(0.5) else person
    else:
        note = chance.one(DEPARTMENTS) + person
    if kind < 0.3 and chance.happens(0.35):
        return f"【{note}】{text}" if chance.happens(0.5) else f"{note}-{text}"
    return chance.one((f"{text}({note})", f"{text}（{note}）", f"{text}-{note}", f"{text} {note}", f"{text}{note}", f"{text}/{note}"))  # fmt: skip

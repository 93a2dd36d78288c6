"""How alike two names of a field are: words, synonyms of vendors and users, Chinese labels, pinyin and its initials."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

from mappings.language.functions.chinese import pinyin, simplified
from tongmai.core import yamlfile
from tongmai.core.text import Text

SYNONYMS = Path(__file__).with_name("synonyms.yaml")
_CUSTOM = re.compile(r"__[crp]$|^F_|^field_|^custom_|^udf_|^ext_", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[\u4e00-\u9fff]+")
_UNIT = re.compile(r"[（(\[【].*?[）)\]】]|[（(].*$")
_FILLERS = frozenset({"the", "of", "value", "info", "field", "f", "str", "txt"})


def words(name: str) -> tuple[str, ...]:
    """``FCustomerName__c`` → customer, name; ``客户名称（中文）`` → 客户名称."""
    plain = _UNIT.sub("", _CUSTOM.sub("", name.strip())) or name
    if re.match(r"F[A-Z]", plain):  # Kingdee puts an F before every name
        plain = plain[1:]
    found = tuple(part.lower() for part in _WORD.findall(simplified(plain) or plain))
    return tuple(part for part in found if part not in _FILLERS) or found


@lru_cache(maxsize=1)
def synonyms() -> dict[str, frozenset[str]]:
    """Canonical field name → the names that it goes by, squeezed."""
    return {name: frozenset(squeezed(each) for each in (name, *others)) for name, others in _written().items()}


def squeezed(name: str) -> str:
    """A name without case, separators and affixes."""
    return "".join(words(name))


@lru_cache(maxsize=4096)
def _spelt(text: str, style: str) -> str:
    return re.sub(r"\W", "", pinyin(text, style) or "").lower()


def likeness(name: str, label: str, field: str, labels: tuple[str, str]) -> tuple[float, Text | None]:
    """How alike a source field (name and label) and a canonical field (name, labels zh and en) are, 0 to 1, and why."""
    best: float = 0.0
    why: Text | None = None
    for said, en, zh in ((name, "its name", "名称"), (label, "its label", "标签")):
        if not said:
            continue
        score, reason = _alike(said, field, labels)
        if score > best and reason is not None:
            best, why = score, Text(f"{en} {reason.en}", f"{zh}{reason.zh}")
    return best, why


def _alike(said: str, field: str, labels: tuple[str, str]) -> tuple[float, Text | None]:
    short = squeezed(said)
    if not short:
        return 0.0, None
    zh, en = labels
    if short in {squeezed(field), squeezed(zh), squeezed(en)}:
        return 1.0, Text("is the same", "相同")
    if short in synonyms().get(field, frozenset()):
        return 0.95, Text("is a known synonym", "为已知同义词")
    if re.fullmatch(r"[a-z]{2,40}", short) and zh:
        if short == _spelt(zh, "words"):
            return 0.9, Text("is its pinyin", "为拼音")
        if len(short) > 2 and short == _spelt(zh, "initials"):
            return 0.75, Text("is its pinyin initials", "为拼音首字母")
    scores = [_overlap(words(said), words(other)) for other in (field, en)]
    scores += [_overlap(words(said), words(other)) * 0.95 for other in _written().get(field, ())]
    if re.search(r"[\u4e00-\u9fff]", said):
        near = [zh, *(other for other in synonyms().get(field, ()) if re.search(r"[\u4e00-\u9fff]", other))]
        scores += [SequenceMatcher(None, short, squeezed(other)).ratio() * 0.9 for other in near if other]
    return max(scores), Text("is alike", "相近")


@lru_cache(maxsize=1)
def _written() -> dict[str, list[str]]:
    data: dict[str, list[str]] = yamlfile.load(SYNONYMS)[0].data
    return data


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Shared words of all words; the last word of a name says most."""
    if not one or not other:
        return 0.0
    shared = set(one) & set(other)
    if not shared:
        return 0.0
    share = len(shared) / len(set(one) | set(other))
    return min(0.9, share * 0.8 + (0.1 if one[-1] == other[-1] else 0.0))

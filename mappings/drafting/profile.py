"""What is known of a source's fields: their paths, types, labels and values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from mappings.language.cleaning import email, phone, uscc
from mappings.language.dates import FormatError, pattern

DEEPEST = 4
_FORMATS = ("YYYY-MM-DD", "YYYY/MM/DD", "YYYY/M/D", "YYYYMMDD", "YYYY年M月D日", "YYYY.MM.DD", "M/D/YYYY", "DD.MM.YYYY")
_TIME = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MONEY = re.compile(r"[¥￥$€]?\s*-?\d{1,3}(,\d{3})+(\.\d+)?|[¥￥$€]\s*-?\d+(\.\d+)?|-?\d+(\.\d+)?\s*[万亿]?元")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_TRUTH = {"是", "否", "有", "无", "y", "n", "yes", "no", "true", "false", "启用", "停用"}
_MS = range(946_684_800_000, 4_102_444_800_000)
_SECONDS = range(946_684_800, 4_102_444_800)


@dataclass
class SourceField:
    """One field of a source. ``path``: how an expression names it. ``inside``: the list it is a field of, empty for the
    record's own. ``kind``: what its values look like (see ``kind_of``). ``form``: the date format seen."""

    path: str
    name: str
    inside: str = ""
    label: str = ""
    declared: str = ""
    values: list[Any] = field(default_factory=list)
    kind: str = ""
    form: str = ""
    filled: float = 0.0

    @property
    def samples(self) -> list[str]:
        """Up to three different values, short."""
        seen = dict.fromkeys(str(value)[:40] for value in self.values if value not in (None, ""))
        return list(seen)[:3]


def profile(
    records: Iterable[Mapping[str, Any]], declared: Mapping[str, str] | None = None, *, part: bool = False
) -> list[SourceField]:
    """The fields of a source by its records and, where it says so, its declared types (a label behind `|`).

    ``part``: they are parts of records, each with the record it is of under ``head``.
    """
    fields: dict[tuple[str, str], SourceField] = {}
    count = 0
    for record in records:
        count += 1
        if part:
            _walk(record.get("head"), "head", "", fields, 0)
            record = {name: value for name, value in record.items() if name != "head"}
        _walk(record, "", "", fields, 0)
    for name, kind in (declared or {}).items():
        type_, _, label = kind.partition("|")
        found = fields.setdefault(("", spelled("", name)), SourceField(spelled("", name), name))
        found.declared, found.label = type_, label
    for each in fields.values():
        values = [value for value in each.values if value not in (None, "", [], {})]
        each.filled = min(1.0, len(values) / count) if count and not each.inside else float(bool(values))
        each.kind, each.form = kind_of(values) if values else (each.declared, "")
    return list(fields.values())


def _walk(value: Any, path: str, inside: str, fields: dict[tuple[str, str], SourceField], depth: int) -> None:
    if not isinstance(value, Mapping) or depth > DEEPEST:
        return
    for name, member in value.items():
        step = spelled(path, str(name))
        if isinstance(member, Mapping):
            _walk(member, step, inside, fields, depth + 1)
            continue
        rows = [row for row in member if isinstance(row, Mapping)] if isinstance(member, list) else []
        if rows and not inside:
            fields.setdefault((inside, step), SourceField(step, str(name), inside)).values.append("lines")
            for row in rows:
                _walk(row, "", step, fields, depth + 1)
            continue
        found = fields.setdefault((inside, step), SourceField(step, str(name), inside))
        if len(found.values) < 500:
            found.values.append(member)


def spelled(path: str, name: str) -> str:
    """``path.name``, or how a name that is no plain word is written."""
    plain = re.fullmatch(r"[^\W\d]\w*", name) is not None and name not in _RESERVED
    if not path:
        return name if plain else f'field("{name}")'
    return f"{path}.{name}" if plain else f'{path}["{name}"]'


_RESERVED = frozenset(
    {
        "from",
        "class",
        "in",
        "is",
        "not",
        "and",
        "or",
        "if",
        "else",
        "for",
        "def",
        "head",
        "var",
        "true",
        "false",
        "none",
        "null",
    }
)


def kind_of(values: list[Any]) -> tuple[str, str]:
    """What values look like: lines, list, boolean, integer, decimal, money, date, datetime, epoch_ms, epoch_s, phone, email,
    uscc, url, code (few short values) or text; and the date format."""
    if any(value == "lines" for value in values):
        return "lines", ""
    if all(isinstance(value, list) for value in values):
        return "list", ""
    if all(isinstance(value, bool) for value in values):
        return "boolean", ""
    numbers = [value for value in values if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        return _number_kind(numbers), ""
    texts = [str(value).strip() for value in values]
    return _text_kind(texts)


def _number_kind(numbers: list[Any]) -> str:
    if all(isinstance(value, int) for value in numbers):
        if all(value in _MS for value in numbers):
            return "epoch_ms"
        if all(value in _SECONDS for value in numbers):
            return "epoch_s"
        return "integer"
    return "decimal"


def _text_kind(texts: list[str]) -> tuple[str, str]:
    share = len(texts) * 0.9
    for form in _FORMATS:
        if sum(_fits(text, form) for text in texts) >= share:
            return "date", form
    for kind, test in _TESTS:
        if sum(test(text) for text in texts) >= share:
            return kind, ""
    different = len(set(texts))
    if max(map(len, texts)) <= 20 and len(texts) >= 5 and different <= max(6, len(texts) // 4):
        return "code", ""
    return "text", ""


def _fits(text: str, form: str) -> bool:
    try:
        return pattern(form, times=False).fullmatch(text) is not None
    except FormatError:
        return False


def _right(clean: Any) -> Any:
    return lambda text: clean(text, []) is not None


_TESTS = (
    ("datetime", lambda text: _TIME.fullmatch(text) is not None),
    ("uscc", _right(uscc)),
    ("email", lambda text: "@" in text and _right(email)(text)),
    ("url", lambda text: _URL.fullmatch(text) is not None),
    ("phone", lambda text: len(re.sub(r"\D", "", text)) >= 8 and _right(phone)(text) and not _decimal_like(text)),
    ("boolean", lambda text: text.lower() in _TRUTH),
    ("money", lambda text: _MONEY.fullmatch(text) is not None),
    ("integer", lambda text: _NUMBER.fullmatch(text) is not None and "." not in text and text[:1] != "0"),
    ("decimal", lambda text: _NUMBER.fullmatch(text) is not None and not re.match(r"-?0\d", text)),
)


def _decimal_like(text: str) -> bool:
    return "." in text and _NUMBER.fullmatch(text) is not None

"""How right golden records are: a field counts when it says what the truth says, however it is written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from bench.matching.measure import Assignment, Truth

FIELDS = (
    "name", "uscc", "contact", "phone", "mobile", "email", "province", "city", "address", "legal_person", "website", "industry",
)  # fmt: skip
# The mean is over these: of the others most companies have no record that holds them.
MEAN = ("name", "uscc", "contact", "phone", "mobile", "province", "city", "address", "website")


def accuracy(golden: Mapping[str, Mapping[str, str]], found: Assignment, truth: Truth) -> dict[str, float]:
    """Share of companies whose field is right, by field, and the mean.

    A company's golden record is that of the cluster holding most of its records (ties: the smaller id). What the truth
    does not have (no website) is right when it is empty.
    """
    held: dict[str, Counter[str]] = defaultdict(Counter)
    for record, entity in truth.entity.items():
        if record in found:
            held[entity][found[record]] += 1
    cluster = {entity: min(counts, key=lambda c: (-counts[c], c)) for entity, counts in held.items()}
    present = set(truth.entity.values())
    rights: Counter[str] = Counter()
    for entity in present:
        given = golden.get(cluster.get(entity, ""), {})
        for field in FIELDS:
            rights[field] += same(field, given.get(field, ""), truth.golden[entity][field])
    return _shares(rights, len(present))


def possible(records: Iterable[Mapping[str, str]], truth: Truth) -> dict[str, float]:
    """The most that picking one record's value can reach on perfect clusters."""
    seen: dict[str, set[str]] = defaultdict(set)
    present = set(truth.entity.values())
    for row in records:
        entity = truth.entity[row["id"]]
        known = truth.golden[entity]
        seen[entity].update(field for field in FIELDS if same(field, row.get(field) or "", known[field]))
    rights = Counter(field for fields in seen.values() for field in fields)
    for field in FIELDS:
        rights[field] += sum(not truth.golden[entity][field] and field not in seen[entity] for entity in present)
    return _shares(rights, len(present))


def same(field: str, one: str, other: str) -> bool:
    return _PLAIN.get(field, _text)(one) == _PLAIN.get(field, _text)(other)


def _shares(rights: Counter[str], count: int) -> dict[str, float]:
    shares = {field: rights[field] / max(count, 1) for field in FIELDS}
    return {**shares, "mean": sum(shares[field] for field in MEAN) / len(MEAN)}


def _text(value: str) -> str:
    """Width, spaces and capitals say nothing."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", value or "")).casefold()


def _phone(value: str) -> str:
    """Digits, without the country's and the trunk's."""
    digits = re.sub(r"\D", "", _text(value))
    digits = digits[2:] if digits.startswith("86") and len(digits) > 10 else digits
    return digits.removeprefix("0")


def _website(value: str) -> str:
    return re.sub(r"^(https?://)?(www\.)?", "", _text(value)).rstrip("/")


def _place(value: str) -> str:
    return re.sub(r"(?<=..)(省|市|(回族|壮族|维吾尔)?自治区)$", "", _text(value))


_PLAIN: dict[str, Callable[[str], str]] = {
    "phone": _phone, "mobile": _phone, "website": _website, "province": _place, "city": _place,
    "uscc": lambda value: re.sub(r"\W", "", _text(value)),
}  # fmt: skip

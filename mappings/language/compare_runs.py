"""Two versions of a mapping over the same records: what changes, counted by field and by reason, with examples.

Memory is bounded: of every field and reason a few examples are kept, whatever the number of records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as part
from typing import Any, Literal

from mappings.language.changes import ABSENT, Change, Fate, changes, fate, flat, whole_field
from mappings.language.types import Issue, Mapped

Kind = Literal["failing", "accepted", "filtered", "let-in", "noted", "cleared"]
Private = Callable[[], frozenset[str]]
EXAMPLES = 3
_MOST_KINDS = 100


@dataclass(frozen=True, slots=True)
class Record:
    """What is compared: a record's key, and its title for people as far as it has one."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Example:
    """One record in which a field changes. ``private``: texts of the record that are a person's data."""

    record: Record
    change: Change
    private: frozenset[str] = frozenset()


@dataclass(slots=True)
class FieldChanges:
    """All changes of one field: in how many records, in how many of them it gets a value or loses it.

    ``kinds``: the first of each kind of change (from this value to that), and how many records have it.
    """

    field: str
    records: int = 0
    gained: int = 0
    lost: int = 0
    kinds: dict[int, tuple[Example, int]] = part(default_factory=dict)

    def examples(self) -> list[tuple[Example, int]]:
        """The most frequent kinds, each by an example and how many records are like it."""
        return sorted(self.kinds.values(), key=lambda one: -one[1])[:EXAMPLES]

    def add(self, record: Record, change: Change, private: Private) -> None:
        """Count one record's change."""
        self.records += 1
        self.gained += _empty(change.old)
        self.lost += _empty(change.new)
        kind = hash((repr(change.old), repr(change.new)))
        known = self.kinds.get(kind)
        if known is not None:
            self.kinds[kind] = (known[0], known[1] + 1)
        elif len(self.kinds) < _MOST_KINDS:
            self.kinds[kind] = (Example(record, change, private()), 1)


@dataclass(frozen=True, slots=True)
class Case:
    """One record with the issue that explains what becomes of it."""

    record: Record
    issue: Issue | None
    private: frozenset[str] = frozenset()


@dataclass(slots=True)
class Shift:
    """Records that something else becomes of, for one reason. ``field`` and ``code`` are empty where there is none."""

    kind: Kind
    field: str
    code: str
    records: int = 0
    examples: list[Case] = part(default_factory=list)


@dataclass(slots=True)
class Totals:
    """Every record stands in just one of these: ``read`` is their sum."""

    same: int = 0
    changed: int = 0
    failing: int = 0
    accepted: int = 0
    filtered: int = 0
    let_in: int = 0
    still_failing: int = 0
    still_filtered: int = 0
    unreadable: int = 0

    @property
    def read(self) -> int:
        """All records."""
        return sum(getattr(self, name) for name in self.__slots__)

    @property
    def moved(self) -> int:
        """Records of which something else becomes."""
        return self.changed + self.failing + self.accepted + self.filtered + self.let_in


_TERMS: dict[tuple[Fate, Fate], str] = {
    ("mapped", "failed"): "failing",
    ("filtered", "failed"): "failing",
    ("failed", "mapped"): "accepted",
    ("filtered", "mapped"): "let_in",
    ("mapped", "filtered"): "filtered",
    ("failed", "filtered"): "filtered",
    ("failed", "failed"): "still_failing",
    ("filtered", "filtered"): "still_filtered",
}
_KINDS: dict[str, Kind] = {"failing": "failing", "accepted": "accepted", "filtered": "filtered", "let_in": "let-in"}


@dataclass
class Comparison:
    """Adds up records. ``titles``: fields that may name a record for people, best first."""

    titles: Sequence[str] = ()
    totals: Totals = part(default_factory=Totals)
    fields: dict[str, FieldChanges] = part(default_factory=dict)
    shifts: dict[tuple[Kind, str, str], Shift] = part(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether anything is different, be it a finding."""
        return bool(self.totals.moved or self.shifts)

    def unreadable(self) -> None:
        """A record that cannot be decoded: neither version sees it."""
        self.totals.unreadable += 1

    def add(self, key: str, old: Mapped, new: Mapped, private: Private = frozenset) -> None:
        """One record as both versions map it. ``private`` gives its texts that are a person's data, when they are needed."""
        was, now = fate(old), fate(new)
        if was == now == "mapped":
            found = changes(old, new)
            if found:
                self.totals.changed += 1
                self._changed(Record(key, self._title(old, new)), found, private)
            else:
                self.totals.same += 1
        else:
            term = _TERMS[was, now]
            setattr(self.totals, term, getattr(self.totals, term) + 1)
            kind = _KINDS.get(term)
            if kind is not None:
                issues = new.errors if kind == "failing" else old.errors
                record = Record(key, self._title(old, new))
                self._shift(kind, record, issues[0] if issues else None, private)
            elif was == "failed":
                self._noted(key, old, new, old.errors, new.errors, private)
        if old.findings != new.findings and now == "mapped":
            self._noted(key, old, new, old.findings, new.findings, private)

    def _changed(self, record: Record, found: Sequence[Change], private: Private) -> None:
        seen: set[str] = set()
        for change in found:
            if change.field in seen:
                continue
            seen.add(change.field)
            total = self.fields.setdefault(change.field, FieldChanges(change.field))
            total.add(record, change, private)

    def _noted(self, key: str, old: Mapped, new: Mapped, was: list[Issue], now: list[Issue], private: Private) -> None:
        """Findings, or reasons of a record that fails either way, that come or go."""
        before = {(whole_field(one.field), one.code): one for one in was}
        after = {(whole_field(one.field), one.code): one for one in now}
        kinds: tuple[tuple[Kind, dict[tuple[str, str], Issue], dict[tuple[str, str], Issue]], ...] = (
            ("noted", after, before),
            ("cleared", before, after),
        )
        for kind, mine, others in kinds:
            for name, issue in mine.items():
                if name not in others:
                    self._shift(kind, Record(key, self._title(old, new)), issue, private)

    def _shift(self, kind: Kind, record: Record, issue: Issue | None, private: Private) -> None:
        field, code = (whole_field(issue.field), issue.code) if issue else ("", "")
        shift = self.shifts.setdefault((kind, field, code), Shift(kind, field, code))
        shift.records += 1
        if len(shift.examples) < EXAMPLES:
            shift.examples.append(Case(record, issue, private()))

    def _title(self, old: Mapped, new: Mapped) -> str:
        for mapped in (new, old):
            values: dict[str, Any] = flat(mapped) if self.titles and (mapped.fields or mapped.references) else {}
            for name in self.titles:
                if isinstance(values.get(name), str) and values[name]:
                    return str(values[name])
        return ""


def _empty(value: Any) -> bool:
    return value is ABSENT or value is None or value in ("", [])

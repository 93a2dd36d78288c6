"""Records of a CSV file as canonical fields: which column is which field is told, or inferred from names and values."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mappings.drafting.names import likeness, squeezed
from mappings.drafting.profile import SourceField, profile
from masterdata.model import Entity
from masterdata.model.matching import MatchingRules
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.text import Text

SAMPLE = 500
SURE = 0.6
_TELLING = {"uscc": 0.9, "email": 0.85, "url": 0.75, "phone": 0.8}
_IDS = ("id", "rec_id", "record_id", "key", "编号", "主键")
_SOURCES = ("source", "system", "source_system", "来源", "来源系统")
_CHANGED = ("updated_at", "modified_at", "last_modified", "changed_at", "更新时间", "修改时间")


@dataclass(frozen=True)
class Column:
    """One column and the field it is taken for; empty where it is for none."""

    name: str
    field: str
    reason: Text


@dataclass
class Layout:
    """Which columns hold the id, the source, the time of change, and which fields."""

    id: str
    source: str
    changed: str
    columns: list[Column] = field(default_factory=list)


def fields_of(rules: MatchingRules) -> list[str]:
    """The fields that the rules compare."""
    found: dict[str, None] = {}
    for spec in rules.compare.values():
        for names in spec.parts("").values():
            found.update(dict.fromkeys(names))
    return list(found)


def layout(file: Path, entity: Entity, rules: MatchingRules, told: Mapping[str, str]) -> Layout:
    """How a file is read. ``told``: column → field, over what is inferred; an empty field leaves a column out."""
    header, sample = _beginning(file)
    wrong = [name for name in told if name not in header]
    if wrong:
        raise ConfigurationError(
            f"{file.name}: no column `{wrong[0]}`",
            f"it has {', '.join(header)}",
            f"did you mean `{near}`?" if (near := nearest(wrong[0], header)) else "name a column of the file",
            code="no-column",
        )
    unknown = [each for each in told.values() if each and each not in entity.fields]
    if unknown:
        raise ConfigurationError(
            f"entity {entity.entity}: no field `{unknown[0]}`",
            f"it has {', '.join(entity.fields)}",
            f"did you mean `{near}`?" if (near := nearest(unknown[0], entity.fields)) else "name a field of the entity",
            code="no-field",
        )
    found = Layout(_one(header, _IDS), _one(header, _SOURCES), _one(header, _CHANGED))
    if not found.id:
        raise ConfigurationError(
            f"{file.name}: no column tells the records apart",
            f"one of {', '.join(_IDS)} is looked for; there are {', '.join(header)}",
            "call the column with the record's key `id`",
            code="no-id-column",
        )
    reserved = {found.id, found.source, found.changed}
    profiled = {each.name: each for each in profile(sample)}
    wanted = [name for name in fields_of(rules) if name in entity.fields]
    taken = {name for name in told.values() if name}
    proposals: list[tuple[float, str, str, Text]] = []
    for name in header:
        if name in reserved:
            continue
        if name in told:
            found.columns.append(Column(name, told[name], Text("told", "指定")))
            continue
        proposals += [
            (score, name, target, why)
            for target in wanted
            if (judged := _judge(profiled.get(name), name, target, entity)) is not None
            for score, why in [judged]
        ]
    chosen: dict[str, Column] = {}
    for _, name, target, why in sorted(proposals, key=lambda each: (-each[0], header.index(each[1]), each[2])):
        many = entity.fields[target].type.many
        if name not in chosen and (many or target not in taken):
            taken.add(target)
            chosen[name] = Column(name, target, why)
    none = Text("for no field that is compared", "不对应任何参与比较的字段")
    done = {column.name for column in found.columns} | reserved
    found.columns += [chosen.get(name, Column(name, "", none)) for name in header if name not in done]
    return found


def _judge(column: SourceField | None, name: str, target: str, entity: Entity) -> tuple[float, Text] | None:
    spec = entity.fields[target]
    score, why = likeness(name, "", target, (spec.label.zh, spec.label.en))
    if column is not None and column.kind in _TELLING and spec.type.name == column.kind and score < SURE:
        score = _TELLING[column.kind]
        why = Text(f"its values are a {column.kind}", f"取值为 {column.kind}")
    if squeezed(name) == squeezed(target):
        score = 1.0
    return (score, why) if score >= SURE and why is not None else None


def _one(header: Sequence[str], names: Sequence[str]) -> str:
    low = {name.strip().lower(): name for name in reversed(header)}
    return next((low[name] for name in names if name in low), "")


def _beginning(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, skipinitialspace=True)
        header = [name for name in reader.fieldnames or () if name]
        if not header:
            raise ConfigurationError(f"{file.name} is empty", "", "the first line names the columns", code="empty-file")
        return header, [dict(row) for row in islice(reader, SAMPLE)]


def records(file: Path, how: Layout, entity: Entity) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, source, canonical fields) of each row; texts as they are written, ``updated_at`` beside them."""
    lists = {column.field for column in how.columns if column.field and entity.fields[column.field].type.many}
    wanted = [(column.name, column.field) for column in how.columns if column.field]
    with file.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream, skipinitialspace=True), start=2):
            key = (row[how.id] or "").strip()
            if not key:
                raise ConfigurationError(
                    f"{file.name}:{number}: the row has no `{how.id}`",
                    "",
                    "give every record a key of its own",
                    code="no-id",
                )
            fields: dict[str, Any] = {}
            for name, target in wanted:
                value = (row[name] or "").strip()
                if not value:
                    continue
                if target in lists:
                    fields.setdefault(target, []).append(value)
                else:
                    fields.setdefault(target, value)
            if how.changed and row[how.changed]:
                fields["updated_at"] = row[how.changed]
            yield key, (row[how.source] or "") if how.source else "", fields

"""Records of a CSV file as canonical fields: which column is which field is told, or inferred from names and values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from mappings.drafting.names import likeness, squeezed
from mappings.drafting.profile import SourceField, profile
from masterdata.model import Entity
from masterdata.model.matching import MatchingRules
from tongmai.core.csvfile import UTF8, CsvFile
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.text import Text

SAMPLE = 500
SURE = 0.6
PLAIN = 0.9
"""How sure a column must be that is not compared and only comes along into golden records."""
_TELLING = {"uscc": 0.9, "email": 0.85, "url": 0.75, "phone": 0.8}
ID, SOURCE, CHANGED = "id", "source", "updated_at"
_ROLES = {
    ID: (
        *(ID, "rec_id", "record_id", "unique_id", "row_id", "uuid", "guid", "key"),
        *("编号", "主键", "记录编号", "唯一标识", "序号", "行号"),
    ),
    SOURCE: (SOURCE, "system", "source_system", "来源", "来源系统", "数据来源", "系统来源"),
    CHANGED: (
        *(
            CHANGED,
            "modified_at",
            "last_modified",
            "changed_at",
            "update_time",
            "modify_time",
            "last_updated",
            "updated_on",
            "last_modified_date",
            "lastmodifieddate",
            "modified_date",
            "last_update",
        ),
        *("更新时间", "修改时间", "最近更新", "最后更新", "更新日期", "修改日期", "最近更新时间", "最后更新时间"),
        *("最近修改时间", "最后修改时间", "变更时间"),
    ),
}
"""What a record needs beside its fields, and what its column may be called."""


@dataclass(frozen=True)
class Column:
    """One column and the field it is taken for; empty where it is for none. ``compared``: whether the rules look at it."""

    name: str
    field: str
    reason: Text
    compared: bool = True


@dataclass
class Layout:
    """Which columns hold the id, the source, the time of change, and which fields; empty where there is none."""

    id: str
    source: str
    changed: str
    encoding: str = UTF8
    columns: list[Column] = field(default_factory=list)


def fields_of(rules: MatchingRules) -> list[str]:
    """The fields that the rules compare."""
    found: dict[str, None] = {}
    for spec in rules.compare.values():
        for names in spec.parts("").values():
            found.update(dict.fromkeys(names))
    return list(found)


def layout(file: Path, entity: Entity, rules: MatchingRules, told: Mapping[str, str], encoding: str = UTF8) -> Layout:
    """How a file is read. ``told``: column → field (or id, source, updated_at), over what is inferred; an empty field leaves
    a column out."""
    header, sample = _beginning(file, encoding)
    wrong = [name for name in told if name not in header]
    if wrong:
        raise ConfigurationError(
            f"{file.name}: no column `{wrong[0]}`",
            f"it has {', '.join(header)}",
            f"did you mean `{near}`?" if (near := nearest(wrong[0], header)) else "name a column of the file",
            code="no-column",
        )
    allowed = [*entity.fields, *(role for role in _ROLES if role not in entity.fields)]
    unknown = [each for each in told.values() if each and each not in allowed]
    if unknown:
        raise ConfigurationError(
            f"entity {entity.entity}: no field `{unknown[0]}`",
            f"it has {', '.join(allowed)}",
            f"did you mean `{near}`?" if (near := nearest(unknown[0], allowed)) else "name a field of the entity",
            code="no-field",
        )
    roles = {told[name]: name for name in told if told[name] in _ROLES and told[name] not in entity.fields}
    free = [name for name in header if name not in told]
    named_id, source, changed = (roles.get(role) or _one(free, names) for role, names in _ROLES.items())
    found = Layout(named_id, source, changed, encoding)
    if not found.id:
        raise _no_id(file, header, sample)
    reserved = {found.id, found.source, found.changed}
    profiled = {each.name: each for each in profile(sample)}
    wanted = [name for name in fields_of(rules) if name in entity.fields]
    employers = {
        each
        for spec in rules.compare.values()
        if spec.kind == "employer"
        for fields in spec.parts("").values()
        for each in fields
    }
    taken = {name for name in told.values() if name}
    proposals: list[tuple[float, str, str, Text]] = []
    for name in header:
        if name in reserved:
            continue
        if name in told:  # what is told for a role is reserved
            found.columns.append(Column(name, told[name], Text("told", "指定"), told[name] in wanted))
            continue
        proposals += [
            (score, name, target, why)
            for target in wanted
            if (judged := _judge(profiled.get(name), name, target, entity, employers)) is not None
            for score, why in [judged]
        ]
    chosen: dict[str, Column] = {}
    for _, name, target, why in sorted(proposals, key=lambda each: (-each[0], header.index(each[1]), each[2])):
        many = entity.fields[target].type.many
        if name not in chosen and (many or target not in taken):
            taken.add(target)
            chosen[name] = Column(name, target, why)
    for name, column in _alongside(header, {*chosen, *told, *reserved}, entity, {*wanted, *taken}).items():
        chosen[name] = column
    none = Text("for no field that is compared", "不对应任何参与比较的字段")
    done = {column.name for column in found.columns} | reserved
    found.columns += [chosen.get(name, Column(name, "", none)) for name in header if name not in done]
    found.columns.sort(key=lambda column: header.index(column.name))
    if not any(column.compared and column.field for column in found.columns):
        named = next((name for name in wanted if "name" in name), wanted[0])
        raise ConfigurationError(
            f"{file.name}: no column is recognised as a field that is compared",
            f"its columns are {', '.join(header)}; compared are {', '.join(wanted)}",
            f"say what a column is, for example --column {free[-1] if free else header[-1]}={named}",
            code="nothing-to-compare",
        )
    return found


def _no_id(file: Path, header: Sequence[str], sample: Sequence[Mapping[str, str]]) -> ConfigurationError:
    """Name a column that could be it: filled and different in every row."""
    rows = len(sample)
    could = [name for name in header if rows and len({row[name].strip() for row in sample} - {""}) == rows]
    return ConfigurationError(
        f"{file.name}: no column tells the records apart",
        f"one of {', '.join(_ROLES[ID])} is looked for; there are {', '.join(header)}",
        f"say which it is: --column {could[0] if could else 'COLUMN'}=id",
        code="no-id-column",
    )


def _judge(
    column: SourceField | None, name: str, target: str, entity: Entity, employers: Collection[str]
) -> tuple[float, Text] | None:
    spec = entity.fields[target]
    score, why = likeness(name, "", target, (spec.label.zh, spec.label.en))
    if target in employers:  # a person's company may be written out where the hub has a reference
        score, why = max((score, why), likeness(name, "", "company", ("公司", "Company")), key=lambda each: each[0])
    if column is not None and column.kind in _TELLING and spec.type.name == column.kind and score < SURE:
        score = _TELLING[column.kind]
        why = Text(f"its values are a {column.kind}", f"取值为 {column.kind}")
    if squeezed(name) == squeezed(target):
        score = 1.0
    if target == entity.matching.name and score < 1 and squeezed(name) in _called(entity):
        score, why = 1.0, Text("its name is the entity's", "名称与实体相同")
    return (score, why) if score >= SURE and why is not None else None


def _alongside(
    header: Sequence[str], done: Collection[str], entity: Entity, taken: Collection[str]
) -> dict[str, Column]:
    """Columns of fields that are not compared, by their names alone: golden records have them too."""
    open_ = [name for name, spec in entity.fields.items() if name not in taken and spec.type.name not in _NOT_ALONG]
    found: list[tuple[float, str, str, Text]] = []
    for name in header:
        for target in open_ if name not in done else ():
            score, why = likeness(name, "", target, (entity.fields[target].label.zh, entity.fields[target].label.en))
            if score >= PLAIN and why is not None:
                found.append((score, name, target, why))
    chosen: dict[str, Column] = {}
    fields: set[str] = set()
    for _, name, target, why in sorted(found, key=lambda each: (-each[0], header.index(each[1]), each[2])):
        if name not in chosen and target not in fields:
            fields.add(target)
            chosen[name] = Column(name, target, why, compared=False)
    return chosen


_NOT_ALONG = ("ref", "lines")
"""What a file cannot say by itself: which record of another entity is meant, and lines."""


def _called(entity: Entity) -> set[str]:
    """A column that is called as the entity is (经销商, Dealer, 经销商名称) holds its name."""
    return {squeezed(each) for each in (entity.entity, entity.label.en, entity.label.zh, f"{entity.label.zh}名称")}


def _one(header: Sequence[str], names: Sequence[str]) -> str:
    low = {"_".join(name.lower().split()): name for name in reversed(header)}
    return next((low[name] for name in names if name in low), "")


def _beginning(file: Path, encoding: str) -> tuple[list[str], list[dict[str, str]]]:
    table = CsvFile(file, encoding)
    return [name for name in table.header() if name], [row for _, row in islice(table.rows(), SAMPLE)]


def records(file: Path, how: Layout, entity: Entity) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(id, source, canonical fields) of each row; texts as they are written, ``updated_at`` beside them."""
    lists = {column.field for column in how.columns if column.field and entity.fields[column.field].type.many}
    wanted = [(column.name, column.field) for column in how.columns if column.field]
    for number, row in CsvFile(file, how.encoding).rows():
        key = row[how.id].strip()
        if not key:
            raise ConfigurationError(
                f"{file.name}:{number}: the row has no `{how.id}`",
                "",
                "give every record a key of its own",
                code="no-id",
            )
        fields: dict[str, Any] = {}
        for name, target in wanted:
            value = row[name].strip()
            if not value:
                continue
            if target in lists:
                fields.setdefault(target, []).append(value)
            else:
                fields.setdefault(target, value)
        if how.changed and row[how.changed]:
            fields[CHANGED] = row[how.changed]
        yield key, row[how.source].strip() if how.source else "", fields


def lines_of(file: Path, how: Layout, key: str) -> list[int]:
    """The lines on which the records of this id begin."""
    return [number for number, row in CsvFile(file, how.encoding).rows() if row[how.id].strip() == key]

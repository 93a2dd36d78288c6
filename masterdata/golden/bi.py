"""A view of every entity for BI, and of the lines in it: typed, with terms in words, references through redirects, and nothing
that is personal, so that whoever may read the schema ``bi`` may read all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from masterdata.model import Entity, Schema
from masterdata.model.entity import LINES, FieldType, Label
from masterdata.model.terms import TermList

RECORDS, ROWS = "黄金记录：", "明细："
"""How the comments of these views begin: by it a view of ours that nothing declares any more is known."""


@dataclass
class Query:
    """A view under construction: its columns in order, each with what it is, and the joins they need."""

    columns: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)

    def add(self, name: str, value: str, about: str = "") -> None:
        self.columns[name] = value
        if about:
            self.about[name] = about

    def text(self, table: str) -> str:
        told = ",\n  ".join(f'{value} as "{name}"' for name, value in self.columns.items())
        return f"select {told}\n  from {table}" + "".join(f"\n  {each}" for each in self.joins)


def records(schema: Schema, entity: Entity) -> Query:
    """All living records of an entity. What it is itself comes first, so that a field that is added later is added last."""
    found = Query()
    found.add("id", "g.id")
    found.joins.append("join hub.entity h on h.id = g.id and h.redirect_to is null")
    for name, value in (("version", "h.version"), ("updated_at", "h.updated_at")):
        if name not in entity.fields:
            found.add(name, value)
    taken = frozenset(entity.column(name) for name in entity.fields)
    for name, spec in entity.fields.items():
        if not spec.personal and spec.type.name != LINES:
            column = entity.column(name)
            _field(found, schema, (column, spec.type, spec.label), f'g."{column}"', taken)
    return found


def rows(schema: Schema, entity: Entity, name: str) -> Query:
    """The lines in one field of an entity, numbered from 1; of no line is the number its name: lines are replaced as a whole."""
    found = Query()
    found.add(f"{entity.entity}_id", "g.id")
    found.add("line", "l.place")
    found.joins = [
        "join hub.entity h on h.id = g.id and h.redirect_to is null",
        f'cross join lateral jsonb_array_elements(g."{name}") with ordinality l (line, place)',
    ]
    lines = entity.fields[name].fields
    taken = frozenset((*found.columns, *(_column(each, spec.type) for each, spec in lines.items())))
    for each, spec in lines.items():
        if not spec.personal:
            _field(found, schema, (_column(each, spec.type), spec.type, spec.label), _inside(each, spec.type), taken)
    return found


def lines_of(entity: Entity) -> Iterator[str]:
    """The fields of an entity that hold lines and may be read."""
    return (name for name, spec in entity.fields.items() if spec.type.name == LINES and not spec.personal)


def _column(name: str, kind: FieldType) -> str:
    return f"{name}_id" if kind.name == "ref" and not kind.many else name


def _inside(name: str, kind: FieldType) -> str:
    """A line's value as its type says."""
    if kind.many:
        held = f"l.line->'{name}'"
        return f"case when jsonb_typeof({held}) = 'array' then array(select jsonb_array_elements_text({held}))::{kind.sql} end"
    return f"(l.line->>'{name}')::{kind.sql}"


def _field(found: Query, schema: Schema, told: tuple[str, FieldType, Label], value: str, taken: frozenset[str]) -> None:
    """A column, and of a term its words in both languages where no field has those columns' names."""
    column, kind, label = told
    about = f"{label.zh} · {label.en} ({kind})"
    if kind.name == "ref" and not kind.many:
        alias = f"r{len(found.joins)}"
        found.joins.append(f"left join hub.entity {alias} on {alias}.id = {value}")
        value = f"coalesce({alias}.redirect_to, {value})"
    found.add(column, value, about)
    terms = schema.terms.get(kind.arg) if kind.name == "term" and not kind.many else None
    if terms is None:
        return
    for language in ("zh", "en"):
        if f"{column}_{language}" not in taken:
            found.add(f"{column}_{language}", _words(value, terms, language), about)


def _words(value: str, terms: TermList, language: str) -> str:
    cases = " ".join(
        f"when {_quoted(word)} then {_quoted(term.zh if language == 'zh' else term.en)}"
        for word, term in terms.terms.items()
    )
    return f"case {value} {cases} end"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

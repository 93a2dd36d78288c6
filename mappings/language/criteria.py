"""What must be true to enter and leave a term: checked in every entity that uses the list, and compiled for the syncs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mappings.language.expression import Expression
from mappings.language.place import Place
from mappings.language.reach import Asked
from mappings.language.rules import Condition, compile_condition
from mappings.language.scope import Module, canonical_scope
from masterdata.model.entity import Entity
from masterdata.model.schema import Schema
from masterdata.model.terms import Criterion, TermList
from tongmai.core import yamlfile
from tongmai.core.finding import Finding, Mark

_WAYS = ("enter", "leave")


@dataclass(frozen=True, slots=True)
class Watched:
    """A field of an entity whose changes from term to term are looked at.

    ``criteria``: by way (``enter``, ``leave``) and term, the criterion and its condition over canonical records.
    """

    field: str
    name: str
    terms: TermList
    criteria: dict[tuple[str, str], tuple[Criterion, Condition]]


def watched_fields(schema: Schema, entity: Entity) -> tuple[Watched, ...]:
    """The fields of an entity with a list of which something is declared. Raises for a condition with mistakes."""
    found = []
    for field, spec in entity.fields.items():
        terms = schema.terms.get(spec.type.arg) if spec.type.name == "term" and not spec.type.many else None
        if terms is None or not terms.watched:
            continue
        mark = Mark(spec.type.arg, 1, 1)
        criteria = {
            (way, term): (each, compile_condition(each.holds, entity, schema, mark)[0])
            for way, term, each in _criteria(terms)
        }
        found.append(Watched(field, spec.type.arg, terms, criteria))
    return tuple(found)


def check_criteria(schema: Schema) -> list[Finding]:
    """Mistakes in the conditions of every list, in each entity that uses it."""
    module = Module()
    places = _places(schema)
    for name, terms in schema.terms.items():
        users = [
            each
            for each in schema.entities.values()
            if any(spec.type.name == "term" and spec.type.arg == name for spec in each.fields.values())
        ]
        for way, term, each in _criteria(terms):
            mark = places.get((name, way, term), Mark(name, 1, 1))
            for entity in users:
                scope = canonical_scope(entity, schema, module, repr)
                Expression(Place(each.holds, mark), scope, asked=Asked())
    return module.findings


def _criteria(terms: TermList) -> Iterator[tuple[str, str, Criterion]]:
    for word, term in terms.terms.items():
        for way in _WAYS:
            found = getattr(term, way)
            if found is not None and found.holds:
                yield way, word, found


def _places(schema: Schema) -> dict[tuple[str, str, str], Mark]:
    """Where each condition stands: in the list, or in the file that added the term."""
    found: dict[tuple[str, str, str], Mark] = {}
    for document, added in schema.additions:
        for way in _WAYS:
            found[added.list, way, added.term] = document.mark(way, "holds")
    for file in schema.files:
        if file.name != "terms.yaml":
            continue
        document = yamlfile.load(file)[0]
        for path, mark in document.values.items():
            if len(path) == 5 and path[1] == "terms" and path[3] in _WAYS and path[4] == "holds":
                found[str(path[0]), str(path[3]), str(path[2])] = mark
    return found

"""What terms and references of records mean, in words: a term's label, the name of whom an id stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from masterdata.model import Entity
from masterdata.model.entity import FieldType
from tongmai.api.session import Session

LABELS = "labels"
_NAMES = ("name", "title", "number")
_NAMED = """
select e.id, v.fields->>%s from hub.entity e join hub.entity_version v on v.entity_id = e.id and v.version = e.version
 where e.id = any(%s) and e.entity = %s
"""


def add_labels(call: Session, records: Iterable[dict[str, Any]]) -> None:
    """Give each record ``labels``: by field what its value is called; of a list the labels in its order. What the token may not
    see has none."""
    every = list(records)
    names = _names(call, every)
    for one in every:
        model = call.content.schema.entities[one["entity"]]
        told = {}
        for name, value in one["fields"].items():
            label = _label(call, model.fields[name].type, value, names)
            if label:
                told[name] = label
        one[LABELS] = told


def _label(call: Session, type_: FieldType, value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_label(call, type_, each, names) for each in value] if type_.name in ("term", "ref") else None
    if not isinstance(value, str):
        return None
    if type_.name == "ref":
        name = names.get(value)
        return {"zh": name, "en": name} if name else None
    if type_.name == "term":
        terms = call.content.schema.terms.get(type_.arg)
        term = terms.terms.get(value) if terms else None
        return {"zh": term.zh, "en": term.en} if term else None
    return None


def _names(call: Session, records: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Of every record that these refer to, where the token may see it: one question for each entity."""
    wanted: dict[str, set[str]] = {}
    for one in records:
        model = call.content.schema.entities[one["entity"]]
        for name, value in one["fields"].items():
            type_ = model.fields[name].type
            if type_.name == "ref":
                wanted.setdefault(type_.arg, set()).update(_ids(value))
    found: dict[str, str] = {}
    for entity, ids in wanted.items():
        name = _name_of(call, call.content.schema.entities[entity])
        if name and ids:
            call.cursor.execute(_NAMED, (name, [UUID(each) for each in ids], entity))
            found |= {str(row[0]): row[1] for row in call.cursor if row[1]}
    return found


def _ids(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else (value,):
        if isinstance(each, str):
            yield each


def _name_of(call: Session, model: Entity) -> str | None:
    """The field that a record is called by, where the token sees it."""
    name = next((each for each in (model.matching.name, *_NAMES) if each and each in model.fields), None)
    return name if name in call.scope.visible(model) else None

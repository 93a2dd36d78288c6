"""Entities, fields and values of master data as people read them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from masterdata.model import Schema
from masterdata.model.entity import Label
from tongmai.core.text import Text, language


def entity_label(entity: str) -> str:
    """What an entity is called; its name where it is none of the model (as a direct sync's own)."""
    model = _schema().entities.get(entity)
    return _said(model.label) if model else entity


def field_label(entity: str, field: str) -> str:
    """What a field is called."""
    model = _schema().entities.get(entity)
    return _said(model.fields[field].label) if model and field in model.fields else field


def in_order(entity: str, fields: Iterable[str]) -> list[str]:
    """Names of fields as the entity lists them; those that it has not come last."""
    model = _schema().entities.get(entity)
    place = {name: at for at, name in enumerate(model.fields)} if model else {}
    return sorted(fields, key=lambda name: (place.get(name, len(place)), name))


def value_of(entity: str, field: str, value: Any) -> str:
    """A value on one line: a term with its label, a list without brackets."""
    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(each, dict) for each in value):
        return str(Text(", ", "、")).join(value_of(entity, field, each) for each in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    model = _schema().entities.get(entity)
    spec = model.fields.get(field) if model else None
    terms = _schema().terms.get(spec.type.arg) if spec is not None and spec.type.name == "term" else None
    term = terms.terms.get(str(value)) if terms else None
    if term is None:
        return str(value)
    return f"{value} ({term.en})" if language() == "en" else f"{value}（{term.zh}）"


def _schema() -> Schema:
    return _read(os.environ.get("TONGMAI_PATH", ""))


@lru_cache(maxsize=1)
def _read(_sites: str) -> Schema:
    from tongmai.sync.content import load_content

    return load_content().schema


def _said(label: Label) -> str:
    return label.zh if language() == "zh" else label.en

"""Entities and dictionaries as typed models. Pure: no database, no network, no clock."""

from __future__ import annotations

from masterdata.model.entity import Entity, Field, FieldType, LineField, Rule
from masterdata.model.schema import Schema, load_schema
from masterdata.model.terms import Term, TermList

__all__ = ["Entity", "Field", "FieldType", "LineField", "Rule", "Schema", "Term", "TermList", "load_schema"]

"""The last step of a field: to the canonical form of its type, at compile time for constants, as code otherwise."""

from __future__ import annotations

from typing import Any

from mappings.language.cleaning import email, phone, uscc
from mappings.language.dates import to_date, to_datetime
from mappings.language.scope import Module, Piece, inner, kind_of
from mappings.language.values import BadValueError, Note, to_boolean, to_decimal, to_integer, to_list, to_text, to_url
from masterdata.model.entity import FieldType
from masterdata.model.schema import Schema

_PLAIN = {
    "text": to_text,
    "integer": to_integer,
    "decimal": to_decimal,
    "boolean": to_boolean,
    "date": to_date,
    "datetime": to_datetime,
    "url": to_url,
}
_NOTED = {"uscc": uscc, "phone": phone, "email": email}
_ONE = {"text", "number", "integer", "boolean", "date", "datetime", "uscc", "phone", "email", "url", "term"}
_FITS = {
    "text": _ONE,
    "integer": {"text", "number", "integer"},
    "decimal": {"text", "number", "integer"},
    "boolean": {"text", "boolean"},
    "date": {"text", "date"},
    "datetime": {"text", "datetime"},
    "url": {"text", "url"},
    "uscc": {"text", "uscc"},
    "phone": {"text", "phone", "number", "integer"},
    "email": {"text", "email"},
    "term": {"text", "term"},
    "ref": {"ref"},
}


_CLEAN = {"term", "date", "datetime", "uscc", "phone", "email", "url"}
_DONE_BY = {"text": ("trim", "raw_text"), "decimal": ("number",)}
"""Functions whose work the last conversion does anyway."""


def one(type_: FieldType) -> FieldType:
    """The type of a list's items."""
    return FieldType(type_.name, type_.arg)


def fits(piece: Piece, type_: FieldType) -> bool:
    """Whether a piece may become a value of ``type_`` (its item, for a list)."""
    if piece.kind == "none":
        return True
    if type_.name == "ref":
        return piece.kind == f"ref:{type_.arg}"
    if type_.name == "term" and piece.base == "term":
        return piece.arg == type_.arg
    return not piece.base or piece.base in _FITS[type_.name]


def noted(type_: FieldType) -> bool:
    """Whether the conversion itself may leave a finding."""
    return type_.name in _NOTED


def conversion(piece: Piece, type_: FieldType, schema: Schema, module: Module) -> str:
    """Code that gives the canonical value of one piece."""
    if piece.kind == "none":
        return "None"
    wanted = kind_of(one(type_))
    already = piece.sure and piece.kind == wanted and type_.name not in ("text", "decimal")
    if already or type_.name == "ref":
        return piece.code
    if type_.name == "term":
        terms = ", ".join(map(repr, sorted(schema.terms[type_.arg].terms)))
        module.used[f"terms {type_.arg}"] = sorted(schema.terms[type_.arg].terms)
        known = module.constant("KNOWN_", f"frozenset(({terms},))", type_.arg)
        return f"check_term({piece.code}, {known}, {type_.arg!r})"
    if type_.name in _NOTED:
        return f"{type_.name}({piece.code}, notes)"
    if type_.name == "text" and (piece.clean or (piece.sure and piece.base in _CLEAN)):
        return piece.code
    code = piece.code
    for function in _DONE_BY.get(type_.name, ()):
        code = inner(code, function)
    return f"to_{type_.name}({code})"


def constant_value(value: Any, type_: FieldType, schema: Schema) -> Any:
    """The canonical form of a constant of the file; raises ``BadValueError``."""
    if value is None:
        return None
    if type_.many:
        return to_list(
            value if isinstance(value, list) else [value], lambda each: constant_value(each, one(type_), schema)
        )
    if isinstance(value, (list, dict)):
        raise BadValueError("type-mismatch", f"one {type_} is expected, not a list", value)
    if type_.name == "ref":
        raise BadValueError("type-mismatch", "a reference cannot be a constant", value)
    if type_.name == "term":
        terms = schema.terms[type_.arg].terms
        word = to_text(value)
        if word is not None and word not in terms:
            raise BadValueError(
                "unknown-term", f"unknown term `{word}` of `{type_.arg}` (terms: {', '.join(terms)})", word
            )
        return word
    if type_.name in _NOTED:
        notes: list[Note] = []
        result = _NOTED[type_.name](value, notes)
        if result is None:
            raise BadValueError(*notes[-1][:2], value)
        return result
    return _PLAIN[type_.name](value)

"""Everything a generated mapping imports."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mappings.language.cleaning import company_name, email, lower, phone, trim, upper, uscc
from mappings.language.compare import (
    at_most,
    before,
    below,
    both,
    either,
    equal,
    equal_number,
    negate,
    not_after,
    same_number,
    within,
)
from mappings.language.dates import date_ms, date_reader, datetime_reader, epoch_ms, to_date, to_date_ms, to_datetime
from mappings.language.pieces import (
    alias,
    check_term,
    contains,
    default,
    first,
    join,
    length,
    number_code,
    ref,
    ref_by,
    remote_field,
    remote_key,
    split,
    starts_with,
    term,
    term_out,
)
from mappings.language.types import Issue, Mapped
from mappings.language.values import (
    BadValueError,
    Note,
    add,
    attr,
    concat,
    div,
    each_line,
    empty,
    inside,
    item,
    mul,
    neg,
    number,
    plain,
    raw_text,
    sub,
    to_boolean,
    to_decimal,
    to_integer,
    to_list,
    to_text,
    to_url,
)

__all__ = [
    "Decimal",
    "Issue",
    "Mapped",
    "add",
    "alias",
    "at_most",
    "attr",
    "before",
    "below",
    "both",
    "broken_rule",
    "check_term",
    "company_name",
    "concat",
    "contains",
    "date_ms",
    "date_reader",
    "datetime_reader",
    "default",
    "div",
    "each_line",
    "either",
    "email",
    "empty",
    "epoch_ms",
    "equal",
    "equal_number",
    "first",
    "inside",
    "issue",
    "item",
    "join",
    "keep",
    "length",
    "line_name",
    "lower",
    "missing",
    "mul",
    "neg",
    "negate",
    "not_after",
    "number",
    "number_code",
    "phone",
    "raw_text",
    "ref",
    "ref_by",
    "remote_field",
    "remote_key",
    "same_number",
    "split",
    "starts_with",
    "sub",
    "term",
    "term_out",
    "to_boolean",
    "to_date",
    "to_date_ms",
    "to_datetime",
    "to_decimal",
    "to_integer",
    "to_list",
    "to_payload",
    "to_text",
    "to_url",
    "trim",
    "upper",
    "uscc",
    "within",
]  # fmt: skip

_DATA_ERRORS = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError)


def issue(error: Exception, field: str, place: str) -> Issue:
    """What went wrong with a field. An error that is not about the record's data (a lost database) is raised again."""
    if isinstance(error, BadValueError):
        return Issue(field, error.code, error.message, place, error.value)
    if isinstance(error, _DATA_ERRORS):
        return Issue(
            field, "unexpected-value", f"the value cannot be used here ({type(error).__name__}: {error})", place
        )
    raise error


def keep(notes: list[Note], into: list[Issue], field: str, place: str) -> None:
    """Move what functions noted to the record's findings (or errors), under the field's name."""
    into += [Issue(field, code, message, place, value) for code, message, value in notes]
    notes.clear()


def line_name(name: str, rows: Sequence[Any], field: str = "") -> str:
    """How an issue or a reference names the line that is being made: ``lines[2].price``."""
    return f"{name}[{len(rows)}].{field}" if field else f"{name}[{len(rows)}]"


def missing(field: str, place: str, *, required: bool) -> Issue:
    """An empty field that should not be."""
    if required:
        return Issue(field, "required-empty", f"`{field}` is required and empty", place)
    return Issue(field, "expected-empty", f"`{field}` is expected and empty", place)


def broken_rule(field: str, code: str, label: str, place: str, fields: dict[str, Any], reads: Sequence[str]) -> Issue:
    """A rule of the entity that does not hold, with the values it looked at."""
    values = ", ".join(f"{name}={fields.get(name)}" for name in reads)
    return Issue(field, code, label, place, values)


def to_payload(value: Any) -> Any:
    """A value for a target: exact numbers as text, everything else as it is."""
    if value.__class__ is Decimal:
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [to_payload(each) for each in value]
    return value

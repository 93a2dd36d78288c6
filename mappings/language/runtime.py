"""Everything a generated mapping imports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.language.cleaning import email, phone, uscc
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
from mappings.language.dates import date_reader, datetime_reader, to_date, to_datetime
from mappings.language.functions import CALLS
from mappings.language.functions.calendars import WorkCalendar, add_working_days, is_working_day, working_days_until
from mappings.language.functions.lookup import looked_up
from mappings.language.functions.money import exchanged
from mappings.language.functions.patterns import compiled_pattern
from mappings.language.pieces import alias, check_term, ref, ref_by, remote_field, remote_key, term, term_out
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
    items,
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

EMPTY: dict[str, Any] = {}

__all__ = [
    "EMPTY",
    "Decimal",
    "Issue",
    "Mapped",
    "WorkCalendar",
    "add",
    "add_working_days",
    "alias",
    "at_most",
    "attr",
    "before",
    "below",
    "both",
    "broken_rule",
    "check_term",
    "compiled_pattern",
    "concat",
    "date_reader",
    "datetime_reader",
    "div",
    "each_line",
    "either",
    "email",
    "empty",
    "equal",
    "equal_number",
    "exchanged",
    "inside",
    "is_working_day",
    "issue",
    "item",
    "items",
    "keep",
    "line_name",
    "looked_up",
    "missing",
    "mul",
    "neg",
    "negate",
    "not_after",
    "number",
    "phone",
    "raw_text",
    "ref",
    "ref_by",
    "remote_field",
    "remote_key",
    "same_number",
    "sub",
    "term",
    "term_out",
    "to_boolean",
    "to_date",
    "to_datetime",
    "to_decimal",
    "to_integer",
    "to_list",
    "to_payload",
    "to_text",
    "to_url",
    "uscc",
    "within",
    "working_days_until",
]  # fmt: skip
globals().update(CALLS)  # the functions of the registry, each by its own name
__all__.extend(CALLS)

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
    """A value for a target: exact numbers as text, what JSON does not know as the text it is stored as, the rest as it is."""
    if value.__class__ is Decimal:
        return plain(value)
    if isinstance(value, (list, tuple)):
        return [to_payload(each) for each in value]
    if isinstance(value, dict):
        return {str(name): to_payload(each) for name, each in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value

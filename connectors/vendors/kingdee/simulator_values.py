"""Values as the simulated K3Cloud stores them: codes of references, decimals as text, times in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.testing.table import Table
from connectors.vendors.kingdee.simulator_data import BASE_DATA, folded
from connectors.vendors.kingdee.simulator_forms import FORMS, Field, Refused
from connectors.vendors.kingdee.simulator_query import milliseconds


def stored(field: Field, value: Any, tables: Mapping[str, Table[Any]], *, audited_only: bool = False) -> Any:
    """What is kept of a value given by Save. Raises ``Refused`` for what the field cannot hold."""
    if field.type == "reference":
        return _code(field, value, tables, audited_only)
    if field.type == "number":
        return _number(field, value)
    if field.type == "time":
        return _time(field, value)
    return "" if value is None else str(value)


def _code(field: Field, value: Any, tables: Mapping[str, Table[Any]], audited_only: bool) -> str:
    """The number of what a reference points to, which must exist."""
    code = {k.upper(): v for k, v in value.items()}.get("FNUMBER", "") if isinstance(value, dict) else value
    code = str(code or "")
    if not code:
        return ""
    other = FORMS.get(field.to.upper())
    if other is None:
        if code not in BASE_DATA[field.to]:
            raise Refused(11, f"字段“{field.name}”的值“{code}”不存在", field.name)
        return code
    rows = tables[other.name].numbered(folded(code))
    if not rows:
        raise Refused(11, f"字段“{field.name}”的值“{code}”不存在", field.name)
    if audited_only and (rows[0]["FDocumentStatus"] != "C" or rows[0]["FForbidStatus"] != "A"):
        raise Refused(11, f"字段“{field.name}”的值“{code}”未审核或已禁用", field.name)
    return str(rows[0][other.number])


def _time(field: Field, value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        return milliseconds(str(value))
    except Refused:
        raise Refused(11, f"字段“{field.name}”的值“{value}”不是日期", field.name) from None


def _number(field: Field, value: Any) -> str:
    if value in (None, ""):
        return "0"
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused(11, f"字段“{field.name}”的值“{value}”不是数字", field.name) from None
    if not number.is_finite():
        raise Refused(11, f"字段“{field.name}”的值“{value}”不是数字", field.name)
    return str(value)

"""References of a payload by the id that a stream shows, as ``{"FCustId": {"Id": 100021}}``.

Save takes numbers only, so an id is looked up first. A customer's number may be the ERP's own: a mapping cannot know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.vendors.kingdee.api import Json
from connectors.vendors.kingdee.rows import Form, quoted
from tongmai.core.errors import ConfigurationError, RemoteRefusedError

_CUSTOMER, _MATERIAL = "BD_Customer", "BD_MATERIAL"
_POINTS_TO = {
    "FCUSTID": _CUSTOMER,
    "FCUSTOMERID": _CUSTOMER,
    "FCONTACTUNIT": _CUSTOMER,
    "FPAYUNIT": _CUSTOMER,
    "FMATERIALID": _MATERIAL,
}


class References:
    """Numbers of base data by id, asked once for each id."""

    def __init__(self, open_form: Callable[[str], Form]) -> None:
        self._open_form = open_form
        self._numbers: dict[tuple[str, str], str] = {}

    def by_number(self, payload: Mapping[str, Any]) -> Json:
        """The payload with every ``{"Id": …}`` replaced by ``{"FNumber": …}``; lines too."""
        return {name: self._value(name, value) for name, value in payload.items()}

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.by_number(line) if isinstance(line, dict) else line for line in value]
        if not isinstance(value, dict) or "Id" not in value:
            return value
        if value.get("FNumber") not in (None, ""):
            return {key: inner for key, inner in value.items() if key != "Id"}
        target = _POINTS_TO.get(name.upper())
        if target is None:
            known = ", ".join(_POINTS_TO)
            raise ConfigurationError(
                f"field `{name}.Id`",
                f"it is not known which form it points to (known: {known})",
                f"write {name}.FNumber",
                code="bad-fields",
            )
        return {"FNumber": self._number(target, str(value["Id"]))}

    def _number(self, target: str, key: str) -> str:
        if (target, key) not in self._numbers:
            form = self._open_form(target)
            name = form.fields.name(form.key)
            rows = form.query(f"{name} = {quoted(key)}", f"{name} ASC", 1, [form.key, form.fields.number])
            if not rows:
                hint = "it was deleted there; read its stream in full so that this is noticed"
                what = f"{form.api.client.name}: look up {target}"
                raise RemoteRefusedError(what, f"there is no record {key}", hint, code="kingdee-gone")
            self._numbers[target, key] = str(rows[0][form.fields.number])
        return self._numbers[target, key]

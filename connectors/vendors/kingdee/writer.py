"""Write K3Cloud base data: save, and take the record through its document statuses.

Save is refused for submitted and audited records, so an update first opens the record (un-audit, withdraw), and closes it
again to the status it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sdk import RemoteRecord, Written, wire
from connectors.vendors.kingdee.api import Json
from connectors.vendors.kingdee.fields import STATUS, nested
from connectors.vendors.kingdee.rows import Form, quoted
from connectors.vendors.kingdee.steps import AUDITED, SUBMITTED, Steps, folded
from tongmai.core.errors import ConfigurationError, RemoteRefusedError, RetryableError

_AT_ONCE = 100
_PAGE = 2000
_FORBIDDEN = "FForbidStatus"
LEVELS = {"save": "A", "submit": SUBMITTED, "audit": AUDITED}


class KingdeeWriter:
    """Writes one form of base data. ``forms``: the names that ``create_defaults`` may be given by."""

    def __init__(self, form: Form, settings: Mapping[str, Any], forms: Sequence[str]) -> None:
        self._form = form
        self._settings = settings
        self._steps = Steps(form)
        self._goal = LEVELS[settings["after_save"]]
        orgs = {"FCreateOrgId": settings["create_org"], "FUseOrgId": settings["use_org"]}
        self._defaults = {name: {"FNumber": number} for name, number in orgs.items() if number}
        self._defaults |= nested(defaults_of(form.form, settings, forms).items())

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Records by value, with the fields that ``read`` gives."""
        return find(self._form, field, values)

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Save with our number, then submit or audit as set. Once saved, a later failure is never "nothing was written"."""
        model = {**self._defaults, **nested(payload.items())}
        model.setdefault(self._form.fields.number, key)
        remote_key = self._steps.create(model, model[self._form.fields.number])
        self._steps.after_write(remote_key, lambda: self._steps.close(remote_key, "A", self._goal))
        return Written(remote_key)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Only the given fields; the record ends in the status it had, or as far as ``after_save`` says if that is further."""
        status = str(self._row(remote_key)[STATUS])
        opened = self._open(remote_key, status)
        goal = max(self._goal, status) if status in (SUBMITTED, AUDITED) else self._goal
        try:
            self._steps.update(remote_key, nested(payload.items()))
        except RemoteRefusedError as error:
            raise self._steps.restored(remote_key, status, opened, error) from None
        except RetryableError as error:
            raise self._steps.restored(remote_key, status, opened, error) if opened else error from None
        now = opened or status
        self._steps.after_write(remote_key, lambda: self._steps.close(remote_key, now, goal))
        return Written(remote_key)

    def finish(self, remote_key: str) -> None:
        """Submit or audit what an interrupted write left open; one that was un-audited for it (D) is audited again."""
        status = str(self._row(remote_key)[STATUS])
        self._steps.close(remote_key, status, AUDITED if status == "D" else self._goal)

    def deactivate(self, remote_key: str) -> Written:
        """Forbid (禁用)."""
        return self._switch(remote_key, "Forbid", "B")

    def activate(self, remote_key: str) -> Written:
        """Enable (反禁用)."""
        return self._switch(remote_key, "Enable", "A")

    def _open(self, key: str, status: str) -> str:
        """Make the record editable; gives its status then, or empty when nothing had to be done."""
        if status == AUDITED:
            if self._settings["resave"] == "refuse":
                raise self._steps.refused(key, "audited", "resave")
            self._steps.take("UnAudit", key)
            return "D"
        if status == SUBMITTED:
            way = self._settings["withdraw"]
            if way == "refuse":
                raise self._steps.refused(key, "submitted", "withdraw")
            if way == "cancel_assign":
                self._steps.take("CancelAssign", key)
                return "A"
            self._steps.take("Audit", key)
            self._steps.after_write(key, lambda: self._steps.take("UnAudit", key))
            return "D"
        return ""

    def _switch(self, key: str, operation: str, wanted: str) -> Written:
        if self._row(key).get(_FORBIDDEN) != wanted:
            self._steps.operate(operation, key)
        return Written(key)

    def _row(self, key: str) -> Json:
        form = self._form
        name = form.fields.name(form.key)
        rows = form.query(f"{name} = {quoted(key)}", f"{name} ASC", 1, [form.key, STATUS, _FORBIDDEN])
        if not rows:
            raise self._steps.gone(key)
        return rows[0]


def find(form: Form, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
    """Records by value. The server compares without regard to case and trailing spaces, so does the result."""
    names = form.fields.head if field in form.fields.head else [*form.fields.head, field]
    wanted = [value for value in dict.fromkeys(values) if value]
    asked: dict[str, list[str]] = {}
    for value in wanted:
        asked.setdefault(folded(value), []).append(value)
    found: dict[str, list[RemoteRecord]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = ",".join(quoted(value) for value in wanted[start : start + _AT_ONCE])
        for rows, _ in form.pages(f"{form.fields.name(field)} in ({some})", _PAGE, names):
            for row in rows:
                fields = wire.decode(form.form, wire.canonical(row))
                for value in asked.get(folded(_at(row, field)), []):
                    found.setdefault(value, []).append(RemoteRecord(str(row[form.key]), fields))
    return found


def defaults_of(form: str, settings: Mapping[str, Any], forms: Sequence[str]) -> Json:
    """The setting ``create_defaults`` for one form: under the form's name, or bare for the first form."""
    given = settings["create_defaults"] or {}
    if not isinstance(given, dict):
        raise _bad_defaults("a mapping is expected")
    own = given.get(form, {})
    if not isinstance(own, dict):
        raise _bad_defaults(f"`{form}`: a mapping of fields is expected")
    bare = {name: value for name, value in given.items() if name not in forms}
    return {**(bare if form == forms[0] else {}), **own}


def _bad_defaults(why: str) -> ConfigurationError:
    hint = 'write {"SAL_SaleOrder": {"FBillTypeID": {"FNumber": "XSDD01_SYS"}}}'
    return ConfigurationError("setting create_defaults", why, hint, code="bad-fields")


def _at(row: Json, field: str) -> Any:
    value: Any = row
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value

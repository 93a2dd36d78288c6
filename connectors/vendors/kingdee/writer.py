"""Write K3Cloud base data: save, and take the record through its document statuses.

Z draft, A created, B submitted, C audited, D to be audited again. Save is refused in B and C, so an update first opens
the record (un-audit, withdraw), and closes it again to the status it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sdk import RemoteRecord, Written
from connectors.vendors.kingdee.api import Json
from connectors.vendors.kingdee.rows import Form, nested, quoted
from tongmai.core.errors import (
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

_AT_ONCE = 100
_PAGE = 2000
_STATUS, _FORBIDDEN = "FDocumentStatus", "FForbidStatus"
_SUBMITTED, _AUDITED = "B", "C"
_LEVELS = {"save": "A", "submit": _SUBMITTED, "audit": _AUDITED}


class KingdeeWriter:
    """Writes one form."""

    def __init__(self, form: Form, settings: Mapping[str, Any]) -> None:
        self._form = form
        self._settings = settings
        self._goal = _LEVELS[settings["after_save"]]

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Records by value. The server compares without regard to case and trailing spaces, so does the result."""
        form = self._form
        fields = form.fields if field in form.fields else [*form.fields, field]
        wanted = [value for value in dict.fromkeys(values) if value]
        asked: dict[str, list[str]] = {}
        for value in wanted:
            asked.setdefault(_folded(value), []).append(value)
        found: dict[str, list[RemoteRecord]] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            some = ",".join(quoted(value) for value in wanted[start : start + _AT_ONCE])
            after = 0
            while True:
                rows = form.query(f"{field} in ({some}) and {form.key} > {after}", f"{form.key} ASC", _PAGE, fields)
                for row in rows:
                    for value in asked.get(_folded(_at(row, field)), []):
                        found.setdefault(value, []).append(RemoteRecord(str(row[form.key]), row))
                if len(rows) < _PAGE:
                    break
                after = int(rows[-1][form.key])
        return found

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Save with our number, then submit or audit as set. Once saved, a later failure is never "nothing was written"."""
        model = {**self._defaults(), **nested(payload.items())}
        model.setdefault("FNumber", key)
        answer = self._save(model, [])
        remote_key = str((answer.get("Result") or {}).get("Id") or "")
        if not remote_key:
            raise OutcomeUnknownError(
                self._what("Save"), "accepted, but the answer names no Id", "look it up by FNumber", code="no-id"
            )
        self._after_write(remote_key, lambda: self._close(remote_key, "A", self._goal))
        return Written(remote_key)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Only the given fields; the record ends in the status it had, or as far as ``after_save`` says if that is further."""
        status = str(self._row(remote_key)[_STATUS])
        model = nested(payload.items())
        opened = self._open(remote_key, status)
        goal = max(self._goal, status) if status in (_SUBMITTED, _AUDITED) else self._goal
        try:
            self._save({self._form.key: int(remote_key), **model}, list(model))
        except RemoteRefusedError as error:
            raise self._restored(remote_key, status, opened, error) from None
        except RetryableError as error:
            raise self._restored(remote_key, status, opened, error) if opened else error from None
        now = opened or status
        self._after_write(remote_key, lambda: self._close(remote_key, now, goal))
        return Written(remote_key)

    def deactivate(self, remote_key: str) -> Written:
        """Forbid (禁用)."""
        return self._switch(remote_key, "Forbid", "B")

    def activate(self, remote_key: str) -> Written:
        """Enable (反禁用)."""
        return self._switch(remote_key, "Enable", "A")

    def _open(self, key: str, status: str) -> str:
        """Make the record editable; gives its status then, or empty when nothing had to be done."""
        if status == _AUDITED:
            if self._settings["resave"] == "refuse":
                raise self._refuse(key, "audited", "resave")
            self._step("UnAudit", key)
            return "D"
        if status == _SUBMITTED:
            way = self._settings["withdraw"]
            if way == "refuse":
                raise self._refuse(key, "submitted", "withdraw")
            if way == "cancel_assign":
                self._step("CancelAssign", key)
                return "A"
            self._step("Audit", key)
            self._after_write(key, lambda: self._step("UnAudit", key))
            return "D"
        return ""

    def _close(self, key: str, status: str, goal: str) -> None:
        """Submit and audit until the record has the wanted status."""
        if goal in (_SUBMITTED, _AUDITED) and status not in (_SUBMITTED, _AUDITED):
            self._step("Submit", key)
        if goal == _AUDITED and status != _AUDITED:
            self._step("Audit", key)

    def _restored(self, key: str, status: str, opened: str, error: TongmaiError) -> TongmaiError:
        """After a refused save: put the record back to the status it had, and say so if that fails too."""
        if not opened:
            return error
        try:
            self._close(key, opened, status)
        except TongmaiError as second:
            why = f"{error.why}; and it could not be put back to status {status}: {second.why}"
            return RemoteRefusedError(error.what, why, "submit or audit it by hand, then replay", code=error.code)
        return error

    def _after_write(self, key: str, step: Any) -> None:
        """Run a step after something was written: a busy server then no longer means "nothing was written"."""
        try:
            step()
        except RetryableError as error:
            why = f"record {key} was saved, the next step was not taken: {error.why}"
            raise OutcomeUnknownError(error.what, why, "look it up and update it again", code=error.code) from None
        except RemoteRefusedError as error:
            why = f"record {key} was saved, the next step was refused: {error.why}"
            raise RemoteRefusedError(error.what, why, error.next_step, code=error.code) from None

    def _save(self, model: Json, only: list[str]) -> Json:
        data = {"NeedUpDateFields": only, "IsDeleteEntry": "false", "Model": model}
        answer = self._form.api.call("Save", {"formid": self._form.form, "data": data}, write=True)
        return self._checked("Save", answer, "")

    def _step(self, name: str, key: str) -> None:
        answer = self._form.api.call(name, {"formid": self._form.form, "data": {"Ids": key}}, write=True)
        self._checked(name, answer, key)

    def _switch(self, key: str, operation: str, wanted: str) -> Written:
        if self._row(key).get(_FORBIDDEN) != wanted:
            body = {"formid": self._form.form, "opNumber": operation, "data": {"Ids": key}}
            self._checked(operation, self._form.api.call("ExcuteOperation", body, write=True), key)
        return Written(key)

    def _checked(self, name: str, answer: Any, key: str) -> Json:
        """The answer, if it reports success and names our record: a batch may report success and leave records out."""
        result = answer.get("Result") if isinstance(answer, dict) else None
        status = result.get("ResponseStatus") if isinstance(result, dict) else None
        if not isinstance(status, dict) or status.get("IsSuccess") is not True:
            hint = "look the record up before trying again"
            raise OutcomeUnknownError(
                self._what(name), "the answer does not say whether it was done", hint, code="kingdee-shape"
            )
        done = [str(item.get("Id")) for item in status.get("SuccessEntitys") or [] if isinstance(item, dict)]
        if key and key not in done:
            why = f"reported as done, but record {key} is not among the successful ones"
            raise OutcomeUnknownError(
                self._what(name), why, "look its status up before trying again", code="kingdee-partial"
            )
        return answer if isinstance(answer, dict) else {}

    def _row(self, key: str) -> Json:
        form = self._form
        rows = form.query(f"{form.key} = {quoted(key)}", f"{form.key} ASC", 1, [form.key, _STATUS, _FORBIDDEN])
        if not rows:
            hint = "it was deleted there; read the stream in full so that this is noticed"
            raise RemoteRefusedError(self._what("look up"), f"there is no record {key}", hint, code="kingdee-gone")
        return rows[0]

    def _defaults(self) -> Json:
        orgs = {"FCreateOrgId": self._settings["create_org"], "FUseOrgId": self._settings["use_org"]}
        given = self._settings["create_defaults"] or {}
        return {**{name: {"FNumber": number} for name, number in orgs.items() if number}, **nested(given.items())}

    def _refuse(self, key: str, status: str, setting: str) -> RemoteRefusedError:
        why = f"record {key} is {status} and the setting {setting} is refuse"
        return RemoteRefusedError(
            self._what("Save"), why, f"open it in the ERP, or change {setting}", code="kingdee-closed"
        )

    def _what(self, name: str) -> str:
        return f"{self._form.api.client.name}: {name} {self._form.form}"


def _folded(value: Any) -> str:
    return str("" if value is None else value).rstrip().casefold()


def _at(row: Json, field: str) -> Any:
    value: Any = row
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value

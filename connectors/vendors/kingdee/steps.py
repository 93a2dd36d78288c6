"""The calls that change one record of a form, and what their answers are worth.

Z draft, A created, B submitted, C audited, D to be audited again. Save is refused in B and C.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.vendors.kingdee.api import Json
from connectors.vendors.kingdee.fields import OWN_KEY
from connectors.vendors.kingdee.rows import Form, quoted
from tongmai.core.errors import (
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

SUBMITTED, AUDITED = "B", "C"


class Steps:
    """Saves, submits, withdraws, deletes and switches records of one form."""

    def __init__(self, form: Form) -> None:
        self._form = form

    def create(self, model: Mapping[str, Any], number: Any) -> str:
        """Save a new record (declared names); gives its id. A number that the ERP did not take is never passed over."""
        answer = self._save(self._form.fields.theirs(model), [], delete_lines=False)
        result = answer.get("Result") or {}
        key = str(result.get("Id") or "")
        if not key:
            number_field = self._form.fields.number
            raise OutcomeUnknownError(
                self.what("Save"), "accepted, but the answer names no Id", f"look it up by {number_field}", code="no-id"
            )
        if number not in (None, ""):
            self._check_number(key, str(number), result)
        return key

    def update(self, key: str, payload: Mapping[str, Any], *, delete_lines: bool = False) -> None:
        """Save the given fields (declared names) of an open record, and nothing else."""
        fields = self._form.fields
        model = {fields.name(self._form.key): int(key), **fields.theirs(payload)}
        self._save(model, fields.written(payload), delete_lines=delete_lines)

    def take(self, name: str, key: str) -> None:
        """Submit, Audit, UnAudit, CancelAssign, Delete."""
        answer = self._form.api.call(name, {"formid": self._form.form, "data": {"Ids": key}}, write=True)
        self._checked(name, answer, key)

    def operate(self, number: str, key: str) -> None:
        """An operation that has a number only, as Forbid or Cancel."""
        body = {"formid": self._form.form, "opNumber": number, "data": {"Ids": key}}
        self._checked(number, self._form.api.call("ExcuteOperation", body, write=True), key)

    def close(self, key: str, status: str, goal: str) -> None:
        """Submit and audit until the record has the wanted status."""
        if goal in (SUBMITTED, AUDITED) and status not in (SUBMITTED, AUDITED):
            self.take("Submit", key)
        if goal == AUDITED and status != AUDITED:
            self.take("Audit", key)

    def restored(self, key: str, status: str, opened: str, error: TongmaiError) -> TongmaiError:
        """After a refused save: put the record back to the status it had, and say so if that fails too."""
        if not opened:
            return error
        try:
            self.close(key, opened, status)
        except TongmaiError as second:
            why = f"{error.why}; and it could not be put back to status {status}: {second.why}"
            return RemoteRefusedError(error.what, why, "submit or audit it by hand, then replay", code=error.code)
        return error

    def after_write(self, key: str, step: Callable[[], None]) -> None:
        """Run a step after something was written: a busy server then no longer means "nothing was written"."""
        try:
            step()
        except RetryableError as error:
            why = f"record {key} was saved, the next step was not taken: {error.why}"
            raise OutcomeUnknownError(error.what, why, "look it up and update it again", code=error.code) from None
        except RemoteRefusedError as error:
            why = f"record {key} was saved, the next step was refused: {error.why}"
            raise RemoteRefusedError(error.what, why, error.next_step, code=error.code) from None

    def gone(self, key: str) -> RemoteRefusedError:
        """The error for a record that is not there any more."""
        hint = "it was deleted there; read the stream in full so that this is noticed"
        return RemoteRefusedError(self.what("look up"), f"there is no record {key}", hint, code="kingdee-gone")

    def refused(self, key: str, status: str, setting: str) -> RemoteRefusedError:
        """The error for a record that a setting forbids to open."""
        why = f"record {key} is {status} and the setting {setting} is refuse"
        return RemoteRefusedError(
            self.what("Save"), why, f"open it in the ERP, or change {setting}", code="kingdee-closed"
        )

    def what(self, name: str) -> str:
        """What failed, for messages."""
        return f"{self._form.api.client.name}: {name} {self._form.form}"

    def _check_number(self, key: str, number: str, result: Json) -> None:
        """A code rule of the ERP may ignore our number: the record could not be found again, so it is taken back."""
        form = self._form
        got = str(result.get("Number") or "")
        if not got:
            where = f"{form.fields.name(form.key)} = {quoted(key)}"
            rows = form.query(where, f"{form.fields.name(form.key)} ASC", 1, [form.key, form.fields.number])
            got = str(rows[0].get(form.fields.number) or "") if rows else ""
        if folded(got) == folded(number):
            return
        why = f"the ERP numbered it {got or '(nothing)'} instead of {number}: a code rule numbers this form by itself"
        other = OWN_KEY if form.fields.has_own_key else "a field of your own"
        hint = (
            f"allow manual numbers in the code rule; or leave {form.fields.number} out of the mapping"
            f" and put our key into {other}, with `search: [{other}]`"
        )
        try:
            self.take("Delete", key)
        except TongmaiError as error:
            why = f"{why}; record {key} is still there, since it could not be deleted: {error.why}"
            hint = f"delete it by hand; then {hint}"
        else:
            why = f"{why}; the record was deleted again"
        raise RemoteRefusedError(self.what("Save"), why, hint, code="kingdee-renumbered")

    def _save(self, model: Json, only: list[str], *, delete_lines: bool) -> Json:
        data = {"NeedUpDateFields": only, "IsDeleteEntry": "true" if delete_lines else "false", "Model": model}
        answer = self._form.api.call("Save", {"formid": self._form.form, "data": data}, write=True)
        return self._checked("Save", answer, "")

    def _checked(self, name: str, answer: Any, key: str) -> Json:
        """The answer, if it reports success and names our record: a batch may report success and leave records out."""
        result = answer.get("Result") if isinstance(answer, dict) else None
        status = result.get("ResponseStatus") if isinstance(result, dict) else None
        if not isinstance(status, dict) or status.get("IsSuccess") is not True:
            hint = "look the record up before trying again"
            raise OutcomeUnknownError(
                self.what(name), "the answer does not say whether it was done", hint, code="kingdee-shape"
            )
        done = [str(item.get("Id")) for item in status.get("SuccessEntitys") or [] if isinstance(item, dict)]
        if key and key not in done:
            why = f"reported as done, but record {key} is not among the successful ones"
            raise OutcomeUnknownError(
                self.what(name), why, "look its status up before trying again", code="kingdee-partial"
            )
        return answer if isinstance(answer, dict) else {}


def folded(value: Any) -> str:
    """A text as the server compares it: without regard to case and trailing spaces."""
    return str("" if value is None else value).rstrip().casefold()

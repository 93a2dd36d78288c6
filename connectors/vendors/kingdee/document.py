"""Write K3Cloud documents, as sales orders: save and submit. Auditing one is always a person's act.

An audited document is never changed by us. A submitted one is withdrawn, saved and submitted again; cancelling (作废) takes
the place of switching off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sdk import RemoteRecord, Written
from connectors.vendors.kingdee.api import Json
from connectors.vendors.kingdee.fields import CANCELLED, ENTRY_KEY, OWN_KEY, SEQUENCE, STATUS, nested
from connectors.vendors.kingdee.references import References
from connectors.vendors.kingdee.rows import Form, quoted
from connectors.vendors.kingdee.steps import AUDITED, SUBMITTED, Steps, folded
from connectors.vendors.kingdee.writer import defaults_of, find
from tongmai.core.errors import ConfigurationError, RemoteRefusedError, RetryableError

_PAGE = 2000
_OFF = "B"


class DocumentWriter:
    """Writes one form of documents. ``open_form`` opens the forms that a document refers to."""

    def __init__(
        self, form: Form, settings: Mapping[str, Any], open_form: Callable[[str], Form], forms: Sequence[str]
    ) -> None:
        self._form = form
        self._fields = form.fields
        self._settings = settings
        self._steps = Steps(form)
        self._references = References(open_form)
        self._submits = settings["after_save"] != "save"
        org = settings["create_org"]
        defaults = nested(defaults_of(form.form, settings, forms).items())
        line = defaults.pop(self._fields.entry, {}) if self._fields.entry else {}
        self._line_defaults: Json = nested(line.items()) if isinstance(line, dict) else {}
        self._defaults = {**({"FSaleOrgId": {"FNumber": org}} if org else {}), **defaults}

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Documents by value, with the fields and lines that ``read`` gives."""
        return find(self._form, field, values)

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Save with our number (or our key where the ERP numbers), then submit. Once saved, a later failure is never
        "nothing was written"; one that is there already under our number and key is taken on from where it stands."""
        number_field = self._fields.number
        model = {**self._defaults, **self._model(payload)}
        if OWN_KEY not in model and number_field not in model:
            model[number_field] = key
        if OWN_KEY not in model and self._fields.has_own_key:
            model[OWN_KEY] = key
        if self._fields.entry in model:
            model[self._fields.entry] = [{**self._line_defaults, **line} for line in model[self._fields.entry]]
        try:
            remote_key = self._steps.create(model, model.get(number_field))
        except RemoteRefusedError as error:
            ours = self._made_before(model) if error.code != "kingdee-renumbered" else None
            if ours is None:
                raise
            closed = ours[STATUS] in (SUBMITTED, AUDITED)
            return Written(str(ours[self._form.key])) if closed else self.update(str(ours[self._form.key]), payload)
        if self._submits:
            self._steps.after_write(remote_key, lambda: self._steps.take("Submit", remote_key))
        return Written(remote_key)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Only the given fields; a list of lines replaces all lines. The document ends submitted unless ``after_save`` is
        save and it was not."""
        model = self._model(payload)
        has_lines = bool(self._fields.entry) and self._fields.entry in model
        document = self._document(remote_key, with_lines=has_lines)
        status = self._refuse_closed(remote_key, document)
        self._refuse_other_number(remote_key, document, model)
        if has_lines:
            lines = self._matched(document[self._fields.entry], model[self._fields.entry])
            model[self._fields.entry] = lines
        opened = self._withdraw(remote_key, status, "change it in the ERP")
        try:
            self._steps.update(remote_key, model, delete_lines=has_lines)
        except (RemoteRefusedError, RetryableError) as error:
            raise self._steps.restored(remote_key, status, opened, error) from None
        if self._submits or status == SUBMITTED:
            self._steps.after_write(remote_key, lambda: self._steps.take("Submit", remote_key))
        return Written(remote_key)

    def deactivate(self, remote_key: str) -> Written:
        """Cancel (作废). An approved document is a person's to decide about."""
        document = self._document(remote_key, with_lines=False)
        if document.get(CANCELLED) == _OFF:
            return Written(remote_key)
        number = self._operation("cancel_operation")
        hint = "a person must decide there whether it is cancelled"
        status = self._refuse_approved(remote_key, document, hint)
        opened = self._withdraw(remote_key, status, hint)
        try:
            self._steps.operate(number, remote_key)
        except (RemoteRefusedError, RetryableError) as error:
            raise self._steps.restored(remote_key, status, opened, error) from None
        return Written(remote_key)

    def activate(self, remote_key: str) -> Written:
        """Take a cancellation back, and submit."""
        document = self._document(remote_key, with_lines=False)
        if document.get(CANCELLED) == _OFF:
            self._steps.operate(self._operation("uncancel_operation"), remote_key)
        if self._submits and document[STATUS] not in (SUBMITTED, AUDITED):
            self._steps.after_write(remote_key, lambda: self._steps.take("Submit", remote_key))
        return Written(remote_key)

    def finish(self, remote_key: str) -> None:
        """Submit what a lost answer left saved only. What was cancelled or approved since stays as it is."""
        document = self._document(remote_key, with_lines=False)
        closed = document.get(CANCELLED) == _OFF or document[STATUS] in (SUBMITTED, AUDITED)
        if self._submits and not closed:
            self._steps.after_write(remote_key, lambda: self._steps.take("Submit", remote_key))

    def _model(self, payload: Mapping[str, Any]) -> Json:
        """The payload nested, lines too, with references by number."""
        model = nested(payload.items())
        entry = self._fields.entry
        if entry and isinstance(model.get(entry), list):
            model[entry] = [nested(line.items()) for line in model[entry]]
        return self._references.by_number(model)

    def _made_before(self, model: Json) -> Json | None:
        """The document that has our number and also our key: an earlier create of ours whose answer was lost."""
        number, own = model.get(self._fields.number), model.get(OWN_KEY)
        if not number or not own or not self._fields.has_own_key:
            return None
        where = f"{self._fields.name(self._fields.number)} = {quoted(str(number))}"
        order = f"{self._fields.name(self._form.key)} ASC"
        rows = self._form.query(where, order, 1, [self._form.key, STATUS, OWN_KEY])
        return rows[0] if rows and folded(rows[0].get(OWN_KEY)) == folded(own) else None

    def _document(self, key: str, *, with_lines: bool) -> Json:
        """What an update has to know of a document."""
        names = [self._form.key, self._fields.number, STATUS]
        names += [CANCELLED] if CANCELLED in self._fields.head else []
        lines = [name for name in (ENTRY_KEY, SEQUENCE) if name in self._fields.lines] if with_lines else []
        where = f"{self._fields.name(self._form.key)} = {quoted(key)}"
        for rows, _ in self._form.pages(where, _PAGE, names, lines):
            if rows:
                return rows[0]
        raise self._steps.gone(key)

    def _matched(self, existing: list[Json], given: list[Json]) -> list[Json]:
        """The given lines with the ids of those they replace: by id, by ``FSeq``, else by position. The ERP numbers lines."""
        free = {str(line[ENTRY_KEY]) for line in existing}
        by_place = {str(line[SEQUENCE]): str(line[ENTRY_KEY]) for line in existing if line.get(SEQUENCE)}
        lines: list[Json] = []
        for place, line in enumerate(given):
            entry = str(line.get(ENTRY_KEY) or "")
            if not entry and line.get(SEQUENCE):
                entry = by_place.get(str(line[SEQUENCE]), "")
            elif not entry and place < len(existing):
                entry = str(existing[place][ENTRY_KEY])
            bare = {name: value for name, value in line.items() if name not in (ENTRY_KEY, SEQUENCE)}
            known = entry in free
            free.discard(entry)
            lines.append({ENTRY_KEY: int(entry), **bare} if known else {**self._line_defaults, **bare})
        return lines

    def _withdraw(self, key: str, status: str, hint: str) -> str:
        """Make a submitted document editable; gives its status then, or empty when nothing had to be done."""
        if status != SUBMITTED:
            return ""
        if self._settings["withdraw"] != "cancel_assign":
            # audit_unaudit would audit a document, which we never do.
            raise self._steps.refused(key, "submitted", "withdraw")
        try:
            self._steps.take("CancelAssign", key)
        except RemoteRefusedError:
            # A clerk may have approved it since we looked.
            self._refuse_approved(key, self._document(key, with_lines=False), hint)
            raise
        return "A"

    def _refuse_closed(self, key: str, document: Json) -> str:
        if document.get(CANCELLED) == _OFF:
            why = f"document {key} ({document[self._fields.number]}) is cancelled there"
            hint = "take the cancellation back in the ERP, or leave it so"
            raise RemoteRefusedError(self._steps.what("Save"), why, hint, code="kingdee-cancelled")
        return self._refuse_approved(key, document, "change it in the ERP")

    def _refuse_approved(self, key: str, document: Json, hint: str) -> str:
        status = str(document[STATUS])
        if status == AUDITED:
            why = f"document {key} ({document[self._fields.number]}) is approved there; approved documents are not changed"
            raise RemoteRefusedError(self._steps.what("Save"), why, hint, code="kingdee-approved")
        return status

    def _refuse_other_number(self, key: str, document: Json, model: Json) -> None:
        field = self._fields.number
        number, there = model.get(field), document.get(field)
        if number not in (None, "") and folded(number) != folded(there):
            why = f"document {key} has the number {there} there, not {number}; numbers are not changed"
            hint = f"put {field} into `create_only` of the mapping"
            raise RemoteRefusedError(self._steps.what("Save"), why, hint, code="kingdee-renumbered")

    def _operation(self, setting: str) -> str:
        given = self._settings[setting] or {}
        number = given.get(self._form.form) if isinstance(given, dict) else None
        if not isinstance(number, str) or not number:
            raise ConfigurationError(
                f"setting {setting}",
                f"it has no operation number for {self._form.form}",
                "look it up in QueryBusinessInfo and write {" + self._form.form + ": Cancel}",
                code="bad-fields",
            )
        return number

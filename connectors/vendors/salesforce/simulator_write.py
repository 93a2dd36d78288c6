"""Writing to the simulated system: what is checked, one record at a time, up to 200 together."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from connectors.vendors.salesforce.simulator_data import Organisation, moment
from connectors.vendors.salesforce.simulator_fields import Field, Kind, kind, whole_id
from connectors.vendors.salesforce.simulator_refused import RefusedError

Row = dict[str, Any]
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_NUMBER = ("double", "currency", "percent", "int")


class Several(Exception):
    """An external id that more than one record has."""

    def __init__(self, of: Kind, keys: list[str]) -> None:
        super().__init__(of.name)
        self.kind, self.keys = of, keys


class Writes:
    """Takes writes. ``call`` counts calls, so that a lock knows who holds it."""

    def __init__(self, org: Organisation) -> None:
        self.org = org
        self.call = 0
        self.save_duplicates = False
        self._chance = random.Random(7)
        self._locks: dict[str, tuple[int, float]] = {}

    # -- one record --------------------------------------------------------------------------------------------------

    def create(self, of: Kind, fields: Row) -> str:
        """A new record's id."""
        given = self._valid(of, fields, None)
        row = self.org.insert(of, given)
        self._note(of, "create", row, given)
        return str(row["Id"])

    def update(self, of: Kind, key: str, fields: Row) -> None:
        """Change some fields."""
        row = self.there(of, key)
        given = self._valid(of, fields, row)
        self._note(of, "update", self.org.change(of, row["Id"], given), given)

    def delete(self, of: Kind, key: str) -> None:
        """Into the recycle bin."""
        row = self.there(of, key)
        if not of.deletable:
            raise RefusedError("INSUFFICIENT_ACCESS_OR_READONLY", f"{of.name} cannot be deleted", 403)
        self._locked(of, row)
        self.org.delete(of, row["Id"])
        self._note(of, "delete", row, {})

    def upsert(self, of: Kind, column: str, value: str, fields: Row) -> tuple[str, bool]:
        """The record's id, and whether it is new. Raises ``Several``."""
        known = self.external(of, column)
        if any(name.lower() == known.name.lower() for name in fields):
            raise RefusedError("INVALID_FIELD", f"The {known.name} field should not be specified in the sobject data.")
        found = self.by_value(of, known, value)
        if len(found) > 1:
            raise Several(of, found)
        if found:
            self.update(of, found[0], fields)
            return found[0], False
        return self.create(of, {**fields, known.name: value}), True

    def there(self, of: Kind, key: str) -> Row:
        """A live record."""
        whole = whole_id(key)
        if not whole:
            raise RefusedError("MALFORMED_ID", f"{of.name} ID: id value of incorrect type: {key}", 400, ("Id",))
        row = self.org.table(of).rows.get(whole)
        if row is None:
            raise RefusedError("NOT_FOUND", "The requested resource does not exist", 404)
        if row.get("IsDeleted"):
            raise RefusedError("ENTITY_IS_DELETED", "entity is deleted", 404)
        return row

    def external(self, of: Kind, column: str) -> Field:
        """An external id field."""
        known = of.field(column)
        if known is None or not (known.external or known.name == "Id"):
            raise RefusedError(
                "NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {column}", 404
            )
        return known

    def by_value(self, of: Kind, known: Field, value: str) -> list[str]:
        """Ids of live records that have a value, whatever its case."""
        rows = self.org.table(of).after(None)
        return [
            row["Id"]
            for row in rows
            if not row.get("IsDeleted") and str(row.get(known.name) or "").lower() == value.lower()
        ]

    # -- several together --------------------------------------------------------------------------------------------

    def together(self, body: Row, act: str, object_: str = "", column: str = "") -> list[Row]:
        """Outcomes in order of ``records``. ``act``: create, update or upsert."""
        records = body.get("records")
        if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
            raise RefusedError("JSON_PARSER_ERROR", "a list `records` is expected")
        types = [str((each.get("attributes") or {}).get("type") or object_) for each in records]
        _not_too_many(len(records))
        if sum(1 for a, b in pairwise(types) if a != b) >= 10:
            raise RefusedError("INVALID_INPUT", "too many chunks: the type changes more than 9 times")
        if act == "upsert" and any(each.lower() != object_.lower() for each in types):
            raise RefusedError("INVALID_INPUT", f"all records must be of type {object_}")

        def one(at: int) -> Row:
            fields = {name: value for name, value in records[at].items() if name != "attributes"}
            return self._one(types[at], act, fields, column)

        return self._outcomes(len(records), bool(body.get("allOrNone")), one)

    def delete_together(self, keys: list[str], all_or_none: bool) -> list[Row]:
        """Outcomes in order of ``keys``."""
        _not_too_many(len(keys))

        def one(at: int) -> Row:
            of = next((each for each in _kinds() if keys[at].startswith(each.prefix)), None)
            if of is None:
                raise RefusedError("MALFORMED_ID", f"malformed id {keys[at]}")
            self.delete(of, keys[at])
            return {"id": whole_id(keys[at]), "success": True, "errors": []}

        return self._outcomes(len(keys), all_or_none, one)

    def _one(self, name: str, act: str, fields: Row, column: str) -> Row:
        of = kind(name)
        if of is None:
            raise RefusedError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        if act == "create":
            return {"id": self.create(of, fields), "success": True, "errors": []}
        if act == "update":
            key = str(fields.pop("Id", None) or fields.pop("id", None) or "")
            if not key:
                raise RefusedError("MISSING_ARGUMENT", "Id not specified in an update call")
            self.update(of, key, fields)
            return {"id": whole_id(key), "success": True, "errors": []}
        known = self.external(of, column)
        value = fields.pop(known.name, None)
        if value in (None, ""):
            raise RefusedError("MISSING_ARGUMENT", f"{known.name} not specified")
        try:
            key, created = self.upsert(of, column, str(value), fields)
        except Several:
            raise RefusedError(
                "DUPLICATE_EXTERNAL_ID", f"{known.name}: more than one record found for {value}"
            ) from None
        return {"id": key, "success": True, "errors": [], "created": created}

    def _outcomes(self, count: int, all_or_none: bool, one: Any) -> list[Row]:
        found: list[Row] = []
        with self.undoable() as undo:
            for at in range(count):
                try:
                    found.append(one(at))
                except RefusedError as refused:
                    found.append({"success": False, "errors": [refused.row()]})
            if all_or_none and not all(each["success"] for each in found):
                undo()
                rolled = RefusedError(
                    "ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid"
                )
                found = [{"success": False, "errors": [rolled.row()]} if each["success"] else each for each in found]
        return found

    @contextmanager
    def undoable(self) -> Iterator[Any]:
        """Everything within can be taken back by calling what this gives."""
        state = self.org.state
        before = {name: dict(table.rows) for name, table in state.tables.items()}
        noted = len(state.ledger.entries)

        def undo() -> None:
            for name, rows in before.items():
                table = state.tables[name]
                for key in [key for key in table.rows if key not in rows]:
                    table.remove(key)
                for key, row in rows.items():
                    if table.rows.get(key) != row:
                        table.put(key, row)
            del state.ledger.entries[noted:]

        yield undo

    # -- checks ------------------------------------------------------------------------------------------------------

    def _valid(self, of: Kind, fields: Row, before: Row | None) -> Row:
        """The fields to store. Raises the first thing that is wrong."""
        given: Row = {}
        for name, value in self._resolved(of, fields).items():
            known = of.field(name)
            if known is None:
                raise RefusedError("INVALID_FIELD", f"No such column '{name}' on sobject of type {of.name}")
            if known.readonly:
                raise RefusedError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    f"Unable to create/update fields: {known.name}. Please check the security settings of this field",
                    400,
                    (known.name,),
                )
            given[known.name] = self._value(of, known, value)
        missing = [
            known.name
            for known in of.fields.values()
            if known.required and given.get(known.name, None if before is None and not known.default else "") is None
        ]
        if missing:
            raise RefusedError(
                "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", 400, tuple(missing)
            )
        self._locked(of, {**(before or {}), **given})
        self._unique(of, given, before)
        if before is None:
            self._no_duplicate(of, given)
        return given

    def _resolved(self, of: Kind, fields: Row) -> Row:
        """Records named by an external id, as ``{"Account": {"Tongmai_Key__c": "A1"}}``, replaced by their ids."""
        found: Row = {}
        for name, value in fields.items():
            link = of.related(name) if isinstance(value, dict) else None
            if link is None:
                found[name] = value
                continue
            above = kind(link.target)
            members = {key: each for key, each in value.items() if key != "attributes"}
            assert above is not None
            if len(members) != 1:
                raise RefusedError("INVALID_FIELD", f"{name} must be named by exactly one external id")
            column, wanted = next(iter(members.items()))
            keys = self.by_value(above, self.external(above, column), str(wanted))
            if len(keys) != 1:
                raise RefusedError(
                    "INVALID_FIELD",
                    f"Foreign key external ID: {wanted} not found for field {column} in entity {above.name}",
                )
            found[link.name] = keys[0]
        return found

    def _value(self, of: Kind, known: Field, value: Any) -> Any:
        if value is None or value == "":
            return None
        if known.type == "boolean" and not isinstance(value, bool):
            raise _not_typed(known, value)
        if known.type in _NUMBER and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise _not_typed(known, value)
        if known.type in ("boolean", *_NUMBER):
            return value
        if not isinstance(value, str):
            raise _not_typed(known, value)
        if known.type in ("date", "datetime"):
            try:
                moment(value)
            except ValueError:
                raise _not_typed(known, value) from None
            return value
        if known.type == "reference":
            return self._reference(known, value)
        if known.length and len(value) > known.length:
            raise RefusedError(
                "STRING_TOO_LONG",
                f"{known.name}: data value too large: {value[:60]} (max length={known.length})",
                400,
                (known.name,),
            )
        if known.type == "email" and not _MAIL.fullmatch(value):
            raise RefusedError(
                "INVALID_EMAIL_ADDRESS", f"{known.name}: invalid email address: {value}", 400, (known.name,)
            )
        if known.restricted and value not in known.values:
            raise RefusedError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{known.name}: bad value for restricted picklist field: {value}",
                400,
                (known.name,),
            )
        return value

    def _reference(self, known: Field, value: str) -> str:
        whole = whole_id(value)
        if not whole:
            raise RefusedError("MALFORMED_ID", f"{known.name}: id value of incorrect type: {value}", 400, (known.name,))
        if not any(whole in self.org.table(each).rows and self.org.live(each, whole) for each in _kinds()):
            raise RefusedError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", 400, (known.name,))
        return whole

    def _unique(self, of: Kind, given: Row, before: Row | None) -> None:
        for known in (each for each in of.fields.values() if each.unique and given.get(each.name)):
            others = [
                key for key in self.by_value(of, known, str(given[known.name])) if before is None or key != before["Id"]
            ]
            if others:
                raise RefusedError(
                    "DUPLICATE_VALUE",
                    f"duplicate value found: {known.name} duplicates value on record with id: {others[0]}",
                )

    def _no_duplicate(self, of: Kind, given: Row) -> None:
        """The organisation's duplicate rule: two accounts of one name, unless the caller insists."""
        if of.name != "Account" or self.save_duplicates or not self.org.state.switches["duplicate_rule"]:
            return
        if self.by_value(of, of.fields["Name"], str(given.get("Name") or "")):
            raise RefusedError("DUPLICATES_DETECTED", "Use one of these records?")

    def _locked(self, of: Kind, row: Row) -> None:
        """Parallel writes to records of one parent: the second finds the parent locked, by chance."""
        switches, now = self.org.state.switches, self.org.now()
        parents = [
            str(row[each.name])
            for each in of.fields.values()
            if each.type == "reference" and each.target == "Account" and row.get(each.name)
        ]
        others = sum(self.org.state.in_flight.values()) > 1
        for parent in parents:
            holder, until = self._locks.get(parent, (self.call, 0.0))
            if (
                others
                and holder != self.call
                and now < until
                and self._chance.random() < float(switches["lock_chance"])
            ):
                raise RefusedError(
                    "UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or 1 records: {parent}"
                )
            self._locks[parent] = (self.call, now + 0.5)

    def _note(self, of: Kind, op: str, row: Row, given: Row) -> None:
        ours = str(row.get("Tongmai_Key__c") or "")
        self.org.state.ledger.add(self.org.now(), of.name, op, row["Id"], given, our_key=ours)


def _kinds() -> list[Kind]:
    from connectors.vendors.salesforce.simulator_fields import KINDS

    return list(KINDS.values())


def _not_too_many(count: int) -> None:
    if count > 200:
        raise RefusedError(
            "EXCEEDED_ID_LIMIT", "record limit reached. cannot submit more than 200 records into this call"
        )


def _not_typed(known: Field, value: Any) -> RefusedError:
    return RefusedError(
        "JSON_PARSER_ERROR", f"Cannot deserialize instance of {known.type} from value {value}", 400, (known.name,)
    )

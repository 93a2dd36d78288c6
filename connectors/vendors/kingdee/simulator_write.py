"""Writes of the simulated K3Cloud: Save, BatchSave, Draft, the status machine, the operations of bills and base data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from connectors.testing.simulator import State
from connectors.vendors.kingdee.simulator_data import blank, folded
from connectors.vendors.kingdee.simulator_forms import DOWNSTREAM, Field, Form, Refused, Row
from connectors.vendors.kingdee.simulator_lines import merged
from connectors.vendors.kingdee.simulator_values import stored

_OPEN: Final = ("Z", "A", "D")
# operation → (statuses it is allowed in, refusal)
_STEPS: Final = {
    "Submit": (_OPEN, "只有暂存、创建、重新审核状态的数据才能提交"),
    "Audit": (("B",), "只有审核中的数据才能审核"),
    "UnAudit": (("C",), "只有已审核的数据才能反审核"),
    "CancelAssign": (("B",), "只有审核中的数据才能撤销"),
    "Delete": (_OPEN, "只有暂存、创建、重新审核状态的数据才能删除"),
}
# operation → (field, its value afterwards, statuses it is allowed in, its name)
_OPERATIONS: Final = {
    "Forbid": ("FForbidStatus", "B", ("Z", "A", "B", "C", "D"), "禁用"),
    "Enable": ("FForbidStatus", "A", ("Z", "A", "B", "C", "D"), "反禁用"),
    "Cancel": ("FCancelStatus", "B", _OPEN, "作废"),
    "UnCancel": ("FCancelStatus", "A", _OPEN, "反作废"),
    "BillClose": ("FCloseStatus", "B", ("C",), "关闭"),
    "BillUnClose": ("FCloseStatus", "A", ("C",), "反关闭"),
}


class Writes:
    """Changes of any form's records; every accepted one goes to the ledger."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._given: dict[str, int] = {}
        self._seen: set[str] = set()

    def save(self, form: Form, data: Row, *, draft: bool = False) -> Row:
        """Save or Draft of one model."""
        self._repeat(form, data)
        row = self._save_one(form, data.get("Model"), data, draft)
        return _answer(form, [row], [], {"Id": row[form.key], "Number": row[form.number], "NeedReturnData": [{}]})

    def batch_save(self, form: Form, data: Row) -> Row:
        """BatchSave: each model by itself; ``DIndex`` tells which."""
        self._repeat(form, data)
        models = data.get("Model")
        if not isinstance(models, list):
            raise Refused(8, "Model 应为数组")
        done: list[tuple[int, Row]] = []
        errors: list[Refused] = []
        for index, model in enumerate(models):
            try:
                done.append((index, self._save_one(form, model, data, False)))
            except Refused as refused:
                errors.append(Refused(refused.code, refused.message, refused.field, index))
        more: Row = {"NeedReturnData": [{} for _ in done]}
        return _answer(form, [row for _, row in done], errors, more, [index for index, _ in done])

    def step(self, form: Form, name: str, data: Row) -> Row:
        """Submit, Audit, UnAudit, CancelAssign, Delete by Ids or Numbers."""
        silent = name == "Audit" and bool(self._state.switches["silent_partial"])
        return self._each(form, name, data, lambda row: self.advance(form, row, name), silent)

    def advance(self, form: Form, row: Row, name: str) -> None:
        """Take one record through a step of its life, as far as its status allows."""
        allowed, refusal = _STEPS[name]
        if row["FDocumentStatus"] not in allowed:
            raise Refused(11, f"编码为{row[form.number]}的{form.label}：{refusal}")
        if name in ("Submit", "Audit") and row.get("FCancelStatus") == "B":
            raise Refused(11, f"编码为{row[form.number]}的{form.label}已作废")
        if name == "UnAudit" and form.name == "SAL_SaleOrder" and self._has_downstream(row):
            raise Refused(11, f"编码为{row[form.number]}的{form.label}已有下游单据，不能反审核")
        if name == "Delete":
            self._state.tables[form.name].remove(row[form.key])
        elif name == "Submit":
            self.put(form, {**row, "FDocumentStatus": "B"})
        elif name == "Audit":
            self.put(form, {**row, "FDocumentStatus": "C", "FApproveDate": self.now()})
        elif name == "UnAudit":
            self.put(form, {**row, "FDocumentStatus": "D"})
        else:
            self.put(form, {**row, "FDocumentStatus": "D" if row["FApproveDate"] else "A"})

    def operate(self, form: Form, number: str, data: Row) -> Row:
        """ExcuteOperation: Forbid and Enable of base data; Cancel, BillClose and their reverse of bills."""
        if number not in form.operations:
            raise Refused(3, f"操作 {number} 不存在")
        field, wanted, allowed, word = _OPERATIONS[number]

        def one(row: Row) -> None:
            if row[field] == wanted or row["FDocumentStatus"] not in allowed:
                raise Refused(11, f"编码为{row[form.number]}的{form.label}不能{word}")
            self.put(form, {**row, field: wanted})

        return self._each(form, number, data, one)

    def by_user(self, form: Form, op: str, key: str, fields: Row) -> str:
        """A change in the system's own screens: touches the modified time, is not in the ledger, knows no rule."""
        table = self._state.tables[form.name]
        if op == "delete":
            table.remove(int(key))
            return key
        if op == "insert":
            row = blank(form, int(key) if key else self.new_id(form), self.now())
            row[form.number] = self._auto_number(form, row)
            if not form.bill:
                row |= {"FCreateOrgId": "100", "FUseOrgId": "100", "FDocumentStatus": "C"}
        else:
            row = table.rows[int(key)]
        own: Row = {}
        lines: list[Row] | None = None
        for name, value in fields.items():
            if name in (form.entry, "entries"):
                lines = [self._line_by_user(form, line) for line in value]
            else:
                field = _known(form.fields, name)
                own[field.name] = self._by_user(field, value)
        row = {**row, "FModifyDate": self.now(), **own}
        row = row if lines is None else merged(form, row, lines, delete_others=True)
        table.put(row[form.key], row)
        return str(row[form.key])

    def put(self, form: Form, row: Row) -> None:
        """Replace a record; its modified time is now."""
        self._state.tables[form.name].put(row[form.key], {**row, "FModifyDate": self.now()})

    def make(self, form: Form, fields: Row, lines: list[Row]) -> Row:
        """A new audited record with these fields, as the system's own processes make it."""
        row = blank(form, self.new_id(form), self.now())
        row[form.number] = self._auto_number(form, row)
        row = merged(form, {**row, **fields}, lines, delete_others=True)
        self.put(form, {**row, "FDocumentStatus": "C", "FApproveDate": self.now()})
        return row

    def now(self) -> int:
        """The account set's time in milliseconds."""
        return int(self._state.clock.now() * 1000)

    def new_id(self, form: Form) -> int:
        """An id that no record has had."""
        highest = self._state.tables[form.name].highest() or form.first_id - 1
        self._given[form.name] = max(self._given.get(form.name, 0), int(highest)) + 1
        return self._given[form.name]

    def _save_one(self, form: Form, model: Any, data: Row, draft: bool) -> Row:
        if not isinstance(model, dict):
            raise Refused(8, "Model 不能为空")
        given = {name.upper(): value for name, value in model.items()}
        key = int(given.get(form.key.upper()) or 0)
        table = self._state.tables[form.name]
        if key and key not in table.rows:
            raise Refused(10, f"内码为{key}的{form.label}不存在")
        old = table.rows[key] if key else blank(form, self.new_id(form), self.now())
        self._refuse_closed(form, old, bool(key))
        self._locked(form, old)
        own, lines = self._fields(form, model, data)
        if form.name in self._state.switches["auto_number"]:
            own.pop(form.number, None)
        row = {**old, **own}
        if lines is not None:
            delete_others = str(data.get("IsDeleteEntry", "true")).lower() != "false"
            row = merged(form, row, lines, delete_others=delete_others)
        if not row[form.number]:
            row[form.number] = self._auto_number(form, row)
        if not draft:
            _required(form, row)
        if any(r[form.key] != row[form.key] for r in table.numbered(folded(row[form.number]))):
            raise Refused(11, f"编码“{row[form.number]}”已存在", form.number)
        if draft and not key:
            row["FDocumentStatus"] = "Z"
        elif old["FDocumentStatus"] == "Z" and not draft:
            row["FDocumentStatus"] = "A"
        self.put(form, row)
        self._note(form, "update" if key else "create", row, model)
        return row

    def _refuse_closed(self, form: Form, old: Row, exists: bool) -> None:
        if exists and old["FDocumentStatus"] not in _OPEN:
            raise Refused(11, f"编码为{old[form.number]}的{form.label}已提交或已审核，不能修改")
        if exists and old.get("FCancelStatus") == "B":
            raise Refused(11, f"编码为{old[form.number]}的{form.label}已作废，不能修改")

    def _fields(self, form: Form, model: Row, data: Row) -> tuple[Row, list[Row] | None]:
        """Head values to store, and lines when the model has them."""
        renamed = self._state.switches["renamed"]
        entry = form.entry_called(renamed).upper()
        only = {str(name).upper() for name in data.get("NeedUpDateFields") or []}
        fields: Row = {}
        lines: list[Row] | None = None
        for name, value in model.items():
            if entry and name.upper() == entry:
                if not only or entry in only:
                    lines = [self._line(form, item, only) for item in (value if isinstance(value, list) else [])]
                continue
            field, of_line = form.column(name, renamed)
            if of_line:
                raise Refused(9, f"元数据中标识为{name}的字段不存在", name)
            if not field.given and (not only or name.upper() in only):
                fields[field.name] = self._stored(field, value)
        return fields, lines

    def _line(self, form: Form, item: Any, only: set[str]) -> Row:
        """One line's values to store; ``NeedUpDateFields`` holds back what it does not name."""
        if not isinstance(item, dict):
            raise Refused(8, f"{form.entry} 的分录应为对象")
        line: Row = {}
        renamed = self._state.switches["renamed"]
        entry = form.entry_called(renamed)
        for name, value in item.items():
            field, of_line = form.column(f"{entry}_{name}", renamed)
            if field.name == "FEntryID":
                line["FEntryID"] = int(value or 0)
            elif not field.given and of_line and (not only or name.upper() in only):
                line[field.name] = self._stored(field, value)
        return line

    def _stored(self, field: Field, value: Any) -> Any:
        strict = bool(self._state.switches["audited_references"])
        return stored(field, value, self._state.tables, audited_only=strict)

    def _line_by_user(self, form: Form, line: Row) -> Row:
        pairs = ((_known(form.line_fields, name), value) for name, value in line.items())
        return {field.name: self._by_user(field, value) for field, value in pairs}

    def _by_user(self, field: Field, value: Any) -> Any:
        """A value as a test gives it: what the API would take, or as it is stored."""
        if field.given or value is None or (field.type == "time" and isinstance(value, int)):
            return value
        return stored(field, value, self._state.tables)

    def _each(self, form: Form, op: str, data: Row, one: Callable[[Row], None], silent: bool = False) -> Row:
        rows = self._named(form, data)
        done: list[Row] = []
        errors: list[Refused] = []
        for index, row in enumerate(rows[: max(1, len(rows) // 2)] if silent and len(rows) > 1 else rows):
            try:
                self._locked(form, row)
                one(row)
                self._note(form, op, row, {})
                done.append(row)
            except Refused as refused:
                errors.append(Refused(refused.code, refused.message, refused.field, index))
        return _answer(form, done, errors, {})

    def _named(self, form: Form, data: Row) -> list[Row]:
        table = self._state.tables[form.name]
        ids = data.get("Ids") or []
        ids = ids.split(",") if isinstance(ids, str) else ids
        numbers = data.get("Numbers") or []
        numbers = numbers.split(",") if isinstance(numbers, str) else numbers
        by_number = [next(iter(table.numbered(folded(number))), None) for number in numbers]
        rows = [*(table.rows.get(int(key)) for key in ids if str(key).strip()), *by_number]
        if not rows:
            raise Refused(8, "Ids 和 Numbers 不能都为空")
        if None in rows:
            raise Refused(10, "数据不存在或已被删除")
        return [row for row in rows if row is not None]

    def _has_downstream(self, order: Row) -> bool:
        number = order["FBillNo"]
        return any(row["FOrderNo"] == number for name in DOWNSTREAM for row in self._state.tables[name].rows.values())

    def _auto_number(self, form: Form, row: Row) -> str:
        """The number a code rule gives: by id, and never one that a person took before."""
        number, table = int(row[form.key]), self._state.tables[form.name]
        offset = form.first_id - 1 if form.bill else 0
        while table.numbered(folded(f"{form.prefix}{number - offset:06d}")):
            number += 1
        return f"{form.prefix}{number - offset:06d}"

    def _repeat(self, form: Form, data: Row) -> None:
        digest = hashlib.sha256(json.dumps([form.name, data], sort_keys=True).encode()).hexdigest()
        if str(data.get("ValidateRepeatJson", "false")).lower() == "true" and digest in self._seen:
            raise Refused(11, "重复提交相同的数据")
        self._seen.add(digest)

    def _locked(self, form: Form, row: Row) -> None:
        if row[form.number] and row[form.number] in self._state.switches["locked"]:
            raise Refused(13, f"编码为{row[form.number]}的{form.label}正被其他用户操作，网控冲突")

    def _note(self, form: Form, op: str, row: Row, payload: Any) -> None:
        at, own = self._state.clock.now(), str(row.get("F_TM_KEY") or "")
        self._state.ledger.add(at, form.name, op, str(row[form.key]), payload, our_key=own, number=row[form.number])


def _known(fields: dict[str, Field], name: str) -> Field:
    if name.upper() not in fields:
        raise ValueError(
            f"there is no field `{name}` (there are: {', '.join(field.name for field in fields.values())})"
        )
    return fields[name.upper()]


def _required(form: Form, row: Row) -> None:
    for field in form.head:
        if field.required and not row.get(field.name):
            raise Refused(11, f"字段“{field.name}”是必填项", field.name)
    if form.needs_line and not row["entries"]:
        raise Refused(11, f"{form.label}的分录“{form.entry}”不能为空", form.entry)
    for line in row["entries"]:
        for field in form.lines:
            if field.required and (
                not line.get(field.name) or (field.type == "number" and not Decimal(line[field.name]))
            ):
                raise Refused(11, f"第{line.get('FSeq', '')}行分录的字段“{field.name}”是必填项", field.name)


def _answer(form: Form, done: list[Row], errors: list[Refused], more: Row, indexes: list[int] | None = None) -> Row:
    places = indexes or list(range(len(done)))
    entities = [{"Id": r[form.key], "Number": r[form.number], "DIndex": i} for r, i in zip(done, places, strict=True)]
    status: Row = {
        "IsSuccess": not errors,
        "Errors": [],
        "SuccessEntitys": entities,
        "SuccessMessages": [],
        "MsgCode": 0,
    }
    if errors:
        status |= {"ErrorCode": 500, "MsgCode": errors[0].code}
        status["Errors"] = [{"FieldName": e.field, "Message": e.message, "DIndex": e.index} for e in errors]
    return {"Result": {"ResponseStatus": status, **more}}

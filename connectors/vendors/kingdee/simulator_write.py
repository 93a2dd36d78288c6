"""Writes of the simulated K3Cloud: Save, BatchSave, Draft, the status machine, Forbid and Enable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

from connectors.testing.simulator import State
from connectors.vendors.kingdee.simulator_data import BASE_DATA, ENTRY, FIELDS, FORM, Row, blank
from connectors.vendors.kingdee.simulator_query import Refused

_OPEN: Final = ("Z", "A", "D")
# operation → (statuses it is allowed in, refusal)
_STEPS: Final = {
    "Submit": (_OPEN, "只有暂存、创建、重新审核状态的数据才能提交"),
    "Audit": (("B",), "只有审核中的数据才能审核"),
    "UnAudit": (("C",), "只有已审核的数据才能反审核"),
    "CancelAssign": (("B",), "只有审核中的数据才能撤销"),
    "Delete": (_OPEN, "只有暂存、创建、重新审核状态的数据才能删除"),
}


class Writes:
    """Changes of customers; every accepted one goes to the ledger."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._table = state.tables[FORM]
        self._next_id = max(self._table.rows, default=100000) + 1
        self._seen: set[str] = set()

    def save(self, data: Row, *, draft: bool = False) -> Row:
        """Save or Draft of one model."""
        self._repeat(data)
        row = self._save_one(data.get("Model"), data, draft)
        return _answer([row], [], {"Id": row["FCUSTID"], "Number": row["FNumber"], "NeedReturnData": [{}]})

    def batch_save(self, data: Row) -> Row:
        """BatchSave: each model by itself; ``DIndex`` tells which."""
        self._repeat(data)
        models = data.get("Model")
        if not isinstance(models, list):
            raise Refused(8, "Model 应为数组")
        done: list[tuple[int, Row]] = []
        errors: list[Refused] = []
        for index, model in enumerate(models):
            try:
                done.append((index, self._save_one(model, data, False)))
            except Refused as refused:
                errors.append(Refused(refused.code, refused.message, refused.field, index))
        return _answer(
            [row for _, row in done], errors, {"NeedReturnData": [{} for _ in done]}, [index for index, _ in done]
        )

    def step(self, name: str, data: Row) -> Row:
        """Submit, Audit, UnAudit, CancelAssign, Delete by Ids or Numbers."""
        allowed, refusal = _STEPS[name]

        def one(row: Row) -> None:
            if row["FDocumentStatus"] not in allowed:
                raise Refused(11, f"编码为{row['FNumber']}的客户：{refusal}")
            if name == "Delete":
                self._table.remove(row["FCUSTID"])
            elif name == "Submit":
                self._put({**row, "FDocumentStatus": "B"})
            elif name == "Audit":
                self._put({**row, "FDocumentStatus": "C", "FApproveDate": self._now()})
            elif name == "UnAudit":
                self._put({**row, "FDocumentStatus": "D"})
            else:
                self._put({**row, "FDocumentStatus": "D" if row["FApproveDate"] else "A"})

        return self._each(name, data, one, silent=name == "Audit" and self._state.switches["silent_partial"])

    def operate(self, number: str, data: Row) -> Row:
        """ExcuteOperation: Forbid and Enable."""
        if number not in ("Forbid", "Enable"):
            raise Refused(3, f"操作 {number} 不存在")
        wanted, word = ("B", "禁用") if number == "Forbid" else ("A", "反禁用")

        def one(row: Row) -> None:
            if row["FForbidStatus"] == wanted:
                raise Refused(11, f"编码为{row['FNumber']}的客户不能{word}")
            self._put({**row, "FForbidStatus": wanted})

        return self._each(number, data, one)

    def by_user(self, op: str, key: str, fields: dict[str, Any]) -> str:
        """A change in the system's own screens: touches the modified time, is not in the ledger, knows no rule."""
        if op == "delete":
            self._table.remove(int(key))
            return key
        if op == "insert":
            row = blank(int(key) if key else self._new_id(), self._now())
            row |= {
                "FNumber": f"CUST{row['FCUSTID']:06d}",
                "FCreateOrgId": "100",
                "FUseOrgId": "100",
                "FDocumentStatus": "C",
            }
        else:
            row = self._table.rows[int(key)]
        self._table.put(row["FCUSTID"], {**row, "FModifyDate": self._now(), **fields})
        return str(row["FCUSTID"])

    def _save_one(self, model: Any, data: Row, draft: bool) -> Row:
        if not isinstance(model, dict):
            raise Refused(8, "Model 不能为空")
        given = {name.upper(): value for name, value in model.items()}
        key = int(given.get("FCUSTID") or 0)
        if key and key not in self._table.rows:
            raise Refused(10, f"内码为{key}的客户不存在")
        old = self._table.rows[key] if key else blank(self._new_id(), self._now())
        if key and old["FDocumentStatus"] not in _OPEN:
            raise Refused(11, f"编码为{old['FNumber']}的客户已提交或已审核，不能修改")
        self._locked(old)
        row = {**old, **self._fields(given, data)}
        if not row["FNumber"]:
            row["FNumber"] = f"CUST{row['FCUSTID']:06d}"
        if not draft:
            _required(row)
        if any(r["FCUSTID"] != row["FCUSTID"] for r in self._table.numbered(row["FNumber"].casefold())):
            raise Refused(11, f"编码“{row['FNumber']}”已存在", "FNumber")
        if ENTRY in given:
            row["entries"] = self._entries(
                old["entries"], given[ENTRY], str(data.get("IsDeleteEntry", "true")).lower() != "false"
            )
        if draft and not key:
            row["FDocumentStatus"] = "Z"
        elif old["FDocumentStatus"] == "Z" and not draft:
            row["FDocumentStatus"] = "A"
        self._put(row)
        self._note("update" if key else "create", row["FCUSTID"], model)
        return row

    def _fields(self, given: Row, data: Row) -> Row:
        only = {str(name).upper() for name in data.get("NeedUpDateFields") or []}
        fields: Row = {}
        for name, value in given.items():
            field = FIELDS.get(name)
            if name == ENTRY or (field and (field.given or field.entry)):
                continue
            if field is None:
                raise Refused(9, f"元数据中标识为{name}的字段不存在", name)
            if only and name not in only:
                continue
            if field.type == "reference":
                code = {k.upper(): v for k, v in value.items()}.get("FNUMBER", "") if isinstance(value, dict) else value
                if code and str(code) not in BASE_DATA[field.to]:
                    raise Refused(11, f"字段“{field.name}”的值“{code}”不存在", field.name)
                fields[field.name] = str(code or "")
            else:
                fields[field.name] = "" if value is None else str(value)
        return fields

    def _entries(self, old: list[Row], given: Any, delete_others: bool) -> list[Row]:
        kept = {entry["FEntryID"]: entry for entry in old}
        named: set[int] = set()
        for item in given if isinstance(given, list) else []:
            values = {FIELDS[k.upper()].name: v for k, v in item.items() if k.upper() in FIELDS}
            number = int(values.get("FEntryID") or 0) or self._new_id() * 10
            kept[number] = {**kept.get(number, {}), **values, "FEntryID": number}
            named.add(number)
        return [entry for number, entry in kept.items() if number in named or not delete_others]

    def _each(self, op: str, data: Row, one: Callable[[Row], None], silent: bool = False) -> Row:
        rows = self._named(data)
        done: list[Row] = []
        errors: list[Refused] = []
        for index, row in enumerate(rows[: max(1, len(rows) // 2)] if silent and len(rows) > 1 else rows):
            try:
                self._locked(row)
                one(row)
                self._note(op, row["FCUSTID"], {})
                done.append(row)
            except Refused as refused:
                errors.append(Refused(refused.code, refused.message, refused.field, index))
        return _answer(done, errors, {})

    def _named(self, data: Row) -> list[Row]:
        ids = data.get("Ids") or []
        ids = ids.split(",") if isinstance(ids, str) else ids
        numbers = data.get("Numbers") or []
        numbers = numbers.split(",") if isinstance(numbers, str) else numbers
        by_number = [next(iter(self._table.numbered(str(number).casefold())), None) for number in numbers]
        rows = [*(self._table.rows.get(int(key)) for key in ids if str(key).strip()), *by_number]
        if not rows:
            raise Refused(8, "Ids 和 Numbers 不能都为空")
        if None in rows:
            raise Refused(10, "数据不存在或已被删除")
        return [row for row in rows if row is not None]

    def _repeat(self, data: Row) -> None:
        digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
        if str(data.get("ValidateRepeatJson", "false")).lower() == "true" and digest in self._seen:
            raise Refused(11, "重复提交相同的数据")
        self._seen.add(digest)

    def _locked(self, row: Row) -> None:
        if row["FNumber"] in self._state.switches["locked"]:
            raise Refused(13, f"编码为{row['FNumber']}的客户正被其他用户操作，网控冲突")

    def _put(self, row: Row) -> None:
        self._table.put(row["FCUSTID"], {**row, "FModifyDate": self._now()})

    def _note(self, op: str, key: int, payload: Any) -> None:
        self._state.ledger.add(self._state.clock.now(), FORM, op, str(key), payload)

    def _now(self) -> int:
        return int(self._state.clock.now() * 1000)

    def _new_id(self) -> int:
        self._next_id = max(self._next_id, self._table.highest() or 0) + 1
        return self._next_id


def _required(row: Row) -> None:
    for field in FIELDS.values():
        if field.required and not row.get(field.name):
            raise Refused(11, f"字段“{field.name}”是必填项", field.name)


def _answer(done: list[Row], errors: list[Refused], more: Row, indexes: list[int] | None = None) -> Row:
    places = indexes or list(range(len(done)))
    entities = [{"Id": r["FCUSTID"], "Number": r["FNumber"], "DIndex": i} for r, i in zip(done, places, strict=True)]
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

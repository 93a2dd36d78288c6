"""Writes of the simulated Fxiaoke tenant."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.testing.simulator import State
from connectors.vendors.fxiaoke.simulator_data import ADMIN, new_row
from connectors.vendors.fxiaoke.simulator_objects import MASTER_OF, NUMBERED, OBJECTS, READ_ONLY, Field, Row
from connectors.vendors.fxiaoke.simulator_query import SYSTEM, Refused

CHINA = timezone(timedelta(hours=8))
_OUR_KEY = "tongmai_key__c"
_NUMBERS = ("number", "currency", "percentile")
_REFERENCES = ("object_reference", "master_detail")
_SHOWN_ONLY = ("__r", "__l", "__o", "__v", "__p", "__e", "__relation_ids")
_IGNORED = (*SYSTEM, "dataObjectApiName", "object_describe_api_name", "extend_obj_data_id")


class Writes:
    """Create, update, invalidate, recover, delete; and changes by the vendor's own users."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._numbers: Counter[str] = Counter()

    def call(self, action: str, obj: str, data: Row, body: Row, user: str) -> Row:
        """One write by API; gives what joins the answer."""
        if obj in READ_ONLY:
            raise Refused(15003, f"{obj} 不支持该操作")
        match action:
            case "create":
                return {"dataId": self._create(obj, data["object_data"], data.get("details") or {}, body, user)}
            case "update":
                self._update(obj, data["object_data"], body, user)
            case "invalid":
                self._set_status(obj, str(data.get("object_data_id")), "invalid", user)
            case "recover":
                for key in _id_list(data):
                    self._set_status(obj, key, "normal", user)
            case "delete":
                self._delete(obj, _id_list(data), user)
            case "changeOwner":
                for item in data.get("Data") or []:
                    row = self._row(obj, str(item.get("objectDataId")))
                    self._store(
                        obj, {**row, "owner": list(item["ownerId"])}, user, "changeOwner", {"owner": item["ownerId"]}
                    )
        return {}

    def by_user(self, obj: str, op: str, key: str, fields: dict[str, Any], at_ms: int | None = None) -> str:
        """A change in the vendor's screens: touches the modified time, is not in the ledger, knows no rule."""
        table = self._state.tables[obj]
        now = self._now() if at_ms is None else at_ms
        if op == "delete":
            row = table.rows[key]
            self._remove(obj, key)
            self._touch_master(obj, row, ADMIN)
            return key
        if op == "insert":
            key = key or self._new_id()
            row = new_row(obj, key, self._named(obj, {}), ADMIN, now)
        else:
            row = table.rows[key]
        stamped = {**row, "last_modified_time": now, "last_modified_by": [ADMIN]}
        if op == "update":
            stamped["version"] = str(int(row["version"]) + 1)
        table.put(key, {**stamped, **fields})
        self._touch_master(obj, table.rows[key], ADMIN)
        return key

    def _create(self, obj: str, given: Row, details: Any, body: Row, user: str) -> str:
        """A record, with the rows of its detail objects; everything is checked before anything is kept."""
        fields = self._complete(obj, given, skip="")
        lines = self._lines(obj, details)
        key = self._new_id()
        owner = given.get("owner")
        person = str(owner[0]) if isinstance(owner, list) and owner else user
        row = new_row(obj, key, self._named(obj, fields), person, self._now())
        row["created_by"] = row["last_modified_by"] = [user]
        if obj in self._state.switches["approval"] and body.get("triggerApprovalFlow") is not False:
            row["life_status"] = "ineffective"
        self._state.tables[obj].put(key, row)
        for name, line in lines:
            line_key = self._new_id()
            values = self._named(name, {**line, MASTER_OF[name][1]: key})
            self._state.tables[name].put(line_key, new_row(name, line_key, values, person, self._now()))
        noted = {name: [line for each, line in lines if each == name] for name in dict.fromkeys(n for n, _ in lines)}
        self._touch_master(obj, row, user)
        self._note("create", row, {**fields, **noted, **_flags(body)})
        return key

    def _lines(self, obj: str, details: Any) -> list[tuple[str, Row]]:
        """The rows of ``details``, checked, with the name of their object."""
        if not isinstance(details, dict):
            raise Refused(10006, "the parameter details is missing or illegal")
        found: list[tuple[str, Row]] = []
        for name, rows in details.items():
            master, column = MASTER_OF.get(name, ("", ""))
            if master != obj:
                raise Refused(32000, f"{name} 不是 {obj} 的从对象")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise Refused(10006, f"the parameter details.{name} is missing or illegal")
            found += [(name, self._complete(name, row, skip=column)) for row in rows]
        return found

    def _complete(self, obj: str, given: Row, *, skip: str) -> Row:
        """The writable fields of a new row. ``skip``: the field that will hold its master."""
        fields = self._clean(obj, {name: value for name, value in given.items() if name != skip})
        for name, field in OBJECTS[obj].items():
            if field.required and name != skip and fields.get(name) in (None, ""):
                raise Refused(32000, f"必填字段 {name} 不能为空")
        if "subtotal" in OBJECTS[obj] and not fields.get("subtotal") and fields.get("quantity"):
            fields["subtotal"] = str(Decimal(fields["quantity"]) * Decimal(fields.get("sales_price") or 0))
        return fields

    def _named(self, obj: str, fields: Row) -> Row:
        """With a number of the tenant's own as name where the object has such and none was given."""
        if obj not in NUMBERED or fields.get("name"):
            return fields
        self._numbers[obj] += 1
        day = datetime.fromtimestamp(self._state.clock.now(), CHINA).strftime("%Y%m%d")
        return {**fields, "name": f"{NUMBERED[obj]}{day}-{self._numbers[obj]:06d}"}

    def _touch_master(self, obj: str, row: Row, user: str) -> None:
        """Whether a change of a detail row changes its master is not documented: a switch."""
        if obj not in MASTER_OF or not self._state.switches["detail_touches_master"]:
            return
        master, column = MASTER_OF[obj]
        old = self._state.tables[master].rows.get(str(row.get(column)))
        if old is not None:
            stamp = {"last_modified_time": self._now(), "last_modified_by": [user]}
            self._state.tables[master].put(str(old["_id"]), {**old, **stamp, "version": str(int(old["version"]) + 1)})

    def _remove(self, obj: str, key: str) -> None:
        """A record goes with its detail rows."""
        self._state.tables[obj].remove(key)
        for name, (master, _) in MASTER_OF.items():
            if master == obj:
                for line in self._state.tables[name].numbered(key):
                    self._state.tables[name].remove(str(line["_id"]))

    def _update(self, obj: str, given: Row, body: Row, user: str) -> None:
        row = self._row(obj, str(given["_id"]))
        if row["lock_status"] == "1":
            raise Refused(50009, "数据已锁定，不可编辑")
        if row["life_status"] == "invalid":
            raise Refused(32000, "数据已作废，不可编辑")
        fields = self._clean(obj, given)
        for name, field in OBJECTS[obj].items():
            if field.required and name in fields and fields[name] in (None, ""):
                raise Refused(32000, f"必填字段 {name} 不能为空")
        changed = {**row, **fields}
        if obj in self._state.switches["approval"] and body.get("triggerApprovalFlow") is not False:
            changed["life_status"] = "in_change"
        self._store(obj, changed, user, "update", {**fields, **_flags(body)})

    def _set_status(self, obj: str, key: str, status: str, user: str) -> None:
        row = self._row(obj, key)
        invalid = row["life_status"] == "invalid"
        if (status == "invalid") == invalid:
            raise Refused(32000, "数据已作废" if invalid else "数据未作废，不能恢复")
        self._store(obj, {**row, "life_status": status}, user, "invalid" if status == "invalid" else "recover", {})

    def _delete(self, obj: str, keys: list[str], user: str) -> None:
        for key in keys:
            if self._row(obj, key)["life_status"] != "invalid":
                raise Refused(32000, "只能删除已作废的数据")
        for key in keys:
            row = self._state.tables[obj].rows[key]
            self._remove(obj, key)
            self._touch_master(obj, row, user)
            self._note("delete", row, {})

    def _store(self, obj: str, row: Row, user: str, op: str, payload: Row) -> None:
        key = str(row["_id"])
        stamp = {"last_modified_time": self._now(), "last_modified_by": [user], "version": str(int(row["version"]) + 1)}
        self._state.tables[obj].put(key, {**row, **stamp})
        self._touch_master(obj, row, user)
        self._note(op, row, payload)

    def _clean(self, obj: str, given: Row) -> Row:
        """The writable fields, checked; keys that the vendor only shows are left out."""
        fields: Row = {}
        for name, value in given.items():
            if name.endswith(_SHOWN_ONLY) or name in _IGNORED:
                continue
            field = OBJECTS[obj].get(name)
            if field is None:
                raise Refused(32000, f"字段 {name} 不存在")
            fields[name] = self._value(name, field, value)
        return fields

    def _value(self, name: str, field: Field, value: Any) -> Any:
        if value in (None, ""):
            return None
        if field.type in _NUMBERS:
            if not isinstance(value, str) and self._state.switches["numbers"] == "reject":
                raise Refused(32000, f"字段 {name} 的值应为字符串")
            try:
                Decimal(str(value))
            except InvalidOperation:
                raise Refused(32000, f"字段 {name} 不是数字") from None
            return str(value)
        if field.type == "select_one" and value not in dict(field.options):
            raise Refused(32000, f"字段 {name} 的选项 {value} 不存在")
        if field.type in _REFERENCES and str(value) not in self._state.tables[field.to].rows:
            raise Refused(32000, f"字段 {name} 引用的数据 {value} 不存在")
        if field.type in ("date", "date_time") and not isinstance(value, int):
            raise Refused(32000, f"字段 {name} 应为毫秒时间戳")
        if field.type == "text" and not isinstance(value, str):
            raise Refused(32000, f"字段 {name} 应为文本")
        return value

    def _row(self, obj: str, key: str) -> Row:
        row = self._state.tables[obj].rows.get(key)
        if row is None:
            raise Refused(32000, "数据不存在")
        return row

    def _note(self, op: str, row: Row, payload: Row) -> None:
        obj = str(row["object_describe_api_name"])
        ours, number = str(row.get(_OUR_KEY) or ""), str(row.get("name") or "")
        self._state.ledger.add(self._state.clock.now(), obj, op, str(row["_id"]), payload, our_key=ours, number=number)

    def _now(self) -> int:
        return int(self._state.clock.now() * 1000)

    def _new_id(self) -> str:
        return f"{self._now() // 1000:08x}{secrets.token_hex(8)}"


def _id_list(data: Row) -> list[str]:
    keys = data.get("idList")
    if not isinstance(keys, list) or not keys:
        raise Refused(10006, "the parameter idList is missing or illegal")
    return [str(key) for key in keys]


def _flags(body: Row) -> Row:
    """The trigger switches as sent; both default to true."""
    return {f"_{name}": body.get(name) is not False for name in ("triggerWorkFlow", "triggerApprovalFlow")}

"""Departments, people and the HR roster."""

from __future__ import annotations

from typing import Any

from connectors.testing.simulator import Reply
from connectors.vendors.dingtalk import simulator_data as data
from connectors.vendors.dingtalk.simulator_base import LegacyError, NewError, Part, Row, legacy, number

_LISTED = ("dept_id", "name", "parent_id", "create_dept_group", "auto_add_user")
_ONLY_OF_ONE = ("manager_userid", "role_list")
_ROSTER = (("sys00-name", "姓名", "name"), ("sys00-jobNumber", "工号", "job_number"), ("sys00-mobile", "手机号", "mobile"),
           ("sys00-email", "邮箱", "email"), ("sys01-positionLevel", "岗位职级", "title"))  # fmt: skip


class Contacts(Part):
    """The legacy face of contacts, and the roster on both faces."""

    def scope(self, dept: int) -> None:
        """Raise when the app may not see a department, or when there is none."""
        allowed = self.state.switches["scope"]
        rows = self.rows("department")
        if allowed is not None and not any(each in allowed for each in self.above(dept)):
            raise LegacyError(50004)
        if dept not in rows:
            raise LegacyError(60003)

    def above(self, dept: int) -> list[int]:
        """The department and all above it."""
        found, rows = [], self.rows("department")
        while dept in rows and dept not in found:
            found.append(dept)
            dept = rows[dept].get("parent_id", 0)
        return found or [dept]

    def listsub(self, body: Row) -> Reply:
        """Children of a department, one level."""
        dept = number(body.get("dept_id", data.ROOT), 1, 10**12, 400002)
        self.scope(dept)
        rows = [row for row in self.rows("department").values() if row.get("parent_id") == dept]
        return legacy([{name: row[name] for name in _LISTED} for row in rows])

    def department(self, body: Row) -> Reply:
        """One department."""
        dept = number(body.get("dept_id"), 1, 10**12, 400002)
        self.scope(dept)
        return legacy(self.rows("department")[dept])

    def users(self, body: Row) -> Reply:
        """People of one department, without those below it."""
        dept = number(body.get("dept_id"), 1, 10**12, 400002)
        self.scope(dept)
        cursor, size = number(body.get("cursor"), 0, 10**9, 400002), number(body.get("size"), 1, 100, 400002)
        rows = [row for row in self.rows("user").values() if dept in row["dept_id_list"]]
        page = [self._in_list(row, dept) for row in rows[cursor : cursor + size]]
        more = cursor + size < len(rows)
        result: Row = {"has_more": more, "list": page}
        return legacy({**result, "next_cursor": cursor + size} if more else result)

    def _in_list(self, row: Row, dept: int) -> Row:
        kept = {name: value for name, value in row.items() if name not in _ONLY_OF_ONE}
        led = self.rows("department")[dept]["dept_manager_userid_list"]
        return {**kept, "leader": row["userid"] in led, "dept_order": 1_000 + dept}

    def user_ids(self, body: Row) -> Reply:
        """Every id of a department at once, whatever the app may see."""
        dept = number(body.get("dept_id"), 1, 10**12, 400002)
        return legacy({"userid_list": [key for key, row in self.rows("user").items() if dept in row["dept_id_list"]]})

    def seen(self, key: Any) -> Row:
        """A person that there is and that the app may see."""
        row = self.rows("user").get(str(key))
        if row is None:
            raise LegacyError(60121)
        allowed = self.state.switches["scope"]
        if allowed is not None and not any(set(self.above(dept)) & set(allowed) for dept in row["dept_id_list"]):
            raise LegacyError(50002)
        return row

    def user(self, body: Row) -> Reply:
        """One person."""
        row = self.seen(body.get("userid"))
        return legacy({**row, "leader_in_dept": [{"dept_id": dept, "leader": False} for dept in row["dept_id_list"]]})

    def old_user(self, body: Row) -> Reply:
        """One person as the first API had it: no `result`, other names."""
        row = self.seen(body.get("userid"))
        return legacy(
            None, userid=row["userid"], name=row["name"], mobile=row["mobile"], department=row["dept_id_list"]
        )

    def by_mobile(self, body: Row) -> Reply:
        """The id of the person with a mobile number."""
        found = next((key for key, row in self.rows("user").items() if row["mobile"] == str(body.get("mobile"))), None)
        if found is None:
            raise LegacyError(60121)
        return legacy({"userid": found})

    # -- writes ----------------------------------------------------------------------------------------------------------

    def create_user(self, body: Row) -> Reply:
        """A new person; the id may be given."""
        if not body.get("name") or not body.get("dept_id_list"):
            raise LegacyError(400002, "name和dept_id_list不能为空")
        key = str(body.get("userid") or f"u{len(self.rows('user')) + 1:04d}n")
        if key in self.rows("user"):
            raise LegacyError(60102)
        self.put("user", key, data.user({**body, "userid": key, "dept_id_list": _ids(body["dept_id_list"])}))
        self.note("user", "create", key, body, key)
        return legacy({"userid": key, "unionId": f"UN{key}"})

    def update_user(self, body: Row) -> Reply:
        """Change what is given."""
        row = self.seen(body.get("userid"))
        change = {**body, "dept_id_list": _ids(body.get("dept_id_list", row["dept_id_list"]))}
        self.put("user", row["userid"], {**row, **change})
        self.note("user", "update", row["userid"], body)
        return legacy(None)

    def delete_user(self, body: Row) -> Reply:
        """Take somebody out of the company."""
        row = self.seen(body.get("userid"))
        self.state.tables["user"].remove(row["userid"])
        self.note("user", "delete", row["userid"], body)
        return legacy(None)

    def create_department(self, body: Row) -> Reply:
        """A new department."""
        parent = number(body.get("parent_id"), 1, 10**12, 400002)
        self.scope(parent)
        if not body.get("name"):
            raise LegacyError(400002, "name不能为空")
        key = max(self.rows("department")) + 1
        self.put("department", key, data.department({**body, "dept_id": key, "parent_id": parent}))
        self.note("department", "create", key, body, str(body.get("source_identifier") or ""))
        return legacy({"dept_id": key})

    def update_department(self, body: Row) -> Reply:
        """Change what is given."""
        key = number(body.get("dept_id"), 1, 10**12, 400002)
        self.scope(key)
        self.put("department", key, {**self.rows("department")[key], **body, "dept_id": key})
        self.note("department", "update", key, body)
        return legacy(None)

    def delete_department(self, body: Row) -> Reply:
        """Delete one."""
        key = number(body.get("dept_id"), 1, 10**12, 400002)
        self.scope(key)
        self.dissolve(key)
        self.note("department", "delete", key, body)
        return legacy(None)

    def dissolve(self, key: int) -> None:
        """Take a department away; what is in it moves up."""
        if key == data.ROOT:
            raise ValueError("the root department cannot be deleted")
        up = self.rows("department")[key]["parent_id"]
        for child, row in list(self.rows("department").items()):
            if row.get("parent_id") == key:
                self.put("department", child, {**row, "parent_id": up})
        for who, row in list(self.rows("user").items()):
            if key in row["dept_id_list"]:
                places = [up if each == key else each for each in row["dept_id_list"]]
                self.put("user", who, {**row, "dept_id_list": list(dict.fromkeys(places))})
        self.state.tables["department"].remove(key)

    # -- roster ----------------------------------------------------------------------------------------------------------

    def on_job(self, body: Row) -> Reply:
        """Ids of those who work here."""
        offset, size = number(body.get("offset"), 0, 10**9), number(body.get("size"), 1, 50)
        if not body.get("status_list"):
            raise LegacyError(33012)
        keys = list(self.rows("user"))
        result: Row = {"data_list": keys[offset : offset + size]}
        return legacy({**result, "next_cursor": offset + size} if offset + size < len(keys) else result)

    def roster(self, body: Row) -> Any:
        """Roster fields of up to 100 people; those there are none of are left out."""
        keys = body.get("userIdList")
        if not isinstance(keys, list) or not 1 <= len(keys) <= 100:
            raise NewError("invalidParameter", "userIdList takes 1 to 100 ids")
        wanted = body.get("fieldFilterList") or []
        rows = [self.rows("user")[key] for key in keys if key in self.rows("user")]
        return {"result": [self._roster(row, wanted) for row in rows]}

    def _roster(self, row: Row, wanted: list[str]) -> Row:
        main = self.rows("department").get(row["dept_id_list"][0], {"dept_id": 0, "name": ""})
        values = [(code, name, str(row[member]), str(row[member])) for code, name, member in _ROSTER]
        values.append(("sys00-mainDeptId", "主部门id", str(main["dept_id"]), str(main["dept_id"])))
        values.append(("sys00-mainDept", "主部门", str(main["dept_id"]), main["name"]))
        values.append(("sys01-employeeStatus", "员工状态", "3", "正式"))
        found = [
            {"fieldCode": code, "fieldName": name, "groupId": code.partition("-")[0],
             "fieldValueList": [{"value": value, "label": label, "itemIndex": 0}]}
            for code, name, value, label in values if not wanted or code in wanted
        ]  # fmt: skip
        return {"corpId": data.CORP, "userId": row["userid"], "fieldDataList": found}


def _ids(given: Any) -> list[int]:
    """Departments as a list or as a comma text, as the API takes both."""
    return [int(each) for each in (given.split(",") if isinstance(given, str) else given)]

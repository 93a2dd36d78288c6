"""Approvals: forms, instances, and what their approvers do."""

from __future__ import annotations

import json
from typing import Any

from connectors.vendors.dingtalk import simulator_data as data
from connectors.vendors.dingtalk.simulator_base import NewError, Part, Row, new_number

DAY_MS = 86_400_000
_HIDDEN = ("id", "processCode", "created", "finished", "values", "our_key")


class Workflow(Part):
    """The new face of approvals. ``tell`` sends an event."""

    def __init__(self, state: Any, tell: Any) -> None:
        super().__init__(state)
        self._tell = tell

    def ids(self, body: Row) -> Any:
        """Ids of instances created in a window."""
        code, now = body.get("processCode"), self.state.clock.now() * 1000
        if code not in data.FORMS:
            raise NewError("processCodeError", "流程编码错误")
        start, end = body.get("startTime"), body.get("endTime", int(now))
        if not isinstance(start, int) or not isinstance(end, int):
            raise NewError("invalidParameter", "startTime and endTime are milliseconds")
        if end - start > 120 * DAY_MS or start < now - 365 * DAY_MS:
            raise NewError("invalidParameter", "时间范围不能超过120天，起始时间不能早于365天前")
        if not isinstance(body.get("maxResults"), int) or not 1 <= body["maxResults"] <= 20:
            raise NewError("invalidParameter", "maxResults must be 1 to 20")
        if len(body.get("userIds") or []) > 10:
            raise NewError("invalidParameter", "userIds takes at most 10")
        first, size = new_number(body.get("nextToken"), 10_000, "nextToken"), body["maxResults"]
        rows = [row for row in self.rows("approval").values() if self._fits(row, body, start, end)]
        result: Row = {"list": [row["id"] for row in rows[first : first + size]]}
        if first + size < len(rows):
            result["nextToken"] = str(first + size)
        return {"result": result, "success": True}

    def _fits(self, row: Row, body: Row, start: int, end: int) -> bool:
        who, how = body.get("userIds"), body.get("statuses")
        return (
            row["processCode"] == body["processCode"]
            and start <= row["created"] * 1000 <= end
            and (not who or row["originatorUserId"] in who)
            and (not how or row["status"] in how)
        )

    def found(self, key: Any) -> Row:
        """An instance that there is."""
        row = self.rows("approval").get(str(key))
        if row is None:
            raise NewError("processInstanceNotExist", "审批实例不存在")
        return row

    def one(self, body: Row) -> Any:
        """One instance, times to the minute."""
        row = self.found(body.get("processInstanceId"))
        utc = self.state.switches["utc_times"]
        shown = {name: value for name, value in row.items() if name not in _HIDDEN}
        shown["createTime"] = data.minute(row["created"], utc=utc)
        shown["formComponentValues"] = row["values"]
        shown["operationRecords"] = [{"userId": row["originatorUserId"], "date": shown["createTime"],
                                      "type": "START_PROCESS_INSTANCE", "result": "NONE"}]  # fmt: skip
        if row["finished"]:
            shown["finishTime"] = data.minute(row["finished"], utc=utc)
        return {"result": shown, "success": "true" if self.state.switches["success_as_text"] else True}

    def create(self, body: Row) -> Any:
        """Start an instance. The same body twice is two instances."""
        code = body.get("processCode")
        if code not in data.FORMS:
            raise NewError("processCodeError", "流程编码错误")
        if str(body.get("originatorUserId")) not in self.rows("user"):
            raise NewError("processInstanceInvalidParameter", "originatorUserId 不存在")
        if not isinstance(body.get("deptId"), int) and not body.get("approvers"):
            raise NewError("processInstanceInvalidParameter", "未指定审批人时 deptId 必填")
        values = [self._value(code, each) for each in self._given(code, body)]
        key = f"inst-{len(self.rows('approval')) + 1:05d}"
        row = data.instance(key, code, str(body["originatorUserId"]), values, self.state.clock.now())
        ours = next((each["value"] for each in values if each["name"] == data.KEY_FIELD), "")
        row |= {"originatorDeptId": str(body.get("deptId", -1)), "our_key": ours}
        self.put("approval", key, row)
        self.note("approval", "create", key, body, ours)
        self.happened(row, "start")
        return {"instanceId": key}

    def _given(self, code: str, body: Row) -> list[Row]:
        given = body.get("formComponentValues") or []
        if len(given) > 150:
            raise NewError("processInstanceInvalidParameter", "表单控件不能超过150个")
        known = data.labels(code)
        for each in given:
            if each.get("name") not in known:
                raise NewError("illegalComponent", f"表单中没有控件 {each.get('name')}")
            if not isinstance(each.get("value"), str):
                raise NewError("formConverterError", f"控件 {each['name']} 的值必须是字符串")
        filled = {each["name"] for each in given if each["value"]}
        for label, item in known.items():
            if item["props"]["required"] and label not in filled:
                raise NewError("processInstanceInvalidParameter", f"控件 {label} 必填")
        return list(given)

    def _value(self, code: str, given: Row) -> Row:
        """As an instance shows it: the rows of a table are written as pairs and read as row objects."""
        content = given["value"]
        if data.labels(code)[given["name"]]["componentName"] == "TableField" and content:
            rows = [
                {"rowValue": [{"label": cell["name"], "value": cell["value"], "key": cell["name"]} for cell in line],
                 "rowNumber": str(at)}
                for at, line in enumerate(json.loads(content), 1)
            ]  # fmt: skip
            content = json.dumps(rows, ensure_ascii=False)
        return data.value(given["name"], content, code)

    def terminate(self, body: Row) -> Any:
        """Call an instance back; not in its first 15 seconds."""
        row = self.found(body.get("processInstanceId"))
        if row["status"] != "RUNNING":
            raise NewError("processInstanceStatusError", "审批实例已结束")
        if self.state.clock.now() - row["created"] < 15:
            raise NewError("processInstanceTerminateTooEarly", "发起15秒内不能撤销")
        self.end(row["id"], "TERMINATED", "")
        self.note("approval", "terminate", row["id"], body)
        return {"result": True, "success": True}

    def execute(self, body: Row) -> Any:
        """Agree or refuse for an approver."""
        row = self.found(body.get("processInstanceId"))
        if not any(str(task["taskId"]) == str(body.get("taskId")) for task in row["tasks"]):
            raise NewError("taskNotExist", "任务不存在")
        self.end(row["id"], "COMPLETED", str(body.get("result")))
        self.note("approval", "execute", row["id"], body)
        return {"result": True, "success": True}

    def end(self, key: str, status: str, result: str) -> None:
        """An instance ends, and an event says so."""
        row = {**self.found(key), "status": status, "result": result, "finished": self.state.clock.now()}
        row["tasks"] = [{**task, "status": "COMPLETED", "result": result.upper() or "NONE"} for task in row["tasks"]]
        self.put("approval", key, row)
        self.happened(row, "terminate" if status == "TERMINATED" else "finish")

    def happened(self, row: Row, what: str) -> None:
        """Send the event of an instance."""
        event = {"processInstanceId": row["id"], "processCode": row["processCode"], "type": what, "title": row["title"],
                 "staffId": row["originatorUserId"], "createTime": int(row["created"] * 1000),
                 "businessId": row["businessId"], "url": "https://example.com/approval"}  # fmt: skip
        if what == "finish":
            event |= {"result": row["result"], "finishTime": int(row["finished"] * 1000)}
        self._tell("bpms_instance_change", event)

    # -- forms -----------------------------------------------------------------------------------------------------------

    def templates(self, body: Row) -> Any:
        """The forms that somebody may use."""
        first, size = int(body.get("nextToken") or 0), int(body.get("maxResults") or 100)
        if not 1 <= size <= 100:
            raise NewError("invalidParameter", "maxResults must be 1 to 100")
        rows = [{"processCode": code, "name": form["name"]} for code, form in data.FORMS.items()]
        result: Row = {"processList": rows[first : first + size]}
        return {"result": {**result, "nextToken": first + size} if first + size < len(rows) else result}

    def schema(self, body: Row) -> Any:
        """What is in a form."""
        code = body.get("processCode")
        if code not in data.FORMS:
            raise NewError("processCodeError", "流程编码错误")
        form = data.FORMS[str(code)]
        return {"result": {"name": form["name"], "formCode": code,
                           "schemaContent": {"title": form["name"], "items": form["items"]}}}  # fmt: skip

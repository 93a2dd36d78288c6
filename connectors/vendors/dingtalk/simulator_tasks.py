"""To-dos, work notices, the group robot and CRM customers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter, defaultdict, deque
from typing import Any

from connectors.testing.simulator import Reply
from connectors.vendors.dingtalk import simulator_data as data
from connectors.vendors.dingtalk.simulator_base import LegacyError, NewError, Part, Row, legacy, new_number

_LISTED = (
    "subject",
    "dueTime",
    "priority",
    "sourceId",
    "creatorId",
    "createdTime",
    "modifiedTime",
    "detailUrl",
    "bizTag",
)
_HALF_YEAR = 180 * 86_400_000


class Tasks(Part):
    """To-dos: a source id is there once."""

    def cards(self, body: Row) -> Any:
        """To-dos that have an address, the done ones of half a year."""
        least = self.state.clock.now() * 1000 - _HALF_YEAR
        rows = [
            row
            for row in self.rows("todo").values()
            if row.get("detailUrl") and not (row["done"] and row["modifiedTime"] < least)
        ]
        first = int(body.get("nextToken") or 0)
        page = [
            {"taskId": row["id"], "isDone": row["done"], **{n: row[n] for n in _LISTED if n in row}}
            for row in rows[first : first + 10]
        ]
        return {"todoCards": page, **({"nextToken": str(first + 10)} if first + 10 < len(rows) else {})}

    def one(self, key: str) -> Any:
        """One to-do."""
        if key not in self.rows("todo"):
            raise NewError("todo.task.notExist", "待办不存在")
        return {**self.rows("todo")[key], "requestId": f"q-{self.state.clock.now()}"}

    def by_source(self, source: str) -> Any:
        """The to-do of a source id."""
        found = next((key for key, row in self.rows("todo").items() if row.get("sourceId") == source), "")
        return self.one(found)

    def create(self, body: Row) -> Any:
        """A new to-do; a source id that is there already is refused."""
        source = str(body.get("sourceId") or "")
        if not body.get("subject"):
            raise NewError("todo.taskCreate.paramError", "subject 不能为空")
        if source and any(row.get("sourceId") == source for row in self.rows("todo").values()):
            raise NewError("todo.taskCreate.paramError", "待办任务已存在")
        key = f"task{len(self.rows('todo')) + 1:05d}n"
        row = data.todo(
            {name: value for name, value in body.items() if name != "operatorId"} | {"id": key}, self.state.clock.now()
        )
        self.put("todo", key, row)
        self.note("todo", "create", key, body, source)
        return row

    def update(self, key: str, body: Row) -> Any:
        """Change what is given."""
        self.one(key)
        change = {name: value for name, value in body.items() if name != "operatorId"}
        self.put("todo", key, {**self.rows("todo")[key], **change, "modifiedTime": int(self.state.clock.now() * 1000)})
        self.note("todo", "update", key, body)
        return {"result": True}

    def delete(self, key: str) -> Any:
        """Delete one."""
        self.one(key)
        self.state.tables["todo"].remove(key)
        self.note("todo", "delete", key, {})
        return {"result": True}


class Notices(Part):
    """Work notices: taken at once, delivered or not later; only their result tells."""

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self._sent: Counter[str] = Counter()
        self._same: set[tuple[int, str, str]] = set()

    def send(self, body: Row) -> Reply:
        """Queue a notice."""
        if str(body.get("agent_id")) != data.AGENT:
            raise LegacyError(33012, "agent_id 无效")
        who = [each for each in str(body.get("userid_list") or "").split(",") if each]
        depts = [each for each in str(body.get("dept_id_list") or "").split(",") if each]
        msg = body.get("msg")
        if len(who) > 100 or len(depts) > 20 or not (who or depts or body.get("to_all_user")):
            raise LegacyError(33012, "接收人无效")
        if not isinstance(msg, dict) or len(json.dumps(msg, ensure_ascii=False).encode()) > 2048:
            raise LegacyError(33012, "消息无效或超过2048字节")
        key = 700_000 + len(self.rows("work_notice")) + 1
        self.put("work_notice", key, {"task_id": key, **self._result(who, json.dumps(msg, sort_keys=True))})
        self.note("work_notice", "create", key, body)
        return legacy(None, task_id=key)

    def _result(self, who: list[str], msg: str) -> Row:
        day = int(self.state.clock.now() // 86_400)
        found: Row = {name: [] for name in ("invalid_user_id_list", "forbidden_user_id_list", "failed_user_id_list",
                                            "read_user_id_list", "unread_user_id_list", "invalid_dept_id_list")}  # fmt: skip
        for each in who:
            name = "unread_user_id_list"
            if each not in self.rows("user"):
                name = "invalid_user_id_list"
            elif (day, each, msg) in self._same or self._sent[f"{day} {each}"] >= 500:
                name = "forbidden_user_id_list"
            else:
                self._same.add((day, each, msg))
                self._sent[f"{day} {each}"] += 1
            found[name].append(each)
        return found

    def result(self, body: Row) -> Reply:
        """Who got it."""
        row = self.rows("work_notice").get(int(body.get("task_id") or 0))
        if row is None or str(body.get("agent_id")) != data.AGENT:
            raise LegacyError(33012)
        return legacy(None, send_result={name: value for name, value in row.items() if name != "task_id"})

    def progress(self, body: Row) -> Reply:
        """How far it is."""
        self.result(body)
        return legacy(None, progress={"progress_in_percent": 100, "status": 2})


class Robot(Part):
    """A group's own robot: signed, 20 messages a minute."""

    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self._taken: dict[str, deque[float]] = defaultdict(deque)
        self._muted: dict[str, float] = {}
        self._seen: set[str] = set()

    def send(self, body: Row) -> Reply:
        """Post into the group."""
        token, now = str(body.get("access_token") or ""), self.state.clock.now()
        if token != data.ROBOT["robot_token"]:
            raise LegacyError(400101)
        self._check(body, now)
        taken = self._taken[token]
        while taken and taken[0] <= now - 60:
            taken.popleft()
        if self._muted.get(token, 0) > now or len(taken) >= 20:
            self._muted[token] = max(self._muted.get(token, 0), now + 600)
            raise LegacyError(410100)
        taken.append(now)
        key = str(body.get("msgUuid") or f"m{len(self._seen)}")
        if key not in self._seen:
            self._seen.add(key)
            sent = {name: value for name, value in body.items() if name not in ("access_token", "sign", "timestamp")}
            self.note("robot_message", "create", key, sent, key)
        return legacy(None)

    def _check(self, body: Row, now: float) -> None:
        keyword, secret = self.state.switches["robot_keyword"], data.ROBOT["robot_secret"]
        stamp = str(body.get("timestamp") or "")
        if not stamp.isdigit() or abs(now - int(stamp) / 1000) > 3600:
            raise LegacyError(310000, "invalid timestamp")
        made = base64.b64encode(
            hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        ).decode()
        if body.get("sign") != made:
            raise LegacyError(310000, "sign not match")
        if keyword and keyword not in json.dumps(body.get(str(body.get("msgtype"))) or {}, ensure_ascii=False):
            raise LegacyError(310000, "keywords not in content")
        if body.get("msgtype") not in ("text", "markdown", "link", "actionCard", "feedCard"):
            raise LegacyError(400002, "msgtype 无效")


class Crm(Part):
    """CRM customers: one call a second."""

    def everything(self, body: Row) -> Any:
        """All customers, the public sea included."""
        if body.get("operatorUserId") not in self.rows("user"):
            raise NewError("invalidParameter", "operatorUserId 无效")
        size = new_number(body.get("maxResults"), 100, "maxResults")
        first = int(body.get("nextToken") or 0)
        rows = [
            row
            for row in self.rows("crm_customer").values()
            if row["objectType"] == body.get("objectType", "crm_customer")
        ]
        result: Row = {"maxResults": size, "values": rows[first : first + size]}
        return {"result": {**result, "nextToken": str(first + size)} if first + size < len(rows) else result}

    def several(self, body: Row) -> Any:
        """Customers by id; the body is a bare list."""
        keys = body.get("")
        if not isinstance(keys, list) or len(keys) > 100:
            raise NewError("invalidParameter", "a list of up to 100 ids is needed")
        return {"result": [_batch(self.rows("crm_customer")[key]) for key in keys if key in self.rows("crm_customer")]}

    def meta(self, body: Row) -> Any:
        """What a customer has."""
        fields = (
            ("customer_name", "客户名称", "TextField", False),
            ("TextField-PHONE", "电话", "TextField", True),
            ("address", "地址", "AddressField", True),
        )
        found = [
            {"name": name, "label": label, "type": kind, "nillable": empty, "customized": False}
            for name, label, kind, empty in fields
        ]
        return {"code": "PROC-CRM", "name": "客户", "status": "PUBLISHED", "customized": False, "fields": found}


def _batch(row: Row) -> Row:
    """By id the members have other names than in the list."""
    renamed = {"createTime": "gmtCreate", "modifyTime": "gmtModified", "processInstanceStatus": "procInstStatus",
               "processOutResult": "procOutResult"}  # fmt: skip
    return {renamed.get(name, name): value for name, value in row.items()}

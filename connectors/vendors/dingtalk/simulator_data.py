"""What the simulated company has: departments, people, approval forms and instances, to-dos, customers."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.testing.seed import Company, generate

Row = dict[str, Any]
APP: Final = {"app_key": "dingsimapp0001", "app_secret": "sim-secret-of-the-app-0001"}
CORP, AGENT, OPERATOR, OPERATOR_UNION = "dingsimcorp01", "1200001", "u0001", "UNu0001"
ROBOT: Final = {"robot_token": "sim-robot-token-0001", "robot_secret": "SEC-sim-robot-secret-0001"}
CALLBACK: Final = {
    "callback_token": "simCallbackToken01",
    "callback_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "callback_owner": APP["app_key"],
}
KEY_FIELD: Final = "集成编号"
NEAR: Final = ZoneInfo("Asia/Shanghai")
ROOT: Final = 1
_TREE: Final = ((11, "销售部", 1), (12, "财务部", 1), (13, "研发部", 1), (111, "华东销售组", 11), (112, "华南销售组", 11),
                (131, "平台组", 13), (1111, "上海办事处", 111))  # fmt: skip


def _field(kind: str, label: str, *, required: bool = False, alias: str = "", **more: Any) -> Row:
    name = f"{kind}-{sum(map(ord, label)):X}"
    return {
        "componentName": kind,
        "props": {"id": name, "label": label, "required": required, "bizAlias": alias, **more},
    }


FORMS: Final[dict[str, Row]] = {
    "PROC-EXPENSE": {
        "name": "费用报销",
        "items": [
            _field("TextField", "事由", required=True, alias="reason"),
            _field("MoneyField", "金额"),
            _field("DDDateField", "发生日期"),
            _field("DDDateRangeField", json.dumps(["开始时间", "结束时间"], ensure_ascii=False)),
            _field("InnerContactField", "同行人"),
            _field("DDMultiSelectField", "费用类型", options=["差旅", "招待", "办公"]),
            {
                **_field("TableField", "明细"),
                "children": [_field("TextField", "项目"), _field("MoneyField", "小计")],
            },
            _field("TextField", KEY_FIELD),
        ],
    },
    "PROC-PURCHASE": {
        "name": "采购申请",
        "items": [
            _field("TextField", "物品", required=True),
            _field("NumberField", "数量"),
            _field("TextField", KEY_FIELD),
        ],
    },
}


def labels(code: str) -> dict[str, Row]:
    """The fields of a form by label."""
    return {item["props"]["label"]: item for item in FORMS[code]["items"]}


def minute(seconds: float, *, utc: bool = False) -> str:
    """A time as approvals show it: to the minute, with a Z whatever the zone."""
    return datetime.fromtimestamp(seconds, UTC if utc else NEAR).strftime("%Y-%m-%dT%H:%MZ")


def departments() -> list[tuple[int, Row]]:
    """The root and seven departments below it."""
    root: Row = {"dept_id": ROOT, "name": "通脉样例公司"}
    rows = [root, *({"dept_id": key, "name": name, "parent_id": parent} for key, name, parent in _TREE)]
    return [(row["dept_id"], department(row)) for row in rows]


def department(given: Row) -> Row:
    """A department with everything it has."""
    base: Row = {"create_dept_group": False, "auto_add_user": False, "hide_dept": False, "order": 0, "brief": ""}
    base |= {"code": "", "source_identifier": "", "dept_manager_userid_list": []}
    return {**base, **given}


def user(given: Row) -> Row:
    """A person with everything that a person has."""
    key = given["userid"]
    base: Row = {
        "unionid": f"UN{key}", "avatar": "", "mobile": "", "state_code": "86", "telephone": "", "job_number": "", "title": "",
        "email": "", "org_email": "", "work_place": "", "remark": "", "dept_id_list": [ROOT], "active": True, "admin": False,
        "boss": False, "senior": False, "hide_mobile": False, "real_authed": True, "manager_userid": "", "role_list": [],
        "hired_date": 1_577_808_000_000, "extension": "{}",
    }  # fmt: skip
    return {**base, **given}


def users(seed: int, count: int) -> list[tuple[str, Row]]:
    """People; every fifth works in two departments."""
    found = []
    depts = [key for key, _ in departments()]
    for number, company in enumerate(generate(seed, count).companies, 1):
        person, key = company.people[0], f"u{number:04d}"
        places = [depts[number % len(depts)]]
        if number % 5 == 0:
            places.append(depts[(number + 3) % len(depts)])
        row: Row = {
            "userid": key,
            "name": person.name,
            "title": person.title,
            "mobile": person.mobile,
            "email": person.email,
        }
        row |= {"dept_id_list": places, "job_number": f"E{number:04d}", "admin": number == 1}
        row["extension"] = json.dumps({"工号": row["job_number"]}, ensure_ascii=False)
        found.append((key, user(row)))
    return found


def value(label: str, content: str, code: str) -> Row:
    """One value of a form, as an instance shows it."""
    item = labels(code)[label]
    return {
        "id": item["props"]["id"], "name": label, "componentType": item["componentName"],
        "bizAlias": item["props"].get("bizAlias", ""), "value": content, "extValue": "",
    }  # fmt: skip


def expense(rng: random.Random, number: int) -> list[Row]:
    """The filled form of an expense claim: every way in which a value is written."""
    rows = [
        {"rowValue": [{"label": "项目", "value": f"项目{at}", "key": "TextField-1"},
                      {"label": "小计", "value": f"{rng.randint(10, 900)}.50", "key": "MoneyField-1"}], "rowNumber": str(at)}
        for at in (1, 2)
    ]  # fmt: skip
    dates = json.dumps(["开始时间", "结束时间"], ensure_ascii=False)
    code = "PROC-EXPENSE"
    return [
        value("事由", f"客户拜访 {number}", code),
        value("金额", f"{rng.randint(100, 9000)}.00", code),
        value("发生日期", "2026-01-05", code),
        value(dates, '["2026-01-05","2026-01-07"]', code),
        value("同行人", '["u0002","u0003"]', code),
        value("费用类型", '["差旅","招待"]', code),
        value("明细", json.dumps(rows, ensure_ascii=False), code),
    ]


def instances(seed: int, now: float) -> list[tuple[str, Row]]:
    """Approvals of the last 200 days; some still run."""
    rng = random.Random(seed)
    found = []
    for number in range(1, 49):
        code = "PROC-EXPENSE" if number % 2 else "PROC-PURCHASE"
        created = now - timedelta(days=200 * (48 - number) / 48, hours=1).total_seconds()
        values = expense(rng, number)
        if code == "PROC-PURCHASE":
            values = [value("物品", f"物品{number}", code), value("数量", str(rng.randint(1, 9)), code)]
        running = number in (1, 2) or number % 7 == 0
        row = instance(f"inst-{number:05d}", code, f"u{rng.randint(1, 9):04d}", values, created)
        if not running:
            row |= {"status": "COMPLETED", "result": "agree", "finished": created + 900}
        found.append((row["id"], row))
    return found


def instance(key: str, code: str, who: str, values: list[Row], created: float) -> Row:
    """A fresh approval."""
    return {
        "id": key, "processCode": code, "title": f"{who} 提交的{FORMS[code]['name']}", "businessId": f"2026{key[-5:]}",
        "originatorUserId": who, "originatorDeptId": "-1", "originatorDeptName": "通脉样例公司", "status": "RUNNING", "result": "",
        "values": values, "created": created, "finished": None, "our_key": "",
        "tasks": [{"taskId": 9_000_000_000_000 + int(key[-5:]), "userId": "u0001", "status": "RUNNING", "result": "NONE",
                   "activityId": "a1"}],
    }  # fmt: skip


def todos(count: int, now: float) -> list[tuple[str, Row]]:
    """To-dos of the operator."""
    found = []
    for number in range(1, count + 1):
        key = f"task{number:05d}"
        found.append((key, todo({"id": key, "subject": f"待办{number}", "sourceId": f"OLD-{number}"}, now)))
    return found


def todo(given: Row, now: float) -> Row:
    """A to-do with everything it has."""
    stamp = int(now * 1000)
    base: Row = {
        "description": "",
        "priority": 20,
        "done": False,
        "creatorId": OPERATOR_UNION,
        "executorIds": [OPERATOR_UNION],
    }
    base |= {"participantIds": [], "createdTime": stamp, "modifiedTime": stamp, "bizTag": "default"}
    return {"detailUrl": {"appUrl": "https://example.com/a", "pcUrl": "https://example.com/p"}, **base, **given}


def customers(seed: int, count: int) -> list[tuple[str, Row]]:
    """CRM customers with the tenant's own field keys."""
    return [
        (f"crm{n:05d}", customer(f"crm{n:05d}", company, n))
        for n, company in enumerate(generate(seed, count).companies, 1)
    ]


def customer(key: str, company: Company, number: int) -> Row:
    """One customer."""
    data = {"customer_name": company.name, "TextField-PHONE": company.phone, "address": company.address}
    return {
        "instanceId": key, "objectType": "crm_customer", "data": data, "extendData": {},
        "permission": {"ownerStaffIds": [f"u{number % 9 + 1:04d}"], "participantStaffIds": []}, "creatorUserId": OPERATOR,
        "creatorNick": "管理员", "createTime": "2026-01-05 10:00:00", "modifyTime": "2026-01-05 10:00:00",
        "processOutResult": "", "processInstanceStatus": "",
    }  # fmt: skip

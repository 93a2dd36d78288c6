"""A K3Cloud account set to test against: sign-in, sessions, queries, writes, and what its clerks do."""

from __future__ import annotations

import base64
import hashlib
from decimal import Decimal
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec
import orjson

from connectors.sdk import wire
from connectors.testing.seed import DEFAULT_CUSTOMERS, generate
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.vendors.kingdee.sign import Identity, login_sign, signed_headers
from connectors.vendors.kingdee.simulator_acts import Clerk
from connectors.vendors.kingdee.simulator_data import folded, local_time, tables
from connectors.vendors.kingdee.simulator_forms import Field, Form, Refused, Row, find
from connectors.vendors.kingdee.simulator_query import run
from connectors.vendors.kingdee.simulator_write import Writes

IDLE_SECONDS: Final = 20 * 60
_ROOT, _TAIL = "/k3cloud/", ".common.kdsvc"
_AUTH = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
_FORM_SERVICE = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
_CENTERS = "Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"
_LOST = "会话信息已丢失，请重新登录"
_STEPS = ("Submit", "Audit", "UnAudit", "CancelAssign", "Delete")


def create(seed: int = 1, customers: int = DEFAULT_CUSTOMERS, *, limits: bool = True) -> KingdeeSimulator:
    """An account set with the ERP's share of the seed's companies. ``limits`` is for likeness: it has no call limit."""
    return KingdeeSimulator(seed, customers)


class KingdeeSimulator:
    """One account set."""

    name = "kingdee"

    def __init__(self, seed: int, customers: int) -> None:
        made, truth = tables(generate(seed, customers), seed)
        self.state = State(made, truth)
        self.state.switches.update(locked=[], silent_partial=False, password_login=True, async_polls=1)
        # auto_number: forms whose numbers a code rule gives, whatever was sent. renamed: this account set's own names of
        # fields, as {"AR_RECEIVEBILL.FOrderNo": "F_XYZ"}. audited_references: only audited base data may be referred to.
        self.state.switches.update(auto_number=[], renamed={}, audited_references=False)
        mark = hashlib.sha256(f"kingdee {seed}".encode())
        app_part = base64.b64encode(mark.digest()[:24]).decode().replace("=", "A")
        self.identity = Identity(
            mark.hexdigest()[:14], "tongmai", f"{200000 + seed}_{app_part}", mark.hexdigest()[20:52]
        )
        self.password = mark.hexdigest()[40:52]
        self._sessions: dict[str, float] = {}
        self._given = 0
        self._tasks: dict[str, tuple[int, Row]] = {}
        self._writes = Writes(self.state)
        self._clerk = Clerk(self.state, self._writes)

    def credentials(self, url: str) -> dict[str, Any]:
        """Settings of a connection with signed headers."""
        who = self.identity
        return {
            "base_url": f"{url}/k3cloud/",
            "acct_id": who.acct_id,
            "user": who.user,
            "app_id": who.app_id,
            "app_secret": who.app_secret,
            "settle_seconds": 0,
        }

    def expire_sessions(self) -> None:
        """No session given so far is valid from now on."""
        self._sessions.clear()

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        """A person's change in the ERP's screens."""
        try:
            return self._writes.by_user(find(obj), op, key, fields)
        except Refused as refused:
            raise ValueError(refused.message) from None

    def act(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a clerk does in the ERP's screens."""
        try:
            return self._clerk.act(name, body)
        except Refused as refused:
            raise ValueError(refused.message) from None

    def touch(self, obj: str, key: Any, at_ms: int, fields: dict[str, Any]) -> None:
        """A user's change of a record with the time of change given."""
        self.user_write(obj, "update", str(key), {**fields, "FModifyDate": at_ms})

    def looks_at(self, request: Request) -> str:
        """The form that a query asks for; empty for any other call."""
        if not request.path.endswith((f".ExecuteBillQuery{_TAIL}", f".BillQuery{_TAIL}")):
            return ""
        try:
            return find(_data("", _body(request)).get("FormId")).name
        except (ValueError, KeyError, Refused):
            return ""

    def answer(self, request: Request) -> Reply:
        """Answer one call: POST to ``/k3cloud/<service>.common.kdsvc``."""
        path = request.path
        if not path.lower().startswith(_ROOT) or not path.endswith(_TAIL):
            return Reply(b"<html><body>404</body></html>", 404, "text/html")
        if request.method != "POST":
            return Reply(b"<html><body>405</body></html>", 405, "text/html")
        service = path[len(_ROOT) : -len(_TAIL)]
        try:
            body = _body(request)
        except (ValueError, KeyError):
            return Reply("response_error:请求内容不是有效的 JSON".encode(), content_type="text/plain; charset=utf-8")
        if service == _CENTERS:
            who = self.identity
            return json_reply([{"Id": who.acct_id, "Number": "001", "Name": "模拟账套"}])
        if service.startswith(_AUTH):
            return self._login(service[len(_AUTH) :], body)
        if not service.startswith(_FORM_SERVICE):
            return Reply(b"<html><body>404</body></html>", 404, "text/html")
        name = service[len(_FORM_SERVICE) :]
        headers = self._admit(request)
        if headers is None:
            return self._failure(name, Refused(1, _LOST))
        if isinstance(headers, Reply):
            return headers
        try:
            return _plain(self._call(name, body), headers)
        except Refused as refused:
            return self._failure(name, refused, headers)

    def _login(self, how: str, body: Row) -> Reply:
        given = body.get("parameters") or [
            body.get(name) for name in ("acctID", "username", "appId", "appSec") if body.get(name) is not None
        ]
        given = given if isinstance(given, list) else orjson.loads(given)
        who = self.identity
        good = len(given) >= 4 and [str(g) for g in given[:2]] == [who.acct_id, who.user]
        if how == "LoginBySign":
            good = good and len(given) >= 5 and given[2] == who.app_id and given[4] == login_sign(who, int(given[3]))
        elif how == "LoginByAppSecret":
            good = good and given[2:4] == [who.app_id, who.app_secret]
        elif how == "ValidateUser":
            good = good and given[2] == self.password and self.state.switches["password_login"]
        elif how == "Logout":
            return json_reply(True)
        else:
            return Reply(b"<html><body>404</body></html>", 404, "text/html")
        answer: Row = {
            "Message": "" if good else "用户名或密码错误，或第三方登录授权无效",
            "MessageCode": "CheckPasswordPolicy",
        }
        answer |= {"LoginResultType": 1 if good else 0, "Context": None, "KDSVCSessionId": None, "IsSuccessByAPI": good}
        if not good:
            return json_reply(answer)
        session = self._new_session()
        answer["KDSVCSessionId"] = session
        answer["Context"] = {"UserLocale": "zh-CN", "SessionId": session, "UserName": who.user, "DBid": who.acct_id}
        return json_reply(answer, headers=_cookies(session))

    def _admit(self, request: Request) -> tuple[tuple[str, str], ...] | Reply | None:
        """Headers for the answer when the caller is let in; a reply of its own for an unknown account set; else None."""
        now = self.state.clock.now()
        session = request.headers.get("kdservice-sessionid") or _cookie(request.headers.get("cookie", ""))
        if now - self._sessions.get(session, -IDLE_SECONDS) < IDLE_SECONDS:
            self._sessions[session] = now
            return ()
        if "x-kd-signature" not in request.headers:
            return None
        got = request.headers
        try:
            acct, user, lcid, org = base64.b64decode(got.get("x-kd-appdata", "")).decode().split(",")
        except ValueError:
            return None
        if acct != self.identity.acct_id:
            return Reply("数据中心不存在".encode(), 500, "text/plain; charset=utf-8")
        who = Identity(acct, user, got.get("x-kd-appkey", ""), self.identity.app_secret, int(lcid), org)
        try:
            wanted = signed_headers(who, request.path, int(got["x-api-timestamp"]), got["x-api-nonce"])
        except (KeyError, ValueError):
            return None
        same = all(
            got.get(name.lower()) == wanted[name] for name in ("X-Api-ClientID", "X-Api-Signature", "X-Kd-Signature")
        )
        if not same or who.app_id != self.identity.app_id or who.user != self.identity.user:
            return None
        return _cookies(self._new_session())

    def _new_session(self) -> str:
        self._given += 1
        session = hashlib.sha256(f"{self.identity.app_secret} {self._given}".encode()).hexdigest()[:32]
        self._sessions[session] = self.state.clock.now()
        return session

    def _call(self, name: str, body: Row) -> Any:
        if "beginmethod" in {key.lower() for key in body} and name == "BatchSave":
            return self._begin(self._writes.batch_save(find(_form(body)[0]), _data(name, body)))
        if name == "QueryAsyncResult":
            return self._task(body)
        data = _data(name, body)
        if name in ("ExecuteBillQuery", "BillQuery"):
            names, rows = run(self.state, data)
            return rows if name == "ExecuteBillQuery" else [dict(zip(names, row, strict=True)) for row in rows]
        if name == "QueryBusinessInfo":
            return _business_info(find(data.get("FormId")), self.state.switches["renamed"])
        named, operation = _form(body)
        form = find(named)
        match name:
            case "Save" | "Draft":
                return self._writes.save(form, data, draft=name == "Draft")
            case "BatchSave":
                return self._writes.batch_save(form, data)
            case "ExcuteOperation":
                return self._writes.operate(form, operation, data)
            case "View":
                return self._view(form, data)
            case _ if name in _STEPS:
                return self._writes.step(form, name, data)
        raise Refused(3, f"操作 {name} 不存在")

    def _begin(self, result: Row) -> Row:
        task = f"task-{len(self._tasks) + 1}"
        self._tasks[task] = (int(self.state.switches["async_polls"]), result)
        return {"Status": 1, "TaskId": task, "Result": None}

    def _task(self, body: Row) -> Row:
        info = body.get("queryInfo")
        info = orjson.loads(info) if isinstance(info, str) else info or {}
        task = str(info.get("TaskId"))
        if task not in self._tasks:
            raise Refused(10, "任务不存在")
        polls, result = self._tasks[task]
        self._tasks[task] = (polls - 1, result)
        return {"Status": 2 if polls <= 1 else 1, "TaskId": task, "Result": result if polls <= 1 else None}

    def _view(self, form: Form, data: Row) -> Row:
        key, number = str(data.get("Id") or ""), str(data.get("Number") or "")
        table = self.state.tables[form.name]
        row = table.rows.get(int(key)) if key.isdecimal() and int(key) else None
        row = row or next(iter(table.numbered(folded(number)) if number else ()), None)
        if row is None:
            raise Refused(10, "没有找到数据")
        renamed = self.state.switches["renamed"]
        out: Row = {"Id": row[form.key]}
        for field in form.head:
            if field.name != form.key:
                out[form.called(field.name, renamed).removeprefix("F")] = _viewed(field, row[field.name])
        if "FName" in row:
            out["Name"] = [{"Key": 2052, "Value": row["FName"]}]
        if form.entry:
            out[form.entry_called(renamed)] = [
                {
                    "Id": line["FEntryID"],
                    **{form.called(f.name, renamed): _viewed(f, line.get(f.name)) for f in form.lines},
                }
                for line in row["entries"]
            ]
        return {"Result": {"ResponseStatus": None, "Result": out}}

    def _failure(self, name: str, refused: Refused, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
        status = {
            "ErrorCode": 500,
            "IsSuccess": False,
            "MsgCode": refused.code,
            "Errors": [{"FieldName": refused.field, "Message": refused.message, "DIndex": refused.index}],
            "SuccessEntitys": [],
            "SuccessMessages": [],
        }
        answer: Any = {"Result": {"ResponseStatus": status}}
        return _plain([[answer]] if name == "ExecuteBillQuery" else answer, headers)


def _plain(value: Any, headers: tuple[tuple[str, str], ...]) -> Reply:
    """A JSON answer whose decimals are numbers with all their digits."""
    return Reply(wire.canonical(value), headers=headers)


def _body(request: Request) -> Row:
    """The call's arguments: JSON with named keys or ``parameters``, or a form with ``data``."""
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
    body = msgspec.json.decode(request.body or b"{}")
    if not isinstance(body, dict):
        raise ValueError("an object is expected")
    return body


def _data(name: str, body: Row) -> Row:
    """``data`` as an object, from an object, JSON text, or the last of ``parameters``."""
    data = body.get("data")
    parameters = body.get("parameters")
    if data is None and isinstance(parameters, list) and parameters:
        data = parameters[-1]
    if isinstance(data, str):
        try:
            data = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise Refused(8, "参数 data 不是有效的 JSON") from None
    if not isinstance(data, dict):
        raise Refused(8, "参数 data 不能为空")
    return data


def _form(body: Row) -> tuple[str, str]:
    """Form id, and the operation number of ExcuteOperation."""
    parameters = body.get("parameters")
    if isinstance(parameters, list):
        return str(parameters[0]), str(parameters[1]) if len(parameters) > 2 else ""
    named = {name.lower(): value for name, value in body.items()}
    data = _data("", body)
    return str(named.get("formid") or data.get("FormId") or ""), str(named.get("opnumber", ""))


def _viewed(field: Field, value: Any) -> Any:
    """A value as View shows it: references as objects, numbers as numbers."""
    if field.type == "reference":
        return {"Number": value} if value else None
    if field.type == "number":
        return Decimal(value or 0)
    return local_time(value) if field.type == "time" and value is not None else value


def _business_info(form: Form, renamed: Row) -> Row:
    def shown(fields: tuple[Field, ...]) -> list[Row]:
        return [
            {
                "Key": form.called(f.name, renamed),
                "Name": [{"Key": 2052, "Value": f.name}],
                "ElementType": f.type,
                "MustInput": int(f.required),
                "LookUpObjectFormId": f.to,
            }
            for f in fields
        ]

    entries = [{"Key": "FBillHead", "Fields": shown(form.head)}]
    if form.entry:
        entries.append({"Key": form.entry_called(renamed), "Fields": shown(form.lines)})
    operations = [{"OperationNumber": n, "OperationName": [{"Key": 2052, "Value": n}]} for n in form.operations]
    info = {"Id": form.name, "Name": [{"Key": 2052, "Value": form.label}], "Entrys": entries, "Operations": operations}
    status = {"IsSuccess": True, "Errors": [], "SuccessEntitys": [], "SuccessMessages": [], "MsgCode": 0}
    return {"Result": {"ResponseStatus": status, "NeedReturnData": info}}


def _cookies(session: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Set-Cookie", f"kdservice-sessionid={session}; path=/"),
        ("Set-Cookie", f"ASP.NET_SessionId={session[:24]}; path=/; HttpOnly"),
    )


def _cookie(header: str) -> str:
    found = SimpleCookie(header.replace("Theme=standard;", "")).get("kdservice-sessionid")
    return found.value if found else ""

"""A company on DingTalk to test against: both faces of the API, their tokens, limits and errors, events sent out."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from connectors.testing.seed import DEFAULT_CUSTOMERS
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.testing.table import Table
from connectors.vendors.dingtalk import simulator_data as data
from connectors.vendors.dingtalk.simulator_base import LegacyError, NewError, Row, fields, legacy
from connectors.vendors.dingtalk.simulator_contacts import Contacts
from connectors.vendors.dingtalk.simulator_push import Callback, Push
from connectors.vendors.dingtalk.simulator_tasks import Crm, Notices, Robot, Tasks
from connectors.vendors.dingtalk.simulator_workflow import Workflow

_HEADER = "x-acs-dingtalk-access-token"
_TASK = re.compile(r"/v1\.0/todo/users/([^/]+)/(?:tasks|org/tasks/query)(?:/(.*))?$")
_LISTS: Final = {
    "/topapi/v2/department/listsub": "department", "/topapi/v2/user/list": "user", "/v1.0/crm/customerInstances": "crm_customer",
    "/topapi/smartwork/hrm/employee/queryonjob": "user", "/v1.0/workflow/processes/instanceIds/query": "approval",
}  # fmt: skip
_EVENTS: Final = {
    ("user", "insert"): "user_add_org", ("user", "update"): "user_modify_org", ("user", "delete"): "user_leave_org",
    ("department", "insert"): "org_dept_create", ("department", "update"): "org_dept_modify",
    ("department", "delete"): "org_dept_remove",
}  # fmt: skip
_PACES: Final = ("calls_per_second", "crm_calls_per_second", "robot_per_minute")
_BANNED: Final = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "sim"}
_SLOW: Final = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"


def create(seed: int = 1, customers: int = DEFAULT_CUSTOMERS, *, limits: bool = True) -> DingtalkSimulator:
    """A company with that many people. ``limits``: whether call limits apply."""
    return DingtalkSimulator(seed, customers, limits)


class DingtalkSimulator:
    """One company, one internal app."""

    name = "dingtalk"

    def __init__(self, seed: int, customers: int, limits: bool) -> None:
        self.state = State({}, {})
        now = self.state.clock.now()
        self._clock = 0
        stamped = lambda row: int(row.get("_t", 0))  # noqa: E731
        self.state.tables.update(
            department=Table(stamped, data.departments()),
            user=Table(stamped, data.users(seed, customers)),
            approval=Table(lambda row: int(row["created"] * 1000), data.instances(seed, now)),
            todo=Table(lambda row: int(row["modifiedTime"]), data.todos(min(customers, 25), now)),
            crm_customer=Table(stamped, data.customers(seed, customers)),
            work_notice=Table(stamped),
            robot_message=Table(stamped),
        )
        self.state.truth = {name: [str(key) for key in table.rows] for name, table in self.state.tables.items()}
        self.state.switches.update(
            limits=limits, qps=20, crm_qps=1, ip_calls=10_000, ban_html=False, month_used_up=False, one_token=False,
            legacy_88=False, token_seconds=7200, scope=None, utc_times=False, success_as_text=True, robot_keyword="",
            ack_seconds=5.0, no_rights=[],
        )  # fmt: skip
        self._tokens: dict[str, tuple[str, float]] = {}
        self._ended: set[str] = set()
        self._made = 0
        self._seed = seed
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._all: deque[float] = deque()
        self._banned_until = 0.0
        self.push = Push(self.state)
        self._contacts, self._crm = Contacts(self.state), Crm(self.state)
        self._workflow = Workflow(self.state, self.push.tell)
        self._tasks, self._notices, self._robot = Tasks(self.state), Notices(self.state), Robot(self.state)
        self._legacy = self._legacy_calls()
        self._new = self._new_calls()

    # -- what a simulator offers to tests --------------------------------------------------------------------------------

    def credentials(self, url: str) -> dict[str, Any]:
        """Settings of a connection."""
        paced = {} if self.state.switches["limits"] else dict.fromkeys(_PACES, 0)
        return {
            **paced,
            "base_url": url, "oapi_url": url, **data.APP, **data.ROBOT, **data.CALLBACK, "agent_id": data.AGENT,
            "operator_user_id": data.OPERATOR, "operator_union_id": data.OPERATOR_UNION, "process_codes": list(data.FORMS),
            "key_field": data.KEY_FIELD, "settle_seconds": 0,
        }  # fmt: skip

    def expire_sessions(self) -> None:
        """No token given so far is taken any more."""
        self._ended |= {token for token, _ in self._tokens.values()}
        self._tokens.clear()

    def live_keys(self, obj: str) -> set[str]:
        """Keys as a listing shows them. Messages are in none."""
        rows = self.state.tables[obj].rows
        if obj == "approval":
            return {f"{row['processCode']}|{key}" for key, row in rows.items()}
        return set() if obj in ("work_notice", "robot_message") else {str(key) for key in rows}

    def user_write(self, obj: str, op: str, key: str, fields: Row) -> str:
        """A person's change in DingTalk's own screens."""
        if obj == "approval":
            return self._approval(op, key, fields)
        table = self.state.tables[obj]
        real: Any = int(key) if obj == "department" and key else key
        if op == "delete":
            self._contacts.dissolve(real) if obj == "department" else table.remove(real)
        elif op == "update":
            table.put(
                real,
                {**table.rows[real], **fields, "_t": self._next()} if obj != "todo" else {**table.rows[real], **fields},
            )
        else:
            real = self._insert(obj, fields)
        kind = _EVENTS.get((obj, op))
        if kind:
            where = "userId" if obj == "user" else "deptId"
            self.push.tell(kind, {where: [real], "timeStamp": str(int(self.state.clock.now() * 1000))})
        return str(real)

    def _insert(self, obj: str, given: Row) -> Any:
        table, n = self.state.tables[obj], len(self.state.tables[obj].rows) + 1
        now = self.state.clock.now()
        made: dict[str, Callable[[], tuple[Any, Row]]] = {
            "department": lambda: (max(table.rows) + 1, data.department({"parent_id": 1, **given, "dept_id": max(table.rows) + 1})),
            "user": lambda: (f"p{n:04d}", data.user({**given, "userid": f"p{n:04d}"})),
            "todo": lambda: (f"p{n:05d}", data.todo({**given, "id": f"p{n:05d}"}, now)),
            "crm_customer": lambda: (f"p{n:05d}", {**next(iter(table.rows.values())), **given, "instanceId": f"p{n:05d}"}),
        }  # fmt: skip
        key, row = made[obj]()
        table.put(key, row)
        return key

    def _approval(self, op: str, key: str, given: Row) -> str:
        table = self.state.tables["approval"]
        if op == "delete":
            raise ValueError("approvals are not deleted")
        if op == "insert":
            code = str(given.get("processCode", "PROC-PURCHASE"))
            real = f"inst-{len(table.rows) + 1:05d}"
            values = (
                [data.value("物品", str(given.get("title", "")), "PROC-PURCHASE")] if code == "PROC-PURCHASE" else []
            )
            row = {**data.instance(real, code, "u0001", values, self.state.clock.now()), **given, "processCode": code}
            table.put(real, row)
            self._workflow.happened(row, "start")
        else:
            real = key.rpartition("|")[2]
            table.put(real, {**table.rows[real], **given})
        return f"{table.rows[real]['processCode']}|{real}"

    def _next(self) -> int:
        self._clock += 1
        return self._clock

    def touch(self, obj: str, key: Any, at_ms: int, fields: Row) -> None:
        """A change with this time. When an approval was made does not change later."""
        table = self.state.tables[obj]
        row = {**table.rows[key], **fields}
        if obj == "approval":
            newest = table.newest_time() or 0
            row |= {"created": at_ms / 1000} if at_ms <= newest else {}
        elif obj == "todo":
            row["modifiedTime"] = at_ms
        else:
            row["_t"] = at_ms
        table.put(key, row)

    def looks_at(self, request: Request) -> str:
        """The table that a list asks for."""
        return "todo" if request.path.endswith("/org/tasks/query") else _LISTS.get(request.path, "")

    def act(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """``callback`` {url}: register an address; ``end`` {id, status, result}: approvers decide; ``system`` {topic}, ``drop``:
        to the sockets; ``events``: all that was told."""
        if name == "callback":
            given = {**data.CALLBACK, **{key: value for key, value in body.items() if key != "url"}}
            callback = Callback(
                body["url"], given["callback_token"], given["callback_aes_key"], given["callback_owner"]
            )
            problem = self.push.register(callback)
            if problem:
                raise ValueError(f"the address did not pass the test: {problem}")
        elif name == "end":
            self._workflow.end(
                body["id"].rpartition("|")[2], body.get("status", "COMPLETED"), body.get("result", "agree")
            )
        elif name == "system":
            self.push.system(body["topic"])
        elif name == "drop":
            self.push.drop()
        elif name == "events":
            return {"events": self.push.log, "waiting": len(self.push.queue), "frames": len(self.push.frames),
                    "acks": self.push.acks, "sockets": len(self.push.sockets)}  # fmt: skip
        else:
            raise ValueError(f"there is no act `{name}` (there are: callback, end, system, drop, events)")
        return {"done": name}

    # -- answers ---------------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """Answer one call on the face that its path belongs to."""
        banned = self._ban()
        if banned is not None:
            return banned
        new = request.path.startswith("/v1.0/")
        try:
            return self._new_face(request) if new else self._legacy_face(request)
        except NewError as error:
            body: Row = {"code": error.code, "message": error.message, "requestid": "R-SIM"}
            if error.status == 403:
                body["accessdenieddetail"] = {"requiredScopes": []}
            return json_reply(body, error.status)
        except LegacyError as error:
            if not new:
                return json_reply(self._refusal(error))
            return json_reply({"code": "invalidParameter", "message": error.text, "requestid": "R-SIM"}, 400)

    def _refusal(self, error: LegacyError) -> Row:
        if self.state.switches["legacy_88"] and error.code in (40014, 41001, 42001, 60011):
            said = f"ding talk error[subcode={error.code},submsg={error.text}]"
            return {
                "errcode": 88,
                "errmsg": said,
                "sub_code": str(error.code),
                "sub_msg": error.text,
                "request_id": "r-sim",
            }
        return {"errcode": error.code, "errmsg": error.text, "request_id": "r-sim"}

    def _ban(self) -> Reply | None:
        now = self.state.clock.now()
        if not self.state.switches["limits"]:
            return None
        while self._all and self._all[0] <= now - 20:
            self._all.popleft()
        self._all.append(now)
        if len(self._all) > self.state.switches["ip_calls"]:
            self._banned_until = now + 300
            self._all.clear()
        if now >= self._banned_until:
            return None
        page = b"<html><body>deny</body></html>"
        return Reply(page, 200, "text/html") if self.state.switches["ban_html"] else json_reply(_BANNED)

    def _new_face(self, request: Request) -> Reply:
        body = fields(request)
        path = request.path
        if path == "/v1.0/oauth2/accessToken" or re.fullmatch(r"/v1\.0/oauth2/[^/]+/token", path):
            return json_reply(self._new_token(body, plain=path.endswith("accessToken")))
        if path == "/v1.0/gateway/connections/open":
            if (body.get("clientId"), body.get("clientSecret")) != tuple(data.APP.values()):
                raise NewError("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
            return json_reply(self.push.open())
        if not self._good("new", request.headers.get(_HEADER, "")):
            raise NewError("InvalidAuthentication", "不合法的access_token")
        task = _TASK.match(path)
        call = None if task else self._new.get((request.method, path))
        if call is None and not task:
            raise NewError("InvalidAction.NotFound", f"{request.method} {path}", 404)
        self._allowed_new(task.re.pattern + request.method if task else path, path)
        return json_reply(call(body) if call else self._task(request, task, body))  # type: ignore[arg-type]

    def _task(self, request: Request, task: re.Match[str], body: Row) -> Any:
        rest = unquote(task[2] or "")
        if request.path.endswith("/org/tasks/query"):
            return self._tasks.cards(body)
        if request.method == "POST" and not rest:
            return self._tasks.create(body)
        if rest.startswith("sources/"):
            return self._tasks.by_source(rest.partition("/")[2])
        calls = {"GET": lambda: self._tasks.one(rest), "PUT": lambda: self._tasks.update(rest, body),
                 "DELETE": lambda: self._tasks.delete(rest)}  # fmt: skip
        return calls[request.method]()

    def _legacy_face(self, request: Request) -> Reply:
        body, path = fields(request), request.path
        if path == "/gettoken":
            return self._legacy_token(body)
        if path == "/robot/send":
            return self._robot.send(body)
        given = parse_qs(request.query).get("access_token", [""])[-1]
        if not given:
            raise LegacyError(41001)
        if not self._good("legacy", given):
            raise LegacyError(42001 if given in self._ended else 40014)
        call = self._legacy.get(path)
        if call is None:
            return json_reply({"errcode": 404, "errmsg": "请求的URI地址不存在"})
        if path in self.state.switches["no_rights"]:
            raise LegacyError(60011)
        if self.state.switches["month_used_up"]:
            raise LegacyError(90020)
        if self._too_fast(path, self.state.switches["qps"]):
            raise LegacyError(90018)
        return call({name: value for name, value in body.items() if name != "access_token"})

    def _allowed_new(self, api: str, path: str) -> None:
        if path in self.state.switches["no_rights"]:
            raise NewError("Forbidden.AccessDenied.AccessTokenPermissionDenied", "应用尚未开通所需的权限", 403)
        if self.state.switches["month_used_up"]:
            raise NewError("Forbidden.AccessDenied.ApiCountLimitForOrg", "本月调用次数已用完", 403)
        crm = path.startswith("/v1.0/crm/")
        if self._too_fast("crm" if crm else api, self.state.switches["crm_qps" if crm else "qps"]):
            raise NewError(_SLOW, "接口调用超过QPS限制", 403)

    def _too_fast(self, api: str, most: int) -> bool:
        now, taken = self.state.clock.now(), self._calls[api]
        while taken and taken[0] <= now - 1:
            taken.popleft()
        if self.state.switches["limits"] and len(taken) >= most:
            self.state.too_fast += 1
            return True
        taken.append(now)
        return False

    # -- tokens ----------------------------------------------------------------------------------------------------------

    def _new_token(self, body: Row, *, plain: bool) -> Row:
        names = ("appKey", "appSecret") if plain else ("client_id", "client_secret")
        if tuple(body.get(name) for name in names) != tuple(data.APP.values()):
            raise NewError("invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        token, seconds = self._token("new")
        return {"accessToken": token, "expireIn": seconds} if plain else {"access_token": token, "expires_in": seconds}

    def _legacy_token(self, body: Row) -> Reply:
        if (body.get("appkey"), body.get("appsecret")) != tuple(data.APP.values()):
            raise LegacyError(40001)
        token, seconds = self._token("legacy")
        return legacy(None, access_token=token, expires_in=seconds)

    def _token(self, face: str) -> tuple[str, int]:
        """The same token while it is good, renewed."""
        seconds, now = int(self.state.switches["token_seconds"]), self.state.clock.now()
        known = self._tokens.get(face)
        if known is None or known[1] <= now:
            if known is not None:
                self._ended.add(known[0])
            self._made += 1
            known = (hashlib.sha256(f"{face} {self._seed} {self._made}".encode()).hexdigest()[:32], 0.0)
        self._tokens[face] = (known[0], now + seconds)
        return known[0], seconds

    def _good(self, face: str, given: str) -> bool:
        faces = ("new", "legacy") if self.state.switches["one_token"] else (face,)
        now = self.state.clock.now()
        for each in faces:
            token, expires = self._tokens.get(each, ("", 0.0))
            if token and given == token:
                if expires > now:
                    return True
                self._ended.add(token)
        return False

    # -- which call is which ---------------------------------------------------------------------------------------------

    def _legacy_calls(self) -> dict[str, Callable[[Row], Reply]]:
        people = self._contacts
        return {
            "/topapi/v2/department/listsub": people.listsub, "/topapi/v2/department/get": people.department,
            "/topapi/v2/department/create": people.create_department, "/topapi/v2/department/update": people.update_department,
            "/topapi/v2/department/delete": people.delete_department, "/topapi/v2/user/list": people.users,
            "/topapi/v2/user/get": people.user, "/topapi/v2/user/getbymobile": people.by_mobile,
            "/topapi/v2/user/create": people.create_user, "/topapi/v2/user/update": people.update_user,
            "/topapi/v2/user/delete": people.delete_user, "/topapi/user/listid": people.user_ids, "/user/get": people.old_user,
            "/topapi/smartwork/hrm/employee/queryonjob": people.on_job,
            "/topapi/message/corpconversation/asyncsend_v2": self._notices.send,
            "/topapi/message/corpconversation/getsendresult": self._notices.result,
            "/topapi/message/corpconversation/getsendprogress": self._notices.progress,
            "/call_back/register_call_back": self._register,
            "/call_back/get_call_back_failed_result": lambda _: legacy(None, **self.push.take_failed()),
        }  # fmt: skip

    def _new_calls(self) -> dict[tuple[str, str], Callable[[Row], Any]]:
        flow = self._workflow
        return {
            ("POST", "/v1.0/hrm/rosters/lists/query"): self._contacts.roster,
            ("POST", "/v1.0/workflow/processes/instanceIds/query"): flow.ids,
            ("GET", "/v1.0/workflow/processInstances"): flow.one, ("POST", "/v1.0/workflow/processInstances"): flow.create,
            ("POST", "/v1.0/workflow/processInstances/terminate"): flow.terminate,
            ("POST", "/v1.0/workflow/processInstances/execute"): flow.execute,
            ("GET", "/v1.0/workflow/processes/userVisibilities/templates"): flow.templates,
            ("GET", "/v1.0/workflow/forms/schemas/processCodes"): flow.schema,
            ("POST", "/v1.0/crm/customerInstances"): self._crm.everything,
            ("POST", "/v1.0/crm/personalCustomers/batchQuery"): self._crm.several,
            ("GET", "/v1.0/crm/personalCustomers/objectMeta"): self._crm.meta,
        }  # fmt: skip

    def _register(self, body: Row) -> Reply:
        """The first way to register an address: its owner is the company."""
        problem = self.push.register(Callback(str(body["url"]), str(body["token"]), str(body["aes_key"]), data.CORP))
        if problem:
            raise LegacyError(71007, f"url地址访问异常: {problem}")
        return legacy(None)

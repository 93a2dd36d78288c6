"""A Fxiaoke tenant to test against: tokens, queries, writes, limits, as the vendor's pages and live answers describe."""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from typing import Any

import orjson

from connectors.testing.seed import DEFAULT_CUSTOMERS, generate
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.vendors.fxiaoke.simulator_data import ADMIN, PEOPLE, open_user_id, tables
from connectors.vendors.fxiaoke.simulator_objects import MASTER_OF, Row
from connectors.vendors.fxiaoke.simulator_query import Query, Refused
from connectors.vendors.fxiaoke.simulator_write import Writes

SAME_TOKEN_SECONDS = 6600
TOKEN_SECONDS = 7200
_PRESET, _CUSTOM = "/cgi/crm/v2/data/", "/cgi/crm/custom/v2/data/"
_TOKEN_PATHS = ("/oauth2.0/token", "/cgi/corpAccessToken/get/V2")
_BAD_TOKEN = "the cropId,cropAccessToken or authorization is error"  # noqa: S105
_NO_TOKEN = "the parameter corpAccessToken is required"  # noqa: S105


def create(seed: int = 1, customers: int = DEFAULT_CUSTOMERS, *, limits: bool = True) -> FxiaokeSimulator:
    """A tenant with the seed's companies. ``limits``: whether call limits apply."""
    return FxiaokeSimulator(seed, customers, limits)


class FxiaokeSimulator:
    """One tenant."""

    name = "fxiaoke"

    def __init__(self, seed: int, customers: int, limits: bool) -> None:
        made, truth = tables(generate(seed, customers), seed)
        self.state = State(dict(made), truth)
        self.state.switches.update(
            limits=limits,
            daily_quota=0,
            no_quota=False,
            invalid_visible=False,
            numbers="coerce",
            approval=[],
            detail_touches_master=False,
        )
        self._limits = limits
        mark = hashlib.sha256(f"fxiaoke {seed}".encode()).hexdigest()
        self.app_id = f"FSAID_{mark[:7]}"
        self.app_secret = mark[8:40]
        self.permanent_code = mark[24:56].upper()
        self.ea = f"sim{seed}"
        self.corp_id = f"FSCID_{mark[:32].upper()}"
        self._tokens: deque[tuple[str, float]] = deque()
        self._made = 0
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._today: tuple[int, int] = (0, 0)
        self._query = Query(self.state.tables)
        self._writes = Writes(self.state)

    def credentials(self, url: str) -> dict[str, Any]:
        """Settings of a connection that signs in as the administrator, header style."""
        settings: dict[str, Any] = {
            "base_url": url,
            "app_id": self.app_id,
            "app_secret": self.app_secret,
            "permanent_code": self.permanent_code,
            "user": ADMIN,
            "settle_seconds": 0,
        }
        return settings if self._limits else {**settings, "calls_per_20_seconds": 0}

    def expire_sessions(self) -> None:
        """Every token given so far is refused from now on."""
        self._tokens.clear()

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        """A person's change in the CRM's screens."""
        return self._writes.by_user(obj, op, key, fields)

    def touch(self, obj: str, key: Any, at_ms: int, fields: dict[str, Any]) -> None:
        """A person's change that has this time, whatever the clock says."""
        self._writes.by_user(obj, "update", str(key), fields, at_ms)

    def looks_at(self, request: Request) -> str:
        """The object a query asks for."""
        if not request.path.endswith("/query"):
            return ""
        try:
            data = orjson.loads(request.body)["data"]
            return str(data["dataObjectApiName"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return ""

    def master_field(self, detail: str, master: str) -> str:
        """The field of a detail object that holds its master's id."""
        owner, column = MASTER_OF.get(detail, ("", ""))
        if owner != master:
            raise ValueError(f"{detail} is no detail object of {master}")
        return column

    def answer(self, request: Request) -> Reply:
        """Answer one call; always HTTP 200 except for an unknown page."""
        if request.method != "POST":
            return Reply(b"<html><body>404 Not Found</body></html>", 404, "text/html")
        trace = f"E-O.{self.ea}.{ADMIN}-{sum(self.state.requests.values()):x}"
        try:
            try:
                body = orjson.loads(request.body or b"{}")
            except orjson.JSONDecodeError:
                raise Refused(10006, "the parameter body is missing or illegal") from None
            if not isinstance(body, dict):
                raise Refused(10006, "the parameter body is missing or illegal")
            if request.path in _TOKEN_PATHS:
                return json_reply(
                    {**self._token(request, body), "errorCode": 0, "errorMessage": "success", "traceId": trace}
                )
            return self._call(request, body, trace)
        except Refused as refused:
            return json_reply({"traceId": trace, "errorMessage": refused.message, "errorCode": refused.code})

    def _token(self, request: Request, body: Row) -> Row:
        path = request.path
        now = self.state.clock.now()
        if request.others:
            raise Refused(14001, "token calls must not be made concurrently")
        self._limit("token", now, 10, 60)
        wanted = {"appId": self.app_id, "appSecret": self.app_secret, "permanentCode": self.permanent_code}
        if path == _TOKEN_PATHS[0]:
            wanted["grantType"] = "app_secret"
        for name, value in wanted.items():
            if body.get(name) != value:
                raise Refused(10006, f"the parameter {name} is missing or illegal")
        if not self._tokens or now - self._tokens[-1][1] >= SAME_TOKEN_SECONDS:
            self._made += 1
            value = hashlib.sha256(f"{self.app_secret} {self._made}".encode()).hexdigest().upper()[:32]
            self._tokens.append((value, now))
        value, issued = self._tokens[-1]
        left = int(issued + TOKEN_SECONDS - now)
        if path == _TOKEN_PATHS[0]:
            return {
                "accessToken": value,
                "expiresIn": left,
                "ea": self.ea,
                "openUserId": self.corp_id,
                "appId": self.app_id,
            }
        return {"corpAccessToken": value, "corpId": self.corp_id, "expiresIn": left}

    def _call(self, request: Request, body: Row, trace: str) -> Reply:
        user, open_ids = self._who(request, body)
        now = self.state.clock.now()
        self._limit(request.path, now, 100, 20)
        self._daily(now)
        prefix = next((p for p in (_CUSTOM, _PRESET) if request.path.startswith(p)), "")
        action = request.path[len(prefix) :] if prefix else ""
        if body.get("convertUserId") is True:
            open_ids = not open_ids
        data = body.get("data")
        if not isinstance(data, dict):
            raise Refused(10006, "the parameter data is missing or illegal")
        if not prefix or action not in (
            "query",
            "get",
            "create",
            "update",
            "invalid",
            "delete",
            "recover",
            "changeOwner",
        ):
            raise Refused(10006, f"the request uri=[{request.path}],apiName=[null] is not exists")
        if action == "query":
            return self._run_query(data, body, trace, user, open_ids, prefix)
        if action == "get":
            obj = self._object(data.get("dataObjectApiName"), prefix)
            row = self.state.tables[obj].rows.get(str(data.get("objectDataId")))
            if row is None or not _visible_to(user)(row):
                raise Refused(32000, "数据不存在")
            shown = self._query.present(obj, row, open_ids=open_ids, nulls=bool(body.get("includeNull")))
            return json_reply({"traceId": trace, "errorCode": 0, "errorMessage": "OK", "data": shown})
        source = data.get("object_data") if action in ("create", "update") else data
        if not isinstance(source, dict):
            raise Refused(10006, "the parameter object_data is missing or illegal")
        if action == "update" and "_id" not in source:
            raise Refused(10006, "java.lang.NullPointerException")
        obj = self._object(source.get("dataObjectApiName"), prefix)
        extra = self._writes.call(action, obj, data, body, user)
        return json_reply({"traceId": trace, "errorCode": 0, "errorMessage": "OK", **extra})

    def _run_query(self, data: Row, body: Row, trace: str, user: str, open_ids: bool, prefix: str) -> Reply:
        obj = self._object(data.get("dataObjectApiName"), prefix)
        info = data.get("search_query_info") or {}
        count = data.get("find_explicit_total_num") is not False or body.get("returnTotalNum") in (1, 2)
        sees = _visible_to(user)
        hidden = not self.state.switches["invalid_visible"]
        rows, total = self._query.run(
            obj, info, lambda row: not (hidden and row["life_status"] == "invalid") and sees(row), count=count
        )
        nulls = body.get("includeNull") is True
        projection = info.get("fieldProjection") or []
        if projection:
            kept = {"_id", *projection}
            shown = [self._query.present(obj, row, open_ids=open_ids, nulls=nulls) for row in rows]
            parts = [
                orjson.dumps({k: v for k, v in row.items() if k.split("__r")[0].split("__l")[0] in kept})
                for row in shown
            ]
        else:
            parts = [self._query.show(obj, row, open_ids=open_ids, nulls=nulls) for row in rows]
        tail = {"offset": info.get("offset", 0), "limit": info.get("limit", 10), "total": total}
        inner = b'{"dataList":[' + b",".join(parts) + b"]," + orjson.dumps(tail)[1:]
        head = orjson.dumps({"traceId": trace, "errorCode": 0, "errorMessage": "OK"})
        return Reply(head[:-1] + b',"data":' + inner + b"}")

    def _object(self, name: Any, prefix: str) -> str:
        if not isinstance(name, str) or not name:
            raise Refused(10006, "the parameter dataObjectApiName is missing or illegal")
        if name not in self.state.tables:
            raise Refused(32000, f"对象 {name} 不存在")
        if name.endswith("__c") != (prefix == _CUSTOM):
            raise Refused(32000, f"对象 {name} 不能用该接口")
        return name

    def _who(self, request: Request, body: Row) -> tuple[str, bool]:
        """The acting employee, and whether ids are shown in the ``FSUID_`` form."""
        header = request.headers.get("authorization", "")
        token = body.get("corpAccessToken")
        if not header and not token:
            raise Refused(20017, _NO_TOKEN)
        if header:
            kind, _, value = header.partition(" ")
            tenant = request.headers.get("x-fs-ea") == self.ea
            user = request.headers.get("x-fs-userid", "")
            good = kind == "Bearer" and tenant and self._valid(value)
        else:
            users = {open_user_id(each): each for each in PEOPLE}
            good = body.get("corpId") == self.corp_id and self._valid(str(token))
            user = users.get(str(body.get("currentOpenUserId")), "")
        if not good:
            raise Refused(20016, _BAD_TOKEN)
        if user not in PEOPLE:
            raise Refused(20012, "the openUserId is not found")
        return user, not header

    def _valid(self, token: str) -> bool:
        now = self.state.clock.now()
        return any(value == token and now < issued + TOKEN_SECONDS for value, issued in self._tokens)

    def _limit(self, name: str, now: float, calls: int, seconds: float) -> None:
        if not self.state.switches["limits"]:
            return
        taken = self._calls[name]
        while taken and taken[0] <= now - seconds:
            taken.popleft()
        if len(taken) >= calls:
            self.state.too_fast += 1
            raise Refused(14001, "the interface call limit is reached")
        taken.append(now)

    def _daily(self, now: float) -> None:
        if self.state.switches["no_quota"]:
            raise Refused(30003, "the tenant has no API quota")
        quota = self.state.switches["daily_quota"]
        day = int((now + 8 * 3600) // 86400)
        used = self._today[1] + 1 if self._today[0] == day else 1
        if quota and used > quota:
            raise Refused(30002, "the daily quota is used up")
        self._today = (day, used)


def _visible_to(user: str) -> Any:
    """An administrator sees every row, others what they own."""
    return (lambda row: True) if user == ADMIN else (lambda row: user in row["owner"])

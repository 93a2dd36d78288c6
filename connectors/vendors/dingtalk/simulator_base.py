"""What the parts of the simulator share: how errors are said on each face, bodies, pages."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from connectors.testing.simulator import Reply, Request, State, json_reply

Row = dict[str, Any]
SAID = {
    33012: "无效的参数", 400002: "无效的参数", 40009: "不合法的部门id", 40014: "不合法的access_token", 42001: "access_token超时",
    41001: "缺少access_token参数", 40001: "获取access_token时Secret错误", 50002: "请求的员工userid不在授权范围内",
    50004: "请求的部门id不在授权范围中", 60121: "找不到该用户", 60003: "部门不存在", 60011: "没有调用该接口的权限", 60102: "UserID在公司中已存在",
    90018: "您的服务器调用钉钉开放平台当前接口的所有请求都被暂时禁用了", 90020: "本月调用次数已用完", 310000: "安全校验未通过",
    400101: "access_token不存在", 410100: "发送速度太快而限流", 820001: "参数错误",
}  # fmt: skip


class LegacyError(Exception):
    """The legacy face refuses: HTTP 200 and an errcode."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.text = text or SAID.get(code, "错误")


class NewError(Exception):
    """The new face refuses: an HTTP status and a code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.status = status


class Part:
    """A part of the simulator: works on the state that all share."""

    def __init__(self, state: State) -> None:
        self.state = state

    def rows(self, table: str) -> dict[Any, Row]:
        """The rows of a table by key."""
        return self.state.tables[table].rows

    def put(self, table: str, key: Any, row: Row) -> None:
        """Keep a row."""
        self.state.tables[table].put(key, row)

    def note(self, obj: str, op: str, key: Any, payload: Any, our_key: str = "") -> None:
        """An accepted write."""
        self.state.ledger.add(self.state.clock.now(), obj, op, str(key), payload, our_key=our_key)


def fields(request: Request) -> Row:
    """The body, JSON or a form, with the query's parameters where the body lacks them."""
    query = {name: values[-1] for name, values in parse_qs(request.query, keep_blank_values=True).items()}
    if not request.body:
        return query
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return {**query, **{name: values[-1] for name, values in parse_qs(request.body.decode()).items()}}
    try:
        body = json.loads(request.body)
    except ValueError:
        raise LegacyError(33012, "请求体不是JSON") from None
    return {**query, **body} if isinstance(body, dict) else {**query, "": body}


def number(given: Any, least: int, most: int, code: int = 33012) -> int:
    """A whole number within bounds, or a refusal of the legacy face."""
    try:
        value = int(given)
    except (TypeError, ValueError):
        raise LegacyError(code) from None
    if not least <= value <= most:
        raise LegacyError(code)
    return value


def new_number(given: Any, most: int, name: str) -> int:
    """A whole number (not a text), or a refusal of the new face."""
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
        raise NewError("invalidParameter", f"{name} must be a number up to {most}")
    return given


def legacy(result: Any, **more: Any) -> Reply:
    """A good answer of the legacy face."""
    body = {"errcode": 0, "errmsg": "ok", "request_id": "r-sim", **more}
    return json_reply(body if result is None else {**body, "result": result})

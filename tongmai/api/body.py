"""What a caller sends with a request: read up to a size, within a time, and only as JSON that the database can hold."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect

from tongmai.api.problem import ApiError
from tongmai.api.session import bad
from tongmai.core.text import Text

MOST_BYTES = 1024 * 1024
SECONDS = 20.0
DEEPEST = 64
"""What reads the body after this would run out of stack, and call it something else."""
_BODY = Text("the body of the request", "请求体")


async def check_body(request: Request) -> None:
    """Raises where it is too long, too slow or wrong; what comes after finds it read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise _refused(
            415,
            Text(f"its Content-Type is {kind[:40] or 'not given'}", f"Content-Type 为 {kind[:40] or '空'}"),
            Text("send it with `Content-Type: application/json`", "请加上 `Content-Type: application/json`"),
            code="api-bad-request",
        )
    try:
        body = await asyncio.wait_for(_read(request), SECONDS)
    except (TimeoutError, ClientDisconnect):
        raise _refused(
            408,
            Text(f"it did not come whole in {SECONDS:.0f} s", f"未能在 {SECONDS:.0f} 秒内完整收到"),
            Text("send it again", "请重新发送"),
            code="api-body-late",
        ) from None
    try:
        found = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        said = str(error).partition(":")[0]
        place = Text(f"line {error.lineno}, column {error.colno}", f"第 {error.lineno} 行第 {error.colno} 列")
        raise _refused(
            422,
            Text(f"it is no JSON: {said} ({place.en})", f"不是合法的 JSON（{place.zh}）"),
            Text("send a JSON object in UTF-8", "请发送 UTF-8 编码的 JSON 对象"),
            code="api-bad-request",
        ) from None
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(found) > DEEPEST:
        raise bad(
            "body",
            Text(f"it is nested more than {DEEPEST} levels deep", f"嵌套超过 {DEEPEST} 层"),
            Text("no request needs that: see /api/v1/openapi.json", "没有请求需要这么深，见 /api/v1/openapi.json"),
        )
    if b"\\u0000" in body and _holds_zero(found):
        raise bad("body", ZERO, Text("leave it out", "请去掉"))


ZERO = Text("it holds a character of code 0", "含有编码为 0 的字符")
"""PostgreSQL's text cannot hold it."""


def _refused(status: int, why: Text, step: Text, code: str, headers: dict[str, str] | None = None) -> ApiError:
    return ApiError(status, _BODY, why, step, code=code, headers=headers)


async def _read(request: Request) -> bytes:
    """The body; what comes after this reads it from the request again."""
    parts: list[bytes] = []
    size = int(request.headers.get("content-length") or 0)
    if size <= MOST_BYTES:
        size = 0
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                break
    if size > MOST_BYTES:
        raise _refused(
            413,
            Text(f"it is longer than {MOST_BYTES:,} bytes", f"超过 {MOST_BYTES:,} 字节"),
            Text("send less at once", "请减少单次发送的内容"),
            code="api-too-large",
            headers={"connection": "close"},
        )
    request._body = b"".join(parts)
    return request._body


def _depth(value: Any) -> int:
    """How many lists and objects stand in each other."""
    level, depth = [value], 0
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _holds_zero(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_zero(one) for key, one in value.items())
    return isinstance(value, list) and any(map(_holds_zero, value))

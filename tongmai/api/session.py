"""One request: who calls, in which language, with one transaction to read in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast, get_origin
from uuid import UUID

import orjson
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import Response

from masterdata.model import Entity
from masterdata.store import Cursor
from tongmai.api import tokens
from tongmai.api.hub import Hub
from tongmai.api.problem import ApiError
from tongmai.api.scope import Scope
from tongmai.api.tokens import Token
from tongmai.core import clock
from tongmai.core.finding import nearest
from tongmai.core.text import Text
from tongmai.sync.content import Content

USED_SECONDS = 60
BEARER = HTTPBearer(auto_error=False, description="A token of `tongmai api token new`")
_NEW = Text("ask for a token: `tongmai api token new`", "请申请令牌：`tongmai api token new`")


@dataclass(frozen=True)
class Session:
    """What a route is given."""

    hub: Hub
    cursor: Cursor
    token: Token
    language: str

    @property
    def scope(self) -> Scope:
        return self.token.scope

    @property
    def content(self) -> Content:
        return self.hub.content()

    def model(self, entity: str) -> Entity:
        """An entity that the token may read; raises 404 or 403."""
        entities = self.content.schema.entities
        if entity not in entities:
            near = nearest(entity, entities)
            guess = Text(f"did you mean `{near}`?", f"是不是 `{near}`？")
            raise ApiError(
                404,
                Text(f"entity `{entity}`", f"实体 `{entity}`"),
                Text("there is none of that name", "没有此名称的实体"),
                guess if near else Text("GET /api/v1/model lists them", "GET /api/v1/model 可列出全部实体"),
                code="unknown-entity",
            )
        if not self.scope.reads(entity):
            raise not_allowed(self, entity, f"--read {entity}")
        return entities[entity]


def session(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]
) -> Iterator[Session]:
    """Knows the caller or raises 401; counts the call."""
    hub = cast(Hub, request.app.state.hub)
    if credentials is None:
        raise _unknown(
            Text("no `Authorization: Bearer` came", "缺少 `Authorization: Bearer` 请求头"), code="api-no-token"
        )
    hub.content()  # before a connection is taken: reading it takes one
    with hub.reading() as cursor:
        token = tokens.find(cursor, credentials.credentials)
        _check(request, hub, token)
        assert token is not None
        _asked(request)
        yield Session(hub, cursor, token, request.state.language)
    now = clock.now()
    if token.used_at is None or (now - token.used_at).total_seconds() > USED_SECONDS:
        with hub.writing() as cursor:
            tokens.used(cursor, token.id)


Called = Annotated[Session, Depends(session)]


def _check(request: Request, hub: Hub, token: Token | None) -> None:
    if token is None:
        raise _unknown(Text("it is no token of ours", "不是本系统的令牌"), code="api-bad-token")
    request.state.caller = token.name
    state = token.state(clock.now())
    if state == "revoked":
        raise _unknown(Text("it was revoked", "令牌已被吊销"), code="api-token-revoked")
    if state == "over":
        raise _unknown(
            Text(f"it ended on {token.until:%Y-%m-%d}", f"令牌已于 {token.until:%Y-%m-%d} 到期"), code="api-token-over"
        )
    wait = hub.wait_of(token.id, token.rate)
    if wait:
        raise ApiError(
            429,
            Text(f"token `{token.name}`", f"令牌 `{token.name}`"),
            Text(f"more than {token.rate} requests a minute", f"每分钟超过 {token.rate} 次请求"),
            Text(f"wait {wait:.1f} s", f"请等待 {wait:.1f} 秒"),
            code="api-too-many",
            headers={"retry-after": str(int(wait) + 1)},
        )


def _asked(request: Request) -> None:
    """A parameter that there is not would be passed over, and the answer be of another question."""
    fields = request.scope["route"].dependant.query_params
    allowed = [each.alias for each in fields]
    lists = {each.alias for each in fields if get_origin(each.field_info.annotation) in (list, Sequence)}
    for name in request.query_params:
        if len(request.query_params.getlist(name)) > 1 and name in allowed and name not in lists:
            raise bad(
                name,
                Text("it is given more than once", "重复给出"),
                Text("give it once", "请只给出一次"),
            )
        if name not in allowed:
            near = nearest(name.replace("-", "_"), allowed)
            raise bad(
                name[:40],
                Text("there is no such parameter", "没有此参数"),
                Text(f"did you mean `{near}`?", f"是不是 `{near}`？")
                if near
                else Text(f"there are: {', '.join(allowed) or '-'}", f"可用：{', '.join(allowed) or '-'}"),
            )


def _unknown(why: Text, *, code: str) -> ApiError:
    return ApiError(401, Text("token", "令牌"), why, _NEW, code=code, headers={"www-authenticate": "Bearer"})


def bad(name: str, why: Text, step: Text) -> ApiError:
    """A parameter is not as it must be."""
    return ApiError(422, Text(f"parameter `{name}`", f"参数 `{name}`"), why, step, code="api-bad-request")


def not_allowed(call: Session, what: str, option: str) -> ApiError:
    """The token may not read it; ``option``: of a token that may."""
    return ApiError(
        403,
        Text(f"`{what}`", f"`{what}`"),
        Text(f"token `{call.token.name}` may not read it", f"令牌 `{call.token.name}` 无权读取"),
        Text(f"ask for a token with `{option}`", f"请申请带 `{option}` 的令牌"),
        code="api-not-allowed",
    )


def known(entity: Entity, fields: Mapping[str, Any], where: str) -> None:
    """Raises where the entity has no such field; ``where`` in the body they stand."""
    for name in fields:
        if name not in entity.fields:
            near = nearest(name, entity.fields)
            raise bad(
                f"{where}.{name[:40]}",
                Text(f"`{entity.entity}` has no such field", f"`{entity.entity}` 没有此字段"),
                Text(f"did you mean `{near}`?", f"是不是 `{near}`？")
                if near
                else Text(f"it has {', '.join(entity.fields)}", f"可用：{', '.join(entity.fields)}"),
            )


def no_record(entity: str, key: str, began: datetime | None = None) -> ApiError:
    """There is no such record; ``began``: there was none before."""
    if began is not None:
        return ApiError(
            404,
            Text(f"{entity} `{key}`", f"{entity} `{key}`"),
            Text("it was not there yet at `as_of`", "在 `as_of` 时点尚不存在"),
            Text(f"its first version is of {began.isoformat()}", f"其首个版本的时间为 {began.isoformat()}"),
            code="api-no-record",
        )
    return ApiError(
        404,
        Text(f"{entity} `{key}`", f"{entity} `{key}`"),
        Text("there is no golden record of it", "没有对应的黄金记录"),
        Text("look for it with GET /api/v1/search", "可用 GET /api/v1/search 查找"),
        code="api-no-record",
    )


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; nobody on the way keeps it."""
    body = orjson.dumps(content, default=_plain, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, {"cache-control": "no-store", **(headers or {})}, "application/json")


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | frozenset | set):
        return list(value)
    return str(value)


def one_id(text: str, entity: str) -> UUID:
    """An entity's id from its text."""
    try:
        return UUID(text)
    except ValueError:
        raise no_record(entity, text) from None

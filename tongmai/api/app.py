"""The web application: routes, errors in the house's form, one line in the log for each call."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from traceback import extract_tb
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from tongmai import __version__
from tongmai.api import (
    body,
    routes,
    routes_desk,
    routes_entities,
    routes_overrides,
    routes_quality,
    routes_review,
    shapes,
    wrong,
)
from tongmai.api.hub import Hub
from tongmai.api.problem import ApiError, language_of, status_of, told
from tongmai.api.session import answer, bad
from tongmai.core.errors import TongmaiError
from tongmai.core.text import Text

log = logging.getLogger("tongmai.api")
_ABOUT = (
    "Golden records of the hub. Every call needs `Authorization: Bearer <token>`; a token sees the entities and fields of its "
    "scope. Errors say what, why and what next in the language of `Accept-Language` (zh, en)."
)
_DOCUMENT = Text("see /api/v1/openapi.json", "参见 /api/v1/openapi.json")
_ERRORS = {"4XX": {"model": shapes.Problem}, "5XX": {"model": shapes.Problem}}


def application(hub: Hub) -> FastAPI:
    """The API over a hub."""
    made = FastAPI(
        title="Tongmai",
        version=__version__,
        description=_ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    made.state.hub = hub
    made.state.room = asyncio.Semaphore(
        hub.size
    )  # or those who wait for a connection keep the threads of those who have one
    for each in (routes, routes_entities, routes_overrides, routes_quality, routes_desk, routes_review):
        made.include_router(each.router, responses=cast("dict[int | str, dict[str, object]]", _ERRORS))
    made.add_api_route("/health", _health, include_in_schema=False)
    made.middleware("http")(_logged)
    made.add_exception_handler(TongmaiError, _deliberate)
    made.add_exception_handler(RequestValidationError, _wrong_request)
    made.add_exception_handler(HTTPException, _no_route)
    return made


def _health(request: Request) -> Response:
    hub: Hub = request.app.state.hub
    with hub.reading() as cursor:
        cursor.execute("select 1")
    return answer({"ok": True})


async def _logged(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Neither the query nor keys in the path are told: people type names and telephones there."""
    began = time.perf_counter()
    request.state.language = language_of(request.headers.get("accept-language", ""))
    request.state.caller = "-"
    try:
        if "%00" in str(request.url):
            raise bad("?", body.ZERO, Text("leave it out", "请去掉"))
        if request.method == "POST":
            await body.check_body(request)
        async with request.app.state.room:
            response = await call(request)
    except TongmaiError as error:
        response = _answered(request, error)
    except Exception as error:  # whatever it is, the caller gets the house's form and the log no values
        frame = extract_tb(error.__traceback__)[-1]
        log.error("failed error=%s at=%s:%s", type(error).__name__, frame.filename, frame.lineno)
        response = _answered(request, _broken())
    route = request.scope.get("route")
    entity = request.path_params.get("entity", "") if route is not None else ""
    log.info(
        "call token=%s method=%s route=%s entity=%s status=%d ms=%.1f",
        request.state.caller, request.method, getattr(route, "path", "-"), entity or "-", response.status_code,
        (time.perf_counter() - began) * 1000,
    )  # fmt: skip
    return response


def _answered(request: Request, error: TongmaiError) -> Response:
    headers = {"content-language": request.state.language}
    if isinstance(error, ApiError):
        headers |= error.headers
    elif status_of(error) == 503:
        headers["retry-after"] = "5"
    return answer(told(error, request.state.language), status_of(error), headers)


async def _deliberate(request: Request, error: Exception) -> Response:
    assert isinstance(error, TongmaiError)
    if status_of(error) >= 500:
        log.error("not served code=%s: %s", error.code, error)
    return _answered(request, error)


async def _wrong_request(request: Request, error: Exception) -> Response:
    """The first thing that is wrong; what was sent is not said again."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name = ".".join(str(each) for each in first["loc"][1:]) or str(first["loc"][0])
    return _answered(request, bad(name, wrong.words(first), _DOCUMENT))


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = error.status_code == 405
    return _answered(
        request,
        ApiError(
            error.status_code,
            Text(f"{request.method} {request.url.path[:80]}", f"{request.method} {request.url.path[:80]}"),
            Text("this address takes another method", "该地址不支持此方法")
            if known
            else Text("there is no such address", "没有这个地址"),
            _DOCUMENT,
            code="api-no-address",
            headers=dict(error.headers or {}),
        ),
    )


def _broken() -> ApiError:
    return ApiError(
        500,
        Text("the request", "请求"),
        Text("something failed that should not", "发生了不应发生的故障"),
        Text("see the log of `tongmai api serve`", "请查看 `tongmai api serve` 的日志"),
        code="api-failed",
    )

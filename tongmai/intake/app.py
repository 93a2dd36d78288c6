"""The HTTP side: ``POST|GET /in/<connection>[/<webhook>]``. An event is answered once it is committed, never before."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as WebRequest
from starlette.responses import Response
from starlette.routing import Route

from connectors.sdk.webhook import Accepted, Handshaken, Refused, Reply, Request, receive
from tongmai.core import clock
from tongmai.core.errors import TongmaiError
from tongmai.core.text import Text
from tongmai.intake.addresses import Address, Addresses
from tongmai.intake.journal import Row
from tongmai.intake.writer import Writer

MAX_BODY = 1024 * 1024
MOST_REQUESTS = 500
BODY_SECONDS = 20.0
STORE_SECONDS = 15.0
RETRY_AFTER = "5"
log = logging.getLogger("tongmai.intake")

_UNKNOWN = Refused(404, "webhook-unknown", Text("there is no such address", "没有这个地址"))
_AWAY = Refused(503, "webhook-later", Text("nothing was stored, send it again later", "未保存，请稍后重发"))
_SLOW = Refused(408, "webhook-slow", Text("the body did not come in time", "请求体未能及时收到"))
_GONE = Refused(400, "webhook-body", Text("the body broke off", "请求体中断"))


@dataclass(frozen=True, slots=True)
class Intake:
    """What a request meets. ``public_url`` is what senders call us, where signatures cover the whole address."""

    addresses: Addresses
    writer: Writer
    max_body: int = MAX_BODY
    public_url: str = ""
    now: Callable[[], datetime] = clock.now


def application(intake: Intake) -> Starlette:
    """The web application."""

    room = asyncio.Semaphore(MOST_REQUESTS)  # with the largest body it bounds our memory

    async def event(web: WebRequest) -> Response:
        if room.locked():
            return _refuse(_AWAY)
        async with room:
            return await _event(intake, web)

    async def health(web: WebRequest) -> Response:
        try:
            await _stored(intake, [])
        except (TongmaiError, TimeoutError):
            return _refuse(_AWAY)
        return Response(b"ok\n", media_type="text/plain")

    made = Starlette(
        routes=[
            Route("/in/{connection}", event, methods=["GET", "POST"]),
            Route("/in/{connection}/{webhook}", event, methods=["GET", "POST"]),
            Route("/health", health, methods=["GET"]),
        ]
    )
    made.router.redirect_slashes = False  # a sender follows no redirects
    return made


async def _event(intake: Intake, web: WebRequest) -> Response:
    known = intake.addresses.fresh()
    if known is None:
        known = await asyncio.to_thread(intake.addresses.found)
    found = known.get(web.path_params["connection"], web.path_params.get("webhook", ""))
    if found is None:
        return _refuse(_UNKNOWN)
    if isinstance(found, TongmaiError):
        return _refuse(_AWAY)
    body = await _body(web, intake.max_body)
    if isinstance(body, Refused):
        return _refused(found, body)
    try:
        outcome = receive(found.webhook, found.settings, _request(intake, web, body), intake.now().timestamp())
        if isinstance(outcome, Refused):
            return _refused(found, outcome)
        if isinstance(outcome, Handshaken):
            log.info("handshake connection=%s webhook=%s", found.connection, found.name)
            return _answer(outcome.reply)
        return await _take(intake, found, outcome)
    except TongmaiError as error:
        log.error("not ready connection=%s webhook=%s code=%s: %s", found.connection, found.name, error.code, error)
        return _refused(found, _AWAY)


async def _take(intake: Intake, address: Address, accepted: Accepted) -> Response:
    rows = [Row(address.connection, address.name, event) for event in accepted.events]
    unknown = sorted({row.event.type for row in rows if not row.event.stream})
    if unknown:
        log.warning("no route for %d type(s) connection=%s webhook=%s", len(unknown), address.connection, address.name)
    try:
        if rows:
            await _stored(intake, rows)
    except (TongmaiError, TimeoutError):  # the writer has logged it
        return _refused(address, _AWAY)
    return _answer(accepted.reply)


async def _stored(intake: Intake, rows: list[Row]) -> None:
    """Returns once the rows are committed; what takes too long is refused, and recognised when it is sent again."""
    await asyncio.wait_for(asyncio.wrap_future(intake.writer.put(rows)), STORE_SECONDS)


async def _body(web: WebRequest, limit: int) -> bytes | Refused:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in web.stream():
                size += len(part)
                if size > limit:
                    said = Text(f"the body is larger than {limit} bytes", f"请求体超过 {limit} 字节")
                    return Refused(413, "webhook-too-large", said)
                parts.append(part)
    except TimeoutError:
        return _SLOW
    except ClientDisconnect:
        return _GONE
    return b"".join(parts)


def _request(intake: Intake, web: WebRequest, body: bytes) -> Request:
    """As the sender wrote it; of a repeated header or parameter the first counts."""
    headers: dict[str, str] = {}
    for name, value in web.headers.items():
        headers.setdefault(name.lower(), value)
    query: dict[str, str] = {}
    for name, value in web.query_params.multi_items():
        query.setdefault(name, value)
    path = web.scope.get("raw_path", web.url.path.encode()).decode("latin-1").partition("?")[0]
    asked = web.scope["query_string"].decode("latin-1")
    base = intake.public_url.rstrip("/") or f"{web.url.scheme}://{headers.get('host', '')}"
    return Request(web.method, path, f"{base}{path}" + (f"?{asked}" if asked else ""), query, headers, body)


def _answer(reply: Reply) -> Response:
    headers = {"content-type": reply.content_type, "x-content-type-options": "nosniff"}
    return Response(reply.body, reply.status, headers)


def _refused(address: Address, refused: Refused) -> Response:
    if refused.status != 503:
        log.warning("refused connection=%s webhook=%s code=%s", address.connection, address.name, refused.code)
    return _refuse(refused)


def _refuse(refused: Refused) -> Response:
    error = {"code": refused.code, "en": refused.reason.en, "zh": refused.reason.zh}
    headers = {"content-type": "application/json; charset=utf-8", "x-content-type-options": "nosniff"}
    if refused.status == 503:
        headers["retry-after"] = RETRY_AFTER
    return Response(json.dumps({"error": error}, ensure_ascii=False).encode(), refused.status, headers)

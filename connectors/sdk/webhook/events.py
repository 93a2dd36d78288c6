"""The events in a request, as the manifest's routes read them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connectors.sdk import wire
from connectors.sdk.key import joined
from connectors.sdk.webhook.outcome import Event, RefusedError
from connectors.sdk.webhook.request import Opened, Request, plain
from tongmai.core.record import Operation

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Route, Webhook

MAX_EVENTS = 10_000
MAX_WORD = 1_000
MAX_ID = 200
ANY = "*"
_STANDARD_ID = "header.webhook-id"


def events(webhook: Webhook, opened: Opened) -> tuple[Event, ...]:
    """Every event, in the request's order. Raises ``RefusedError`` when there are too many."""
    where = webhook.events
    items = [None] if where.each is None else opened.value(where.each)
    if not isinstance(items, list):
        raise RefusedError(400, "webhook-events", "there is no list of events", "请求中没有事件列表")
    found: list[Event] = []
    for index, item in enumerate(items):
        found.extend(_item(webhook, opened, item, f"#{index}" if where.each and len(items) > 1 else ""))
        if len(found) > MAX_EVENTS:
            raise RefusedError(
                413, "webhook-events", f"more than {MAX_EVENTS} events", f"一次请求中的事件超过 {MAX_EVENTS} 个"
            )
    return tuple(found)


def told_events(webhook: Webhook, event: Any) -> tuple[Event, ...]:
    """The events in what came another way than by HTTP, as over a socket; what has none of them is one without a route."""
    opened = Opened(Request("POST"), webhook.format, event=event)
    try:
        return events(webhook, opened)
    except RefusedError:
        return (Event("", "", "", "", raw=wire.canonical(event)),)


def _item(webhook: Webhook, opened: Opened, item: Any, suffix: str) -> Iterator[Event]:
    where = webhook.events
    ids = (_STANDARD_ID,) if webhook.verify.kind == "standard-webhooks" and not where.id else where.id
    event_id = opened.word(ids, item)
    if event_id and not any(place.startswith("item") for place in ids):
        event_id += suffix
    if len(event_id) > MAX_ID:
        event_id = "sha256:" + hashlib.sha256(event_id.encode("utf-8", "replace")).hexdigest()
    event_id = _word(event_id)
    kind = _word(opened.word(where.type, item))
    route = where.types.get(kind) or where.types.get(ANY)
    payload = item if where.each else opened.event
    if route is not None and route.ignore:
        return
    if route is None:
        yield Event(event_id, kind, "", "", raw=wire.canonical(payload))
        return
    keys = _keys(opened.first(route.keys, item))
    if route.within:
        first = opened.word(route.within, item)
        keys = [joined([first, key]) for key in keys] if first else []
    op = _operation(route, opened, item)
    problem = _problem(route, opened, item, keys)
    if problem:
        yield Event(
            event_id, kind, route.stream, _word(keys[0]) if keys else "", "broken", "", wire.canonical(payload), problem
        )
        return
    version = _word(opened.word(route.version, item))
    for number, key in enumerate(keys):
        own = f"{event_id}#{number}" if event_id and len(keys) > 1 else event_id
        raw = None
        if op == "delete":
            raw = b""
        elif route.record:
            raw = wire.canonical(opened.value(route.record, item))
        yield Event(own, kind, route.stream, key, op, version, raw)


def _keys(value: Any) -> list[str]:
    """One key or a list of them, each once, in their order."""
    words = [plain(one) for one in value] if isinstance(value, list) else [plain(value)]
    return list(dict.fromkeys(word for word in words if word))


def _operation(route: Route, opened: Opened, item: Any) -> Operation:
    if route.delete_when:
        return "delete" if opened.word(route.delete_when, item) in route.delete_values else "upsert"
    return route.operation


def _problem(route: Route, opened: Opened, item: Any, keys: list[str]) -> str:
    """Why the event cannot be read as its route says; empty when it can."""
    if not keys:
        return f"no key at {', '.join((*route.within, *route.keys))}"
    if any(len(key) > MAX_WORD for key in keys):
        return f"a key of more than {MAX_WORD} characters"
    if any("\x00" in key for key in keys):
        return "the key holds U+0000, which no database column can"
    if route.record is None or _operation(route, opened, item) == "delete":
        return ""
    if len(keys) > 1:
        return f"{len(keys)} keys for one record"
    if not isinstance(opened.value(route.record, item), Mapping):
        return f"no object at {route.record}"
    if not route.accept_disorder and not opened.word(route.version, item):
        return f"no version at {', '.join(route.version)}"
    return ""


def _word(text: str) -> str:
    """A word that every text column can hold."""
    return text[:MAX_WORD].replace("\x00", "␀").encode("utf-8", "replace").decode()

"""Several calls in one: each may use what an earlier one answered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from connectors.testing.simulator import Reply, Request
from connectors.vendors.salesforce.simulator_refused import RefusedError
from connectors.vendors.salesforce.simulator_write import Writes

Row = dict[str, Any]
_PLACE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}")
_HALTED = [
    {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }
]


def composite(body: Row, request: Request, served: Callable[[Request], Reply], writes: Writes) -> list[Row]:
    """The answers in order. With ``allOrNone`` one failure takes everything back."""
    wanted = body.get("compositeRequest")
    if not isinstance(wanted, list) or not wanted:
        raise RefusedError("JSON_PARSER_ERROR", "a list `compositeRequest` is expected")
    if len(wanted) > 25:
        raise RefusedError("LIMIT_EXCEEDED", "The number of subrequests exceeds 25")
    known: dict[str, Any] = {}
    answers: list[Row] = []
    with writes.undoable() as undo:
        for each in wanted:
            answers.append(_one(each, known, request, served))
        if body.get("allOrNone") and any(answer["httpStatusCode"] >= 300 for answer in answers):
            undo()
            first = next(at for at, answer in enumerate(answers) if answer["httpStatusCode"] >= 300)
            answers = [
                answer if at == first else {**answer, "body": _HALTED, "httpStatusCode": 400}
                for at, answer in enumerate(answers)
            ]
    return answers


def _one(each: Row, known: dict[str, Any], request: Request, served: Callable[[Request], Reply]) -> Row:
    name = str(each.get("referenceId"))
    try:
        url = _filled(str(each.get("url", "")), known)
        content = _filled(json.dumps(each.get("body")), known) if each.get("body") is not None else ""
    except KeyError:
        return {"body": _HALTED, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name}
    path, _, query = url.partition("?")
    inner = Request(str(each.get("method", "")).upper(), path, query, request.headers, content.encode())
    try:
        reply = served(inner)
        answer = json.loads(reply.body) if reply.body else None
        status = reply.status
    except RefusedError as refused:
        answer, status = refused.body(), refused.status
    if status < 300:
        known[name] = answer
    return {"body": answer, "httpHeaders": {}, "httpStatusCode": status, "referenceId": name}


def _filled(text: str, known: dict[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        at: Any = known[found.group(1)]
        for step in re.findall(r"\w+", found.group(2)):
            try:
                at = at[int(step)] if isinstance(at, list) else at[step]
            except (IndexError, TypeError, ValueError):
                raise KeyError(step) from None
        return str(at)

    return _PLACE.sub(value, text)

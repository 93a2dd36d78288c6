"""``/api/v1/review``: what a steward's own page needs: open questions, and verdicts that can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from masterdata.model import Entity
from masterdata.store import connect
from tongmai.api import shapes_review
from tongmai.api.problem import ApiError
from tongmai.api.session import Called, Session, answer
from tongmai.core.text import Text
from tongmai.sync import acts
from tongmai.sync.acts import Outcome, Verdict
from tongmai.sync.desk import page_in, page_now, records_of
from tongmai.sync.matcher import Matcher, matcher_in
from tongmai.sync.queue import Page, Place, place, stale

router = APIRouter(prefix="/api/v1/review/{entity}", tags=["review"])


@router.get(
    "", response_model=shapes_review.Questions, summary="Open questions about identity, the most pressing first"
)
def listed(
    call: Called,
    entity: str,
    min_weight: Annotated[float | None, Query(description="Only pairs of so many bits at least")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="Groups a page")] = 50,
    after: Annotated[str, Query(description="`next` of the answer before: the page behind it")] = "",
) -> Response:
    model, matcher = steward(call, entity)
    least = None if min_weight is None else round(1000 * min_weight)
    found = _page(call, matcher, place(after) if after else None, limit, least)
    plain = [one.plain() for one in found.groups]
    if model.matching.name not in call.scope.visible(model):
        for group in plain:
            for member in group["members"]:
                member.pop("name", None)
    for group in plain:
        for member in group["members"]:
            member["open"] = {name: count for name, count in member.get("open", {}).items() if call.scope.reads(name)}
    return answer({"groups": plain, "open": found.open, "next": found.next.text() if found.next else None})


def _page(call: Session, matcher: Matcher, after: Place | None, limit: int, least: int | None) -> Page:
    """By the request's own view of the hub, where the queue is up to date in it."""
    schema, matchers = call.content.schema, {matcher.entity: matcher}
    if least is None and stale(call.cursor, schema, [matcher]):
        with connect(call.hub.url) as database:
            return page_now(database, schema, matchers, after, limit)
    return page_in(call.cursor, schema, matchers, after, limit, least)


@router.post("/merge", response_model=shapes_review.Done, summary="They are one")
def merge(call: Called, entity: str, asked: shapes_review.Said) -> Response:
    steward(call, entity)
    return _act(call, entity, Verdict("merge", tuple(asked.keys)), asked)


@router.post("/apart", response_model=shapes_review.Done, summary="They are not one, until it is undone")
def apart(call: Called, entity: str, asked: shapes_review.Said) -> Response:
    steward(call, entity)
    return _act(call, entity, Verdict("apart", tuple(asked.keys)), asked)


@router.post("/unmerge", response_model=shapes_review.Done, summary="Take records out of the entity they are in")
def unmerge(call: Called, entity: str, asked: shapes_review.TakenOut) -> Response:
    steward(call, entity)
    records = records_of(entity, asked.key, asked.records, call.hub.url)
    return _act(call, entity, Verdict("unmerge", records=records), asked)


@router.post("/acts/{act}/undo", response_model=shapes_review.Done, summary="Take an act back")
def undo(
    call: Called, entity: str, act: Annotated[int, Path(description="`act` of its answer")], asked: shapes_review.Why
) -> Response:
    steward(call, entity)
    done = acts.undo(entity, act, who=who(call), why=asked.why, dry_run=asked.dry_run, url=call.hub.url)
    return answer(told(call, done, asked.dry_run))


def steward(call: Session, entity: str) -> tuple[Entity, Matcher]:
    """Raises where the token may not decide, or nothing is compared."""
    model = decides(call, entity)
    matcher = matcher_in(call.cursor, call.content.schema, entity)
    if matcher is None:
        raise acts.unmatched(call.content, entity)
    return model, matcher


def decides(call: Session, entity: str) -> Entity:
    """Raises where the token may not decide on records of an entity."""
    call.cursor.execute(
        "set local idle_in_transaction_session_timeout = 0"
    )  # an act may take longer; this only waits for it
    model = call.model(entity)
    if not call.scope.decides(entity):
        raise ApiError(
            403,
            Text(f"review of `{entity}`", f"`{entity}` 的裁决"),
            Text(f"token `{call.token.name}` is no steward of it", f"令牌 `{call.token.name}` 没有数据管家权限"),
            Text(f"ask for a token with `--steward {entity}`", f"请申请带 `--steward {entity}` 的令牌"),
            code="api-not-allowed",
        )
    return model


def _act(call: Session, entity: str, verdict: Verdict, asked: shapes_review.Why) -> Response:
    done = acts.act(entity, verdict, who=who(call), why=asked.why, dry_run=asked.dry_run, url=call.hub.url)
    return answer(told(call, done, asked.dry_run))


def who(call: Session) -> str:
    return f"api:{call.token.name}"


def told(call: Session, done: Outcome, dry_run: bool) -> dict[str, Any]:
    """Fields and entities that the token may not see are left out of what changed."""
    found = done.plain()
    found["outbox"] = [one for one in found.get("outbox", ()) if call.scope.reads(one["entity"])]
    found["golden"] = list(_seen(call, found.get("golden", ())))
    return {**found, "dry_run": dry_run}


def _seen(call: Session, changes: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for one in changes:
        model = call.content.schema.entities.get(one["entity"])
        if model is None or not call.scope.reads(one["entity"]):
            continue
        fields = {}
        for name, sides in one["fields"].items():
            shown = [call.scope.shown(model, {name: side})[0] for side in sides]
            if name in shown[0]:
                fields[name] = [side[name] for side in shown]
        yield {**one, "fields": fields}

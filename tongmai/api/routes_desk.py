"""``/api/v1/review``: what else a steward's own page needs: what was decided, many verdicts at once, second records in targets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tongmai.api import shapes_review
from tongmai.api.question import laid_out
from tongmai.api.routes_review import steward, told, who
from tongmai.api.session import Called, answer
from tongmai.sync import acts, correcting, corrections
from tongmai.sync.acts import Verdict
from tongmai.sync.desk import acts_in
from tongmai.sync.reviewing import group_of, open_groups, region
from tongmai.sync.trace import find

router = APIRouter(prefix="/api/v1/review/{entity}", tags=["review"])
_CORRECTION = tuple(shapes_review.Correction.model_fields)


@router.get("/acts", response_model=shapes_review.Acts, summary="What was decided, the newest first")
def listed(
    call: Called,
    entity: str,
    before: Annotated[int | None, Query(ge=1, description="`next` of the answer before: older acts")] = None,
    kept: Annotated[bool, Query(description="Also what was only kept together after an edit")] = False,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most")] = 50,
) -> Response:
    steward(call, entity)
    found = acts_in(call.cursor, entity, limit, kept=kept, before=before)
    return answer({"acts": found, "next": found[-1]["id"] if len(found) == limit else None})


@router.get(
    "/question", response_model=shapes_review.LaidOut, summary="One question laid out: records side by side, and why"
)
def question(
    call: Called,
    entity: str,
    key: Annotated[
        list[str],
        Query(min_length=1, max_length=20, description="Ids or connection/stream/key; one alone: its whole group"),
    ],
) -> Response:
    """What a merge would do is told by POST …/merge with ``dry_run``."""
    model, matcher = steward(call, entity)
    ids = sorted({find(call.cursor, entity, each) for each in key})
    if len(ids) == 1:
        near = open_groups(call.cursor, matcher, members=region(call.cursor, matcher, ids))
        ids = group_of(near, ids).members
    return answer(laid_out(call, model, matcher.scorer, ids))


@router.post("/bulk", response_model=shapes_review.DoneAll, summary="Many verdicts, all or none of them")
def bulk(call: Called, entity: str, asked: shapes_review.Verdicts) -> Response:
    """``keys`` of each name entities by id or source key. What an earlier verdict has done already moves nothing."""
    steward(call, entity)
    verdicts = [Verdict(one.verdict, tuple(one.keys), why=one.why) for one in asked.verdicts]
    done = acts.bulk(entity, verdicts, who=who(call), why=asked.why, dry_run=asked.dry_run, url=call.hub.url)
    return answer({"acts": [told(call, one, asked.dry_run) for one in done], "dry_run": asked.dry_run})


@router.get(
    "/corrections", response_model=shapes_review.Corrections, summary="Second records of one entity in a target"
)
def second(
    call: Called,
    entity: str,
    state: Annotated[shapes_review.CorrectionState | None, Query(description="Only in this state")] = None,
) -> Response:
    steward(call, entity)
    found = corrections.listed(call.cursor, call.content, entity)
    return answer({"corrections": [_plain(one) for one in found if state is None or one["state"] == state]})


@router.post(
    "/corrections",
    response_model=shapes_review.Correction,
    summary="Let one be switched off in its target, or stay as it is",
)
def decide(call: Called, entity: str, asked: shapes_review.Decision) -> Response:
    steward(call, entity)
    found = correcting.decide(
        entity, asked.key, approve=asked.verdict == "approved", who=who(call), why=asked.why, target=asked.target,
        dry_run=asked.dry_run, url=call.hub.url,
    )  # fmt: skip
    return answer(_plain(found))


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    """Without the record's fields: they are read where scopes are looked at."""
    return {name: one[name] for name in _CORRECTION}

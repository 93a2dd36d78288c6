"""``/api/v1/quality``: how good the data is, by entity and source, and the records that fall short."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tongmai.api import shapes_quality
from tongmai.api.session import Called, answer
from tongmai.quality.failures import failures
from tongmai.quality.standing import standing

router = APIRouter(prefix="/api/v1/quality", tags=["quality"])
Source = Annotated[str, Query(description="`golden`, a connection, or `connection.stream`; empty: all")]


@router.get("", response_model=shapes_quality.Quality, summary="The newest scores, what they lose by, and their trend")
def scores(
    call: Called,
    entity: Annotated[str, Query(description="Only of this one; all that the token reads when empty")] = "",
    source: Source = "",
) -> Response:
    names = [call.model(entity).entity] if entity else []
    found = standing(call.cursor, call.content.schema, names, source)
    return answer({"entities": [one for one in found if call.scope.reads(one["entity"])]})


@router.get(
    "/{entity}/failures", response_model=shapes_quality.Failures, summary="Records that break rules, the worst first"
)
def failed(
    call: Called,
    entity: str,
    rule: Annotated[str, Query(description="Only what breaks this rule, as `completeness.uscc`")] = "",
    source: Source = "",
    key: Annotated[str, Query(description="Only this record: its id or a system's key")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many records at most; `total` says how many")] = 50,
) -> Response:
    model = call.model(entity)
    found = failures(call.cursor, call.content.schema, entity, rule=rule, source=source, key=key, limit=limit)
    seen = call.scope.visible(model)
    for one in found["records"]:
        for side in ("values", "golden"):
            one[side] = _shown(one[side], seen)
    return answer(found)


def _shown(values: dict[str, Any], seen: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in seen}

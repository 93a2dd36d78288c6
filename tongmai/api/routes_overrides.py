"""``/api/v1/entities/{entity}/{id}/overrides``: values that a steward sets until a day."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from masterdata.golden import overrides
from masterdata.model import Entity
from tongmai.api import record, shapes_review
from tongmai.api.routes_entities import Id, moment
from tongmai.api.routes_review import decides, who
from tongmai.api.session import Called, Session, answer, known, not_allowed, one_id
from tongmai.sync import overriding

router = APIRouter(prefix="/api/v1/entities/{entity}/{id}/overrides", tags=["records"])


@router.get("", response_model=shapes_review.Overrides, summary="Values that stewards set, the newest first")
def listed(call: Called, entity: str, one: Id) -> Response:
    model = call.model(entity)
    seen = call.scope.visible(model)
    found = overrides.history(call.cursor, record.survivor(call.cursor, model, one_id(one, entity)))
    return answer({"overrides": [each for each in found if each["field"] in seen]})


@router.post("", response_model=shapes_review.Overridden, summary="Set a field's value until a day")
def put(call: Called, entity: str, one: Id, asked: shapes_review.Override) -> Response:
    """It competes with what sources say by its ``trust``, and changes no source's record."""
    model, text = _field(call, entity, asked.field), str(one_id(one, entity))
    found = overriding.override(
        entity, text, asked.field, _text(asked.value), until=moment(asked.until, "until"), why=asked.why, by=who(call),
        trust=asked.trust, url=call.hub.url,
    )  # fmt: skip
    return answer({**_told(model, found, asked.field), "override": found["override"], "won": found["won"]})


@router.post("/release", response_model=shapes_review.Overridden, summary="Take a field's value back")
def release(call: Called, entity: str, one: Id, asked: shapes_review.Release) -> Response:
    model, text = _field(call, entity, asked.field), str(one_id(one, entity))
    found = overriding.release(entity, text, asked.field, who(call), url=call.hub.url)
    return answer(_told(model, found, asked.field))


def _field(call: Session, entity: str, field: str) -> Entity:
    """Raises where the token may not decide, or does not see the field: nobody sets what he cannot read."""
    model = decides(call, entity)
    known(model, {field: None}, "field")
    if field not in call.scope.visible(model):
        raise not_allowed(call, f"{entity}.{field}", f"--fields / --personal {entity}.{field}")
    return model


def _text(value: Any) -> str:
    """A JSON value as a steward types it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _told(model: Entity, found: dict[str, Any], field: str) -> dict[str, Any]:
    now = found["fields"].get(field, {})
    return {
        "entity": model.entity,
        "id": found["id"],
        "version": found["version"],
        "field": field,
        "value": now.get("value"),
        "rule": now.get("rule"),
    }

"""``/api/v1``: search, the feed of changes, duplicates before creation, the entity model, the dictionary."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from masterdata.golden import search as searching
from masterdata.model import Entity
from masterdata.model.kpi import Kpi
from masterdata.search import query
from tongmai.api import changes as feed
from tongmai.api import duplicates, record, referred, registrations, shapes
from tongmai.api.session import Called, Session, answer, bad, known
from tongmai.core.finding import nearest
from tongmai.core.text import Text

router = APIRouter(prefix="/api/v1")


@router.get(
    "/search", response_model=shapes.SearchAnswer, tags=["search"], summary="Find records by what somebody types"
)
def search(
    call: Called,
    q: Annotated[
        str, Query(min_length=1, max_length=200, description="Part of a name, pinyin, initials, a code, a phone")
    ],
    entity: Annotated[str, Query(description="Which records: one that says `search:`")] = "customer",
    limit: Annotated[int, Query(ge=1, le=100, description="How many hits at most")] = 10,
) -> Response:
    model = call.model(entity)
    if not model.search.kinds():
        names = ", ".join(name for name, each in call.content.schema.entities.items() if each.search.kinds())
        raise bad(
            "entity",
            Text(f"`{entity}` says no fields to search by", f"`{entity}` 未声明搜索字段"),
            Text(
                f"add `search:` to its entity.yaml; searched are: {names}",
                f"请在其 entity.yaml 写 `search:`；可搜索：{names}",
            ),
        )
    found = searching.search(call.cursor, entity, query(q), call.scope.visible(model), limit)
    records = record.load(call.cursor, model, call.scope, [one.id for one in found])
    hits = [
        {**records[one.id], "score": round(one.hit.score, 2), "field": one.hit.field, "how": one.hit.how}
        for one in found
        if one.id in records
    ]
    return answer({"hits": hits})


@router.get("/changes", response_model=shapes.Changes, tags=["changes"], summary="What changed since, in a safe order")
def changes(
    call: Called,
    after: Annotated[str, Query(description="`next` of the answer before; empty: from the beginning")] = "",
    entity: Annotated[str, Query(description="Entities with commas; all that the token reads when empty")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many changes are looked through at most")] = 200,
) -> Response:
    names = [word for each in entity.split(",") if (word := each.strip())]
    entities = [call.model(name).entity for name in names] or [
        name for name in call.content.schema.entities if call.scope.reads(name)
    ]
    found, place, more = feed.changes(call.cursor, call.content, call.scope, entities, feed.place(after), limit)
    return answer({"changes": found, "next": place.text(), "more": more})


@router.post(
    "/entities/{entity}/duplicates",
    response_model=shapes.Duplicates,
    tags=["search"],
    summary="Which records may be the one that is about to be created",
)
def check(call: Called, entity: str, asked: shapes.Asked) -> Response:
    model = call.model(entity)
    known(model, asked.fields, "fields")
    score = duplicates.scorer(call.cursor, call.content.schema, model)
    duplicates.ready(call.cursor, model)
    given, ignored = duplicates.allowed(model, call.scope, asked.fields)
    whom, more = referred.meant(call, model, score, given, asked.of)
    found = duplicates.near(call.cursor, score, model, call.scope, referred.variants(given, whom))[: asked.limit]
    records = record.load(call.cursor, model, call.scope, [one.entity_id for one in found])
    return answer(
        {
            "candidates": [
                {"record": records[one.entity_id], "source": one.source, **duplicates.told(score, one.scored)}
                for one in found
                if one.entity_id in records
            ],
            "of": whom,
            "ignored": [*ignored, *more],
            "weights": score.weights.version,
            "thresholds": {"merge": score.merge / 1000, "likely": score.likely / 1000, "review": score.review / 1000},
        }
    )


@router.post(
    "/entities/{entity}/registration",
    response_model=shapes.Registrations,
    tags=["search"],
    summary="Whether what is about to be registered is held by somebody else",
)
def registration(call: Called, entity: str, asked: shapes.AskedRegistration) -> Response:
    model = call.model(entity)
    known(model, asked.fields, "fields")
    return answer(registrations.check(call, model, asked.fields, asked.of))


@router.get("/model", response_model=shapes.Model, tags=["model"], summary="The entities and their fields")
def model(call: Called) -> Response:
    entities = call.content.schema.entities.values()
    return answer({"entities": [_model(call, each) for each in entities if call.scope.reads(each.entity)]})


@router.get("/model/{entity}", response_model=shapes.EntityModel, tags=["model"], summary="One entity and its fields")
def model_of(call: Called, entity: str) -> Response:
    return answer(_model(call, call.model(entity)))


@router.get("/dictionary", response_model=shapes.Dictionary, tags=["model"], summary="Every term list")
def dictionary(call: Called) -> Response:
    return answer({"lists": [_terms(call, name) for name in call.content.schema.terms]})


@router.get("/dictionary/{name}", response_model=shapes.TermList, tags=["model"], summary="One term list")
def term_list(call: Called, name: Annotated[str, Path(description="As GET /dictionary lists it")]) -> Response:
    if name not in call.content.schema.terms:
        near = nearest(name, call.content.schema.terms)
        raise bad(
            "name",
            Text(f"there is no term list `{name}`", f"没有词表 `{name}`"),
            Text(f"did you mean `{near}`?", f"是不是 `{near}`？")
            if near
            else Text("GET /api/v1/dictionary lists them", "GET /api/v1/dictionary 可列出全部词表"),
        )
    return answer(_terms(call, name))


@router.get("/kpis", response_model=shapes.Kpis, tags=["model"], summary="What each KPI is, and its view for BI")
def kpis(call: Called) -> Response:
    found = call.content.kpis.found.values()
    return answer({"kpis": [_kpi(call, one) for one, _ in found if call.scope.reads(one.of)]})


def _kpi(call: Session, one: Kpi) -> dict[str, Any]:
    return {
        "kpi": one.kpi,
        "label": one.label.model_dump(),
        "doc": one.doc.model_dump() if one.doc else None,
        "entity": one.of,
        "measure": one.measure.model_dump(exclude_none=True),
        "over": one.over.model_dump(exclude_none=True) if one.over else None,
        "complement": one.complement,
        "where": one.where,
        "by": one.by.model_dump() if one.by else None,
        "each": list(one.each),
        "unit": one.unit,
        "better": one.better,
        "owner": one.owner.model_dump(),
        "version": one.version,
        "view": f"bi.kpi_{one.kpi}" if one.kpi in call.content.kpi_queries else None,
    }


def _model(call: Session, entity: Entity) -> dict[str, Any]:
    seen = call.scope.visible(entity)
    return {
        "entity": entity.entity,
        "label": entity.label.model_dump(),
        "search": {kind: names for kind, names in entity.search.kinds()},
        "fields": [
            {
                "name": name,
                "type": str(spec.type),
                "label": spec.label.model_dump(),
                "required": spec.required,
                "owner": spec.owner,
                "personal": spec.personal,
                "visible": name in seen,
                **({"fields": [_line(each, line) for each, line in spec.fields.items()]} if spec.fields else {}),
            }
            for name, spec in entity.fields.items()
        ],
    }


def _line(name: str, line: Any) -> dict[str, Any]:
    return {"name": name, "type": str(line.type), "label": line.label.model_dump(), "personal": line.personal}


def _terms(call: Session, name: str) -> dict[str, Any]:
    terms = call.content.schema.terms[name]
    return {
        "name": name,
        "label": terms.label.model_dump(),
        "owner": terms.owner.model_dump() if terms.owner else None,
        "version": terms.version,
        "terms": [
            {
                "term": word,
                "zh": term.zh,
                "en": term.en,
                "next": None if term.next is None else list(term.next),
                "enter": term.enter.model_dump() if term.enter else None,
                "leave": term.leave.model_dump() if term.leave else None,
                "retired": term.retired,
                "instead": term.instead or None,
            }
            for word, term in terms.terms.items()
        ],
    }

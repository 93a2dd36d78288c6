"""``/api/v1/entities``: golden records by id, by a system's key, as of a moment, with their history; all of one customer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from masterdata.model import Entity
from tongmai.api import around, filters, record, shapes
from tongmai.api.labels import LABELS, add_labels
from tongmai.api.session import Called, Session, answer, bad, no_record, one_id
from tongmai.core.text import Text
from tongmai.sync.past import survivor_at

INCLUDES = (record.REASONS, record.SOURCES, LABELS)
PAST = {LABELS}
router = APIRouter(prefix="/api/v1/entities", tags=["records"])
Include = Annotated[str, Query(description="With commas: `reasons`, `sources`, `labels`")]
Id = Annotated[str, Path(alias="id", description="The record's id, also one that was merged")]
Where = Annotated[
    Sequence[str],
    Query(
        description="`field:value`, repeated: each field one of its values. `field:1..9`, `field:2026-01-01..`: a range; "
        "`field:`: empty; of a reference an id or connection/stream/key; of a list one that it holds"
    ),
]
AsOf = Annotated[str, Query(description="ISO 8601: the record as it stood then")]


@router.get("/{entity}", response_model=shapes.Page, summary="Records in the order of their ids")
def listed(
    call: Called,
    entity: str,
    after: Annotated[str, Query(description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="Records a page")] = 100,
    where: Where = (),
    changed_since: Annotated[str, Query(description="ISO 8601: only records that changed then or later")] = "",
    include: Include = "",
) -> Response:
    model = call.model(entity)
    start = one_id(after, entity) if after else None
    wanted = _include(include)
    since = moment(changed_since, "changed_since") if changed_since else None
    asked = filters.conditions(call, model, where, since) if where or since else None
    found = record.page(call.cursor, model, call.scope, start, limit, wanted, asked)
    if LABELS in wanted:
        add_labels(call, found)
    return answer({"records": found, "next": found[-1]["id"] if len(found) == limit else None})


@router.get("/{entity}/by-key", response_model=shapes.Record, summary="The record of a system's key")
def by_key(
    call: Called,
    entity: str,
    connection: Annotated[str, Query(description="The system, as `crm_main`")],
    key: Annotated[str, Query(description="The record's key there")],
    stream: Annotated[str, Query(description="Only needed where streams of one system share keys")] = "",
    as_of: AsOf = "",
    include: Include = "",
) -> Response:
    model = call.model(entity)
    ids = record.by_key(call.cursor, model, connection, key, stream, moment(as_of) if as_of else None)
    if len(ids) > 1:
        raise bad(
            "stream",
            Text(f"{len(ids)} records have this key in {connection}", f"{connection} 中有 {len(ids)} 条记录使用此键"),
            Text("name the stream too", "请同时给出 stream"),
        )
    if not ids:
        raise no_record(entity, f"{connection}/{key}")
    return answer(_one(call, model, ids[0], as_of, include))


@router.get(
    "/{entity}/{id}", response_model=shapes.Record, summary="One record; an id that was merged gives the survivor"
)
def by_id(call: Called, entity: str, one: Id, as_of: AsOf = "", include: Include = "") -> Response:
    model = call.model(entity)
    return answer(_one(call, model, one_id(one, entity), as_of, include))


@router.get("/{entity}/{id}/history", response_model=shapes.History, summary="Its versions, the newest first")
def history(
    call: Called,
    entity: str,
    one: Id,
    before: Annotated[int | None, Query(ge=1, description="`next` of the answer before: older versions")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many versions at most")] = 100,
) -> Response:
    model = call.model(entity)
    asked = one_id(one, entity)
    found = record.survivor(call.cursor, model, asked)
    versions = record.history(call.cursor, model, call.scope, found, before, limit)
    more = len(versions) == limit and versions[-1]["version"] > 1
    told = {"versions": versions, "next": versions[-1]["version"] if more else None}
    return answer({"entity": entity, "id": found, **_redirected(asked, found), **told})


@router.get("/{entity}/{id}/360", response_model=shapes.Around, summary="The record and all that refers to it")
def everything(
    call: Called,
    entity: str,
    one: Id,
    limit: Annotated[
        int, Query(ge=1, le=200, description="Of each kind the latest so many; `count` says how many")
    ] = 20,
    on: Annotated[date | None, Query(description="The day by which parts in the decision chain are current")] = None,
) -> Response:
    model = call.model(entity)
    asked = one_id(one, entity)
    found = record.survivor(call.cursor, model, asked)
    whole = record.load(call.cursor, model, call.scope, [found], INCLUDES)[found]
    others = around.around(call, model, found, limit, on)
    add_labels(call, [whole, *others["above"], *(each for one in others["related"] for each in one["records"])])
    return answer({"record": {**whole, **_redirected(asked, found)}, **others})


def _one(call: Session, model: Entity, asked: UUID, as_of: str, include: str) -> dict[str, object]:
    wanted = _include(include)
    if as_of and not PAST.issuperset(wanted):
        raise bad(
            "include",
            Text("reasons and sources are of the present, not of `as_of`", "理由与来源只有当前的，没有 `as_of` 时点的"),
            Text("leave out one of both", "请只保留其中之一"),
        )
    if as_of:
        at = moment(as_of)
        then = survivor_at(call.cursor, model.entity, asked, at)
        past = record.version_at(call.cursor, model, call.scope, then, at)
        if wanted:
            add_labels(call, [past])
        return {**past, **_redirected(asked, then)}
    found = record.survivor(call.cursor, model, asked)
    loaded = record.load(call.cursor, model, call.scope, [found], wanted)
    if found not in loaded:
        raise no_record(model.entity, str(asked))
    if LABELS in wanted:
        add_labels(call, loaded.values())
    return {**loaded[found], **_redirected(asked, found)}


def _redirected(asked: UUID, found: UUID) -> dict[str, UUID]:
    return {"redirected_from": asked} if asked != found else {}


def _include(text: str) -> list[str]:
    wanted = [word for each in text.split(",") if (word := each.strip())]
    for word in wanted:
        if word not in INCLUDES:
            allowed = ", ".join(INCLUDES)
            raise bad("include", Text(f"`{word}` is nothing to include", f"不能包含 `{word}`"), Text(f"allowed: {allowed}", f"可用：{allowed}"))  # fmt: skip
    return wanted


def moment(text: str, name: str = "as_of") -> datetime:
    """A date or time; without a zone it is this machine's. A blank was a plus sign before it came over the wire."""
    try:
        return datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text).astimezone()
    except (ValueError, OverflowError):  # the second: a zone brings it out of the years there are
        why = Text(f"`{text[:40]}` is no date or time", f"`{text[:40]}` 不是日期或时间")
        raise bad(name, why, Text("write 2026-11-01T12:00+08:00", "写作 2026-11-01T12:00+08:00")) from None

"""Before somebody registers a record: who holds the same for the same customer, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from masterdata.golden.registered import Held, held, told
from masterdata.model import Entity
from masterdata.model.entity import Registration
from tongmai.api import record, referred
from tongmai.api.problem import ApiError
from tongmai.api.session import Session, bad, not_allowed
from tongmai.core import clock
from tongmai.core.text import Text
from tongmai.sync.trace import find


def check(call: Session, model: Entity, fields: Mapping[str, Any], of: Mapping[str, Any] | None) -> dict[str, Any]:
    """The answer. A field that the token may not see is not compared: the answer would tell what records hold."""
    rules = model.registration
    if rules is None:
        raise ApiError(
            422,
            Text(f"registrations of `{model.entity}`", f"`{model.entity}` 报备查重"),
            Text("nothing says what a registration of it holds", "没有声明其报备规则"),
            Text("write `registration:` into its entity.yaml", "请在其 entity.yaml 写 `registration:`"),
            code="no-registration-rules",
        )
    seen = call.scope.visible(model)
    if rules.of not in seen:  # the answer would tell it
        raise not_allowed(call, f"{model.entity}.{rules.of}", f"--fields {model.entity}.{rules.of}")
    ignored = sorted(name for name in fields if name not in seen)
    same = {name: value for name in rules.same if name in seen and (value := fields.get(name)) is not None}
    if not any(map(told, same.values())):
        raise bad(
            "fields",
            Text("nothing in them says what is registered", "没有说明报备的内容"),
            Text(f"give one of {', '.join(rules.same)}", f"请给出 {'、'.join(rules.same)} 之一"),
        )
    ids, more = _for_whom(call, model, rules, fields, of)
    found = [(one, one.meets(same)) for one in held(call.cursor, model, ids, clock.now().date())]
    found = [(one, both) for one, both in found if both]
    records = record.load(call.cursor, model, call.scope, [one.id for one, _ in found])
    return {
        "free": not found,
        "held": [{"record": records[one.id], **_told(model, rules, one, both, seen)} for one, both in found],
        "of": ids,
        "ignored": [*ignored, *more],
    }


def _for_whom(
    call: Session, model: Entity, rules: Registration, fields: Mapping[str, Any], of: Mapping[str, Any] | None
) -> tuple[list[UUID], list[str]]:
    """(the entities it may be for, the fields that were not compared)."""
    given = fields.get(rules.of)
    if given is not None and of is None:
        other = call.model(model.fields[rules.of].type.arg)
        return [find(call.cursor, other.entity, str(given))], []
    if of is None or given is not None:
        raise bad(
            "of",
            Text(
                f"it is said {'twice' if given else 'nowhere'} whom it is for",
                "报备对象" + ("重复给出" if given else "未给出"),
            ),
            Text(
                f"give the id in fields.{rules.of}, or its fields in `of`",
                f"请在 fields.{rules.of} 给出 id，或在 `of` 给出其字段",
            ),
        )
    return referred.likely(call, model, rules.of, of, "of")


def _told(model: Entity, rules: Registration, one: Held, both: tuple[str, ...], seen: frozenset[str]) -> dict[str, Any]:
    zh = "、".join(model.fields[name].label.zh for name in both)
    en = ", ".join(model.fields[name].label.en for name in both)
    return {
        "since": one.since,
        "until": one.until,
        "by": one.by or None if rules.by in seen else None,
        "same": list(both),
        "zh": f"撞单：{zh}相同，{one.since} 起已被报备，保护期至 {one.until}",
        "en": f"collision: the same {en}, registered on {one.since} and protected to {one.until}",
    }

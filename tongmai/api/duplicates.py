"""Before somebody creates a record: which there are that may be the same, and why, by the hub's own matching."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from masterdata.matching.scorer import Features, Scored, Scorer
from masterdata.model import Entity, Schema
from masterdata.store import Cursor
from tongmai.api.problem import ApiError
from tongmai.api.scope import Scope
from tongmai.batch.snapshot import hub_scorer
from tongmai.batch.why import decision
from tongmai.core.text import Text

MOST = 2_000
_HOLDERS = """
select r.id, r.entity_id, s.connection, s.stream, r.source_key, c.fields
  from (select distinct t.record_id from unnest(%s::bigint[], %s::bigint[]) q (key, most)
          join lateral (select array_agg(x.record_id) as ids from (
                 select record_id from hub.match_token where entity = %s and key = q.key limit q.most + 1) x) a
            on cardinality(a.ids) <= q.most
          join lateral unnest(a.ids) t (record_id) on true limit %s) k
  join hub.source_record r on r.id = k.record_id and not r.deleted
  join hub.stream s on s.id = r.stream_id
  join hub.contribution c on c.record_id = r.id and not c.deleted
 where r.entity_id is not null
"""


@dataclass(frozen=True)
class Near:
    """The best fitting record of one entity."""

    entity_id: UUID
    source: dict[str, str]
    scored: Scored


def scorer(cursor: Cursor, schema: Schema, entity: Entity) -> Scorer:
    """The entity's rules with its weights and the frequencies of the snapshot in use."""
    if entity.entity not in schema.matching:
        raise ApiError(
            422,
            Text(f"entity `{entity.entity}`", f"实体 `{entity.entity}`"),
            Text("nothing says how its records are compared", "没有声明其记录如何比较"),
            Text("write masterdata/" + entity.entity + "/matching.yaml in the site folder", f"请在站点目录写 masterdata/{entity.entity}/matching.yaml"),
            code="no-matching-rules",
        )  # fmt: skip
    return hub_scorer(cursor, schema, entity.entity)


def ready(cursor: Cursor, entity: Entity) -> None:
    """Raises where records are there and none was prepared for matching: no answer would be a wrong one."""
    cursor.execute(
        """select exists (select 1 from hub.match_record where entity = %s),
                  exists (select 1 from hub.entity where entity = %s and redirect_to is null)""",
        (entity.entity, entity.entity),
    )
    row = cursor.fetchone()
    if row is not None and row[1] and not row[0]:
        raise ApiError(
            503,
            Text(f"duplicates of `{entity.entity}`", f"`{entity.entity}` 查重"),
            Text("its records are not prepared for matching yet", "其记录尚未做匹配准备"),
            Text("run a sync that reads them", "请先运行读取这些记录的同步"),
            code="api-not-matched",
        )


def near(cursor: Cursor, score: Scorer, entity: Entity, scope: Scope, asked: Sequence[Mapping[str, Any]]) -> list[Near]:
    """The entities of which some record weighs from the review threshold on, the likeliest first; of each its best record.

    ``asked``: a record's fields, several times where it is not known what it refers to. Of stored records too only what the
    token may see is compared: weights and reasons would tell of the rest.
    """
    seen, best = scope.visible(entity), dict[UUID, Near]()
    for features in map(score.features, asked):
        _near(cursor, score, entity, seen, features, best)
    return sorted(best.values(), key=lambda one: (*(-x for x in _order(one.scored)), one.entity_id))


def _near(
    cursor: Cursor, score: Scorer, entity: Entity, seen: Collection[str], features: Features, best: dict[UUID, Near]
) -> None:
    keys = score.keys(features)
    if not keys:
        return
    cursor.execute(_HOLDERS, (list(keys), list(keys.values()), entity.entity, MOST))
    for _, entity_id, connection, stream, key, fields in cursor:
        shown = {name: value for name, value in fields.items() if name in seen}
        scored = score.score(features, score.features(shown))
        if scored.weight < score.review:
            continue
        old = best.get(entity_id)
        if old is None or _order(scored) > _order(old.scored):
            best[entity_id] = Near(entity_id, {"connection": connection, "stream": stream, "key": key}, scored)


def _order(scored: Scored) -> tuple[int, int]:
    return (not scored.vetoes, scored.weight)


def allowed(entity: Entity, scope: Scope, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(the fields to compare, those given that the token may not see). Comparing these would tell what records hold."""
    seen = scope.visible(entity)
    return {name: value for name, value in given.items() if name in seen}, sorted(set(given) - seen)


def told(score: Scorer, scored: Scored) -> dict[str, Any]:
    """A pair in numbers and words of both languages, the strongest reason first. ``bits``: as the lower of both sums has it."""
    lower = "weight" if scored.stranger <= scored.relative else "kin"
    labels = {(each.name, level.name): level.label for each in score.comparisons for level in each.kind.levels}
    names = {each.name: each.kind.label for each in score.comparisons}
    reasons = []
    for part in sorted(scored.parts, key=lambda one: -abs(getattr(one, lower))):
        label = labels.get((part.comparison, part.level))
        if label is None:
            continue
        kind = names[part.comparison]
        reasons.append(
            {
                "comparison": part.comparison,
                "level": part.level,
                "bits": getattr(part, lower) / 1000,
                "zh": f"{kind.zh}：{label.zh}",
                "en": f"{kind.en}: {label.en}",
                "asked": _shown(part.left),
                "known": _shown(part.right),
            }
        )
    prior = score.weights.prior if lower == "weight" else score.weights.kin
    return {
        "bits": scored.weight / 1000,
        "prior": prior / 1000,
        "decision": decision(score, scored),
        "reasons": reasons,
        "vetoes": list(scored.vetoes),
    }


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(shown for each in value if (shown := _shown(each)))
    return "" if isinstance(value, bool) or value is None else str(value)

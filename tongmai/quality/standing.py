"""The kept figures as people and machines read them: the newest run of each entity against earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from masterdata.model import Schema
from masterdata.model.quality import DIMENSIONS
from masterdata.quality.rules import labels_of
from masterdata.store import Cursor
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.core.finding import nearest
from tongmai.core.text import Text
from tongmai.quality.compiled import judge

GOLDEN = "golden"
EARLIER = ("previous", "week", "month")
"""What the newest figures are held against: the run before, the last one that is a week old, and a month."""
_RUNS = """
select n.entity, n.id, n.at, n.seconds,
       (select p.id from hub.quality_run p where p.entity = n.entity and (p.at, p.id) < (n.at, n.id)
         order by p.at desc, p.id desc limit 1),
       (select p.id from hub.quality_run p where p.entity = n.entity and p.at <= n.at - interval '7 days'
         order by p.at desc, p.id desc limit 1),
       (select p.id from hub.quality_run p where p.entity = n.entity and p.at <= n.at - interval '30 days'
         order by p.at desc, p.id desc limit 1)
  from (select distinct on (entity) * from hub.quality_run where %(names)s::text[] is null or entity = any(%(names)s)
         order by entity, at desc, id desc) n
 order by n.entity
"""
_SCORES = """
select run, connection, stream, dimension, rule, checked, failed, score, cost from hub.quality_score
 where run = any(%s) order by connection, stream, dimension, rule
"""
Line = dict[str, Any]
_Scores = dict[tuple[str, ...], tuple[int, int, float | None, float | None]]


def standing(cursor: Cursor, schema: Schema, entities: Sequence[str], source: str = "") -> list[Line]:
    """The newest figures of entities (all: none named), with what changed. ``source``: ``golden``, a connection, or one of
    its streams as ``connection.stream``; empty for all. Raises where nothing was ever judged."""
    cursor.execute(_RUNS, {"names": list(entities) or None})
    runs = cursor.fetchall()
    missing = sorted(set(entities) - {run[0] for run in runs})
    for name in missing:
        judge(schema, name)  # says so where there is no such entity, or nothing to judge it by
    if missing or not runs:
        raise StateError(
            f"data quality of {', '.join(f'`{name}`' for name in missing) or 'the hub'}",
            "it was never judged",
            "run `tongmai quality run`",
            code="no-quality-run",
        )
    cursor.execute(_SCORES, ([one for run in runs for one in (run[1], *run[4:]) if one is not None],))
    scores: dict[int, _Scores] = {}
    for run, *where, checked, failed, score, cost in cursor:
        scores.setdefault(run, {})[tuple(where)] = checked, failed, score, cost
    found = []
    for name, newest, at, seconds, *earlier in runs:
        before = {word: scores.get(run, {}) for word, run in zip(EARLIER, earlier, strict=True)}
        places = _places(schema, name, scores.get(newest, {}), before, source)
        if places:
            found.append(_entity(schema, name, at, seconds, places))
    if not found:
        known = sorted({_called(key) for run in runs for key in scores.get(run[1], {})})
        connections = sorted({one.partition(".")[0] for one in known})
        near = nearest(source, [*connections, *known])
        raise ConfigurationError(
            f"source `{source}`",
            f"nothing was judged there (there are: {', '.join(known)})",
            f"did you mean `{near}`?" if near else "name one of them",
            code="no-quality-source",
        )
    return found


def _entity(schema: Schema, name: str, at: datetime, seconds: float, places: list[Line]) -> Line:
    entity = schema.entities.get(name)
    label = {"zh": entity.label.zh, "en": entity.label.en} if entity else {"zh": name, "en": name}
    return {"entity": name, "label": label, "at": at.isoformat(), "seconds": round(seconds, 2), "places": places}


def _places(schema: Schema, name: str, now: _Scores, before: dict[str, _Scores], source: str) -> list[Line]:
    labels = labels_of(schema, name)
    found: dict[str, Line] = {}
    for key, (checked, failed, score, cost) in now.items():
        connection, stream, dimension, rule = key
        if not chosen(source, connection, stream):
            continue
        place = found.setdefault(
            _called(key),
            {"source": _called(key), "connection": connection, "stream": stream, "dimensions": [], "rules": []},
        )
        change = {word: _difference(score, scores.get(key)) for word, scores in before.items()}
        line = {"score": _rounded(score), "change": change}
        if not dimension:
            place.update(records=checked, flawed=failed, **line)
        elif not rule:
            text = DIMENSIONS.get(dimension, Text(dimension, dimension))
            place["dimensions"].append(
                {"dimension": dimension, "label": _both(text), "checked": checked, "failed": failed, **line}
            )
        else:
            text = labels.get(rule, Text(rule, rule))
            costs = {"cost": _rounded(cost)}
            place["rules"].append(
                {"rule": rule, "label": _both(text), "checked": checked, "failed": failed, **line, **costs}
            )
    order = list(DIMENSIONS)
    for place in found.values():
        place["dimensions"].sort(key=lambda one: order.index(one["dimension"]))
        place["rules"].sort(key=lambda one: (-(one["cost"] or 0), -one["failed"], one["rule"]))
    return [found[one] for one in sorted(found, key=lambda one: (one != GOLDEN, one))]


def chosen(source: str, connection: str, stream: str) -> bool:
    """Whether a place is one that was asked for."""
    called = f"{connection}.{stream}" if connection else GOLDEN
    return source in ("", called, connection or GOLDEN)


def below(found: Sequence[Line], least: float, source: str) -> list[Line]:
    """Places whose score is under a limit. Golden records are what counts unless sources were asked for."""
    looked = [
        {"entity": entity["entity"], "source": place["source"], "score": place["score"]}
        for entity in found
        for place in entity["places"]
        if source or place["source"] == GOLDEN
    ]
    if all(one["score"] is None for one in looked):
        raise StateError(
            f"data quality of at least {least:g}",
            "there is no record to judge",
            "run the syncs that bring records, then `tongmai quality run`",
            code="nothing-to-judge",
        )
    return [one for one in looked if one["score"] is not None and one["score"] < least]


def _called(key: tuple[str, ...]) -> str:
    return f"{key[0]}.{key[1]}" if key[0] else GOLDEN


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _rounded(score: float | None) -> float | None:
    """Two places, and never up: what is not 100 is not shown as 100, and no gate is passed by rounding."""
    return None if score is None else int(score * 100 + 1e-7) / 100


def _difference(score: float | None, before: tuple[int, int, float | None, float | None] | None) -> float | None:
    if score is None or before is None or before[2] is None:
        return None
    return round(score - before[2], 2)

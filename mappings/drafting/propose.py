"""Which source field could fill which field of the entity: one proposal a field, with confidence and reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.drafting.names import likeness
from mappings.drafting.profile import SourceField
from masterdata.model.entity import LINES, Entity, Field, LineField
from masterdata.model.schema import Schema
from tongmai.core.text import Text

LEAST = 0.35
_SUITS: dict[str, dict[str, float]] = {
    "text": {"text": 1, "code": 1, "integer": 0.9, "decimal": 0.6, "uscc": 0.6, "phone": 0.5, "email": 0.5, "url": 0.5},
    "decimal": {"decimal": 1, "integer": 1, "money": 1},
    "integer": {"integer": 1, "decimal": 0.7},
    "boolean": {"boolean": 1, "code": 0.6, "integer": 0.5},
    "date": {"date": 1, "datetime": 0.9, "epoch_ms": 0.95, "epoch_s": 0.9},
    "datetime": {"datetime": 1, "epoch_ms": 1, "epoch_s": 1, "date": 0.5},
    "phone": {"phone": 1, "text": 0.6, "integer": 0.6},
    "email": {"email": 1, "text": 0.5},
    "url": {"url": 1, "text": 0.5},
    "uscc": {"uscc": 1, "text": 0.7},
    "term": {"code": 1, "text": 0.8, "integer": 0.9, "boolean": 0.7},
    "ref": {"text": 0.9, "code": 0.9, "integer": 0.9},
    LINES: {"lines": 1},
}
_TELLING = {"uscc", "email", "phone", "url", "lines"}
"""Kinds whose values alone say a good deal about what they are."""
_WAN = re.compile(r"万|wan\b", re.IGNORECASE)


@dataclass(frozen=True)
class Proposal:
    """``expression`` for ``target`` (``lines.price`` in lines). ``confidence`` 0 to 1. ``reasons``: why, in both languages.
    ``terms``: for a term field, source value → term as far as words tell, empty for those a person must decide."""

    target: str
    source: SourceField
    expression: str
    confidence: float
    reasons: tuple[Text, ...]
    terms: dict[str, str] = field(default_factory=dict)


def propose(fields: Sequence[SourceField], entity: Entity, schema: Schema) -> list[Proposal]:
    """The best one-to-one choice, surest first taken; nothing below ``LEAST``."""
    own = [one for one in fields if not one.inside]
    found = _best(own, {name: spec for name, spec in entity.fields.items() if not spec.sum}, schema)
    for proposal in list(found):
        spec = entity.fields[proposal.target]
        if spec.type.name == LINES:
            inside = [one for one in fields if one.inside == proposal.source.path]
            below = _best(inside, spec.fields, schema)
            found += [_renamed(one, f"{proposal.target}.{one.target}") for one in below]
    order = {name: number for number, name in enumerate(entity.fields)}
    return sorted(found, key=lambda one: (order[one.target.partition(".")[0]], "." in one.target))


def _renamed(one: Proposal, target: str) -> Proposal:
    return Proposal(target, one.source, one.expression, one.confidence, one.reasons, one.terms)


def _best(fields: Iterable[SourceField], targets: Any, schema: Schema) -> list[Proposal]:
    every = [
        made
        for source in fields
        for name, spec in targets.items()
        if (made := _judge(source, name, spec, schema)) is not None
    ]
    every.sort(key=lambda one: (-one.confidence, one.target, one.source.path))
    taken: set[str] = set()
    used: set[str] = set()
    chosen = []
    for one in every:
        if one.target not in taken and one.source.path not in used:
            taken.add(one.target)
            used.add(one.source.path)
            chosen.append(one)
    return chosen


def _judge(source: SourceField, name: str, spec: Field | LineField, schema: Schema) -> Proposal | None:
    kind = spec.type.name
    if kind == "ref" and spec.type.many:
        return None
    suits = _SUITS.get(kind, {}).get(source.kind or "text", 0.0)
    if not suits:
        return None
    labels = (spec.label.zh, spec.label.en) if spec.label is not None else ("", "")
    score, why = likeness(source.name, source.label, name, labels)
    around = source.path.rpartition(".")[0]
    if around:
        score, why = _within(source, around, name, spec, labels, (score, why))
    reasons = [why] if why is not None else []
    terms: dict[str, str] = {}
    if kind == source.kind and kind in _TELLING:
        score = max(score, 0.55) + 0.1
        listed = Text("it is a list of objects", "是对象列表")
        reasons.append(listed if kind == LINES else Text(f"its values are a {kind}", f"取值为 {kind}"))
    if kind == "term":
        terms = _terms(source, schema.terms[spec.type.arg])
        known = [term for term in terms.values() if term]
        if known:
            score += 0.15 * len(known) / len(terms)
            hits, every = len(known), len(terms)
            told = Text(f"{hits} of {every} values are words of the list", f"{every} 个取值中有 {hits} 个是词表中的词")
            reasons.append(told)
    confidence = max(0.0, min(0.99, score * suits))
    if confidence < LEAST:
        return None
    if suits < 1:
        seen = source.kind or "text"
        reasons.append(
            Text(f"the values are {seen}, the field is {spec.type}", f"取值为 {seen}，字段类型为 {spec.type}")
        )
    return Proposal(name, source, _expression(source, spec, reasons), confidence, tuple(reasons), terms)


def _within(
    source: SourceField,
    around: str,
    name: str,
    spec: Field | LineField,
    labels: tuple[str, str],
    own: tuple[float, Text | None],
) -> tuple[float, Text | None]:
    """A field of an object in the record speaks of what the object is: of a buyer its code tells which customer it is, and
    its name is not the order's."""
    whose, _ = likeness(around.rpartition(".")[2], "", name, labels)
    if spec.type.name == "ref" and whose >= 0.8 and source.kind not in _TELLING:
        if _KEY.search(source.name):
            return 0.95, Text(f"it is the key of `{around}`", f"是 `{around}` 的主键")
        return min(own[0], 0.7), own[1]
    if whose >= 0.9 and spec.type.name != "ref":
        return max(own[0], 0.6), own[1] or Text(f"it is in `{around}`", f"位于 `{around}`")
    if own[1] is None:
        return 0.0, None
    return own[0] * 0.7, Text(f"{own[1].en}, but it is of `{around}`", f"{own[1].zh}，但属于 `{around}`")


_KEY = re.compile(r"(id|no|code|number|key|编码|编号|代码|号)$", re.IGNORECASE)


def _terms(source: SourceField, terms: Any) -> dict[str, str]:
    """The source's values beside the list's terms whose name or label is the same word."""
    words = {}
    for name, term in terms.terms.items():
        for said in (name, term.zh, term.en):
            words[str(said).lower().replace(" ", "").replace("_", "")] = name
    values = dict.fromkeys(_shown(value) for value in source.values if value not in (None, ""))
    if len(values) > 60:
        return {}
    return {value: words.get(value.lower().replace(" ", "").replace("_", ""), "") for value in values}


def _shown(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value).strip()


def _expression(source: SourceField, spec: Field | LineField, reasons: list[Text]) -> str:
    path, kind = source.path, spec.type.name
    if kind == "decimal":
        expression = f"{path} | money" if source.kind == "money" else path
        if _WAN.search(source.name) or _WAN.search(source.label):
            reasons.append(Text("its name says 万元", "名称中写明万元"))
            return f"{expression} | unit(万元, 元)"
        return expression if source.kind == "money" else f"{path} | decimal"
    if kind in ("date", "datetime"):
        return f"{path} | {_moment(source, kind)}"
    if kind == "ref":
        return f"{path} | ref({spec.type.arg}, optional)"
    if kind == "term":
        return f"{path} | term({spec.type.arg})"
    if kind in ("phone", "email", "uscc"):
        return f"[{path} | {kind}]" if spec.type.many else f"{path} | {kind}"
    if kind == "integer" or kind == "boolean":
        return f"{path} | {kind}"
    if kind == "text":
        return f"{path} | text" if source.kind in ("integer", "decimal") else f"{path} | trim"
    return path


def _moment(source: SourceField, kind: str) -> str:
    if source.kind == "epoch_ms":
        return "date_ms" if kind == "date" else "epoch_ms"
    if source.kind == "epoch_s":
        return "epoch(s) | day_in" if kind == "date" else "epoch(s)"
    if source.kind == "date":
        return "date" if source.form == "YYYY-MM-DD" else f'date("{source.form}")'
    return "datetime | day_in" if kind == "date" else "datetime"

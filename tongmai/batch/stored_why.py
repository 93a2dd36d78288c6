"""Why stored records are one entity, or not: weights, vetoes, decisions, keys; and how an entity came to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

from masterdata.matching.scorer import Features, Scored, Scorer
from masterdata.store import Cursor
from tongmai.batch.why import bits, told, vetoes
from tongmai.core.text import Text

_RECORDS = """
select r.id, r.entity_id, r.anchor, s.connection, s.stream, r.source_key, m.seat, m.birth, coalesce(c.fields, '{}')
  from hub.source_record r join hub.stream s on s.id = r.stream_id
  left join hub.match_record m on m.record_id = r.id
  left join hub.contribution c on c.record_id = r.id
"""


DOUBTS = 5
"""So many pairs with other entities are told."""


@dataclass(frozen=True)
class Stored:
    """A record as it is stored. ``seat`` and ``birth`` are those of a record that is compared; ``anchor``: we wrote it."""

    id: int
    entity_id: UUID
    anchor: UUID | None
    connection: str
    stream: str
    key: str
    seat: int | None
    birth: UUID | None
    fields: dict[str, Any]

    @property
    def name(self) -> str:
        """``connection/stream/key``."""
        return f"{self.connection}/{self.stream}/{self.key}"

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "record": self.id, "name": self.name, "seat": self.seat, "birth": str(self.birth) if self.birth else None,
            "written_by_us": self.anchor is not None,
        }  # fmt: skip


def members(cursor: Cursor, entity_id: UUID) -> list[Stored]:
    """The records of an entity, those that are compared first, by seat."""
    cursor.execute(
        _RECORDS + " where r.entity_id = %s and not r.deleted order by m.seat nulls last, r.id", (entity_id,)
    )
    return [Stored(*row) for row in cursor]


def decisions(cursor: Cursor, ones: Sequence[int], others: Sequence[int]) -> list[dict[str, Any]]:
    """What was said of pairs of these records and is in force; of several the latest act."""
    cursor.execute(
        """select distinct on (d.one, d.other) d.one, d.other, d.same, a.id, a.kind, a.who, a.why, a.at
             from hub.match_decision d join hub.match_act a on a.id = d.act
            where d.ended_at is null and ((d.one = any(%(a)s) and d.other = any(%(b)s)) or (d.one = any(%(b)s) and d.other = any(%(a)s)))
            order by d.one, d.other, a.id desc""",
        {"a": list(ones), "b": list(others)},
    )
    names = ("one", "other", "same", "act", "kind", "who", "why", "at")
    return [dict(zip(names, row, strict=True)) for row in cursor]


def common_keys(cursor: Cursor, scorer: Scorer, one: Features, other: Features) -> list[dict[str, Any]]:
    """The keys that two records share, in words, and how many records have each. One that more have than its cap is
    generic: it is no reason to compare them."""
    mine, theirs = scorer.keys_by_block(one), scorer.keys_by_block(other)
    found = []
    for block, cap in zip(scorer.rules.block, scorer.caps, strict=True):
        for key in sorted(mine[block].keys() & theirs[block].keys()):
            cursor.execute(
                "select count(*) from hub.match_token where entity = %s and key = %s", (scorer.rules.matching, key)
            )
            row = cursor.fetchone()
            count = int(row[0]) if row else 0
            values = " + ".join(mine[block][key])
            found.append({"block": block, "value": values, "records": count, "cap": cap, "generic": count > cap})
    return found


def explain(cursor: Cursor, scorer: Scorer, ones: Sequence[Stored], others: Sequence[Stored]) -> dict[str, Any]:
    """The strongest pair of two sets of records, part by part, and why they are one entity or not."""
    mine, theirs = _compared(ones), _compared(others)
    together = ones[0].entity_id == others[0].entity_id
    said = decisions(cursor, [each.id for each in mine], [each.id for each in theirs])
    best: tuple[Scored, Stored, Stored, Features, Features] | None = None
    forbidden: list[tuple[Scored, Stored, Stored]] = []
    for a, b in product(mine, theirs):
        if a.id == b.id:
            continue
        left, right = scorer.features(a.fields), scorer.features(b.fields)
        scored = scorer.score(left, right)
        if scored.vetoes:
            forbidden.append((scored, a, b))
        if best is None or (not scored.vetoes, scored.weight) > (not best[0].vetoes, best[0].weight):
            best = (scored, a, b, left, right)
    found: dict[str, Any] = {
        "entities": sorted({str(ones[0].entity_id), str(others[0].entity_id)}),
        "together": together,
        "decisions": said,
        "written_by_us": [each.name for each in (*ones, *others) if each.anchor is not None],
    }
    if best is None:
        reason = Text(
            "what we wrote ourselves is not compared: it goes where the record goes that it was made of",
            "我方写入的记录不参与比较：它随其来源记录归属",
        )
        return {**found, "pair": None, "keys": [], "reasons": [reason]}
    scored, a, b, left, right = best
    keys = common_keys(cursor, scorer, left, right)
    reasons = _reasons(cursor, scorer, scored, together, said, keys, (a, b))
    elsewhere = [(each, x, y) for each, x, y in forbidden if (x, y) != (a, b)]
    if elsewhere:
        reasons.append(_against(scorer, elsewhere))
    return {
        **found,
        "pair": told(scorer, a.name, b.name, scored, together),
        "scored": scored,
        "keys": keys,
        "reasons": reasons,
    }


def _compared(records: Sequence[Stored]) -> list[Stored]:
    return [one for one in records if one.seat is not None]


def _reasons(
    cursor: Cursor,
    scorer: Scorer,
    scored: Scored,
    together: bool,
    said: Sequence[dict[str, Any]],
    keys: Sequence[dict[str, Any]],
    pair: tuple[Stored, Stored],
) -> list[Text]:
    """In words, the deciding one first."""
    found: list[Text] = []
    for one in {each["act"]: each for each in said}.values():
        what = _SAID["same" if one["same"] else "apart"] if one["kind"] != "kept" else _SAID["kept"]
        found.append(
            Text(
                f"{what.en}: {one['who']}, {one['at']:%Y-%m-%d %H:%M}, act {one['act']}: {one['why']}",
                f"{what.zh}：{one['who']}，{one['at']:%Y-%m-%d %H:%M}，处置 {one['act']}：{one['why']}",
            )
        )
    for veto in vetoes(scorer, scored):
        found.append(Text(f"never one, whatever else agrees: {veto.en}", f"一票否决：{veto.zh}"))
    usable = [each for each in keys if not each["generic"]]
    if keys and not usable:
        shared = "; ".join(f"{k['block']} = {k['value']} ({k['records']} > {k['cap']})" for k in keys)
        found.append(
            Text(
                f"not compared: all keys they share are generic, more records have them than allowed: {shared}",
                f"未比较：共有的键都是通用键，拥有者超过上限：{shared}",
            )
        )
    elif not keys:
        found.append(
            Text(
                f"not compared: they share no key (looked for: {', '.join(scorer.rules.block)})",
                f"未比较：没有共有的键（查找：{'、'.join(scorer.rules.block)}）",
            )
        )
    cursor.execute(
        "select moot from hub.match_edge where one = %s and other = %s", tuple(sorted(each.id for each in pair))
    )
    edge = cursor.fetchone()
    weight, least = scored.weight, scorer.merge
    if not scored.vetoes and not together:
        if weight >= least and usable:
            found.append(
                Text(
                    f"this pair alone weighs enough ({bits(weight)} ≥ {bits(least)}), the other records of both taken together do not, or forbid it",
                    f"仅此一对已达到合并阈值（{bits(weight)} ≥ {bits(least)}），但双方其余记录合计不足或有否决",
                )
            )
        elif edge is not None and edge[0]:
            found.append(
                Text(
                    f"{bits(weight)} would be a question, but other records of both forbid it, and each of the two fits its own far better: nobody is asked",
                    f"{bits(weight)} 本应存疑，但双方其余记录有否决，且两条记录与各自所属实体明显更相符：无需询问",
                )
            )
        elif edge is not None and weight >= scorer.review:
            found.append(
                Text(
                    f"in doubt: {bits(weight)} lies between review ({bits(scorer.review)}) and merge ({bits(least)}); a person decides",
                    f"存疑：{bits(weight)} 介于待审（{bits(scorer.review)}）与合并（{bits(least)}）之间，由人裁决",
                )
            )
        elif weight < scorer.review:
            found.append(
                Text(
                    f"too little: {bits(weight)} is below review ({bits(scorer.review)})",
                    f"权重不足：{bits(weight)} 低于待审阈值（{bits(scorer.review)}）",
                )
            )
    if together and not any(each["same"] for each in said):
        found.append(
            Text(
                f"one entity by weight: {bits(weight)}"
                + (
                    ""
                    if weight >= least
                    else f", below merge ({bits(least)}) by itself: other records of the entity join them"
                ),
                f"按权重归为同一实体：{bits(weight)}"
                + ("" if weight >= least else f"，单独低于合并阈值（{bits(least)}）：由该实体的其他记录相连"),
            )
        )
    return found


def _against(scorer: Scorer, forbidden: Sequence[tuple[Scored, Stored, Stored]]) -> Text:
    """Other records of the two entities that no rule lets be one: only a steward's word can join them all."""
    scored, a, b = forbidden[0]
    veto = vetoes(scorer, scored)[0]
    count = len(forbidden)
    return Text(
        f"other records of theirs may not be one, in {count} pairs: {a.name} | {b.name}: {veto.en}",
        f"双方另有 {count} 对记录被否决：{a.name} | {b.name}：{veto.zh}",
    )


_SAID = {
    "same": Text("a steward said they are one", "数据管家判定为同一实体"),
    "apart": Text("a steward said they are not one", "数据管家判定不是同一实体"),
    "kept": Text("kept together after an edit", "修改后保持在一起"),
}


def joins(cursor: Cursor, scorer: Scorer, entity_id: UUID) -> list[dict[str, Any]]:
    """The weighed pairs by which an entity's records hang together, the strongest first, and the likeliest that leads to
    each other entity and waits for an answer. Weighed as records and weights are now."""
    own = {one.id: one for one in members(cursor, entity_id) if one.seat is not None}
    cursor.execute(
        """select one, other from hub.match_edge where one = any(%(ids)s) and other = any(%(ids)s)
            order by weight desc, one, other""",
        {"ids": list(own)},
    )
    chosen: list[tuple[int, int]] = []
    root = {one: one for one in own}

    def top(one: int) -> int:
        while root[one] != one:
            one = root[one]
        return one

    for one, other in cursor.fetchall():
        if (a := top(one)) != (b := top(other)):
            root[max(a, b)] = min(a, b)
            chosen.append((one, other))
    cursor.execute(
        """select record_id, other_id from (
             select distinct on (twin_id) record_id, other_id, weight from hub.match_twin
              where entity_id = %s and weight >= %s order by twin_id, weight desc, record_id, other_id) x
            order by weight desc, record_id, other_id limit %s""",
        (entity_id, scorer.review, DOUBTS),
    )
    doubts = cursor.fetchall()
    cursor.execute(_RECORDS + " where r.id = any(%s)", ([other for _, other in doubts],))
    known = own | {one.id: one for one in (Stored(*row) for row in cursor)}
    found = []
    for left, right in (*chosen, *doubts):
        mine, theirs = known[left], known[right]
        scored = scorer.score(scorer.features(mine.fields), scorer.features(theirs.fields))
        together = theirs.entity_id == entity_id
        found.append({**told(scorer, mine.name, theirs.name, scored, together), "scored": scored})
    return found


def history(cursor: Cursor, entity_id: UUID) -> dict[str, Any]:
    """How an entity came to be: its records with seats, weighed pairs, who came and went, what stewards said."""
    own = members(cursor, entity_id)
    ids = [one.id for one in own]
    cursor.execute(
        "select one, other, weight, veto from hub.match_edge where one = any(%(ids)s) and other = any(%(ids)s) order by weight desc, one, other",
        {"ids": ids},
    )
    edges = [{"one": a, "other": b, "weight": w / 1000, "veto": veto} for a, b, w, veto in cursor]
    return {
        "id": str(entity_id),
        "members": [one.plain() for one in own],
        "edges": edges,
        "moves": moves(cursor, entity_id),
        "acts": acts_of(cursor, ids),
    }


def moves(cursor: Cursor, entity_id: UUID) -> list[dict[str, Any]]:
    """Records that came to an entity or left it, in order."""
    cursor.execute(
        """select e.at, e.record_id, s.connection || '/' || s.stream || '/' || r.source_key, e.came_from::text, e.went_to::text,
                  e.run_id, e.act
             from hub.match_event e
             left join hub.source_record r on r.id = e.record_id left join hub.stream s on s.id = r.stream_id
            where e.came_from = %(id)s or e.went_to = %(id)s order by e.id""",
        {"id": entity_id},
    )
    names = ("at", "record", "name", "from", "to", "run", "act")
    return [dict(zip(names, row, strict=True)) for row in cursor]


def acts_of(cursor: Cursor, records: Sequence[int]) -> list[dict[str, Any]]:
    """What was ever said of these records, undone or not."""
    cursor.execute(
        """select a.id, a.kind, a.who, a.why, a.at, a.undone_at, a.undone_by, a.undone_why, a.run_id from hub.match_act a
            where exists (select 1 from hub.match_decision d
                           where d.act = a.id and (d.one = any(%(ids)s) or d.other = any(%(ids)s))) order by a.id""",
        {"ids": list(records)},
    )
    names = ("id", "kind", "who", "why", "at", "undone_at", "undone_by", "undone_why", "run")
    return [dict(zip(names, row, strict=True)) for row in cursor]

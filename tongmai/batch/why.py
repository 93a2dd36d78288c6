"""Why two records were joined or not: the numbers, and words for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from masterdata.matching.scorer import Part, Scored, Scorer
from tongmai.batch.run import Matched
from tongmai.core.text import Text


def told(scorer: Scorer, one: str, other: str, scored: Scored, together: bool) -> dict[str, Any]:
    """One pair as JSON; the parts of each sum add up to it exactly (milli-bits)."""
    return {
        "pair": [one, other],
        "weight": scored.weight,
        "decision": decision(scorer, scored),
        "together": together,
        "strangers": {"sum": scored.stranger, "prior": scorer.weights.prior},
        "relatives": {"sum": scored.relative, "prior": scorer.weights.kin},
        "parts": [
            {
                "comparison": part.comparison,
                "level": part.level,
                "left": part.left,
                "right": part.right,
                "strangers": part.weight,
                "relatives": part.kin,
                "rarity": part.rarity,
            }
            for part in scored.parts
            if part.level != "missing"
        ],
        "vetoes": list(scored.vetoes),
        "weights": scorer.weights.version,
    }


def decision(scorer: Scorer, scored: Scored) -> str:
    """``merge``, ``likely``, ``review`` or ``separate``."""
    if scored.vetoes:
        return "separate"
    marks = (("merge", scorer.merge), ("likely", scorer.likely), ("review", scorer.review))
    return next((name for name, mark in marks if scored.weight >= mark), "separate")


def lines(scorer: Scorer, scored: Scored) -> Iterator[Text]:
    """A pair for people, the strongest evidence first."""
    yield Text(
        f"weight {bits(scored.weight)} bits: {decision(scorer, scored)} (merge from {bits(scorer.merge)}, review from {bits(scorer.review)})",
        f"权重 {bits(scored.weight)} 比特：{_DECISIONS[decision(scorer, scored)]}（≥ {bits(scorer.merge)} 合并，≥ {bits(scorer.review)} 待审）",
    )
    yield Text(
        "                                          chance  relatives",
        "                                          对陌生者  对关联方",
    )
    yield _row(Text("before anything is compared", "先验"), scorer.weights.prior, scorer.weights.kin)
    labels = {
        (compare.name, level.name): level.label for compare in scorer.comparisons for level in compare.kind.levels
    }
    for part in sorted(scored.parts, key=lambda each: -abs(each.weight)):
        if part.level != "missing":
            yield _row(
                Text(
                    f"{part.comparison}: {labels[part.comparison, part.level].en}",
                    f"{part.comparison}：{labels[part.comparison, part.level].zh}",
                ),
                part.weight,
                part.kin,
            )
            yield Text(
                f"    {_shown(part.left)}  |  {_shown(part.right)}{_rarity(part).en}",
                f"    {_shown(part.left)}  |  {_shown(part.right)}{_rarity(part).zh}",
            )
    missing = [part.comparison for part in scored.parts if part.level == "missing"]
    if missing:
        yield Text(f"not compared, one has nothing: {', '.join(missing)}", f"一方无值，未比较：{'、'.join(missing)}")
    yield _row(Text("sum; the lower one counts", "合计（取较低者）"), scored.stranger, scored.relative)
    for veto in scored.vetoes:
        yield Text(f"never one, whatever else agrees: {veto}", f"一票否决：{veto}")


_DECISIONS = {"merge": "合并", "likely": "很可能相同", "review": "待审", "separate": "不同"}


def bits(milli: int) -> str:
    """Milli-bits as bits."""
    return f"{milli / 1000:+.3f}"


def _row(what: Text, stranger: int, relative: int) -> Text:
    numbers = f"{bits(stranger):>9} {bits(relative):>9}"
    return Text(f"{what.en[:60]:<60} {numbers}", f"{what.zh}  {numbers}")


def _rarity(part: Part) -> Text:
    if not part.rarity:
        return Text("", "")
    rare = part.rarity > 0
    amount = bits(part.rarity)
    return Text(f"   ({'rare' if rare else 'common'}: {amount})", f"   （{'罕见' if rare else '常见'}：{amount}）")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(shown for each in value if (shown := _shown(each)))
    return "" if isinstance(value, bool) else str(value)


def write_why(found: Matched, out: Path) -> None:
    """Every pair from the review threshold on, as JSON lines."""
    columns, entity = found.columns, found.resolved.entity
    with out.open("w", encoding="utf-8") as stream:
        pairs = found.resolved.pairs
        for one, other in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True):
            scored = columns.scorer.score(columns.features(one), columns.features(other))
            line = told(columns.scorer, found.ids[one], found.ids[other], scored, entity[one] == entity[other])
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")

"""Why two records were joined or not: the numbers, and words for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from masterdata.matching.scorer import Part, Scored, Scorer
from tongmai.batch.run import Matched
from tongmai.core.text import Text, width

WIDE, NUMBER = 62, 10


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
    yield _columns(Text("", ""), Text("chance", "对陌生者"), Text("relatives", "对关联方"))
    yield _row(Text("before anything is compared", "先验"), scorer.weights.prior, scorer.weights.kin)
    named = _named(scorer)
    labels = {
        (compare.name, level.name): level.label for compare in scorer.comparisons for level in compare.kind.levels
    }
    for part in sorted(scored.parts, key=lambda each: -abs(each.weight)):
        if part.level == "missing":
            continue
        name, level = named[part.comparison], labels[part.comparison, part.level]
        yield _row(Text(f"{name.en}: {level.en}", f"{name.zh}：{level.zh}"), part.weight, part.kin)
        if (left := _shown(part.left)) + (right := _shown(part.right)):
            rarity = _rarity(part)
            yield Text(f"    {left}  |  {right}{rarity.en}", f"    {left}  |  {right}{rarity.zh}")
    missing = [named[part.comparison] for part in scored.parts if part.level == "missing"]
    if missing:
        yield Text(
            f"not compared, one has nothing: {', '.join(each.en for each in missing)}",
            f"一方无值，未比较：{'、'.join(each.zh for each in missing)}",
        )
    yield _row(Text("sum; the lower one counts", "合计（取较低者）"), scored.stranger, scored.relative)
    for veto in vetoes(scorer, scored):
        yield Text(f"never one, whatever else agrees: {veto.en}", f"一票否决：{veto.zh}")


def summary(scorer: Scorer, scored: Scored) -> Iterator[Text]:
    """The sum that decides, number by number; they add up to the weight."""
    relatives = scored.relative <= scored.stranger
    named = _named(scorer)
    prior = scorer.weights.kin if relatives else scorer.weights.prior
    yield Text(f"{bits(prior)}  before anything is compared", f"{bits(prior)}  先验")
    for part in sorted(scored.parts, key=lambda each: -abs(each.kin if relatives else each.weight)):
        if part.level == "missing":
            continue
        kind = scorer.comparisons[scorer.position[part.comparison]].kind
        level = next(each.label for each in kind.levels if each.name == part.level)
        name, number = named[part.comparison], bits(part.kin if relatives else part.weight)
        yield Text(f"{number}  {name.en}: {level.en}", f"{number}  {name.zh}：{level.zh}")
    for veto in vetoes(scorer, scored):
        yield Text(f"never one, whatever else agrees: {veto.en}", f"一票否决：{veto.zh}")


def vetoes(scorer: Scorer, scored: Scored) -> list[Text]:
    """What forbids that a pair is one, in words."""
    named, found = _named(scorer), []
    for veto in scored.vetoes:
        comparison, _, level = veto.partition(": ")
        kind = scorer.comparisons[scorer.position[comparison]].kind
        label = next(each.label for each in kind.levels if each.name == level)
        name = named[comparison]
        found.append(Text(f"{name.en}: {label.en}", f"{name.zh}：{label.zh}"))
    return found


def _named(scorer: Scorer) -> dict[str, Text]:
    """What each comparison is called: in English as in the rules, in Chinese as its kind, with its name where two are of one."""
    kinds = [compare.kind.name for compare in scorer.comparisons]
    return {
        compare.name: Text(
            compare.name,
            compare.kind.label.zh + (f"（{compare.name}）" if kinds.count(compare.kind.name) > 1 else ""),
        )
        for compare in scorer.comparisons
    }


_DECISIONS = {"merge": "合并", "likely": "很可能相同", "review": "待审", "separate": "不同"}


def bits(milli: int) -> str:
    """Milli-bits as bits."""
    return f"{milli / 1000:+.3f}"


def _row(what: Text, stranger: int, relative: int) -> Text:
    one, other = bits(stranger), bits(relative)
    return _columns(what, Text(one, one), Text(other, other))


def _columns(what: Text, one: Text, other: Text) -> Text:
    return Text(
        *(_aligned(what.in_language(lang), one.in_language(lang), other.in_language(lang)) for lang in ("en", "zh"))
    )


def _aligned(what: str, *numbers: str) -> str:
    """Right-aligned numbers also behind Chinese, of which a character takes two places."""
    cells = "".join(" " * max(1, NUMBER - width(number)) + number for number in numbers)
    return what + " " * max(0, WIDE - width(what)) + cells


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
    """Every pair from the review threshold on, and those that labels name, as JSON lines."""
    columns, entity = found.columns, found.resolved.entity
    pairs = found.resolved.pairs
    left = found.known.keys() - set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) if found.known else ()
    with out.open("w", encoding="utf-8") as stream:
        for one, other in chain(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), sorted(left)):
            scored = columns.scorer.score(columns.features(one), columns.features(other))
            line = told(columns.scorer, found.ids[one], found.ids[other], scored, entity[one] == entity[other])
            if (said := found.known.get((one, other))) is not None:
                line["label"] = "same" if said else "different"
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")

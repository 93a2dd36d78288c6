"""A draft as files: the mapping with a reason behind every line, its first test, value maps to be completed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.drafting.profile import SourceField
from mappings.drafting.propose import Proposal
from masterdata.model.entity import LINES, Entity

SURE = 0.6
"""Below this a proposal is written as a comment."""


@dataclass(frozen=True)
class Draft:
    """What a draft is made of."""

    name: str
    stream: str
    entity: Entity
    proposals: Sequence[Proposal]
    fields: Sequence[SourceField]
    head: str = ""
    key: str | None = None  # of a part of a stream: what identifies it; empty where nothing does

    @property
    def system(self) -> str:
        """The folder of the mapping."""
        return self.name.partition("/")[0]


def draft_files(draft: Draft, sample: Mapping[str, Any] | None, expect: Mapping[str, Any] | None) -> dict[str, str]:
    """File name → text: the mapping, a test when there is a ``sample``, and the value maps that its terms need."""
    files = {f"{draft.name}.yaml": _mapping(draft)}
    if sample is not None:
        files[f"{draft.name}_test.yaml"] = _test(draft, sample, expect or {})
    return files


def term_maps(draft: Draft) -> dict[str, str]:
    """For each term list that the draft uses, its value map as text, with what a person must decide as comments."""
    made = {}
    for one in draft.proposals:
        found = re.search(r"\| term\((\w+)\)", one.expression)
        if found is None or not one.terms:
            continue
        lines = [f"{found[1]}:", "  in:"]
        for value, term in one.terms.items():
            line = f"    {_quoted(value)}: {term or '…'}"
            lines.append(line if term else f"    # {line.strip()}   # to be decided / 待定")
        if not any(one.terms.values()):
            lines[1] = "  in: {}"
        made[found[1]] = "\n".join(lines) + "\n"
    return made


def _mapping(draft: Draft) -> str:
    tops = [one for one in draft.proposals if "." not in one.target]
    lines = [
        *([draft.head.rstrip()] if draft.head else []),
        "# A draft: each line is a proposal. Look at every one, then take `draft: true` away.",
        "# 草稿：每一行都是建议。请逐行确认后删除 `draft: true`。",
        f"mapping: {draft.name}",
        "draft: true",
        f"from: {draft.system}.{draft.stream}",
        *_key(draft),
        f"to: {draft.entity.entity}",
        "fields:",
    ]
    width = max((len(one.target) for one in tops), default=0) + 1
    for one in tops:
        if draft.entity.fields[one.target].type.name == LINES:
            lines += _lines(one, [each for each in draft.proposals if each.target.startswith(f"{one.target}.")])
        else:
            lines.append(_line("  ", one.target, one, width))
    lines += _rest(draft)
    return "\n".join(lines) + "\n"


def _key(draft: Draft) -> list[str]:
    if draft.key is None:
        return []
    owned = "# owned: true   # when it lives and dies with its record / 随所属记录存亡时"
    if not draft.key:
        return ["# key: …   # what identifies it? / 以什么标识？", owned]
    return [f"key: {draft.key} | text   # a proposal: does it identify what stands there? / 建议：它能否标识？", owned]


def _line(indent: str, name: str, one: Proposal, width: int) -> str:
    expression = one.expression
    if _needs_quotes(expression):
        expression = "'" + expression.replace("'", "''") + "'"
    text = f"{(name + ':').ljust(width)} {expression}"
    samples = f"; as {', '.join(one.source.samples)}" if one.source.samples else ""
    remark = f"# {round(one.confidence * 100)} %: {', '.join(map(str, one.reasons))}{samples}"
    mark = "" if one.confidence >= SURE else "# "
    return f"{indent}{mark}{text.ljust(44)}  {_flat(remark)}"


def _lines(one: Proposal, below: Sequence[Proposal]) -> list[str]:
    remark = f"# {round(one.confidence * 100)} %: {', '.join(map(str, one.reasons))}"
    mark = "" if one.confidence >= SURE and any(each.confidence >= SURE for each in below) else "# "
    width = max((len(each.target.partition(".")[2]) for each in below), default=0) + 1
    out = [f"  {mark}{one.target}:  {remark}", f"  {mark}  each: {one.expression}", f"  {mark}  fields:"]
    return out + [f"  {mark}{_line('    ', each.target.partition('.')[2], each, width)}" for each in below]


def _rest(draft: Draft) -> list[str]:
    """What nothing was found for, on both sides."""
    found = {one.target for one in draft.proposals}
    open_ = [name for name, spec in draft.entity.fields.items() if name not in found and not spec.sum]
    used = {(one.source.inside, one.source.path) for one in draft.proposals}
    unused = [one for one in draft.fields if (one.inside, one.path) not in used]
    lines = []
    if open_:
        lines.append(f"# Nothing was found for / 未找到来源：{', '.join(open_)}")
    if unused:
        lines.append("# Of the source, not used / 来源中未使用：")
        for one in unused[:40]:
            shown = f" ({', '.join(one.samples)})" if one.samples else ""
            lines.append(_flat(f"#   {one.inside + '[]: ' if one.inside else ''}{one.path}{shown}"))
    return lines


def _test(draft: Draft, sample: Mapping[str, Any], expect: Mapping[str, Any]) -> str:
    return (
        "# Made by the draft from one record of the source: is each value what it should be?\n"
        "# 由草稿根据来源的一条记录生成：请确认每个取值是否正确。\n"
        "- case: a record of the source\n"
        f"  given: {json.dumps(sample, ensure_ascii=False, default=str)}\n"
        f"  expect: {json.dumps(dict(expect), ensure_ascii=False, default=str)}\n"
    )


def _needs_quotes(expression: str) -> bool:
    return bool(re.search(r": |#|^[\[{\"'*&!%@`]", expression)) and not re.fullmatch(r"\[[\w.]+ \| \w+\]", expression)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _flat(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:200]

"""What two versions of a mapping make of the same records, as plain data in both languages: for JSON, text and the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mappings.language.compare_runs import Case, Comparison, Example, Kind, Record, Shift
from mappings.language.types import Issue
from mappings.language.wording import Wording, issue_label
from tongmai.core.codes import explain
from tongmai.core.text import Text

KINDS: dict[Kind, Text] = {
    "failing": Text("Newly refused: these records would go to quarantine", "新被拒绝：这些记录将进入隔离区"),
    "accepted": Text("Newly accepted: these records were in quarantine and would come through", "新被接受：原在隔离区，将通过"),
    "filtered": Text("Newly left out: the mapping's condition no longer takes them; `left_out` in the sync says what becomes of what the hub holds of them", "新被排除：不再满足映射条件；中枢中已有的内容由同步的 `left_out` 决定"),
    "let-in": Text("Newly taken in: the mapping's condition takes them now", "新被纳入：现满足映射条件"),
    "noted": Text("New remarks on data quality", "新增数据质量提示"),
    "cleared": Text("Remarks on data quality that go away", "消失的数据质量提示"),
}  # fmt: skip
_MOST = 160
_NAME = re.compile(r"\b([a-z][a-z0-9_]*)=")


def report(
    name: str,
    what: tuple[Text, Text],
    digests: tuple[bytes, bytes],
    found: Comparison,
    wording: Wording,
    passed_by: int,
) -> dict[str, Any]:
    """The whole comparison. ``what`` and ``digests``: the old version and the new one."""
    totals = found.totals
    return {
        "mapping": name,
        "entity": words(wording.entity),
        "outbound": wording.mappings[0].outbound,
        "old": {"what": words(what[0]), "digest": digests[0].hex()},
        "new": {"what": words(what[1]), "digest": digests[1].hex()},
        "same_definition": digests[0] == digests[1],
        "changes": found.changes,
        "records": {
            "read": totals.read,
            **{each: getattr(totals, each) for each in totals.__slots__},
            "passed_by": passed_by,
        },
        "summary": words(summary(found)),
        "fields": [
            {
                "field": one.field,
                "label": words(wording.label(one.field)),
                "records": one.records,
                "gained": one.gained,
                "lost": one.lost,
                "examples": [_example(wording, each, alike) for each, alike in one.examples()],
            }
            for one in sorted(found.fields.values(), key=lambda one: (-one.records, one.field))
        ],
        "shifts": [
            _shift(wording, one)
            for kind in KINDS
            for one in sorted(found.shifts.values(), key=lambda one: (-one.records, one.field, one.code))
            if one.kind == kind
        ],
    }


def summary(found: Comparison) -> Text:
    """One sentence for whoever reads nothing else."""
    totals = found.totals
    if not totals.read:
        return Text("There were no records to compare.", "没有可比较的记录。")
    if not found.changes:
        return Text(
            f"Nothing changes: all {totals.read:,} records come out as before.",
            f"没有变化：{totals.read:,} 条记录结果与之前完全一致。",
        )
    fields = len(found.fields)
    parts = [
        (totals.changed, f"get other values in {fields} field{'s' * (fields != 1)}", f"条在 {fields} 个字段上取值变化"),
        (totals.failing, "would be refused", "条将被拒绝"),
        (totals.accepted, "would be accepted that were refused", "条原被拒绝将被接受"),
        (totals.filtered, "would be left out", "条将被排除"),
        (totals.let_in, "would be taken in", "条将被纳入"),
    ]
    en = "; ".join(f"{count:,} {each}" for count, each, _ in parts if count)
    zh = "；".join(f"{count:,} {each}" for count, _, each in parts if count)
    if not en:
        return Text(
            f"Of {totals.read:,} records all keep their values; only remarks on data quality change.",
            f"{totals.read:,} 条记录取值不变，仅数据质量提示有变化。",
        )
    return Text(f"Of {totals.read:,} records, {en}.", f"{totals.read:,} 条记录中，{zh}。")


def words(text: Text) -> dict[str, str]:
    """Both languages."""
    return {"en": text.en, "zh": text.zh}


def _record(wording: Wording, record: Record, private: frozenset[str]) -> dict[str, Any]:
    return {"key": wording.masked(record.key, private), "title": short(wording.masked(record.title, private))}


def _example(wording: Wording, one: Example, alike: int) -> dict[str, Any]:
    change = one.change
    old, new = (wording.value(change.field, each) for each in (change.old, change.new))
    return {
        **_record(wording, one.record, one.private),
        "records": alike,
        "line": change.line + 1 if change.line >= 0 else None,
        "old": wording.raw(change.field, change.old),
        "new": wording.raw(change.field, change.new),
        "old_shown": _masked(wording, old, one.private),
        "new_shown": _masked(wording, new, one.private),
    }


def _masked(wording: Wording, text: Text, private: frozenset[str]) -> dict[str, str]:
    return {"en": short(wording.masked(text.en, private)), "zh": short(wording.masked(text.zh, private))}


def _shift(wording: Wording, one: Shift) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "field": one.field,
        "code": one.code,
        "label": words(issue_label(wording, one.field, one.code)) if one.code else words(wording.entity),
        "records": one.records,
        "examples": [_case(wording, each) for each in one.examples],
    }


def _case(wording: Wording, one: Case) -> dict[str, Any]:
    found: dict[str, Any] = _record(wording, one.record, one.private)
    if one.issue is not None:
        issue = wording.issue(one.issue, one.private)
        found |= {
            "value": words(Text(*(short(named_values(wording, issue, lang)) for lang in ("en", "zh")))),
            "message": issue.message,
            "place": issue.place,
        }
    return found


def named_values(wording: Wording, issue: Issue, lang: str) -> str:
    """The value an issue is about; where a rule of the entity looked at several fields, with their labels."""
    if explain(issue.code) is not None:
        return issue.value
    return _NAME.sub(lambda found: f"{wording.label(found[1]).in_language(lang)} = ", issue.value)


def short(text: str) -> str:
    """A text cut where it would fill the page."""
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def of_kind(found: Mapping[str, Any], kind: Kind) -> Sequence[dict[str, Any]]:
    """The report's shifts of one kind."""
    return [one for one in found["shifts"] if one["kind"] == kind]

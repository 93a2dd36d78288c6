"""Decode and map a batch: what cannot go on gets its outcome here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from mappings.language.types import Issue, Mapped
from masterdata.store import Cursor
from tongmai.core.errors import RecordError
from tongmai.sync.drift import frozen, words
from tongmai.sync.lane import Lane, Subject


def look_for_drift(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> None:
    """Records with something new that nobody has accepted go to quarantine, or stop the stream."""
    if lane.drift is None:
        return
    lane.drift.load(cursor)
    for one in subjects:
        if one.op != "upsert" or one.overlay is not None:
            continue
        strange = lane.drift.see(cursor, one.key, one.raw)
        if strange and lane.drift.policy == "freeze":
            raise frozen(f"{lane.connection}: {lane.stream} {one.key}", strange)
        if strange:
            why = f"the source never gave this before: {words(strange)}; `tongmai drift accept`, then replay"
            one.errors.append(Issue(strange[0][0], "schema-drift", why, ""))
            one.outcome = "quarantined"


def map_records(lane: Lane, subjects: Sequence[Subject]) -> None:
    """Decode and map; what cannot go on gets its outcome here."""
    sources: list[dict[str, Any]] = []
    mapped_subjects: list[Subject] = []
    for one in subjects:
        if one.outcome:
            continue
        if one.op == "delete":
            if one.entity_id is None or lane.deletes == "ignore":
                one.outcome = "filtered"
            continue
        try:
            if one.op == "broken" and one.overlay is None:
                raise RecordError("", one.problem, code="broken-record")
            source = {} if one.op == "broken" else lane.connector.decode(lane.stream, one.raw)
        except RecordError as error:
            one.errors.append(Issue("", error.code, error.why or error.what, ""))
            one.outcome = "quarantined"
            continue
        one.own = str(source.get(lane.our_key) or "") if lane.our_key else ""
        sources.append({**source, **(one.overlay or {})})
        mapped_subjects.append(one)
    for one, result in zip(mapped_subjects, lane.mapping.run(sources, None), strict=True):
        _take(one, result)


def _take(one: Subject, result: Mapped) -> None:
    one.fields, one.waits = result.fields, dict(result.references)
    one.errors, one.findings = result.errors, result.findings
    one.findings = [_storable(issue) for issue in one.findings]
    for name, value in [*result.fields.items(), *((n, r.key) for n, r in result.references.items())]:
        if "\x00" in "".join(_texts([value])):
            one.errors.append(
                Issue(name, "null-character", "the text holds U+0000, which no database column can", "", "")
            )
    if one.errors:
        one.errors = [_storable(issue) for issue in one.errors]
        one.outcome = "quarantined"
    elif result.filtered:
        one.outcome = "filtered"


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value: a list's items, the names and values of an object's members."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _texts(part)


def _storable(issue: Issue) -> Issue:
    """An issue that quotes a value with U+0000, which no database column can hold, shows it."""
    if "\x00" not in issue.message and "\x00" not in issue.value:
        return issue
    return replace(issue, message=issue.message.replace("\x00", "␀"), value=issue.value.replace("\x00", "␀"))

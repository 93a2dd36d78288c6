"""Whether a record may go from the term it had to the term it has: allowed steps, criteria to leave and to enter.

What its source said before counts, not the golden record: two sources of an opportunity do not move it to and fro. The
conditions see the record as it will be: what the other sources say, under what this one says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mappings.language.criteria import Watched
from mappings.language.types import Issue
from masterdata.golden import write as golden
from masterdata.model.terms import Outcome, TermList
from masterdata.store import Cursor
from tongmai.sync.lane import Lane, Subject


def check_terms(lane: Lane, cursor: Cursor, good: Sequence[Subject], baseline: float) -> None:
    """Findings, or quarantine, for records whose terms changed as the dictionary does not have it.

    A record that is mapped again from what is stored has said nothing new, and what the source held when it was first
    listed (inbox rows up to ``baseline``) is what it is; a record that came later entered its term.
    """
    if not lane.watched:
        return
    looked = [
        one
        for one in good
        if one.op == "upsert"
        and not one.again
        and not one.left_out
        and any(one.fields.get(field.field) is not None for field in lane.watched)
    ]
    if not looked:
        return
    before = _before(cursor, looked)
    moved = [
        (one, field, had, word)
        for one in looked
        for field in lane.watched
        if (word := one.fields.get(field.field)) is not None
        and (had := before.get(one.record_id, {}).get(field.field)) != word
        and (one.record_id in before or one.inbox_id > baseline)
    ]
    if not moved:
        return
    current = golden.load(cursor, [one.entity_id for one, *_ in moved if one.entity_id])
    for one, field, had, word in moved:
        known = current[one.entity_id].fields if one.entity_id in current else {}
        said = {name: value for name, value in one.fields.items() if value is not None}
        for outcome, issue in _wrong(field, had, word, {**known, **said}):
            if outcome == "quarantine":
                one.errors.append(issue)
                one.outcome = "quarantined"
            else:
                one.findings.append(issue)


def _before(cursor: Cursor, looked: Sequence[Subject]) -> dict[int, dict[str, Any]]:
    """What the sources of these records said before."""
    cursor.execute(
        "select record_id, fields from hub.contribution where record_id = any(%s) and not deleted",
        ([one.record_id for one in looked],),
    )
    return {row[0]: row[1] for row in cursor}


def _wrong(field: Watched, had: str | None, word: str, record: Mapping[str, Any]) -> list[tuple[Outcome, Issue]]:
    found: list[tuple[Outcome, Issue]] = []
    terms = field.terms
    if had is not None and had in terms.terms and not terms.allows(had, word):
        step = terms.terms[had].next
        allowed = ", ".join(step or ()) or "nothing"
        message = f"`{field.field}` went from `{had}` to `{word}`; after `{had}` comes {allowed}"
        found.append((terms.otherwise, Issue(field.field, "term-not-allowed", message, "", word)))
    new = terms.terms.get(word)
    if new is not None and new.retired:
        message = f"`{field.field}` became `{word}`, which is retired; {_in_use(terms)}"
        found.append((terms.otherwise, Issue(field.field, "term-retired", message, "", word)))
    for way, term in (("leave", had), ("enter", word)):
        criterion, condition = field.criteria.get((way, term or ""), (None, None))
        # What a record must fulfil to leave a term is asked with the term that it had.
        seen = {**record, field.field: term}
        if criterion is not None and condition is not None and not condition([seen])[0]:
            message = (
                f"`{term}` cannot be {'left' if way == 'leave' else 'entered'} yet: {criterion.en} / {criterion.zh}"
            )
            message += f" (`{criterion.holds}` does not hold)"
            code = "term-left-early" if way == "leave" else "term-entered-early"
            found.append((criterion.otherwise, Issue(field.field, code, message, "", word)))
    return found


def _in_use(terms: TermList) -> str:
    return "in use are " + ", ".join(name for name, term in terms.terms.items() if not term.retired)

"""The two equations, recounted from the tables. What cannot be found makes the books red."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from masterdata.store import Cursor
from masterdata.store.database import hold
from tongmai.sync.outcome import FINAL
from tongmai.sync.report import AGAIN_TERMS, IN_TERMS, OUT_TERMS, zeros

_IN = """
select i.run_id, coalesce(l.outcome, case when w.record_id is not null then 'pending' else 'missing' end) as term, count(*)
  from hub.inbox i
  left join hub.ledger l on l.inbox_id = i.id
  left join hub.work w on w.inbox_id = i.id and w.stream_id = i.stream_id and l.inbox_id is null
 where i.stream_id = %s
 group by 1, 2
"""
_RUNS = "select id, read_count, unchanged_count from hub.run where stream_id = %s and (read_count > 0)"
# One statement, so that all is counted at one instant: others queue and read while we count.
_BOTH_IN = f"select 'run', id, null, read_count, unchanged_count from ({_RUNS}) r union all select 'inbox', run_id, term, count, 0 from ({_IN}) i"
_OUT = """
select 'queued', 0, coalesce(sum(queued), 0)::bigint from hub.outbox_book where target = %(target)s
union all
select outcome, count(*) filter (where %(run)s::text is null or run_id = %(run)s), count(*) from hub.delivery
 where target = %(target)s and outcome <> 'retry' group by 1
union all
select case when state = 'waiting' then 'waiting' else 'pending' end, count(*), 0 from hub.outbox where target = %(target)s group by 1
"""


def recount_in(cursor: Cursor, stream_id: int) -> tuple[dict[str, dict[str, int]], list[str]]:
    """The first equation of every run that read this stream: terms by run, and what does not close."""
    cursor.execute(_BOTH_IN, (stream_id, stream_id))
    rows = cursor.fetchall()
    books = {
        run: {**zeros(IN_TERMS), "read": read, "unchanged": unchanged}
        for kind, run, _, read, unchanged in rows
        if kind == "run"
    }
    problems: list[str] = []
    unbooked: dict[str, int] = {}
    for run, term, count in [row[1:4] for row in rows if row[0] == "inbox"]:
        if run not in books:
            problems.append(f"{count} inbox rows name run {run}, which is not there")
        elif term == "missing":
            unbooked[run] = count
        else:
            books[run][term] = count
    written_off = _written_off(cursor, list(books))
    for run, terms in books.items():
        terms["superseded"] += written_off.get(run, 0)
        found = sum(count for term, count in terms.items() if term != "read")
        gone = terms["read"] - found - unbooked.get(run, 0)
        if gone:
            problems.append(f"run {run}: read {terms['read']}, accounted for {found}, {gone} without a trace")
        elif unbooked.get(run):
            problems.append(f"run {run}: {unbooked[run]} stored records have neither an outcome nor a work key")
    return books, problems


def recount_out(cursor: Cursor, target: str, run: str | None) -> tuple[dict[str, int], list[str]]:
    """The second equation of one target: what was open when ``run`` began and was queued since, and what became of it.

    Without ``run``: everything that was ever queued for it.
    """
    terms = zeros(OUT_TERMS)
    cursor.execute(_OUT, {"run": run, "target": target})
    queued = earlier = 0
    for term, here, ever in cursor.fetchall():
        if term == "queued":
            queued = int(ever)
            continue
        terms[term] = here
        earlier += ever - here if term in FINAL else 0
    written_off = _written_off(cursor, [target]).get(target, 0)
    if run is None:
        terms["cancelled"] += written_off
    else:
        earlier += written_off
    terms["queued"] = queued - earlier
    found = sum(count for term, count in terms.items() if term != "queued")
    problems = []
    if found != terms["queued"]:
        problems.append(f"{target}: queued {terms['queued']}, accounted for {found}")
    return terms, problems


def mapped_again(cursor: Cursor, run: str) -> dict[str, int]:
    """What a run mapped anew from what is stored, in whichever stream, and what became of it. The books of the runs that
    had read these versions follow; here they stand in the run that did the work."""
    cursor.execute("select outcome, sum(count) from hub.mapped_again where run_id = %s group by 1", (run,))
    terms = zeros(AGAIN_TERMS)
    for outcome, count in cursor.fetchall():
        terms[outcome] = int(count)
        terms["again"] += int(count)
    return terms


def write_off(cursor: Cursor, book: str, reason: str, who: str) -> int:
    """Close a book that cannot close any more: ``book`` is a run or a target, as the problem names it.

    What is missing is booked as superseded (in) or cancelled (out), with who said so and why. Returns how many; 0 when
    the book is not short.
    """
    hold(cursor, [f"book:{book}"])  # two persons at once must not write the same records off twice
    cursor.execute("select stream_id from hub.run where id = %s", (book,))
    row = cursor.fetchone()
    if row is not None:
        terms = recount_in(cursor, row[0])[0].get(book, zeros(IN_TERMS))
        missing = terms["read"] - sum(count for term, count in terms.items() if term != "read")
    else:
        terms = recount_out(cursor, book, None)[0]
        missing = terms["queued"] - sum(count for term, count in terms.items() if term != "queued")
    if missing > 0:
        cursor.execute(
            "insert into hub.write_off (book, count, reason, who) values (%s, %s, %s, %s)", (book, missing, reason, who)
        )
    return max(missing, 0)


def _written_off(cursor: Cursor, books: Sequence[str]) -> dict[str, int]:
    cursor.execute("select book, sum(count) from hub.write_off where book = any(%s) group by 1", (list(books),))
    return {book: int(count) for book, count in cursor.fetchall()}


def next_steps(problems: Sequence[str]) -> str:
    """What to do when the books are red."""
    if not problems:
        return ""
    return (
        "`tongmai sync NAME --key KEY` reads and books a record anew; what is gone for good is written off with"
        " `tongmai ledger write-off RUN-OR-TARGET --reason WHY`"
    )


def recount_all(cursor: Cursor) -> list[dict[str, Any]]:
    """Both equations for every stream (all its runs together) and every target (since the beginning)."""
    rows: list[dict[str, Any]] = []
    cursor.execute("select id, connection, stream from hub.stream order by connection, stream")
    for stream_id, connection, stream in cursor.fetchall():
        books, problems = recount_in(cursor, stream_id)
        terms = zeros(IN_TERMS)
        for own in books.values():
            for term, count in own.items():
                terms[term] += count
        rows.append({"name": f"{connection}.{stream}", "terms": terms, "problems": problems})
    cursor.execute("select name from hub.target order by name")
    for (target,) in cursor.fetchall():
        terms, problems = recount_out(cursor, target, None)
        rows.append({"name": target, "terms": terms, "problems": problems})
    return rows

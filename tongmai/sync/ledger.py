"""The two equations, recounted from the tables. What cannot be found makes the books red."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from masterdata.store import Cursor
from tongmai.sync.outcome import FINAL
from tongmai.sync.report import IN_TERMS, OUT_TERMS, zeros

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
    for run, term, count in [row[1:4] for row in rows if row[0] == "inbox"]:
        if run not in books:
            problems.append(f"{count} inbox rows name run {run}, which is not there")
        elif term == "missing":
            problems.append(f"run {run}: {count} stored records have neither an outcome nor a work key")
        else:
            books[run][term] = count
    for run, terms in books.items():
        found = sum(count for term, count in terms.items() if term != "read")
        missing = terms["read"] - found
        if missing and not any(run in problem for problem in problems):
            problems.append(f"run {run}: read {terms['read']}, accounted for {found}, {missing} without a trace")
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
    terms["queued"] = queued - earlier
    found = sum(count for term, count in terms.items() if term != "queued")
    problems = []
    if found != terms["queued"]:
        problems.append(f"{target}: queued {terms['queued']}, accounted for {found}")
    return terms, problems


def next_steps(problems: Sequence[str]) -> str:
    """What to do when the books are red."""
    if not problems:
        return ""
    return "find the record with `tongmai trace`, then `tongmai sync NAME --key KEY` reads and books it anew"


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

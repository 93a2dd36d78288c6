"""The run rows: begin, end, look up."""

from __future__ import annotations

import json
from typing import Any

from masterdata.store import Database, connect
from tongmai.core import ids
from tongmai.core.settings import database_url
from tongmai.sync.report import AGAIN_TERMS, IN_TERMS, OUT_TERMS, SyncReport, total


def begin(database: Database, sync: str, release: bytes, trigger: str, external_id: str, stream_id: int) -> str:
    """A new run row; earlier runs of this sync that never ended are marked as died. The caller holds the sync's lock."""
    run = ids.run_id()
    with database.transaction() as cursor:
        cursor.execute(
            "update hub.run set state = 'died', finished_at = now() where sync = %s and state = 'running'", (sync,)
        )
        cursor.execute(
            "insert into hub.run (id, sync, release, trigger, external_id, stream_id) values (%s, %s, %s, %s, %s, %s)",
            (run, sync, release, trigger, external_id, stream_id),
        )
    return run


def end(database: Database, report: SyncReport) -> None:
    """Close the run with its report."""
    with database.transaction() as cursor:
        cursor.execute(
            "update hub.run set state = %s, finished_at = now(), report = %s where id = %s",
            ("done" if report.ok else "failed", json.dumps(report.as_json(), ensure_ascii=False), report.run),
        )


def load_report(external_id: str) -> SyncReport | None:
    """The report of an Airflow run (``<dag_id>/<run_id>``): one sync's, or a group's with its members; the last try of each.

    A baseline that an outbound sync ran stands inside that sync's report; it is not counted beside it again.
    """
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute(
            "select report from hub.run where external_id = %s and report is not null order by started_at, id",
            (external_id,),
        )
        found = [from_json(row[0]) for row in cursor]
    inside = {member.run for report in found for member in report.members}
    last = {report.sync: report for report in found if report.run not in inside}
    reports = [report for report in found if last.get(report.sync) is report]
    if not reports:
        return None
    if len(reports) == 1:
        return reports[0]
    return total(external_id.split("/", 1)[0], external_id.split("/", 1)[-1], reports)


def recent(limit: int) -> list[SyncReport]:
    """The newest ended runs, newest first."""
    with connect(database_url()) as database, database.transaction() as cursor:
        cursor.execute(
            "select report from hub.run where report is not null order by started_at desc limit %s", (limit,)
        )
        return [from_json(row[0]) for row in cursor]


def from_json(line: dict[str, Any]) -> SyncReport:
    """A report back from its JSON."""
    return SyncReport(
        line["sync"],
        line["run"],
        {term: int(line["in"].get(term, 0)) for term in IN_TERMS},
        {term: int(line["out"].get(term, 0)) for term in OUT_TERMS},
        bool(line["balanced"]),
        list(line.get("problems", [])),
        str(line.get("error", {}).get("text", "")),
        str(line.get("error", {}).get("code", "")),
        [from_json(member) for member in line.get("members", [])],
        {name: int(count) for name, count in line.get("instances", {}).items()},
        again={term: int(line.get("again", {}).get(term, 0)) for term in AGAIN_TERMS},
    )

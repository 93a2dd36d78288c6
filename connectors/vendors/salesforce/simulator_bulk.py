"""Bulk API 2.0 of the simulated system: jobs that take a table, and jobs that run a query."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from connectors.testing.simulator import Reply, Request, json_reply
from connectors.vendors.salesforce.simulator_data import stamp
from connectors.vendors.salesforce.simulator_fields import Field, Kind, kind, new_id
from connectors.vendors.salesforce.simulator_query import Queries
from connectors.vendors.salesforce.simulator_refused import RefusedError
from connectors.vendors.salesforce.simulator_write import Several, Writes

Row = dict[str, Any]
_INGEST = {"insert", "update", "upsert", "delete", "hardDelete"}
_DELIMITERS = {"COMMA": ",", "SEMICOLON": ";", "TAB": "\t", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
_MOST = 100 * 1024 * 1024


@dataclass
class Job:
    """One job. ``looks``: how often its state was asked since it was started."""

    id: str
    spec: Row
    made: str
    query: bool = False
    state: str = "Open"
    text: str | None = None
    looks: int = 0
    error: str = ""
    good: list[Row] = field(default_factory=list)
    bad: list[Row] = field(default_factory=list)
    left: list[Row] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    found: str = ""


class BulkJobs:
    """All jobs."""

    def __init__(self, writes: Writes, queries: Queries) -> None:
        self._writes = writes
        self._queries = queries
        self._jobs: dict[str, Job] = {}

    def answer(self, request: Request, parts: list[str], base: str, asked: dict[str, str], body: Any) -> Reply:
        """``/jobs/ingest…`` and ``/jobs/query…``; ``parts`` are what follows ``/jobs``."""
        query = parts[0] == "query"
        if len(parts) == 1:
            if request.method == "POST":
                return json_reply(self._shown(self._opened(body(), query), base))
            jobs = [self._shown(job, base) for job in self._jobs.values() if job.query == query]
            return json_reply({"done": True, "records": jobs, "nextRecordsUrl": None})
        job = self._jobs.get(parts[1])
        if job is None or job.query != query:
            raise RefusedError("NOTFOUND", "The requested resource does not exist", 404)
        if len(parts) == 2:
            return self._one(request.method, job, base, body)
        if query and parts[2] == "results":
            return self._found(job, asked)
        if parts[2] == "batches" and request.method == "PUT":
            return self._upload(request, job)
        return self._results(job, parts[2])

    # -- a job's life ------------------------------------------------------------------------------------------------

    def _opened(self, spec: Row, query: bool) -> Job:
        if query:
            if spec.get("operation") not in ("query", "queryAll"):
                raise RefusedError("InvalidJob", "operation must be query or queryAll")
            self._queries.parsed(str(spec.get("query") or ""))
        else:
            of = kind(str(spec.get("object") or ""))
            if of is None:
                raise RefusedError("InvalidJob", f"Unable to find object: {spec.get('object')}")
            if spec.get("operation") not in _INGEST:
                raise RefusedError("InvalidJob", f"operation {spec.get('operation')} is not one of {sorted(_INGEST)}")
            if spec["operation"] == "upsert":
                self._writes.external(of, str(spec.get("externalIdFieldName") or ""))
        number = len(self._jobs) + 1
        job = Job(
            new_id("750", number),
            dict(spec),
            stamp(self._writes.org.now()),
            query,
            "UploadComplete" if query else "Open",
        )
        self._jobs[job.id] = job
        return job

    def _one(self, method: str, job: Job, base: str, body: Any) -> Reply:
        if method == "PATCH":
            wanted = str(body().get("state"))
            if wanted == "Aborted" and job.state in ("Open", "UploadComplete", "InProgress"):
                job.state = "Aborted"
            elif wanted == "UploadComplete" and job.state == "Open" and job.text is not None:
                job.state = "UploadComplete"
            else:
                raise RefusedError("InvalidJobState", f"Job state {job.state} cannot become {wanted}")
        elif method == "DELETE":
            if job.state not in ("JobComplete", "Aborted", "Failed", "UploadComplete"):
                raise RefusedError("InvalidJobState", f"a job in state {job.state} cannot be deleted")
            del self._jobs[job.id]
            return Reply(b"", 204)
        else:
            self._goes_on(job)
        return json_reply(self._shown(job, base))

    def _upload(self, request: Request, job: Job) -> Reply:
        if not request.headers.get("content-type", "").startswith("text/csv"):
            raise RefusedError("InvalidContentType", "the content type must be text/csv", 415)
        if job.state != "Open" or job.text is not None:
            raise RefusedError("InvalidJobState", "Job does not accept any more data")
        if len(request.body) > _MOST:
            raise RefusedError("ExceededQuota", "the data is too large", 413)
        job.text = request.body.decode("utf-8")
        return Reply(b"", 201)

    def _goes_on(self, job: Job) -> None:
        """A started job waits, works, and is complete: each look sees it a step further."""
        if job.state not in ("UploadComplete", "InProgress"):
            return
        job.looks += 1
        if job.looks < int(self._writes.org.state.switches["bulk_looks"]):
            job.state = "InProgress" if job.looks > 1 else job.state
            return
        if job.query:
            self._query(job)
        else:
            self._work(job)

    def _work(self, job: Job) -> None:
        of = kind(job.spec["object"])
        assert of is not None and job.text is not None
        if "\r\n" in job.text and job.spec.get("lineEnding", "LF") == "LF":
            job.state, job.error = "Failed", "LineEnding is invalid on user data. Current LineEnding setting is LF"
            return
        delimiter = _DELIMITERS[job.spec.get("columnDelimiter", "COMMA")]
        reader = csv.DictReader(io.StringIO(job.text, newline=""), delimiter=delimiter)
        job.columns = list(reader.fieldnames or [])
        rows = list(reader)
        wrong = [name for name in job.columns if not _column(of, name)]
        if wrong:
            job.state, job.left = "Failed", rows
            job.error = f"InvalidBatch : Field name not found : {wrong[0]}"
            return
        most = int(self._writes.org.state.switches["bulk_stops_after"]) or len(rows)
        for row in rows[:most]:
            self._row(job, of, row)
        job.left = rows[most:]
        job.state = "Failed" if job.left else "JobComplete"
        job.error = "InternalServerError : the job stopped" if job.left else ""

    def _row(self, job: Job, of: Kind, row: Row) -> None:
        key = ""
        try:
            key, created = self._act(job, of, _fields(of, row))
        except Several:
            error = "DUPLICATE_EXTERNAL_ID:more than one record found for external id field:--"
            job.bad.append({"sf__Id": "", "sf__Error": error, **row})
        except RefusedError as refused:
            error = f"{refused.code}:{refused.message}:{','.join(refused.fields)} --"
            job.bad.append({"sf__Id": str(row.get("Id") or ""), "sf__Error": error, **row})
        else:
            job.good.append({"sf__Id": key, "sf__Created": "true" if created else "false", **row})

    def _act(self, job: Job, of: Kind, fields: Row) -> tuple[str, bool]:
        operation = job.spec["operation"]
        if operation == "insert":
            return self._writes.create(of, fields), True
        if operation == "upsert":
            column = self._writes.external(of, job.spec["externalIdFieldName"]).name
            value = fields.pop(column, None)
            if value in (None, ""):
                raise RefusedError("MISSING_ARGUMENT", f"{column} not specified")
            return self._writes.upsert(of, column, str(value), fields)
        key = str(fields.pop("Id", ""))
        if operation == "update":
            self._writes.update(of, key, fields)
        else:
            self._writes.delete(of, key)
        return key, False

    # -- what comes out ----------------------------------------------------------------------------------------------

    def _results(self, job: Job, name: str) -> Reply:
        kept = {
            "successfulResults": (job.good, ["sf__Id", "sf__Created"]),
            "failedResults": (job.bad, ["sf__Id", "sf__Error"]),
            "unprocessedrecords": (job.left, []),
        }.get(name)
        if kept is None:
            raise RefusedError("NOTFOUND", "The requested resource does not exist", 404)
        if job.state not in ("JobComplete", "Failed", "Aborted"):
            raise RefusedError("InvalidJobState", f"the job is {job.state}")
        rows, columns = kept
        # Results come in no order: here, the other way round.
        return _table([*columns, *job.columns], list(reversed(rows)))

    def _query(self, job: Job) -> None:
        query = self._queries.parsed(job.spec["query"])
        rows = self._queries.found(query, job.spec["operation"] == "queryAll")
        columns = [".".join(path) for path in query.paths]
        flat = [_flat(self._queries.shown(query, row, "")) for row in rows]
        job.columns, job.good, job.state = columns, flat, "JobComplete"

    def _found(self, job: Job, asked: dict[str, str]) -> Reply:
        if job.state != "JobComplete":
            raise RefusedError("InvalidJobState", f"the job is {job.state}")
        start = int(asked.get("locator") or 0)
        size = int(asked.get("maxRecords") or 50_000)
        some = job.good[start : start + size]
        onward = str(start + size) if start + size < len(job.good) else "null"
        made = _table(job.columns, some)
        headers = (("Sforce-Locator", onward), ("Sforce-NumberOfRecords", str(len(some))))
        return Reply(made.body, 200, made.content_type, headers)

    def _shown(self, job: Job, base: str) -> Row:
        shown: Row = {
            "id": job.id,
            "operation": job.spec.get("operation"),
            "object": job.spec.get("object") or self._queries.parsed(job.spec["query"]).kind.name,
            "createdById": self._writes.org.user,
            "createdDate": job.made,
            "systemModstamp": job.made,
            "state": job.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(base.rpartition("/v")[2]),
            "lineEnding": job.spec.get("lineEnding", "LF"),
            "columnDelimiter": job.spec.get("columnDelimiter", "COMMA"),
            "jobType": "V2Query" if job.query else "V2Ingest",
        }
        if job.query:
            return {**shown, "numberRecordsProcessed": len(job.good)}
        return {
            **shown,
            "externalIdFieldName": job.spec.get("externalIdFieldName"),
            "contentUrl": f"{base.lstrip('/')}/jobs/ingest/{job.id}/batches",
            "numberRecordsProcessed": len(job.good) + len(job.bad),
            "numberRecordsFailed": len(job.bad),
            "errorMessage": job.error or None,
        }


def _column(of: Kind, name: str) -> Field | None:
    head, _, inner = name.partition(".")
    if not inner:
        return of.field(head)
    link = of.related(head)
    above = kind(link.target) if link else None
    return above.field(inner) if above else None


def _fields(of: Kind, row: Row) -> Row:
    """A row's cells as values: empty cells are left as they are, ``#N/A`` clears."""
    found: Row = {}
    for name, text in row.items():
        if text in ("", None):
            continue
        known = _column(of, name)
        assert known is not None
        value = _value(known, text)
        head, _, inner = name.partition(".")
        found[known.name if not inner else head] = {inner: value} if inner else value
    return found


def _value(known: Field, text: str) -> Any:
    if text == "#N/A":
        return None
    if known.type == "boolean":
        return text.lower() in ("true", "1")
    if known.type in ("double", "currency", "percent", "int"):
        try:
            return int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            raise RefusedError(
                "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{known.name}: value not of required type: {text}"
            ) from None
    return text


def _flat(record: Row) -> Row:
    found: Row = {}
    for name, value in record.items():
        if name == "attributes":
            continue
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": each for inner, each in value.items() if inner != "attributes"}
        else:
            found[name] = (
                {True: "true", False: "false", None: ""}.get(value, value)
                if not isinstance(value, int | float) or isinstance(value, bool)
                else value
            )
    return found


def _table(columns: list[str], rows: list[Row]) -> Reply:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(
        file, columns, restval="", extrasaction="ignore", quoting=csv.QUOTE_ALL, lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return Reply(file.getvalue().encode(), 200, "text/csv")

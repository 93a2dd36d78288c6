"""A simulated Salesforce organisation. It follows the vendor's documents, not our connector."""

from __future__ import annotations

import json
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from connectors.testing.seed import DEFAULT_CUSTOMERS
from connectors.testing.simulator import Reply, Request, json_reply
from connectors.vendors.salesforce import simulator_login as login
from connectors.vendors.salesforce.simulator_bulk import BulkJobs
from connectors.vendors.salesforce.simulator_composite import composite
from connectors.vendors.salesforce.simulator_data import Organisation, moment
from connectors.vendors.salesforce.simulator_fields import KINDS, Kind, kind
from connectors.vendors.salesforce.simulator_query import (
    Queries,
    attributes,
    changes,
    described,
    everything_described,
)
from connectors.vendors.salesforce.simulator_refused import RefusedError
from connectors.vendors.salesforce.simulator_write import Several, Writes

Row = dict[str, Any]
_DATA = "/services/data"
_VERSIONS = range(58, 68)
_LONGEST_URI = 16_384


def create(seed: int = 1, customers: int = DEFAULT_CUSTOMERS, limits: bool = True) -> Salesforce:
    """An organisation with seeded records."""
    return Salesforce(seed, customers, limits)


class Salesforce:
    """The organisation. ``switches``: what its administrator set, and how it behaves today."""

    name = "salesforce"

    def __init__(self, seed: int, customers: int, limits: bool) -> None:
        self.org = Organisation(seed, customers)
        self.state = self.org.state
        self.state.switches = {
            "api_calls": 15_000 if limits else 10_000_000,
            "session_minutes": 120,
            "locator_minutes": 15,
            "duplicate_rule": False,
            "end_ahead": True,
            "lock_chance": 0.0,
            "bulk_looks": 3,
            "bulk_stops_after": 0,
        }
        self._used = 0
        self._logins = login.Logins(self.state, seed)
        self._queries = Queries(self.org)
        self._writes = Writes(self.org)
        self._bulk = BulkJobs(self._writes, self._queries)

    # -- what a simulator offers to tests ----------------------------------------------------------------------------

    def credentials(self, url: str) -> dict[str, Any]:
        """Settings of a connection."""
        return {
            "base_url": url,
            "client_id": login.CLIENT_ID,
            "client_secret": login.CLIENT_SECRET,
            "username": login.USER,
            "private_key": login.private_pem(),
            "settle_seconds": 0,
        }

    def expire_sessions(self) -> None:
        """No token given so far counts any more."""
        self._logins.expire()

    def live_keys(self, obj: str) -> set[str]:
        """Ids of records that are not deleted."""
        return {key for key, row in self.state.tables[obj].rows.items() if not row.get("IsDeleted")}

    def user_write(self, obj: str, op: str, key: str, fields: Row) -> str:
        """What a person does in the screens."""
        of = KINDS[obj]
        self.org.customise(of, fields)
        if op == "insert":
            return str(self.org.insert(of, fields)["Id"])
        if op == "delete":
            self.org.delete(of, key)
        else:
            self.org.change(of, key, fields)
        return key

    def touch(self, obj: str, key: Any, at_ms: int, fields: Row) -> None:
        """A change with this time."""
        self.org.touch(KINDS[obj], key, at_ms / 1000, fields)

    def looks_at(self, request: Request) -> str:
        """The object that a query asks for."""
        if "/query" not in request.path or request.path.endswith("/jobs/query"):
            return ""
        tail = request.path.rstrip("/").rpartition("/")[2]
        if tail in ("query", "queryAll"):
            try:
                return self._queries.parsed(_asked(request).get("q", "")).kind.name
            except RefusedError:
                return ""
        return self._queries.object_of(tail)

    def act(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """``purge``: an administrator empties the recycle bin of an object."""
        if name != "purge":
            raise ValueError(f"there is no `{name}`")
        return {"purged": self.org.purge(KINDS[str(body["object"])])}

    # -- answers -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """Answer one API call."""
        if request.path.startswith("/services/oauth2/") and request.path.rpartition("/")[2] in ("token", "revoke"):
            return self._logins.answer(request)
        try:
            path = request.path.rstrip("/")
            if path == _DATA:
                return json_reply([_version(number) for number in _VERSIONS])
            self._logins.let_in(request)
            if len(request.path) + len(request.query) > _LONGEST_URI:
                raise RefusedError("URI_TOO_LONG", "URI Too Long", 414)
            if self._used >= int(self.state.switches["api_calls"]):
                self.state.too_fast += 1
                raise RefusedError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
            self._used += 1
            self._writes.call += 1
            self._writes.save_duplicates = (
                "allowsave=true" in request.headers.get("sforce-duplicate-rule-header", "").lower()
            )
            reply = self.served(request)
        except RefusedError as refused:
            reply = json_reply(refused.body(), refused.status)
        info = f"api-usage={self._used}/{self.state.switches['api_calls']}"
        return Reply(reply.body, reply.status, reply.content_type, (*reply.headers, ("Sforce-Limit-Info", info)))

    def served(self, request: Request) -> Reply:
        """The answer to a call that was let in; also of a call within another one."""
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        found = re.fullmatch(r"v(\d+)\.0", parts[2]) if parts[:2] == ["services", "data"] and len(parts) > 2 else None
        if not found:
            raise RefusedError("NOT_FOUND", "The requested resource does not exist", 404)
        if int(found.group(1)) not in _VERSIONS:
            raise RefusedError("UNSUPPORTED_API_VERSION", f"the version {parts[2]} is not supported", 404)
        base = f"{_DATA}/{parts[2]}"
        return self._routed(request, parts[3:], base)

    def _routed(self, request: Request, parts: list[str], base: str) -> Reply:
        asked = _asked(request)
        match parts:
            case [] if request.method == "GET":
                return json_reply(
                    {"sobjects": f"{base}/sobjects", "query": f"{base}/query", "limits": f"{base}/limits"}
                )
            case ["limits"]:
                most = int(self.state.switches["api_calls"])
                return json_reply({"DailyApiRequests": {"Max": most, "Remaining": most - self._used}})
            case ["query" | "queryAll" as verb]:
                everything = verb == "queryAll"
                return json_reply(self._queries.ask(asked.get("q", ""), base, _batch(request), everything))
            case ["query" | "queryAll", mark]:
                return json_reply(self._queries.more(mark, base))
            case ["jobs", "ingest" | "query", *_]:
                return self._bulk.answer(request, parts[1:], base, asked, lambda: _json(request))
            case ["composite"] if request.method == "POST":
                return json_reply({"compositeResponse": composite(_json(request), request, self.served, self._writes)})
            case ["composite", "sobjects", *rest]:
                return self._collection(request, rest, asked, base)
            case ["sobjects"]:
                return json_reply(everything_described())
            case ["sobjects", name, *rest]:
                return self._object(request, _kind(name), rest, asked, base)
        raise RefusedError("NOT_FOUND", "The requested resource does not exist", 404)

    def _object(self, request: Request, of: Kind, rest: list[str], asked: dict[str, str], base: str) -> Reply:
        match request.method, rest:
            case "POST", []:
                return json_reply({"id": self._writes.create(of, _json(request)), "success": True, "errors": []}, 201)
            case "GET", []:
                return json_reply({"objectDescribe": of.described(), "recentItems": []})
            case "GET", ["describe"]:
                return json_reply(described(of, self.org.added[of.name].values()))
            case "GET", ["updated" | "deleted" as which]:
                return json_reply(changes(self.org, of, asked, which == "deleted"))
            case _, [key]:
                return self._record(request, of, key, asked, base)
            case _, [column, value]:
                return self._by_value(request, of, column, value, asked, base)
        raise RefusedError("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed", 405)

    def _record(self, request: Request, of: Kind, key: str, asked: dict[str, str], base: str) -> Reply:
        if request.method == "GET":
            return json_reply(self._shown(of, self._writes.there(of, key), asked, base))
        if request.method == "DELETE":
            self._writes.delete(of, key)
            return Reply(b"", 204)
        if request.method != "PATCH":
            raise RefusedError("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed", 405)
        since = request.headers.get("if-unmodified-since")
        if since and moment(self._writes.there(of, key)["LastModifiedDate"]) > parsedate_to_datetime(since).astimezone(
            UTC
        ):
            return Reply(b"", 412)
        self._writes.update(of, key, _json(request))
        return Reply(b"", 204)

    def _by_value(self, request: Request, of: Kind, column: str, value: str, asked: dict[str, str], base: str) -> Reply:
        known = self._writes.external(of, column)
        try:
            if request.method == "PATCH":
                key, made = self._writes.upsert(of, column, value, _json(request))
                return json_reply({"id": key, "success": True, "errors": [], "created": made}, 201 if made else 200)
            keys = self._writes.by_value(of, known, value)
            if len(keys) > 1:
                raise Several(of, keys)
            if not keys:
                raise RefusedError("NOT_FOUND", "The requested resource does not exist", 404)
            return self._record(request, of, keys[0], asked, base)
        except Several as several:
            return json_reply([f"{base}/sobjects/{of.name}/{key}" for key in several.keys], 300)

    def _shown(self, of: Kind, row: Row, asked: dict[str, str], base: str) -> Row:
        names = [name for name in asked.get("fields", "").split(",") if name] or list(of.fields)
        unknown = [name for name in names if of.field(name) is None]
        if unknown:
            raise RefusedError("INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{of.name}'.")
        found = {each.name: row.get(each.name) for name in names if (each := of.field(name))}
        return {"attributes": attributes(of, row["Id"], base), **found}

    def _collection(self, request: Request, rest: list[str], asked: dict[str, str], base: str) -> Reply:
        match request.method, rest:
            case "POST", []:
                return json_reply(self._writes.together(_json(request), "create"))
            case "PATCH", []:
                return json_reply(self._writes.together(_json(request), "update"))
            case "DELETE", []:
                keys = [key for key in asked.get("ids", "").split(",") if key]
                return json_reply(self._writes.delete_together(keys, asked.get("allOrNone", "").lower() == "true"))
            case "PATCH", [name, column]:
                of = _kind(name)
                self._writes.external(of, column)
                return json_reply(self._writes.together(_json(request), "upsert", of.name, column))
            case "POST" | "GET", [name]:
                of = _kind(name)
                body = (
                    _json(request)
                    if request.method == "POST"
                    else {n: asked.get(n, "").split(",") for n in ("ids", "fields")}
                )
                fields = {"fields": ",".join(body.get("fields") or [])}
                rows = [self.org.live(of, str(key)) for key in body.get("ids") or []]
                return json_reply([self._shown(of, row, fields, base) if row else None for row in rows])
        raise RefusedError("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed", 405)


def _kind(name: str) -> Kind:
    found = kind(name)
    if found is None:
        raise RefusedError("NOT_FOUND", "The requested resource does not exist", 404)
    return found


def _version(number: int) -> Row:
    year, season = 2020 + (number - 47) // 3, ("Spring", "Summer", "Winter")[(number - 48) % 3]
    return {"label": f"{season} '{year % 100}", "url": f"{_DATA}/v{number}.0", "version": f"{number}.0"}


def _asked(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(request.query).items()}


def _batch(request: Request) -> int:
    found = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""), re.IGNORECASE)
    return int(found.group(1)) if found else 2000


def _json(request: Request) -> Row:
    try:
        body = json.loads(request.body)
    except ValueError:
        raise RefusedError("JSON_PARSER_ERROR", "Unexpected character in the body") from None
    if not isinstance(body, dict):
        raise RefusedError("JSON_PARSER_ERROR", "an object is expected")
    return body

"""A simulated OData service with both faces, `/v2` and `/v4`: paging links, ETags, CSRF tokens, a part of `$filter`, change links."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from connectors.testing.seed import generate
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.testing.table import Table
from connectors.vendors.odata.simulator_query import BadQueryError, matches
from connectors.vendors.odata.simulator_wire import METADATA, entity, put_in, shown_key

Row = dict[str, Any]
USER, PASSWORD = "hub", "odata-secret-1"
KEYS = {"Orders": "OrderID", "Tags": "ID"}
_ENTITY = re.compile(r"(\w+)\((.*)\)")
_START = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def create(*, seed: int = 1, customers: int = 2000, limits: bool = True) -> ODataVendor:
    """A simulator of this seed."""
    return ODataVendor(seed, customers)


class RefusedError(Exception):
    def __init__(self, status: int, code: str, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


class ODataVendor:
    """``server_page``: rows the service gives at once, whatever is asked; ``csrf``, ``etags``: whether it wants them."""

    name = "odata"

    def __init__(self, seed: int, customers: int) -> None:
        companies = generate(seed, customers).companies
        orders = [self._order(n, each.name, _START + n * 60) for n, each in enumerate(companies, 1)]
        tags = [{"ID": n, "Name": f"tag {n}", "changed": _ms(_START + n)} for n in range(1, min(customers, 25) + 1)]
        tables: dict[str, Table[Any]] = {
            "Orders": Table(lambda row: int(row["changed"]), [(row["OrderID"], row) for row in orders]),
            "Tags": Table(lambda row: int(row["changed"]), [(row["ID"], row) for row in tags]),
        }
        truth = {name: sorted(str(key) for key in table.rows) for name, table in tables.items()}
        self.state = State(tables, truth)
        self.state.switches = {"server_page": 4, "csrf": True, "etags": True, "silent_cap": 0}
        self._next = {"Orders": len(orders), "Tags": len(tags)}
        self._log: list[tuple[str, Any, bool]] = []
        self._tokens: set[str] = set()
        self._minted = 0

    def _order(self, number: int, title: str, at: float) -> Row:
        return {
            "OrderID": f"SO{number:06d}", "Title": title, "Reference": f"OLD-{number}", "Amount": Decimal(f"{number}.10"),
            "Big": 9_007_199_254_740_993 + number, "Closed": False, "changed": _ms(at),
            "Items": [{"Line": line, "Text": f"line {line}"} for line in range(1, 2 + number % 3)],
        }  # fmt: skip

    # -- what a simulator offers to tests ----------------------------------------------------------------------------

    def credentials(self, url: str) -> Row:
        return {"base_url": f"{url}/v4", "user": USER, "password": PASSWORD}

    def expire_sessions(self) -> None:
        self._tokens.clear()

    def user_write(self, obj: str, op: str, key: str, fields: Row) -> str:
        table = self.state.tables[obj]
        if op == "insert":
            return str(self._insert(obj, fields)[KEYS[obj]])
        real = self._real(obj, key)
        if op == "delete":
            table.remove(real)
            self._log.append((obj, real, True))
        else:
            self._store(obj, real, {**table.rows[real], **fields})
        return key

    def touch(self, obj: str, key: Any, at_ms: int, fields: Row) -> None:
        self._store(obj, key, {**self.state.tables[obj].rows[key], **fields}, at_ms)

    def looks_at(self, request: Request) -> str:
        name = request.path.rpartition("/")[2]
        return name if request.method == "GET" and name in KEYS else ""

    # -- answers -----------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        version, _, rest = request.path.lstrip("/").partition("/")
        if version not in ("v2", "v4"):
            return json_reply({"error": {"code": "404", "message": "no such service"}}, 404)
        try:
            self._let_in(request)
            return self._served(version, rest, request)
        except BadQueryError as error:
            return _error(version, RefusedError(400, "005056A509B11EE1B9A8FEC11C21578E", str(error)))
        except RefusedError as error:
            return _error(version, error)

    def _let_in(self, request: Request) -> None:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != wanted:
            raise RefusedError(401, "401", "Logon failed")
        if request.method == "GET":
            return
        token, cookies = request.headers.get("x-csrf-token", ""), request.headers.get("cookie", "")
        if self.state.switches["csrf"] and (token not in self._tokens or f"session={token}" not in cookies):
            raise RefusedError(403, "csrf", "", (("x-csrf-token", "Required"),))

    def _served(self, version: str, rest: str, request: Request) -> Reply:
        if rest == "":
            return self._root(version, request)
        if rest == "$metadata":
            return Reply(METADATA[version].encode(), content_type="application/xml")
        found = _ENTITY.fullmatch(unquote(rest))
        if found and found[1] in KEYS:
            return self._entity(version, found[1], self._real(found[1], _key_text(found[2])), request)
        if rest not in KEYS:
            raise RefusedError(404, "/IWFND/CM_MGW/051", f"Resource not found for the segment '{rest}'")
        if request.method == "POST":
            return self._create(version, rest, request)
        return self._list(version, rest, request)

    def _root(self, version: str, request: Request) -> Reply:
        sets = (
            {"d": {"EntitySets": list(KEYS)}} if version == "v2" else {"value": [{"name": n, "url": n} for n in KEYS]}
        )
        headers: tuple[tuple[str, str], ...] = ()
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            self._minted += 1
            token = f"csrf{self._minted:020d}"
            self._tokens.add(token)
            headers = (("x-csrf-token", token), ("set-cookie", f"session={token}; Path=/; HttpOnly"))
        return json_reply(sets, headers=headers)

    def _list(self, version: str, name: str, request: Request) -> Reply:
        asked = {key: values[-1] for key, values in parse_qs(request.query, keep_blank_values=True).items()}
        tracking = "track-changes" in request.headers.get("prefer", "")
        if "$deltatoken" in asked:
            return self._delta(name, int(asked["$deltatoken"]), request)
        rows = [put_in(version, row, name) for row in self.state.tables[name].after(None)]
        rows = [row for row in rows if matches(version, asked.get("$filter", ""), row)]
        for part in reversed([part for part in asked.get("$orderby", "").split(",") if part]):
            field, _, way = part.strip().partition(" ")
            rows.sort(key=lambda row, field=field: row[field], reverse=way == "desc")  # type: ignore[misc]
        start = int(asked.get("$skip", 0))
        rows = rows[start : start + int(asked["$top"])] if "$top" in asked else rows[start:]
        if self.state.switches["silent_cap"]:
            rows = rows[: self.state.switches["silent_cap"]]
        at = int(asked.get("$skiptoken", "t0")[1:])
        size = self.state.switches["server_page"] or len(rows) + 1
        some, more = rows[at : at + size], at + size < len(rows)
        expand = asked.get("$expand", "").split(",")
        listed = [entity(version, name, row, self._base(request, version), expand, self._etags()) for row in some]
        kept = "&".join(f"{key}={quote(value, safe='$')}" for key, value in asked.items() if key != "$skiptoken")
        onward = (
            f"{self._base(request, version)}/{name}?{kept}{'&' if kept else ''}$skiptoken=t{at + size}" if more else ""
        )
        if version == "v2":
            return json_reply({"d": {"results": listed, **({"__next": onward} if onward else {})}})
        body: Row = {"@odata.context": f"$metadata#{name}", "value": listed}
        if onward:
            body["@odata.nextLink"] = onward
        elif tracking and name == "Tags":
            body["@odata.deltaLink"] = f"{name}?$deltatoken={len(self._log)}"
        return json_reply(body)

    def _delta(self, name: str, since: int, request: Request) -> Reply:
        if since > len(self._log) or since < 0:
            raise RefusedError(410, "410", "the delta token is not known any more")
        last: dict[Any, bool] = {key: gone for obj, key, gone in self._log[since:] if obj == name}
        rows = []
        for key, gone in last.items():
            if gone:
                rows.append({"@removed": {"reason": "deleted"}, "@odata.id": f"{name}({key})"})
            else:
                row = put_in("v4", self.state.tables[name].rows[key], name)
                rows.append(entity("v4", name, row, self._base(request, "v4"), [], self._etags()))
        link = f"{name}?$deltatoken={len(self._log)}"
        return json_reply({"@odata.context": f"$metadata#{name}/$delta", "value": rows, "@odata.deltaLink": link})

    def _entity(self, version: str, name: str, key: Any, request: Request) -> Reply:
        table = self.state.tables[name]
        row = put_in(version, table.rows[key], name)
        expand = parse_qs(request.query).get("$expand", [""])[-1].split(",")
        if request.method == "GET":
            shown = entity(version, name, row, self._base(request, version), expand, self._etags())
            return json_reply({"d": shown} if version == "v2" else shown)
        method = request.headers.get("x-http-method", request.method) if request.method == "POST" else request.method
        if method not in ("PUT", "PATCH", "MERGE"):
            raise RefusedError(405, "405", f"{method} is not allowed here")
        if self._etags():
            given = request.headers.get("if-match", "")
            if not given:
                raise RefusedError(428, "SADL_ENTITY_RUNTIME/006", "Precondition required (If-Match missing)")
            if given not in ("*", f'W/"{table.rows[key]["changed"]}"'):
                raise RefusedError(412, "/IWBEP/CM_MGW_RT/022", "Precondition failed")
        body = self._checked(name, _json(request), key, {} if request.method == "PUT" else table.rows[key])
        kept = {part: table.rows[key][part] for part in (KEYS[name], "Items") if part in table.rows[key]}
        base = kept if request.method == "PUT" else table.rows[key]
        self._store(name, key, {**base, **body})
        self.state.ledger.add(self.state.clock.now(), name, "update", str(key), _json(request))
        return Reply(b"", 204, headers=(("ETag", f'W/"{table.rows[key]["changed"]}"'),))

    def _create(self, version: str, name: str, request: Request) -> Reply:
        fields = _json(request)
        made = self._insert(name, self._checked(name, fields, None, {}))
        key = made[KEYS[name]]
        ours = str(fields.get("Reference") or "")
        self.state.ledger.add(self.state.clock.now(), name, "create", str(key), fields, our_key=ours)
        row = put_in(version, made, name)
        base = self._base(request, version)
        shown = entity(version, name, row, base, ["Items"] if "Items" in fields else [], self._etags())
        headers = (("Location", f"{base}/{name}({shown_key(key)})"),)
        return json_reply({"d": shown} if version == "v2" else shown, 201, headers)

    # -- records -----------------------------------------------------------------------------------------------------

    def _checked(self, name: str, fields: Row, key: Any, before: Row) -> Row:
        if name == "Orders":
            whole = {**before, **fields}
            if not whole.get("Title"):
                raise RefusedError(400, "V1/320", "Title must not be empty")
            if str(whole.get("Title")).startswith("locked"):
                raise RefusedError(400, "V1/042", "The sales order is currently being processed by MILLER")
            rows = self.state.tables[name].rows.items()
            ours = whole.get("Reference")
            if ours and any(row.get("Reference") == ours for each, row in rows if each != key):
                raise RefusedError(409, "V1/409", f"Reference {ours} is taken")
        made = {part: value for part, value in fields.items() if part not in ("Changed", KEYS[name], "changed")}
        if "Amount" in made:
            made["Amount"] = Decimal(str(made["Amount"]))
        if isinstance(made.get("Items"), dict):
            made["Items"] = made["Items"]["results"]
        return made

    def _insert(self, name: str, fields: Row) -> Row:
        self._next[name] += 1
        number = self._next[name]
        if name == "Orders":
            start = {**self._order(number, "", 0), "Reference": "", "Items": []}
            key: Any = start["OrderID"]
        else:
            start, key = {"ID": number, "Name": ""}, number
        self._store(name, key, {**start, **fields, KEYS[name]: key})
        found: Row = self.state.tables[name].rows[key]
        return found

    def _store(self, name: str, key: Any, row: Row, at_ms: int | None = None) -> None:
        old = self.state.tables[name].rows.get(key)
        stamp = _ms(self.state.clock.now()) if at_ms is None else at_ms
        if at_ms is None and old is not None and old["changed"] == stamp:
            stamp += 1
        self.state.tables[name].put(key, {**row, "changed": stamp})
        self._log.append((name, key, False))

    def _real(self, name: str, key: str) -> Any:
        real: Any = int(key) if name == "Tags" and key.isdigit() else key
        if real not in self.state.tables[name].rows:
            raise RefusedError(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for {name}({key})")
        return real

    def _etags(self) -> bool:
        return bool(self.state.switches["etags"])

    def _base(self, request: Request, version: str) -> str:
        return f"http://{request.headers.get('host', '127.0.0.1')}/{version}"


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _key_text(text: str) -> str:
    text = text.rpartition("=")[2] if re.match(r"\w+=", text) else text
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def _json(request: Request) -> Row:
    try:
        body = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        raise RefusedError(400, "400", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "400", "the body is not an object")
    return body


def _error(version: str, error: RefusedError) -> Reply:
    if error.status == 401:
        return Reply(b"<html>Logon failed</html>", 401, "text/html", (("WWW-Authenticate", 'Basic realm="SAP"'),))
    if error.code == "csrf":
        return Reply(b"CSRF token validation failed", 403, "text/plain", error.headers)
    if version == "v4":
        return json_reply({"error": {"code": error.code, "message": error.message, "details": []}}, error.status)
    details = [{"code": error.code, "message": error.message, "severity": "error"}]
    said = {"lang": "en", "value": "An error occurred"}
    inner = {"transactionid": "FD29D71F", "errordetails": details}
    return json_reply({"error": {"code": error.code, "message": said, "innererror": inner}}, error.status)

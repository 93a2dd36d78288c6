"""A simulated system made from ``simulator.yaml``."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict, deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from connectors.sdk import moment, places
from connectors.testing.declared.listing import Lists
from connectors.testing.declared.model import Object, Simulated
from connectors.testing.declared.refused import RefusedError
from connectors.testing.seed import generate
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.testing.table import Table
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError

Row = dict[str, Any]
_PLACES = frozenset({"token", "seconds", "code", "message", "row", "key", "n", "company"})


def load(file: Path) -> Simulated:
    """The model of a ``simulator.yaml``. Raises ``ConfigurationError`` with every mistake."""
    document = yamlfile.load(file)[0]
    loaded = yamlfile.check(document, Simulated, "simulator") if not document.findings else None
    if loaded is None:
        raise ConfigurationError(
            f"{file.parent.name}/{file.name}",
            f"{len(document.findings)} mistake(s)",
            code="bad-simulator",
            findings=document.findings,
        )
    return loaded


class DeclaredVendor:
    """One simulated system."""

    def __init__(self, spec: Simulated, seed: int, customers: int, *, limits: bool = True) -> None:
        self.name = spec.simulator
        self.spec = spec
        self._seed = seed
        self._tokens: dict[str, float] = {}
        self._made: dict[str, int] = defaultdict(int)
        self._limits = spec.limits
        self._taken: list[deque[float]] = [deque() for _ in self._limits]
        tables = {name: self._seeded(name, each, customers) for name, each in spec.objects.items()}
        truth = {name: sorted(str(key) for key in table.rows) for name, table in tables.items()}
        self.state = State(dict(tables), truth)
        self.state.switches = {"limits": limits}
        self._lists = Lists(spec, self.state)

    # -- what a simulator offers to tests --------------------------------------------------------------------------------

    def credentials(self, url: str) -> dict[str, Any]:
        """Settings of a connection."""
        return {"base_url": url, **self.spec.settings}

    def expire_sessions(self) -> None:
        """No token given so far is taken any more."""
        self._tokens.clear()

    def live_keys(self, obj: str) -> set[str]:
        """Keys of records that are not deleted."""
        flag = self.spec.objects[obj].gone
        return {str(key) for key, row in self.state.tables[obj].rows.items() if not (flag and row.get(flag))}

    def user_write(self, obj: str, op: str, key: str, fields: Row) -> str:
        """A person's change in the system's screens."""
        spec, table = self.spec.objects[obj], self.state.tables[obj]
        if op == "insert":
            return str(self._insert(obj, fields)[spec.key])
        real = self._real(obj, key)
        if op == "delete":
            self._remove(obj, real)
        else:
            table.put(real, self._stamped(spec, {**table.rows[real], **fields}))
        return key

    def touch(self, obj: str, key: Any, at_ms: int, fields: Row) -> None:
        """A change that has this time, whatever the clock says."""
        spec, table = self.spec.objects[obj], self.state.tables[obj]
        table.put(key, self._stamped(spec, {**table.rows[key], **fields}, at_ms / 1000))

    def looks_at(self, request: Request) -> str:
        """The object that a list asks for."""
        found = self._lists.which(request)
        return found[0] if found else ""

    # -- answers ---------------------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        """Answer one API call."""
        try:
            login = self.spec.access.login
            if login is not None and request.method == "POST" and request.path == login.post:
                return json_reply(self._login(request))
            self._let_in(request)
            self._limit()
            return self._served(request)
        except RefusedError as refused:
            said = getattr(self.spec.answers, refused.kind)
            body = places.shape(said.get("body"), _PLACES)({"code": refused.code, "message": refused.message})
            headers = tuple((str(name), str(value)) for name, value in (said.get("headers") or {}).items())
            return json_reply(body, int(said.get("status", 400)), headers)

    def _served(self, request: Request) -> Reply:
        if self.spec.check and request.method == "GET" and request.path == self.spec.check:
            return json_reply(self.spec.check_answer)
        found = self._lists.which(request)
        if found is not None:
            return self._lists.answer(request, *found)
        for name, spec in self.spec.objects.items():
            reply = self._object(request, name, spec)
            if reply is not None:
                return reply
        raise RefusedError("not_found", "no_such_path", f"there is no {request.method} {request.path}")

    def _object(self, request: Request, name: str, spec: Object) -> Reply | None:
        method = request.method
        if method == "POST" and spec.create and request.path == spec.create:
            row = self._create(name, spec, _body(request))
            return json_reply(_said(spec.create_answer, row, spec), spec.create_status)
        for path, methods, act in (
            (spec.one, ("GET",), self._one),
            (spec.update, ("PATCH", "PUT"), self._update),
            (spec.delete, ("DELETE",), self._delete),
        ):
            key = _matched(path, request.path) if path and method in methods else None
            if key is not None:
                return act(request, name, spec, self._real(name, key))
        return None

    def _one(self, request: Request, name: str, spec: Object, key: Any) -> Reply:
        row = self.state.tables[name].rows[key]
        if spec.gone and row.get(spec.gone):
            raise RefusedError("not_found", "deleted", f"{name} {key} was deleted")
        return json_reply(_said(spec.one_answer, row, spec))

    def _create(self, name: str, spec: Object, fields: Row) -> Row:
        self._valid(name, spec, fields, None)
        row = self._insert(name, fields)
        self._note(name, "create", row[spec.key], fields)
        return row

    def _update(self, request: Request, name: str, spec: Object, key: Any) -> Reply:
        table, fields = self.state.tables[name], _body(request)
        self._valid(name, spec, {**table.rows[key], **fields}, key)
        row = self._stamped(spec, {**table.rows[key], **fields, spec.key: key})
        table.put(key, row)
        self._note(name, "update", key, fields)
        return json_reply(_said(spec.update_answer, row, spec))

    def _delete(self, request: Request, name: str, spec: Object, key: Any) -> Reply:
        self._remove(name, key)
        self._note(name, "delete", key, {})
        return Reply(b"", 204)

    # -- records ---------------------------------------------------------------------------------------------------------

    def _seeded(self, name: str, spec: Object, customers: int) -> Table[Any]:
        companies = generate(self._seed, spec.count or customers).companies
        start = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        fill = places.shape(spec.seed, _PLACES)
        pairs = []
        for n, company in enumerate(companies, 1):
            shown = {"name": company.name, "phone": company.phone, "city": company.place[1], "code": company.code}
            row = {spec.key: self._new_key(name, spec), **fill({"n": n, "company": shown})}
            pairs.append((row[spec.key], self._stamped(spec, row, start + n * 60)))
        return Table(lambda row: self._time(spec, row), pairs)

    def _new_key(self, name: str, spec: Object) -> Any:
        self._made[name] += 1
        text = spec.numbered.replace("{n}", str(self._made[name]).zfill(0 if spec.numeric else 6))
        return int(text) if spec.numeric else text

    def _insert(self, name: str, fields: Row) -> Row:
        spec = self.spec.objects[name]
        row = self._stamped(spec, {**fields, spec.key: self._new_key(name, spec)})
        self.state.tables[name].put(row[spec.key], row)
        return row

    def _remove(self, name: str, key: Any) -> None:
        spec, table = self.spec.objects[name], self.state.tables[name]
        if spec.gone:
            table.put(key, self._stamped(spec, {**table.rows[key], spec.gone: True}))
        else:
            table.remove(key)

    def _stamped(self, spec: Object, row: Row, at: float | None = None) -> Row:
        if not spec.stamp:
            return row
        seconds = self.state.clock.now() if at is None and hasattr(self, "state") else at or 0.0
        return {**row, spec.stamp: moment.write(datetime.fromtimestamp(seconds, UTC), spec.form)}

    def _time(self, spec: Object, row: Row) -> int:
        if not spec.stamp:
            return 0
        return int(moment.write(moment.read(row[spec.stamp], spec.form), "epoch_ms"))

    def _real(self, name: str, key: str) -> Any:
        real: Any = int(key) if self.spec.objects[name].numeric and key.isdigit() else key
        if real not in self.state.tables[name].rows:
            raise RefusedError("not_found", "not_found", f"there is no {name} {key}")
        return real

    def _valid(self, name: str, spec: Object, fields: Row, key: Any) -> None:
        for field in spec.required:
            if fields.get(field) in (None, ""):
                raise RefusedError("invalid", "required", f"{field} must not be empty")
        for field in spec.unique:
            value = fields.get(field)
            rows = self.state.tables[name].rows
            if value not in (None, "") and any(row.get(field) == value for each, row in rows.items() if each != key):
                raise RefusedError("duplicate", "duplicate", f"{field} {value} is taken")

    def _note(self, name: str, op: str, key: Any, fields: Row) -> None:
        ours = next((str(fields[each]) for each in self.spec.objects[name].unique if fields.get(each)), "")
        self.state.ledger.add(self.state.clock.now(), name, op, str(key), fields, our_key=ours)

    # -- who calls -------------------------------------------------------------------------------------------------------

    def _login(self, request: Request) -> Any:
        login = self.spec.access.login
        assert login is not None
        sent = _body(request)
        basic = request.headers.get("authorization", "")
        if login.basic and basic.startswith("Basic "):
            user, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            sent = {**sent, "client_id": unquote(user), "client_secret": unquote(secret)}
        if any(str(sent.get(name, "")) != value for name, value in login.sent.items()):
            raise RefusedError("denied", "bad_credentials", "the credentials are wrong")
        self._made["token"] += 1
        token = hashlib.sha256(f"{self.name} {self._seed} {self._made['token']}".encode()).hexdigest()[:32]
        seconds = login.lives.total_seconds()
        self._tokens[token] = self.state.clock.now() + seconds
        return places.shape(login.answer, _PLACES)({"token": token, "seconds": int(seconds)})

    def _let_in(self, request: Request) -> None:
        access = self.spec.access
        given = ""
        if access.header:
            given = request.headers.get(access.header.lower(), "")
        elif access.query:
            given = parse_qs(request.query).get(access.query, [""])[-1]
        else:
            return
        if access.prefix and not given.startswith(access.prefix):
            raise RefusedError("denied", "unauthorized", "credentials are missing")
        given = given.removeprefix(access.prefix)
        lives = self._tokens.get(given, 0) > self.state.clock.now()
        if not (lives if access.login else given == access.value):
            raise RefusedError("denied", "unauthorized", "the token is not valid")

    def _limit(self) -> None:
        if not self.state.switches["limits"]:
            return
        now = self.state.clock.now()
        for limit, taken in zip(self._limits, self._taken, strict=True):
            while taken and taken[0] <= now - limit.per.total_seconds():
                taken.popleft()
            if len(taken) >= limit.calls:
                self.state.too_fast += 1
                raise RefusedError("too_fast", "too_many_requests", "too many calls")
        for taken in self._taken:
            taken.append(now)


def _said(answer: Any, row: Row, spec: Object) -> Any:
    return places.shape(answer, _PLACES)({"row": row, "key": row[spec.key]})


def _matched(template: str, path: str) -> str | None:
    """The key in a path that fits a template with {key}."""
    before, _, after = template.partition("{key}")
    if not path.startswith(before) or not path.endswith(after) or len(path) <= len(before) + len(after):
        return None
    key = path[len(before) : len(path) - len(after) or None]
    return None if "/" in key else unquote(key)


def _body(request: Request) -> Row:
    if "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        return {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise RefusedError("invalid", "bad_json", "the body is not JSON") from None
    if not isinstance(body, dict):
        raise RefusedError("invalid", "bad_json", "the body is not an object")
    return body

"""What every simulated system has: a clock, tables, a ledger of accepted writes, request counts, faults, a control API."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import parse_qs

import orjson

from connectors.testing.fault import DISTURBING, Faults
from connectors.testing.table import Table

CONTROL = "/__sim/"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names in lower case. ``others``: requests to this path under way when it came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    others: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """A request that came in: when by the system's clock and by ours (monotonic), and how many were under way, it included."""

    at: float
    moment: float
    method: str
    path: str
    under_way: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def json_reply(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A JSON answer."""
    return Reply(orjson.dumps(value), status, headers=headers)


class SimClock:
    """The simulated system's time: the real one plus an offset, or standing still."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> float:
        """Seconds since 1970."""
        return self._frozen if self._frozen is not None else time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the time on."""
        if self._frozen is not None:
            self._frozen += seconds
        else:
            self._offset += seconds

    def freeze(self, at: float | None = None) -> None:
        """Stand still, at the given second or now."""
        self._frozen = self.now() if at is None else at

    def thaw(self) -> None:
        """Go on from where it stands."""
        if self._frozen is not None:
            self._offset, self._frozen = self._frozen - time.time(), None


@dataclass
class Ledger:
    """Writes the system accepted, in order: the ground truth of a test."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, at: float, obj: str, op: str, key: str, payload: Any, *, our_key: str = "", number: str = "") -> None:
        """Note one accepted write. ``our_key``: our idempotency key in the record; ``number``: its own number."""
        self.entries.append(
            {
                "seq": len(self.entries) + 1,
                "time": at,
                "object": obj,
                "op": op,
                "key": key,
                "our_key": our_key,
                "number": number,
                "payload": payload,
            }
        )

    def as_json(self) -> dict[str, Any]:
        """Entries, totals by object and operation, and what was created more than once under one of our keys."""
        totals = Counter(f"{entry['object']}.{entry['op']}" for entry in self.entries)
        doubled = {name: keys for name, keys in self._made().items() if len(keys) > 1}
        return {"entries": self.entries, "total": len(self.entries), "totals": dict(totals), "doubled": doubled}

    def _made(self) -> dict[str, list[str]]:
        """Object and our key → the keys of the records created so."""
        made: dict[str, list[str]] = {}
        for entry in self.entries:
            if entry["op"] == "create" and entry.get("our_key"):
                made.setdefault(f"{entry['object']}.{entry['our_key']}", []).append(entry["key"])
        return made


@runtime_checkable
class WithActs(Protocol):
    """What a vendor's simulator adds when its own people do whole pieces of work in its screens. Optional."""

    def act(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """Do one piece of work and tell what was done. Raises ``ValueError`` for what there is none of."""
        ...


class Vendor(Protocol):
    """What a vendor's simulator adds: its API, its tables, what its own users may do in its screens."""

    name: str
    state: State

    def answer(self, request: Request) -> Reply:
        """Answer one API call. Called with the state's lock held."""
        ...

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        """Insert, update or delete a record as a person in the vendor's screens would; gives the key."""
        ...

    def credentials(self, url: str) -> dict[str, Any]:
        """The settings a connection needs, secrets included."""
        ...

    def expire_sessions(self) -> None:
        """Make every token and session given so far invalid."""
        ...


@runtime_checkable
class WithDetails(Protocol):
    """What a vendor's simulator adds when the lines of its records are records of their own. Optional."""

    def master_field(self, detail: str, master: str) -> str:
        """The field of a detail object that holds its master's id. Raises ``ValueError`` for what is none."""
        ...


@runtime_checkable
class WithRecords(Protocol):
    """What a vendor's simulator adds whose records are not the rows of its tables by key. Optional."""

    def record(self, obj: str, key: str) -> dict[str, Any] | None:
        """What the system itself holds of a record; None when it has none of that key."""
        ...


@runtime_checkable
class Touchable(Protocol):
    """What a vendor's simulator adds so that faults may change its records. Optional."""

    def touch(self, obj: str, key: Any, at_ms: int, fields: dict[str, Any]) -> None:
        """Change a record as a user would, with this time of last change and these fields."""
        ...

    def looks_at(self, request: Request) -> str:
        """The table a query of several records asks for; empty for any other request."""
        ...


@dataclass
class State:
    """All that a simulated system knows. ``lock`` is held for every request."""

    tables: dict[str, Table[Any]]
    truth: dict[str, Any]
    clock: SimClock = field(default_factory=SimClock)
    ledger: Ledger = field(default_factory=Ledger)
    faults: Faults = field(default_factory=Faults)
    requests: Counter[str] = field(default_factory=Counter)
    in_flight: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)
    switches: dict[str, Any] = field(default_factory=dict)
    heard: list[Heard] | None = None
    """Every request, while somebody listens."""
    too_fast: int = 0
    """Calls that were refused for coming too fast."""

    def hear(self, method: str, path: str) -> None:
        """Note a request that came in. Called with the lock held, once it is counted as under way."""
        if self.heard is not None:
            now = self.clock.now()
            self.heard.append(Heard(now, time.monotonic(), method, path, sum(self.in_flight.values())))

    def save(self, file: Path) -> None:
        """Keep tables and ledger in a file."""
        tables = {name: [[key, row] for key, row in table.rows.items()] for name, table in self.tables.items()}
        data = {"tables": tables, "ledger": self.ledger.entries, "truth": self.truth}
        fresh = file.with_suffix(file.suffix + ".new")
        fresh.write_bytes(orjson.dumps(data))
        fresh.replace(file)

    def restore(self, file: Path) -> None:
        """Take tables and ledger from a file that ``save`` wrote."""
        data = orjson.loads(file.read_bytes())
        for name, pairs in data["tables"].items():
            table = self.tables[name]
            for key in list(table.rows):
                table.remove(key)
            for key, row in pairs:
                table.put(key, row)
        self.ledger.entries = data["ledger"]
        self.truth = data["truth"]


def control(vendor: Vendor, request: Request) -> Reply:
    """Answer a call of the control API (see each branch). Called with the state's lock held."""
    state = vendor.state
    part, _, rest = request.path.removeprefix(CONTROL).partition("/")
    body = json.loads(request.body) if request.body else {}
    try:
        match request.method, part:
            case "GET", "ledger":
                return json_reply(state.ledger.as_json())
            case "GET", "requests":
                return json_reply({"by_path": dict(state.requests), "total": sum(state.requests.values())})
            case "GET", "truth":
                return json_reply(state.truth)
            case "POST", "reset-counts":
                state.requests.clear()
            case "GET", "faults":
                return json_reply(state.faults.as_json())
            case "POST", "faults":
                _set_faults(vendor, body if isinstance(body, list) else body.get("faults", []))
            case "POST", "expire":
                vendor.expire_sessions()
            case "GET" | "POST", "clock":
                _set_clock(state.clock, body)
                return json_reply({"now": state.clock.now()})
            case "GET" | "POST", "switches":
                _set_switches(state.switches, body)
                return json_reply(state.switches)
            case "GET", "records" if rest in state.tables:
                return json_reply(_list(state.tables[rest], request.query))
            case "POST", "records" if rest in state.tables:
                return json_reply(_user_writes(vendor, rest, body))
            case "POST", "act" if isinstance(vendor, WithActs):
                return json_reply(vendor.act(rest, body))
            case _:
                return json_reply({"error": f"no such control call: {request.method} {request.path}"}, 404)
    except (KeyError, TypeError, ValueError) as error:
        return json_reply({"error": f"{type(error).__name__}: {error}"}, 400)
    return json_reply({"ok": True})


def _set_faults(vendor: Vendor, faults: list[dict[str, Any]]) -> None:
    for fault in faults:
        kind, obj = fault.get("kind"), fault.get("object", "")
        if kind in DISTURBING and not isinstance(vendor, Touchable):
            raise ValueError(f"the simulator {vendor.name} cannot do `{kind}`: it has no `touch`")
        if obj and obj not in vendor.state.tables:
            raise ValueError(f"there is no object `{obj}` (there are: {', '.join(vendor.state.tables)})")
    vendor.state.faults.set(faults)


def _set_clock(clock: SimClock, body: dict[str, Any]) -> None:
    if "advance" in body:
        clock.advance(float(body["advance"]))
    if "freeze" in body:
        clock.freeze(None if body["freeze"] is True else float(body["freeze"]))
    if body.get("thaw"):
        clock.thaw()


def _set_switches(switches: dict[str, Any], body: dict[str, Any]) -> None:
    unknown = sorted(set(body) - set(switches))
    if unknown:
        raise ValueError(f"unknown switch {', '.join(unknown)} (there are: {', '.join(switches)})")
    switches.update(body)


def _list(table: Table[Any], query: str) -> dict[str, Any]:
    """``?limit=&offset=&key=&<field>=<text>``: rows by id."""
    wanted = {name: values[-1] for name, values in parse_qs(query).items()}
    limit, offset = int(wanted.pop("limit", 100)), int(wanted.pop("offset", 0))
    rows = list(table.after(None))
    if "key" in wanted:
        key = wanted.pop("key")
        rows = [row for key_, row in table.rows.items() if str(key_) == key]
    rows = [row for row in rows if all(str(row.get(name)) == value for name, value in wanted.items())]
    return {"total": len(rows), "records": rows[offset : offset + limit]}


def _user_writes(vendor: Vendor, obj: str, body: Any) -> dict[str, Any]:
    """``{op: insert|update|delete, key, fields, details}`` or a list of such; ``details`` (detail object → list of
    fields) go with an insert."""
    keys = []
    for item in body if isinstance(body, list) else [body]:
        if item.get("op") not in ("insert", "update", "delete"):
            raise ValueError("`op` is insert, update or delete")
        details = item.get("details") or {}
        if details and (item["op"] != "insert" or not isinstance(vendor, WithDetails)):
            raise ValueError("`details` go with an insert, where the system has detail objects")
        columns = {name: vendor.master_field(name, obj) for name in details} if isinstance(vendor, WithDetails) else {}
        key = vendor.user_write(obj, item["op"], str(item.get("key", "")), dict(item.get("fields") or {}))
        keys.append(key)
        for name, rows in details.items():
            for row in rows:
                vendor.user_write(name, "insert", "", {**row, columns[name]: key})
    return {"keys": keys}

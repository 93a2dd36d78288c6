"""What the suite exercises a connector on: a running system that tells the truth about itself."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from connectors import registry
from connectors.sdk.contract import Connector, ReadRequest
from connectors.sdk.manifest import Manifest
from connectors.sdk.webhook.declared import webhooks_of
from connectors.sdk.webhook.model import Webhook
from connectors.testing import systems
from connectors.testing.contract.fixture import Fixture, filled, load_fixture
from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import Heard, WithRecords
from tongmai.core.record import Page, Record

QUICK: dict[str, Any] = {"retry_wait": 0.01, "read_timeout": 0.8, "connect_timeout": 2, "settle_seconds": 0}
"""Settings that make failures fast; those a connector does not have are left out."""


FEWEST = 12
"""Each stream has at least so many records when a rule begins."""


class System(Protocol):
    """A system to exercise a connector on. A connector that does not speak HTTP brings its own, ``stand.py: create(fixture)``."""

    faults_known: bool

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def settings(self) -> dict[str, Any]:
        """Settings of a connection, secrets included."""
        ...

    def write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        """Insert, update or delete as a person does; gives the key."""
        ...

    def keys(self, obj: str) -> set[str]:
        """The keys of all live records."""
        ...

    def faults(self, faults: Sequence[dict[str, Any]]) -> None: ...

    def fired(self) -> int:
        """How often faults struck since they were set."""
        ...

    def calls(self) -> dict[str, int]:
        """Requests by path since the last ``forget``."""
        ...

    def forget(self) -> None: ...

    def ledger(self) -> list[dict[str, Any]]:
        """Accepted writes in order."""
        ...

    def expire(self) -> None:
        """End every session and token."""
        ...

    def record(self, obj: str, key: str) -> dict[str, Any] | None:
        """What the system itself holds of a record."""
        ...

    def listen(self) -> None:
        """Note every request from now on."""
        ...

    def heard(self) -> list[Heard]:
        """The requests noted."""
        ...

    def too_fast(self) -> int:
        """How many calls were refused for coming too fast."""
        ...

    def pace(self) -> None:
        """Make the system's own call limits apply."""
        ...

    def now(self) -> float:
        """Seconds since 1970 by the system's clock."""
        ...

    def advance(self, seconds: float) -> None:
        """Move the system's clock, where it has one of its own."""
        ...


class SimulatorSystem:
    """The connector's own simulator over loopback HTTP."""

    faults_known = True

    def __init__(self, name: str, fixture: Fixture) -> None:
        self._server = SimulatorServer(
            systems.simulator(name, seed=7, customers=fixture.customers, limits=fixture.limits)
        )

    @property
    def vendor(self) -> Any:
        return self._server.vendor

    @property
    def server(self) -> SimulatorServer:
        return self._server

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def settings(self) -> dict[str, Any]:
        return self.vendor.credentials(self._server.url)  # type: ignore[no-any-return]

    def write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        with self.vendor.state.lock:
            return str(self.vendor.user_write(obj, op, key, fields))

    def keys(self, obj: str) -> set[str]:
        with self.vendor.state.lock:
            live = getattr(self.vendor, "live_keys", None)
            return set(live(obj)) if live else {str(key) for key in self.vendor.state.tables[obj].rows}

    def faults(self, faults: Sequence[dict[str, Any]]) -> None:
        if faults:
            self._server.control("faults", list(faults))
        else:
            self.vendor.state.faults.set([])

    def fired(self) -> int:
        return sum(int(fault["fired"]) for fault in self.vendor.state.faults.as_json())

    def calls(self) -> dict[str, int]:
        with self.vendor.state.lock:
            return dict(self.vendor.state.requests)

    def forget(self) -> None:
        with self.vendor.state.lock:
            self.vendor.state.requests.clear()

    def ledger(self) -> list[dict[str, Any]]:
        with self.vendor.state.lock:
            return list(self.vendor.state.ledger.entries)

    def expire(self) -> None:
        with self.vendor.state.lock:
            self.vendor.expire_sessions()

    def advance(self, seconds: float) -> None:
        self.vendor.state.clock.advance(seconds)

    def record(self, obj: str, key: str) -> dict[str, Any] | None:
        with self.vendor.state.lock:
            if isinstance(self.vendor, WithRecords):
                return self.vendor.record(obj, key)
            rows = self.vendor.state.tables[obj].rows
            return next((dict(row) for own, row in rows.items() if str(own) == key), None)

    def listen(self) -> None:
        with self.vendor.state.lock:
            self.vendor.state.heard = []

    def heard(self) -> list[Heard]:
        with self.vendor.state.lock:
            return list(self.vendor.state.heard or ())

    def too_fast(self) -> int:
        return int(self.vendor.state.too_fast)

    def pace(self) -> None:
        with self.vendor.state.lock:
            if "limits" in self.vendor.state.switches:
                self.vendor.state.switches["limits"] = True

    def now(self) -> float:
        return float(self.vendor.state.clock.now())


class Stand:
    """A system that runs, and connections to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = registry.folder(name)
        self.fixture = load_fixture(self.folder)
        self.manifest: Manifest = registry.manifest_of("suite", name, self.fixture.settings)
        own = systems.stand(name)
        self.system: Any = own.create(self.fixture) if own else SimulatorSystem(name, self.fixture)
        self._opened: list[Connector] = []
        self._number = 1000

    def __enter__(self) -> Stand:
        self.system.start()
        self._fill()
        return self

    def _fill(self) -> None:
        """Enough records in each stream, made a minute after one another, yesterday."""
        steps = 24 * 60
        self.system.advance(-steps * 60)
        for name, each in self.fixture.streams.items():
            for _ in range(FEWEST - len(self.keys(name)) if each.insert else 0):
                self.insert(name)
                self.system.advance(60)
                steps -= 1
        self.system.advance(steps * 60)

    def __exit__(self, *_: object) -> None:
        for connection in self._opened:
            with contextlib.suppress(Exception):  # the rule has its verdict; a broken connection may not close
                connection.close()
        self.system.stop()

    def settings(self, **more: Any) -> dict[str, Any]:
        """Settings of a connection on the system, quick and with small pages."""
        quick = {name: value for name, value in QUICK.items() if name in self.manifest.connection}
        return {**quick, **self.system.settings(), **self.fixture.settings, **more}

    def merged(self, **more: Any) -> dict[str, Any]:
        """The same with every default."""
        return registry.settings_for("suite", self.name, {}, self.settings(**more), base=self.folder)

    def open(self, **more: Any) -> Connector:
        """A connection; closed when the stand ends."""
        opened = registry.open_connection("suite", self.name, self.merged(**more))
        self._opened.append(opened)
        return opened

    def webhooks(self) -> dict[str, Webhook]:
        """The webhooks that the fixture knows, by name."""
        return {
            name: each
            for name, each in webhooks_of("suite", self.manifest, self.settings()).items()
            if name in self.fixture.webhooks
        }

    def number(self) -> int:
        """A number that was not used yet."""
        self._number += 1
        return self._number

    def object(self, stream: str) -> str:
        """The system's own name of a stream's records."""
        return self.fixture.streams[stream].object or stream

    def first(self, obj: str) -> Any:
        """The first key of an object of the system."""
        return sorted(self.system.keys(obj))[0]

    def insert(self, stream: str) -> str:
        """A new record, as a person makes it; its key."""
        fields = filled(self.fixture.streams[stream].insert, self.first, n=self.number())
        return str(self.system.write(self.object(stream), "insert", "", fields))

    def change(self, stream: str, key: str) -> None:
        """A change, as a person makes it."""
        fields = filled(self.fixture.streams[stream].change, self.first, n=self.number())
        self.system.write(self.object(stream), "update", key, fields)

    def delete(self, stream: str, key: str) -> None:
        """A person deletes a record."""
        self.system.write(self.object(stream), "delete", key, {})

    def keys(self, stream: str) -> set[str]:
        """Every live record's key, as the system knows it."""
        return set(self.system.keys(self.object(stream)))

    def fault(self, stream: str, kind: str, **more: Any) -> None:
        """Switch on one fault for reads of a stream."""
        self.system.faults([{"kind": kind, "path": self.fixture.streams[stream].faults, **more}])


def pages(connection: Connector, stream: str, **asked: Any) -> list[Page]:
    """All pages of a read."""
    return list(connection.read(ReadRequest(stream, **asked)))


def records(found: Sequence[Page]) -> list[Record]:
    """All records of pages."""
    return [record for page in found for record in page.records]


def live(found: Sequence[Page]) -> set[str]:
    """The keys that the pages leave alive."""
    keys: set[str] = set()
    for record in records(found):
        if record.op == "upsert":
            keys.add(record.key)
        elif record.op == "delete":
            keys.discard(record.key)
    return keys


def checkpoint(found: Sequence[Page]) -> str | None:
    """The last checkpoint of pages."""
    return next((page.checkpoint for page in reversed(found) if page.checkpoint is not None), None)


@contextlib.contextmanager
def stand(name: str) -> Iterator[Stand]:
    """A stand of the connector ``name``, started."""
    with Stand(name) as started:
        yield started

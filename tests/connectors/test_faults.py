"""Faults of the simulators: each does what it says, is counted, and leaves our connector's data whole."""

from __future__ import annotations

import threading
import time
import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk import Connector, ReadRequest
from connectors.testing.fault import KINDS, Fault, Faults
from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import CONTROL, Request, State, control
from tongmai.core.errors import OutcomeUnknownError, RetryableError

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
OBJ, DEAL, LINES = "AccountObj", "NewOpportunityObj", "NewOpportunityLinesObj"


def _until(true: Callable[[], bool], seconds: float = 5) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.01)
    return True


def _fired(server: SimulatorServer) -> list[int]:
    return [fault["fired"] for fault in server.control("faults")]


class _Reader:
    """Reads again and again from its checkpoint, as the engine does, and keeps the newest of each record."""

    def __init__(self, connection: Connector, stream: str) -> None:
        self.connection, self.stream = connection, stream
        self.checkpoint: str | None = None
        self.records: dict[str, dict[str, Any]] = {}

    def read(self, full: bool = False) -> None:
        request = ReadRequest(self.stream, checkpoint=self.checkpoint, full=full)
        for page in self.connection.read(request):
            for record in page.records:
                self.records[record.key] = self.connection.decode(self.stream, record.raw)
            self.checkpoint = page.checkpoint or self.checkpoint

    def lacks(self, server: SimulatorServer) -> set[str]:
        """Records whose state in the system is not the one read."""
        rows = server.vendor.state.tables[self.stream].rows
        return {key for key, row in rows.items() if self.records.get(key, {}).get("version") != row["version"]}


def test_a_fault_is_chosen_by_path_body_and_position() -> None:
    faults = Faults()
    faults.set([{"kind": "status", "path": "/query", "in_body": "SAL_SaleOrder", "after": 1, "times": 2}])
    asked = [("/query", b"SAL_SaleOrder"), ("/query", b"BD_Customer"), ("/save", b"SAL_SaleOrder")]
    struck = [bool(faults.take(path, body)) for _ in range(4) for path, body in asked]
    assert struck == [False] * 3 + [True, False, False] * 2 + [False] * 3
    (shown,) = faults.as_json()
    assert (shown["kind"], shown["seen"], shown["fired"], shown["times"]) == ("status", 3, 2, 2)


def test_chance_is_repeatable_and_about_as_often_as_asked() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults()
        faults.set([{"kind": "latency", "times": 0, "probability": 0.3, "seed": seed}])
        return [bool(faults.take("/x")) for _ in range(400)]

    assert run(1) == run(1) != run(2)
    assert 80 < sum(run(1)) < 160
    with pytest.raises(ValueError, match="probability"):
        Fault("latency", probability=0)


@pytest.mark.parametrize(
    ("kinds", "acting"),
    [
        (["status", "timeout_before", "expired_token", "tie"], {"status"}),
        (["latency", "late_accept", "truncate", "late_commit"], {"latency", "late_accept"}),
        (["timeout_after", "slow_drip", "page_shift"], {"timeout_after", "page_shift"}),
        (["die", "latency"], {"die"}),
        (["truncate", "slow_drip", "expired_token"], {"truncate", "expired_token"}),
        (["latency", "latency"], {"latency"}),
    ],
)
def test_what_cannot_strike_together_is_not_counted(kinds: list[str], acting: set[str]) -> None:
    faults = Faults()
    faults.set([{"kind": kind} for kind in kinds])
    assert {fault.kind for fault in faults.take("/x")} == acting
    assert sum(fault["fired"] for fault in faults.as_json()) == len(acting)


def test_every_kind_is_known_to_the_control_api(serve: Serve) -> None:
    server = serve("fxiaoke")
    server.control("faults", [{"kind": kind, "path": "/never"} for kind in KINDS])
    assert _fired(server) == [0] * len(KINDS)
    for wrong in ({"kind": "tie", "object": "NoObj"}, {"kind": "tie", "often": 1}, {"kind": "tie", "probability": 2}):
        with pytest.raises(urllib.error.HTTPError) as caught:
            server.control("faults", [wrong])
        assert caught.value.code == 400
    assert len(server.control("faults")) == len(KINDS), "a refused list changes nothing"


def test_late_accept_is_taken_after_the_caller_gave_up(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer(OBJ)
    writer.find("name", ["x"])
    server.control("faults", [{"kind": "late_accept", "path": "/create", "seconds": 1.5}])
    with pytest.raises(OutcomeUnknownError):
        writer.create({"name": "某某"}, "K-7")
    assert writer.find("tongmai_key__c", ["K-7"]) == {} and server.control("ledger")["total"] == 0
    assert _until(lambda: server.control("ledger")["total"] == 1)
    assert "K-7" in writer.find("tongmai_key__c", ["K-7"])
    (entry,) = server.control("ledger")["entries"]
    assert (entry["op"], entry["our_key"], _fired(server)) == ("create", "K-7", [1])


def test_timeout_after_shows_in_the_ledger_and_a_second_create_shows_as_double(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer(OBJ)
    server.control("faults", [{"kind": "timeout_after", "path": "/create", "seconds": 0.01}])
    with pytest.raises(OutcomeUnknownError):
        writer.create({"name": "某某"}, "K-7")
    ledger = server.control("ledger")
    assert (ledger["totals"], ledger["doubled"]) == ({"AccountObj.create": 1}, {})
    again = writer.create({"name": "某某"}, "K-7").key
    assert again in server.control("ledger")["doubled"]["AccountObj.K-7"]


def test_expired_token_is_renewed_on_the_way(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    reader = _Reader(connect(server, page_size=10), OBJ)
    # In two calls running as well: the renewed token is refused too. A third time would end the run.
    server.control("faults", [{"kind": "expired_token", "path": "/query", "after": n} for n in (2, 3, 6)])
    reader.read(full=True)
    assert reader.lacks(server) == set() and sum(_fired(server)) == 3
    assert server.control("requests")["by_path"]["/oauth2.0/token"] == 4


def test_a_burst_of_refusals_passes_or_ends_the_run_by_its_length(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    for burst, retries in ((2, 2), (3, 2)):
        connection = connect(server, name=f"c{burst}", retries=retries)
        connection.check()
        server.control("faults", [{"kind": "status", "status": 503, "path": "/query", "times": burst}])
        if burst <= retries:
            assert connection.check().ok
        else:
            with pytest.raises(RetryableError):
                connection.check()
        assert _fired(server) == [burst]


def test_a_slow_answer_is_whole(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    reader = _Reader(connect(server), OBJ)
    server.control("faults", [{"kind": "slow_drip", "path": "/query", "seconds": 0.3, "after": 1}])
    begun = time.monotonic()
    reader.read(full=True)
    assert time.monotonic() - begun > 0.25 and reader.lacks(server) == set() and _fired(server) == [1]


@pytest.mark.parametrize("stream", [OBJ, DEAL])
def test_records_that_move_between_pages_are_not_lost(serve: Serve, connect: Connect, stream: str) -> None:
    server = serve("fxiaoke", customers=200, limits=False)
    reader = _Reader(connect(server, page_size=10), stream)
    fault = {"kind": "page_shift", "path": "/query", "object": stream, "after": 2, "times": 6, "count": 5}
    server.control("faults", [fault])
    reader.read(full=True)
    reader.read()
    assert _fired(server) == [6]
    moved = [row for row in server.vendor.state.tables[stream].rows.values() if row["version"] != "1"]
    assert len(moved) > 10 and reader.lacks(server) == set()


def test_records_that_share_the_newest_time_are_not_lost(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", customers=200)
    reader = _Reader(connect(server, page_size=10), OBJ)
    server.control("faults", [{"kind": "tie", "path": "/query", "after": 6, "times": 3, "count": 8}])
    reader.read(full=True)
    assert _fired(server) == [3] and reader.lacks(server), "some were read before they changed"
    newest = server.vendor.state.tables[OBJ].newest_time()
    assert len(server.vendor.state.tables[OBJ].changed(newest, newest)) > 20
    reader.read()
    assert reader.lacks(server) == set()


def test_a_late_commit_is_below_the_checkpoint_and_found_with_lookback(serve: Serve, connect: Connect) -> None:
    from datetime import timedelta

    server = serve("fxiaoke", customers=200)
    reader = _Reader(connect(server), OBJ)
    fault = {"kind": "late_commit", "path": "/query", "seconds": 2, "count": 4, "fields": {"remark": "迟到"}}
    server.control("faults", [{**fault, "after": 3}])
    reader.read(full=True)
    late = reader.lacks(server)
    rows = server.vendor.state.tables[OBJ].rows
    assert _fired(server) == [1] and late and all(rows[key]["remark"] == "迟到" for key in late)
    assert all(rows[key]["last_modified_time"] == int(reader.checkpoint or 0) - 2000 for key in late)
    reader.read()
    assert reader.lacks(server) == late, "a read from the checkpoint cannot see them"
    request = ReadRequest(OBJ, checkpoint=reader.checkpoint, lookback=timedelta(seconds=2))
    found = {record.key for page in reader.connection.read(request) for record in page.records}
    assert late <= found


def test_a_late_line_is_found_with_lookback_of_the_lines_own_time(serve: Serve, connect: Connect) -> None:
    from datetime import timedelta

    server = serve("fxiaoke", customers=200, limits=False)
    reader = _Reader(connect(server), DEAL)
    fault = {"kind": "late_commit", "path": "/query", "object": LINES, "seconds": 2, "count": 1}
    reader.read(full=True)
    # Records go on far above the time of the lines: each has its own part of the checkpoint.
    server.control("clock", {"advance": 3600})
    server.control(f"records/{DEAL}", {"op": "update", "key": min(reader.records), "fields": {"remark": "改"}})
    server.control("faults", [{**fault, "fields": {"quantity": "99"}}])
    reader.read()
    (line,) = [row for row in server.vendor.state.tables[LINES].rows.values() if row["quantity"] == "99"]
    owner = line["new_opportunity_id"]
    request = ReadRequest(DEAL, checkpoint=reader.checkpoint, lookback=timedelta(seconds=2))
    found = {
        r.key: reader.connection.decode(DEAL, r.raw) for page in reader.connection.read(request) for r in page.records
    }
    assert "99" in [each["quantity"] for each in found[owner][LINES]]


def test_a_disturbance_that_found_nothing_did_not_fire(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    nothing = [{"kind": kind, "object": "ContractObj"} for kind in ("tie", "late_commit")]
    server.control("faults", [*nothing, {"kind": "page_shift", "path": "/create"}])
    connection = connect(server)
    connection.check()
    connection.writer(OBJ).create({"name": "某某"}, "K-1")
    assert _fired(server) == [0, 0, 0], "no contract to change; a create is no query"


def test_faults_of_chance_in_a_long_read_leave_it_whole(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", customers=300, limits=False)
    reader = _Reader(connect(server, page_size=10, retries=8), DEAL)
    kinds = ("status", "timeout_before", "reset_body", "truncate", "page_shift", "tie")
    chosen = [{"kind": k, "path": "/query", "times": 0, "probability": 0.12, "seed": n} for n, k in enumerate(kinds)]
    server.control("faults", chosen)
    reader.read(full=True)
    reader.read()
    fired = _fired(server)
    server.control("faults", [])
    reader.read()
    assert all(fired) and reader.lacks(server) == set()


def test_a_simulator_that_cannot_be_disturbed_says_so() -> None:
    class Plain:
        name = "plain"
        state = State({}, {})

    request = Request("POST", CONTROL + "faults", "", {}, b'[{"kind": "tie"}]')
    reply = control(Plain(), request)  # type: ignore[arg-type]
    assert reply.status == 400 and b"plain cannot do `tie`" in reply.body

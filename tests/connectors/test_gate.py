"""The gate before every write: a writer that may no longer act is stopped between the calls of one write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from connectors.sdk import Connector
from connectors.sdk.gate import gated
from connectors.testing.server import SimulatorServer
from masterdata.store.lease import FencedError
from tongmai.core.errors import TongmaiError


@pytest.mark.parametrize(("allowed", "done"), [(0, []), (1, ["create"]), (9, ["create", "Submit"])])
def test_a_write_of_several_calls_is_stopped_in_between(
    serve: Callable[..., SimulatorServer], connect: Callable[..., Connector], allowed: int, done: list[str]
) -> None:
    server = serve("kingdee")
    writer = connect(server, retries=0, after_save="submit").writer("BD_Customer")
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(server.control("ledger")["entries"]) >= allowed:
            raise FencedError("lease", "it ran out")

    with gated(check):
        if allowed < 2:
            with pytest.raises(TongmaiError):
                writer.create({"FName": "门前有限公司", "FNumber": "K1"}, "K1")
        else:
            writer.create({"FName": "门前有限公司", "FNumber": "K1"}, "K1")
    assert [entry["op"] for entry in server.control("ledger")["entries"]] == done
    before = len(asked)
    writer.create({"FName": "门外有限公司", "FNumber": "K2"}, "K2")
    assert len(asked) == before, "nobody asks outside"


def test_a_write_that_is_held_back_before_its_last_piece_has_left_is_not_taken(
    serve: Callable[..., SimulatorServer], connect: Callable[..., Connector]
) -> None:
    server = serve("fxiaoke")
    writer = connect(server, retries=0).writer("AccountObj")
    writer.create({"name": "先到有限公司", "tongmai_key__c": "k0"}, "k0")  # signed in, connected
    held = 0
    for number in range(1, 20):
        asked: list[int] = []

        def check(asked: list[int] = asked, number: int = number) -> None:
            asked.append(1)
            if len(asked) == number:
                raise FencedError("lease", "it ran out")

        before = len(server.control("ledger")["entries"])
        try:
            with gated(check):
                writer.create({"name": f"第{number}有限公司", "tongmai_key__c": f"k{number}"}, f"k{number}")
        except FencedError:
            held += 1
            assert len(server.control("ledger")["entries"]) == before
        else:
            break
    assert held >= 3, "once for the call, once for its head, once for its body"
    assert len(server.control("ledger")["entries"]) == before + 1


@pytest.mark.parametrize(("given", "seconds"), [("", 15.0), ("0.1", 2.0), ("6", 6.0)])
def test_the_time_of_a_lease(given: str, seconds: float) -> None:
    code = "from masterdata.store import lease; print(lease.SECONDS, lease.RENEW_EVERY < lease.SECONDS - lease.MARGIN)"
    told = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "TONGMAI_LEASE_SECONDS": given}, capture_output=True, text=True
    ).stdout
    assert told.split() == [str(seconds), "True"]

"""A kill at any instant loses nothing and doubles nothing: the simulators' own ledgers are the judge."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.sync.conftest import Systems
from tongmai.sync.run import run_sync

CHAIN = "crm_to_erp"
KILLS = 20
HALF_DONE = 15


def start(*arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tongmai", *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def finish() -> None:
    """Run to the end all that may have been killed, and check the books."""
    for _ in range(3):
        report = run_sync(CHAIN)
        assert report.ok, report.as_json()


def assert_exact(systems: Systems, erp_before: set[str]) -> None:
    """Every golden customer is in the ERP exactly once and with the golden values; nothing was created twice."""
    creates = [write for write in systems.writes(systems.erp) if write["op"] == "create"]
    numbers = Counter(write["payload"]["FNumber"] for write in creates)
    assert not [number for number, count in numbers.items() if count > 1], "doubled"
    erp = systems.customers()
    assert len(erp) == len(erp_before) + len(creates)
    rows = systems.query(
        """select g.legal_name, g.uscc, g.phones[1], t.remote_key from golden.customer g
             left join hub.target_state t on t.entity_id = g.id and t.target = 'erp_customers'"""
    )
    assert rows
    remote = [row[3] for row in rows]
    assert None not in remote, "lost"
    assert len(remote) == len(set(remote))
    for name, code, phone, key in rows:
        if (
            key not in erp_before
        ):  # what the ERP said itself is not written back into it, in canonical form or otherwise
            assert erp[key]["FName"] == name
            assert (erp[key].get("FSOCIALCRECODE") or None) == code
            assert (erp[key].get("FTEL") or None) == phone
    assert systems.query("select count(*) from hub.work")[0][0] == 0
    assert systems.query("select count(*) from hub.outbox")[0][0] == 0


def half_done(systems: Systems) -> bool:
    """Whether the killed process left something that is only partly done."""
    ((running, work, outbox),) = systems.query(
        """select (select count(*) from hub.run where state = 'running'), (select count(*) from hub.work),
                  (select count(*) from hub.outbox)"""
    )
    return bool(running or work or outbox)


@pytest.mark.parametrize("systems", [400], indirect=True)
def test_kill_at_random_instants(systems: Systems) -> None:
    before = set(systems.customers())
    rng = random.Random(20261122)
    half = 0
    accounts = sorted(systems.accounts())
    for _ in range(KILLS):
        for key in rng.sample(accounts, 60):
            systems.edit_account(key, tel=f"021-5{rng.randrange(10**7):07}")
        process = start("sync", CHAIN)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and process.poll() is None:
            if half_done(systems):
                break
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.5))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
        half += half_done(systems)
    assert half >= HALF_DONE, f"only {half} of {KILLS} kills hit half-done work"
    finish()
    assert_exact(systems, before)


FAILPOINTS = (
    "ingest.inside-copy",
    "ingest.before-commit",
    "apply.before-commit",
    "deliver.frozen",
    "deliver.before-remote:7",
    "deliver.after-remote:7",
)


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_kill_at_a_failpoint(systems: Systems, failpoint: str) -> None:
    before = set(systems.customers())
    process = start("sync", CHAIN, TONGMAI_FAILPOINT=failpoint)
    assert process.wait(60) == -signal.SIGKILL, "the failpoint was not reached"
    assert half_done(systems)
    finish()
    assert_exact(systems, before)

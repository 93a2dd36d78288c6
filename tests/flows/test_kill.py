"""A flow that is killed inside its step takes it again: one record, one number, no gap."""

from __future__ import annotations

import signal

import pytest

from tests.flows.world import FLOW, add_deals, assert_exact, run, set_stage
from tests.sync.conftest import Systems
from tests.sync.test_kill import start

# Failpoint: whether the instances are due, their step, whether they know what they made; and how much work stands.
STANDS = {
    "flow.before-commit": ([(True, 0, False)], [(0,)]),
    "apply.before-commit": ([(False, 1, False)], [(6,)]),
    "flow.before-commit:2": ([(True, 1, True)], [(0,)]),
}


@pytest.mark.parametrize("systems", [12], indirect=True)
@pytest.mark.parametrize("failpoint", STANDS)
def test_kill_in_a_step(systems: Systems, failpoint: str) -> None:
    deals = add_deals(systems, 6)
    run()
    set_stage(systems, deals, "s4")
    run("crm_opportunities")
    process = start("sync", FLOW, TONGMAI_FAILPOINT=failpoint)
    assert process.wait(60) == -signal.SIGKILL, "the failpoint was not reached"
    standing = systems.query("select due, step, made <> '{}' from hub.flow_instance group by 1, 2, 3")
    work = systems.query("select count(*) from hub.work")
    assert (standing, work) == STANDS[failpoint]
    run()
    assert_exact(systems, deals)

"""The flow dies by SIGKILL in the middle of its batches: every signed deal still gets one contract and one order."""

from __future__ import annotations

from tests.flows.world import add_deals, set_stage
from tests.mutants.scenarios.deals import CHAIN, FLOW, INSTANCES, exact
from tests.mutants.stage import books, holds, killed, run, systems


def play() -> None:
    with systems(15) as both:
        deals = add_deals(both, 4)
        run(CHAIN)
        set_stage(both, deals, "s4")
        run("crm_opportunities")
        for failpoint in ("flow.before-commit", "flow.before-commit:2", "apply.before-commit"):
            killed(FLOW, failpoint)
        for _ in range(2):
            run(CHAIN)
        exact(both, 4)
        holds("one signing, one instance", both.query(INSTANCES) == [(4,)], both.query(INSTANCES))
        books(both)

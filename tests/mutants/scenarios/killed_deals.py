"""The flow dies by SIGKILL in the middle of its batches: every signed deal still gets one contract and one order."""

from __future__ import annotations

from tests.flows.world import add_deals, set_stage
from tests.mutants.scenarios.deals import CHAIN, FLOW, INSTANCES, exact
from tests.mutants.stage import KILLED, WELL, BrokeError, books, ended, holds, run, start, systems


def play() -> None:
    with systems(15) as both:
        deals = add_deals(both, 4)
        run(CHAIN)
        set_stage(both, deals, "s4")
        run("crm_opportunities")
        places = ("flow.before-commit", "flow.before-commit:2", "apply.before-commit")
        codes = [ended(start(FLOW, failpoint=one), (KILLED, WELL)) for one in places]
        for _ in range(2):
            run(CHAIN)
        exact(both, 4)
        holds("one signing, one instance", both.query(INSTANCES) == [(4,)], both.query(INSTANCES))
        books(both)
        if codes != [KILLED] * len(places):
            raise BrokeError(f"a failpoint was not reached: {codes}")

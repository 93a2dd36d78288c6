"""Play one cell: trouble on, deals signed and changed, clerks at work, trouble off, judge."""

from __future__ import annotations

import time

from tests.faults import check
from tests.faults.cell import Cell, Outcome, Trouble
from tests.faults.scene import Scene, opened

PASSES = 8
QUIET = 12
"""Rounds after which a chain without faults has to be idle."""


def play(cell: Cell, url: str, deals: int, seed: int) -> Outcome:
    """Run a cell over ``deals`` deals on a fresh hub database."""
    if cell.alone is not None:
        return cell.alone(cell, url, deals, seed)
    outcome = Outcome(cell.name, deals, seed, delivered_least=cell.delivered_least)
    with opened(url, deals, seed, cell.settings, cell.environment) as scene:
        begun = time.monotonic()
        trouble = cell.trouble(deals, seed)
        trouble.begin(scene)
        try:
            outcome.passes = under_trouble(cell, scene, trouble)
            outcome.delivered = check.delivered(scene)
        finally:
            outcome.counts = trouble.end(scene)
        settle(scene)
        check.judge(scene, outcome)
        outcome.seconds = time.monotonic() - begun
        outcome.errors = dict(scene.errors)
    return outcome


def under_trouble(cell: Cell, scene: Scene, trouble: Trouble) -> int:
    """Sign, change, approve, bill, receive in two parts, with a bounded number of passes between; how many there were."""
    few = max(1, len(scene.deals) // 20)
    passes = 0

    def go(most: int) -> None:
        nonlocal passes
        for _ in range(most):
            passes += 1
            if trouble.drive(scene):
                return

    scene.sign(len(scene.deals) - few)
    go(1)
    scene.sign(late=cell.late_signing)
    scene.change(few)
    go(1)
    scene.change(few)
    go(1)
    scene.clerk("0.4")
    go(2)
    scene.clerk("1")
    go(PASSES - 5)
    return passes


def settle(scene: Scene) -> None:
    """Without trouble: until a round writes nothing, gives the clerks nothing to do and leaves no instance that is due."""
    for _ in range(QUIET):
        before = scene.writes()
        worked = scene.clerk("1")
        if not scene.drive():
            scene.notes.append(f"without faults a run fails: {dict(scene.errors)}")
            return
        ((due,),) = scene.systems.query("select count(*) from hub.flow_instance where due and ended_at is null")
        if not worked and not due and scene.writes() == before:
            return
    scene.notes.append("it never becomes quiet")

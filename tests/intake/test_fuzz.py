"""A short run of the fuzz; the whole one is ``python -m tests.intake.fuzz --inputs 10000``."""

from __future__ import annotations

from pathlib import Path

from tests.intake.fuzz import run
from tests.intake.world import World, receiver


def test_nothing_that_is_sent_breaks_the_receiver(world: World, tmp_path: Path) -> None:
    log = tmp_path / "intake.log"
    with receiver("--max-body", "2000", log=log) as (world.base, process):
        answers = run(world.base, world, 300, 7)
        assert process.poll() is None
    assert answers[200] and answers[401] and answers[400]
    assert "Traceback" not in log.read_text(encoding="utf-8")
    unsigned = world.query("select count(*) from hub.webhook_event where webhook not in ('signed', 'ding')")
    assert unsigned == [(0,)]

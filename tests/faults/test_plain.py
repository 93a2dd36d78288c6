"""A target that can be asked nothing: refused unless accepted, and what is in doubt is a person's to say."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.faults.cells import cell
from tests.faults.drive import play
from tests.faults.plain import SYNC, Stage, staged
from tongmai.sync.ledger import recount_all

CUSTOMERS = 12


def tongmai(*arguments: str) -> tuple[int, Any, str]:
    """The command line in a process of its own: exit status, last JSON line, everything it said."""
    done = subprocess.run([sys.executable, "-m", "tongmai", *arguments], capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("{", "["))]
    return done.returncode, json.loads(lines[-1]) if lines else None, done.stdout + done.stderr


def test_a_weak_target_must_be_accepted_in_the_file(hub_url: str) -> None:
    with staged(hub_url, CUSTOMERS) as stage:
        status, _, _ = tongmai("check")
        assert status == 0
        for guarantee in ("", "at-least-once, detectable"):
            stage.said(guarantee=guarantee)
            status, _, said = tongmai("check")
            assert status != 0 and "`at-least-once, blind`" in said, said
        stage.said(guarantee="at-least-once, blind")
        status, told, _ = tongmai("guarantee", "--json")
        assert status == 0
        (line,) = [one for one in told if one["name"] == SYNC]
        assert (line["guarantee"], line["hop"]) == ("at-least-once, blind", "notice_bus.Notice")


def test_doubt_is_shown_and_decided(hub_url: str) -> None:
    """One notice was taken and one was not; nobody can tell. Nothing is doubled, nothing stays open."""
    with staged(hub_url, CUSTOMERS) as stage:
        _one_each(stage)
        assert not stage.run() or stage.suspects(), "the doubt is not passed over"
        assert stage.run(), "what is asked of a person fails no run"
        status, found, _ = tongmai("suspect", "list", "--json")
        assert status == 0 and len(found) == 2 and {one["target"] for one in found} == {SYNC}
        keys = {entry["number"]: entry["key"] for entry in stage.taken()}
        taken = [one for one in found if one["payload"]["name"] in keys]
        assert len(taken) == 1 and not stage.doubled()
        (missing,) = [one for one in found if one not in taken]
        assert tongmai("suspect", "decide", str(missing["id"]))[0] == 2, "one of the two has to be said"
        assert (
            tongmai("suspect", "decide", str(taken[0]["id"]), "--delivered", keys[taken[0]["payload"]["name"]])[0] == 0
        )
        status, told, _ = tongmai("suspect", "decide", str(missing["id"]), "--resend", "--json")
        assert (status, told["decided"], told["target"]) == (0, "resend", SYNC)
        assert tongmai("suspect", "decide", str(missing["id"]), "--resend")[0] != 0, "decided once"
        assert stage.run() and tongmai("suspect", "list", "--json")[1] == []
        _all_once(stage)


def test_sending_again_without_asking_doubles(hub_url: str) -> None:
    with staged(hub_url, CUSTOMERS) as stage:
        stage.said(doubt="resend")
        _one_each(stage)
        while not stage.run():
            pass
        assert stage.suspects() == []
        assert list(stage.doubled().values()) == [2], "the one that had been taken"


def test_the_cell_of_many_doubts(hub_url: str) -> None:
    outcome = play(cell("no-key-no-search-ask"), hub_url, 40, 7)
    assert outcome.verdict == "passed", outcome


def _one_each(stage: Stage) -> None:
    kinds = ("timeout_before", "timeout_after")
    stage.bus.control("faults", [{"kind": kind, "after": 3 * n, "seconds": 0.01} for n, kind in enumerate(kinds)])


def _all_once(stage: Stage) -> None:
    from masterdata.store import connect

    with connect(stage.url) as database, database.transaction() as cursor:
        cursor.execute("select count(*) from golden.customer where status is distinct from 'inactive'")
        row = cursor.fetchone()
        assert row and len(stage.taken()) == row[0] and not stage.doubled()
        cursor.execute("select count(*) from hub.outbox")
        assert cursor.fetchone() == (0,)
        assert not [problem for book in recount_all(cursor) for problem in book["problems"]]

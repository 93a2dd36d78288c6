"""A target holds one company twice: one record is written to, the other is switched off once a steward says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.sync.trace import NotFoundError

Said = Callable[..., Any]


def _state(said: Said) -> dict[str, str]:
    return {
        f"{one['target']}:{one['key']}": one["state"] for one in said("review", "corrections", "list")["corrections"]
    }


def _doubled(world: World) -> None:
    world.put("Client", "c1", name=FULL, code=CODE, city="上海市")
    world.put("Client", "c2", name=SLIP, city="上海市")
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.run("accounts", "clients", "clients_back")


def test_approved_switched_off_and_on_again_after_an_unmerge(world: World, said: Said) -> None:
    _doubled(world)
    assert _state(said) == {}
    merged = said("review", "merge", "c1", "c2", "--why", "a slip of the pen")
    assert [(one["target"], one["key"]) for one in merged["second_records"]] == [("clients_back", "c2")]
    world.run("clients_back")
    assert not world.rows("Client")["c2"].get("off") and _state(said) == {"clients_back:c2": "open"}
    assert world.rows("Client")["c2"]["name"] == SLIP, "a second record is not written to"
    said("review", "corrections", "approve", "c2", "--why", "twice", "--dry-run")
    assert _state(said) == {"clients_back:c2": "open"}
    assert said("review", "corrections", "approve", "c2", "--why", "twice")["state"] == "queued"
    writes = len(world.writes("Client"))
    world.run("clients_back")
    assert world.writes("Client")[writes:] == [["Client", "c2", {"off": True}]]
    assert _state(said) == {"clients_back:c2": "done"}
    world.run("clients", "accounts", "clients_back", full=True)
    world.run("clients", "accounts", "clients_back")
    assert len(world.writes("Client")) == writes + 1, "it is switched off once, and nothing follows"
    assert world.golden("c1")["status"] == "active", "what we switched off does not vote"
    assert said("trace", "customer", "c1")["deliveries"][-1]["operation"] == "deactivate"
    said("review", "unmerge", "c1", "--record", "tray_erp/Client/c2", "--why", "two companies")
    assert _state(said) == {"clients_back:c2": "void"}
    world.run("clients_back")
    assert world.rows("Client")["c2"]["off"] is False and world.rows("Client")["c1"].get("off") is None
    world.run("clients", "clients_back")
    assert world.golden("c2")["status"] == "active"
    changed = len(world.writes("Client"))
    world.run("clients", "clients_back", "clients", "clients_back")
    assert len(world.writes("Client")) == changed, "it comes to rest"


def test_rejected_and_where_the_target_cannot(world: World, said: Said) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.put("Account", "a2", name=SLIP, city="上海市")
    world.run("accounts", "accounts_back")
    said("review", "merge", "a1", "a2", "--why", "one")
    assert _state(said) == {"accounts_back:a2": "open"}
    assert said("review", "corrections", "approve", "a2", "--why", "twice")["state"] == "by hand"
    world.run("accounts_back")
    assert world.rows("Account")["a2"].get("off") is None and _state(said) == {"accounts_back:a2": "by hand"}
    world.put("Account", "a2", off=True)
    world.run("accounts")
    assert _state(said) == {"accounts_back:a2": "done"}
    assert said("review", "corrections", "reject", "a2", "--why", "its own ledger")["state"] == "rejected"
    with pytest.raises(NotFoundError, match="no target holds it"):
        said("review", "corrections", "approve", "a1", "--why", "the first one")

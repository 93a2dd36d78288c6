"""``tongmai up`` starts the webhook receiver where a connection has webhooks, and ``down`` stops it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
import requests

from tests.intake.world import SITE, environment
from tongmai.core.errors import StateError
from tongmai.stack import receiver
from tongmai.stack.receiver import INTAKE
from tongmai.stack.service import Service


def test_a_receiver_runs_while_there_is_something_to_receive(
    hub_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = tmp_path / "desk.json"
    desk.write_text("{}", encoding="utf-8")
    for name, value in environment(desk).items():
        monkeypatch.setenv(name, value)
    # a relative path means what it meant to whoever ran `up`
    monkeypatch.chdir(SITE.parent)
    monkeypatch.setenv("TONGMAI_PATH", SITE.name)
    said: list[str] = []
    try:
        found = receiver.start(said.append)
        assert found.problems == {} and said == [INTAKE] and found.addresses
        assert all(each.startswith(f"{found.url}/in/desk/") for each in found.addresses)
        # it is the hub's own receiver: what is not signed is refused, and nothing of it is stored
        for address in found.addresses:
            assert 400 <= requests.post(address, json={"id": "1"}, timeout=10).status_code < 500
        with psycopg.connect(hub_url) as hub:
            assert hub.execute("select count(*) from hub.webhook_event").fetchone() == (0,)
        process = Service(INTAKE).process()
        assert process is not None and receiver.start(said.append) == found and said == [INTAKE], "it runs already"
        assert Service(INTAKE).process() == process
    finally:
        stopped = receiver.stop(said.append)
    assert stopped and Service(INTAKE).process() is None and not receiver.stop(said.append)
    with pytest.raises(requests.ConnectionError):
        requests.get(found.url, timeout=5)


def test_without_webhooks_nothing_runs_and_missing_secrets_are_told(hub_url: str, site: Path) -> None:
    assert receiver.start(lambda _: None).url == "" and Service(INTAKE).process() is None
    (site / "connections.yaml").write_text("ding: {connector: dingtalk, role: oa}\n", encoding="utf-8")
    found = receiver.start(lambda _: None)
    assert found.url == "" and found.problems == {"ding": "connection-settings"}


def test_a_receiver_that_ends_says_why(hub_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(tmp_path / "desk.json").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TONGMAI_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    try:
        with pytest.raises(StateError, match="it ended"):
            receiver.start(lambda _: None)
    finally:
        receiver.stop(lambda _: None)

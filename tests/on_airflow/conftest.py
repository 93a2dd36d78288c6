"""Site folders with sync files, and a stand-in for the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tongmai.sync.report import SyncReport

CONNECTIONS = """\
probe_crm: {connector: file, role: crm, settings: {path: /nowhere, streams: {}}}
"""
INBOUND = """\
sync: probe_in
label: {zh: 试验读入, en: Probe in}
read: {connection: probe_crm, stream: accounts, every: 5 minutes}
map: probe/accounts
tags: [pilot]
"""
OUTBOUND = """\
sync: probe_out
write: {connection: probe_crm, object: accounts}
of: customer
when: status == "active" | x
map: probe/accounts.out
baseline: probe_in
guarantee: at-least-once, detectable
notify: {mail: [it@example.com], webhook: [robot]}
"""
GROUP = """\
group: probe_group
syncs: [probe_in, probe_out]
"""


@pytest.fixture
def content(site: Path) -> Path:
    """A site folder with one sync in, one out, one group."""
    (site / "connections.yaml").write_text(CONNECTIONS, encoding="utf-8")
    (site / "mappings" / "probe").mkdir(parents=True)
    (site / "mappings" / "probe" / "accounts.yaml").write_text(
        "mapping: probe/accounts\nto: customer\n", encoding="utf-8"
    )
    for name, text in (("probe_in", INBOUND), ("probe_out", OUTBOUND), ("probe_group", GROUP)):
        (site / "syncs" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return site


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """``engine(report or error)`` puts a stand-in in the place of ``run_sync``; gives the list of its calls."""

    def put(*answers: SyncReport | Exception) -> list[Any]:
        import tongmai.sync.run as run

        calls: list[Any] = []
        queue = list(answers)

        def run_sync(name: str, options: Any, secrets: Any = None) -> SyncReport:
            calls.append((name, options, type(secrets).__name__))
            answer = queue.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(run, "run_sync", run_sync)
        return calls

    return put

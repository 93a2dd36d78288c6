"""What an instance stored is mapped by the release it began with, also after a kill and by whoever applies it."""

from __future__ import annotations

import psycopg
import pytest

from tests.flows.test_engine import FLOW, GROUP, MAPPING, Hub, hub
from tongmai.flows import run as flow_run
from tongmai.sync.run import run_sync

__all__ = ["hub"]


def test_what_was_stored_before_a_kill_is_mapped_as_it_was_then(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    real, times = flow_run.drain, []

    def drain(*given: object) -> object:
        times.append(1)
        if len(times) > 1:
            raise RuntimeError("killed before what was stored is applied")
        return real(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(flow_run, "drain", drain)
        with pytest.raises(RuntimeError):
            run_sync("probe")
    hub.write("mappings/hub/probe.yaml", MAPPING.replace("const: first", "const: second"))
    hub.run(GROUP)
    hub.run("probe")
    assert hub.query("select name from golden.contract") == [("first",)]


def test_an_old_release_that_cannot_be_used_any_more_holds_up_no_other(hub: Hub) -> None:
    old, new = hub.open_deals(2)
    hub.sign([old])
    hub.run("probe")
    with psycopg.connect(hub.url) as connection:
        connection.execute("update hub.flow_instance set digest = 'x', release = 'gone'")
    hub.write("flows/probe.yaml", FLOW.replace("100000000", "1"))
    hub.sign([new])
    report = run_sync("probe")
    assert report.error_code == "no-release"
    states = dict(hub.query("select minted->>'probe_number', state from hub.flow_instance where flow = 'probe'"))
    assert states == {"P-2026-001": "running", "P-2026-002": "done"}


def test_a_number_that_exists_is_an_error_with_a_next_step(hub: Hub) -> None:
    one, two = hub.open_deals(2)
    hub.sign([one])
    hub.run("probe")
    hub.write("flows/probe.yaml", FLOW.replace("P-{year}-{seq:03}", "P-2026-{seq:03}"))
    hub.sign([two])
    report = run_sync("probe")
    assert report.error_code == "number-taken" and "another name" in report.error

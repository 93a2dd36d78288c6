"""The hub database breaks off under a run."""

from __future__ import annotations

import psycopg
import pytest

from tests.sync.conftest import Systems
from tests.sync.test_kill import assert_exact, finish
from tongmai.core.errors import RetryableError
from tongmai.sync import apply, deliver, ingest
from tongmai.sync.run import run_sync


@pytest.mark.parametrize(
    "place", ["ingest.before-commit", "apply.before-commit", "deliver.frozen", "deliver.after-remote"]
)
def test_connections_cut_in_the_middle(systems: Systems, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    before = set(systems.customers())
    done: list[str] = []

    def reach(name: str) -> None:
        if name == place and not done:
            done.append(name)
            with psycopg.connect(systems.url, autocommit=True) as other:
                other.execute(
                    """select pg_terminate_backend(pid) from pg_stat_activity
                        where pid <> pg_backend_pid() and datname = current_database() and backend_type = 'client backend'"""
                )

    with monkeypatch.context() as patch:
        for module in (apply, deliver, ingest):
            patch.setattr(module, "reach", reach)
        with pytest.raises(RetryableError, match="broke off"):
            for name in ("crm_customers", "erp_customers"):
                run_sync(name)
    assert done
    finish()
    assert_exact(systems, before)

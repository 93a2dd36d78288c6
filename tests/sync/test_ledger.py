"""The books: a row taken away by hand turns them red."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.sync.conftest import Systems
from tongmai.cli.main import cli
from tongmai.sync.run import SyncOptions, run_sync


def execute(url: str, sql: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql).rowcount


def test_balanced_books_and_every_term(sales: Path, hub_url: str) -> None:
    report = run_sync("crm_sales_opportunities")
    assert report.ok
    assert report.inbound["read"] == report.inbound["applied"] > 50
    again = run_sync("crm_sales_opportunities")
    assert again.inbound["unchanged"] == again.inbound["read"] == report.inbound["read"]


def test_a_deleted_inbox_row_turns_the_ledger_red(sales: Path, hub_url: str) -> None:
    assert run_sync("crm_sales_accounts").ok
    assert execute(hub_url, "delete from hub.inbox where id = (select min(id) from hub.inbox)") == 1
    report = run_sync("crm_sales_accounts")
    assert not report.balanced
    assert "1 without a trace" in report.problems[0]


def test_a_deleted_work_key_turns_the_ledger_red(sales: Path, hub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stop_before_applying(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        run_sync("crm_sales_accounts")
    monkeypatch.undo()
    monkeypatch.setenv("TONGMAI_DATABASE_URL", hub_url)
    monkeypatch.setenv("CRM_SALES_DIR", str(sales))
    (victim,) = (
        psycopg.connect(hub_url)
        .execute("select record_id, source_key from hub.work join hub.source_record on id = record_id")
        .fetchmany(1)
    )
    assert execute(hub_url, f"delete from hub.work where record_id = {victim[0]}") == 1
    report = run_sync("crm_sales_accounts")
    assert not report.balanced
    assert "neither an outcome nor a work key" in report.problems[0]
    # what the message says to do next closes the books
    mended = run_sync("crm_sales_accounts", SyncOptions(keys=(victim[1],)))
    assert mended.balanced, mended.problems
    assert mended.inbound["applied"] == 1


def test_a_deleted_outbox_row_turns_the_ledger_red(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_sync("crm_customers").ok
    assert run_sync("erp_customers_in").ok
    systems.erp.control("faults", [{"kind": "status", "status": 503, "times": 0, "path": "Save"}])
    report = run_sync("erp_customers")
    assert report.error
    assert report.balanced, report.problems
    assert report.outbound["pending"] > 0
    assert execute(systems.url, "delete from hub.outbox where id = (select max(id) from hub.outbox)") == 1
    systems.erp.control("faults", [])
    report = run_sync("erp_customers")
    assert not report.balanced
    assert "erp_customers: queued" in report.problems[0]


def test_what_is_gone_for_good_is_written_off_by_name(sales: Path, hub_url: str) -> None:
    from click.testing import CliRunner

    run = run_sync("crm_sales_accounts").run
    execute(hub_url, "delete from hub.inbox where id = (select min(id) from hub.inbox)")
    assert not run_sync("crm_sales_accounts").balanced
    result = CliRunner().invoke(cli, ["ledger", "write-off", run, "--reason", "deleted by hand", "--json"])
    assert (result.exit_code, result.output.strip()) == (0, f'{{"book": "{run}", "written_off": 1}}')
    assert run_sync("crm_sales_accounts").balanced
    assert CliRunner().invoke(cli, ["ledger"]).exit_code == 0
    assert CliRunner().invoke(cli, ["ledger", "write-off", run, "--reason", "again"]).exit_code == 1


def test_a_short_outbox_is_written_off(systems: Systems) -> None:
    from click.testing import CliRunner

    for name in ("crm_customers", "erp_customers_in"):
        assert run_sync(name).ok
    systems.erp.control("faults", [{"kind": "status", "status": 503, "times": 0, "path": "Save"}])
    run_sync("erp_customers")
    execute(
        systems.url,
        "delete from hub.outbox where id in (select id from hub.outbox order by id desc limit 2)",
    )
    systems.erp.control("faults", [])
    assert not run_sync("erp_customers").balanced
    assert CliRunner().invoke(cli, ["ledger", "write-off", "erp_customers", "--reason", "by hand"]).exit_code == 0
    report = run_sync("erp_customers")
    assert report.balanced, report.problems
    assert CliRunner().invoke(cli, ["ledger"]).exit_code == 0


def test_the_command_line_says_so(sales: Path, hub_url: str) -> None:
    from click.testing import CliRunner

    assert CliRunner().invoke(cli, ["sync", "crm_sales_accounts", "--json"]).exit_code == 0
    assert CliRunner().invoke(cli, ["ledger"]).exit_code == 0
    execute(hub_url, "delete from hub.inbox where id = (select min(id) from hub.inbox)")
    assert CliRunner().invoke(cli, ["sync", "crm_sales_accounts", "--json"]).exit_code == 1
    result = CliRunner().invoke(cli, ["ledger"])
    assert result.exit_code == 1
    assert "without a trace" in result.output


def stop_before_applying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt the run between its two transactions."""
    from tongmai.sync import reading

    def interrupt(*_: object) -> tuple[int, int]:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "apply_batch", interrupt)

"""A listing that lost most of its records is not believed without a word from a person."""

from __future__ import annotations

from pathlib import Path

import psycopg

from tongmai.sync.run import SyncOptions, run_sync


def statuses(hub_url: str) -> dict[str, int]:
    with psycopg.connect(hub_url) as hub:
        return dict(hub.execute("select status, count(*) from golden.customer group by 1").fetchall())


def test_an_emptied_file_switches_nobody_off(sales: Path, hub_url: str) -> None:
    assert run_sync("crm_sales_accounts").ok
    before = statuses(hub_url)
    file = sales / "accounts.csv"
    lines = file.read_text().splitlines()
    file.write_text(lines[0] + "\n")
    report = run_sync("crm_sales_accounts")
    assert report.error_code == "too-many-deletes"
    assert f"{len(lines) - 1} of {len(lines) - 1}" in report.error
    assert report.balanced
    assert statuses(hub_url) == before
    accepted = run_sync("crm_sales_accounts", SyncOptions(accept_deletes=True))
    assert accepted.ok and accepted.inbound["applied"] == len(lines) - 1
    assert set(statuses(hub_url)) == {"inactive"}


def test_a_few_deletes_need_no_word(sales: Path, hub_url: str) -> None:
    assert run_sync("crm_sales_accounts").ok
    file = sales / "accounts.csv"
    file.write_text("\n".join(file.read_text().splitlines()[:-1]) + "\n")
    assert run_sync("crm_sales_accounts").ok
    assert statuses(hub_url)["inactive"] == 1


def test_two_syncs_cannot_read_one_stream(site: Path) -> None:
    from tongmai.sync.specs import load_specs

    (site / "syncs" / "second.yaml").write_text(
        "sync: second\nread: {connection: crm_sales, stream: accounts}\nmap: crm_sales/accounts\n"
    )
    found = [finding for finding in load_specs().findings if finding.code == "sync.stream-taken"]
    assert [Path(finding.mark.file).name for finding in found] == ["second.yaml"]
    assert found[0].mark.line == 2

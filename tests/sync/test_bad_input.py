"""Bad input: a clear error or a quarantined record, a non-zero exit, and nothing lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.sync.conftest import Systems, connection_text
from tongmai.sync.run import run_sync

Run = Callable[..., tuple[int, dict[str, Any], str]]


def test_wrong_credentials(systems: Systems, tongmai: Run) -> None:
    broken = json.loads(connection_text(systems.crm))
    broken["extra"]["app_secret"] = "wrong-secret-0123456789"
    status, line, err = tongmai("sync", "crm_customers", "--json", AIRFLOW_CONN_CRM_MAIN=json.dumps(broken))
    assert status == 1
    assert line["balanced"] and line["in"]["read"] == 0
    assert "crm_main" in line["error"]["text"]
    assert "wrong-secret" not in json.dumps(line) + err
    assert run_sync("crm_customers").inbound["applied"] > 0


def test_missing_secret_names_what_to_set(hub_url: str, tongmai: Run) -> None:
    status, line, err = tongmai("sync", "crm_customers", "--json")
    assert status != 0
    assert "AIRFLOW_CONN_CRM_MAIN" in json.dumps(line) + err


def test_simulator_down_then_back(systems: Systems) -> None:
    assert run_sync("crm_customers").ok
    assert run_sync("erp_customers").ok
    key = systems.query("select source_key from hub.crosswalk where stream = 'AccountObj' limit 1")[0][0]
    systems.edit_account(key, tel="021-55550100")
    assert run_sync("crm_customers").ok
    systems.erp.stop()
    report = run_sync("erp_customers")
    assert report.error_code == "unreachable" and report.balanced
    assert report.outbound["pending"] == report.outbound["queued"] == 1
    systems.erp.start()
    assert run_sync("erp_customers").outbound["delivered"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error_body", "body": {"errorCode": 32000, "errorMessage": "参数错误"}, "times": 0},
        {"kind": "truncate", "times": 0},
        {"kind": "html", "status": 200, "times": 0},
        {"kind": "status", "status": 500, "times": 0},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_read_that_breaks_in_the_middle_loses_nothing(systems: Systems, fault: dict[str, Any]) -> None:
    systems.crm.control("faults", [{**fault, "after": 1, "path": "query"}])
    broken = run_sync("crm_customers")
    assert broken.error and broken.balanced, broken.as_json()
    systems.crm.control("faults", [])
    whole = run_sync("crm_customers")
    assert whole.ok
    assert systems.query("select count(*) from hub.source_record")[0][0] == len(systems.accounts())


def test_a_token_that_expires_mid_read(systems: Systems) -> None:
    systems.crm.control(
        "faults",
        [{"kind": "error_body", "after": 1, "path": "query", "body": {"errorCode": 20016, "errorMessage": "expired"}}],
    )
    assert run_sync("crm_customers").ok
    assert systems.query("select count(*) from hub.source_record")[0][0] == len(systems.accounts())


def test_broken_rows_unknown_stage_and_impossible_date(sales: Path, hub_url: str, tongmai: Run) -> None:
    file = sales / "sales_pipeline.csv"
    rows = file.read_text().splitlines()
    good = len(rows) - 1
    rows += [
        "AAAA0001,Ada Bergmann,GTX Basic,Northwind Optics,Wonn,6-4-25,07-30-25,553",
        "AAAA0002,Ada Bergmann,GTX Basic,Northwind Optics,Won,31-2-25,07-30-25,553",
        "AAAA0003,Ada Bergmann,GTX Basic",
    ]
    file.write_text("\n".join(rows) + "\n")
    status, line, _ = tongmai("sync", "crm_sales_opportunities", "--json")
    assert status == 0
    assert line["in"]["quarantined"] == 3 and line["balanced"]
    assert tongmai("sync", "crm_sales_opportunities", "--json", "--strict")[0] == 0  # nothing new went to quarantine
    with psycopg.connect(hub_url) as hub:
        found = dict(hub.execute("select key, code from hub.quarantine").fetchall())
        assert found == {"AAAA0001": "unknown-term", "AAAA0002": "bad-date", f"line {good + 4}": "broken-record"}
        reason, place = hub.execute("select reason, place from hub.quarantine where key = 'AAAA0001'").fetchone() or (
            "",
            "",
        )
        assert "Wonn" in reason
        assert "sales_pipeline.yaml:" in place
        assert hub.execute("select count(*) from golden.opportunity").fetchone() == (good,)
    file.write_text(
        "\n".join([*rows[:-3], rows[-3].replace("Wonn", "Won"), rows[-2].replace("31-2-25", "28-2-25")]) + "\n"
    )
    assert run_sync("crm_sales_opportunities").ok
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select count(*) from hub.quarantine").fetchone() == (0,)
        assert hub.execute("select count(*) from golden.opportunity").fetchone() == (good + 2,)


def test_strict_exits_3(sales: Path, hub_url: str, tongmai: Run) -> None:
    file = sales / "sales_pipeline.csv"
    file.write_text(file.read_text() + "AAAA0001,Ada Bergmann,GTX Basic,Northwind Optics,Wonn,6-4-25,07-30-25,553\n")
    assert tongmai("sync", "crm_sales_opportunities", "--json", "--strict")[0] == 3


def test_unknown_sync_has_a_suggestion(hub_url: str, tongmai: Run) -> None:
    status, line, err = tongmai("sync", "crm_sales_acounts", "--json")
    assert status == 2
    assert "crm_sales_accounts" in err
    assert line["error"]["code"] == "unknown-sync"


def test_yaml_with_an_unknown_and_a_duplicate_key(site: Path, hub_url: str, tongmai: Run) -> None:
    (site / "syncs" / "mine.yaml").write_text(
        "sync: mine\nread: {connection: crm_sales, stream: accounts}\nmapp: crm_sales/accounts\nmap: crm_sales/accounts\nsync: twice\n"
    )
    status, line, err = tongmai("sync", "mine", "--json")
    assert status == 2
    places = {(finding["line"], finding["code"]) for finding in line["findings"]}
    assert (3, "sync.unknown-key") in places
    assert (5, "yaml.duplicate-key") in places
    assert "did you mean `map`?" in err
    assert tongmai("sync", "crm_sales_accounts", "--json")[0] == 0, "one bad file must not stop another sync"


def test_a_database_that_is_not_migrated(hub_url: str, tongmai: Run, postgres: Any) -> None:
    with psycopg.connect(hub_url, autocommit=True) as hub:
        hub.execute("drop schema hub cascade; drop schema golden cascade; drop table public.tongmai_migration")
    status, line, err = tongmai("sync", "crm_sales_accounts", "--json")
    assert status == 1
    assert line["error"]["code"] == "not-migrated"
    assert "tongmai db upgrade" in err


def test_a_write_the_target_refuses_goes_to_quarantine_and_back(systems: Systems) -> None:
    assert run_sync("crm_customers").ok
    assert run_sync("erp_customers_in").ok
    refusal = {
        "Result": {
            "ResponseStatus": {
                "ErrorCode": 500,
                "IsSuccess": False,
                "MsgCode": 11,
                "Errors": [{"FieldName": "FName", "Message": "名称不允许", "DIndex": 0}],
                "SuccessEntitys": [],
                "SuccessMessages": [],
            }
        }
    }
    systems.erp.control("faults", [{"kind": "error_body", "path": "Save", "body": refusal, "times": 1}])
    report = run_sync("erp_customers")
    assert report.ok and report.outbound["quarantined"] == 1
    ((number, reason),) = systems.query("select id, reason from hub.quarantine where stage = 'deliver'")
    assert "名称不允许" in reason
    from tongmai.sync.replaying import replay_entries

    assert replay_entries((number,)).ok
    assert run_sync("erp_customers").outbound["delivered"] == 1
    assert systems.query("select count(*) from hub.quarantine") == [(0,)]

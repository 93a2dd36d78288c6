"""Overlay edit and replay; a changed mapping; site folders; dry run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from masterdata.store import connect
from tests.sync.conftest import Systems
from tongmai.cli.main import cli
from tongmai.core.settings import product_root
from tongmai.sync import quarantine
from tongmai.sync.replaying import replay_entries
from tongmai.sync.run import SyncOptions, run_sync

BAD = "AAAA0001,Ada Bergmann,GTX Basic,Northwind Optics,Wonn,6-4-25,07-30-25,553\n"


def spoil(sales: Path, row: str = BAD) -> None:
    file = sales / "sales_pipeline.csv"
    file.write_text(file.read_text() + row)


def test_edit_and_replay(sales: Path, hub_url: str) -> None:
    spoil(sales)
    assert run_sync("crm_sales_opportunities").inbound["quarantined"] == 1
    shown = json.loads(CliRunner().invoke(cli, ["quarantine", "list", "--json"]).output)
    assert shown[0]["key"] == "AAAA0001"
    number = str(shown[0]["id"])
    assert "Wonn" in CliRunner().invoke(cli, ["quarantine", "show", number]).output
    result = CliRunner().invoke(cli, ["quarantine", "edit", number, "--set", "deal_stage=Won", "--replay", "--json"])
    assert result.exit_code == 0, result.output
    with psycopg.connect(hub_url) as hub:
        stage = hub.execute(
            "select stage from golden.opportunity o join hub.crosswalk c on c.entity_id = o.id where c.source_key = 'AAAA0001'"
        )
        assert stage.fetchone() == ("signed",)
        assert hub.execute("select count(*) from hub.quarantine").fetchone() == (0,)
    # the bad original, read again, does not come back
    again = run_sync("crm_sales_opportunities", SyncOptions(full=True))
    assert again.inbound["unchanged"] == again.inbound["read"]


def test_an_edit_is_refused_once_a_newer_version_has_arrived(sales: Path, hub_url: str) -> None:
    spoil(sales)
    run_sync("crm_sales_opportunities")
    with connect(hub_url) as database:
        with database.transaction() as cursor:
            (entry,) = quarantine.entries(cursor)
        with database.transaction() as cursor:
            cursor.execute(
                "update hub.source_record set inbox_id = inbox_id + 1000 where id = %s", (entry["record_id"],)
            )
        with pytest.raises(quarantine.QuarantineError, match="newer version"):
            quarantine.edit(database, entry["id"], {"deal_stage": "Won"}, "tester")


def test_replay_without_a_change_stays_in_quarantine(sales: Path, hub_url: str) -> None:
    spoil(sales)
    run_sync("crm_sales_opportunities")
    with connect(hub_url) as database, database.transaction() as cursor:
        (entry,) = quarantine.entries(cursor)
    assert replay_entries((entry["id"],)).inbound["quarantined"] == 1
    with connect(hub_url) as database, database.transaction() as cursor:
        assert len(quarantine.entries(cursor)) == 1


def test_a_changed_term_maps_again_from_the_stored_raw(sales: Path, hub_url: str, site: Path) -> None:
    spoil(sales)
    assert run_sync("crm_sales_opportunities").inbound["quarantined"] == 1
    maps = site / "mappings" / "crm_sales"
    maps.mkdir(parents=True)
    product = product_root() / "mappings" / "definitions" / "crm_sales"
    text = (product / "sales_pipeline.yaml").read_text()
    (maps / "sales_pipeline.yaml").write_text(text.replace("close_value", "close_value * 2") + "replaces: true\n")
    shutil.copy(product / "sales_pipeline_test.yaml", maps)
    total = "select sum(amount) from golden.opportunity"
    with psycopg.connect(hub_url) as hub:
        (before,) = hub.execute(total).fetchone() or (0,)
    for file in sales.glob("*.csv"):  # nothing can be read again: the header alone is left
        if file.name == "sales_pipeline.csv":
            continue
    report = run_sync("crm_sales_pipeline")
    assert report.inbound["unchanged"] == report.inbound["read"]
    with psycopg.connect(hub_url) as hub:
        assert hub.execute(total).fetchone() == (before * 2,)


@pytest.mark.empty_hub
def test_a_dry_run_keeps_nothing(sales: Path, hub_url: str) -> None:
    report = run_sync("crm_sales_opportunities", SyncOptions(dry_run=True))
    assert report.ok and report.inbound["applied"] > 50
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select count(*) from hub.run").fetchone() == (0,)
        assert hub.execute("select to_regclass('golden.customer')").fetchone() == (None,)


def test_a_site_adds_a_field_a_mapping_and_a_sync(hub_url: str, site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "clients.csv").write_text("编号,名称,评级\nK1,甲乙丙有限公司,五星\n", encoding="gb18030")
    (site / "connections.yaml").write_text(
        f"legacy:\n  connector: file\n  role: file\n  settings:\n    path: {folder}\n    streams:\n"
        "      clients: {file: clients.csv, key: 编号, encoding: gb18030}\n"
    )
    (site / "masterdata" / "customer").mkdir(parents=True)
    (site / "masterdata" / "customer" / "entity.yaml").write_text(
        "extend: customer\nfields:\n  rating: {type: text, label: {zh: 评级, en: Rating}}\n"
    )
    (site / "mappings" / "legacy").mkdir(parents=True)
    (site / "mappings" / "legacy" / "clients.yaml").write_text(
        "mapping: legacy/clients\nfrom: legacy.clients\nto: customer\nfields:\n  legal_name: 名称 | company_name\n  rating: 评级\n"
    )
    (site / "mappings" / "legacy" / "clients_test.yaml").write_text(
        "- case: plain\n  given: {名称: 某公司, 评级: 一星}\n  expect: {legal_name: 某公司, rating: 一星}\n"
    )
    (site / "syncs" / "legacy_clients.yaml").write_text(
        "sync: legacy_clients\nread: {connection: legacy, stream: clients}\nmap: legacy/clients\n"
    )
    report = run_sync("legacy_clients")
    assert report.ok and report.inbound["applied"] == 1, report.as_json()
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select legal_name, rating from golden.customer").fetchone() == ("甲乙丙有限公司", "五星")
        crosswalk = hub.execute("select connection, stream, source_key, entity from hub.crosswalk").fetchone()
        assert crosswalk == ("legacy", "clients", "K1", "customer")


def test_trace_tells_the_story(systems: Systems) -> None:
    for name in ("crm_customers", "erp_customers", "erp_customers_in"):
        assert run_sync(name).ok
    ((key,),) = systems.query("select remote_key from hub.delivery where operation = 'create' order by id limit 1")
    result = CliRunner().invoke(cli, ["trace", "customer", key, "--json"])
    assert result.exit_code == 0, result.output
    story = json.loads(result.output)
    assert story["fields"]["legal_name"]["connection"] == "crm_main"
    assert {"connection", "rule", "at"} <= set(story["fields"]["legal_name"])
    assert [d["outcome"] for d in story["deliveries"] if d["target"] == "erp_customers"] == ["delivered"]
    assert "crm_main.AccountObj" in CliRunner().invoke(cli, ["trace", "customer", key]).output

"""Stewards' values in a real hub: set, delivered, released, expired; and how a record stood before."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from tests.sync.conftest import Systems, systems
from tongmai.cli.main import cli
from tongmai.core.errors import ConfigurationError, TongmaiError
from tongmai.sync import overriding
from tongmai.sync.run import run_sync
from tongmai.sync.trace import NotFoundError

__all__ = ["systems"]
LATER = datetime.now(UTC) + timedelta(days=30)
ARGUMENTS = ("--until", "2090-01-01", "--why", "moved")


def tongmai(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """The command line in this process: exit status, last JSON line, what people read."""
    done = CliRunner().invoke(cli, arguments)
    if isinstance(done.exception, TongmaiError):
        return 1, {}, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    lines = [line for line in done.output.splitlines() if line.startswith("{")]
    return done.exit_code, json.loads(lines[-1]) if lines else {}, done.output


@pytest.fixture
def key(systems: Systems) -> str:
    assert run_sync("crm_customers").balanced
    return sorted(systems.accounts())[0]


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_a_value_is_set_shown_and_taken_back(systems: Systems, key: str) -> None:
    status, before, _ = tongmai("golden", "show", "customer", key, "--json")
    assert status == 0
    status, found, error = tongmai(
        "golden", "override", "customer", key, "short_name", "测试简称", *ARGUMENTS, "--json"
    )
    assert status == 0, error
    assert found["won"] and found["version"] == before["version"] + 1
    told = found["fields"]["short_name"]
    assert (told["value"], told["rule"], told["by"], told["why"]) == (
        "测试简称",
        "override",
        getpass.getuser(),
        "moved",
    )
    assert systems.query("select short_name from golden.customer where id = %s", found["id"]) == [("测试简称",)]
    # a source that speaks again does not wipe it out, and no source row was changed
    systems.edit_account(key, address="北京西路2号")
    assert run_sync("crm_customers").balanced
    assert systems.query("select short_name from golden.customer where id = %s", found["id"]) == [("测试简称",)]
    assert systems.query("select count(*) from hub.contribution where fields->>'short_name' = '测试简称'") == [(0,)]
    status, after, _ = tongmai("golden", "release", "customer", key, "short_name", "--json")
    assert status == 0
    assert after["fields"]["short_name"]["value"] == before["fields"]["short_name"]["value"]
    (history,) = after["overrides"]
    assert (history["by"], history["ended_by"]) == (getpass.getuser(), getpass.getuser())
    status, _, error = tongmai("golden", "release", "customer", key, "short_name")
    assert status == 1 and "none stands" in error
    told = tongmai("golden", "show", "customer", key)[2]
    assert "legal_name" in told and "#1 short_name = 测试简称" in told


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_an_expired_value_is_ignored_and_closed(systems: Systems, key: str) -> None:
    set_to = overriding.override("customer", key, "city", "苏州市", until=LATER, why="moved", by="li")
    assert set_to["fields"]["province"]["value"] == "江苏省" or set_to["fields"]["province"].get("rule") != "derived"
    assert overriding.expire() == {}
    with psycopg.connect(systems.url) as connection:
        connection.execute("update hub.override set until = now() - interval '1 second'")
    systems.edit_account(key, tel="021-55551234")
    assert run_sync("crm_customers").balanced
    ((city,),) = systems.query("select city from golden.customer where id = %s", set_to["id"])
    assert city != "苏州市", "a sync that touches the record no longer counts it"
    assert overriding.expire() == {"customer": 1}
    assert overriding.expire() == {}
    assert systems.query("select ended_by from hub.override") == [("",)]


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_expiry_chooses_records_anew_without_a_sync(systems: Systems, key: str) -> None:
    before = overriding.override("customer", key, "short_name", "甲", until=LATER, why="x", by="li")
    again = overriding.override("customer", key, "short_name", "乙", until=LATER, why="y", by="wang")
    assert [one["value"] for one in again["overrides"]] == ["乙", "甲"]
    assert again["overrides"][1]["ended_by"] == "wang"
    with psycopg.connect(systems.url) as connection:
        connection.execute("update hub.override set until = now() - interval '1 second' where ended_at is null")
    assert overriding.expire() == {"customer": 1}
    assert systems.query("select short_name from golden.customer where id = %s", before["id"]) != [("乙",)]


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_a_record_as_it_stood(systems: Systems, key: str) -> None:
    ((then,),) = systems.query("select clock_timestamp()")
    overriding.override("customer", key, "short_name", "测试简称", until=LATER, why="moved", by="li")
    status, old, _ = tongmai("golden", "as-of", "customer", key, then.isoformat(), "--json")
    assert status == 0
    assert old["version"] == 1 and old["fields"]["short_name"] != "测试简称"
    status, now, _ = tongmai("golden", "as-of", "customer", key, "2090-01-01", "--json")
    assert (status, now["version"], now["fields"]["short_name"]) == (0, 2, "测试简称")
    status, _, error = tongmai("golden", "as-of", "customer", key, "2001-01-01")
    assert status == 1 and "no golden record" in error


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_a_stewards_value_is_delivered(systems: Systems, key: str) -> None:
    for sync in ("erp_customers_in", "erp_customers"):
        assert run_sync(sync).balanced
    found = overriding.override("customer", key, "legal_name", "新名称有限公司", until=LATER, why="renamed", by="li")
    assert found["won"]
    report = run_sync("erp_customers")
    assert report.balanced and report.outbound["delivered"] == 1
    assert "新名称有限公司" in {row["FName"] for row in systems.customers().values()}


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_what_cannot_be_set_is_refused(systems: Systems, key: str) -> None:
    def refused(field: str, value: str, **more: Any) -> str:
        options = {"until": LATER, "why": "x", "by": "li", **more}
        with pytest.raises(ConfigurationError) as caught:
            overriding.override("customer", key, field, value, **options)
        return str(caught.value)

    assert "did you mean `city`" in refused("citty", "南京")
    assert "check digit" in refused("uscc", "91310000132200821J")
    assert "no term" in refused("level", "huge")
    assert "over already" in refused("city", "南京", until=datetime(2020, 1, 1, tzinfo=UTC))
    assert "why" in refused("city", "南京", why=" ")
    assert "empty" in refused("city", "")
    with pytest.raises(NotFoundError):
        overriding.override("customer", "nobody", "city", "南京", until=LATER, why="x", by="li")
    assert systems.query("select count(*) from hub.override") == [(0,)]


@pytest.mark.parametrize("systems", [12], indirect=True)
def test_a_steward_is_bound_by_what_a_source_is_bound_by(systems: Systems, key: str, site: Path) -> None:
    """Strict rules of the entity, steps of a strict list, no record above itself: nothing of it is kept."""
    with pytest.raises(ConfigurationError, match="above itself"):
        overriding.override("customer", key, "parent", key, until=LATER, why="x", by="li")
    folder = site / "masterdata" / "deal"
    folder.mkdir(parents=True)
    (folder / "entity.yaml").write_text(
        "entity: deal\nlabel: {zh: 交易, en: Deal}\nfields:\n  number: {type: text, label: {zh: 编号, en: Number}}\n"
        "  low: {type: decimal, label: {zh: 低, en: Low}}\n  high: {type: decimal, label: {zh: 高, en: High}}\n"
        "  step: {type: term(deal_step), label: {zh: 步骤, en: Step}}\nmatching: {exact: [number]}\nrules:\n"
        "  - {holds: low <= high, code: low-high, label: {zh: 低不大于高, en: Low is not above high}, otherwise: quarantine}\n"
    )
    (folder / "terms.yaml").write_text(
        "deal_step:\n  label: {zh: 步骤, en: Step}\n  otherwise: quarantine\n  terms:\n"
        "    a: {zh: 甲, en: A, next: [b]}\n    b: {zh: 乙, en: B, next: [c]}\n    c: {zh: 丙, en: C, next: []}\n"
    )
    (site / "data").mkdir()
    (site / "data" / "deals.csv").write_text("no,low,high,step\n1,1,5,a\n")
    (site / "connections.yaml").write_text(
        f"desk:\n  connector: file\n  role: crm\n  settings:\n    path: {site / 'data'}\n"
        "    streams:\n      deals: {file: deals.csv, key: no}\n"
    )
    (site / "mappings" / "desk").mkdir(parents=True)
    (site / "mappings" / "desk" / "deals.yaml").write_text(
        "mapping: desk/deals\nfrom: desk.deals\nto: deal\nfields:\n  number: no\n  low: low\n  high: high\n"
        "  step: step | term(deal_step)\n"
    )
    (site / "syncs" / "deals.yaml").write_text(
        "sync: deals\nread: {connection: desk, stream: deals}\nmap: desk/deals\n"
    )
    assert run_sync("deals").balanced

    def give(field: str, value: str) -> Any:
        return overriding.override("deal", "1", field, value, until=LATER, why="x", by="li")

    with pytest.raises(ConfigurationError, match="Low is not above high"):
        give("low", "6")
    assert systems.query("select low, step from golden.deal") == [(1, "a")]
    assert systems.query("select count(*) from hub.override") == [(0,)]
    give("step", "b")
    with pytest.raises(ConfigurationError, match="`b`; after that comes c"):
        give("step", "a")
    give("step", "c")
    assert systems.query("select step from golden.deal") == [("c",)]
    with pytest.raises(ConfigurationError, match="after that comes nothing"):
        give("step", "a")

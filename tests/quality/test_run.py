"""Real records of two systems judged in a real hub, and the figures kept of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from click.testing import CliRunner

from masterdata.store import connect
from tests.api.conftest import served
from tests.sync.conftest import Systems, systems
from tongmai.api import tokens
from tongmai.api.scope import declared
from tongmai.cli.main import cli
from tongmai.core.errors import ConfigurationError, StateError, TongmaiError
from tongmai.quality.run import run_quality
from tongmai.quality.standing import standing
from tongmai.sync.content import load_content
from tongmai.sync.run import run_sync

__all__ = ["systems"]
pytestmark = pytest.mark.parametrize("systems", [12], indirect=True)


def tongmai(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """The command line in this process: exit status, JSON line, what people read."""
    done = CliRunner().invoke(cli, ["quality", *arguments])
    if isinstance(done.exception, TongmaiError):
        return 2, {}, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    lines = [line for line in done.output.splitlines() if line.startswith("{")]
    return done.exit_code, json.loads(lines[-1]) if lines else {}, done.output


def change(url: str, query: str, *values: Any) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute(query, values).rowcount


def place(found: dict[str, Any], source: str = "golden") -> dict[str, Any]:
    """What is told of a source of the one entity."""
    (entity,) = found["entities"]
    return next(one for one in entity["places"] if one["source"] == source)


def rule(found: dict[str, Any], name: str, source: str = "golden") -> dict[str, Any]:
    return next(one for one in place(found, source)["rules"] if one["rule"] == name)


def judged() -> dict[str, Any]:
    status, found, error = tongmai("run", "--entity", "customer", "--json")
    assert status == 0, error
    return found


def test_what_is_wrong_is_found_counted_and_shown(systems: Systems) -> None:
    first = min(systems.accounts())
    systems.edit_account(first, tel="12", industry=None)
    for sync in ("crm_customers", "erp_customers_in"):
        assert run_sync(sync).balanced
    source = "crm_main.AccountObj"
    found = judged()
    whole = place(found)
    assert whole["records"] == systems.query("select count(*) from golden.customer")[0][0]
    assert {one["dimension"] for one in whole["dimensions"]} == {
        "completeness",
        "validity",
        "consistency",
        "timeliness",
        "uniqueness",
    }
    for one in found["entities"][0]["places"]:
        assert one["score"] + sum(each["cost"] for each in one["rules"]) == pytest.approx(100, abs=0.3)
    # the number that no telephone can be was refused when it was mapped, and is held against its source
    assert rule(found, "validity.phones", source)["failed"] == 1
    # what a source's mapping does not bring is not held against it
    assert rule(found, "completeness.owner", source)["checked"] == 0
    assert rule(found, "completeness.owner")["failed"] == whole["records"]
    status, listed, _ = tongmai(
        "failures", "--entity", "customer", "--rule", "validity.phones", "--source", "crm_main", "--json"
    )
    assert (status, listed["total"]) == (0, 1)
    assert listed["records"][0]["key"] == first
    assert listed["records"][0]["values"] == {"phones": None}
    status, listed, _ = tongmai("failures", "--entity", "customer", "--key", first, "--json")
    assert {one["source"] for one in listed["records"]} >= {"golden", source}
    scores = [one["score"] for one in listed["records"]]
    assert scores == sorted(scores), "the worst comes first"


def test_a_run_is_held_against_the_last_one_a_week_and_a_month_ago(systems: Systems) -> None:
    assert run_sync("crm_customers").balanced
    ((before,),) = [(place(judged())["score"],)]
    change(systems.url, "update hub.quality_run set at = now() - interval '31 days'")
    change(
        systems.url,
        'update hub.entity_version set fields = fields || \'{"level": null, "industry": null}\'',
    )
    judged()
    change(systems.url, "update hub.quality_run set at = now() - interval '8 days' where at > now() - interval '1 day'")
    change(systems.url, 'update hub.entity_version set fields = fields || \'{"level": "regular"}\'')
    now = place(judged())
    worse = now["change"]["month"]
    assert now["change"]["previous"] == now["change"]["week"] > 0 > worse
    assert now["score"] == pytest.approx(before + worse, abs=0.02)
    status, _, text = tongmai("show", "--entity", "customer")
    assert status == 0 and "completeness.industry" in text and f"{worse:+.2f}" in text
    assert systems.query("select count(*) from bi.data_quality where level = 'whole' and source = 'golden'") == [(3,)]
    ((score, zh),) = systems.query(
        """select score, rule_zh from bi.data_quality where newest and rule = 'completeness.level' and source = 'golden'"""
    )
    assert (score, zh) == (100, "客户等级已填写")


def test_the_gate_is_shut_under_its_limit(systems: Systems) -> None:
    with (
        pytest.raises(StateError, match="never judged"),
        connect(systems.url) as database,
        database.transaction() as cursor,
    ):
        standing(cursor, load_content().schema, [])
    status, _, error = tongmai("run", "--min", "1")
    assert status == 2 and "no record to judge" in error
    assert run_sync("crm_customers").balanced
    status, found, _ = tongmai("run", "--entity", "customer", "--min", "99.9", "--json")
    assert status == 1 and not found["ok"]
    assert found["below"] == [{"entity": "customer", "source": "golden", "score": place(found)["score"]}]
    limit = str(place(found)["score"])
    assert tongmai("show", "--min", limit, "--json")[0] == 0, "entities without records stop nobody"
    status, found, text = tongmai("show", "--min", "100", "--source", "crm_main")
    assert status == 1 and "crm_main.AccountObj" in text and "is under 100" in text
    assert tongmai("show", "--entity", "customer", "--source", "crm_min")[2].count("did you mean `crm_main`?") == 1
    assert (
        "did you mean `completeness.uscc`?"
        in tongmai("failures", "--entity", "customer", "--rule", "completeness.usc")[2]
    )
    with pytest.raises(ConfigurationError, match="did you mean `customer`"):
        run_quality(["custmer"])


def test_doubles_are_suspected_until_somebody_decides(systems: Systems) -> None:
    assert run_sync("crm_customers").balanced
    assert rule(judged(), "uniqueness.twins")["failed"] == 0
    one, other = sorted(
        row[0]
        for row in systems.query(
            "select min(record_id) from hub.contribution group by entity_id order by entity_id limit 2"
        )
    )
    edge = "insert into hub.match_edge (one, other, entity, weight, veto) values (%s, %s, 'customer', 1000, %s)"
    change(systems.url, edge, one, other, True)
    assert rule(judged(), "uniqueness.twins")["failed"] == 0, "a veto is no suspicion"
    change(systems.url, "update hub.match_edge set veto = false")
    found = judged()
    assert rule(found, "uniqueness.twins")["failed"] == 2
    assert rule(found, "uniqueness.twins", "crm_main.AccountObj")["failed"] == 2
    status, listed, _ = tongmai("failures", "--entity", "customer", "--rule", "uniqueness.twins", "--json")
    assert (status, listed["total"]) == (0, 4)
    change(
        systems.url,
        """with act as (insert into hub.match_act (entity, kind, who, why, run_id) values ('customer', 'apart', 'li', 'x', 'r') returning id)
           insert into hub.match_decision (act, one, other, same) select id, %s, %s, false from act""",
        one,
        other,
    )
    assert rule(judged(), "uniqueness.twins")["failed"] == 0
    change(systems.url, "update hub.match_decision set ended_at = now()")
    assert rule(judged(), "uniqueness.twins")["failed"] == 2
    change(
        systems.url,
        "update hub.source_record set entity_id = (select entity_id from hub.source_record where id = %s)",
        one,
    )
    assert rule(judged(), "uniqueness.twins")["failed"] == 0, "they are one now"


def test_records_of_one_entity_in_one_source_and_codes_of_two(systems: Systems) -> None:
    assert run_sync("crm_customers").balanced
    source, name = "crm_main.AccountObj", "uniqueness.once"
    before = judged()
    ids = [
        row[0]
        for row in systems.query(
            """select min(record_id) from hub.contribution where fields->>'uscc' is not null
                group by entity_id having count(*) = 1 order by 1 limit 2"""
        )
    ]
    change(
        systems.url,
        "update hub.contribution set entity_id = (select entity_id from hub.contribution where record_id = %s) where record_id = %s",
        *ids,
    )
    after = judged()
    assert rule(after, name)["failed"] == rule(before, name)["failed"] + 1
    assert rule(after, name, source)["failed"] == rule(before, name, source)["failed"] + 2
    assert rule(after, "consistency.uscc_agrees", source)["failed"] == 1, "two codes, one golden record"
    status, listed, _ = tongmai("failures", "--entity", "customer", "--rule", "consistency.uscc_agrees", "--json")
    assert status == 0 and listed["records"][0]["golden"]["uscc"] != listed["records"][0]["values"]["uscc"]
    change(
        systems.url,
        """update hub.entity_version set fields = jsonb_set(fields, '{uscc}', '" 91310000132200821x"')
            where entity_id in (select entity_id from hub.entity_version order by entity_id limit 3)""",
    )
    assert rule(judged(), "uniqueness.uscc")["failed"] == 3
    change(
        systems.url,
        """update hub.entity_version set fields = fields || '{"status": "inactive"}'
            where entity_id in (select entity_id from hub.entity_version order by entity_id limit 2)""",
    )
    found = judged()
    assert rule(found, "uniqueness.uscc")["failed"] == 0, "who is switched off is looked at by no rule"
    assert place(found)["records"] == place(after)["records"] - 2


def test_references_that_wait_or_lead_nowhere(systems: Systems) -> None:
    assert run_sync("crm_customers").balanced
    (record, entity_id), (_, other) = systems.query(
        "select record_id, entity_id from hub.contribution order by 1 limit 2"
    )
    name, source = "consistency.parent_resolves", "crm_main.AccountObj"
    change(
        systems.url,
        """insert into hub.reference_wait (connection, stream, entity, source_key, record_id, field)
           values ('crm_main', 'AccountObj', 'customer', 'nobody', %s, 'parent')""",
        record,
    )
    found = judged()
    assert rule(found, name, source)["failed"] == rule(found, name)["failed"] == 1
    change(
        systems.url,
        "update hub.entity_version set fields = fields || jsonb_build_object('parent', %s::text) where entity_id = %s",
        str(other),
        entity_id,
    )
    found = judged()
    assert rule(found, name, source)["failed"] == 1
    assert (rule(found, name)["checked"], rule(found, name)["failed"]) == (1, 0), "another source knew it"
    change(systems.url, "update hub.entity set redirect_to = %s where id = %s", entity_id, other)
    assert rule(judged(), name)["failed"] == 1


def test_what_no_source_confirms_any_more_is_old(systems: Systems) -> None:
    for sync in ("crm_customers", "erp_customers_in"):
        assert run_sync(sync).balanced
    name = "timeliness.confirmed"
    assert rule(judged(), name)["failed"] == 0
    old = timedelta(days=366)
    change(systems.url, "update hub.inbox set received_at = received_at - %s", old)
    assert rule(judged(), name)["failed"] == 0, "every source was listed as a whole since"
    change(systems.url, "update hub.stream set baseline_at = baseline_at - %s where connection = 'crm_main'", old)
    found = judged()
    assert rule(found, name, "crm_main.AccountObj")["score"] == 0
    assert rule(found, name, "erp_main.BD_Customer")["score"] == 100
    both = systems.query(
        """select count(distinct c.entity_id) from hub.contribution c join hub.source_record r on r.id = c.record_id
             join hub.stream s on s.id = r.stream_id where s.connection = 'erp_main'"""
    )[0][0]
    assert rule(found, name)["failed"] == place(found)["records"] - both


def test_a_site_adds_rules_and_takes_some_away(systems: Systems, site: Path) -> None:
    (site / "masterdata" / "customer").mkdir(parents=True)
    (site / "masterdata" / "customer" / "quality.yaml").write_text(
        """quality: customer
extends: true
completeness: {region: 2}
consistency:
  short_is_short:
    holds: (short_name | length) < 3
    label: {zh: 简称要短, en: A short name is short}
without: [completeness.owner, completeness.lifecycle]
""",
        encoding="utf-8",
    )
    assert run_sync("crm_customers").balanced
    found = judged()
    names = {one["rule"] for one in place(found)["rules"]}
    assert "completeness.uscc" in names and "completeness.owner" not in names
    assert rule(found, "completeness.region")["failed"] == place(found)["records"]
    short = systems.query("select count(*) from golden.customer where short_name is not null")[0][0]
    assert rule(found, "consistency.short_is_short")["checked"] == short


def test_a_failed_run_leaves_the_figures_of_the_last_one(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    from tongmai.quality import run

    assert run_sync("crm_customers").balanced
    judged()
    kept = systems.query("select * from hub.quality_record order by record_id, entity_id")
    assert kept

    def torn(*arguments: Any) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(run, "_save", torn)
    with pytest.raises(RuntimeError, match="in the middle"):
        run_quality(["customer"])
    assert systems.query("select * from hub.quality_record order by record_id, entity_id") == kept
    assert systems.query("select count(*) from hub.quality_run") == [(1,)]


def test_personal_values_are_not_shown(systems: Systems) -> None:
    assert run_sync("crm_customers").balanced
    change(systems.url, 'update hub.entity_version set fields = fields || \'{"legal_person": "无"}\'')
    judged()
    options = ("failures", "--entity", "customer", "--rule", "validity.legal_person", "--source", "golden")
    listed = tongmai(*options, "--json")[1]
    assert listed["total"] and listed["records"][0]["values"] == {"legal_person": "•••"}
    text = tongmai(*options)[2]
    assert "•••" in text and "= 无" not in text


def test_scores_and_failures_over_rest_are_what_the_command_says(systems: Systems) -> None:
    """Only of what a token reads; personal values never."""
    first = min(systems.accounts())
    systems.edit_account(first, tel="12", industry=None)
    assert run_sync("crm_customers").balanced
    schema, until = load_content().schema, datetime.now(UTC) + timedelta(days=1)
    with connect(systems.url) as database, database.transaction() as cursor:
        whole = tokens.create(cursor, "whole", declared(schema, ["*"], [], ["*"]), until, "test", 0)
        other = tokens.create(cursor, "other", declared(schema, ["contact"], [], []), until, "test", 0)
        narrow = tokens.create(
            cursor, "narrow", declared(schema, ["customer"], ["customer.city"], []), until, "test", 0
        )
    with served(systems.url) as base:

        def call(path: str, token: str = whole, **params: Any) -> tuple[int, Any]:
            headers = {"authorization": f"Bearer {token}"}
            found = requests.get(f"{base}/api/v1/quality{path}", params, headers=headers, timeout=60)
            return found.status_code, found.json()

        status, refused = call("")
        assert (status, refused["error"]["code"]) == (404, "no-quality-run")
        found = judged()
        assert call("") == (200, {"entities": found["entities"]})
        assert place(call("", source="golden")[1]) == place(found) and call("", other) == (200, {"entities": []})
        assert call("", other, entity="customer")[0] == 403
        assert call("", source="nowhere")[1]["error"]["code"] == "no-quality-source"
        status, failed = call("/customer/failures", rule="validity.phones", source="crm_main")
        assert status == 200 and failed["total"] == 1 and failed["records"][0]["key"] == first
        assert failed["records"][0]["values"] == {"phones": None}, "refused when it was mapped"
        status, whole_list = call("/customer/failures", limit=1000)
        assert whole_list["total"] == len(whole_list["records"]) and any(one["values"] for one in whole_list["records"])
        hidden = call("/customer/failures", narrow, limit=1000)[1]
        assert hidden["total"] == whole_list["total"]
        assert {name for one in hidden["records"] for name in one["values"]} <= {"city"}
        assert call("/customer/failures", rule="completeness.industri")[1]["error"]["next"].startswith("did you mean")

"""Flows of a site over a file: numbers, releases, blocked steps, overdue ones, mistakes in files."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from tongmai.cli.main import cli
from tongmai.core.errors import ConfigurationError
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.run import SyncOptions, run_sync

GROUP = "crm_sales_opportunities"
FLOW = """\
flow: probe
trigger: opportunity becomes stage == "signed"
cancel: stage == "lost"
steps:
  - mint: probe_number
    as: "P-{year}-{seq:03}"
  - create: contract
    map: hub/probe
  - wait: amount >= 100000000
    of: contract
    within: 1 hour
"""
MAPPING = """\
mapping: hub/probe
from: hub.opportunity
to: contract
fields:
  number: probe_number
  name:   {const: first}
  amount: amount | decimal
  status: {if: flow_state == "cancelled", then: inactive, else: active}
"""
TEST = """\
- case: a number
  given: {probe_number: P-1, amount: "5", flow_state: running}
  expect: {number: P-1, amount: "5", status: active}
"""


class Hub:
    """The sample sales data, a site with one flow, and the hub between them."""

    def __init__(self, site: Path, sales: Path, url: str) -> None:
        self.site, self.url = site, url
        self.file = sales / "sales_pipeline.csv"
        for name, text in (
            ("flows/probe.yaml", FLOW),
            ("mappings/hub/probe.yaml", MAPPING),
            ("mappings/hub/probe_test.yaml", TEST),
        ):
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        (self.site / name).parent.mkdir(parents=True, exist_ok=True)
        (self.site / name).write_text(text, encoding="utf-8")

    def deals(self) -> list[dict[str, str]]:
        with self.file.open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def edit(self, keys: list[str], **fields: str) -> None:
        found = self.deals()
        with self.file.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(found[0]))
            writer.writeheader()
            writer.writerows({**row, **fields} if row["opportunity_id"] in keys else row for row in found)

    def open_deals(self, count: int) -> list[str]:
        """Deals that are in the hub and not signed."""
        keys = [row["opportunity_id"] for row in self.deals() if row["deal_stage"] == "Engaging" and row["account"]]
        assert len(keys) >= count
        return keys[:count]

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def run(self, name: str) -> Any:
        report = run_sync(name)
        assert report.ok, report.as_json()
        return report

    def sign(self, keys: list[str]) -> None:
        self.edit(keys, deal_stage="Won", close_date="12-30-26", close_value="1054")
        self.run(GROUP)


@pytest.fixture
def hub(site: Path, sales: Path, hub_url: str) -> Hub:
    made = Hub(site, sales, hub_url)
    made.run(GROUP)
    return made


def test_what_was_so_from_the_beginning_starts_nothing_and_can_be_started_by_hand(hub: Hub) -> None:
    assert hub.query("select count(*) from golden.opportunity where stage = 'signed'")[0][0] > 0
    assert hub.query("select count(*) from hub.flow_instance") == [(0,)]
    key = next(row["opportunity_id"] for row in hub.deals() if row["deal_stage"] == "Won")
    said = CliRunner().invoke(cli, ["flow", "start", "probe", key])
    assert said.exit_code == 0, said.output
    with pytest.raises(ConfigurationError, match="under way"):
        CliRunner().invoke(cli, ["flow", "start", "probe", key], catch_exceptions=False)
    hub.run("probe")
    assert hub.query("select state, step from hub.flow_instance") == [("running", 2)]
    listed = CliRunner().invoke(cli, ["flow", "list", "probe"]).output
    assert "P-2026-001" in listed and "3. wait amount" in listed
    shown = CliRunner().invoke(cli, ["flow", "show", "P-2026-001"]).output
    assert "mint probe_number" in shown and "contract" in shown


def test_numbers_have_no_gaps_and_follow_the_order_of_signing(hub: Hub) -> None:
    one, two, three = hub.open_deals(3)
    hub.sign([one])
    hub.run("probe")
    hub.sign([two, three])
    hub.run("probe")
    assert [
        n for (n,) in hub.query("select number from hub.minted_number where sequence = 'probe_number' order by 1")
    ] == [1, 2, 3]
    assert hub.query(
        """select i.minted->>'probe_number' from hub.flow_instance i join hub.crosswalk c on c.entity_id = i.subject
            where c.source_key = %s and i.flow = 'probe'""",
        one,
    ) == [("P-2026-001",)]


def test_an_instance_finishes_on_the_release_it_began_with(hub: Hub) -> None:
    old, new = hub.open_deals(2)
    hub.sign([old])
    hub.run("probe")
    hub.write("mappings/hub/probe.yaml", MAPPING.replace("const: first", "const: second"))
    hub.write("flows/probe.yaml", FLOW.replace("100000000", "1"))
    hub.sign([new])
    hub.edit([old], close_value="2000")
    hub.run(GROUP)
    hub.run("probe")
    found = dict(hub.query("select c.number, c.name from golden.contract c"))
    assert found == {"P-2026-001": "first", "P-2026-002": "second"}
    states = dict(hub.query("select minted->>'probe_number', state from hub.flow_instance where flow = 'probe'"))
    assert states == {"P-2026-001": "running", "P-2026-002": "done"}
    assert hub.query("select amount from golden.contract where number = 'P-2026-001'")[0][0] == 2000


def test_a_record_that_cannot_be_made_holds_up_its_own_instance_and_goes_on_when_mended(hub: Hub) -> None:
    broken = MAPPING.replace("name:   {const: first}", "name:   {const: first}\n  signed_on: probe_number | date")
    hub.write("mappings/hub/probe.yaml", broken)
    (key,) = hub.open_deals(1)
    hub.sign([key])
    hub.run("probe")
    ((state, note),) = hub.query("select state, note from hub.flow_instance where flow = 'probe'")
    assert state == "running" and note == ""
    hub.query("select 1")
    hub.edit([key], close_value="3000")
    hub.run(GROUP)
    hub.run("probe")
    ((note,),) = hub.query("select note from hub.flow_instance where flow = 'probe'")
    assert note.startswith("quarantine entry") and "bad-date" in note


def test_called_off_before_anything_was_made(hub: Hub) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    hub.edit([key], deal_stage="Lost")
    hub.run(GROUP)
    hub.run("probe")
    assert hub.query("select state from hub.flow_instance where flow = 'probe'") == [("cancelled",)]
    assert hub.query("select count(*) from golden.contract") == [(0,)]
    assert hub.query("select count(*) from hub.minted_number where sequence = 'probe_number'") == [(0,)]


def test_a_step_that_takes_too_long_is_shown(hub: Hub) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    assert hub.run("probe").instances["overdue"] == 0
    with psycopg.connect(hub.url) as connection:
        connection.execute("update hub.flow_instance set deadline = now() - interval '1 minute' where flow = 'probe'")
    assert hub.run("probe").instances["overdue"] == 1
    assert "overdue" in CliRunner().invoke(cli, ["flow", "list", "--state", "overdue"]).output


def test_a_dry_run_keeps_nothing(hub: Hub) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    report = run_sync("probe", SyncOptions(dry_run=True))
    assert report.ok and report.inbound["applied"] == 1
    assert hub.query("select count(*) from hub.minted_number") == [(0,)]
    assert hub.query("select step from hub.flow_instance where flow = 'probe'") == [(0,)]
    hub.run("probe")
    assert hub.query("select text from hub.minted_number where sequence = 'probe_number'") == [("P-2026-001",)]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("opportunity becomes", "oportunity becomes", "flow.unknown-entity", 2),
        ("becomes stage", "gets stage", "flow.bad-value", 2),
        ('stage == "signed"', 'stge == "signed"', "unknown-field", 2),
        ("{seq:03}", "{sec:03}", "flow.bad-value", 5),
        ("{year}-{seq:03}", "{month}-{seq:03}", "flow.bad-value", 5),
        ("hub/probe", "hub/prob", "flow.unknown-mapping", 8),
        ("create: contract", "create: sales_order", "flow.mapping-direction", 8),
        ("of: contract", "of: contrakt", "flow.unknown-entity", 10),
        ("wait: amount", "wait: amont", "unknown-field", 9),
        ("  - wait: amount >= 100000000\n    of: contract", "  - write: erp_ordrs", "flow.unknown-sync", 9),
        ("flow: probe", "flow: prob", "flow.name", 1),
    ],
)
def test_mistakes_are_found_at_their_place(
    site: Path, sales: Path, hub_url: str, old: str, new: str, code: str, line: int
) -> None:
    made = Hub(site, sales, hub_url)
    assert [f for f in check_content(load_content()) if f.mark.file.endswith("probe.yaml")] == []
    made.write("flows/probe.yaml", FLOW.replace(old, new))
    found = [f for f in check_content(load_content()) if f.mark.file.endswith("flows/probe.yaml")]
    assert found and found[0].mark.line == line, [f.render() for f in found]
    assert code in found[0].code, found[0].render()


def test_a_flow_with_mistakes_stops_the_runs_it_listens_to(hub: Hub) -> None:
    hub.write("flows/probe.yaml", FLOW.replace("stage ==", "stge =="))
    with pytest.raises(ConfigurationError, match="probe"):
        run_sync("crm_sales_pipeline")
    assert run_sync("crm_sales_accounts").ok


def test_a_name_that_is_no_flow_and_a_flow_whose_file_is_gone_are_said(hub: Hub) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    for words in (["flow", "list", "prob"], ["flow", "start", "prob", key]):
        with pytest.raises(ConfigurationError, match="there is no such flow") as caught:
            CliRunner().invoke(cli, words, catch_exceptions=False)
        assert caught.value.next_step == "did you mean `probe`?"
    with pytest.raises(ConfigurationError) as caught:
        run_sync("prob")
    assert caught.value.next_step == "did you mean `probe`?"
    assert "gone" not in CliRunner().invoke(cli, ["flow", "list"]).output
    (hub.site / "flows" / "probe.yaml").unlink()
    assert "its file is gone" in CliRunner().invoke(cli, ["flow", "list"]).output


def test_who_was_called_off_waits_for_nothing(hub: Hub) -> None:
    (key,) = hub.open_deals(1)
    hub.sign([key])
    hub.run("probe")
    hub.edit([key], deal_stage="Lost")
    hub.run(GROUP)
    hub.run("probe")
    told = CliRunner().invoke(cli, ["flow", "list", "probe"]).output
    assert "called off" in told and "wait" not in told
    assert "…" not in CliRunner().invoke(cli, ["flow", "show", "P-2026-001"]).output

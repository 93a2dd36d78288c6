"""Criteria and allowed steps, checked when a record's term changes, through real runs of a sync."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.run import run_sync

LIST = """deal_stage:
  label: {{zh: 阶段, en: Stage}}
  otherwise: {otherwise}
  skips: {skips}
  terms:
    open: {{zh: 开, en: Open, next: [agreed, lost]}}
    agreed:
      zh: 谈妥
      en: Agreed
      enter: {{zh: 有金额, en: There is an amount, holds: amount > 0, otherwise: {enter}}}
      next: [won, lost]
    won:
      zh: 赢
      en: Won
      enter: {{zh: 有经办人, en: Somebody won it, holds: owner_name != None}}
      next: []
    lost: {{zh: 输, en: Lost, next: []}}
"""
ENTITY = """entity: deal
label: {zh: 单, en: Deal}
fields:
  number: {type: text, required: true, label: {zh: 号, en: Number}}
  stage: {type: term(deal_stage), required: true, label: {zh: 阶段, en: Stage}}
  amount: {type: decimal, label: {zh: 金额, en: Amount}}
  owner_name: {type: text, label: {zh: 经办, en: Owner}}
matching: {exact: [number]}
"""


class World:
    def __init__(self, site: Path, folder: Path, url: str) -> None:
        self.site, self.file, self.url = site, folder / "deals.csv", url
        (site / "connections.yaml").write_text(
            f"desk:\n  connector: file\n  role: crm\n  settings:\n    path: {folder}\n    streams:\n"
            "      deals: {file: deals.csv, key: number}\n"
        )
        (site / "mappings" / "desk").mkdir(parents=True)
        (site / "mappings" / "desk" / "deals.yaml").write_text(
            "mapping: desk/deals\nfrom: desk.deals\nto: deal\nfields:\n  number: number\n"
            "  stage: stage | term(deal_stage)\n  amount: amount\n  owner_name: owner\n"
        )
        (site / "syncs" / "deals.yaml").write_text(
            "sync: deals\nread: {connection: desk, stream: deals}\nmap: desk/deals\n"
        )
        (site / "masterdata" / "deal").mkdir(parents=True)
        (site / "masterdata" / "deal" / "entity.yaml").write_text(ENTITY)
        self.terms()

    def terms(self, otherwise: str = "finding", skips: str = "true", enter: str = "finding") -> None:
        text = LIST.format(otherwise=otherwise, skips=skips, enter=enter)
        (self.site / "masterdata" / "deal" / "terms.yaml").write_text(text)

    def read(self, *rows: str) -> dict[str, int]:
        self.file.write_text("number,stage,amount,owner\n" + "".join(f"{row}\n" for row in rows))
        report = run_sync("deals")
        assert report.ok, report.as_json()
        return dict(report.inbound)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as hub:
            return hub.execute(query).fetchall()

    def findings(self) -> set[tuple[Any, ...]]:
        return set(
            self.ask("select r.source_key, f.code from hub.finding f join hub.source_record r on r.id = f.record_id")
        )


@pytest.fixture
def world(site: Path, tmp_path: Path, hub_url: str) -> World:
    folder = tmp_path / "data"
    folder.mkdir()
    return World(site, folder, hub_url)


def test_a_step_back_is_a_finding_and_the_first_listing_is_none(world: World) -> None:
    world.read("A,won,,", "B,open,,", "C,open,5,")
    assert world.findings() == set()
    world.read("A,open,,", "B,agreed,,", "C,agreed,5,")
    assert world.findings() == {("A", "term-not-allowed"), ("B", "term-entered-early")}
    assert sorted(world.ask("select number, stage from golden.deal")) == [
        ("A", "open"),
        ("B", "agreed"),
        ("C", "agreed"),
    ]


def test_steps_between_two_reads_count_unless_each_must_be_seen(world: World) -> None:
    world.read("A,open,5,", "B,open,5,")
    world.read("A,won,5,王", "B,open,5,")
    assert world.findings() == set()
    world.terms(skips="false")
    world.read("A,won,5,王", "B,won,5,王")
    assert world.findings() == {("B", "term-not-allowed")}


def test_quarantine_where_it_is_declared_and_the_record_comes_through_once_mended(world: World) -> None:
    world.terms(otherwise="quarantine", enter="quarantine")
    world.read("A,lost,,", "B,open,,", "C,open,1,")
    counts = world.read("A,open,,", "B,agreed,,", "C,lost,1,")
    assert (counts["quarantined"], counts["applied"]) == (2, 1)
    assert sorted(world.ask("select number, stage from golden.deal")) == [("A", "lost"), ("B", "open"), ("C", "lost")]
    assert set(world.ask("select key, code from hub.quarantine")) == {
        ("A", "term-not-allowed"),
        ("B", "term-entered-early"),
    }
    world.read("A,lost,,", "B,agreed,7,", "C,lost,1,")
    assert world.ask("select count(*) from hub.quarantine") == [(0,)]
    assert world.ask("select stage from golden.deal where number = 'B'") == [("agreed",)]


def test_a_record_that_comes_later_enters_its_term(world: World) -> None:
    world.read("A,open,,")
    world.read("A,open,,", "N,agreed,,", "M,agreed,3,")
    assert world.findings() == {("N", "term-entered-early")}


WRONG = [
    ("holds: amount > 0", "holds: amout > 0", "mapping.unknown-field", "amout", "amount"),
    ("next: [won, lost]", "next: [wan, lost]", "terms.unknown-term", "wan", "won"),
    ("otherwise: finding}", "otherwise: findings}", "terms.bad-value", "findings", "finding"),
    (", holds: owner_name != None", ", otherwise: quarantine", "terms.bad-value", "{", ""),
    ("  skips: true", "  skip: true", "terms.unknown-key", "skip", "skips"),
]


def test_mistakes_in_lists_are_found(site: Path) -> None:
    for number, (old, new, *_) in enumerate([("", "")] + [one[:2] for one in WRONG]):
        folder = site / "masterdata" / f"deal{number}"
        folder.mkdir(parents=True)
        (folder / "entity.yaml").write_text(ENTITY.replace("deal", f"deal{number}"))
        text = LIST.format(otherwise="finding", skips="true", enter="finding").replace("deal_", f"deal{number}_")
        assert old in text
        (folder / "terms.yaml").write_text(text.replace(old, new, 1) if old else text)
    found = [one for one in check_content(load_content()) if one.mark.file.endswith("terms.yaml")]
    assert not [one for one in found if "/deal0/" in one.mark.file]
    for number, (*_, code, word, suggestion) in enumerate(WRONG, 1):
        (one,) = [one for one in found if f"/deal{number}/" in one.mark.file and one.code == code]
        line = Path(one.mark.file).read_text().splitlines()[one.mark.line - 1]
        assert line[one.mark.column - 1 :].startswith(word) and one.suggestion == suggestion, number


def test_a_site_makes_a_list_of_the_product_strict(deals: Path, site: Path, hub_url: str) -> None:
    folder = site / "masterdata" / "opportunity"
    folder.mkdir(parents=True)

    def read(row: str) -> dict[str, int]:
        deals.write_text(f"no,name,stage,amount\n{row}\n")
        return dict(run_sync("deals").inbound)

    assert read("1,甲,跟进,5")["applied"] == 1
    assert read("1,甲,签约,5")["quarantined"] == 0, "steps may be skipped, and a wrong one is a finding"
    read("2,乙,跟进,5")
    (folder / "terms.yaml").write_text(
        "opportunity_stage: {extends: true, otherwise: quarantine, skips: false, owner: {zh: 总部, en: HQ}}\n"
    )
    terms = load_content().schema.terms["opportunity_stage"]
    assert terms.owner and (terms.owner.en, terms.label.en, len(terms.terms)) == ("HQ", "Opportunity stage", 5)
    assert read("2,乙,签约,5")["quarantined"] == 1
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select code from hub.quarantine").fetchall() == [("term-not-allowed",)]
    for text, code, line in (
        ("oportunity_stage: {extends: true, skips: false}\n", "terms.extends-nothing", 1),
        ("opportunity_stage:\n  extends: true\n", "terms.bad-value", 2),
        ("opportunity_stage:\n  extends: true\n  terms: {a: {zh: 甲, en: A}}\n", "terms.unknown-key", 3),
    ):
        (folder / "terms.yaml").write_text(text)
        assert [(f.code, f.mark.line) for f in load_content().schema.findings] == [(code, line)], text

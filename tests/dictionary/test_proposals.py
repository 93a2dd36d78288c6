"""Change by proposal and approval, end to end: unknown, proposed, weighed, approved, replayed, through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masterdata.model.terms import TermFile
from tongmai.core.errors import ConfigurationError, StateError
from tongmai.core.settings import product_root
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.proposals import parse, text_of
from tongmai.sync.run import run_sync

Run = Callable[..., tuple[int, Any]]
NEW = (
    "--list", "opportunity_stage", "--term", "tendering", "--zh", "投标中", "--en", "Tendering", "--after", "reviewing",
    "--next", "signed", "--next", "lost", "--follows", "reviewing", "--value", "desk:投标",
    "--out", "fxiaoke=s6", "--value", "fxiaoke:s6", "--out", "salesforce=Proposal/Price Quote",
)  # fmt: skip


def read(deals: Path, *rows: str) -> dict[str, int]:
    deals.write_text("no,name,stage,amount\n" + "".join(f"{row}\n" for row in rows))
    return dict(run_sync("deals").inbound)


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as hub:
        return hub.execute(query).fetchall()


def files() -> dict[str, str]:
    root = product_root()
    return {str(f): f.read_text() for room in ("masterdata", "mappings") for f in sorted((root / room).rglob("*.yaml"))}


def test_an_unknown_value_becomes_a_term_and_its_records_come_through(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    product = files()
    counts = read(deals, "1,甲,跟进,5", "2,乙,投标,6", "3,丙,投标,7", "4,丁,谈判,8")
    assert (counts["applied"], counts["quarantined"]) == (1, 3)
    _, listed = run("dictionary", "unknown", "--json")
    assert [(one["list"], one["value"], one["records"], one["system"]) for one in listed["unknown"]] == [
        ("opportunity_stage", "投标", 2, "file"),
        ("opportunity_stage", "谈判", 1, "file"),
    ]
    code, made = run("dictionary", "propose", *NEW, "--by", "李雷", "--why", "tenders", "--json")
    assert code == 0
    number = str(made["proposal"])
    _, found = run("dictionary", "impact", number, "--json")
    assert (found["quarantined"], found["records"], found["golden"]) == (2, 4, 1)
    assert {"desk/deals", "fxiaoke/opportunity"} <= {one["mapping"] for one in found["mappings"]}
    assert {one["sync"]: one["records"] for one in found["syncs"]}["deals"] == 4
    assert found["fields"] == ["opportunity.stage"]
    assert ask(hub_url, "select count(*) from hub.release") == [(1,)], "a proposal changes nothing"

    code, done = run("dictionary", "approve", number, "--by", "韩梅梅", "--why", "agreed", "--json")
    assert (code, done["replayed"], done["replay"]["in"]["applied"]) == (0, 2, 2)
    assert sorted(ask(hub_url, "select number, stage from golden.opportunity")) == [
        ("1", "following"), ("2", "tendering"), ("3", "tendering"),
    ]  # fmt: skip
    assert files() == product, "the product's files are never edited"
    assert [file.name for file in (site / "dictionary").iterdir()] == ["opportunity_stage.tendering.yaml"]
    content = load_content()
    assert [f.line() for f in check_content(content) if f.severity == "error"] == []
    assert list(content.schema.terms["opportunity_stage"].terms) == [
        "following", "approved", "reviewing", "tendering", "signed", "lost",
    ]  # fmt: skip
    assert content.schema.terms["opportunity_stage"].version == 2
    assert content.schema.terms["opportunity_stage"].terms["reviewing"].next == ("signed", "lost", "tendering")
    rows = ask(
        hub_url,
        "select proposed_by, decided_by, state, reason, r.number from hub.proposal p join hub.release r on r.id = p.release",
    )
    assert rows == [("李雷", "韩梅梅", "approved", "agreed", 2)]
    assert ask(hub_url, "select zh from bi.term where term = 'tendering'") == [("投标中",)]
    # the next run maps what it has again and changes nothing
    again = read(deals, "1,甲,跟进,5", "2,乙,投标,6", "3,丙,投标,7", "4,丁,谈判,8")
    assert again["unchanged"] == 4
    _, listed = run("dictionary", "unknown", "--json")
    assert [one["value"] for one in listed["unknown"]] == ["谈判"]


def test_a_value_for_a_term_that_is_there(deals: Path, site: Path, hub_url: str, run: Run) -> None:
    read(deals, "1,甲,谈判,5")
    _, made = run(
        "dictionary", "propose", "--list", "opportunity_stage", "--term", "reviewing", "--value", "desk:谈判", "--json"
    )
    code, done = run("dictionary", "approve", str(made["proposal"]), "--why", "the same thing", "--json")
    assert (code, done["replayed"]) == (0, 1)
    assert ask(hub_url, "select stage from golden.opportunity") == [("reviewing",)]
    assert load_content().schema.terms["opportunity_stage"].version == 1


def test_a_proposal_that_leaves_a_system_without_a_value_is_refused(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        run(
            "dictionary", "propose", "--list", "opportunity_stage", "--term", "tendering", "--zh", "投标中", "--en", "T"
        )
    assert caught.value.code == "proposal-breaks"
    assert {"valuemap.not-total"} <= {one.code for one in caught.value.findings}
    with pytest.raises(ConfigurationError) as caught:
        run("dictionary", "propose", "--list", "opportunity_stage", "--term", "lost", "--value", "desk:签约")
    assert [one.code for one in caught.value.findings] == ["dictionary.value-taken"]
    assert ask(hub_url, "select count(*) from hub.proposal") == [(0,)]


def test_a_rejected_proposal_changes_nothing_and_is_decided_once(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    _, made = run("dictionary", "propose", *NEW, "--json")
    number = str(made["proposal"])
    with pytest.raises(StateError, match="another proposal"):
        run("dictionary", "propose", *NEW)
    assert run("dictionary", "reject", number, "--by", "韩梅梅", "--why", "no", "--json")[0] == 0
    assert not (site / "dictionary").exists()
    for verb in ("approve", "reject"):
        with pytest.raises(StateError, match="was rejected by 韩梅梅"):
            run("dictionary", verb, number, "--why", "x")
    assert run("dictionary", "list", "--json")[1]["proposals"] == []
    assert [one["state"] for one in run("dictionary", "list", "--all", "--json")[1]["proposals"]] == ["rejected"]
    assert run("dictionary", "propose", *NEW, "--json")[0] == 0, "it may be proposed again"


def test_an_approval_that_was_cut_off_is_finished(deals: Path, site: Path, hub_url: str, run: Run) -> None:
    _, made = run("dictionary", "propose", *NEW, "--json")
    ((text,),) = ask(hub_url, "select content from hub.proposal")
    (site / "dictionary").mkdir()
    file = site / "dictionary" / "opportunity_stage.tendering.yaml"
    file.write_text(text)
    assert run("dictionary", "approve", str(made["proposal"]), "--why", "again", "--json")[0] == 0
    assert ask(hub_url, "select state from hub.proposal") == [("approved",)]


def test_without_a_site_folder_nothing_is_approved(
    hub_url: str, run: Run, monkeypatch: pytest.MonkeyPatch, site: Path
) -> None:
    _, made = run(
        "dictionary",
        "propose",
        "--list",
        "lost_reason",
        "--term",
        "strategy",
        "--zh",
        "战略",
        "--en",
        "Strategy",
        "--json",
    )
    monkeypatch.delenv("TONGMAI_PATH")
    with pytest.raises(ConfigurationError, match="no site folder"):
        run("dictionary", "approve", str(made["proposal"]), "--why", "x")
    assert ask(hub_url, "select state from hub.proposal") == [("open",)]


WORDS = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["1e3", "007", "true", "~", "on", "- a", "a: b", "#", "{", "1_0"]
)


@given(WORDS, WORDS, WORDS)
def test_what_is_proposed_is_what_is_read_back(value: str, out: str, label: str) -> None:
    try:
        for word in (value, out, label):
            word.encode()
    except UnicodeEncodeError:
        return
    data = {"list": "stage", "term": "bidding", "zh": label, "en": "B", "values": {"crm": {"in": [value], "out": out}}}
    found = TermFile.model_validate(data)
    assert parse(text_of(found), "it") == found


HAS = "{zh: 有, en: Has, holds: amuont > 0}"
FILE = """list: opportunity_stage
term: tendering
zh: 投标中
en: Tendering
values:
  fxiaoke: {in: [s6], out: s6}
  salesforce: {refused: {zh: 没有, en: None there}}
"""


WRONG = [
    ("list: opportunity_stage", "list: oportunity_stage", "dictionary.unknown-list", (1, 7), "opportunity_stage"),
    ("term: tendering", "term: signed", "dictionary.exists", (2, 7), ""),
    ("en: Tendering", "en: Tendering\nafter: reviewin", "dictionary.unknown-term", (5, 8), "reviewing"),
    ("en: Tendering", "en: Tendering\nnext: [lots]", "dictionary.unknown-term", (5, 8), "lost"),
    ("  fxiaoke:", "  fxiaok:", "dictionary.unknown-system", (6, 3), "fxiaoke"),
    ("in: [s6]", "in: [s5]", "dictionary.value-taken", (6, 18), ""),
    ("zh: 投标中", "zhh: 投标中", "dictionary.unknown-key", (3, 1), "zh"),
    ("refused: {", "out: a, refused: {", "dictionary.bad-value", (7, 15), ""),
    ("en: Tendering", f"en: Tendering\nenter: {HAS}", "mapping.unknown-field", (5, 32), "amount"),
]


def test_mistakes_in_term_files_are_found_where_they_stand(site: Path) -> None:
    (site / "dictionary").mkdir()
    for number, (old, new) in enumerate([("", ""), *((one[0], one[1]) for one in WRONG)]):
        text = FILE.replace(old, new) if old else FILE
        assert old in FILE
        own = text.replace("term: tendering", f"term: tender{number}").replace("[s6]", f"[s6{number}]")
        (site / "dictionary" / f"{number}.yaml").write_text(own.replace("out: s6", f"out: s6{number}"))
    found = [f for f in check_content(load_content()) if "/dictionary/" in f.mark.file]
    assert [f.line() for f in found if f.mark.file.endswith("/0.yaml")] == []
    for number, (_, _, code, place, suggestion) in enumerate(WRONG, 1):
        own_ = [f for f in found if f.mark.file.endswith(f"/{number}.yaml") and f.code == code]
        assert own_ and (own_[0].mark.line, own_[0].mark.column, own_[0].suggestion) == (*place, suggestion), number


def test_a_second_proposal_for_a_term_is_approved_beside_the_first(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    for value in ("已成交", "赢单"):
        read(deals, f"1,甲,{value},5")
        _, made = run(
            "dictionary",
            "propose",
            "--list",
            "opportunity_stage",
            "--term",
            "signed",
            "--value",
            f"desk:{value}",
            "--json",
        )
        code, done = run("dictionary", "approve", str(made["proposal"]), "--why", "said so", "--json")
        assert (code, done["replayed"]) == (0, 1)
        assert ask(hub_url, "select stage from golden.opportunity") == [("signed",)]
    assert sorted(file.name for file in (site / "dictionary").iterdir()) == [
        "opportunity_stage.signed.2.yaml", "opportunity_stage.signed.yaml",
    ]  # fmt: skip


def test_a_term_that_was_added_can_be_changed_and_what_was_agreed_last_counts(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    change = (*NEW[:4], "--change", "--zh", "招投标", "--next", "signed", "--follows", "approved")
    for options in (NEW, change):
        _, made = run("dictionary", "propose", *options, "--json")
        assert run("dictionary", "approve", str(made["proposal"]), "--why", "agreed", "--json")[0] == 0
    assert ask(hub_url, "select zh, version from bi.term where term = 'tendering'") == [("招投标", 3)]
    for number in (10, 9):  # by number, not by letter
        text = f"list: opportunity_stage\nterm: tendering\nchanges: true\nzh: 投标{number}\n"
        (site / "dictionary" / f"opportunity_stage.tendering.{number}.yaml").write_text(text)
    terms = load_content().schema.terms["opportunity_stage"]
    term = terms.terms["tendering"]
    assert (term.zh, term.en, term.next, terms.version) == ("投标10", "Tendering", ("signed",), 5)
    assert terms.terms["approved"].next == ("reviewing", "lost", "tendering")
    assert list(terms.terms).index("tendering") == 3


def test_a_retired_term_stays_where_it_is_and_what_systems_say_means_another(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    read(deals, "1,甲,评审,5", "2,乙,跟进,6")
    options = ("--list", "opportunity_stage", "--term", "reviewing", "--retire", "--instead", "approved")
    code, made = run("dictionary", "propose", *options, "--json")
    assert code == 0
    number = str(made["proposal"])
    set_to = (
        "golden",
        "override",
        "opportunity",
        "2",
        "stage",
        "reviewing",
        "--until",
        "2090-01-01",
        "--why",
        "x",
        "--json",
    )
    assert run(*set_to)[0] == 0
    assert "stewards set are this term" in run("dictionary", "impact", number)[1]
    assert run("golden", "release", "opportunity", "2", "stage", "--json")[0] == 0
    _, found = run("dictionary", "impact", number, "--json")
    assert (found["holding"], found["golden"], found["overrides"]) == (1, 2, 0)
    assert {one["sync"]: one["records"] for one in found["syncs"]}["deals"] == 2
    _, text = run("dictionary", "impact", number)
    assert "retired: true" in text
    assert run("dictionary", "approve", number, "--why", "one step less", "--json")[0] == 0
    assert dict(ask(hub_url, "select term, instead from bi.term where retired")) == {"reviewing": "approved"}
    read(deals, "1,甲,评审,5", "2,乙,跟进,6", "3,丙,评审,7")
    assert sorted(ask(hub_url, "select number, stage from golden.opportunity")) == [
        ("1", "approved"), ("2", "following"), ("3", "approved"),
    ]  # fmt: skip
    for again in (("approved", "--retire"), ("reviewing", "--retire", "--instead", "reviewing")):
        with pytest.raises(ConfigurationError) as caught:
            run("dictionary", "propose", "--list", "opportunity_stage", "--term", *again)
        assert {one.code for one in caught.value.findings} == {"dictionary.instead"}, again


def test_a_record_that_takes_a_retired_term_is_told_and_a_steward_does_not_give_it(
    deals: Path, site: Path, hub_url: str, run: Run
) -> None:
    read(deals, "1,甲,评审,5", "2,乙,跟进,6")
    _, made = run("dictionary", "propose", "--list", "opportunity_stage", "--term", "reviewing", "--retire", "--json")
    run("dictionary", "approve", str(made["proposal"]), "--why", "not used", "--json")
    read(deals, "1,甲,评审,8", "2,乙,评审,6")
    assert ask(hub_url, "select value, code from hub.finding where code = 'term-retired'") == [
        ("reviewing", "term-retired")
    ]
    assert sorted(ask(hub_url, "select number, stage from golden.opportunity")) == [
        ("1", "reviewing"),
        ("2", "reviewing"),
    ]
    with pytest.raises(ConfigurationError, match="retired"):
        run("golden", "override", "opportunity", "1", "stage", "reviewing", "--until", "2090-01-01", "--why", "x")
    back = site / "dictionary" / "opportunity_stage.reviewing.9.yaml"
    back.write_text("list: opportunity_stage\nterm: reviewing\nretired: false\n")
    assert not load_content().schema.terms["opportunity_stage"].terms["reviewing"].retired


def test_a_list_may_retire_terms_itself(site: Path) -> None:
    folder = site / "masterdata" / "grade"
    folder.mkdir(parents=True)
    words = "{zh: 甲, en: A"
    (folder / "terms.yaml").write_text(
        f"grade:\n  label: {{zh: 级, en: Grade}}\n  terms:\n    a: {words}}}\n    b: {words}, retired: true, instead: a}}\n"
        f"    c: {words}, retired: true, instead: b}}\n    d: {words}, retired: true, instead: aa}}\n    e: {words}, instead: a}}\n"
    )
    found = [(f.code, f.mark.line) for f in load_content().schema.findings]
    assert found == [("terms.instead", 6), ("terms.unknown-term", 7), ("terms.instead", 8)]

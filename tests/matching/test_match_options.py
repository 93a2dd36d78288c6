"""``tongmai match`` on files of odd shapes: labels, weights, copies, many records of each company, people among customers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bench.matching.measure import load_clusters
from masterdata.matching.columns import Columns, caps
from masterdata.matching.copies import FEW
from masterdata.matching.scorer import Scorer
from masterdata.matching.weights import Weights
from masterdata.model.matching import MatchingRules
from tongmai.batch.run import scorer_of
from tongmai.cli.match import match
from tongmai.core.errors import ConfigurationError
from tongmai.sync.content import load_content

NAMES = ("上海融木科技有限公司", "融木（上海）科技有限公司", "上海市融木科技有限公司", "上海融木科技")


def _run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(match, [str(each) for each in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def _write(file: Path, rows: Iterable[Sequence[str]]) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return file


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return _write(
        tmp_path / "records.csv",
        [
            ["id", "name", "phone", "uscc", "industry"],
            ["1", NAMES[0], "021-64321234", "91310115MA1H8X0P2B", "软件"],
            ["2", NAMES[1], "64321234", "", ""],
            ["3", "北京腾红正贸易有限公司", "010-88886666", "", "贸易"],
            ["4", "腾红正进出口", "", "", ""],
        ],
    )


def test_labels_stand_above_weights_and_show_what_the_rules_are_worth(records: Path, tmp_path: Path) -> None:
    out, why = tmp_path / "c.csv", tmp_path / "why.jsonl"
    _run("--in", records, "--out", out)
    assert load_clusters(out) == {"1": "1", "2": "1", "3": "3", "4": "4"}
    labels = _write(tmp_path / "l.csv", [["id_a", "id_b", "same"], ["2", "1", "no"], ["3", "4", "same"]])
    told = json.loads(_run("--in", records, "--out", out, "--labels", labels, "--explain", why, "--json").output)
    assert load_clusters(out) == {"1": "1", "2": "2", "3": "3", "4": "3"}
    assert told["labels"] == {"same": 1, "found": 0, "different": 1, "wrong": 1}
    lines = {tuple(line["pair"]): line for line in map(json.loads, why.read_text(encoding="utf-8").splitlines())}
    assert lines["1", "2"]["label"] == "different" and not lines["1", "2"]["together"]
    assert lines["3", "4"]["label"] == "same" and lines["3", "4"]["together"]
    said = _run("explain", "1", "2", "--in", records, "--labels", labels).output
    assert "a label says that they are not the same" in said and "in different clusters" in said
    assert "of which the rules alone find 0" in _run("--in", records, "--out", out, "--labels", labels).output


def test_labels_say_that_records_of_different_codes_are_one(tmp_path: Path) -> None:
    rows = [["id", "name", "uscc"], ["1", NAMES[0], "91310115MA1H8X0P2B"], ["2", NAMES[0], "91310000132200821H"]]
    rows += [["3", NAMES[0], ""]]
    file, out = _write(tmp_path / "r.csv", rows), tmp_path / "c.csv"
    labels = _write(tmp_path / "l.csv", [["id_1", "id_2", "is_match"], ["1", "3", "1"], ["3", "2", "1"]])
    _run("--in", file, "--out", out, "--labels", labels)
    assert set(load_clusters(out).values()) == {"1"}


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["id_a", "id_b", "same"], ["1", "2", "yes"], ["2", "1", "no"]], "no-label"),
        ([["id_a", "id_b", "same"], ["1", "2", "1"], ["2", "3", "1"], ["1", "3", "0"]], "no-label"),
        ([["id_a", "id_b", "same"], ["1", "9", "1"]], "unknown-record"),
        ([["id", "entity_id"], ["9", "x"]], "unknown-record"),
        ([["left", "right"], ["1", "2"]], "no-labels"),
    ],
)
def test_labels_that_cannot_be_meant(rows: list[list[str]], code: str, records: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.csv"
    with pytest.raises(ConfigurationError) as caught:
        _run("--in", records, "--out", out, "--labels", _write(tmp_path / "l.csv", rows))
    assert caught.value.code == code and not out.exists()


def test_of_records_that_labels_do_not_name_nothing_is_known(records: Path, tmp_path: Path) -> None:
    labels, out = _write(tmp_path / "l.csv", [["id", "entity_id"], ["3", "x"], ["4", "x"]]), tmp_path / "c.csv"
    told = json.loads(_run("--in", records, "--out", out, "--labels", labels, "--json").output)
    assert load_clusters(out) == {"1": "1", "2": "1", "3": "3", "4": "3"}
    assert told["labels"]["same"] == 1 and told["labels"]["different"] == 0


def test_weights_of_a_file_in_place_of_the_shipped_ones(records: Path, tmp_path: Path) -> None:
    out, weights = tmp_path / "c.csv", tmp_path / "w.json"
    shipped = json.loads(load_content().schema.weights["customer"].read_text(encoding="utf-8"))
    for level in shipped["compare"]["name"]:
        shipped["compare"]["name"][level] = [-9000, -9000]
    weights.write_text(json.dumps({**shipped, "version": "stern"}), encoding="utf-8")
    told = json.loads(_run("--in", records, "--out", out, "--weights", weights, "--json").output)
    assert told["weights"] == "stern" and told["clusters"] == 4
    assert "in different clusters" in _run("explain", "1", "2", "--in", records, "--weights", weights).output
    _run("--entity", "supplier", "--in", records, "--out", out, "--weights", weights)  # suppliers are like customers
    weights.write_text(json.dumps({**shipped, "matching": "member"}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="learnt for `member`") as caught:
        _run("--in", records, "--out", out, "--weights", weights)
    assert caught.value.code == "bad-weights"


def test_a_company_that_stands_on_thousands_of_rows_is_one(tmp_path: Path) -> None:
    """As in a list of invoices: each key has more records than may be compared, and each value is common."""
    file, out = tmp_path / "r.csv", tmp_path / "c.csv"
    others = [
        f"{place}腾红正{trade}有限公司" for place in ("北京", "武汉", "成都") for trade in ("贸易", "机械", "食品")
    ]
    rows = [[f"a{at}", NAMES[0], "021-64321234"] for at in range(3000)] + [["b", NAMES[3], "64321234"]]
    rows += [[f"{number}-{at}", name, ""] for number, name in enumerate(others) for at in range(150)]
    rows += [[f"e{at}", "", ""] for at in range(40)]
    told = json.loads(_run("--in", _write(file, [["id", "name", "phone"], *rows]), "--out", out, "--json").output)
    clusters = load_clusters(out)
    assert {clusters[f"a{at}"] for at in range(3000)} == {"a0"} == {clusters["b"]}
    assert all({clusters[f"{number}-{at}"] for at in range(150)} == {f"{number}-0"} for number in range(len(others)))
    assert len({clusters[f"e{at}"] for at in range(40)}) == 40, "records that say nothing are not one"
    assert told["copies"] == 2999 + 149 * len(others)
    said = _run("explain", "a7", "b", "--in", file).output
    assert "in one cluster of 3001" in said


def test_people_of_one_name_are_not_one_because_there_are_many(tmp_path: Path) -> None:
    file, out = tmp_path / "r.csv", tmp_path / "c.csv"
    rows = [[str(at), "张伟", "男"] for at in range(400)] + [
        [f"x{at}", f"李{chr(0x4E00 + at)}", "女"] for at in range(400)
    ]
    told = json.loads(_run("--in", _write(file, [["id", "姓名", "性别"], *rows]), "--out", out, "--json").output)
    assert told["entity"] == "member" and told["clusters"] == 800 and told["copies"] == 0
    assert FEW < 400


def test_labelled_copies_are_looked_at_one_by_one(tmp_path: Path) -> None:
    file, out = tmp_path / "r.csv", tmp_path / "c.csv"
    _write(file, [["id", "name"], *([str(at), NAMES[0]] for at in range(FEW + 5))])
    labels = _write(tmp_path / "l.csv", [["id_a", "id_b", "same"], ["0", "1", "0"]])
    _run("--in", file, "--out", out, "--labels", labels)
    clusters = load_clusters(out)
    assert clusters["0"] != clusters["1"] and len(set(clusters.values())) == 2


def test_many_records_of_every_company_do_not_make_their_keys_generic() -> None:
    """Twenty records of each: far more pairs than a record may have, and all of them right."""
    rules = MatchingRules.model_validate(
        {
            "matching": "thing",
            "compare": {"name": {"as": "words", "of": "name"}, "code": {"as": "code", "of": "code"}, "day": {"as": "date", "of": "day"}},
            "block": ["name.text", "code.code", "name.start", "day.date"],
        }
    )  # fmt: skip
    columns = Columns(Scorer(rules, Weights()))
    chance = np.random.default_rng(5)
    columns.add(
        {
            "name": f"{number:05d} firm",
            "code": f"c{number:05d}" if chance.random() < 0.8 else "",
            "day": f"{1500 + number % 500}-01-01",
        }
        for number in range(1500)
        for _ in range(20)
    )
    found = caps(columns)
    assert found["name.text"] >= 20 and found["code.code"] >= 20, "groups that agree on the rest"
    assert found["day.date"] < 60, "sixty of one day agree on nothing else"


def test_the_ids_that_tools_write(tmp_path: Path) -> None:
    for name in ("unique_id", "序号", "UUID"):
        file = _write(tmp_path / "r.csv", [[name, "name"], ["1", NAMES[0]], ["2", NAMES[2]]])
        _run("--in", file, "--out", tmp_path / "c.csv")
        assert load_clusters(tmp_path / "c.csv") == {"1": "1", "2": "1"}


PERSONS = [
    [
        "rec_id",
        "given_name",
        "surname",
        "street_number",
        "address_1",
        "suburb",
        "postcode",
        "date_of_birth",
        "soc_sec_id",
    ],
    ["1", "emma", "rossi", "7", "kelly street", "camden", "2570", "19801212", "5304218"],
    ["2", "ema", "rossi", "7", "kelly st", "camden", "2570", "19801212", ""],
    ["3", "john", "smith", "12", "high road", "perth", "6000", "19700101", "9999999"],
]


def test_customers_that_are_people_are_matched_as_people(tmp_path: Path) -> None:
    file, out = _write(tmp_path / "r.csv", PERSONS), tmp_path / "c.csv"
    told = json.loads(_run("--in", file, "--out", out, "--profile", "auto", "--json").output)
    assert told["entity"] == "member" and load_clusters(out) == {"1": "1", "2": "1", "3": "3"}
    assert "the columns are those of people" in _run("--in", file, "--out", out).output
    assert "in one cluster of 2" in _run("explain", "1", "2", "--in", file).output
    told = json.loads(
        _run("--in", file, "--out", out, "--profile", "entity", "--column", "surname=legal_name", "--json").output
    )
    assert told["entity"] == "customer"


@pytest.mark.parametrize(
    "header",
    [
        ["id", "name", "phone"],
        ["id", "客户名称", "联系人", "性别", "生日"],
        ["id", "name", "uscc", "gender", "birthday"],
    ],
)
def test_customers_that_are_companies_stay_companies(header: list[str], tmp_path: Path) -> None:
    file = _write(tmp_path / "r.csv", [header, ["1", NAMES[0], *[""] * (len(header) - 2)]])
    assert json.loads(_run("--in", file, "--out", tmp_path / "c.csv", "--json").output)["entity"] == "customer"


def test_a_persons_company_is_recognised_however_it_is_called(tmp_path: Path) -> None:
    for name in ("company", "所在公司", "公司名称"):
        rows = [
            ["id", "姓名", name],
            ["1", "张伟", NAMES[0]],
            ["2", "张伟", NAMES[3]],
            ["3", "张伟", "北京腾红正贸易有限公司"],
        ]
        file = _write(tmp_path / "r.csv", rows)
        told = json.loads(_run("--entity", "contact", "--in", file, "--out", tmp_path / "c.csv", "--json").output)
        assert told["columns"][name] == "customer"
        assert load_clusters(tmp_path / "c.csv")["3"] == "3"


def test_golden_records_have_what_is_not_compared(records: Path, tmp_path: Path) -> None:
    golden = tmp_path / "g.csv"
    _run("--in", records, "--out", tmp_path / "c.csv", "--golden", golden)
    with golden.open(encoding="utf-8", newline="") as stream:
        rows = {row["cluster_id"]: row for row in csv.DictReader(stream)}
    assert rows["1"]["industry"] == "软件" and rows["1"]["records"] == "2" and rows["3"]["industry"] == "贸易"
    assert set(scorer_of(load_content().schema, "customer").position) == {
        *("code", "name", "branch", "place", "phone", "mail", "address", "people"),
        "whole name",
    }


def test_why_not_and_how_a_cluster_came_to_be(tmp_path: Path) -> None:
    rows = [["id", "name", "uscc", "phone"], ["1", NAMES[0], "91310115MA1H8X0P2B", "021-64321234"]]
    rows += [["2", NAMES[1], "", "64321234"], ["3", f"{NAMES[0]}武汉分公司", "", "021-64321234"]]
    rows += [["4", "成都天和食品有限公司", "", ""], ["5", NAMES[3], "91310000132200821H", ""]]
    file = _write(tmp_path / "r.csv", rows)
    out = _run("explain", "1", "3", "--in", file).output
    assert "never one, whatever else agrees" in out and "share the key name.core" in out
    out = _run("explain", "1", "4", "--in", file).output
    assert "not compared: they share no key" in out and "too little" in out
    story = json.loads(_run("explain", "2", "--in", file, "--json").output)
    assert story["cluster_id"] == "1" and story["records"] == ["1", "2"] and story["pairs"][0]["pair"] == ["1", "2"]
    assert ["1", "3"] in [each["pair"] for each in story["outside"]]
    told = json.loads(_run("explain", "2", "5", "--in", file, "--json").output)
    assert "1 and 5 of their clusters may never be one" in told["reasons"][0]["en"] and told["keys"]
    out = _run("explain", "2", "--in", file).output
    assert "nearest records outside of it" in out and "forbidden" in out
    with pytest.raises(ConfigurationError, match="no record `9`"):
        _run("explain", "9", "--in", file)


WESTERN = [
    ["Id", "Account Name", "Billing Street", "Billing City", "Billing State/Province", "Billing Zip", "Phone", "Website", "Last Modified Date"],
    ["1", "Northwind Optics Inc.", "12 Main Street", "Springfield", "IL", "62701", "+1 (217) 555-0100", "www.northwind.com", "2024-01-02"],
    ["2", "Northwind Optics", "12 Main St.", "Springfield", "IL", "62701", "217-555-0100", "", ""],
    ["3", "NORTHWIND OPTICS GMBH", "Hauptstr. 5", "München", "", "80331", "+49 89 1234567", "northwind.de", ""],
    ["4", "Nordwand Logistics LLC", "99 Oak Ave", "Boston", "MA", "02101", "617-555-0199", "", ""],
]  # fmt: skip


def test_companies_of_other_countries(tmp_path: Path) -> None:
    """Their telephones are none of China, their streets are written short or in full, their cities are places."""
    file, out, golden = _write(tmp_path / "r.csv", WESTERN), tmp_path / "c.csv", tmp_path / "g.csv"
    told = json.loads(_run("--in", file, "--out", out, "--golden", golden, "--at", "merge", "--json").output)
    assert load_clusters(out) == {"1": "1", "2": "1", "3": "3", "4": "4"}
    assert told["updated_at"] == "Last Modified Date" and told["columns"]["Billing Zip"] == "postcode"
    with golden.open(encoding="utf-8", newline="") as stream:
        row = next(row for row in csv.DictReader(stream) if row["cluster_id"] == "1")
    assert (row["phones"], row["province"], row["city"]) == ("+12175550100", "IL", "Springfield")

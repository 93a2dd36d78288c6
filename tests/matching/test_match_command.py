"""``tongmai match``: a file in, clusters out; what it took for what; why; weights learnt."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.matching.generate import generate
from bench.matching.measure import load_clusters, load_truth, quality
from tongmai.cli.match import match
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import product_root


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    generate(1500, "medium", 42, folder)
    return folder


def _run(*arguments: str) -> Result:
    result = CliRunner().invoke(match, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_records_become_clusters(made: Path, tmp_path: Path) -> None:
    out, why = tmp_path / "c.csv", tmp_path / "why.jsonl"
    told = json.loads(
        _run("--in", str(made / "records.csv"), "--out", str(out), "--explain", str(why), "--json").output
    )
    assert told["columns"]["name"] == "legal_name" and told["columns"]["mobile"] == told["columns"]["phone"] == "phones"
    assert (
        told["weights"]
        == json.loads((product_root() / "masterdata/entities/customer/weights.json").read_text("utf-8"))["version"]
    )
    assert told["columns"]["contact"] == "contact_person" and told["columns"]["industry"] == ""
    found = quality(load_clusters(out), load_truth(made))
    assert found.records == told["records"] == 1500 and found.f1 > 0.96 and found.precision > 0.99
    lines = [json.loads(line) for line in why.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == told["pairs"]
    for line in lines:
        for side in ("strangers", "relatives"):
            assert line[side]["sum"] == line[side]["prior"] + sum(part[side] for part in line["parts"])
        assert line["weight"] == min(line["strangers"]["sum"], line["relatives"]["sum"])
    strict = tmp_path / "strict.csv"
    _run("--in", str(made / "records.csv"), "--out", str(strict), "--at", "merge")
    certain = quality(load_clusters(strict), load_truth(made))
    assert certain.precision >= found.precision and certain.recall < found.recall


def test_golden_records_of_clusters(made: Path, tmp_path: Path) -> None:
    out, golden = tmp_path / "c.csv", tmp_path / "g.csv"
    _run("--in", str(made / "records.csv"), "--out", str(out), "--golden", str(golden))
    clusters = load_clusters(out)
    with golden.open(encoding="utf-8", newline="") as stream:
        rows = {row["cluster_id"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == set(clusters.values()) and sum(int(row["records"]) for row in rows.values()) == len(clusters)
    several = next(row for row in rows.values() if int(row["records"]) > 2 and row["uscc"])
    why = json.loads(several["why"])
    assert why["legal_name"]["rule"] and several["legal_name"] and why.keys() <= several.keys()


def test_strange_headers_are_recognised_by_name_and_values(tmp_path: Path) -> None:
    file, out = tmp_path / "客户.csv", tmp_path / "c.csv"
    rows = [
        ["编号", "单位名称", "税号", "x1", "备注", "来源"],
        ["1", "上海融木科技有限公司", "91310115MA1H8X0P0T", "021-64321234", "老客户", "crm"],
        ["2", "融木（上海）科技有限公司", "", "(021)64321234", "", "erp"],
        ["3", "北京腾红正贸易有限公司", "", "010-88886666", "", "erp"],
    ]
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    told = json.loads(_run("--in", str(file), "--out", str(out), "--json").output)
    assert told["columns"] == {"单位名称": "legal_name", "税号": "uscc", "x1": "phones", "备注": ""}
    assert load_clusters(out) == {"1": "1", "2": "1", "3": "3"}
    told = json.loads(_run("--in", str(file), "--out", str(out), "--column", "x1=", "--json").output)
    assert told["columns"]["x1"] == ""


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("", (), "empty-file"),
        ("name,city\na,b\n", (), "no-id-column"),
        ("id,name\n1,a\n,b\n", (), "no-id"),
        ("id,name\n1,a\n1,b\n", (), "double-id"),
        ("id,name\n1,a\n", ("--column", "nam=legal_name"), "no-column"),
        ("id,name\n1,a\n", ("--column", "name=legal_nam"), "no-field"),
        ("id,name\n1,a\n", ("--column", "name"), "bad-option"),
        ("id,name\n1,a\n", ("--entity", "custmer"), "no-matching-rules"),
    ],
)
def test_mistakes_say_what_to_do(text: str, options: tuple[str, ...], code: str, tmp_path: Path) -> None:
    file, out = tmp_path / "r.csv", tmp_path / "c.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _run("--in", str(file), "--out", str(out), *options)
    assert caught.value.code == code and (caught.value.next_step or caught.value.why)
    assert not out.exists()


def test_explained_in_words(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.csv"
    _run("--in", str(made / "records.csv"), "--out", str(out))
    clusters = load_clusters(out)
    one, other = next((key, first) for key, first in clusters.items() if key != first)
    said = _run("explain", one, other, "--in", str(made / "records.csv")).output
    assert "sum; the lower one counts" in said and "in one cluster of" in said
    stranger = next(key for key, first in clusters.items() if first != other)
    assert "in different clusters" in _run("explain", one, stranger, "--in", str(made / "records.csv")).output
    with pytest.raises(ConfigurationError, match="no record `nobody`"):
        _run("explain", one, "nobody", "--in", str(made / "records.csv"))


def test_weights_from_records_and_labels(made: Path, tmp_path: Path) -> None:
    file, labels = tmp_path / "weights.json", tmp_path / "labels.csv"
    said = _run(
        "train", "--in", str(made / "records.csv"), "--out", str(file), "--labels", str(made / "truth.csv")
    ).output
    learnt = json.loads(file.read_text(encoding="utf-8"))
    assert "candidate pairs" in said and learnt["matching"] == "customer" and "with labels" in learnt["trained"]
    stranger, relative = learnt["compare"]["name"]["brand_other_trade"]
    assert stranger > 0 > relative  # a shared brand word is no chance, and no proof among relatives
    labels.write_text("id_a,id_b,same\nnobody,else,1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _run("train", "--in", str(made / "records.csv"), "--out", str(file), "--labels", str(labels))
    assert caught.value.code == "unknown-record"

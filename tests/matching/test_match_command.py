"""``tongmai match``: a file in, clusters out; what it took for what; why; weights learnt."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.matching.generate import generate
from bench.matching.measure import load_clusters, load_truth, quality
from tongmai.cli.match import match
from tongmai.core.errors import ConfigurationError
from tongmai.core.settings import product_root
from tongmai.core.text import width
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content


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
    assert told["columns"]["contact"] == "contact_person" and told["columns"]["industry"] == "industry"
    assert "industry" not in told["compared"] and "name" in told["compared"]
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
        ("id,name\n1,a\n", ("--encoding", "gb1803"), "unknown-encoding"),
        ("id,remark\n1,a\n", (), "nothing-to-compare"),
        ("id,name,name\n1,a,b\n", (), "double-column"),
        ("id,name\n1,a,b\n", (), "ragged-row"),
        ('id,name\n1,"a\n2,b\n', (), "bad-csv"),
    ],
)
def test_mistakes_say_what_to_do(text: str, options: tuple[str, ...], code: str, tmp_path: Path) -> None:
    file, out = tmp_path / "r.csv", tmp_path / "c.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _run("--in", str(file), "--out", str(out), *options)
    assert caught.value.code == code and (caught.value.next_step or caught.value.why)
    assert not out.exists()


def test_a_file_as_a_chinese_spreadsheet_writes_it(tmp_path: Path) -> None:
    file, out = tmp_path / "客户.csv", tmp_path / "c.csv"
    text = (
        "客户编码;客户全称;所属省;手机;最近更新;系统来源\n"
        "K1;上海融木科技有限公司;上海;138****1234;2026/5/1 9:05;CRM\nK2;上海融木科技;上海;13812341234\n"
    )
    file.write_bytes(text.encode("gb18030"))
    with pytest.raises(ConfigurationError, match=r"客户.csv:1: the line is not utf-8.*reads as gb18030") as caught:
        _run("--in", str(file), "--out", str(out))
    assert "--encoding gb18030" in caught.value.next_step
    with pytest.raises(ConfigurationError) as caught:
        _run("--in", str(file), "--out", str(out), "--encoding", "gb18030")
    assert caught.value.next_step == "say which it is: --column 客户编码=id"
    chosen = ("--encoding", "gb18030", "--column", "客户编码=id")
    told = json.loads(_run("--in", str(file), "--out", str(out), *chosen, "--json").output)
    assert (told["id"], told["source"], told["updated_at"]) == ("客户编码", "系统来源", "最近更新")
    assert told["columns"] == {"客户全称": "legal_name", "所属省": "province", "手机": "phones"}
    assert load_clusters(out) == {"K1": "K1", "K2": "K1"}
    said = _run("--in", str(file), "--out", str(out), *chosen).output
    assert "客户编码 → id" in said and "系统来源 → source" in said


def test_a_double_says_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text('id,name\n1,"a\nb"\n2,b\n1,c\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match="begin on the lines 2, 5"):
        _run("--in", str(file), "--out", str(tmp_path / "c.csv"))


def test_reasons_in_chinese_are_chinese_and_stand_in_columns(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGMAI_LANG", "zh")
    _run("--in", str(made / "records.csv"), "--out", str(tmp_path / "c.csv"))
    one, other = next((key, first) for key, first in load_clusters(tmp_path / "c.csv").items() if key != first)
    said = _run("explain", one, other, "--in", str(made / "records.csv")).output
    assert "企业名称：" in said and "name：" not in said
    rows = [line for line in said.splitlines() if re.search(r"[+-]\d+\.\d{3} +[+-]\d+\.\d{3}$", line)]
    assert len(rows) > 4 and len({width(line) for line in rows}) == 1


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
    numbers = [int(each.replace(",", "")) for each in re.findall(r"[0-9][0-9,]*", said.splitlines()[-1])]
    same, found, before, different, wrong, _ = numbers
    assert same >= found > before * 0.95 > 0.7 * same and different > wrong, said
    assert re.fullmatch(r"weights-[0-9a-f]{8}", learnt["version"])
    stranger, relative = learnt["compare"]["name"]["brand_other_trade"]
    assert stranger > 0 > relative  # a shared brand word is no chance, and no proof among relatives
    labels.write_text("id_a,id_b,same\nnobody,else,1\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        _run("train", "--in", str(made / "records.csv"), "--out", str(file), "--labels", str(labels))
    assert caught.value.code == "unknown-record"


def test_a_folder_that_is_not_there_is_refused_before_any_work(made: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "c.csv")
    for options in (("--out", nowhere), ("--out", str(tmp_path / "c.csv"), "--golden", nowhere)):
        result = CliRunner().invoke(match, ["--in", str(made / "records.csv"), *options])
        assert result.exit_code == 2 and "there is no folder" in result.output and not (tmp_path / "c.csv").exists()


def test_broken_weights_are_found_by_check_and_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "site" / "masterdata" / "customer" / "weights.json"
    file.parent.mkdir(parents=True)
    monkeypatch.setenv("TONGMAI_PATH", str(tmp_path / "site"))
    for text in ("{", "[]", '{"version": "1", "compare": {"name": {"same": 3}}}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"weights .*weights\.json") as caught:
            _run("--in", str(made / "records.csv"), "--out", str(tmp_path / "c.csv"))
        assert caught.value.code == "bad-weights" and "match train" in caught.value.next_step
        assert "matching.bad-weights" in {finding.code for finding in check_content(load_content())}, text


def test_of_a_few_records_nothing_is_learnt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "site" / "masterdata" / "dealer"
    folder.mkdir(parents=True)
    (folder / "entity.yaml").write_text(
        "entity: dealer\nlabel: {zh: 经销商, en: Dealer}\nfields:\n  name: {type: text, label: {zh: 名称, en: Name}}\n"
        "  phones: {type: [phone], label: {zh: 电话, en: Phones}}\nmatching: {name: name}\n"
    )
    (folder / "matching.yaml").write_text(
        "matching: dealer\ncompare:\n  name: {as: company_name, of: [name]}\n  phone: {as: phone, of: phones}\n"
        "block: [name.brand, phone.number]\n"
    )
    monkeypatch.setenv("TONGMAI_PATH", str(tmp_path / "site"))
    file, out = tmp_path / "r.csv", tmp_path / "c.csv"
    file.write_text(
        "id,经销商,电话\n1,上海融木科技有限公司,021-64321234\n2,融木（上海）科技,(021)64321234\n3,北京腾红正,\n"
    )
    said = _run("--entity", "dealer", "--in", str(file), "--out", str(out)).output
    assert "too few records to learn from" in said and "经销商 → name" in said
    assert load_clusters(out) == {"1": "1", "2": "1", "3": "3"}
    with pytest.raises(ConfigurationError) as caught:
        _run("train", "--entity", "dealer", "--in", str(file), "--out", str(tmp_path / "w.json"))
    assert caught.value.code == "too-few-records" and not (tmp_path / "w.json").exists()
    file.write_text("id,经销商,电话\n")
    assert "0 records are 0" in _run("--entity", "dealer", "--in", str(file), "--out", str(out)).output
    with pytest.raises(ConfigurationError) as caught:
        _run("--entity", "opportunity", "--in", str(file), "--out", str(out))
    assert caught.value.next_step == "write masterdata/opportunity/matching.yaml"

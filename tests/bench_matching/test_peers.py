"""The peers really run, and find what a peer should."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bench.matching import febrl, peers, table
from bench.matching.generate import generate
from bench.matching.measure import load_clusters, load_truth, quality
from bench.matching.plain import normalise


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("small")
    generate(1_500, "medium", 6, home)
    return home


def test_splink_with_normalised_columns_beats_exact_names(folder: Path, tmp_path: Path) -> None:
    truth = load_truth(folder)
    exact = peers.exact_names(folder, tmp_path / "exact.csv")
    normal = peers.splink(folder, tmp_path / "normal.csv", "normalised")
    assert exact.clusters and normal.clusters
    low, high = (quality(load_clusters(run.clusters), truth).f1 for run in (exact, normal))
    assert 0.38 <= low <= 0.52
    assert high > 0.88
    assert normal.cpu > 0.5
    assert normal.memory > 50e6


def test_a_peer_that_fails_says_so(tmp_path: Path) -> None:
    (tmp_path / "records.csv").write_text("id,name\n", encoding="utf-8")
    (tmp_path / "truth.csv").write_text("id,entity_id\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="ended with"):
        peers.splink(tmp_path, tmp_path / "out.csv", "raw")


def test_cleaned_names() -> None:
    assert peers.cleaned("　ＡＢ（杭州）有限公司 ") == peers.cleaned("ab[杭州]有限公司") == "ab杭州有限公司"


def command(path: Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_ours_is_measured_as_a_command(folder: Path, tmp_path: Path) -> None:
    without = peers.ours(folder, tmp_path / "o.csv", command(tmp_path / "none", "exit 2"))
    assert without.clusters is None
    assert "not there yet" in table.line(without, None)
    # --help answers; otherwise every record is a cluster of its own
    alone = command(
        tmp_path / "alone",
        f'[ "$2" = --help ] || sed "s/,.*//; s/.*/&,&/; 1s/.*/id,cluster_id/" {folder}/truth.csv > "$7"',
    )
    run = peers.ours(folder, tmp_path / "o.csv", alone)
    found = quality(load_clusters(tmp_path / "o.csv"), load_truth(folder))
    assert (found.precision, found.recall) == (1.0, 0.0)
    assert found.wrong == {}
    assert run.memory > 0
    with pytest.raises(RuntimeError, match="ended with 3: no such file"):
        peers.ours(
            folder,
            tmp_path / "o.csv",
            command(tmp_path / "bad", '[ "$2" = --help ] || { echo no such file >&2; exit 3; }'),
        )


def test_table_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table.main(
        ["--records", "300", "--seed", "3", "--tongmai", command(tmp_path / "none", "exit 2"), "--keep", str(tmp_path)]
    )
    text = capsys.readouterr().out
    assert "300 records of" in text
    assert "exact cleaned names" in text
    assert (tmp_path / "medium-300-3" / "truth.csv").exists()


def test_febrl_as_records_with_truth(tmp_path: Path) -> None:
    head = "rec_id, given_name, surname, date_of_birth\n"
    (tmp_path / "dataset4a.csv").write_text(
        head + "rec-7-org, anna, berry , 19990219\nrec-8-org, , waller, 19081209\n", encoding="utf-8"
    )
    (tmp_path / "dataset4b.csv").write_text(head + "rec-7-dup-0, ana, berry, 19990219\n", encoding="utf-8")
    assert febrl.export(tmp_path, "febrl4", tmp_path / "out") == 3
    truth = load_truth(tmp_path / "out").entity
    assert sorted(truth.values()) == ["7", "7", "8"]
    text = (tmp_path / "out" / "records.csv").read_text(encoding="utf-8")
    assert "rec-" not in text
    assert ",berry,19990219" in text
    assert text.splitlines()[0] == "id,source,given_name,surname,date_of_birth"
    with pytest.raises(FileNotFoundError, match="dataset1"):
        febrl.export(tmp_path, "febrl1", tmp_path / "out")


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        (
            {
                "name": "浙江省华信（集团）电子科技有限公司 停用",
                "phone": "0571-88881111-801",
                "uscc": "税号91350205508126245m",
            },
            {
                "brand": "华信",
                "trade": "电子科技",
                "phone_e164": "+8657188881111",
                "phone_tail": "8881111",
                "city": "杭州市",
            },
        ),
        (
            {
                "name": "杭州腾红正商贸有限公司上海分公司",
                "address": "上海市浦东新区張江路100号3楼",
                "email": "Li@tenghz.com;",
            },
            {
                "brand": "腾红正",
                "branch": "上海",
                "district": "浦东新区",
                "road": "张江路",
                "number": "100",
                "domain": "tenghz.com",
            },
        ),
        (
            {"name": "腾红正", "mobile": "+86 138 0000 1111", "contact": "王 伟经理"},
            {"mobile": "13800001111", "contact": "王伟"},
        ),
    ],
)
def test_plain_normaliser(record: dict[str, str], wanted: dict[str, str]) -> None:
    got = normalise(record)
    assert {key: got[key] for key in wanted} == wanted

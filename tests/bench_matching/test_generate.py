"""The generator: the same bytes for the same seed, right codes, a truth that can be found, nothing given away."""

from __future__ import annotations

import csv
import hashlib
import itertools
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from stdnum.cn import uscc

from bench.matching import peers
from bench.matching.codes import organisation_code
from bench.matching.generate import generate
from bench.matching.measure import kind_of, load_clusters, load_truth, quality
from bench.matching.places import cities
from bench.matching.records import COLUMNS

FILES = ("records.csv", "truth.csv", "entities.csv", "relations.csv")
COUNT = 6_000
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("medium")
    generate(COUNT, "medium", 5, home)
    return home


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(home: Path) -> list[str]:
    return [hashlib.sha256((home / name).read_bytes()).hexdigest() for name in FILES]


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate(400, "hard", seed, tmp_path / name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert not set(digest(tmp_path / "a")) & set(digest(tmp_path / "c"))


def test_columns_and_counts(folder: Path) -> None:
    records, truth = rows(folder / "records.csv"), rows(folder / "truth.csv")
    assert tuple(records[0]) == COLUMNS
    assert len(records) == len(truth) == COUNT
    assert {row["id"] for row in records} == {row["id"] for row in truth}
    assert len({row["id"] for row in records}) == COUNT
    assert {row["source"] for row in records} == {"crm", "erp", "oa", "shop"}
    assert all(
        row["name"].strip() and re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00$", row["updated_at"])
        for row in records
    )


def test_companies_have_two_to_three_records_and_codes_that_check(folder: Path) -> None:
    truth = load_truth(folder)
    sizes = Counter(truth.entity.values())
    assert 2.2 < COUNT / len(sizes) < 2.8
    assert 0.2 < sum(size == 1 for size in sizes.values()) / len(sizes) < 0.45
    assert set(truth.golden) == set(sizes)
    assert all(uscc.is_valid(row["uscc"]) for row in truth.golden.values())
    assert len({row["uscc"] for row in truth.golden.values()}) == len(truth.golden)


@pytest.mark.parametrize(("body", "code"), [("13354768", "133547680"), ("MA2AXHRE", None), ("78342382", None)])
def test_check_character_of_an_organisation_code(body: str, code: str | None) -> None:
    made = organisation_code(body)
    assert code is None or made[:8] == code[:8]
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(letter, 36) * weight for letter, weight in zip(body, weights, strict=True))
    check = 10 if made[8] == "X" else int(made[8])
    assert (total + check) % 11 == 0


def test_every_kind_of_fault_is_there(folder: Path) -> None:
    records, truth = rows(folder / "records.csv"), load_truth(folder)
    seen: Counter[str] = Counter()
    for row in records:
        entity = truth.golden[truth.entity[row["id"]]]
        parent = truth.golden.get(entity["parent_id"])
        name, code = row["name"], re.sub(r"\W", "", row["uscc"])
        seen["as registered"] += name == entity["name"]
        seen["short"] += len(name) < 6 and bool(re.match(r"[一-鿿]+$", name))
        seen["pinyin"] += bool(re.match(r"[A-Za-z .,&]+$", name))
        seen["full width"] += any("！" <= letter <= "～" and letter not in "（）" for letter in name)
        seen["other brackets"] += any(letter in name for letter in "（【〔[")
        seen["note"] += any(note in name for note in ("停用", "VIP", "老客户", "采购部"))
        seen["nine characters"] += len(code) == 9
        seen["mistyped"] += len(code) == 18 and not uscc.is_valid(code)
        seen["of the parent"] += bool(parent) and entity["kind"] == "branch" and code == parent["uscc"]
        seen["local phone"] += bool(re.match(r"\d{7,8}$", row["phone"]))
        seen["free mail"] += "qq.com" in row["email"]
        seen["no city"] += not row["city"]
    assert all(seen[fault] >= 10 for fault in seen), seen
    assert 0.3 < seen["as registered"] / COUNT < 0.6


def test_relations_are_of_different_companies_and_say_why(folder: Path) -> None:
    truth = load_truth(folder)
    kinds = Counter(truth.relation.values())
    assert {"branch", "subsidiary", "other city", "similar sound"} <= set(kinds)
    for one, other in truth.relation:
        assert one != other
        if one in truth.golden and other in truth.golden and kind_of(one, other, truth) == "other city":
            assert truth.brand[one][0] == truth.brand[other][0]
            assert truth.brand[one][1] != truth.brand[other][1]
    for row in truth.golden.values():
        head = truth.golden.get(row["parent_id"])
        if row["kind"] == "branch" and head:
            assert row["name"].startswith(head["name"])
            assert row["name"].endswith("分公司")
            assert row["uscc"] != head["uscc"]


def test_neither_ids_nor_order_tell_what_belongs_together(folder: Path) -> None:
    truth = load_truth(folder)
    order = [truth.entity[row["id"]] for row in rows(folder / "records.csv")]
    neighbours = sum(one == other for one, other in itertools.pairwise(order))
    assert neighbours < 10
    numbers = defaultdict(list)
    for record, entity in truth.entity.items():
        numbers[entity].append(int(record.split("-")[1]))
    gaps = Counter(abs(one - other) for group in numbers.values() for one, other in itertools.pairwise(group))
    assert gaps.most_common(1)[0][1] < 10


def test_hard_is_harder(folder: Path, tmp_path: Path) -> None:
    generate(COUNT, "hard", 5, tmp_path)
    scores = {}
    for home in (folder, tmp_path):
        peers.exact_names(home, tmp_path / "exact.csv")
        scores[home] = quality(load_clusters(tmp_path / "exact.csv"), load_truth(home)).f1
    assert 0.40 <= scores[folder] <= 0.50
    assert scores[tmp_path] < scores[folder] - 0.1


def test_places_are_real() -> None:
    known = {city.name: city for city in cities()}
    assert len(known) >= 290
    assert sum(len(city.districts) for city in cities()) > 2_500
    assert (known["杭州市"].area_code, known["深圳市"].province_short, known["东莞市"].districts) == (
        "0571",
        "广东",
        (("441900", ""),),
    )
    assert ("110108", "海淀区") in known["北京市"].districts
    assert known["延边朝鲜族自治州"].short == "延边"


def test_names_of_a_family_differ(folder: Path) -> None:
    families: dict[str, list[str]] = defaultdict(list)
    for entity, row in load_truth(folder).golden.items():
        families[entity.split("-")[0]].append(row["name"])
    assert all(len(set(names)) == len(names) for names in families.values())


def test_the_generator_knows_nothing_of_what_it_tests() -> None:
    code = [path.read_text(encoding="utf-8") for path in (ROOT / "bench" / "matching").glob("*.py")]
    assert len(code) > 15
    assert not [
        text for text in code if re.search(r"^\s*(from|import) (masterdata|tongmai|mappings|connectors)\b", text, re.M)
    ]
    rooms = [
        path for room in ("masterdata", "tongmai", "mappings", "connectors") for path in (ROOT / room).rglob("*.py")
    ]
    assert len(rooms) > 100
    assert not [
        path for path in rooms if re.search(r"^\s*(from|import) bench\b", path.read_text(encoding="utf-8"), re.M)
    ]

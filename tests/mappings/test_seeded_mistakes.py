"""Mistakes seeded over every static rule, several in each file: each is found at its place, with its suggestion, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tongmai.core.findings import RULES
from tongmai.core.settings import product_root

SITE = Path(__file__).parent / "seeded"
CLI = [sys.executable, "-c", "from tongmai.cli.main import main; main()"]
# (file, line, column, code, suggestion)
SEEDED = [
    ("connections.yaml", 3, 42, "connection.unknown-key", "receives"),
    ("mappings/acme/again.out.yaml", 1, 10, "mapping.no-tests", ""),
    ("mappings/acme/deals.out.yaml", 1, 10, "mapping.no-tests", ""),
    ("mappings/acme/deals.out.yaml", 4, 1, "mapping.missing-required", ""),
    ("mappings/acme/deals.out.yaml", 5, 17, "mapping.needless-default", ""),
    ("mappings/acme/deals.out.yaml", 6, 20, "mapping.lossy-cast", '"a title that is far too long" | left(20)'),
    ("mappings/acme/deals.out.yaml", 7, 20, "mapping.value-not-taken", '"Warm"'),
    ("mappings/acme/deals.out.yaml", 8, 3, "mapping.unknown-target-field", "region__c"),
    ("mappings/acme/deals.out.yaml", 10, 12, "mapping.value-not-taken", ""),
    ("mappings/acme/deals.out.yaml", 11, 19, "mapping.unknown-target-field", "title"),
    ("mappings/acme/deals.yaml", 4, 19, "mapping.never-equal", ""),
    ("mappings/acme/deals.yaml", 5, 13, "mapping.variable-unused", ""),
    ("mappings/acme/deals.yaml", 8, 12, "mapping.unknown-field", "title"),
    ("mappings/acme/deals.yaml", 9, 25, "mapping.not-total-in", "L: lost"),
    ("mappings/acme/deals.yaml", 10, 12, "mapping.lossy-cast", "pieces | round"),
    ("mappings/acme/deals.yaml", 11, 27, "mapping.never-equal", '"Hot"'),
    ("mappings/acme/deals.yaml", 12, 12, "mapping.lossy-cast", "closed_at | datetime | day_in"),
    ("mappings/acme/deals.yaml", 13, 12, "mapping.lossy-cast", "changed | datetime | day_in"),
    ("mappings/acme/deals.yaml", 14, 12, "mapping.lossy-cast", "amount != 0"),
    ("mappings/acme/deals.yaml", 15, 12, "mapping.lossy-cast", 'paid == "done"'),
    ("mappings/acme/deals.yaml", 16, 12, "mapping.unknown-field", "owner.name"),
    ("mappings/acme/deals.yaml", 17, 12, "mapping.unknown-field", "region__c"),
    ("mappings/acme/deals.yaml", 17, 39, "mapping.needless-default", ""),
    ("mappings/acme/deals.yaml", 20, 14, "mapping.constant-condition", ""),
    ("mappings/acme/deals.yaml", 22, 16, "mapping.unknown-field", "product"),
    ("mappings/acme/deals.yaml", 23, 23, "mapping.unknown-function", "trim"),
    ("mappings/acme/deals_test.yaml", 6, 12, "mapping.unknown-target-field", "name"),
    ("mappings/acme/fragments.yaml", 4, 1, "fragment.unused", ""),
    ("mappings/acme/fragments.yaml", 5, 1, "fragment.name", ""),
    ("mappings/acme/tables/cities.csv", 1, 1, "table.unused", ""),
    ("mappings/acme/tables/cities.csv", 3, 1, "table.duplicate-key", ""),
    ("mappings/acme/tables/regions.csv", 1, 1, "table.unused", ""),
    ("mappings/acme/terms.yaml", 4, 1, "valuemap.unused", ""),
    ("mappings/acme/terms.yaml", 5, 19, "valuemap.unknown-term", "old"),
    ("mappings/acme/terms.yaml", 6, 1, "valuemap.unused", ""),
    ("mappings/acme/visits.yaml", 4, 1, "mapping.unknown-key", "only_if"),
    ("mappings/acme/visits.yaml", 7, 51, "mapping.repeated-condition", ""),
    ("mappings/acme/visits.yaml", 9, 9, "mapping.constant-condition", ""),
    ("mappings/acme/visits.yaml", 11, 17, "mapping.constant-condition", ""),
    ("mappings/acme/visits.yaml", 12, 33, "mapping.needless-default", ""),
    ("mappings/acme/visits.yaml", 13, 9, "mapping.constant-condition", ""),
    ("mappings/acme/visits.yaml", 14, 42, "mapping.repeated-condition", ""),
    ("mappings/acme/visits_test.yaml", 1, 3, "mapping.test-expects-nothing", ""),
    ("mappings/variables.yaml", 1, 14, "variable.unknown-variable", "mode"),
    ("mappings/zeta/orders.out.yaml", 1, 10, "mapping.no-tests", ""),
    ("mappings/zeta/orders.yaml", 1, 10, "mapping.no-tests", ""),
    ("mappings/zeta/second.out.yaml", 1, 10, "mapping.no-tests", ""),
    ("mappings/zeta/second.out.yaml", 6, 3, "mapping.unknown-target-field", "buyer"),
    ("mappings/zeta/second.out.yaml", 7, 9, "mapping.unknown-field", "name"),
    ("mappings/zeta/second.out.yaml", 8, 35, "mapping.unknown-target-field", "item"),
    ("syncs/acme_in.yaml", 4, 1, "sync.unknown-key", "label"),
    ("syncs/acme_in.yaml", 5, 10, "sync.bad-value", "ignore"),
    ("syncs/acme_out.yaml", 6, 7, "mapping.constant-condition", ""),
    ("syncs/acme_out_two.yaml", 4, 6, "sync.two-writers", ""),
    ("syncs/acme_visits.yaml", 2, 39, "sync.unknown-stream", "Visits"),
    ("syncs/acme_visits.yaml", 3, 6, "sync.unknown-mapping", "acme/visits"),
    ("syncs/zeta_out.yaml", 2, 21, "sync.personal-data", ""),
    ("syncs/zeta_out.yaml", 4, 6, "sync.writer-cycle", ""),
]
STATIC = {
    "connection.unknown-key", "fragment.unused", "mapping.constant-condition", "mapping.lossy-cast",
    "mapping.missing-required", "mapping.needless-default", "mapping.never-equal", "mapping.not-total-in",
    "mapping.repeated-condition", "mapping.unknown-field", "mapping.unknown-target-field", "mapping.value-not-taken",
    "mapping.variable-unused", "sync.personal-data", "sync.two-writers", "sync.writer-cycle", "table.unused",
    "valuemap.unused",
}  # fmt: skip


def run(site: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TONGMAI_LANG": "en", "TONGMAI_PATH": site}
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ``check --json`` and ``--sarif`` say of the seeded files, in one run."""
    sarif = tmp_path_factory.mktemp("sarif") / "findings.sarif"
    done = run(str(SITE), "check", "--json", "--sarif", str(sarif))
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout), json.loads(sarif.read_text(encoding="utf-8"))


def test_each_is_found_at_its_place_with_its_suggestion(checked: tuple[dict[str, Any], dict[str, Any]]) -> None:
    root = SITE.resolve()
    found = [
        (Path(f["file"]).resolve().relative_to(root).as_posix(), f["line"], f["column"], f["code"], f["suggestion"])
        for f in checked[0]["findings"]
    ]
    assert found == SEEDED
    assert all(f["message"]["en"] and f["message"]["zh"] for f in checked[0]["findings"])


def test_there_are_enough_of_them() -> None:
    assert len(SEEDED) >= 40
    assert len(set(SEEDED)) == len(SEEDED)
    assert {code for *_, code, _ in SEEDED} >= STATIC
    assert max(Counter(file for file, *_ in SEEDED).values()) >= 10, "several in one file"


def test_the_way_round_is_shown_whole(checked: tuple[dict[str, Any], dict[str, Any]]) -> None:
    (cycle,) = [f for f in checked[0]["findings"] if f["code"] == "sync.writer-cycle"]
    way = "deal.place → acme_main: Deals.region__c → deal.place → zeta_main: Orders.place → deal.place"
    assert way in cycle["message"]["en"] and way in cycle["message"]["zh"]
    (personal,) = [f for f in checked[0]["findings"] if f["code"] == "sync.personal-data"]
    for field in ("deal.buyer → buyer", "deal.lines.receiver → entries.who", "employee.email → remote_key"):
        assert field in personal["message"]["en"], "by fragment and joined text, by lines, by reference"


def test_the_sarif_log_is_one(checked: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """What the schema of SARIF 2.1.0 demands of the parts that we write."""
    log = checked[1]
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (sarif,) = log["runs"]
    driver = sarif["tool"]["driver"]
    rules = driver["rules"]
    ids = [rule["id"] for rule in rules]
    assert driver["name"] == "tongmai" and len(ids) == len(set(ids)) and sarif["columnKind"] == "unicodeCodePoints"
    for rule in rules:
        assert set(rule) == {"id", "shortDescription", "fullDescription", "help"}, "code hosts demand all of them"
        assert rule["shortDescription"]["text"] and rule["fullDescription"]["text"] and rule["help"]["markdown"]
        assert f"tongmai check --explain {rule['id']}" in rule["help"]["text"]
    assert "file:" not in json.dumps(rules), "no address of this machine"
    assert len(sarif["results"]) == len(SEEDED)
    for result, (_, line, column, code, suggestion) in zip(sarif["results"], SEEDED, strict=True):
        assert set(result) <= {"ruleId", "ruleIndex", "level", "message", "locations", "fixes"}
        assert ids[result["ruleIndex"]] == result["ruleId"] == code
        assert result["level"] in ("none", "note", "warning", "error") and result["message"]["text"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert " " not in uri and "\\" not in uri
        assert (region["startLine"], region["startColumn"]) == (line, column)
        assert region["endColumn"] > region["startColumn"] and region["endLine"] == line
        assert ("fixes" in result) == bool(suggestion and RULES[code].replaces)
        for fix in result.get("fixes", []):
            (change,) = fix["artifactChanges"]
            (replacement,) = change["replacements"]
            assert replacement["deletedRegion"] == region
            assert replacement["insertedContent"]["text"] == suggestion
            assert change["artifactLocation"]["uri"] == uri


def test_a_fix_mends_what_it_says(checked: tuple[dict[str, Any], dict[str, Any]], tmp_path: Path) -> None:
    """Put every fix where it belongs, as an editor does: those findings are gone, and none is new."""
    site = tmp_path / "site"
    shutil.copytree(SITE, site)
    changes: list[tuple[Path, int, int, int, str]] = []
    fixed: list[tuple[str, int, str]] = []
    for result, (file, line, _, code, _) in zip(checked[1]["runs"][0]["results"], SEEDED, strict=True):
        for fix in result.get("fixes", []):
            one = fix["artifactChanges"][0]["replacements"][0]
            region = one["deletedRegion"]
            changes.append(
                (site / file, line, region["startColumn"], region["endColumn"], one["insertedContent"]["text"])
            )
            fixed.append((file, line, code))
    assert len(fixed) > 20
    for path, line, start, end, text in sorted(changes, key=lambda each: (str(each[0]), each[1], -each[2])):
        lines = path.read_text(encoding="utf-8").split("\n")
        whole = lines[line - 1]
        lines[line - 1] = whole[: start - 1] + text + whole[end - 1 :]
        path.write_text("\n".join(lines), encoding="utf-8")
    done = json.loads(run(str(site), "check", "--json").stdout)
    left = {
        (Path(f["file"]).resolve().relative_to(site.resolve()).as_posix(), f["line"], f["code"])
        for f in done["findings"]
    }
    assert left & set(fixed) == set()
    assert not {code for _, _, code in left if code.startswith("yaml.") or code == "mapping.syntax"}


@pytest.mark.parametrize("site", ["", "docs/examples/acme_crm", "docs/examples/gitea"])
def test_nothing_is_found_in_what_we_ship(site: str) -> None:
    done = run(str(product_root() / site) if site else "", "check", "--json")
    assert json.loads(done.stdout)["findings"] == [] and done.returncode == 0


def test_a_code_is_explained() -> None:
    shown = run("", "check", "--explain", "mapping.not-total-in")
    assert shown.returncode == 0 and RULES["mapping.not-total-in"].mend.en in shown.stdout
    assert "customer_level: {in: {A: key_account, B: regular, C: small}}" in shown.stdout
    unknown = run("", "check", "--explain", "mapping.not-totl-in")
    assert unknown.returncode == 2 and "did you mean `mapping.not-total-in`?" in unknown.stderr


def test_validate_writes_the_same_log(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "out.sarif"
    done = run(str(SITE), "mapping", "validate", "acme/visits", "--sarif", str(file), "--json")
    assert done.returncode == 1
    results = json.loads(file.read_text(encoding="utf-8"))["runs"][0]["results"]
    said = [(f["line"], f["code"]) for f in json.loads(done.stdout)["findings"]]
    assert [
        (each["locations"][0]["physicalLocation"]["region"]["startLine"], each["ruleId"]) for each in results
    ] == said
    assert (7, "mapping.repeated-condition") in said

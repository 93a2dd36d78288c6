"""``tongmai mapping`` and ``tongmai check`` as a user runs them, over a site folder with mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _tongmai(*words: str, site: Path | None = None, lang: str = "en") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CRM_SALES_DIR"}
    environ = {**kept, "TONGMAI_LANG": lang, "TONGMAI_PATH": str(site) if site else ""}
    code = "from tongmai.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=ROOT, env=environ, timeout=120
    )


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.lstrip("\n"), encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    _write(
        tmp_path / "mappings" / "crm_sales" / "leads.yaml",
        """
mapping: crm_sales/leads
from: crm_sales.leads
to: customer
fields:
  legal_name: nam | tirm
  levl: rank
""",
    )
    _write(
        tmp_path / "syncs" / "site_in.yaml",
        """
sync: site_in
read: {connection: crm_sales, stream: acounts}
map: crm_sales/acounts
""",
    )
    _write(
        tmp_path / "syncs" / "site_out.yaml",
        """
sync: site_out
write: {connection: crm_main, object: AcountObj}
of: opportunity
when: statge == "signed"
map: fxiaoke/account.out
baseline: crm_contacts
""",
    )
    return tmp_path


def test_check_is_clean_for_the_product() -> None:
    done = _tongmai("check", "--json")
    line = json.loads(done.stdout)
    assert line["findings"] == []
    assert line["failed_tests"] == []
    assert done.returncode == 0
    assert line["tests"] >= 30


def test_check_finds_every_mistake_of_a_site(site: Path) -> None:
    done = _tongmai("check", "--json", site=site)
    assert done.returncode == 1
    found = {(Path(f["file"]).name, f["line"], f["code"], f["suggestion"]) for f in json.loads(done.stdout)["findings"]}
    assert found == {
        ("leads.yaml", 1, "mapping.no-tests", ""),
        ("leads.yaml", 5, "mapping.unknown-function", "trim"),
        ("leads.yaml", 6, "mapping.unknown-target-field", "level"),
        ("site_in.yaml", 2, "sync.unknown-stream", "accounts"),
        ("site_in.yaml", 3, "sync.unknown-mapping", "crm_sales/accounts"),
        ("site_out.yaml", 2, "sync.unknown-object", "AccountObj"),
        ("site_out.yaml", 2, "sync.other-object", "AccountObj"),
        ("site_out.yaml", 3, "sync.other-entity", "customer"),
        ("site_out.yaml", 4, "mapping.unknown-field", "stage"),
    }
    shown = _tongmai("check", site=site, lang="zh")
    assert "是不是 `trim`？" in shown.stdout
    assert "未知的函数" in shown.stdout


def test_broken_links_between_sync_mapping_and_target(site: Path) -> None:
    for file in (site / "syncs").iterdir():
        file.unlink()
    (site / "mappings" / "crm_sales" / "leads.yaml").unlink()
    _write(
        site / "syncs" / "site_in.yaml",
        "sync: site_in\nread: {connection: crm_main, stream: ContactObj}\nmap: fxiaoke/account\n",
    )
    _write(
        site / "syncs" / "site_way.yaml",
        "sync: site_way\nread: {connection: crm_main, stream: AccountObj}\nmap: fxiaoke/account.out\n",
    )
    _write(
        site / "mappings" / "fxiaoke" / "blind.out.yaml",
        "mapping: fxiaoke/blind.out\nfrom: customer\nto: fxiaoke.AccountObj\nfields:\n  name: legal_name\n",
    )
    _write(
        site / "mappings" / "fxiaoke" / "blind.out_test.yaml",
        "- {case: x, given: {id: a, legal_name: b}, expect: {name: c}}\n",
    )
    _write(
        site / "syncs" / "site_out.yaml",
        """
sync: site_out
write: {connection: crm_main, object: AccountObj}
of: customer
map: fxiaoke/blind.out
baseline: crm_contacts
guarantee: effectively-once
""",
    )
    done = _tongmai("check", "--json", site=site)
    line = json.loads(done.stdout)
    found = {(Path(f["file"]).name, f["line"], f["code"], f["suggestion"]) for f in line["findings"]}
    assert found == {
        ("site_in.yaml", 2, "sync.other-stream", "AccountObj"),
        ("site_in.yaml", 2, "sync.stream-taken", ""),
        ("site_way.yaml", 2, "sync.stream-taken", ""),
        ("site_way.yaml", 3, "sync.mapping-direction", ""),
        ("site_out.yaml", 4, "sync.two-writers", ""),
        ("site_out.yaml", 5, "sync.baseline-stream", ""),
        ("site_out.yaml", 6, "sync.guarantee", "at-least-once, blind"),
    }
    assert [case["mapping"] for case in line["failed_tests"]] == ["fxiaoke/blind.out"]
    assert done.returncode == 1


def test_validate_and_test(site: Path) -> None:
    assert _tongmai("mapping", "validate", "fxiaoke/account", site=site).returncode == 0
    bad = _tongmai("mapping", "validate", "crm_sales/leads", site=site)
    assert bad.returncode == 1
    assert "leads.yaml:5:21" in bad.stdout
    assert json.loads(_tongmai("mapping", "test", "--json").stdout)["ok"]
    refused = _tongmai("mapping", "test", "crm_sales/leads", site=site)
    assert refused.returncode == 2
    unknown = _tongmai("mapping", "test", "fxiaoke/acount")
    assert unknown.returncode == 2
    assert "did you mean `fxiaoke/account" in unknown.stderr


def test_preview_and_explain(tmp_path: Path) -> None:
    sample = "docs/examples/crm_sales/accounts.csv"
    done = _tongmai("mapping", "preview", "crm_sales/accounts", "--file", sample, "--limit", "2", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["fields"]["industry"] for line in lines] == ["technology", "medical"]
    live = _tongmai("mapping", "preview", "crm_sales/accounts", "--connection", "crm_sales", "--limit", "1", "--json")
    assert json.loads(live.stdout)["fields"] == lines[0]["fields"]
    broken = tmp_path / "x.jsonl"
    broken.write_text('{"account": "a"}\nnot json\n')
    refused = _tongmai("mapping", "preview", "crm_sales/accounts", "--file", str(broken))
    assert refused.returncode == 1
    assert f"{broken}:2" in refused.stderr
    told = json.loads(_tongmai("mapping", "explain", "crm_sales/sales_pipeline", "--json").stdout)
    assert [field["field"] for field in told["fields"]][:2] == ["number", "customer"]
    assert told["fields"][1]["reads"] == ["account"]
    assert "def run(records" in _tongmai("mapping", "explain", "crm_sales/sales_pipeline", "--python").stdout


def test_explain_tells_who_is_let_in_and_what_fragments_say(tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "trade"
    folder.mkdir(parents=True)
    (folder / "fragments.yaml").write_text(
        "in_yuan(wan): wan | unit(万元, 元)\nround_yuan(wan): wan | in_yuan | round(2)\n", encoding="utf-8"
    )
    (folder / "buyer.yaml").write_text(
        "mapping: trade/buyer\nfrom: trade.orders/buyer\nkey: id | text\nowned: true\nto: customer\nonly_if: head.test != true\n"
        "fields:\n  legal_name: name | trim\n  revenue: sum | round_yuan\n",
        encoding="utf-8",
    )
    told = _tongmai("mapping", "explain", "trade/buyer", site=tmp_path).stdout
    assert "key of a part = id | text; it goes with its record" in told
    assert "only records where head.test != true" in told
    assert "fragment round_yuan(wan)" in told and "= wan | in_yuan | round(2)" in told
    assert "fragment in_yuan(wan)" in told, "also what only another fragment uses"
    line = json.loads(_tongmai("mapping", "explain", "trade/buyer", "--json", site=tmp_path).stdout)
    assert (line["key"], line["owned"], line["only_if"]) == ("id | text", True, "head.test != true")
    assert [one["fragment"] for one in line["fragments"]] == ["round_yuan(wan)", "in_yuan(wan)"]


def test_an_unknown_function_is_told_with_its_neighbours(tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "trade"
    folder.mkdir(parents=True)
    text = "mapping: trade/firm\nfrom: trade.firms\nto: customer\nfields:\n  legal_name: name | company_nam\n"
    (folder / "firm.yaml").write_text(text, encoding="utf-8")
    done = _tongmai("mapping", "validate", "trade/firm", "--json", site=tmp_path)
    (told,) = [one for one in json.loads(done.stdout)["findings"] if one["code"] == "mapping.unknown-function"]
    assert told["suggestion"] == "company_name"
    assert "`tongmai mapping functions`" in json.dumps(told) and len(told["message"]["en"]) < 160
    listed = _tongmai("mapping", "functions", "company").stdout
    assert "company_name" in listed and "epoch_ms" not in listed
    assert _tongmai("mapping", "functions", "compny_name").returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("mapping",),
        ("mapping", "validate"),
        ("mapping", "test"),
        ("mapping", "preview"),
        ("mapping", "diff"),
        ("mapping", "explain"),
        ("mapping", "functions"),
    ],
)
def test_help_has_an_example_in_both_languages(words: tuple[str, ...]) -> None:
    assert "Example: tongmai" in _tongmai(*words, "--help").stdout.replace("\n", " ")
    assert "示例：tongmai" in _tongmai(*words, "--help", lang="zh").stdout

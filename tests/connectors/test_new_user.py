"""What somebody meets who writes a connector with the documents alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from connectors.sdk.declared import texts
from connectors.sdk.declared.model import Read
from connectors.testing.declared.vendor import DeclaredVendor, load
from connectors.testing.server import SimulatorServer
from tongmai.core.settings import product_root

CLI = [sys.executable, "-c", "from tongmai.cli.main import main; main()"]
EXAMPLE = product_root() / "docs" / "examples" / "gitea"
NEW = {
    "title": "Desk", "title-zh": "服务台", "base-url": "https://desk.example", "auth": "bearer", "stream": "issues",
    "path": "/repos/{owner}/{repo}/issues", "rows": "body", "key": "id", "page": "number", "cursor": "", "since": "",
}  # fmt: skip


def _run(*arguments: str, site: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TONGMAI_LANG": "en"}
    env.pop("TONGMAI_PATH", None)
    if site is not None:
        env["TONGMAI_PATH"] = str(site)
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, text=True, timeout=120, check=False)


def _new(name: str, into: Path, **other: str) -> subprocess.CompletedProcess[str]:
    given = {**NEW, **other}
    options = [part for word, value in given.items() for part in (f"--{word}", value)]
    return _run("connector", "new", name, "--into", str(into), *options)


def test_the_example_written_with_the_documents_keeps_its_rules() -> None:
    done = _run("connector", "test", "gitea", "--json", site=EXAMPLE)
    states = {line["rule"]: line["state"] for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0, done.stdout
    assert {rule for rule, state in states.items() if state not in ("kept", "not for this")} == {"proof.client"}
    assert {"change.late-commit", "write.doubtful", "write.off-and-on"} <= {r for r, s in states.items() if s == "kept"}


def test_a_path_with_places_becomes_settings_and_passes_bronze(tmp_path: Path) -> None:
    done = _new("desk", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = (tmp_path / "connectors/desk/connector.yaml").read_text(encoding="utf-8")
    assert "  owner: {required: true" in manifest and 'get: "/repos/{owner}/{repo}/issues"' in manifest


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"path": "/v1/orders?state=all"}, "has no query"),
        ({"path": "v1/orders"}, "begins with /"),
        ({"path": "/v1/{owner"}, "in braces"),
        ({"rows": 'body["data"]'}, "body.data"),
    ],
)
def test_what_cannot_be_written_is_said_before_a_file_is(tmp_path: Path, other: dict[str, str], said: str) -> None:
    done = _new("desk", tmp_path, **other)
    assert done.returncode != 0 and said in done.stderr
    assert not (tmp_path / "connectors").exists()


def test_a_name_that_is_taken_elsewhere_makes_no_files(tmp_path: Path) -> None:
    done = _new("kingdee", tmp_path)
    assert done.returncode != 0 and "connector-exists" in done.stderr
    assert not (tmp_path / "connectors").exists()


def test_a_named_rule_runs_while_it_is_to_do_and_a_broken_simulator_is_said_once(tmp_path: Path) -> None:
    assert _new("desk", tmp_path).returncode == 0
    assert "to do" in _run("connector", "test", "desk", "fault", site=tmp_path).stdout
    assert "kept" in _run("connector", "test", "desk", "fault.reset", site=tmp_path).stdout
    file = tmp_path / "connectors/desk/simulator.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("numbered:", "nunbered:"), encoding="utf-8")
    done = _run("connector", "test", "desk", site=tmp_path)
    assert done.returncode != 0 and "BROKEN" not in done.stdout
    assert (done.stdout + done.stderr).count("unknown key `nunbered`") == 1


def test_a_simulated_list_sends_the_headers_it_declares() -> None:
    vendor = DeclaredVendor(load(EXAMPLE / "connectors/gitea/simulator.yaml"), 1, 30)
    with SimulatorServer(vendor) as server:
        answer = requests.get(
            f"{server.url}/api/v1/repos/acme/desk/issues?limit=10",
            headers={"Authorization": "token simulated-token-1"},
            timeout=10,
        )
    assert (len(answer.json()), answer.headers["X-Total-Count"]) == (10, "30")
    assert 'rel="next"' in answer.headers["Link"]


@pytest.mark.parametrize("text", ["{window.begin | iso}", "{page.nunber}"])
def test_a_misspelt_member_of_what_the_hub_gives_is_a_mistake(text: str) -> None:
    wrong = Read.model_validate({"get": "/v1/orders", "query": {"since": text}})
    found = [str(mistake) for _, mistake in texts.mistakes(wrong, frozenset())]
    assert len(found) == 1 and text.strip("{}").split()[0] in found[0] and "there are:" in found[0]
    good = Read.model_validate({"get": "/v1/orders", "query": {"since": "{window.start}", "n": "{page.number}"}})
    assert list(texts.mistakes(good, frozenset())) == []


def test_a_simulated_list_assumes_a_filter_and_cuts_a_page_that_is_too_large() -> None:
    vendor = DeclaredVendor(load(EXAMPLE / "connectors/gitea/simulator.yaml"), 1, 70)
    vendor.user_write("issues", "update", "1", {"state": "closed"})
    with SimulatorServer(vendor) as server:

        def numbers(query: str) -> list[int]:
            url = f"{server.url}/api/v1/repos/acme/desk/issues?{query}"
            rows = requests.get(url, headers={"Authorization": "token simulated-token-1"}, timeout=10).json()
            return [row["number"] for row in rows]

        assert numbers("limit=500")[0] == 2 and len(numbers("limit=500")) == 50
        assert numbers("state=all&limit=5") == [1, 2, 3, 4, 5] and numbers("state=closed") == [1]


def test_an_unedited_readme_keeps_no_rule_and_a_record_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert _new("desk", tmp_path).returncode == 0
    done = _run("connector", "test", "desk", "spec.readme", "read.by-key", "drift.reported", "--json", site=tmp_path)
    states = {line["rule"]: line["state"] for line in map(json.loads, done.stdout.splitlines())}
    assert states == {"spec.readme": "broken", "read.by-key": "kept", "drift.reported": "kept"}

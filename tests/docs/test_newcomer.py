"""What a newcomer types wrong, and what is said then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tongmai.cli.main import cli, show
from tongmai.core.errors import ConfigurationError, TongmaiError
from tongmai.sync.content import load_content

BROKEN = "legacy:\n  conector: file\n  role: file\n"


def test_a_misspelt_command_gets_a_suggestion() -> None:
    result = CliRunner().invoke(cli, ["synk"])
    assert result.exit_code == 2
    assert "`synk`" in result.output and "`sync`" in result.output


def test_a_broken_connection_stops_only_the_syncs_that_use_it(site: Path) -> None:
    (site / "connections.yaml").write_text(BROKEN)
    (site / "syncs" / "legacy_in.yaml").write_text(
        "sync: legacy_in\nread: {connection: legacy, stream: x}\nmap: crm_sales/accounts\n"
    )
    content = load_content()
    assert content.sync("crm_sales_accounts") is not None
    with pytest.raises(ConfigurationError) as caught:
        content.sync("legacy_in")
    assert {"sync.unknown-connection", "connection.unknown-key"} <= {finding.code for finding in caught.value.findings}


def test_the_list_of_connections_says_what_it_leaves_out(site: Path) -> None:
    (site / "connections.yaml").write_text(BROKEN)
    (site / "syncs" / "empty.yaml").write_text("")
    result = CliRunner().invoke(cli, ["connector", "list", "--json"])
    assert result.exit_code == 0
    listed = CliRunner().invoke(cli, ["connector", "list"])
    assert "did you mean `connector`?" in listed.stderr
    assert "empty.yaml" not in listed.stderr
    assert "legacy" not in json.dumps(json.loads(result.stdout)["connections"])


def test_a_dry_run_says_that_it_was_one(hub_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_SALES_DIR", raising=False)
    result = CliRunner().invoke(cli, ["sync", "crm_sales_products", "--dry-run"])
    assert result.exit_code == 0
    assert "Dry run" in result.output


def test_a_chinese_reader_is_told_what_an_error_means(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = TongmaiError("hub database", "it is away", "start it", code="database-away")
    show(error, as_json=False)
    assert "说明" not in capsys.readouterr().err
    monkeypatch.setenv("TONGMAI_LANG", "zh")
    show(error, as_json=False)
    assert "中枢数据库没有应答或中断" in capsys.readouterr().err


def test_a_suggestion_speaks_the_readers_language(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "connections.yaml").write_text(BROKEN)
    (line,) = [finding.line() for finding in load_content().specs.findings if finding.suggestion]
    assert "did you mean `connector`?" in line
    monkeypatch.setenv("TONGMAI_LANG", "zh")
    (line,) = [finding.line() for finding in load_content().specs.findings if finding.suggestion]
    assert "是不是 `connector`？" in line

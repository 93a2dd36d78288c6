"""Connectors are found, manifests checked with places, settings merged and checked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from tongmai.core.errors import ConfigurationError

SECRET = {
    "host": "https://crm.example",
    "login": "app",
    "password": "pass-word",
    "permanent_code": "perm-code",
    "user": "1000",
}
MANIFEST = "connector: acme\nlabel: {zh: 某, en: Acme}\nkind: crm\n"
HOOKS = "def connect(settings, manifest):\n    return ('acme', settings['connection_name'])\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site folder named in TONGMAI_PATH; the import system forgets it afterwards."""
    import connectors.vendors

    before = list(connectors.vendors.__path__)
    monkeypatch.setenv("TONGMAI_PATH", str(tmp_path))
    yield tmp_path
    connectors.vendors.__path__[:] = before
    for name in [name for name in sys.modules if name.startswith("connectors.vendors.acme")]:
        del sys.modules[name]


def _add(site: Path, name: str, manifest: str, hooks: str = HOOKS) -> None:
    folder = site / "connectors" / name
    folder.mkdir(parents=True)
    (folder / "connector.yaml").write_text(manifest, encoding="utf-8")
    (folder / "hooks.py").write_text(hooks, encoding="utf-8")
    (folder / "__init__.py").write_text("", encoding="utf-8")


def test_product_connectors_have_good_manifests() -> None:
    assert {"file", "fxiaoke", "kingdee"} <= set(registry.names())
    for name in registry.names():
        manifest = registry.manifest(name)
        assert manifest.label.zh and manifest.label.en
        folder = registry.folder(name)
        assert (folder / "README.md").is_file() and (folder / "README.zh-CN.md").is_file()
        for write in manifest.writes.values():
            assert write.stream in manifest.streams


def test_http_settings_are_declared_once_and_may_be_changed() -> None:
    settings = registry.manifest("fxiaoke").connection
    assert settings["read_timeout"].default == 60
    assert settings["base_url"].default == "https://open.fxiaoke.com"
    assert settings["base_url"].from_connection == "host"
    assert "base_url" not in registry.manifest("file").connection


def test_site_connector_is_found_and_opened(site: Path) -> None:
    _add(site, "acme", MANIFEST)
    assert "acme" in registry.names()
    assert registry.open_connection("c1", "acme", {}) == ("acme", "c1")


def test_a_name_that_exists_is_refused_unless_it_replaces(site: Path) -> None:
    _add(site, "file", MANIFEST.replace("acme", "file"))
    with pytest.raises(ConfigurationError, match="exists already"):
        registry.names()
    (site / "connectors/file/connector.yaml").write_text(
        MANIFEST.replace("acme", "file") + "replaces: true\n", encoding="utf-8"
    )
    assert registry.folder("file") == site / "connectors/file"


def test_a_replacing_connector_is_the_one_that_runs(tmp_path: Path) -> None:
    _add(tmp_path, "file", MANIFEST.replace("acme", "file") + "replaces: true\n")
    code = "from connectors import registry; print(registry.open_connection('c', 'file', {}))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"TONGMAI_PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "('acme', 'c')"


def test_manifest_mistakes_have_places(site: Path) -> None:
    _add(site, "acme", MANIFEST + "conection: {}\nstreams:\n  a: {kee: id}\n")
    with pytest.raises(ConfigurationError) as caught:
        registry.manifest("acme")
    lines = [finding.line() for finding in caught.value.findings]
    assert any("connector.yaml:4:1" in line and "did you mean `connection`" in line for line in lines)
    assert any("connector.yaml:6:" in line and "kee" in line for line in lines)


def test_manifest_name_must_be_the_folder(site: Path) -> None:
    _add(site, "acme2", MANIFEST)
    with pytest.raises(ConfigurationError, match=r"connector\.name"):
        registry.manifest("acme2")


def test_unknown_connector_suggests() -> None:
    with pytest.raises(ConfigurationError, match="did you mean `kingdee`"):
        registry.manifest("kingde")


def test_settings_from_every_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PAGE", "50")
    yaml = {"page_size": {"env": "MY_PAGE"}, "retries": {"env": "NOT_SET_HERE", "default": 7}, "auth_style": "body"}
    settings = registry.settings_for("crm", "fxiaoke", yaml, {**SECRET, "trigger_workflow": "true"})
    assert settings["base_url"] == "https://crm.example"
    assert (settings["app_id"], settings["app_secret"]) == ("app", "pass-word")
    assert (settings["page_size"], settings["retries"], settings["auth_style"]) == (50, 7, "body")
    assert settings["trigger_workflow"] is True and settings["trigger_approval"] is False
    assert settings["proxy"] is None


@pytest.mark.parametrize(
    ("secret", "url"),
    [
        ({"host": "crm.example"}, "https://crm.example"),
        ({"host": "crm.example", "schema": "http", "port": 81}, "http://crm.example:81"),
        ({"host": "crm.example", "conn_type": "http"}, "http://crm.example"),
        ({"host": "https://crm.example/base", "port": 8443}, "https://crm.example:8443/base"),
        ({"host": "http://crm.example:80/x", "port": 80}, "http://crm.example:80/x"),
        ({}, "https://open.fxiaoke.com"),
    ],
)
def test_base_url_from_the_connection(secret: dict[str, Any], url: str) -> None:
    given = {**{k: v for k, v in SECRET.items() if k != "host"}, **secret}
    assert registry.settings_for("crm", "fxiaoke", {}, given)["base_url"] == url


def _refusal(yaml: dict[str, Any], secret: dict[str, Any] | None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        registry.settings_for("crm_main", "fxiaoke", yaml, secret)
    return str(caught.value)


def test_all_mistakes_at_once() -> None:
    text = _refusal({"page_sise": 1, "auth_style": "heder", "retries": "many"}, None)
    assert "connection `crm_main`" in text
    assert "did you mean `page_size`?" in text
    assert "did you mean `header`?" in text
    assert "`retries`: got `many`" in text
    assert "secret `app_secret` is missing: set AIRFLOW_CONN_CRM_MAIN or the Airflow connection `crm_main`" in text


def test_secrets_do_not_stand_in_yaml_and_are_not_shown() -> None:
    text = _refusal({"app_secret": "oops-in-yaml"}, {**SECRET, "app_secret": ["not-a-text-secret"]} | {"password": ""})
    assert "oops-in-yaml" not in text and "not-a-text-secret" not in text
    assert "stands in a file" in _refusal({"app_secret": "oops-in-yaml"}, {**SECRET, "password": ""})


def test_missing_environment_variable_is_named() -> None:
    assert "NOT_SET_HERE is not set" in _refusal({"page_size": {"env": "NOT_SET_HERE"}}, SECRET)


def test_paths_start_at_the_given_folder(tmp_path: Path) -> None:
    settings = registry.settings_for("f", "file", {"path": "data", "streams": {}}, None, base=tmp_path)
    assert settings["path"] == str(tmp_path / "data")


def test_sdk_import_is_light() -> None:
    code = "import sys, connectors.sdk; print([m for m in ('requests', 'tenacity', 'pydantic', 'msgspec') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_listing_imports_no_connector_code() -> None:
    code = (
        "import sys; from connectors import registry; [registry.manifest(n) for n in registry.names()];"
        "print([m for m in sys.modules if m.startswith('connectors.vendors.') or m == 'requests'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Connectors of installed packages: a real wheel, found by its entry point, listed with where it comes from, opened and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CLI = [sys.executable, "-c", "from tongmai.cli.main import main; main()"]
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "tongmai-acme-{folder}"
version = "1.2"
[project.entry-points."tongmai.connectors"]
{name} = "{value}"
[tool.setuptools]
packages = ["tongmai_{folder}", "tongmai_{folder}.connectors", "tongmai_{folder}.connectors.{folder}"]
[tool.setuptools.package-data]
"*" = ["*.yaml"]
"""
MANIFEST = (
    "connector: {0}\nlabel: {{zh: 甲, en: Acme}}\nkind: ticketing\nstreams: {{c: {{key: id, fields: {{id: text}}}}}}\n"
)
HOOKS = """
from connectors.sdk import CheckResult
from . import words
class Acme:
    def check(self): return CheckResult(True, words.SAID)
    def close(self): pass
def connect(settings, manifest): return Acme()
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Installs a wheel of a connector into a folder of its own, without a network."""

    def install(target: Path, folder: str, name: str = "", value: str = "", manifest: str = "") -> None:
        source = tmp_path_factory.mktemp("source")
        home = source / f"tongmai_{folder}" / "connectors" / folder
        home.mkdir(parents=True)
        for inner in (home, home.parent, home.parent.parent):
            text = "" if inner == home else "raise RuntimeError('a connector is found without importing anything')\n"
            (inner / "__init__.py").write_text(text, encoding="utf-8")
        (home / "connector.yaml").write_text(MANIFEST.format(folder) + manifest, encoding="utf-8")
        (home / "hooks.py").write_text(HOOKS, encoding="utf-8")
        (home / "words.py").write_text("SAID = 'from a wheel'\n", encoding="utf-8")
        entry = value or f"tongmai_{folder}.connectors.{folder}"
        (source / "pyproject.toml").write_text(PROJECT.format(folder=folder, name=name or folder, value=entry))
        pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
        offline = ["--no-deps", "--no-index"]
        subprocess.run(
            [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(source / "w"), str(source)], check=True
        )
        (wheel,) = (source / "w").glob("*.whl")
        subprocess.run([*pip, "install", *offline, "--target", str(target), str(wheel)], check=True)

    return install


def run(target: Path, site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(target), "TONGMAI_PATH": str(site), "TONGMAI_LANG": "en"}
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_wheel_brings_a_connector(packages: Any, tmp_path: Path) -> None:
    target, site = tmp_path / "installed", tmp_path / "site"
    site.mkdir()
    packages(target, "acme")
    (site / "connections.yaml").write_text("main: {connector: acme, role: other}\n", encoding="utf-8")
    listed = json.loads(run(target, site, "connector", "list", "--json").stdout)
    origins = {line["connector"]: line["origin"]["en"] for line in listed["connectors"]}
    assert origins["acme"] == "package tongmai-acme-acme 1.2" and origins["file"] == "product"
    assert "from: package tongmai-acme-acme 1.2" in run(target, site, "connector", "list").stdout
    checked = run(target, site, "connector", "check", "main", "--json")
    assert json.loads(checked.stdout) == {"connection": "main", "ok": True, "detail": "from a wheel"}, checked.stderr
    # a site of the same name has to say that it takes its place
    own = site / "connectors" / "acme"
    own.mkdir(parents=True)
    (own / "connector.yaml").write_text(MANIFEST.format("acme"), encoding="utf-8")
    clash = run(target, site, "connector", "list", "--json")
    assert (
        clash.returncode == 2 and "package tongmai-acme-acme 1.2" in clash.stderr and "replaces: true" in clash.stderr
    )
    (own / "connector.yaml").write_text(MANIFEST.format("acme") + "replaces: true\n", encoding="utf-8")
    listed = json.loads(run(target, site, "connector", "list", "--json").stdout)
    assert {line["connector"]: line["origin"]["en"] for line in listed["connectors"]}["acme"] == f"site {site}"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"folder": "file", "manifest": "replaces: true\n"}, "connector-exists", "uninstall the package"),
        ({"folder": "acme", "value": "tongmai_acme.connectors"}, "connector-package", "tongmai_acme.connectors.acme"),
        ({"folder": "acme", "name": "other"}, "connector-package", "no folder `other`"),
        ({"folder": "acme", "value": "not_there.acme"}, "connector-package", "`not_there.acme`"),
    ],
)
def test_what_is_wrong_with_a_package_is_said(
    packages: Any, tmp_path: Path, given: dict[str, str], code: str, said: str
) -> None:
    target = tmp_path / "installed"
    packages(target, **given)
    done = run(target, tmp_path, "connector", "list", "--json")
    assert done.returncode == 2 and json.loads(done.stdout.splitlines()[-1])["error"]["code"] == code
    assert said in done.stderr and "Traceback" not in done.stderr


def test_two_packages_with_one_connector_are_refused(packages: Any, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    packages(target, "acme")
    packages(target, "other", name="other")
    both = target / "tongmai_acme_other-1.2.dist-info" / "entry_points.txt"
    (target / "tongmai_other" / "connectors" / "acme").mkdir()
    (target / "tongmai_other" / "connectors" / "acme" / "connector.yaml").write_text(MANIFEST.format("acme"))
    both.write_text("[tongmai.connectors]\nacme = tongmai_other.connectors.acme\n", encoding="utf-8")
    done = run(target, tmp_path, "connector", "list")
    assert done.returncode == 2 and "tongmai-acme-acme 1.2" in done.stderr and "tongmai-acme-other 1.2" in done.stderr

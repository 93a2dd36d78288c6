"""The tutorial is run as a newcomer runs it: every file written, every command called, every shown line looked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import blocks, missing_line
from tongmai.core.settings import product_root

SUFFIXES = {"en": ".md", "zh": ".zh-CN.md"}
TUTORIALS = ("first-sync", "first-connector", "first-entity")


@pytest.mark.parametrize("tutorial", TUTORIALS)
@pytest.mark.parametrize("language", SUFFIXES)
def test_the_tutorial_works_as_it_stands(language: str, tutorial: str, hub_url: str, tmp_path: Path) -> None:
    page = product_root() / "docs" / "tutorial" / f"{tutorial}{SUFFIXES[language]}"
    work, kept = tmp_path / "work", tmp_path / "environment"
    work.mkdir()
    kept.write_text("")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": programs, "TONGMAI_LANG": language}
    ran, output = 0, ""
    for block in blocks(page):
        if block.kind == "yaml":
            file = work / block.info.removeprefix("title=")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.body, encoding="utf-8")
        elif block.kind == "bash":
            script = f'. "{kept}"\n{block.body}\nexport -p > "{kept}"\n'
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=work,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
            )
            output = done.stdout
            assert (done.returncode != 0) == (block.info == "fails"), f"{page.name}:{block.line}\n{output}"
            ran += 1
        elif block.kind == "text":
            assert not missing_line(block.body, output), f"{page.name}:{block.line}\n{output}"
    assert ran > 5


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_both_languages_do_the_same(tutorial: str) -> None:
    folder = product_root() / "docs" / "tutorial"
    done = {
        language: [
            (b.kind, b.info, b.body) for b in blocks(folder / f"{tutorial}{suffix}") if b.kind in ("yaml", "bash")
        ]
        for language, suffix in SUFFIXES.items()
    }
    assert done["en"] == done["zh"]

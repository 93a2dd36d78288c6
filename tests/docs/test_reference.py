"""The reference pages are what the source says now, and leave no code, command or key out."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.docs.codes import codes_in_source
from tests.docs.finding_codes import finding_codes
from tongmai.cli.reference.files import SECTIONS, field_names
from tongmai.cli.reference.rules import pages
from tongmai.cli.reference.words import WORDS
from tongmai.core.codes import AREAS, explain
from tongmai.core.findings import RULES
from tongmai.core.settings import product_root

REFERENCE = product_root() / "docs" / "reference"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", ["cli", "files", "errors", "findings", "connectors"])
def test_a_generated_page_is_up_to_date(page: str, language: str) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "tongmai.cli.reference", page],
        env={**os.environ, "TONGMAI_LANG": language},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    file = REFERENCE / f"{page}{'.zh-CN' if language == 'zh' else ''}.md"
    assert file.read_text(encoding="utf-8") == made, "run `make docs`"


def test_each_rule_has_its_page_as_the_source_says_now() -> None:
    made = pages()
    have = {file.name: file.read_text(encoding="utf-8") for file in (REFERENCE / "rules").glob("*.md")}
    assert sorted(have) == sorted(made)
    assert [name for name in made if have[name] != made[name]] == [], "run `make docs`"


def test_every_error_code_of_the_source_is_explained() -> None:
    explained = {code for _, codes in AREAS for code in codes}
    found = codes_in_source()
    assert len(found) > 100
    assert {code: place for code, place in found.items() if code not in explained} == {}
    assert explained - set(found) == set(), "these codes are in no source"


def test_every_code_of_a_finding_has_its_entry() -> None:
    found = finding_codes()
    assert len(found) > 150
    assert {code: place for code, place in found.items() if code not in RULES} == {}
    assert set(RULES) - set(found) == set(), "these codes are in no source"


def test_an_entry_says_everything_in_both_languages() -> None:
    for code, rule in RULES.items():
        said = (rule.meaning.en, rule.meaning.zh, rule.mend.en, rule.mend.zh, rule.wrong, rule.right)
        assert all(said) and rule.wrong != rule.right, code
        assert re.search("[\u4e00-\u9fff]", rule.meaning.zh) and not re.search("[\u4e00-\u9fff]", rule.meaning.en), code


def test_a_computed_code_is_explained_by_its_family() -> None:
    assert explain("http-404") == explain("http-…")
    assert explain("http-busy") != explain("http-…")
    assert explain("no-such-code") is None


def test_every_key_of_every_file_has_words_and_none_is_left_over() -> None:
    keys = {f"{model.__name__}.{name}" for _, _, models in SECTIONS for model in models for name in field_names(model)}
    assert keys == set(WORDS)

"""The public contract's page names what there is: columns, variables, terms; links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from masterdata.store import connect
from tongmai.core.settings import product_root
from tongmai.sync.content import activate, load_content
from tongmai.sync.report import IN_TERMS, OUT_TERMS

ROOT = product_root()
PAGES = ["contract.md", "contract.zh-CN.md"]
ROOMS = ("tongmai", "connectors", "mappings", "masterdata", "tests")


def written(page: str) -> str:
    return (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("view", ["crosswalk", "quarantine"])
def test_the_views_have_just_these_columns(page: str, view: str, hub_url: str) -> None:
    section = re.split(r"^#+ ", written(page), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(f"`hub.{view}`")]
    named = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    with psycopg.connect(hub_url) as hub:
        found = hub.execute(
            """select column_name, replace(data_type, 'timestamp with time zone', 'timestamptz')
                 from information_schema.columns where table_schema = 'hub' and table_name = %s order by ordinal_position""",
            (view,),
        ).fetchall()
    assert named == found


@pytest.mark.parametrize("page", PAGES)
def test_every_entity_of_the_product_is_named(page: str, hub_url: str) -> None:
    with connect(hub_url) as database:
        activate(database, load_content())
    with psycopg.connect(hub_url) as hub:
        tables = {row[0] for row in hub.execute("select tablename from pg_tables where schemaname = 'golden'")}
    assert tables
    assert {table for table in tables if f"`golden.{table}`" not in written(page)} == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_of_ours_is_named(page: str) -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    found = {
        name
        for file in [*files, ROOT / "connections.yaml"]
        for name in re.findall(r"\b(?:TONGMAI|DEMO|CRM_SALES)_[A-Z]+(?:_[A-Z]+)*\b", file.read_text(encoding="utf-8"))
    }
    assert {"TONGMAI_HOME", "CRM_SALES_DIR"} <= found
    assert {name for name in found - {"TONGMAI_REMARK"} if f"`{name}`" not in written(page)} == set()


@pytest.mark.parametrize("page", PAGES)
def test_the_json_line_has_every_term(page: str) -> None:
    (line,) = re.findall(r"```json\n(.*?)```", written(page), re.DOTALL)
    assert re.findall(r'"(\w+)": \d', line) == [*IN_TERMS, *OUT_TERMS]


def pages() -> list[Path]:
    return [
        *sorted((ROOT / "docs").rglob("*.md")),
        *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md")),
    ]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_picture_is_there(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


def test_pages_have_their_sibling_in_the_other_language() -> None:
    for folder in ("tutorial", "howto"):
        names = {file.name for file in (ROOT / "docs" / folder).glob("*.md")}
        english = {name for name in names if not name.endswith(".zh-CN.md")}
        assert names == english | {name.replace(".md", ".zh-CN.md") for name in english}

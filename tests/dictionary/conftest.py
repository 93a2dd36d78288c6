"""A hub whose golden tables are filled by hand, and a file connection of a site of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest
from click.testing import CliRunner

from masterdata.store import connect
from tongmai.cli.main import cli
from tongmai.sync.content import activate, load_content

SPACE = UUID("6f0f9a3c-6a60-4f0e-9a6e-0d1e5b7a2c11")


def made(name: str) -> UUID:
    """The id of a record that a test calls ``name``."""
    return uuid5(SPACE, name)


class Golden:
    """Golden records written as the hub writes them: entity, versions, typed row."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def put(self, entity: str, name: str, /, **columns: Any) -> UUID:
        """A record; references are given by the name of the other record's."""
        values = {key: made(value) if key.endswith("_id") and value else value for key, value in columns.items()}
        names = ", ".join(["id", *(f'"{key}"' for key in values)])
        marks = ", ".join(["%s"] * (len(values) + 1))
        self.connection.execute(
            f"insert into golden.{entity} ({names}) values ({marks})", (made(name), *values.values())
        )
        self.connection.execute(
            "insert into hub.entity (id, entity, version, digest, provenance) values (%s, %s, 1, '', '{}')",
            (made(name), entity),
        )
        return made(name)

    def version(self, name: str, number: int, at: str, **fields: Any) -> None:
        """A version of a record."""
        self.connection.execute(
            "insert into hub.entity_version (entity_id, version, run_id, at, fields, changed) values (%s, %s, 'r', %s, %s, '{}')",
            (made(name), number, at, json.dumps(fields)),
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a BI tool would see."""
        return self.connection.execute(query).fetchall()


@pytest.fixture
def golden(hub_url: str) -> Iterator[Golden]:
    with connect(hub_url) as database:
        activate(database, load_content())
    with psycopg.connect(hub_url, autocommit=True) as connection:
        yield Golden(connection)


@pytest.fixture
def run() -> Callable[..., tuple[int, Any]]:
    """``tongmai …``: exit status and its JSON line, or its text."""

    def invoke(*arguments: str) -> tuple[int, Any]:
        result = CliRunner().invoke(cli, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        lines = [line for line in result.output.splitlines() if line.startswith(("{", "["))]
        return result.exit_code, json.loads(lines[-1]) if lines else result.output

    return invoke


@pytest.fixture
def deals(site: Path, tmp_path: Path) -> Path:
    """A file of deals that a site's sync ``deals`` reads; the test may rewrite it."""
    file = tmp_path / "data" / "deals.csv"
    file.parent.mkdir()
    (site / "connections.yaml").write_text(
        f"desk:\n  connector: file\n  role: crm\n  settings:\n    path: {file.parent}\n    streams:\n"
        "      deals: {file: deals.csv, key: no}\n"
    )
    folder = site / "mappings" / "desk"
    folder.mkdir(parents=True)
    (folder / "deals.yaml").write_text(
        "mapping: desk/deals\nfrom: desk.deals\nto: opportunity\nfields:\n  number: no\n  name: name\n"
        "  stage: stage | term(opportunity_stage)\n  amount: amount\n  status: {const: active}\n"
    )
    (folder / "terms.yaml").write_text(
        "opportunity_stage:\n  in: {跟进: following, 立项: approved, 评审: reviewing, 签约: signed, 流失: lost}\n"
    )
    (folder / "deals_test.yaml").write_text(
        "- case: plain\n  given: {no: D1, name: 甲, stage: 签约, amount: '5'}\n"
        "  expect: {number: D1, name: 甲, stage: signed, amount: '5', status: active}\n"
    )
    (site / "syncs" / "deals.yaml").write_text(
        "sync: deals\nread: {connection: desk, stream: deals}\nmap: desk/deals\n"
    )
    return file

"""``tongmai connector discover --save``: what a system told of itself is what mappings are checked against."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.schemas import laid_over, load_schemas
from connectors.sdk.manifest import Label, Manifest, Stream
from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from tongmai.core import yamlfile

CLI = [sys.executable, "-c", "from tongmai.cli.main import main; main()"]


def run(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def shop(tmp_path: Path, site: Path) -> dict[str, str]:
    """A site with a database whose table is read under another name."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("create table client (no varchar(20) primary key, name varchar(80), worth numeric(12,2))")
    (site / "connections.yaml").write_text(
        f"shop: {{connector: sql, role: shop, settings: {{url: 'sqlite:///{tmp_path / 'shop.db'}',"
        " streams: {clients: {table: client, key: no}}}}\n",
        encoding="utf-8",
    )
    mapping = "mapping: shop/clients\nfrom: shop.clients\nto: customer\nfields:\n  legal_name: nmae\n  number: no\n"
    (site / "mappings" / "shop").mkdir(parents=True)
    (site / "mappings" / "shop" / "clients.yaml").write_text(mapping, encoding="utf-8")
    return {**os.environ, "TONGMAI_LANG": "en"}


def codes(env: dict[str, str]) -> list[tuple[str, int, str]]:
    found: list[dict[str, Any]] = json.loads(run(env, "check", "--json").stdout)["findings"]
    return [(each["code"], each["line"], each["suggestion"]) for each in found if each["code"] != "mapping.no-tests"]


def test_an_unknown_column_is_found_once_the_database_was_asked(shop: dict[str, str], site: Path) -> None:
    assert codes(shop) == []
    done = run(shop, "connector", "discover", "shop", "--save")
    assert done.returncode == 0 and "kept 1 stream(s)" in done.stderr
    file = site / "schemas" / "shop.yaml"
    document = yamlfile.load(file)[0]
    assert not document.findings and document.data == {
        "system": "shop",
        "streams": {
            "clients": {
                "key": ["no"],
                "fields": {
                    "no": {"type": "text", "length": 20},
                    "name": {"type": "text", "length": 80},
                    "worth": {"type": "number"},
                },
            }
        },
    }
    assert codes(shop) == [("mapping.unknown-field", 5, "name")]
    assert run(shop, "connector", "discover", "shop", "--save").returncode == 0
    assert yamlfile.load(file)[0].data == document.data, "the same again"


def test_it_says_where_it_cannot_be_kept(shop: dict[str, str], tmp_path: Path, site: Path) -> None:
    elsewhere = tmp_path / "own" / "schemas"
    assert run(shop, "connector", "discover", "shop", "--save", "--into", str(elsewhere)).returncode == 0
    assert (elsewhere / "shop.yaml").is_file() and not (site / "schemas").exists()
    (site / "files.csv").write_text("a\n1\n", encoding="utf-8")
    with (site / "connections.yaml").open("a", encoding="utf-8") as file:
        file.write(
            "files: {connector: file, role: other, settings: {path: ., streams: {c: {file: files.csv, key: a}}}}\n"
        )
    none = run(shop, "connector", "discover", "files", "--save", "--json")
    assert none.returncode == 2 and json.loads(none.stdout)["error"]["code"] == "not-described"
    homeless = run({**shop, "TONGMAI_PATH": ""}, "connector", "discover", "crm_sales", "--save", "--json")
    assert homeless.returncode == 2 and json.loads(homeless.stdout)["error"]["code"] == "no-site-folder"


def test_a_schema_of_no_system_is_a_finding(shop: dict[str, str], site: Path) -> None:
    (site / "schemas").mkdir()
    (site / "schemas" / "shopp.yaml").write_text("system: shopp\nstreams: {}\n", encoding="utf-8")
    (site / "schemas" / "other.yaml").write_text("system: shop\nstream: {}\n", encoding="utf-8")
    assert set(codes(shop)) == {("schema.unknown-system", 1, "shop"), ("schema.unknown-key", 2, "streams")}


def test_a_system_tells_values_lengths_and_what_can_be_written(site: Path) -> None:
    with SimulatorServer(simulator("salesforce", seed=3, customers=5, limits=False)) as server:
        credentials = dict(server.vendor.credentials(server.url))
        connection = {"conn_type": "generic", "host": credentials.pop("base_url"), "extra": credentials}
        (site / "connections.yaml").write_text("sf: {connector: salesforce, role: crm}\n", encoding="utf-8")
        env = {**os.environ, "TONGMAI_LANG": "en", "AIRFLOW_CONN_SF": json.dumps(connection)}
        done = run(env, "connector", "discover", "sf", "Account", "Opportunity", "--save")
        assert done.returncode == 0, done.stderr
        schemas, findings = load_schemas([site / "schemas"])
        assert not findings and set(schemas["salesforce"].streams) == {"Account", "Opportunity"}
        account = schemas["salesforce"].streams["Account"].fields
        assert account["Name"].length == 255 and account["Name"].writable and account["Id"].writable is False
        stage = schemas["salesforce"].streams["Opportunity"].fields["StageName"]
        assert "Closed Won" in stage.values
        # Every value of the simulated organisation is mapped, every shipped field is there and can be written.
        assert codes(env) == []


def test_what_the_author_declared_stays_and_the_system_adds() -> None:
    manifest = Manifest(
        connector="acme", label=Label(zh="某", en="Acme"), kind="crm",
        streams={"A": Stream(key="id", custom="*__c", fields={"id": "text", "at": "epoch_ms"}), "B": Stream(key="id")},
    )  # fmt: skip
    text = "system: acme\nstreams: {A: {fields: {at: {type: long}, x__c: {type: string, length: 5}}}}\n"
    document = yamlfile.loads(text)[0]
    from connectors.schemas import SchemaFile

    over = laid_over(manifest, SchemaFile.model_validate(document.data))
    assert over.streams["A"].fields == {"id": "text", "at": "epoch_ms", "x__c": "string"}
    assert over.streams["A"].lengths == {"x__c": 5} and over.streams["A"].custom == ""
    assert over.streams["B"] is manifest.streams["B"] and manifest.streams["A"].custom == "*__c"

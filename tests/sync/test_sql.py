"""A database as source and target through the engine: checked like a vendor, written once, read back as an echo."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tongmai.core.settings import product_root
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content
from tongmai.sync.guarantee import promise
from tongmai.sync.run import run_sync

WRITE = "table: customer, stream: customers, our_key: hub_no, key_enforced: true, search: [hub_no], deactivate: {column: state, off: x, on: o}"


@pytest.fixture
def shop(postgres: Any, hub_url: str, site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A shop's own database with customers, and a site that reads CSV and keeps the shop up to date."""
    name = hub_url.rsplit("/", 1)[1] + "_shop"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database {name} owner tongmai")
    url = postgres.url("tongmai").rsplit("/", 1)[0] + f"/{name}"
    login, _, address = url.removeprefix("postgresql://").rpartition("@")
    host, _, port = address.partition("/")[0].partition(":")
    user, _, password = login.partition(":")
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", f'{{"conn_type": "postgres", "password": "{password}"}}')
    with psycopg.connect(url) as own:
        own.execute(
            "create table customer (id serial primary key, hub_no text unique, name text, state text default 'o')"
        )
        own.execute("insert into customer (name) values ('早有有限公司')")
    texts = {
        "connections.yaml": f"""shop:
  connector: sql
  role: shop
  settings:
    host: {host}
    port: {port}
    user: {user}
    database: {name}
    streams:
      customers: {{table: customer, key: id, columns: {{id: integer, hub_no: text, name: text}}}}
    writes:
      customers: {{{WRITE}}}
legacy:
  connector: file
  role: file
  settings: {{path: {site}, streams: {{clients: {{file: clients.csv, key: no}}}}}}
""",
        "clients.csv": "no,name\n" + "".join(f"K{n},第{n}号有限公司\n" for n in range(20)),
        "mappings/legacy/clients.yaml": "mapping: legacy/clients\nfrom: legacy.clients\nto: customer\nfields: {legal_name: name | company_name}\n",
        "mappings/shop/customers.yaml": "mapping: shop/customers\nfrom: shop.customers\nto: customer\nfields: {legal_name: name | company_name}\n",
        "mappings/shop/customers.out.yaml": "mapping: shop/customers.out\nfrom: customer\nto: shop.customers\nfields:\n"
        '  hub_no: id | number("S")\n  name: legal_name\nsearch: [hub_no]\ncreate_only: [hub_no]\n',
        "syncs/clients_in.yaml": "sync: clients_in\nread: {connection: legacy, stream: clients}\nmap: legacy/clients\n",
        "syncs/shop_in.yaml": "sync: shop_in\nread: {connection: shop, stream: customers}\nmap: shop/customers\n",
        "syncs/shop_out.yaml": "sync: shop_out\nwrite: {connection: shop, object: customers}\nof: customer\n"
        "map: shop/customers.out\nbaseline: shop_in\n",
    }
    for file, text in texts.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_text(text, encoding="utf-8")
    yield url
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


def mistakes(site: Path) -> dict[str, str]:
    return {
        f.code: f.message.en
        for f in check_content(load_content())
        if f.severity == "error" and str(site) in f.mark.file and f.code != "mapping.no-tests"
    }


def rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as own:
        return own.execute("select id, hub_no, name from customer order by id").fetchall()


def test_a_mapping_to_a_table_is_checked_like_one_to_a_vendor(shop: str, site: Path) -> None:
    assert mistakes(site) == {}
    found = promise(load_content(), "shop_out")
    assert found is not None and found.guarantee == "effectively-once"
    out = site / "mappings" / "shop" / "customers.out.yaml"
    good = out.read_text()
    out.write_text(good.replace("shop.customers", "shop.custmers").replace("search: [hub_no]", "search: [name]"))
    assert "has no write `custmers`" in mistakes(site)["mapping.unknown-stream"]
    out.write_text(good.replace("search: [hub_no]", "search: [name]"))
    assert "cannot look up `name` (searchable: hub_no)" in mistakes(site)["mapping.not-searchable"]
    out.write_text(good)
    inward = site / "mappings" / "shop" / "customers.yaml"
    inward.write_text(inward.read_text().replace("name | company", "nam | company"))
    assert "nam" in mistakes(site)["mapping.unknown-field"]
    connections = site / "connections.yaml"
    connections.write_text(connections.read_text().replace("our_key: hub_no", "our_key: [hub_no]"))
    assert "`writes.customers.our_key`" in mistakes(site)["connection.settings"]
    assert str(product_root()) not in mistakes(site)["connection.settings"]


def test_records_reach_the_table_once_and_come_back_as_echo(shop: str, tongmai: Callable[..., Any]) -> None:
    assert run_sync("clients_in").ok
    status, _, _ = tongmai("sync", "shop_out", TONGMAI_FAILPOINT="deliver.after-remote:7")
    assert status == -signal.SIGKILL, "the failpoint was not reached"
    report = run_sync("shop_out")
    assert report.ok, report.as_json()
    found = rows(shop)
    assert len(found) == 21 and len({row[1] for row in found if row[1]}) == 20
    report = run_sync("shop_in")
    assert report.ok and report.inbound["applied"] <= 1, report.as_json()
    report = run_sync("shop_out")
    assert report.ok and report.outbound["delivered"] == 0, report.as_json()
    assert rows(shop) == found

"""Deals that arrive by sync while another one holds the same: found, named, and free again once it is over."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from masterdata.model.schema import load_schema
from tests.files import lay
from tongmai.core import clock
from tongmai.core.settings import product_root
from tongmai.sync.acts import Verdict, act, undo
from tongmai.sync.run import run_sync

TODAY = clock.now().date()


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


@pytest.fixture
def folder(site: Path, tmp_path: Path, hub_url: str) -> Path:
    """Customers and deals in CSV files."""
    texts = {
        "connections.yaml": f"sheets:\n  connector: file\n  role: crm\n  settings:\n    path: {tmp_path}\n    streams:\n"
        "      clients: {file: clients.csv, key: no}\n      deals: {file: deals.csv, key: no}\n",
        "mappings/sheets/clients.yaml": "mapping: sheets/clients\nfrom: sheets.clients\nto: customer\n"
        "fields:\n  legal_name: name\n",
        "mappings/sheets/deals.yaml": "mapping: sheets/deals\nfrom: sheets.deals\nto: opportunity\nfields:\n"
        "  name: name\n  customer: client | ref(customer, clients)\n  stage: stage | identifier\n  number: no\n  registered_on: since | date\n",
        "syncs/clients_in.yaml": "sync: clients_in\nread: {connection: sheets, stream: clients}\nmap: sheets/clients\n",
        "syncs/deals_in.yaml": "sync: deals_in\nread: {connection: sheets, stream: deals}\nmap: sheets/deals\n",
    }
    texts["mappings/sheets/deals.yaml"] = texts["mappings/sheets/deals.yaml"].replace(
        "  stage: stage | identifier\n", "  stage: stage | term(opportunity_stage)\n"
    )
    texts["mappings/sheets/terms.yaml"] = (
        "opportunity_stage:\n  in: {following: following, lost: lost, signed: signed, approved: approved, reviewing: reviewing}\n"
    )
    lay(site, texts)
    (tmp_path / "clients.csv").write_text(
        "no,name\nC1,苏州明远机械有限公司\nC2,宁波海川塑料有限公司\n", encoding="utf-8"
    )
    return tmp_path


def write(folder: Path, *rows: tuple[str, str, str, str, str]) -> None:
    lines = ["no,client,name,stage,since", *map(",".join, rows)]
    (folder / "deals.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stamp = (folder / "deals.csv").stat().st_mtime + 10
    os.utime(folder / "deals.csv", (stamp, stamp))


def collisions(url: str) -> dict[str, str]:
    """Number → the number of the deal it collides with; and every one has its finding."""
    with psycopg.connect(url) as hub:
        found = dict(
            hub.execute(
                "select a.number, b.number from golden.opportunity a join golden.opportunity b on b.id = a.collides_with_id"
            ).fetchall()
        )
        noted = hub.execute(
            """select g.number from hub.finding f join golden.opportunity g on g.id = f.entity_id
                where f.code = 'registration-collision'"""
        ).fetchall()
    assert sorted(found) == sorted(row[0] for row in noted)
    return found


def test_the_later_registration_collides_with_the_one_that_holds(folder: Path, hub_url: str) -> None:
    def sync(*rows: Any) -> None:
        write(folder, *rows)
        report = run_sync("deals_in")
        assert report.ok and report.balanced, report.as_json()
        assert report.inbound["quarantined"] == 0, report.as_json()

    assert run_sync("clients_in").ok
    late = ("D1", "C1", "产线 改造", "following", day(-2))
    early = ("D2", "C1", "产线改造", "following", day(-20))
    other = ("D3", "C2", "产线改造", "following", day(-1))
    unregistered = ("D4", "C1", "产线改造", "following", "")
    sync(late, early, other, unregistered)
    assert collisions(hub_url) == {"D1": "D2"}, "of one batch the one registered first holds"
    third = ("D5", "C1", "产线改造！", "following", day(0))
    sync(late, early, other, unregistered, third)
    assert collisions(hub_url) == {"D1": "D2", "D5": "D2"}
    sync(late, ("D2", "C1", "产线改造", "approved", day(-20)), other, unregistered, third)
    assert collisions(hub_url) == {"D1": "D2", "D5": "D2"}, "who holds does not collide when he is read again"
    sync(late, ("D2", "C1", "产线改造", "lost", day(-20)), other, unregistered, third)
    sync(("D1", "C1", "产线改造一", "following", day(-2)), ("D2", "C1", "产线改造", "lost", day(-20)), other, unregistered,
         ("D5", "C1", "产线改造一", "following", day(0)))  # fmt: skip
    assert collisions(hub_url) == {"D5": "D1"}, "a lost deal holds nothing: the next one does"


def test_the_order_of_arrival_plays_no_part(folder: Path, hub_url: str) -> None:
    """One that was registered earlier comes later; who held it gives it up; two customers turn out to be one."""

    def sync(*rows: Any) -> None:
        write(folder, *rows)
        assert run_sync("deals_in").ok

    assert run_sync("clients_in").ok
    late, early = ("D1", "C1", "产线", "following", day(-2)), ("D2", "C1", "产线", "following", day(-20))
    third = ("D3", "C1", "产线", "following", day(-1))
    sync(late)
    sync(late, third)
    assert collisions(hub_url) == {"D3": "D1"}
    sync(late, third, early)
    assert collisions(hub_url) == {"D1": "D2", "D3": "D2"}, "in the same run"
    sync(late, third, ("D2", "C1", "产线", "lost", day(-20)))
    assert collisions(hub_url) == {"D3": "D1"}, "nobody collides with one that holds nothing"
    sync(("D1", "C2", "产线", "following", day(-2)), third, ("D2", "C1", "产线", "lost", day(-20)))
    assert collisions(hub_url) == {}, "it is for another customer now"
    with psycopg.connect(hub_url) as hub:
        assert hub.execute("select count(*) from hub.work").fetchone() == (0,)


def test_two_that_a_source_says_collide_with_each_other_come_to_rest(folder: Path, hub_url: str) -> None:
    """What a source says of a collision stays, also where neither holds anything."""
    file = next(folder.rglob("mappings/sheets/deals.yaml"))
    file.write_text(file.read_text() + "  collides_with: name | ref(opportunity, deals, optional)\n")
    assert run_sync("clients_in").ok
    for stage in ("following", "lost", "following"):
        write(folder, ("D1", "C1", "D2", stage, day(-2)), ("D2", "C1", "D1", stage, day(-3)))
        assert run_sync("deals_in").ok
        assert run_sync("deals_in").ok
        with psycopg.connect(hub_url) as hub:
            assert hub.execute("select count(*) from hub.work").fetchone() == (0,)
            rows = hub.execute(
                "select a.number, b.number from golden.opportunity a join golden.opportunity b on b.id = a.collides_with_id"
            )
            assert dict(rows.fetchall()) == {"D1": "D2", "D2": "D1"}


def test_deals_of_two_customers_collide_once_these_are_one(folder: Path, hub_url: str) -> None:
    assert run_sync("clients_in").ok
    write(folder, ("D1", "C1", "产线", "following", day(-2)), ("D2", "C2", "产线", "following", day(-20)))
    assert run_sync("deals_in").ok
    assert collisions(hub_url) == {}
    done = act("customer", Verdict("merge", ("C1", "C2")), who="li", why="one owner").act
    assert collisions(hub_url) == {"D1": "D2"}
    undo("customer", done, who="li")
    assert collisions(hub_url) == {}


def test_a_protection_ends(folder: Path, hub_url: str) -> None:
    assert run_sync("clients_in").ok
    old = ("D1", "C1", "看板", "following", day(-91))
    write(folder, old, ("D2", "C1", "看板", "following", day(-3)))
    assert run_sync("deals_in").ok
    assert collisions(hub_url) == {}, "the product's entity protects 90 days"
    write(folder, ("D1", "C1", "看板", "following", day(-90)), ("D2", "C1", "看板", "following", day(-4)))
    assert run_sync("deals_in").ok
    assert collisions(hub_url) == {"D2": "D1"}, "the last day counts"


def test_mistakes_in_the_section_are_found(tmp_path: Path) -> None:
    entities = product_root() / "masterdata" / "entities"
    text = (entities / "opportunity" / "entity.yaml").read_text(encoding="utf-8")
    wrong = text.replace("  on: registered_on", "  on: stage").replace("same: [name, product]", "same: [nmae, lines]")
    wrong = wrong.replace("stage: [signed, lost]", "stage: [sgined]")
    assert wrong != text
    folder = tmp_path / "entities"
    for name in [one.name for one in entities.iterdir() if one.is_dir()]:
        (folder / name).mkdir(parents=True)
        for file in ("entity.yaml", "terms.yaml"):
            if (entities / name / file).is_file():
                whole = (entities / name / file).read_text(encoding="utf-8")
                (folder / name / file).write_text(wrong if (name, file) == ("opportunity", "entity.yaml") else whole, encoding="utf-8")  # fmt: skip
    codes = sorted((one.code, one.suggestion) for one in load_schema([folder]).findings)
    assert codes == [
        ("entity.registration-type", ""),
        ("entity.registration-type", ""),
        ("entity.unknown-field", "name"),
        ("entity.unknown-term", "signed"),
    ]

"""A record that was let in and that the mapping then leaves out: withdrawn or kept, seen in the books and in the trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sync.conftest import Systems
from tongmai.cli.trace import _tell
from tongmai.core.settings import product_root
from tongmai.sync.ledger import recount_all
from tongmai.sync.run import SyncOptions, run_sync
from tongmai.sync.runs import from_json
from tongmai.sync.trace import story

CONNECTIONS = "".join(
    f"{name}:\n  connector: file\n  role: {name}\n  settings:\n    path: PATH\n    streams:\n"
    f"      firms: {{file: {name}.jsonl, format: jsonl, key: no}}\n"
    for name in ("crm", "erp")
)
FIELDS = "fields:\n  legal_name: name | company_name\n  uscc: code | uscc\n  address: city | trim\n"
HEAD = "mapping: crm/firm\nfrom: crm.firms\nto: customer\n"


class World:
    """Two systems whose records are files, and the hub."""

    def __init__(self, site: Path, folder: Path, url: str) -> None:
        self.site, self.folder, self.url = site, folder, url
        self.write("connections.yaml", CONNECTIONS.replace("PATH", str(folder)))
        self.mapping("kind != 'test'")
        self.write("mappings/erp/firm.yaml", HEAD.replace("crm", "erp") + FIELDS)
        self.sync()
        self.write("syncs/erp_firms.yaml", "sync: erp_firms\nread: {connection: erp, stream: firms}\nmap: erp/firm\n")

    def write(self, name: str, text: str) -> None:
        (self.site / name).parent.mkdir(parents=True, exist_ok=True)
        (self.site / name).write_text(text, encoding="utf-8")

    def mapping(self, only_if: str = "") -> None:
        self.write("mappings/crm/firm.yaml", HEAD + FIELDS + (f"only_if: {only_if}\n" if only_if else ""))

    def sync(self, left_out: str = "") -> None:
        more = f"left_out: {left_out}\n" if left_out else ""
        text = f"sync: crm_firms\nread: {{connection: crm, stream: firms}}\nmap: crm/firm\n{more}"
        self.write("syncs/crm_firms.yaml", text)

    def firms(self, system: str, *rows: dict[str, Any]) -> None:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (self.folder / f"{system}.jsonl").write_text(lines, encoding="utf-8")

    def run(self, name: str = "crm_firms", **options: Any) -> Any:
        report = run_sync(name, SyncOptions(**options))
        assert report.ok and report.balanced, report.as_json()
        assert report == from_json(report.as_json())
        return report

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql).fetchall()

    def golden(self) -> list[tuple[Any, ...]]:
        return self.query("select legal_name, address, status from golden.customer order by 1")

    def books(self) -> dict[str, int]:
        """The books of the CRM's stream, all runs together, without the zeros."""
        with psycopg.connect(self.url) as connection:
            row = next(one for one in recount_all(connection.cursor()) if one["name"] == "crm.firms")
        assert not row["problems"]
        return {term: count for term, count in row["terms"].items() if count}

    def story(self, key: str) -> dict[str, Any]:
        with psycopg.connect(self.url) as connection:
            return story(connection.cursor(), "customer", key)


@pytest.fixture
def world(site: Path, tmp_path: Path, hub_url: str) -> World:
    return World(site, tmp_path, hub_url)


def firm(no: str, kind: str = "firm", **more: Any) -> dict[str, Any]:
    return {"no": no, "name": f"{no}有限公司", "kind": kind, "city": "上海", **more}


def test_who_leaves_is_withdrawn_and_who_comes_back_counts_again(world: World) -> None:
    world.firms("crm", firm("甲"), firm("乙"))
    world.run()
    ages = world.story("甲")["fields"]["address"]["at"]
    world.firms("crm", firm("甲", "test"), firm("乙"))
    report = world.run()
    assert (report.inbound["read"], report.inbound["filtered"], report.inbound["applied"]) == (2, 1, 0)
    assert world.golden() == [("乙有限公司", "上海", None), ("甲有限公司", "上海", "inactive")]
    (source,) = world.story("甲")["sources"]
    assert source["left_out_at"] is not None and source["speaks"] is False and not source["deleted"]
    world.firms("crm", firm("甲", "test", city="北京"), firm("乙"))
    world.run()
    (later,) = world.story("甲")["sources"]
    assert later["left_out_at"] == source["left_out_at"], "since it left, however often it changes outside"
    world.firms("crm", firm("甲", city="上海"), firm("乙"))
    assert world.run().inbound["applied"] == 1
    assert world.golden() == [("乙有限公司", "上海", None), ("甲有限公司", "上海", None)]
    again = world.story("甲")
    assert again["sources"][0]["left_out_at"] is None
    assert again["fields"]["address"]["at"] == ages, "a value that is what it was keeps its age"


def test_who_is_kept_is_kept_and_shown(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.sync("keep")
    world.firms("crm", firm("甲"))
    world.run()
    world.firms("crm", firm("甲", "test", city="北京"))
    assert world.run().inbound["filtered"] == 1
    assert world.golden() == [("甲有限公司", "上海", None)]
    told = world.story("甲")
    assert [one["code"] for one in told["findings"]] == ["left-out"]
    assert told["sources"][0]["left_out_at"] is not None and told["sources"][0]["speaks"] is True
    _tell(told, None, [])
    assert "what it said before is kept" in capsys.readouterr().out
    world.sync("deactivate")
    assert world.run().again["filtered"] == 1, "another word in the sync holds for those that are out already"
    assert world.golden() == [("甲有限公司", "上海", "inactive")]
    assert world.story("甲")["findings"] == []
    world.sync("keep")
    world.run()
    assert world.golden() == [("甲有限公司", "上海", None)]
    assert world.story("甲")["sources"][0]["left_out_at"] == told["sources"][0]["left_out_at"]


def test_a_changed_mapping_leaves_out_and_lets_in_without_a_read(world: World) -> None:
    world.mapping()
    rows = [firm("甲", "test"), *(firm(f"乙{n}") for n in range(9))]
    world.firms("crm", *rows)
    world.run()
    assert world.books() == {"read": 10, "applied": 10}
    world.mapping("kind != 'test'")
    report = world.run()
    assert report.inbound == {**report.inbound, "read": 10, "unchanged": 10}
    assert report.again == {"again": 10, "applied": 9, "echo": 0, "filtered": 1, "quarantined": 0}
    assert world.books() == {"read": 20, "unchanged": 10, "applied": 9, "filtered": 1}
    assert ("甲有限公司", "上海", "inactive") in world.golden()
    assert "Mapped again\n        10  mapped again from what is stored" in report.in_words("en")
    assert "重新映射\n        10  从已存数据重新映射" in report.in_words("zh")
    world.mapping()
    assert world.run().again["applied"] == 10
    assert world.books() == {"read": 30, "unchanged": 20, "applied": 10}
    assert ("甲有限公司", "上海", None) in world.golden()


def test_nothing_mapped_again_is_not_spoken_of(world: World) -> None:
    world.firms("crm", firm("甲"))
    report = world.run()
    assert "again" not in report.as_json() and "Mapped again" not in report.in_words("en")


def test_what_left_quarantine_by_a_better_mapping_is_seen(world: World) -> None:
    world.firms("crm", *(firm(f"甲{n}", name="") for n in range(3)))
    assert world.run().inbound["quarantined"] == 3
    world.write(
        "mappings/crm/firm.yaml", HEAD + FIELDS.replace("name | company_name", "name | default('未名') | company_name")
    )
    report = world.run()
    assert (report.inbound["read"], report.inbound["unchanged"]) == (3, 3)
    assert report.again["again"] == report.again["applied"] == 3


def test_where_another_source_still_speaks_its_values_stand(world: World) -> None:
    world.firms("crm", firm("甲", city="上海浦东"))
    world.firms("erp", {**firm("甲"), "no": "E1"})
    world.run()
    world.run("erp_firms")
    assert len(world.golden()) == 1
    world.firms("crm", firm("甲", "test"))
    world.run()
    (row,) = world.golden()
    assert row == ("甲有限公司", "上海", "inactive"), "the status is the CRM's to decide, the values are the ERP's now"


def test_a_mapping_that_leaves_out_most_is_not_believed_at_once(world: World) -> None:
    world.firms("crm", *(firm(f"甲{n}") for n in range(10)))
    world.run()
    before = world.golden(), world.books()
    world.mapping("kind == 'frim'")
    for _ in range(2):
        report = run_sync("crm_firms")
        assert report.error_code == "too-many-left-out" and "10 of 10" in report.error and report.balanced
        assert (world.golden(), world.books()) == before
    assert world.run(accept_deletes=True).again["filtered"] == 10
    assert {row[2] for row in world.golden()} == {"inactive"}
    world.sync("keep")
    assert world.run().again["again"] == 10


def test_deleted_and_given_again_outside_the_condition_stays_deleted(world: World) -> None:
    world.sync("keep")
    world.firms("crm", firm("甲"), firm("乙"))
    world.run()
    world.firms("crm", firm("乙"))
    world.run()
    world.firms("crm", firm("甲", "test"), firm("乙"))
    assert world.run().inbound["filtered"] == 1
    assert ("甲有限公司", "上海", "inactive") in world.golden()
    assert world.story("甲")["sources"][0]["left_out_at"] is None


def test_deleted_while_it_was_out(world: World) -> None:
    world.firms("crm", firm("甲"), firm("乙"))
    world.run()
    world.firms("crm", firm("甲", "test"), firm("乙"))
    world.run()
    world.firms("crm", firm("乙"))
    world.run()
    (source,) = world.story("甲")["sources"]
    assert source["deleted"] and source["left_out_at"] is None


def test_who_was_never_let_in_is_only_counted(world: World) -> None:
    world.firms("crm", firm("甲", "test"))
    assert world.run().inbound["filtered"] == 1
    assert world.golden() == []
    assert world.query("select left_out_at, entity_id from hub.source_record") == [(None, None)]


def test_what_a_changed_mapping_refuses_keeps_its_golden_record_and_says_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.firms("crm", firm("甲"))
    world.run()
    world.write("mappings/crm/firm.yaml", HEAD + FIELDS.replace("name | company_name", "full_name | company_name"))
    report = world.run()
    assert report.again["quarantined"] == 1
    assert world.books() == {"read": 2, "unchanged": 1, "applied": 1}, "what it said still counts"
    assert world.golden() == [("甲有限公司", "上海", None)]
    told = world.story("甲")
    assert told["sources"][0]["quarantine"]["code"] and told["sources"][0]["speaks"] is True
    _tell(told, None, [])
    assert "what it said before still counts" in capsys.readouterr().out


STEP = st.tuples(
    st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from(["firm", "test", "gone"]), max_size=4),
    st.booleans(),
    st.sampled_from(["deactivate", "keep"]),
)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=2, max_size=4))
def test_whatever_the_way_the_end_follows_from_what_is_declared(world: World, steps: list[Any]) -> None:
    """A single source: active is who is let in, or was and is kept; the books close at every step."""
    kinds = dict.fromkeys("abcdefg", "firm")
    for changes, condition, policy in [
        ({}, False, "deactivate"),
        *steps,
        (dict.fromkeys("abcdefg", "firm"), True, "keep"),
    ]:
        kinds |= changes
        world.mapping("kind != 'test'" if condition else "")
        world.sync(policy)
        world.firms("crm", *(firm(one, kind) for one, kind in kinds.items() if kind != "gone"))
        world.run(accept_deletes=True)
        world.books()
        out = {one for one, kind in kinds.items() if kind == "test"} if condition else set()
        # Who was deleted and came back outside the condition stays deleted, so kept records are those that speak.
        spoke = {row[0] for row in world.query(
            "select source_key from hub.source_record r join hub.contribution c on c.record_id = r.id where not c.deleted"
        )}  # fmt: skip
        inside = {one for one, kind in kinds.items() if kind != "gone"} - out
        active = {name.removesuffix("有限公司") for name, _, status in world.golden() if status != "inactive"}
        assert inside <= spoke and active == spoke
        assert spoke - inside <= (out if policy == "keep" else set())


@pytest.mark.parametrize("systems", [20], indirect=True)
def test_a_target_hears_of_it_and_the_record_itself_is_left_alone(systems: Systems, site: Path) -> None:
    own = product_root() / "mappings" / "definitions" / "fxiaoke" / "account.yaml"
    file = site / "mappings" / "fxiaoke" / "account.yaml"
    file.parent.mkdir(parents=True)
    text = own.read_text(encoding="utf-8") + "only_if: address != 'out of scope'\nreplaces: true\n"
    file.write_text(text, encoding="utf-8")
    circle = ("crm_customers", "erp_customers", "erp_customers_in", "crm_customers_back")

    def settle(times: int = 1) -> None:
        for name in circle * times:
            report = run_sync(name)
            assert report.ok, report.as_json()

    settle(times=2)
    rows = systems.query(
        """select c.remote_key, e.remote_key from hub.target_state c join hub.target_state e using (entity_id)
            join golden.customer g on g.id = c.entity_id
            where c.target = 'crm_customers_back' and e.target = 'erp_customers' and g.status = 'active' order by 1"""
    )
    crm_key, erp_key = rows[0]
    address = systems.accounts()[crm_key].get("address")
    systems.edit_account(crm_key, address="out of scope")
    writes = len(systems.writes(systems.crm))
    settle()
    assert systems.customers()[erp_key]["FForbidStatus"] == "B"
    systems.edit_customer(erp_key, FName="改名之后有限公司")
    settle()
    assert [one for one in systems.writes(systems.crm)[writes:] if one["key"] == crm_key] == []
    account = systems.accounts()[crm_key]
    assert account["life_status"] == "normal" and account["name"] != "改名之后有限公司"
    systems.edit_account(crm_key, address=address)
    settle()
    assert systems.customers()[erp_key]["FForbidStatus"] == "A"
    assert systems.accounts()[crm_key]["name"] == "改名之后有限公司", "what it missed while it was out reaches it"
